"""What is hidden is worked out beside the run, and taken only for the aggregate that it is of."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipelines import ahead
from pipelines.parallel import kept
from pipelines.release import control, gate
from pipelines.release.hierarchy import Limits
from pipelines.release.shares import Shares
from tests.conftest import Home
from tests.release.regions import regions

LIMITS = Limits()


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build database with the results of four assessments, each a share of its own."""
    for limit in ("ROWS", "LARGE"):
        monkeypatch.setattr(f"pipelines.release.shares.{limit}", 1)
    rows, path = regions(range(4)).assign(school_year=2021), tmp_path / "warehouse.duckdb"
    schools = rows.query("unit_type == 'school'")[["school_id", "school_year", "locality_group"]]
    results = rows.drop(columns=["locality_group", "max_score"])
    with duckdb.connect(str(path)) as db:
        for name, frame in (
            (ahead.RESULTS, results),
            (control.AGGREGATE, results),
            ("dim_assessment", rows[["assessment_id", "max_score"]].drop_duplicates()),
            ("int_school_year", schools.drop_duplicates("school_id")),
        ):
            db.register("frame", frame)
            db.execute(f"create table {name} as from frame")
    return path


def _taken(build: Path) -> tuple[Shares, pd.DataFrame]:
    with duckdb.connect() as db:
        db.execute(f"attach '{build}' as build (read_only)")
        return ahead.shares_of(db, build, LIMITS, 2), control.aggregate_rows(db)


def test_what_was_begun_is_taken_once(build: Path) -> None:
    with ahead.whole_run(2):
        ahead.begin(build, 2)
        (begun,) = ahead._begun.values()
        shares, rows = _taken(build)
        assert shares is begun and _taken(build)[0] is not begun
        pd.testing.assert_frame_equal(shares.suppress(LIMITS), Shares(rows).suppress(LIMITS))


def test_the_aggregate_holds_the_results_that_stood_before_the_scales(sample_home: Home) -> None:
    with duckdb.connect() as db:
        db.execute(f"attach '{sample_home.path / 'build' / 'warehouse.duckdb'}' as build (read_only)")
        begun_with, released = (
            control.aggregate_hash(db, table) for table in (ahead.RESULTS, control.AGGREGATE)
        )
    assert begun_with == released


def test_a_changed_aggregate_is_looked_at_anew(build: Path) -> None:
    with ahead.whole_run(2):
        ahead.begin(build, 2)
        with duckdb.connect(str(build)) as db:
            db.execute("update fct_assessment_aggregate set tested_n = 3 where unit_type = 'class'")
        shares, rows = _taken(build)
        assert shares not in ahead._begun.values()
        pd.testing.assert_frame_equal(shares.suppress(LIMITS), Shares(rows).suppress(LIMITS))


@pytest.mark.parametrize("workers", [1, 2])
def test_only_a_process_that_makes_the_whole_run_begins(build: Path, workers: int) -> None:
    with ahead.whole_run(1) if workers == 1 else nullcontext():
        ahead.load_gate()
        ahead.load_dbt(build.parent)
        ahead.begin(build, workers)
        assert not ahead._begun and not ahead._gate
        assert not any(thread.name == "load dbt" for thread in threading.enumerate())


def _lock_of_progress_bars() -> str:
    from tqdm import tqdm  # noqa: PLC0415

    return type(tqdm.get_lock()).__module__


def test_the_gates_process_leaves_no_semaphore_behind() -> None:
    with kept(gate.prepare) as begin:
        assert begin(_lock_of_progress_bars)() == "_thread"


def test_what_nobody_takes_ends_with_the_run(build: Path) -> None:
    with pytest.raises(LookupError), ahead.whole_run(2):
        ahead.begin(build, 2)
        raise LookupError
    assert not ahead._begun
