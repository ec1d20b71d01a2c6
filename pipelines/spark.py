"""The dbt project on Apache Spark: the same lake in, the same marts out, as Parquet.

What the Python steps made of score counts and results is read from the lake as it lies there. Needs the
extra ``spark`` (dbt-spark, pyspark) and Java 17; see docs/spark.md. ``python -m pipelines.spark`` builds all.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pipelines.parsed_project import common_flags
from pipelines.resources import dbt_environment
from pipelines.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession

#: The schema of the profile's target ``spark``, and the folder that Spark keeps its tables in.
SCHEMA = "uroven"
FOLDER = f"{SCHEMA}.db"


def start_session(master: str, warehouse: Path, memory_limit: str) -> SparkSession:
    """Start the Spark session of this process, on cores of this machine (``local[2]``) or a cluster.

    Its catalog is held in memory: tables are known to this session alone, their Parquet under ``warehouse``
    stays.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415

    settings = {
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(warehouse.resolve()),
        "spark.driver.memory": memory_limit.lower().removesuffix("b"),  # 4GB: DuckDB's way, 4g: Java's
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
    }
    if master.startswith("local"):
        settings["spark.sql.shuffle.partitions"] = str(os.cpu_count() or 1)  # of 200, most would be empty
    return SparkSession.builder.master(master).config(map=settings).getOrCreate()


class _SessionPythonModel:
    """Runs a dbt Python model in this process, as dbt-duckdb does: dbt-spark knows Databricks only.

    dbt's generated code asks ``spark`` for the relations that the model refers to, of which it reads columns
    (``project``) as pandas frames (``df``), and hands the frame it returns to ``createDataFrame``.
    """

    def __init__(self, parsed_model: dict[str, Any], credentials: Any) -> None:
        from pyspark.sql import SparkSession  # noqa: PLC0415

        self._session = SparkSession.builder.getOrCreate()

    def submit(self, compiled_code: str) -> None:
        exec(compiled_code, {"spark": SimpleNamespace(table=self._relation, createDataFrame=self._frame)})

    def _relation(self, name: str) -> SimpleNamespace:
        return self._as_duckdb(self._session.table(name))

    def _as_duckdb(self, table: DataFrame) -> SimpleNamespace:
        """What models ask of DuckDB's relations, of a Spark table."""

        def project(columns: str) -> SimpleNamespace:
            return self._as_duckdb(table.select(*columns.split(", ")))

        return SimpleNamespace(df=table.toPandas, project=project)

    def _frame(self, frame: pd.DataFrame) -> DataFrame:
        import pyarrow as pa  # noqa: PLC0415

        # by way of Arrow: pyspark 4 knows the types of pandas 2
        return self._session.createDataFrame(pa.Table.from_pandas(frame, preserve_index=False))


def run_dbt(arguments: Sequence[str], settings: Settings) -> Any:
    """Invoke dbt in this process on its target ``spark``, over the session that was started."""
    from dbt.adapters.spark import SparkAdapter  # noqa: PLC0415
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    SparkAdapter.default_python_submission_method = "session"
    SparkAdapter.python_submission_helpers = {"session": _SessionPythonModel}
    os.environ.update(dbt_environment(settings))
    target = settings.dbt_target / "spark"
    return dbtRunner().invoke([*arguments, "--target", "spark", *common_flags(target)])


def build(settings: Settings, warehouse: Path, master: str, arguments: Sequence[str]) -> list[str]:
    """Register the lake of the home, then run dbt's command; returns what failed, empty where nothing did.

    The tables of an earlier call are deleted first: this session's catalog doesn't know them.
    """
    shutil.rmtree(warehouse / FOLDER, ignore_errors=True)
    session = start_session(master, warehouse, settings.memory_limit)
    try:
        for command in (["run-operation", "register_sources"], list(arguments)):
            result = run_dbt(command, settings)
            if result.exception:
                return [str(result.exception)]
            if not result.success:
                bad = [r for r in result.result if r.status in ("error", "fail")]
                # what an operation gives back has no node
                return [f"{r.node.name if hasattr(r, 'node') else r.unique_id}: {r.message}" for r in bad]
        return []
    finally:
        session.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--master", default="local[*]", help="Spark's master (%(default)s)")
    parser.add_argument("--warehouse", type=Path, help="where the tables go (<home>/build/spark)")
    parser.add_argument("dbt", nargs="*", default=["build"], help="dbt's command (build)")
    options, more = parser.parse_known_args()
    settings = Settings()
    warehouse = options.warehouse or settings.build / "spark"
    failures = build(settings, warehouse, options.master, [*options.dbt, *more])
    for failure in failures:
        print(failure)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
