"""Puts the graph together; tests make the same graph with other resources."""

from __future__ import annotations

import dagster as dg

from pipelines.assets import accepted, calendar, landed, programme, released, scales
from pipelines.assets.warehouse import warehouse_assets
from pipelines.checks import release_is_fresh
from pipelines.jobs import CHECK_FRESHNESS, FULL_RUN, REMAKE_RELEASE
from pipelines.progress import progress
from pipelines.resources import DbtInProcess, UrovenResource
from pipelines.schedules import schedules
from pipelines.sensors import SENSORS


def definitions(uroven: UrovenResource | None = None) -> dg.Definitions:
    """All assets, checks and jobs, with the given resource or one that reads the environment."""
    uroven = uroven or UrovenResource()
    return dg.Definitions(
        assets=[
            landed.vault_files,
            landed.land,
            accepted.accept,
            accepted.ledger_tables,
            accepted.returned_workbooks,
            calendar.expected_submissions,
            *warehouse_assets(),
            *scales.ASSETS,
            *programme.ASSETS,
            released.release_asset(),
        ],
        asset_checks=[release_is_fresh],
        jobs=[FULL_RUN, REMAKE_RELEASE, CHECK_FRESHNESS],
        schedules=schedules(uroven.settings()),
        sensors=SENSORS,
        executor=dg.in_process_executor,
        loggers={"progress": progress},
        resources={"uroven": uroven, "dbt": DbtInProcess()},
    )
