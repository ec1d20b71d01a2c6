"""One run at a time over a home; files whole or not at all."""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.files import sweep, whole, write_parquet, write_text
from pipelines.headless import explain
from pipelines.lock import HomeBusyError, home_lock
from pipelines.release.publish import release_ids
from tests.published import publish_file


def _hold(home: Path, ready: Path) -> None:
    with home_lock(home, 0):
        ready.write_text("")
        time.sleep(60)


@pytest.fixture
def busy(tmp_path: Path):
    """A home that another process holds, and that process."""
    ready = tmp_path / "ready"
    process = mp.get_context("spawn").Process(target=_hold, args=(tmp_path, ready))
    process.start()
    while not ready.exists():
        time.sleep(0.05)
    yield tmp_path, process
    process.kill()
    process.join()


def test_a_second_process_leaves_with_a_clear_message(busy: tuple[Path, mp.Process]) -> None:
    home, process = busy
    with (
        pytest.raises(HomeBusyError, match=rf"уже идёт другой прогон \(процесс {process.pid}"),
        home_lock(home, 0),
    ):
        pass


def test_who_was_killed_holds_nothing(busy: tuple[Path, mp.Process]) -> None:
    home, process = busy
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with home_lock(home, 0):
        pass


def test_a_waiting_process_says_so_and_goes_on_when_the_other_ends(busy: tuple[Path, mp.Process]) -> None:
    home, process = busy
    said: list[str] = []

    def end(message: str) -> None:
        said.append(message)
        process.kill()

    with home_lock(home, 30, end):
        pass
    assert len(said) == 1 and "ждём" in said[0]


def test_within_a_process_the_lock_is_taken_again(tmp_path: Path) -> None:
    with home_lock(tmp_path, 0):
        with home_lock(tmp_path, 0):
            pass
        with home_lock(tmp_path, 0):
            pass


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "note"
    write_text(path, "old")
    with pytest.raises(OSError, match="full"), whole(path) as partial:
        partial.write_text("ne")
        raise OSError("full")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_had_half_written_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "year" / "note"
    write_text(path, "whole")
    with whole(path) as partial:
        partial.write_text("ha")
        left = partial.read_bytes(), partial.name
    (path.parent / left[1]).write_bytes(left[0])
    sweep(tmp_path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


def test_a_reader_keeps_the_file_it_holds_while_a_new_one_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(pa.table({"x": [1]}), path)
    with path.open("rb") as held:
        write_parquet(pa.table({"x": [2]}), path)
        assert pq.read_table(held)["x"].to_pylist() == [1]
    assert pq.read_table(path)["x"].to_pylist() == [2]


def test_a_whole_release_that_nothing_points_at_yet_is_pointed_at(tmp_path: Path) -> None:
    build, releases, current = tmp_path / "build.duckdb", tmp_path / "releases", tmp_path / "current"
    with duckdb.connect(str(build)) as db:
        db.execute("create table t as select 1 as x")
    first, _ = publish_file(build, releases, current, ["t"], inputs="a" * 64, code_version="1")
    second, _ = publish_file(build, releases, current, ["t"], inputs="b" * 64, code_version="1")
    current.unlink()
    current.symlink_to(releases / first.release_id)  # as if killed before the link was changed
    again, rows = publish_file(build, releases, current, ["t"], inputs="b" * 64, code_version="1")
    assert (again, rows) == (second, {"t": 1})
    assert current.resolve() == releases / second.release_id
    assert release_ids(releases) == [first.release_id, second.release_id]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("[Errno 28] No space left on device: 'x'", "На диске кончилось место"),
        ("(sqlite3.OperationalError) database or disk is full", "На диске кончилось место"),
        ("[Errno 30] Read-only file system: 'x'", "Диск только для чтения"),
        ("attempt to write a readonly database", "Диск только для чтения"),
        ("(sqlite3.OperationalError) disk I/O error", "Диск не записывает"),
        ("[Errno 13] Permission denied: 'x'", "Нет прав на запись"),
        ("KeyError: 'x'", ""),
    ],
)
def test_errors_of_the_disk_are_explained(message: str, reason: str) -> None:
    assert explain(message).startswith(reason) and bool(explain(message)) == bool(reason)
