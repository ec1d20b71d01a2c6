"""Publishing: frozen, complete, described, and swapped in one step."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.release.publish import DATABASE, current_release, publish


@pytest.fixture
def build(tmp_path: Path) -> Path:
    path = tmp_path / "build.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute("create table t (k integer not null, name varchar)")
        db.execute("insert into t values (2, 'б'), (1, 'а')")
        db.execute("comment on table t is 'Таблица'")
        db.execute("comment on column t.name is 'Имя ''в кавычках'''")
        db.execute("create table hidden (k integer)")
    return path


def _publish(build: Path, inputs: str = "abcdef0123") -> str:
    release, _ = publish(
        build, build.parent / "releases", build.parent / "current", ["t"], inputs=inputs, code_version="c"
    )
    return release.release_id


def test_release_has_the_rows_in_order_the_comments_and_nothing_else(build: Path) -> None:
    _publish(build)
    with duckdb.connect(str(build.parent / "current" / DATABASE), read_only=True) as db:
        assert db.execute("from t").fetchall() == [(1, "а"), (2, "б")]
        tables = "select comment from duckdb_tables() where table_name = 't'"
        assert db.execute(tables).fetchone() == ("Таблица",)
        columns = "select comment from duckdb_columns() where table_name = 't' and column_name = 'name'"
        comment = db.execute(columns).fetchone()
        assert comment == ("Имя 'в кавычках'",)
        names = {r[0] for r in db.execute("select table_name from duckdb_tables()").fetchall()}
        assert names == {"t", "meta_release"}


def test_not_null_constraints_are_published(build: Path) -> None:
    _publish(build)
    with duckdb.connect(str(build.parent / "current" / DATABASE), read_only=True) as db:
        sql = db.execute("select sql from duckdb_tables() where table_name = 't'").fetchone()
        assert sql and "NOT NULL" in sql[0]


def test_unchanged_inputs_make_no_new_release(build: Path) -> None:
    assert _publish(build) == _publish(build)
    assert len(list((build.parent / "releases").iterdir())) == 1


def test_a_new_release_leaves_the_old_one_readable(build: Path) -> None:
    first = _publish(build)
    with duckdb.connect(str(build)) as db:
        db.execute("insert into t values (3, 'в')")
    second = _publish(build, "ffff000011")
    release = current_release(build.parent / "current")
    assert release and release.release_id == second and release.previous_release_id == first
    old = build.parent / "releases" / first / DATABASE
    with duckdb.connect(str(old), read_only=True) as db:
        assert db.execute("select count(*) from t").fetchone() == (2,)


def test_release_files_are_read_only(build: Path) -> None:
    _publish(build)
    files = [p for p in (build.parent / "releases").rglob("*") if p.is_file()]
    assert files and {oct(p.stat().st_mode)[-3:] for p in files} == {"444"}


def test_equal_rows_make_equal_files(build: Path, tmp_path: Path) -> None:
    _publish(build)
    other = tmp_path / "other"
    other.mkdir()
    releases, current = other / "releases", other / "current"
    release, _ = publish(build, releases, current, ["t"], inputs="abcdef0123", code_version="c")
    ours = build.parent / "releases" / release.release_id / "parquet" / "t.parquet"
    theirs = other / "releases" / release.release_id / "parquet" / "t.parquet"
    assert ours.read_bytes() == theirs.read_bytes()


def test_what_a_killed_publication_left_is_cleared(build: Path) -> None:
    rest = build.parent / "releases" / ".partial-0001-x"
    rest.mkdir(parents=True)
    (rest / DATABASE).write_text("half")
    _publish(build)
    assert not rest.exists()


def test_a_table_that_was_not_built_is_named(build: Path) -> None:
    with pytest.raises(LookupError, match="fct_missing"):
        publish(build, build.parent / "r", build.parent / "c", ["fct_missing"], inputs="x", code_version="c")
