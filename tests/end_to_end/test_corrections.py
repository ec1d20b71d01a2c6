"""A clerk corrects a file: the next release has the correction, and nothing stops the region."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.conftest import uroven

HEADER = "school_id,position_group,positions,filled,headcount,school_year\n"


def test_a_correction_a_wrong_year_and_a_useless_file_between_two_runs(tmp_path: Path) -> None:
    inbox, home = tmp_path / "inbox", tmp_path / "home"
    inbox.mkdir()
    staffing, marks = inbox / "кадры 2024.csv", inbox / "кадры района 2024.csv"
    staffing.write_text(HEADER + "s1,teachers,10,9,9,2024\ns2,teachers,5,5,5,2045\n", encoding="utf-8")
    marks.write_text(HEADER + "s3,teachers,7,7,7,2024\n", encoding="utf-8")
    uroven("run", "--inbox", str(inbox), "--quiet", home=home)
    staffing.write_text(HEADER + "s1,teachers,10,10,10,2024\n", encoding="utf-8")
    marks.write_text("товар,цена\nмел,10\nдоска,20\n", encoding="utf-8")
    uroven("run", "--inbox", str(inbox), "--quiet", home=home)
    with duckdb.connect(str(home / "current" / "warehouse.duckdb"), read_only=True) as db:
        rows = db.execute("select school_id, filled from fct_school_staffing order by 1").fetchall()
        assert rows == [("s1", 10.0), ("s3", 7.0)]
        sql = "select file_name || ' ' || submission_state, verdict from dq_submission order by submission_id"
        verdicts = dict(db.execute(sql).fetchall())
    assert verdicts["кадры 2024.csv superseded"] == "superseded"
    assert verdicts["кадры 2024.csv active"] == "accepted"
    assert len(list((home / "releases").iterdir())) == 2
