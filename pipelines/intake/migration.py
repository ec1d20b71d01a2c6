"""Brings the ledger's tables to the version of the code: on a new machine, and after an upgrade."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

#: The newest migration; a test holds it to the files.
HEAD = "0001"
_FOLDER = Path(__file__).with_name("migrations")


def current(connection: sa.Connection) -> str | None:
    """The ledger's version; nothing where it was never migrated."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("select version_num from alembic_version")).scalar()


def upgrade(engine: sa.Engine) -> None:
    """Migrate to :data:`HEAD`, in one transaction; at once where it is there already.

    Tables from before there were migrations are those of the first one, and are taken as such.
    """
    with engine.connect() as connection:
        if current(connection) == HEAD:
            return
    from alembic import command  # noqa: PLC0415  only for a new ledger or an old one
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            if current(connection) is None and sa.inspect(connection).has_table("submission"):
                command.stamp(config, "0001")
            command.upgrade(config, "head")
    except sa.exc.DBAPIError:  # another process was first
        with engine.connect() as connection:
            if current(connection) != HEAD:
                raise
