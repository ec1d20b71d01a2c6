"""The statistics that SQL takes from the score counts are the library's, to eight places."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipelines.psychometrics import ScoreCounts, form_statistics, item_statistics, score_counts
from tests.conftest import Home


@pytest.fixture(scope="module")
def build(sample_home: Home):  # type: ignore[no-untyped-def]
    with duckdb.connect(str(sample_home.path / "build" / "warehouse.duckdb"), read_only=True) as db:
        yield db


def by_form(db: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], ScoreCounts]:
    """Counts of each assessment and form of the sample region."""
    rows = db.execute(
        """select counts.*, items.max_score from fct_item_score_count as counts
           inner join fct_item_statistic as items using (assessment_id, form, item)
           where comparison_group = 'all'"""
    ).df()
    return {
        (str(assessment), str(form)): score_counts(
            form=part["form"].to_numpy(str),
            raw=part["raw_score"],
            item=part["item"].to_numpy(str),
            score=part["item_score"],
            n=part["n"],
            omitted_n=part["omitted_n"],
            max_score={str(i): int(m) for i, m in zip(part["item"], part["max_score"], strict=True)},
        )
        for (assessment, form), part in rows.groupby(["assessment_id", "form"])
    }


def same(ours: pd.Series, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(ours.to_numpy(float), np.asarray(theirs, float), rtol=0, atol=1e-8)


def test_items(build: duckdb.DuckDBPyConnection) -> None:
    items = build.execute("from fct_item_statistic").df()
    counts = by_form(build)
    assert len(counts) > 60
    for (assessment, form), own in counts.items():
        found = item_statistics(own)
        part = items[(items["assessment_id"] == assessment) & (items["form"] == form)].set_index("item")
        part = part.loc[[own.items[j] for j in found.item]]
        same(part["p_correct"], found.p)
        same(part["omitted_pct"] / 100, found.omitted_share)
        assert part["classical_status"].tolist() == list(found.status)
        same(part["item_rest_correlation"], found.item_rest)
        same(part["alpha_if_deleted"], found.alpha_if_deleted)
        if own.students.n.sum() > 1:
            same(part["sd"], found.sd)


def test_forms(build: duckdb.DuckDBPyConnection) -> None:
    forms = build.execute("from fct_form_statistic").df().set_index(["assessment_id", "form"])
    for key, own in by_form(build).items():
        found, ours = form_statistics(own), forms.loc[[key]]
        assert ours["classical_status"].tolist() == list(found.status)
        same(ours["mean_score"], found.mean)
        same(ours[["p25", "p50", "p75"]].iloc[0], found.quartiles[0])
        same(ours["floor_pct"] / 100, found.floor_share)
        same(ours["ceiling_pct"] / 100, found.ceiling_share)
        if found.status[0] == "ok":
            for name in ("sd", "skewness", "alpha", "sem"):
                same(ours[name], getattr(found, name))
