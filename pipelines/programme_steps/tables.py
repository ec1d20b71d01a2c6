"""What the programme steps read and write: queries of the build database, Parquet tables in one order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from pipelines.files import has_schema, write_parquet
from pipelines.settings import duckdb_config

_KINDS = {"text": pa.string(), "whole": pa.int64(), "real": pa.float64(), "flag": pa.bool_()}


def _schema(key: str, **columns: str) -> pa.Schema:
    """Columns by kind; `key` names those that decide the order of rows."""
    fields = [pa.field(name, _KINDS[kind]) for kind, names in columns.items() for name in names.split()]
    return pa.schema(fields, metadata={"key": key})


#: One entry a table that a step writes.
SCHEMAS: dict[str, pa.Schema] = {
    "social_index": _schema(
        "school_id school_year",
        text="school_id index_version",
        whole="school_year quantile n_components",
        real="social_index social_index_percentile",
    ),
    "index_weight": _schema(
        "school_year component",
        text="component index_version weighting",
        whole="school_year orientation schools_n",
        real="mean sd weight",
    ),
    "context_model": _schema(
        "assessment_id",
        text="assessment_id weighting",
        whole="schools_n terms_n influential_n",
        real="r_squared adjusted_r_squared residual_sd f_p_value normality_p_value "
        "heteroscedasticity_p_value largest_leverage largest_cook largest_vif",
        flag="is_low_r_squared",
    ),
    "context_coefficient": _schema(
        "assessment_id term",
        text="assessment_id term",
        real="estimate se robust_se p_value ci_low ci_high vif",
    ),
    "expected_result": _schema(
        "school_id assessment_id",
        text="school_id assessment_id se_basis",
        real="observed expected residual residual_se ci_low ci_high leverage cook",
    ),
    "year_result": _schema(
        "school_id school_year subject",
        text="school_id subject",
        whole="school_year preference results_n modelled_n",
        real="z_score modelled_z residual_z residual_z_se ci_low ci_high chance_share",
    ),
    "peer_match": _schema(
        "school_id school_year rank",
        text="school_id partner_school_id status reason_code reason_ru reason_en",
        whole="school_year rank",
        real="distance gap",
    ),
    "effect": _schema(
        "cohort subject baseline_year end_year",
        text="cohort subject method",
        whole="baseline_year end_year supported_n matched_n controls_n unsupported_n",
        real="baseline_supported baseline_controls naive_change naive_ci_low naive_ci_high "
        "regression_to_mean controls_change effect effect_se ci_low ci_high p_value largest_imbalance",
    ),
}


@contextmanager
def reading(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build database, read only."""
    with duckdb.connect(str(warehouse), read_only=True, config=duckdb_config(warehouse)) as db:
        yield db


def parameters(db: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """The settings of the seed `context_parameter`."""
    return dict(db.execute("select parameter, cast(value as double) from context_parameter").fetchall())


def table_of(name: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The parts as one frame; without parts an empty one with the table's columns."""
    return pd.concat(parts, ignore_index=True) if parts else SCHEMAS[name].empty_table().to_pandas()


def write_table(folder: Path, table: str, rows: pd.DataFrame) -> int:
    """Write a table whole, ordered by its key, NaN as null; a reader sees the old or the new file.

    Returns the number of rows.
    """
    schema = SCHEMAS[table]
    built = pa.Table.from_pandas(rows.reindex(columns=schema.names), schema, preserve_index=False)
    key = schema.metadata[b"key"].decode().split()
    built = built.sort_by([(name, "ascending") for name in key]).replace_schema_metadata(None)
    write_parquet(built, _path(folder, table))
    return len(built)


def ensure_tables(folder: Path) -> None:
    """Every table exists, if only without rows, in the columns of today."""
    for table, schema in SCHEMAS.items():
        if not has_schema(_path(folder, table), schema):
            write_table(folder, table, schema.empty_table().to_pandas())


def _path(folder: Path, table: str) -> Path:
    return folder / table / "part.parquet"
