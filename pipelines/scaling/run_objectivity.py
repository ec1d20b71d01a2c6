"""The objectivity step: signs that a school's results call for further analysis. They prove nothing.

The three official signs (an inflated mean, marks of the school against the work, a sharp change from one
grade to the next), and three local ones: peaks at mark boundaries, marks above the journal's, a small spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.parallel import each
from pipelines.psychometrics import (
    boundary_peak,
    clustered_mean,
    inflated_mean,
    journal_shares,
    mark_score_agreement,
    pooled_sd,
    raised_against_journal,
    sharp_change,
    small_spread,
)
from pipelines.scaling import warehouse as w
from pipelines.scaling.tables import table_of, write_table

OFFICIAL, LOCAL = "official", "local"
LEAST_N = 10
#: A fifth percentile within tenths of the mean needs twenty schools a tenth.
LEAST_SCHOOLS = 200
#: Assessments of the official signs: an inflated mean; marks against scores and sharp change (ВПР only).
INFLATED = {("ВПР", s, g) for s in ("Русский язык", "Математика") for g in (4, 5)} | {
    ("ОГЭ", s, 9) for s in ("Русский язык", "Математика")
}
AGREEMENT = {key for key in INFLATED if key[0] == "ВПР"}
CHANGE_SUBJECTS = ("Русский язык", "Математика")


def run(warehouse: Path, scales: Path, workers: int = 1) -> dict[str, int]:
    """Write the table of signs, for every school with results by student; returns its number of rows.

    Many rows are shared by the ``workers``.
    """
    with w.reading(warehouse) as db:
        facts = w.assessments(db)
        tasks = [partial(_of_batch, warehouse, facts, batch) for batch in w.batches(db, workers)]
    found: list[pa.Table] = []
    schools: dict[str, pd.DataFrame] = {}
    for signs, own in each(tasks, workers):
        found += signs
        schools |= own
    found += [table_of("objectivity", sign) for sign in _changes(facts, schools)]
    return {"objectivity": write_table(scales, "objectivity", found)}


def _of_batch(
    warehouse: Path, facts: Mapping[str, Mapping[str, Any]], batch: dict[str, Any]
) -> tuple[list[pa.Table], dict[str, pd.DataFrame]]:
    """Signs of some assessments, and the results of their schools."""
    with w.reading(warehouse) as db:
        results = w.by_assessment(w.frame(db, w.SCHOOL_RESULTS, batch))
        journal = w.by_assessment(w.frame(db, w.JOURNAL_MARKS, batch))
    found: list[pa.Table] = []
    schools: dict[str, pd.DataFrame] = {}
    for assessment, part in results.items():
        own = schools[assessment] = _schools(part)
        signs = [_inflated(facts[assessment], own), _spread(own), *_peaks(facts[assessment], part)]
        if assessment in journal:
            signs += _journal_signs(facts[assessment], journal[assessment])
        found += [table_of("objectivity", s.assign(assessment_id=assessment)) for s in signs if len(s)]
    return found, schools


def _key(facts: Mapping[str, Any]) -> tuple[str, str, int]:
    return str(facts["kind"]), str(facts["subject"]), int(facts["grade"])


def _schools(part: pd.DataFrame) -> pd.DataFrame:
    """n, mean and variance of the results of each school, by school_id."""
    value = part.assign(first=part["n"] * part["score"], second=part["n"] * part["score"] ** 2)
    sums = value.groupby("school_id")[["n", "first", "second"]].sum()
    mean = sums["first"] / sums["n"]
    several = sums["n"].where(sums["n"] > 1)
    variance = ((sums["second"] - sums["n"] * mean**2) / (several - 1)).clip(lower=0)
    return pd.DataFrame({"n": sums["n"].astype(int), "mean": mean, "variance": variance})


def _rows(
    sign: str,
    ids: Any,
    n: Any,
    statistic: Any,
    threshold: Any,
    flagged: Any,
    status: Any,
    *,
    official: bool,
    basis: str = LOCAL,
) -> pd.DataFrame:
    """One row a school. `basis`: official where the sign is the federal method's; `official`: and the work is
    one of its.
    """
    return pd.DataFrame(
        {
            "school_id": np.asarray(ids, str),
            "sign": sign,
            "n": np.asarray(n, np.int64),
            "statistic": np.asarray(statistic, float),
            "threshold": np.asarray(threshold, float),
            "flagged": np.asarray(flagged, bool),
            "status": np.asarray(status, str),
            "basis": basis,
            "is_official": official,
        }
    )


def _inflated(facts: Mapping[str, Any], schools: pd.DataFrame) -> pd.DataFrame:
    """(a) The school's interval lies above the region's; the spread within schools is pooled."""
    try:
        within = pooled_sd(schools["n"], schools["variance"].fillna(0))
        mean, se = clustered_mean(schools["n"], schools["mean"])
    except ValueError:
        return pd.DataFrame()
    own = np.where(schools["n"] > 1, within / np.sqrt(schools["n"]), np.nan)
    found = inflated_mean(schools["mean"], own, mean, se)
    return _rows(
        "inflated_mean", schools.index, schools["n"], found.statistic, found.threshold, found.flagged,
        found.status, official=_key(facts) in INFLATED, basis=OFFICIAL,
    )  # fmt: skip


def _spread(schools: pd.DataFrame) -> pd.DataFrame:
    found = small_spread(schools["n"], schools["mean"], np.sqrt(schools["variance"]))
    enough = bool((schools["n"] >= LEAST_N).sum() >= LEAST_SCHOOLS)
    status = found.status if enough else ["too_few_schools"] * len(schools)
    threshold = found.threshold if enough else np.full(len(schools), np.nan)
    columns = found.statistic, threshold, found.flagged & enough, status
    return _rows("small_spread", schools.index, schools["n"], *columns, official=False)


def _peaks(facts: Mapping[str, Any], part: pd.DataFrame) -> list[pd.DataFrame]:
    """Peaks at the lowest score of marks 3, 4 and 5, for works whose results are whole totals."""
    if facts["result_basis"] != "total" or (part["score"] % 1 != 0).any():
        return []
    table = part.pivot_table(index="school_id", columns="score", values="n", fill_value=0, aggfunc="sum")
    top = int(max(part["score"].max(), facts["max_score"] if pd.notna(facts["max_score"]) else 0))
    counts = table.reindex(columns=np.arange(top + 1, dtype=float), fill_value=0)
    out = []
    for mark in (3, 4, 5):
        boundary = facts[f"mark_{mark}_from"]
        if pd.isna(boundary) or not 0 < int(boundary) <= top:
            continue
        found = boundary_peak(counts.to_numpy(), int(boundary))
        n = counts.sum(axis=1)
        limit = np.where(np.isfinite(found.z), 3.0, np.nan)
        out.append(
            _rows(f"peak_at_mark_{mark}", counts.index, n, found.z, limit, found.flagged, found.status,
                  official=False)
        )  # fmt: skip
    return out


def _journal_signs(facts: Mapping[str, Any], part: pd.DataFrame) -> list[pd.DataFrame]:
    """(b) Marks of the school against the work's total; and the share of marks above the journal's."""
    out = []
    scored = part[part["total"].notna()]
    if len(scored):
        ids, code = np.unique(scored["school_id"], return_inverse=True)
        times = scored["n"].to_numpy(int)
        marks, totals = (np.repeat(scored[c].to_numpy(float), times) for c in ("journal_mark", "total"))
        found = mark_score_agreement(np.repeat(code, times), marks, totals)
        out.append(
            _rows("marks_against_scores", ids, np.bincount(code, times), found.statistic, found.threshold,
                  found.flagged, found.status, official=_key(facts) in AGREEMENT, basis=OFFICIAL)
        )  # fmt: skip
    marked = part[part["mark"].notna()]
    if len(marked):
        ids, code = np.unique(marked["school_id"], return_inverse=True)
        shares = journal_shares(code, marked["journal_mark"], marked["mark"], marked["n"])
        found = raised_against_journal(shares.n, np.round(np.nan_to_num(shares.rose) * shares.n))
        out.append(
            _rows("raised_against_journal", ids, shares.n, found.statistic, found.threshold, found.flagged,
                  found.status, official=False)
        )  # fmt: skip
    return out


def _changes(facts: Mapping[str, Mapping[str, Any]], schools: dict[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """(c) % of the maximum in grade N against grade N + 1 a year later, for the works of one kind."""
    at = {
        (f["kind"], f["subject"], int(f["grade"]), int(f["school_year"]), f["testing_window"]): a
        for a, f in facts.items()
        if a in schools and f["max_score"] > 0
    }
    out = []
    for (kind, subject, grade, year, window), after in sorted(at.items()):
        before = at.get((kind, subject, grade - 1, year - 1, window))
        if kind != "ВПР" or before is None:
            continue
        both = schools[before].join(schools[after], how="inner", lsuffix="_before", rsuffix="_after")
        percents = [
            100 * both[f"mean_{side}"] / facts[a]["max_score"]
            for side, a in (("before", before), ("after", after))
        ]
        found = sharp_change(*percents)
        n = both[["n_before", "n_after"]].min(axis=1)
        official = subject in CHANGE_SUBJECTS
        for sign, limit, flagged in (
            ("sharp_fall", found.high_fence, found.fell),
            ("sharp_rise", found.low_fence, found.rose),
        ):
            made = _rows(sign, both.index, n, found.k, np.full(len(both), limit), flagged, found.status,
                         official=official, basis=OFFICIAL)  # fmt: skip
            out.append(made.assign(assessment_id=after))
    return out
