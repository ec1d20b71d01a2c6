"""The ledger's tables come from its migrations alone, and are what the code says they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from pipelines.intake import migration
from pipelines.intake.ledger import Ledger, metadata


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


def test_migrated_tables_equal_those_of_the_code(url: str) -> None:
    with Ledger(url).engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_head_is_the_newest_file() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migration.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_current_head() == migration.HEAD


def test_a_ledger_from_before_migrations_keeps_its_rows(url: str) -> None:
    engine = sa.create_engine(url)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            sa.insert(metadata.tables["reading"]), {"file_id": "a", "reader_version": "1", "result": "{}"}
        )
    Ledger(url)
    with engine.connect() as connection:
        assert migration.current(connection) == migration.HEAD
        assert connection.execute(sa.text("select count(*) from reading")).scalar() == 1


def test_a_migrated_ledger_opens_without_alembic(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger(url)
    monkeypatch.setitem(__import__("sys").modules, "alembic", None)
    assert Ledger(url).submissions() == []
