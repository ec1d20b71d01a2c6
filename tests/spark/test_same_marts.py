"""The marts of Spark are those of DuckDB, row by row: counts and texts exactly, floats to 1e-9."""
# ruff: noqa: S608

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.settings import ROOT
from pipelines.spark import FOLDER
from tests.conftest import Home

RELATIVE, ABSOLUTE = 1e-9, 1e-12
#: Most of the time on small data the JVM compiles itself: it is to do so quickly, not well.
ENVIRONMENT = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"}

pytestmark = [
    pytest.mark.skipif(not find_spec("pyspark"), reason="no pyspark: `uv pip install -e .[spark]`"),
    pytest.mark.skipif(not shutil.which("java"), reason="no Java: Spark needs 17 or later"),
]


@pytest.fixture(scope="module")
def both(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The marts of the sample region by both engines."""
    warehouse = tmp_path_factory.mktemp("spark")
    command = [sys.executable, "-m", "pipelines.spark", "--master", "local[2]", "--warehouse", str(warehouse)]
    done = subprocess.run(
        [*command, "build", "--exclude-resource-type", "test", "unit_test"],
        env={**os.environ, **ENVIRONMENT, "UROVEN_HOME": str(sample_home.path)},
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    return opened(sample_home.path, warehouse)


def marts(home: Path) -> dict[str, list[str] | None]:
    """The marts and the columns of their grain; None for the two lists of findings, which have none."""
    manifest = json.loads((home / "dbt" / "manifest.json").read_text())
    names = {
        key: node["name"]
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }
    grains = {
        node["attached_node"]: node["test_metadata"]["kwargs"]["columns"]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "unique_grain"
    }
    return {name: grains.get(key) for key, name in names.items()}


def opened(home: Path, warehouse: Path) -> duckdb.DuckDBPyConnection:
    """A connection that sees DuckDB's marts as ``warehouse.main.<name>`` and Spark's as ``spark.<name>``."""
    db = duckdb.connect()
    db.execute(f"attach '{home / 'build' / 'warehouse.duckdb'}' as warehouse (read_only)")
    db.execute("create schema spark")
    for name in marts(home):
        files = warehouse / FOLDER / name / "*.parquet"
        db.execute(f"create view spark.{name} as from read_parquet('{files}')")
    return db


def columns(db: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The columns of a relation and their types. Their order is that of the contract in DuckDB only."""
    return {name: kind for name, kind, *_ in db.execute(f"describe {relation}").fetchall()}


def unlike(name: str, kind: str) -> str:
    """SQL: whether a column differs between the rows ``d`` and ``s``."""
    if kind != "DOUBLE":
        return f'd."{name}" is distinct from s."{name}"'
    near = f'abs(d."{name}" - s."{name}") <= {ABSOLUTE} + {RELATIVE} * abs(d."{name}")'
    return f'd."{name}" is distinct from s."{name}" and not coalesce({near}, false)'


def differences(db: duckdb.DuckDBPyConnection, name: str, grain: list[str] | None) -> dict[str, int]:
    """How many rows only one of both has, and how many values of a column differ."""
    duck, spark = f"warehouse.main.{name}", f"spark.{name}"
    if grain is None:
        names = ", ".join(f'"{c}"' for c in columns(db, duck))
        one, other = f"select {names} from {duck}", f"select {names} from {spark}"
        counted = {
            "only DuckDB": f"select count(*) from ({one} except all {other})",
            "only Spark": f"select count(*) from ({other} except all {one})",
        }
    else:
        key = " and ".join(f'd."{c}" is not distinct from s."{c}"' for c in grain)
        counted = {
            "only DuckDB": f"select count(*) from {duck} d anti join {spark} s on {key}",
            "only Spark": f"select count(*) from {spark} s anti join {duck} d on {key}",
            "rows": f"select abs((select count(*) from {duck}) - (select count(*) from {spark}))",
            **{
                c: f"select count(*) from {duck} d join {spark} s on {key} where {unlike(c, kind)}"
                for c, kind in columns(db, duck).items()
                if c not in grain
            },
        }
    found = {what: db.execute(query).fetchone()[0] for what, query in counted.items()}  # type: ignore[index]
    return {what: n for what, n in found.items() if n}


def test_every_mart_is_the_same(both: duckdb.DuckDBPyConnection, sample_home: Home) -> None:
    found: dict[str, Any] = {}
    for name, grain in marts(sample_home.path).items():
        duck, spark = columns(both, f"warehouse.main.{name}"), columns(both, f"spark.{name}")
        unlike_columns = sorted(set(duck.items()) ^ set(spark.items()))
        found[name] = unlike_columns or differences(both, name, grain)
    assert len(found) > 50
    assert {name: what for name, what in found.items() if what} == {}
