"""Publishing a release to PostgreSQL: a new schema is filled aside and takes the old one's name in one step.

The swap takes every old table exclusively, without waiting: while any reader's transaction holds one of
them it steps back and tries again, so a transaction that has read one table sees the same release in all.
Readers never wait longer than the renaming takes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable, ExecutableDDLElement, SetColumnComment, SetTableComment

from pipelines.release.described import PublishedTable, described, open_published, quoted

SCHEMA = "uroven"
READER = "uroven_reader"
_BATCH = 20_000

_TYPES: dict[str, sa.types.TypeEngine] = {
    "VARCHAR": sa.Text(),
    "BOOLEAN": sa.Boolean(),
    "SMALLINT": sa.SmallInteger(),
    "INTEGER": sa.Integer(),
    "BIGINT": sa.BigInteger(),
    "UBIGINT": sa.Numeric(20, 0),
    "HUGEINT": sa.Numeric(39, 0),
    "FLOAT": sa.REAL(),
    "DOUBLE": postgresql.DOUBLE_PRECISION(),
    "DATE": sa.Date(),
    "TIMESTAMP": sa.DateTime(),
    "TIMESTAMP WITH TIME ZONE": sa.DateTime(timezone=True),
}


class StillRead(TimeoutError):
    """Readers held the old release for the whole of ``patience``; it stays, and so does their data."""


def publish_postgres(database: Path, url: str, *, patience: float = 180.0) -> dict[str, int]:
    """Publish a released database to PostgreSQL; returns rows by table, none if it is published already.

    ``url`` is SQLAlchemy's (``postgresql+psycopg://…``) of a role that may create schemas; the read-only
    role ``uroven_reader`` is made where the server's role may do so. Raises StillRead after ``patience``
    seconds of readers that don't let go.
    """
    tables = described(database)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    fresh = f"{SCHEMA}_next"
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        if not isinstance(raw, psycopg.Connection):
            raise TypeError(
                f"publishing needs the psycopg driver: postgresql+psycopg://…, not {engine.url.drivername}"
            )
        with raw.transaction(), raw.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [SCHEMA])
            if _stands(cursor, database):
                return {}
            _make_reader(cursor)
            cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(fresh)))
            cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(fresh)))
            for statement in ddl(tables, fresh):
                cursor.execute(statement)
            counts = _fill(database, cursor, tables, fresh)
            _grant(cursor, fresh)
        _swap(raw, fresh, patience)
    return counts


def _stands(cursor: psycopg.Cursor, database: Path) -> bool:
    """Whether the schema holds this very release."""
    if not cursor.execute("SELECT to_regclass(%s)", [f"{SCHEMA}.meta_release"]).fetchall()[0][0]:
        return False
    found = cursor.execute(
        sql.SQL("SELECT release_id, input_hash FROM {}").format(sql.Identifier(SCHEMA, "meta_release"))
    )
    with open_published(database) as db:
        return found.fetchall() == db.execute("SELECT release_id, input_hash FROM meta_release").fetchall()


def ddl(tables: Sequence[PublishedTable], schema: str) -> list[str]:
    """CREATE TABLE and COMMENT statements of every table."""
    metadata = sa.MetaData(schema=schema)
    for table in tables:
        key = set(table.key)
        sa.Table(
            table.name,
            metadata,
            *(
                sa.Column(c.name, _type(c.type), nullable=c.name not in key, comment=c.comment or None)
                for c in table.columns
            ),
            *((sa.PrimaryKeyConstraint(*table.key, name=f"pk_{table.name}"[:63]),) if table.key else ()),
            comment=table.comment or None,
        )
    statements: list[ExecutableDDLElement] = []
    for made in metadata.sorted_tables:
        statements.append(CreateTable(made))
        if made.comment:
            statements.append(SetTableComment(made))
        statements += [SetColumnComment(c) for c in made.columns if c.comment]
    return [str(s.compile(dialect=postgresql.dialect())) for s in statements]


def _type(name: str) -> sa.types.TypeEngine:
    """PostgreSQL's type for DuckDB's; lists stay arrays, anything else goes as JSON."""
    if name.endswith("[]"):
        return sa.ARRAY(_type(name[:-2]))
    return _TYPES.get(name, postgresql.JSONB())


def _make_reader(cursor: psycopg.Cursor) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER])
    if cursor.fetchone():
        return
    role = sql.Identifier(READER)
    cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))


def _grant(cursor: psycopg.Cursor, schema: str) -> None:
    role, name = sql.Identifier(READER), sql.Identifier(schema)
    cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(name, role))
    cursor.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(name, role))


def _fill(
    database: Path, cursor: psycopg.Cursor, tables: Sequence[PublishedTable], schema: str
) -> dict[str, int]:
    counts = {}
    with open_published(database) as db:
        for table in tables:
            names = sql.SQL(", ").join(sql.Identifier(c.name) for c in table.columns)
            copy = sql.SQL("COPY {}.{} ({}) FROM STDIN").format(
                sql.Identifier(schema), sql.Identifier(table.name), names
            )
            rows = db.execute(f"SELECT {_selected(table)} FROM {quoted(table.name)} ORDER BY ALL")  # noqa: S608
            written = 0
            with cursor.copy(copy) as target:
                while batch := rows.fetchmany(_BATCH):
                    written += len(batch)
                    for row in batch:
                        target.write_row(row)
            cursor.execute(
                sql.SQL("ANALYZE {}.{}").format(sql.Identifier(schema), sql.Identifier(table.name))
            )
            counts[table.name] = written
    return counts


def _selected(table: PublishedTable) -> str:
    """Columns as PostgreSQL takes them: what has no type there goes as JSON text."""
    return ", ".join(
        f"to_json({quoted(c.name)})::varchar"
        if isinstance(_type(c.type), postgresql.JSONB)
        else quoted(c.name)
        for c in table.columns
    )


def _swap(connection: psycopg.Connection, fresh: str, patience: float) -> None:
    """Let the filled schema take the name, or raise StillRead."""
    deadline = time.monotonic() + patience
    while not _try_swap(connection, fresh):
        if time.monotonic() > deadline:
            raise StillRead(
                f"readers have held the schema {SCHEMA} for {patience:.0f} s; the old release stays"
            )
        time.sleep(0.05)


def _try_swap(connection: psycopg.Connection, fresh: str) -> bool:
    name, old = sql.Identifier(SCHEMA), sql.Identifier(f"{SCHEMA}_old")
    try:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [SCHEMA])
            cursor.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", [SCHEMA]
            )
            held = [sql.Identifier(SCHEMA, row[0]) for row in cursor.fetchall()]
            if held:
                cursor.execute(
                    sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE NOWAIT").format(sql.SQL(", ").join(held))
                )
                cursor.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(name, old))
            cursor.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(fresh), name))
            if held:
                cursor.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(old))
    except psycopg.errors.LockNotAvailable:
        return False
    return True
