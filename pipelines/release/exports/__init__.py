"""Exports for exchange, made from the published database alone.

- ``datapackage``: a Data Package, every table as CSV and Parquet, with keys and code lists;
- ``sdmx``: the cube ``rpt_statistic`` as SDMX-CSV 2.0 with its SDMX-ML 2.1 structure;
- ``workbook``: an xlsx for officials.

All are ordered, so the same database gives the same bytes.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipelines.release.exports.datapackage import write_datapackage
from pipelines.release.exports.sdmx import write_sdmx
from pipelines.release.exports.workbook import write_workbook

__all__ = ["exports", "write_datapackage", "write_sdmx", "write_workbook"]


def exports(database: Path, out: Path, *, has_parquet: bool = False) -> list[Callable[[], object]]:
    """What writes every export into ``out``, the release's directory, which is itself the Data Package.

    The longest first; none depends on another.
    """
    return [
        partial(write_workbook, database, out / "exports" / "uroven.xlsx"),
        partial(write_sdmx, database, out / "exports" / "sdmx"),
        partial(write_datapackage, database, out, has_parquet=has_parquet),
    ]
