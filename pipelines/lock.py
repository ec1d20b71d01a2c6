"""One run at a time over a home, whoever starts it: a lock that the kernel frees when its holder ends."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = ".lock"
#: How often a waiting process looks again, seconds.
_PAUSE = 0.5

#: Path -> the open file and how many blocks of this process are inside.
_held: dict[Path, tuple[int, int]] = {}
_guard = threading.RLock()


class HomeBusyError(RuntimeError):
    """Another process works on the home."""


def holder(home: Path) -> str:
    """Who holds the lock, for people."""
    try:
        note = json.loads((home / NAME).read_text())
        return f"процесс {note['pid']}, с {note['since']} UTC"
    except (OSError, ValueError, KeyError):
        return "другой процесс"


@contextmanager
def home_lock(home: Path, seconds: float, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the home for the block; wait at most ``seconds`` for another process to leave it.

    Within a process the lock may be taken again. A holder that died holds nothing: there is no stale lock.
    Raises HomeBusyError, in Russian, when the wait is over.
    """
    path = home.resolve() / NAME
    with _guard:
        handle, inside = _held[path] if path in _held else (_take(path, seconds, on_wait), 0)
        _held[path] = (handle, inside + 1)
    try:
        yield
    finally:
        with _guard:
            handle, inside = _held[path]
            if inside > 1:
                _held[path] = (handle, inside - 1)
            else:
                del _held[path]
                os.close(handle)


def _take(path: Path, seconds: float, on_wait: Callable[[str], None] | None) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until, told = time.monotonic() + seconds, False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            who = holder(path.parent)
            if time.monotonic() >= until:
                os.close(handle)
                raise HomeBusyError(
                    f"В {path.parent} уже идёт другой прогон ({who}). Повторите, когда он закончится."
                ) from None
            if on_wait and not told:
                on_wait(f"В {path.parent} уже идёт другой прогон ({who}): ждём, пока он закончится")
                told = True
            time.sleep(_PAUSE)
    since = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps({"pid": os.getpid(), "since": since}).encode(), 0)
    return handle
