"""A small made-up release, with the tables and comments that the marts' contracts promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipelines.release.described import literal, quoted
from pipelines.release.publish import Release, publish
from pipelines.settings import DBT_PROJECT

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

META = {
    "release_id": "0002-abcdef12",
    "created_at": "2024-09-01 10:00:00",
    "code_version": "1",
    "rule_versions": "{}",
    "input_hash": "abcdef12",
    "previous_release_id": None,
}


@cache
def marts() -> dict[str, dict[str, Any]]:
    """All marts by name: their yml entries."""
    out = {}
    for path in sorted((DBT_PROJECT / "models" / "marts").rglob("*.yml")):
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
            if model.get("columns"):
                out[model["name"]] = model
    return out


def promised_tables() -> dict[str, dict[str, Any]]:
    """The marts that a release holds."""
    return {n: m for n, m in marts().items() if (m.get("config", {}).get("meta") or {}).get("publish", True)}


def grain(model: Mapping[str, Any]) -> list[str]:
    for test in model.get("data_tests", []):
        if isinstance(test, dict) and "unique_grain" in test:
            return test["unique_grain"]["arguments"]["columns"]
    return []


def publish_file(database: Path, *args: Any, **kwargs: Any) -> tuple[Release, dict[str, int]]:
    """``publish`` with the tables of a database file as the frames."""
    with duckdb.connect() as db:
        db.execute(f"attach '{database}' as out (read_only)")
        return publish(db, *args, **kwargs)


def make_release(path: Path, rows: Rows, without: Set[str] = frozenset()) -> Path:
    """A published database: every promised table (less ``without``), and those with rows given, ordered.

    A row names only the columns that matter; a column that the contract lacks raises.
    """
    with duckdb.connect(str(path)) as db:
        for name in sorted((promised_tables().keys() | (rows.keys() & marts().keys())) - without):
            _make_table(db, name, marts()[name])
        types = "created_at TIMESTAMP, " + ", ".join(f"{c} VARCHAR" for c in META if c != "created_at")
        db.execute(f"CREATE TABLE meta_release ({types})")
        db.execute("COMMENT ON TABLE meta_release IS 'Выпуск — Release'")
        for table, given in {"meta_release": [META], **rows}.items():
            for row in given:
                names = ", ".join(map(quoted, row))
                places = ", ".join("?" * len(row))
                db.execute(f"INSERT INTO {quoted(table)} ({names}) VALUES ({places})", list(row.values()))  # noqa: S608
            order(db, table)
    return path


def order(db: duckdb.DuckDBPyConnection, table: str) -> None:
    """Let the rows of a table stand in the order in which they are published."""
    db.execute(f"CREATE TEMP TABLE given AS FROM {quoted(table)}")
    db.execute(f"TRUNCATE {quoted(table)}")
    db.execute(f"INSERT INTO {quoted(table)} SELECT * FROM given ORDER BY ALL")  # noqa: S608
    db.execute("DROP TABLE given")


def _make_table(db: duckdb.DuckDBPyConnection, name: str, model: Mapping[str, Any]) -> None:
    columns = ", ".join(f"{quoted(c['name'])} {c.get('data_type', 'varchar')}" for c in model["columns"])
    db.execute(f"CREATE TABLE {quoted(name)} ({columns})")
    db.execute(f"COMMENT ON TABLE {quoted(name)} IS {literal(model['description'])}")
    for c in model["columns"]:
        db.execute(
            f"COMMENT ON COLUMN {quoted(name)}.{quoted(c['name'])} IS {literal(c.get('description', ''))}"
        )
