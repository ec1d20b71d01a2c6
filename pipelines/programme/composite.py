"""A school's result of a year over several assessments, in student standard deviations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

#: The label of the result over all subjects.
ALL = "all"
_LIMIT = float(norm.ppf(0.975))


@dataclass(frozen=True)
class OutcomeSet:
    """Which assessments a year's result is made of: columns kind, subject, preference (1 is preferred)."""

    table: pd.DataFrame

    def chosen(self, results: pd.DataFrame) -> pd.DataFrame:
        """The results of the set; of each year those of the best preference that the year has."""
        held = results.merge(self.table[["kind", "subject", "preference"]], on=["kind", "subject"])
        best = held.groupby("school_year")["preference"].transform("min")
        return held[held["preference"] == best]


def yearly_results(results: pd.DataFrame, outcomes: OutcomeSet) -> pd.DataFrame:
    """One row per school, school year and subject, and one over subjects (`all`).

    `results`: one row per school and assessment with school_id, school_year, kind, subject, grade, z (mean of
    the school less the region's, in student sds), residual_z (the same less what context makes expect) and
    residual_z_se, the last two NaN where there is no context model.

    Assessments count equally. Results of one kind and grade come from the same students: their errors are
    taken as fully correlated, which can only widen the interval; other grades are other students.
    chance_share: the probability that a school which is exactly as expected would be both above the region's
    mean and above its expectation by the 95 % interval.
    """
    held = outcomes.chosen(results)
    both = pd.concat([held, held.assign(subject=ALL)], ignore_index=True)
    keys = ["school_id", "school_year", "subject"]
    everything = both.groupby(keys).agg(
        results_n=("z", "size"), z_score=("z", "mean"), preference=("preference", "min")
    )
    modelled = both[both["residual_z_se"].notna()]
    center = modelled.groupby(keys).agg(
        modelled_n=("z", "size"), modelled_z=("z", "mean"), residual_z=("residual_z", "mean")
    )
    errors = modelled.groupby([*keys, "kind", "grade"])["residual_z_se"].sum().pow(2).groupby(keys).sum()
    center["residual_z_se"] = np.sqrt(errors) / center["modelled_n"]
    out = everything.join(center).reset_index()
    out["modelled_n"] = out["modelled_n"].fillna(0)
    expected = out["modelled_z"] - out["residual_z"]
    half = _LIMIT * out["residual_z_se"]
    needed = np.maximum(half, -expected) / out["residual_z_se"]
    return out.assign(
        ci_low=out["residual_z"] - half,
        ci_high=out["residual_z"] + half,
        chance_share=norm.sf(needed),
    )
