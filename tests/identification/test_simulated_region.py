"""Many schools with known true shares: who is found, beside what sampling allows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipelines.programme.rule_probability import Event, Requirement, rule_probability

from .region import Region, build_labels, series

SIZES = (10, 15, 25, 50, 100)
#: True shares below the minimum, per cent: the same in all of a school's assessments.
SHARES = (5, 15, 25, 35, 45, 60)
COPIES = 10
WORKS = ("R5", "R6", "M5", "M6", "RO", "MO")
RU_30X2 = [Requirement("two", "any", 2, 1, 1, 1), Requirement("same", "assessment", 1, 1, 2, 2)]


def _allowed(n: int, share: int) -> float:
    """The probability that a school of n students with the true share is caught: binomial counts."""
    least = -(-30 * n // 100)
    low = np.array([stats.binom.sf(least - 1, n, share / 100)])
    events = [
        Event(name[0], name, year, low, frozenset({1} if year else {0, 1}))
        for name in WORKS
        for year in (0, 1)
    ]
    return float(rule_probability(events, RU_30X2)[0])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pd.DataFrame]:
    """One row a school: n, true share, status, probability."""
    rng = np.random.default_rng(30)
    region = Region()
    truth = []
    for i in range(COPIES):
        for n in SIZES:
            for share in SHARES:
                code = str(200_000 + len(truth))
                truth.append((code, n, share, i))
                counts = rng.binomial(n, share / 100, (2, len(WORKS)))
                years = {
                    2022 + y: {w: (n, int(k)) for w, k in zip(WORKS, counts[y], strict=True)} for y in (0, 1)
                }
                region.school(code, years)
    database: Path = build_labels(region, tmp_path_factory.mktemp("simulated"))
    with duckdb.connect(str(database), read_only=True) as db:
        labels = db.execute(
            """select school_id, status, is_met, probability, n_conditions from fct_school_identification
            where rule_id = 'ru_30x2' and school_year = 2023"""
        ).df()
        priors = db.execute("from int_identification_prior").df()
    assert priors["is_fitted"].all()
    assert series("R5") + "-2023" in set(priors["assessment_id"])
    frame = pd.DataFrame(truth, columns=["school_id", "n", "share", "copy"]).merge(labels, on="school_id")
    assert len(frame) == len(truth)
    yield frame


def test_large_schools_are_told_apart(found: pd.DataFrame) -> None:
    large = found[found["n"] >= 50]
    assert large.loc[large["share"] >= 45, "is_met"].mean() >= 0.95
    assert large.loc[large["share"] <= 15, "is_met"].mean() <= 0.05


def test_confirmed_is_not_given_by_chance(found: pd.DataFrame) -> None:
    low = found[found["share"] <= 15]
    assert (low["status"] == "confirmed").mean() <= 0.05


def test_every_size_finds_what_sampling_allows(found: pd.DataFrame) -> None:
    table = found.groupby(["n", "share"], as_index=False).agg(
        schools=("is_met", "size"), caught=("is_met", "mean"), probability=("probability", "mean")
    )
    table["allowed"] = [_allowed(n, s) for n, s in zip(table["n"], table["share"], strict=True)]
    print(table.round(3).to_string(index=False))
    # within three standard errors
    error = np.sqrt(table["allowed"] * (1 - table["allowed"]) / table["schools"])
    assert (abs(table["caught"] - table["allowed"]) <= 3 * error + 1e-3).all()
