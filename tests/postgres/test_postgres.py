"""Publishing to a real PostgreSQL server."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest
import sqlalchemy as sa

from pipelines.release import bi
from pipelines.release.described import described
from pipelines.release.postgres import READER, SCHEMA, StillRead, publish_postgres
from tests.published import grain, make_release, promised_tables
from tests.region_made import region


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A database of our own on the server, dropped afterwards."""
    url = os.environ.get("UROVEN_TEST_POSTGRES")
    if not url:
        pytest.skip("no PostgreSQL server: set UROVEN_TEST_POSTGRES to a URL of one")
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"uroven_publish_{os.getpid()}"
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def released(path: Path, number: int, means: float) -> Path:
    """A release whose every mean says which release it is."""
    rows = dict(region())
    rows["fct_assessment_aggregate"] = [
        {**r, "mean_scale_score": means} if "mean_scale_score" in r else r
        for r in rows["fct_assessment_aggregate"]
    ]
    make_release(path, rows)
    with duckdb.connect(str(path)) as db:
        db.execute("UPDATE meta_release SET release_id = ?, input_hash = ?", [f"{number:04d}-x", str(number)])
    tables = promised_tables()
    bi.declare_keys(path, {name: grain(model) for name, model in tables.items() if grain(model)})
    return path


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("releases")
    return [released(folder / f"{i}.duckdb", i, 500.0 + i) for i in range(1, 4)]


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def test_rows_comments_and_keys_arrive(server: str, releases: list[Path]) -> None:
    counts = publish_postgres(releases[0], server)
    assert counts == {t.name: t.rows for t in described(releases[0])}
    inspector = sa.inspect(sa.create_engine(server, poolclass=sa.NullPool))
    assert (inspector.get_table_comment("dim_school", SCHEMA)["text"] or "").startswith("Школы — Schools")
    columns = {c["name"]: c for c in inspector.get_columns("fct_assessment_aggregate", SCHEMA)}
    assert columns["tested_n"]["comment"] == "Участников — Students tested"
    key = inspector.get_pk_constraint("fct_assessment_aggregate", SCHEMA)["constrained_columns"]
    assert key == ["unit_type", "unit_id", "assessment_id", "subgroup"]


def test_what_arrives_is_what_was_released(server: str, releases: list[Path]) -> None:
    publish_postgres(releases[0], server)
    query = "SELECT unit_id, mean_score, below_min_pct, obs_status FROM {}fct_assessment_aggregate"
    with duckdb.connect(str(releases[0]), read_only=True) as db:
        ours = db.execute(query.format("")).fetchall()
    with psycopg.connect(plain(server)) as connection:
        theirs = connection.execute(query.format(f"{SCHEMA}.")).fetchall()
    assert sorted(map(str, ours)) == sorted(map(str, theirs))


def test_the_same_release_is_not_written_twice(server: str, releases: list[Path]) -> None:
    publish_postgres(releases[1], server)
    assert publish_postgres(releases[1], server) == {}


def test_the_reader_may_read_and_nothing_else(server: str, releases: list[Path]) -> None:
    publish_postgres(releases[0], server)
    for statement in (
        "DELETE FROM uroven.dim_school",
        "INSERT INTO uroven.dim_school (school_id) VALUES ('1')",
        "UPDATE uroven.meta_release SET release_id = 'x'",
        "CREATE TABLE uroven.mine (a integer)",
        "DROP TABLE uroven.dim_school",
        "TRUNCATE uroven.dim_school",
    ):
        with psycopg.connect(plain(server)) as connection:
            connection.execute(f"SET ROLE {READER}")
            assert connection.execute(f"SELECT count(*) FROM {SCHEMA}.dim_school").fetchall()[0][0] > 0  # noqa: S608
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_readers_under_the_swap_see_no_error_and_no_mixture(server: str, releases: list[Path]) -> None:
    publish_postgres(releases[0], server)
    stop, faults, seen = threading.Event(), [], set()

    def read() -> None:
        try:
            while not stop.is_set():
                with psycopg.connect(plain(server)) as connection, connection.transaction():
                    release = connection.execute(f"SELECT release_id FROM {SCHEMA}.meta_release").fetchall()  # noqa: S608
                    means = connection.execute(
                        f"SELECT DISTINCT mean_scale_score FROM {SCHEMA}.fct_assessment_aggregate "  # noqa: S608
                        "WHERE mean_scale_score IS NOT NULL"
                    ).fetchall()
                    if means != [(500.0 + int(release[0][0][:4]),)]:
                        faults.append((release, means))
                    seen.add(release[0][0])
        except psycopg.Error as error:
            faults.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for i in range(12):
        publish_postgres(releases[(i + 1) % 3], server)
    stop.set()
    for reader in readers:
        reader.join()
    assert not faults
    assert len(seen) == 3


def test_a_reader_that_never_lets_go_keeps_the_old_release(server: str, releases: list[Path]) -> None:
    publish_postgres(releases[0], server)
    with psycopg.connect(plain(server)) as reader:
        before = reader.execute(f"SELECT release_id FROM {SCHEMA}.meta_release").fetchall()  # noqa: S608
        with pytest.raises(StillRead):
            publish_postgres(releases[1], server, patience=0.5)
        assert reader.execute(f"SELECT release_id FROM {SCHEMA}.meta_release").fetchall() == before  # noqa: S608
    assert publish_postgres(releases[1], server)


def test_another_driver_is_refused(releases: list[Path]) -> None:
    with pytest.raises(TypeError, match="psycopg"):
        publish_postgres(releases[0], "sqlite://")
