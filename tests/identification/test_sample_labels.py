"""The labels of the sample region against the rule worked out anew on what its generator knows."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipelines.synthetic.write import write_region
from tests.conftest import Home

#: The smallest passing test score; other exams fail by the mark 2 (ОГЭ mathematics also for its geometry).
MINIMA = {"ЕГЭ-Русский язык": 24, "ЕГЭ-Математика профильная": 27}
BY_MARK = ["ОГЭ-Русский язык", "ОГЭ-Математика", "ЕГЭ-Математика базовая"]
MONITORING = {("Русский язык", 5), ("Русский язык", 6), ("Математика", 5), ("Математика", 6)}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("region")
    write_region(folder / "inbox", truth=folder / "truth")
    return folder / "truth"


def low_works(truth: Path) -> dict[tuple[str, int], set[str]]:
    """By school and year the works of the rule with 30 % or more below the minimum among at least ten."""
    counts: dict[tuple[str, int, str], tuple[int, int]] = {}
    works = pd.read_parquet(truth / "school_assessments.parquet")
    for r in works[works["kind"] == "ВПР"].itertuples():
        if (r.subject, r.grade) in MONITORING:
            counts[r.school_id, r.school_year, f"{r.subject}-{r.grade}"] = (r.tested_n, r.below_min_n)
    finals = pd.read_parquet(truth / "exam_finals.parquet")
    finals["work"] = finals["kind"] + "-" + finals["subject"]
    finals = finals[(finals["final_total"] >= 0) & finals["work"].isin([*MINIMA, *BY_MARK])]
    by_mark = finals["work"].isin(BY_MARK) & (finals["final_mark"] == 2)
    below = by_mark | (finals["final_score"] < finals["work"].map(MINIMA))
    for key, rows in below.groupby([finals["school_id"], finals["school_year"], finals["work"]]):
        counts[key] = (len(rows), int(rows.sum()))
    found = defaultdict(set)
    for (school, year, work), (n, below_n) in counts.items():
        if n >= 10 and 100 * below_n >= 30 * n:
            found[school, year].add(work)
    return found


def test_labels_are_those_of_the_truth(sample_home: Home, truth: Path) -> None:
    low = low_works(truth)
    expected = {
        (school, year)
        for school, year in low
        if len(low[school, year]) >= 2 or low[school, year] & low.get((school, year - 1), set())
    }
    with duckdb.connect(str(sample_home.path / "build" / "warehouse.duckdb"), read_only=True) as db:
        rows = db.execute(
            """select school_id, school_year from fct_school_identification
            where rule_id = 'ru_30x2' and is_met"""
        ).fetchall()
    assert set(rows) == expected
    assert len(expected) >= 10


def test_planted_schools_are_found(sample_home: Home, truth: Path) -> None:
    """A school planted low in a year, with enough students, is found or nearly so; others only by chance."""
    planted = pd.read_parquet(truth / "school_years.parquet")
    sizes = pd.read_parquet(truth / "schools.parquet")[["school_id", "size", "kind", "is_improving"]]
    with duckdb.connect(str(sample_home.path / "build" / "warehouse.duckdb"), read_only=True) as db:
        labels = db.execute(
            "select school_id, school_year, status, probability from fct_school_identification "
            "where rule_id = 'ru_30x2'"
        ).df()
    frame = labels.merge(planted).merge(sizes)
    frame = frame[(frame["kind"] == "ordinary") & ~frame["is_improving"] & (frame["size"] >= 10)]
    low = frame["planted_low"] != ""
    assert frame.loc[low, "status"].isin(["point", "confirmed", "near"]).all()
    assert frame.loc[low, "probability"].mean() > 0.5
    assert frame.loc[~low, "status"].isin(["point", "confirmed"]).mean() <= 0.05


def test_labels_rest_on_unsuppressed_facts(sample_home: Home) -> None:
    """The release hides the shares of small schools; their labels were made before that, and stay."""
    with duckdb.connect(str(sample_home.path / "build" / "warehouse.duckdb"), read_only=True) as db:
        db.execute(f"attach '{sample_home.warehouse}' as released (read_only)")
        rows = db.execute(
            """select labels.status, shown.status
            from fct_school_identification as labels
            inner join released.fct_school_identification as shown using (school_id, rule_id, school_year)
            where exists (
                select 1 from fct_school_identification_trace as trace
                inner join released.fct_assessment_aggregate as aggregate
                    on trace.school_id = aggregate.unit_id and trace.assessment_id = aggregate.assessment_id
                where
                    aggregate.unit_type = 'school' and aggregate.subgroup = 'all'
                    and aggregate.below_min_n is null and trace.numerator is not null and trace.met
                    and trace.school_id = labels.school_id and trace.rule_id = labels.rule_id
                    and trace.school_year = labels.school_year
            )"""
        ).fetchall()
    assert len(rows) > 20
    assert {made == shown for made, shown in rows} == {True}
    assert "point" in {made for made, _ in rows}
