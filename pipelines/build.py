"""Puts the graph together; tests make the same graph with other resources."""

from __future__ import annotations

import dagster as dg

from pipelines.assets import accepted, calendar, landed, programme, released, scales
from pipelines.assets.warehouse import warehouse_assets
from pipelines.jobs import FULL_RUN
from pipelines.progress import progress
from pipelines.resources import DbtInProcess, UrovenResource


def definitions(uroven: UrovenResource | None = None) -> dg.Definitions:
    """All assets, checks and jobs, with the given resource or one that reads the environment."""
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
        jobs=[FULL_RUN],
        loggers={"progress": progress},
        resources={"uroven": uroven or UrovenResource(), "dbt": DbtInProcess()},
    )
