"""Release control of many rows, assessments at a time, in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import pandas as pd

from pipelines.parallel import beside, each
from pipelines.release import quartiles
from pipelines.release.hierarchy import Known, Limits, findings, suppress
from pipelines.release.suppression import Ints

#: Rows of a share: a few assessments, or one of many units. Rounds go on for a whole share until its last
#: component is safe, so that small ones cost less together than a large one.
ROWS = 5_000
#: Below this many rows a second process costs more than it saves.
LARGE = 10_000


class Shares:
    """Rows divided by their assessments, which have no sum in common.

    What is hidden and found is the same whatever the shares are. Each keeps what is known of it.
    """

    def __init__(self, rows: pd.DataFrame, workers: int = 1) -> None:
        """``workers``: processes that many rows may be given to."""
        self.rows = rows
        self.workers = workers if len(rows) > LARGE else 1
        code, _ = pd.factorize(rows["assessment_id"])
        size = np.bincount(code)
        share_of, filled = np.zeros(len(size), np.int64), [0]
        for assessment in np.argsort(-size, kind="stable"):  # the largest first
            if filled[-1] and filled[-1] + size[assessment] > ROWS:
                filled.append(0)
            share_of[assessment] = len(filled) - 1
            filled[-1] += size[assessment]
        self._places: list[Ints] = [np.flatnonzero(share_of[code] == i) for i in range(len(filled))]
        self._known: list[Known | None] = [None for _ in self._places]
        self._begun: Callable[[], list[tuple[pd.DataFrame, Known]]] | None = None

    @contextmanager
    def begun(self, limits: Limits) -> Iterator[None]:
        """Within the block :meth:`suppress` by these limits goes on; what is not waited for ends with it."""
        try:
            with beside(self._tasks(limits), self.workers) as self._begun:
                yield
        finally:
            self._begun = None

    def _tasks(self, limits: Limits) -> list[Callable[[], tuple[pd.DataFrame, Known]]]:
        return [partial(_suppress, self.rows.iloc[places], limits) for places in self._places]

    def suppress(self, limits: Limits) -> pd.DataFrame:
        """:func:`suppress` and the status of ``quartiles``, share by share."""
        found = self._begun() if self._begun else each(self._tasks(limits), self.workers)
        statuses, self._known = map(list, zip(*found, strict=True))
        back = np.argsort(np.concatenate(self._places), kind="stable")
        return pd.concat(statuses, ignore_index=True).iloc[back].reset_index(drop=True)

    def findings(self, status: pd.DataFrame, limits: Limits) -> pd.DataFrame:
        """:func:`findings`, share by share."""
        tasks = [
            partial(findings, self.rows.iloc[places], status.iloc[places], limits, known)
            for places, known in zip(self._places, self._known, strict=True)
        ]
        return pd.concat(each(tasks, self.workers), ignore_index=True)

    def attacks(
        self, status: pd.DataFrame, told: pd.DataFrame, limits: Limits
    ) -> Sequence[Callable[[], pd.DataFrame]]:
        """Tasks that find what is recovered, by sums and quartiles, where this is hidden and those told."""
        return [
            partial(_attack, self.rows.iloc[places], status.iloc[places], told.iloc[places], limits, known)
            for places, known in zip(self._places, self._known, strict=True)
        ]


def _suppress(rows: pd.DataFrame, limits: Limits) -> tuple[pd.DataFrame, Known]:
    """What the attack found out comes back with the result."""
    known = Known.of(rows)
    status = suppress(rows, limits, known)
    for memo in known.memos.values():
        memo.forget()
    return status.assign(quartiles=quartiles.status(rows, status["row"], limits, known.sums)), known


def _attack(
    rows: pd.DataFrame, status: pd.DataFrame, told: pd.DataFrame, limits: Limits, known: Known | None
) -> pd.DataFrame:
    known = known or Known.of(rows)
    by_sums = findings(rows, status, limits, known)
    by_quartiles = quartiles.recovered(rows, told, limits, known.sums).assign(layer="quartiles")
    return pd.concat([by_sums, by_quartiles], ignore_index=True)
