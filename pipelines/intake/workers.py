"""Work on files that may be hostile: in processes that have limits of time and memory and can be ended."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pipelines.parallel import end_with_parent, server
from pipelines.settings import Settings

Key = TypeVar("Key")
Result = TypeVar("Result")
#: A process is replaced after so many files: what a library does not give back is given back then.
_FILES_A_PROCESS = 200
#: A frame in the traceback that comes back from a worker as text.
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')


@dataclass(frozen=True)
class Failure:
    """Why a file could not be worked on, worded for its sender."""

    rule: str
    ru: str
    en: str


@dataclass(frozen=True)
class Done(Generic[Key, Result]):
    """The outcome of one task: a result, or what came in its way."""

    key: Key
    result: Result | None
    failure: Failure | None = None


def limit_memory(limit: int) -> None:
    """Give this process so many bytes of address space at most; more is a MemoryError or its end.

    calamine, being Rust, ends it: with one line on stderr then, whatever the environment asks for.
    """
    os.environ["RUST_BACKTRACE"] = "0"
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    ceiling = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, hard))


def _begin(limit: int) -> None:
    end_with_parent()
    limit_memory(limit)


def each(
    work: Callable[..., Result], tasks: Sequence[tuple[Key, tuple[Any, ...]]], settings: Settings
) -> Iterator[Done[Key, Result]]:
    """Run ``work(*arguments)`` for each (key, arguments), in worker processes; outcomes in the order given.

    ``work`` must be importable. A task that takes longer than ``settings.file_seconds``, wants more than
    ``settings.file_memory`` bytes, raises or kills its process is a :class:`Failure`; the others go on.
    """
    from pebble import ProcessPool  # noqa: PLC0415  costs 0.1 s, only here

    if not tasks:
        return
    with ProcessPool(
        max_workers=max(1, min(settings.workers, len(tasks))),
        max_tasks=_FILES_A_PROCESS,
        initializer=_begin,
        initargs=[settings.file_memory],
        context=server(),
    ) as pool:
        futures = [
            (key, pool.schedule(work, args=list(arguments), timeout=settings.file_seconds))
            for key, arguments in tasks
        ]
        for key, future in futures:
            try:
                yield Done(key, future.result())
            except Exception as error:
                yield Done(key, None, _failure(error, settings.file_seconds))


def _failure(error: Exception, seconds: int) -> Failure:
    from pebble import ProcessExpired  # noqa: PLC0415

    if isinstance(error, FutureTimeout):
        return Failure(
            "too_slow",
            f"Файл читается дольше {seconds} с: разделите его, очистите пустые строки",
            f"Reading takes over {seconds} s: split the file or clear its empty rows",
        )
    if isinstance(error, ProcessExpired | MemoryError):
        return Failure(
            "too_heavy",
            "Файл не удалось прочитать: не хватило памяти; сохраните таблицу в новую книгу",
            "Reading the file exhausted its memory: save the table into a new workbook",
        )
    # the error's own text may quote the file; where it arose is enough to find the fault by
    frames = _FRAME.findall(str(error.__cause__))
    where = f" in {Path(frames[-1][0]).name}:{frames[-1][1]}" if frames else ""
    return Failure(
        "reader_failed",
        "Файл не удалось прочитать из-за сбоя программы: сообщите администратору и пришлите книгу заново",
        f"The reader failed ({type(error).__name__}{where}): this is a fault of the program",
    )
