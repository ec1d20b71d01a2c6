"""Outcomes of the state exams of the sample region against what its generator knows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipelines.synthetic import write_region
from tests.conftest import Home

#: Minima of the exams whose truth is a score.
MINIMA = {"Русский язык": 24, "Математика профильная": 27}
#: Rows of the 2022 protocols that the generator spoilt: one is rejected, one names an unknown school.
SPOILT = {(11, 2022): 2}


def _failed(row: pd.Series) -> bool:
    if row["kind"] == "ЕГЭ" and row["subject"] in MINIMA:
        return bool(row["final_score"] < MINIMA[row["subject"]])
    return bool(row["final_mark"] == 2)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """School, year and level: who took exams, who passed, by the results as generated."""
    folder = tmp_path_factory.mktemp("region")
    write_region(folder / "inbox", truth=folder / "truth")
    return _known(folder / "truth" / "exam_finals.parquet")


def _known(path: Path) -> pd.DataFrame:
    finals = pd.read_parquet(path).query("final_total >= 0")
    finals["level"] = finals["kind"].map({"ОГЭ": 9, "ЕГЭ": 11})
    finals["is_russian"] = finals["subject"] == "Русский язык"
    # in 2021 mathematics was not needed for a certificate after grade 11
    counts = (finals["level"] == 9) | finals["is_russian"] | (finals["school_year"] != 2021)
    finals = finals[counts]
    finals["failed"] = finals.apply(_failed, axis=1)
    students = finals.groupby(["school_id", "school_year", "level", "student"], as_index=False).agg(
        failed=("failed", "any"), russian=("is_russian", "any"), results=("subject", "count")
    )
    needed = (students["level"] == 11) & (students["school_year"] != 2021)
    complete = ~needed | (students["russian"] & (students["results"] == 2))
    students["passed"] = ~students["failed"] & complete
    grouped = students.groupby(["school_id", "school_year", "level"])
    return grouped.agg(took_n=("student", "count"), passed_n=("passed", "sum"), below_min_n=("failed", "sum"))


def test_outcomes_are_the_known_ones(sample_home: Home, known: pd.DataFrame) -> None:
    """On the build database: the release hides what is known of few students."""
    with duckdb.connect(str(sample_home.path / "build" / "warehouse.duckdb"), read_only=True) as db:
        found = db.execute(
            "select school_id, school_year, cast(level as integer) as level, took_n, passed_n, below_min_n "
            "from fct_exam_outcome where level <> 'all'"
        ).df()
    both = known.join(found.set_index(["school_id", "school_year", "level"]), rsuffix="_found", how="left")
    for column in ("took_n", "passed_n", "below_min_n"):
        off = (both[column] - both[f"{column}_found"]).abs().groupby(["level", "school_year"]).sum()
        for key, differing in off.items():
            assert differing <= SPOILT.get(key, 0), (column, key)  # type: ignore[call-overload]
    assert both["took_n_found"].notna().all()
