"""The published file as BI tools see it: comments, keys, readable views, and no way out of it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest
import sqlalchemy as sa

from pipelines.release import bi
from pipelines.release.described import Column, described
from tests.published import grain, make_release, promised_tables
from tests.region_made import region

LOCKED = {"enable_external_access": "false", "lock_configuration": "true"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = make_release(tmp_path_factory.mktemp("bi") / "warehouse.duckdb", region())
    bi.declare_keys(path, {name: grain(model) for name, model in promised_tables().items() if grain(model)})
    bi.label_views(path)
    path.chmod(0o444)
    return path


@pytest.fixture(scope="module")
def engine(database: Path) -> sa.Engine:
    arguments = {"read_only": True, "config": LOCKED}
    return sa.create_engine(f"duckdb:///{database}", poolclass=sa.NullPool, connect_args=arguments)


def test_sqlalchemy_reflects_comments(engine: sa.Engine) -> None:
    inspector = sa.inspect(engine)
    assert inspector.get_table_comment("dim_school")["text"].startswith("Школы — Schools")
    columns = {c["name"]: c for c in inspector.get_columns("fct_assessment_aggregate")}
    assert columns["tested_n"]["comment"] == "Участников — Students tested"


def test_pandas_reads_a_view_with_russian_names(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        frame = pd.read_sql(sa.text("SELECT * FROM ru.fct_assessment_aggregate"), connection)
    assert {"Участников", "Средний балл", "Ниже минимума, %"} <= set(frame.columns)
    assert len(frame) == len(region()["fct_assessment_aggregate"])


def test_every_table_and_column_has_a_comment_in_both_languages(database: Path) -> None:
    for table in described(database):
        if table.name == "meta_release":
            continue
        assert table.title_ru != table.title_en, table.name
        for column in table.columns:
            assert column.comment, (table.name, column.name)


def test_a_locked_reader_cannot_leave_the_file(engine: sa.Engine, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    for statement in (
        f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",  # noqa: S608
        f"COPY dim_school TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/other.duckdb'",
        "SET enable_external_access = true",
        "SET memory_limit = '1GB'",
        "DELETE FROM dim_school",
        "CREATE TABLE mine (a INTEGER)",
    ):
        with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
            connection.execute(sa.text(statement))


def test_keys_are_declared(database: Path) -> None:
    keys = {t.name: t.key for t in described(database)}
    assert keys["dim_assessment"] == ("assessment_id",)
    assert keys["fct_assessment_aggregate"] == ("unit_type", "unit_id", "assessment_id", "subgroup")


def test_rows_that_repeat_a_key_are_refused(tmp_path: Path) -> None:
    twice = [{"municipality_id": "101", "name": "а"}, {"municipality_id": "101", "name": "б"}]
    path = make_release(tmp_path / "w.duckdb", {"dim_municipality": twice})
    with pytest.raises(ValueError, match="dim_municipality"):
        bi.declare_keys(path, {"dim_municipality": ["municipality_id"]})


def test_a_key_with_nulls_becomes_a_unique_index(tmp_path: Path) -> None:
    path = make_release(tmp_path / "w.duckdb", {"dim_municipality": [{"municipality_id": None, "name": "а"}]})
    assert bi.declare_keys(path, {"dim_municipality": ["municipality_id"]}) == {"dim_municipality": False}


def test_views_work_under_any_catalogue_name(database: Path) -> None:
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{database}' AS other (READ_ONLY)")
        assert db.execute("SELECT count(*) FROM other.en.dim_school").fetchall()[0][0] == len(
            region()["dim_school"]
        )


def test_column_titles_are_short_and_unique() -> None:
    columns = [
        Column("status", "VARCHAR", "Состояние: A, O нет — Status: A normal"),
        Column("below_status", "VARCHAR", "Состояние: B — Status: B"),
        Column("n", "BIGINT", "Участников — Students"),
        Column("plain", "BIGINT", ""),
    ]
    assert bi.column_titles(columns, "ru") == [
        "Состояние (status)",
        "Состояние (below_status)",
        "Участников",
        "plain",
    ]
    assert bi.column_titles(columns, "en")[2] == "Students"
