"""A damaged or lost file of the lake, and a lost ledger, are made again from the vault."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines.intake import stages
from pipelines.intake.vault import JOURNAL, append_journal, open_ledger, read_journal, receive
from pipelines.resources import drop_damaged
from pipelines.settings import ROOT, Settings

CONTRACT, YEAR = "staffing", 2023


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose files of one kind are read and validated."""
    made = Settings(home=tmp_path, inbox=ROOT / "raw_samples" / CONTRACT)
    ledger = open_ledger(made)
    receive(made, ledger)
    stages.land(made, ledger)
    assert stages.accept(made, ledger, CONTRACT, YEAR).worked
    return made


def state(settings: Settings) -> tuple[bytes, list[dict]]:
    """The accepted rows and the counts of them."""
    path = stages.part_path(settings, "accepted", CONTRACT, YEAR)
    return path.read_bytes(), open_ledger(settings).table("row_count")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 4] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [cut_short, one_bit, Path.unlink])
@pytest.mark.parametrize("layer", ["accepted", "rejected"])
def test_a_damaged_part_is_written_again(
    settings: Settings, damage: Callable[[Path], None], layer: str
) -> None:
    before = state(settings)
    damage(stages.part_path(settings, layer, CONTRACT, YEAR))
    assert stages.accept(settings, open_ledger(settings), CONTRACT, YEAR).worked
    assert state(settings) == before
    assert not stages.accept(settings, open_ledger(settings), CONTRACT, YEAR).worked


@pytest.mark.parametrize("damage", [cut_short, Path.unlink])
def test_a_damaged_landed_file_is_read_again(settings: Settings, damage: Callable[[Path], None]) -> None:
    before = state(settings)
    landed = settings.lake / "landed" / CONTRACT / f"school_year={YEAR}"
    damage(next(landed.glob("*.parquet")))
    stages.part_path(settings, "accepted", CONTRACT, YEAR).unlink()
    part = stages.accept(settings, open_ledger(settings), CONTRACT, YEAR)
    assert part.worked and part.conserved
    assert state(settings) == before


def test_years_side_by_side_are_accepted_as_one_by_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In processes of their own, where a year with a damaged landed file is left to this one."""
    ledger = open_ledger(settings)
    snapshot = ledger.snapshot()
    years = sorted(stages.landed_years(snapshot)[CONTRACT])
    paths = [
        stages.part_path(settings, layer, CONTRACT, y) for layer in ("accepted", "rejected") for y in years
    ]
    one_by_one = stages.accept_each(settings, ledger, CONTRACT, years, snapshot)
    before = [path.read_bytes() for path in paths], ledger.table("row_count"), ledger.table("rule_count")
    for path in paths:
        path.unlink()
    cut_short(next((settings.lake / "landed" / CONTRACT / f"school_year={YEAR}").glob("*.parquet")))
    monkeypatch.setattr(stages, "LARGE", 0)
    beside = Settings(home=settings.home, inbox=settings.inbox, workers=2)
    parts = stages.accept_each(beside, ledger, CONTRACT, years, snapshot)
    assert len(years) > 1 and all(p.worked for p in parts)
    assert [replace(p, worked=False) for p in parts] == [replace(p, worked=False) for p in one_by_one]
    after = [path.read_bytes() for path in paths], ledger.table("row_count"), ledger.table("rule_count")
    assert after == before


def test_a_lost_ledger_is_rebuilt_with_its_counts(settings: Settings) -> None:
    before = state(settings)
    sent = [(s.submission_id, s.path, s.state, s.received_at) for s in open_ledger(settings).submissions()]
    (settings.home / "ledger.sqlite").unlink()
    ledger = open_ledger(settings)
    assert [(s.submission_id, s.path, s.state, s.received_at) for s in ledger.submissions()] == sent
    stages.land(settings, ledger)
    stages.accept(settings, ledger, CONTRACT, YEAR)
    assert state(settings) == before


def test_an_arrival_that_only_the_journal_knows_is_entered(settings: Settings) -> None:
    journal = settings.vault / JOURNAL
    last = read_journal(journal)[-1]
    append_journal(journal, [last | {"submission_id": 99, "path": "другой.csv"}])
    assert [s.path for s in open_ledger(settings).submissions()][-1] == "другой.csv"


def test_a_torn_line_of_the_journal_loses_only_itself(settings: Settings) -> None:
    journal = settings.vault / JOURNAL
    rows = read_journal(journal)
    with journal.open("a", encoding="utf-8") as f:
        f.write('{"submission_id": 98, "pa')
    append_journal(journal, [rows[-1] | {"submission_id": 99, "path": "другой.csv"}])
    assert [r["submission_id"] for r in read_journal(journal)] == [*(r["submission_id"] for r in rows), 99]


def no_heads(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:5000] + bytes(4000) + data[9000:])


@pytest.mark.parametrize("damage", [no_heads, lambda path: path.write_bytes(path.read_bytes()[:6000])])
def test_a_damaged_build_database_is_removed(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    database = tmp_path / "warehouse.duckdb"
    assert not drop_damaged(database)
    with duckdb.connect(str(database)) as db:
        db.execute("create table t as select range as x from range(100000)")
    assert not drop_damaged(database)
    damage(database)
    assert drop_damaged(database)
    assert not database.exists()


def test_a_build_database_that_somebody_writes_is_left(tmp_path: Path) -> None:
    database = tmp_path / "warehouse.duckdb"
    code = "import duckdb, sys; db = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout and holder.stdout.readline()
        with pytest.raises(duckdb.IOException, match="lock"):
            drop_damaged(database)
        holder.communicate()
    assert database.exists()
