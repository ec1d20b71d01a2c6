"""A Data Package (datapackage.org, version 1): CSV and Parquet of every table, described by one JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from pipelines.release.described import Column, PublishedTable, described, literal, open_published, quoted

#: DuckDB type -> Table Schema type; lists and maps go as JSON text.
TYPES = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "UBIGINT": "integer",
    "HUGEINT": "integer",
    "FLOAT": "number",
    "DOUBLE": "number",
    "DATE": "date",
    "TIMESTAMP": "datetime",
}
#: Columns that refer to the key of another table, wherever they stand.
REFERENCES = {
    "assessment_id": "dim_assessment",
    "municipality_id": "dim_municipality",
    "indicator_id": "dim_indicator",
}
#: Values that columns of these names may take: the code lists of SDMX and of the warehouse.
CODES = {
    "obs_status": ["A", "O", "M", "Q", "L", "U", "P", "B"],
    "conf_status": ["F", "A", "D", "N", "C"],
    "unit_type": ["class", "school", "municipality", "region"],
}


def write_datapackage(database: Path, out: Path, *, has_parquet: bool = False) -> None:
    """Write ``datapackage.json`` and ``csv/*.csv`` into ``out``; ``parquet/*.parquet`` is only described."""
    tables = described(database)
    (out / "csv").mkdir(parents=True, exist_ok=True)
    _write_csv(database, out / "csv", tables)
    package = descriptor(tables, _release(database), has_parquet=has_parquet)
    (out / "datapackage.json").write_text(
        json.dumps(package, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def _write_csv(database: Path, out: Path, tables: list[PublishedTable]) -> None:
    with duckdb.connect(config={"threads": "1"}) as db:
        db.execute(f"ATTACH {literal(str(database))} AS published (READ_ONLY)")
        for table in tables:
            cells = ", ".join(_csv_cell(c) for c in table.columns)
            db.execute(
                f"COPY (SELECT {cells} FROM published.main.{quoted(table.name)}) "  # noqa: S608
                f"TO {literal(str(out / f'{table.name}.csv'))} (FORMAT csv, HEADER)"
            )


def _csv_cell(column: Column) -> str:
    name = quoted(column.name)
    if column.type == "TIMESTAMP":
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S') AS {name}"
    return name if column.type in TYPES else f"to_json({name})::varchar AS {name}"


def _release(database: Path) -> dict[str, Any]:
    with open_published(database) as db:
        row = db.execute("SELECT release_id, created_at FROM meta_release").fetchone()
    if row is None:
        raise LookupError(f"{database} has no row in meta_release: it is no release")
    return {"release_id": row[0], "created_at": row[1]}


def descriptor(tables: list[PublishedTable], release: dict[str, Any], *, has_parquet: bool) -> dict[str, Any]:
    """``datapackage.json`` as a dictionary; ``has_parquet``: each table lies there as Parquet, too."""
    keys = {t.name: t.key for t in tables}
    resources = []
    for table in tables:
        resources.append(_csv_resource(table, keys))
        if has_parquet:
            resources.append(
                {
                    "name": f"{table.name}-parquet",
                    "title": table.title_ru,
                    "path": f"parquet/{table.name}.parquet",
                    "format": "parquet",
                    "mediatype": "application/vnd.apache.parquet",
                }
            )
    return {
        "profile": "data-package",
        "name": "uroven",
        "title": "Результаты школ региона — Results of the region's schools",
        "version": release["release_id"],
        "created": f"{release['created_at']:%Y-%m-%dT%H:%M:%SZ}",
        "resources": resources,
    }


def _csv_resource(table: PublishedTable, keys: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    schema: dict[str, Any] = {"fields": [_field(c, table.key) for c in table.columns], "missingValues": [""]}
    if table.key:
        schema["primaryKey"] = list(table.key)
    references = [
        {"fields": [c.name], "reference": {"resource": target, "fields": [c.name]}}
        for c in table.columns
        if (target := REFERENCES.get(c.name)) and target != table.name and keys.get(target) == (c.name,)
    ]
    if references:
        schema["foreignKeys"] = references
    return {
        "name": table.name,
        "title": table.title_ru,
        "description": table.title_en,
        "path": f"csv/{table.name}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "profile": "tabular-data-resource",
        "schema": schema,
    }


def _field(column: Column, key: tuple[str, ...]) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": TYPES.get(column.type, "any")}
    field |= {"title": column.title_ru, "description": column.title_en}
    constraints: dict[str, Any] = {}
    if column.name in key:
        constraints["required"] = True
    if column.name in CODES:
        constraints["enum"] = CODES[column.name]
    return field | ({"constraints": constraints} if constraints else {})
