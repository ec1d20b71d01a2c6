"""Jobs: the whole run, headless or by schedule; parts of it are chosen in the UI."""

from __future__ import annotations

import dagster as dg

from pipelines.partitions import SCHOOL_YEARS

#: Everything from the inbox to the release, as one run over a range of years in one process.
FULL_RUN = dg.define_asset_job(
    "full_run",
    selection=dg.AssetSelection.all(),
    description="Inbox → vault → landed → accepted → warehouse → release.",
    partitions_def=SCHOOL_YEARS,
    executor_def=dg.in_process_executor,
)
