"""What a release directory holds besides the database and its Parquet, made before it is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.release import bi, dictionary
from pipelines.release.described import described
from pipelines.release.exports import export_all
from pipelines.release.pages import build_pages

#: Grains of the tables that the release step makes itself: dbt's manifest doesn't know them.
OWN_GRAINS = {
    "dq_suppression": ("table_name", "column_name", "rule"),
    "rpt_statistic": (
        "unit_type",
        "unit_id",
        "indicator_id",
        "school_year",
        "period",
        "assessment_id",
        "subgroup",
    ),
}


def complete(
    folder: Path,
    database: Path,
    manifest: Mapping[str, Any],
    texts: Mapping[str, str],
    school_pages: int | None = None,
) -> None:
    """Declare keys and views in the database, then write pages, exports and documentation beside it.

    ``manifest`` is dbt's; ``texts`` are Markdown texts by file name, kept as pages of ``docs/``. Of more than
    ``school_pages`` schools none gets a page of its own.
    """
    published = {t.name for t in described(database)}
    grains = {**dictionary.grains(manifest), **OWN_GRAINS}
    bi.declare_keys(database, {t: g for t, g in grains.items() if t in published})
    bi.label_views(database)
    build_pages(database, folder / "pages", most_schools=school_pages)
    export_all(database, folder)
    dictionary.write_docs(folder / "docs", described(database), manifest, texts)
