"""The collector of cycles, where it only costs time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collector() -> Iterator[None]:
    """Without the cycle collector, which would walk over a million cells again and again and find nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def loading() -> Iterator[None]:
    """Without it while modules and the like are loaded; they stay, so that later it passes over them, too."""
    with no_collector():
        yield
        gc.freeze()


@contextmanager
def seldom() -> Iterator[None]:
    """With a look for cycles after thirty times as many objects as usual: a run makes few cycles of many."""
    before = gc.get_threshold()
    gc.set_threshold(20_000, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)
