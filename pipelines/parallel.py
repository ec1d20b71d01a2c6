"""Independent tasks, in processes of their own where there are to be several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")


def each(tasks: Sequence[Callable[[], T]], workers: int) -> list[T]:
    """The tasks' results in their order; raises what the first task that failed raised.

    With one worker they run in this process. Else tasks and results are pickled.
    """
    if workers == 1 or len(tasks) == 1:
        return [task() for task in tasks]
    from pebble import ProcessPool  # noqa: PLC0415  costs 0.1 s, only here

    with ProcessPool(min(workers, len(tasks)), context=get_context("forkserver")) as pool:
        futures = [pool.schedule(task) for task in tasks]
        return [future.result() for future in futures]


@contextmanager
def beside(task: Callable[[], T], workers: int) -> Iterator[Callable[[], T]]:
    """Run a task in a process of its own while this one goes on; what is given waits for its result.

    It raises what the task raised. With one worker the task runs here and at once; whoever leaves the block
    with an error ends it.
    """
    if workers == 1:
        result = task()
        yield lambda: result
        return
    from pebble import ProcessPool  # noqa: PLC0415

    with ProcessPool(1, context=get_context("forkserver")) as pool:
        future = pool.schedule(task)
        try:
            yield future.result
        except BaseException:
            pool.stop()
            raise
