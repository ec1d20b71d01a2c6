"""``uroven verify`` without a rebuild: damage to a release is named, and nothing of a check stays behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import duckdb
import pytest

from pipelines import verify
from pipelines.release.publish import CHECKSUMS
from pipelines.settings import Settings
from tests.published import publish_file


@pytest.fixture
def release(tmp_path: Path) -> Path:
    build = tmp_path / "build.duckdb"
    with duckdb.connect(str(build)) as db:
        db.execute("create table dq_submission as select 1 as submission_id, 'a.csv' as file_name, "
                   "repeat('0', 64) as sha256")  # fmt: skip
        db.execute("create table t (k integer primary key, v double)")
        db.execute("insert into t values (1, 10), (2, 20)")
    tables = ["dq_submission", "t"]
    publish_file(
        build, tmp_path / "releases", tmp_path / "current", tables, inputs="abcdef01", code_version="c"
    )
    return (tmp_path / "current").resolve()


def test_checksums_are_those_of_the_release_and_of_sha256sum(release: Path) -> None:
    assert verify.damaged(release) == []
    done = subprocess.run(["sha256sum", "-c", "--quiet", CHECKSUMS], cwd=release, check=False)
    assert done.returncode == 0


def test_changed_lost_and_added_files_are_named(release: Path) -> None:
    table, note = release / "parquet" / "t.parquet", release / "release.json"
    table.chmod(0o644)
    table.write_bytes(table.read_bytes() + b"x")
    note.unlink()
    (release / "parquet" / "u.parquet").touch()
    assert verify.damaged(release) == [
        "parquet/t.parquet: файл изменён после выпуска",
        "release.json: файла нет",
        "parquet/u.parquet: лишний файл",
    ]


def test_an_input_that_the_vault_lost_or_holds_changed_is_named(release: Path) -> None:
    settings, sha256 = Settings(home=release.parent.parent), "0" * 64
    assert verify.lost_inputs(settings, release) == [f"a.csv: в хранилище нет присланного файла {sha256}"]
    kept = settings.vault / "00" / sha256
    kept.parent.mkdir(parents=True)
    kept.write_text("something else")
    assert verify.lost_inputs(settings, release) == [f"a.csv: присланный файл {sha256} в хранилище изменён"]


def test_a_changed_number_is_named_by_its_table_and_key(release: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with duckdb.connect(str(other / "warehouse.duckdb")) as db:
        db.execute(f"attach '{release / 'warehouse.duckdb'}' as source (read_only)")
        db.execute("create table t (k integer primary key, v double)")
        db.execute("insert into t select k, case k when 2 then 21 else v end from source.t")
        db.execute("create table dq_submission as from source.dq_submission")
    assert verify.compare(release, other) == {"t": (2, "k=2")}


def test_a_check_removes_what_a_killed_one_left_and_itself(tmp_path: Path) -> None:
    left = tmp_path / "verify" / "home" / "returned" / "a.xlsx"
    left.parent.mkdir(parents=True)
    left.touch()
    with verify._workshop(Settings(home=tmp_path)) as home:
        assert home.is_dir() and not list(home.iterdir())
    assert not (tmp_path / "verify").exists()


def test_an_erasure_removes_what_a_killed_check_left(tmp_path: Path) -> None:
    left = tmp_path / "verify" / "home" / "returned" / "работа.xlsx"
    left.parent.mkdir(parents=True)
    left.touch()
    verify.discard_leftovers(Settings(home=tmp_path))
    assert not (tmp_path / "verify").exists()
