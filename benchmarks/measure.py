"""A measure: a ratio against the bare work of the same run, and its limit."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Measure:
    name: str
    ratio: float
    limit: float
    better: Literal["lower", "higher"] = "lower"
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return self.ratio <= self.limit if self.better == "lower" else self.ratio >= self.limit

    def as_row(self) -> dict[str, Any]:
        common = {
            "name": self.name,
            "ratio": round(self.ratio, 3),
            "limit": self.limit,
            "better": self.better,
        }
        return common | self.raw


def in_turn(
    ours: Callable[[], Any], bare: Callable[[], Any], rounds: int = 7
) -> tuple[list[float], list[float]]:
    """Times of both in alternation, after one uncounted round of each: drift of the machine hits both."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for which, work in enumerate((ours, bare)):
            gc.collect()
            began = time.perf_counter()
            work()
            if number:
                times[which].append(time.perf_counter() - began)
    return times


def against(
    name: str, ours: Callable[[], Any], bare: Callable[[], Any], limit: float, rounds: int = 7
) -> Measure:
    """The median of the ratios pair by pair."""
    a, b = in_turn(ours, bare, rounds)
    ratio = statistics.median(x / y for x, y in zip(a, b, strict=True))
    raw = {"ours_s": statistics.median(a), "bare_s": statistics.median(b), "rounds": rounds}
    return Measure(name, ratio, limit, raw=raw)
