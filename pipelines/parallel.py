"""Independent tasks, in processes of their own where there are to be several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
