"""The tables that scaling writes: their columns, and writing them in one move and in one order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.files import has_schema, write_parquet

_TEXT, _INT, _REAL, _FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()


def _columns(
    text: str = "", whole: str = "", real: str = "", flag: str = ""
) -> list[tuple[str, pa.DataType]]:
    parts = ((text, _TEXT), (whole, _INT), (real, _REAL), (flag, _FLAG))
    return [(name, kind) for names, kind in parts for name in names.split()]


_UNIT = "unit_type unit_id assessment_id subgroup"
#: One entry a table: its key columns come first and decide the order of the rows.
SCHEMAS: dict[str, pa.Schema] = {
    name: pa.schema(columns)
    for name, columns in {
        "assessment": _columns(
            "assessment_id status scale_type model linked_to reference_assessment_id message_ru message_en",
            "n items_n iterations nodes",
            "latent_mean latent_mean_se latent_sd latent_sd_se reference_mean reference_sd wle_reliability "
            "eap_reliability log_likelihood link_error cut_3 cut_4 cut_5",
        ),
        "item": _columns(
            "assessment_id form item calibrated_as status fit_status steps intercepts",
            "",
            "difficulty_logit difficulty_se infit outfit",
            "is_anchor",
        ),
        "dif": _columns(
            "assessment_id form item dimension reference_group focal_group method dif_class status",
            "reference_n focal_n",
            "effect effect_se chi2 p_value p_adjusted",
            "is_matching",
        ),
        "score_scale": _columns("assessment_id form", "raw_score", "theta_wle theta_se scale_score scale_se"),
        "form": _columns("assessment_id form status message_ru message_en"),
        "gate": _columns("assessment_id gate", "", "value limit", "passed"),
        "link": _columns("assessment_id linked_to anchor_item", "", "drift z", "kept"),
        "message": _columns("assessment_id code subject message_ru message_en"),
        "result_scale": _columns(
            "assessment_id variant", "n", "result_score percentile z_score t_score scale_score"
        ),
        "unit": _columns(
            _UNIT + " posterior_status",
            "scored_n",
            "mean_scale_score scale_se scale_ci_low scale_ci_high scale_sd scale_sd_se shrunken_mean "
            "shrunken_ci_low shrunken_ci_high reliability level_2_share level_3_share level_4_share "
            "level_5_share level_2_se z_score t_score percentile",
        ),
        "variance": _columns(
            "assessment_id status",
            "schools_n scored_n",
            "within_sd tau2 tau2_se sigma2 sigma2_se icc icc_se",
        ),
        "dynamics": _columns(
            "unit_type unit_id kind subject testing_window scale_type change_kind verdict verdict_basis "
            "relative_verdict break_reason",
            "grade end_year years_n first_year",
            "slope slope_se p_value p_adjusted q_value q_p_value relative_slope relative_slope_se "
            "relative_p_value relative_p_adjusted link_error cohort_variance",
            "break_flag",
        ),
        "objectivity": _columns(
            "school_id assessment_id sign status basis",
            "n",
            "statistic threshold",
            "flagged is_official",
        ),
    }.items()
}
#: What decides the order of the rows, where it is not the text columns that come first.
_ORDER = {
    "score_scale": ["assessment_id", "form", "raw_score"],
    "item": ["assessment_id", "form", "item"],
    "dif": ["assessment_id", "form", "item", "dimension"],
    "result_scale": ["assessment_id", "variant", "result_score"],
    "unit": _UNIT.split(),
    "dynamics": ["unit_type", "unit_id", "kind", "subject", "grade", "testing_window", "end_year"],
    "objectivity": ["school_id", "assessment_id", "sign"],
}
#: The tables of each step.
STEPS = {
    "calibration": (
        "assessment", "item", "dif", "score_scale", "form", "gate", "link", "message", "result_scale",
    ),
    "units": ("unit", "variance"),
    "dynamics": ("dynamics",),
    "objectivity": ("objectivity",),
}  # fmt: skip


def ensure_tables(scales: Path) -> None:
    """Every table exists, if only without rows, in the columns of today."""
    for table, schema in SCHEMAS.items():
        path = table_path(scales, table)
        if not has_schema(path, schema):
            write_table(scales, table, [])


def table_path(scales: Path, table: str) -> Path:
    return scales / table / "part.parquet"


def table_of(table: str, rows: Iterable[Mapping[str, Any]] | pd.DataFrame) -> pa.Table:
    """The rows in the columns of the table, NaN and ∞ as null."""
    schema = SCHEMAS[table]
    if isinstance(rows, pd.DataFrame):
        floats = rows.select_dtypes("float")
        rows = rows.assign(**floats.where(np.isfinite(floats)))  # type: ignore[arg-type]
        return pa.Table.from_pandas(rows.reindex(columns=schema.names), schema, preserve_index=False)
    return pa.Table.from_pylist([{k: _value(r.get(k)) for k in schema.names} for r in rows], schema)


def write_table(
    scales: Path, table: str, rows: Iterable[Mapping[str, Any]] | pd.DataFrame | Sequence[pa.Table]
) -> int:
    """Write a table whole, ordered by its key; a reader sees the old or the new file.

    Many rows are given in parts, by :func:`table_of`. Returns the number of rows.
    """
    schema = SCHEMAS[table]
    is_parts = isinstance(rows, Sequence) and len(rows) > 0 and isinstance(rows[0], pa.Table)
    built = pa.concat_tables(rows) if is_parts else table_of(table, rows)
    first = _ORDER.get(table) or [f.name for f in schema if f.type == _TEXT and "message" not in f.name]
    built = built.sort_by([(name, "ascending") for name in first])
    path = table_path(scales, table)
    write_parquet(built, path)
    return len(built)


def _value(value: Any) -> Any:
    """Plain Python values for Arrow: numpy scalars unpacked, NaN and ∞ as null."""
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and not abs(plain) < float("inf") else plain
