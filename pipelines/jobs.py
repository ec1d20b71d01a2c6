"""Jobs: the whole run, the release alone, its freshness. Parts are chosen in the UI."""

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

#: The accepted rows as they are, made into a release: after a backfill of past years, or of changed code.
REMAKE_RELEASE = dg.define_asset_job(
    "remake_release",
    selection=dg.AssetSelection.all() - dg.AssetSelection.key_prefixes("vault", "landed", "accepted"),
    description="Accepted rows → warehouse → release.",
    executor_def=dg.in_process_executor,
)

#: Is the release the one that the calendar calls for?
CHECK_FRESHNESS = dg.define_asset_job(
    "check_freshness",
    selection=dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey(["release", "current"]), "fresh")),
    description="Checks that the release followed the last due date and takes in what was sent.",
    executor_def=dg.in_process_executor,
)
