"""The flow without its release: for tests of the build database on inputs whose release takes minutes."""

from __future__ import annotations

import sys

#: Steps whose results a reader of the build database does not need.
LEFT_OUT = ("release", "returned")


def main() -> int:
    """Run all assets but ``LEFT_OUT`` over UROVEN_INBOX, for the years that its files tell of."""
    import os  # noqa: PLC0415

    from pipelines.headless import dagster_home, ensure_manifest, expected_years, kept_connections  # noqa: PLC0415
    from pipelines.intake.vault import open_ledger  # noqa: PLC0415
    from pipelines.settings import Settings  # noqa: PLC0415

    settings = Settings()
    os.environ["DAGSTER_HOME"] = str(dagster_home(settings))
    ensure_manifest(settings)
    import dagster as dg  # noqa: PLC0415

    from pipelines.definitions import defs  # noqa: PLC0415
    from pipelines.partitions import range_tags  # noqa: PLC0415

    years = expected_years(settings, open_ledger(settings))
    # a line for each of a thousand events would be drawn and read by nobody
    quiet = {"loggers": {"progress": {"config": {"quiet": True}}}}
    with kept_connections(), dg.DagsterInstance.get() as instance:
        job = defs.resolve_job_def("full_run")
        keys = [k for k in job.asset_layer.selected_asset_keys if k.path[0] not in LEFT_OUT]
        result = job.execute_in_process(
            instance=instance, tags=range_tags(years), asset_selection=keys, run_config=quiet
        )
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main())
