"""What a release directory holds besides the database, made before it is sealed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.parallel import each
from pipelines.release import bi, dictionary
from pipelines.release.described import described
from pipelines.release.exports import exports
from pipelines.release.pages import build_pages
from pipelines.release.pages.language import LANGUAGES, Language
from pipelines.release.publish import write_parquet

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
    workers: int = 1,
) -> None:
    """Declare keys and views in the database, then write Parquet, pages, exports and documentation beside it.

    ``manifest`` is dbt's; ``texts`` are Markdown texts by file name, kept as pages of ``docs/``. Of more than
    ``school_pages`` schools none gets a page of its own. A large release is written by ``workers`` processes.
    """
    published = {t.name for t in described(database)}
    grains = {**dictionary.grains(manifest), **OWN_GRAINS}
    bi.declare_keys(database, {t: g for t, g in grains.items() if t in published})
    bi.label_views(database)
    tables = described(database)
    workers = workers if sum(t.rows or 0 for t in tables) > LARGE else 1
    # languages written together read the database once; a third worker would have nothing to do then
    together: list[Sequence[Language]] = [LANGUAGES] if workers < 3 else [(lang,) for lang in LANGUAGES]
    tasks: list[Callable[[], object]] = [
        *(
            partial(build_pages, database, folder / "pages", most_schools=school_pages, languages=languages)
            for languages in together
        ),
        *exports(database, folder, has_parquet=True),
        partial(write_parquet, folder, database),
        partial(dictionary.write_docs, folder / "docs", tables, manifest, texts),
    ]
    each(tasks, workers)


#: Rows of a release below which a second process costs more than it saves.
LARGE = 300_000
