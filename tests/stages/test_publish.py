"""Publishing: frozen, complete, described, and swapped in one step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.release.publish import DATABASE, current_release
from tests.published import publish_file


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
    release, _ = publish_file(
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
    release, _ = publish_file(build, releases, current, ["t"], inputs="abcdef0123", code_version="c")
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
        publish_file(
            build, build.parent / "r", build.parent / "c", ["fct_missing"], inputs="x", code_version="c"
        )


#: A reading process: until told to stop it opens the release anew, again and again, and prints what it saw.
READERS = {
    "sqlalchemy": """
import sqlalchemy as sa
def look():
    engine = sa.create_engine(
        f"duckdb:///{path}", poolclass=sa.NullPool, connect_args={"read_only": True, "config": LOCKED}
    )
    with engine.connect() as db:
        return [tuple(r) for r in db.execute(sa.text(SQL))]
""",
    "duckdb": """
import duckdb
def look():
    with duckdb.connect(path, read_only=True) as db:
        return db.execute(SQL).fetchall()
""",
    "bi": """
import duckdb
def look():
    with duckdb.connect(path, read_only=True, config=LOCKED) as db:
        tables = [r[0] for r in db.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        assert tables == ["meta_release", "t"], tables
        return db.execute(SQL).fetchall()
""",
}
LOOP = """
import os, sys, time
path, stop = sys.argv[1:]
LOCKED = {"enable_external_access": "false", "lock_configuration": "true"}
SQL = "select min(k), max(k), count(*), any_value(release_id) from t cross join meta_release"
"""
SEEN = """
before = None
while True:
    last = os.path.exists(stop)
    (row,) = look()
    if row != before:
        print(*row, flush=True)
    before = row
    if last:
        break
    time.sleep(0.02)  # without a pause three readers leave the writer no processor
"""


def test_twelve_publishes_under_three_reading_processes(tmp_path: Path) -> None:
    """Each reader sees whole releases in their order, the last one too; the writer waits for none."""
    build, stop = tmp_path / "build.duckdb", tmp_path / "stop"

    def publish_number(number: int) -> str:
        build.unlink(missing_ok=True)
        with duckdb.connect(str(build)) as db:
            db.execute("create table t as select $1 as k from range($1 * 100)", [number])
        return _publish(build, f"{number:08d}")

    released = {publish_number(1): 1}
    path = str(tmp_path / "current" / DATABASE)
    readers = {}
    for name, code in READERS.items():
        command = [sys.executable, "-c", LOOP + code + SEEN, path, str(stop)]
        readers[name] = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    early = {name: [str(r.stdout and r.stdout.readline())] for name, r in readers.items()}  # all read by now
    for number in range(2, 13):
        released[publish_number(number)] = number
        if number == 6:  # none sees only the first and the last
            for name, reader in readers.items():
                early[name].append(str(reader.stdout and reader.stdout.readline()))
    stop.touch()
    for name, reader in readers.items():
        rest, errors = reader.communicate()
        assert reader.returncode == 0, (name, errors)
        seen = [line.split() for line in ("".join(early[name]) + rest).splitlines()]
        for low, high, count, release_id in seen:
            number = released[release_id]
            assert (int(low), int(high), int(count)) == (number, number, number * 100), (name, release_id)
        numbers = [released[s[3]] for s in seen]
        assert numbers == sorted(set(numbers)) and numbers[-1] == 12 and len(numbers) > 2, (name, numbers)
