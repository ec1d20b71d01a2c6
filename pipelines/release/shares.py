"""Release control of many rows in several processes: by shares of the assessments."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from pipelines.parallel import each
from pipelines.release import attack, quartiles
from pipelines.release.hierarchy import Limits, Memos, findings, suppress


class Shares:
    """Rows divided by their assessments, which have no sum in common, so that processes may share the work.

    What is hidden and found is the same however many shares there are. Each keeps the attack's memos.
    """

    def __init__(self, rows: pd.DataFrame, most: int = 1) -> None:
        """Of more than ``LARGE`` rows up to ``most`` shares of about the same size."""
        self.rows = rows
        code, _ = pd.factorize(rows["assessment_id"])
        size = np.bincount(code)
        number = max(1, min(most, len(rows) // LARGE, len(size)))
        share_of, filled = np.zeros(len(size), np.int64), np.zeros(number)
        for assessment in np.argsort(-size, kind="stable"):
            share_of[assessment] = np.argmin(filled)
            filled[share_of[assessment]] += size[assessment]
        self._places = [np.flatnonzero(share_of[code] == i) for i in range(number)]
        self._memos = [Memos(attack.Memo) for _ in self._places]

    def __len__(self) -> int:
        return len(self._places)

    def suppress(self, limits: Limits) -> pd.DataFrame:
        """:func:`suppress` and the status of ``quartiles``, each share in a process of its own."""
        if len(self) == 1:
            status, self._memos[0] = _suppress_share(self.rows, limits)
            return status
        tasks = [partial(_suppress_share, self.rows.iloc[places], limits) for places in self._places]
        statuses, self._memos = map(list, zip(*each(tasks, len(tasks)), strict=True))
        back = np.argsort(np.concatenate(self._places), kind="stable")
        return pd.concat(statuses, ignore_index=True).iloc[back].reset_index(drop=True)

    def findings(self, status: pd.DataFrame, limits: Limits) -> pd.DataFrame:
        """:func:`findings`, share by share."""
        found = [
            findings(self.rows.iloc[places], status.iloc[places], limits, memos)
            for places, memos in zip(self._places, self._memos, strict=True)
        ]
        return pd.concat(found, ignore_index=True)

    def recovered(self, status: pd.DataFrame, told: pd.DataFrame, limits: Limits) -> pd.DataFrame:
        """What the attack finds, by sums and by quartiles, where this is hidden and these quartiles told."""
        by_quartiles = quartiles.recovered(self.rows, told, limits)
        return pd.concat(
            [self.findings(status, limits), by_quartiles.assign(layer="quartiles")], ignore_index=True
        )


#: Below this many rows a second process costs more than it saves.
LARGE = 10_000


def _suppress_share(rows: pd.DataFrame, limits: Limits) -> tuple[pd.DataFrame, Memos]:
    """A process's task; what it found out comes back with the result."""
    memos = Memos(attack.Memo)
    status = suppress(rows, limits, memos)
    return status.assign(quartiles=quartiles.status(rows, status["row"], limits)), memos
