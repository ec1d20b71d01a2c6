"""A clerk corrects a file: the next release has the correction, and nothing stops the region."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

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
    first, second = sorted(p.name for p in (home / "releases").iterdir())
    _names_the_correction_alone(home, first, second)
    _a_loss_is_not_released(home, inbox, staffing)
    _verify_names_damage(home)


def _names_the_correction_alone(home: Path, first: str, second: str) -> None:
    """Numbers of the corrected school and of totals over it changed, each once, by the corrected file."""
    table = home / "diff.csv"
    uroven("diff", first, second, "-o", str(table), home=home)
    changed = pd.read_csv(table)
    assert set(changed["cause"]) == {"кадры 2024.csv (исправленный файл)"}
    assert set(changed.query("unit_type == 'school'")["unit_id"]) == {"s1"}
    assert not changed.duplicated(["unit_id", "indicator_id", "school_year", "period", "subgroup"]).any()
    filled = changed.query("unit_id == 's1' and indicator_id == 'staffing'")
    assert filled[["old_value", "new_value"]].to_numpy().tolist() == [[90.0, 100.0]]


def _a_loss_is_not_released(home: Path, inbox: Path, staffing: Path) -> None:
    """Half of the rows are gone: the gate says so, and the old release stays for its readers."""
    before = (home / "current").resolve()
    staffing.write_text(HEADER + "s3,teachers,7,7,7,2024\n", encoding="utf-8")
    output = uroven("run", "--inbox", str(inbox), "--quiet", home=home, check=1).output
    told = " ".join(output.split())  # the console breaks lines
    assert "Выпуск не пропущен проверкой правдоподобия: в таблице стало меньше строк" in told
    assert "fct_school_staffing (0.5)" in told
    assert (home / "current").resolve() == before
    assert len(list((home / "releases").iterdir())) == 2


def _verify_names_damage(home: Path) -> None:
    """A changed file of the release, and a sent one that the vault lost; without it nothing is made again."""
    table = home / "current" / "parquet" / "fct_school_staffing.parquet"
    table.chmod(0o644)
    table.write_bytes(table.read_bytes() + b" ")
    with duckdb.connect(str(home / "current" / "warehouse.duckdb"), read_only=True) as db:
        sql = "select sha256 from dq_submission where verdict = 'superseded'"
        (sha256,) = db.execute(sql).fetchone() or ("",)
    (home / "vault" / sha256[:2] / sha256).unlink()
    told = uroven("verify", home=home, check=1).output
    assert "parquet/fct_school_staffing.parquet: файл изменён" in told
    assert f"кадры 2024.csv: в хранилище нет присланного файла {sha256}" in told
