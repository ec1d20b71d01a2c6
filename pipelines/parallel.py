"""Independent tasks, in processes of their own where there are to be several."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from multiprocessing import forkserver, get_context, parent_process
from typing import Any, TypeVar

T = TypeVar("T")


def each(tasks: Sequence[Callable[[], T]], workers: int) -> list[T]:
    """The tasks' results in their order; raises what the first task that failed raised.

    With one worker they run in this process. Else tasks and results are pickled.
    """
    with beside(tasks, workers if len(tasks) > 1 else 1) as results:
        return results()


@contextmanager
def beside(tasks: Sequence[Callable[[], T]], workers: int) -> Iterator[Callable[[], list[T]]]:
    """As :func:`each`, while this process goes on: what is given waits for the results.

    With one worker the tasks run here, when their results are asked for. Whoever leaves the block without
    them ends the tasks.
    """
    if workers == 1 or not tasks:
        yield lambda: [task() for task in tasks]
        return
    from pebble import ProcessPool  # noqa: PLC0415  costs 0.1 s, only here

    processes = min(workers, len(tasks))
    with ProcessPool(processes, initializer=end_with_parent, context=server()) as pool:
        futures = [pool.schedule(task) for task in tasks]
        try:
            yield lambda: [future.result() for future in futures]
        finally:
            if not all(future.done() for future in futures):
                pool.stop()


@contextmanager
def kept(prepare: Callable[[], object]) -> Iterator[Callable[[Callable[[], T]], Callable[[], T]]]:
    """A process for tasks that are still to come, which does ``prepare`` at once.

    What is given begins a task there, and returns what waits for its result. The process ends with the block.
    """
    from pebble import ProcessPool  # noqa: PLC0415

    with ProcessPool(1, initializer=end_with_parent, context=server()) as pool:
        # the server may still be importing: that is not waited for here
        starting = threading.Thread(target=pool.schedule, args=(prepare,), name="start a kept process")
        starting.start()
        try:
            yield lambda task: pool.schedule(task).result
        finally:
            starting.join()
            pool.stop()


@cache
def server() -> Any:
    """How processes are started: forked off a small server that has imported what they need.

    It holds nothing else, and is started by the first of them.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["__main__", "pipelines.warm"])
    return context


def start_server() -> None:
    """Let the server import while this process goes on with imports of its own."""
    server()
    forkserver.ensure_running()


def end_with_parent() -> None:
    """Let this process end with the one that it works for: the next run may write where this one does."""
    parent = parent_process()

    def watch() -> None:
        if parent:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()
