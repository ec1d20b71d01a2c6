"""What a release directory holds besides the database and its Parquet, made before it is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.release import bi, dictionary
from pipelines.release.described import described
from pipelines.release.exports import export_all
from pipelines.release.pages import build_pages


def complete(folder: Path, database: Path, manifest: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    """Declare keys and views in the database, then write pages, exports and documentation beside it.

    ``manifest`` is dbt's; ``texts`` are Markdown texts by file name, kept as pages of ``docs/``.
    """
    published = {t.name for t in described(database)}
    bi.declare_keys(database, {t: g for t, g in dictionary.grains(manifest).items() if t in published})
    bi.label_views(database)
    build_pages(database, folder / "pages")
    export_all(database, folder)
    dictionary.write_docs(folder / "docs", described(database), manifest, texts)
