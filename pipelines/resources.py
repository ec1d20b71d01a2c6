"""What assets are given: the settings, the ledger, and dbt running in this very process."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.parsed_project import common_flags, parsed_project, project_version
from pipelines.settings import DBT_PROJECT, Settings, duckdb_config


class UrovenResource(dg.ConfigurableResource):
    """The settings of the run and what is opened by them. ``home`` and ``inbox`` override the environment."""

    home: str = ""
    inbox: str = ""

    def settings(self) -> Settings:
        overrides: dict[str, Any] = {}
        if self.home:
            overrides["home"] = Path(self.home)
        if self.inbox:
            overrides["inbox"] = Path(self.inbox)
        return Settings(**overrides)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[UrovenResource]:
        """Steps run while this process holds the home: two runs never write it at once. Sensors only look."""
        from pipelines.lock import home_lock  # noqa: PLC0415

        settings = self.settings()
        if context.dagster_run is None:
            yield self
            return
        with home_lock(settings.home, settings.lock_seconds, context.log.info if context.log else None):
            yield self

    def ledger(self) -> Any:
        """The ledger; what it lacks of the vault's journal is entered first."""
        from pipelines.intake.vault import open_ledger  # noqa: PLC0415

        return open_ledger(self.settings())


class DbtInProcess(dg.ConfigurableResource):
    """dbt's own programmatic runner: no second interpreter, no second parse.

    Its events become Dagster's as they come (dagster-dbt's own conversion).
    """

    def build(
        self, context: dg.AssetExecutionContext, settings: Settings, manifest: dict[str, Any], translator: Any
    ) -> Iterator[Any]:
        """Run ``dbt build`` for the step's selection and yield Dagster events.

        Raises dagster.Failure with the first messages when a model or a test of severity error fails.
        """
        from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage  # noqa: PLC0415

        from pipelines.logs import peak_memory_mb  # noqa: PLC0415

        settings.build.mkdir(parents=True, exist_ok=True)
        if drop_damaged(settings.warehouse):
            context.log.warning("База сборки была повреждена и удалена: полный прогон строит её заново.")
        names = _selected(context, manifest)
        events: queue.Queue[Any] = queue.Queue()
        outcome: list[Any] = []

        def work() -> None:
            try:
                with selection(names, settings) as chosen:
                    # parsing has written the manifest: each part would write it, and its results, anew
                    arguments = ["build", "--no-write-json", "--exclude-resource-type", "unit_test"]
                    outcome.append(run_dbt([*arguments, "--select", *chosen], settings, events.put))
            except BaseException as error:
                outcome.append(error)
            finally:
                events.put(None)

        thread = threading.Thread(target=work, name="dbt", daemon=True)
        thread.start()
        failures: list[str] = []
        try:
            while (message := events.get()) is not None:
                status = message["data"].get("node_info", {}).get("node_status")
                if status in ("error", "fail"):
                    failures.append(message["info"]["msg"])
                event = DbtCoreCliEventMessage(raw_event=message, event_history_metadata={})
                for made in event.to_default_asset_events(
                    manifest=manifest, dagster_dbt_translator=translator, context=context
                ):
                    if isinstance(made, dg.Output):  # a model: its duration is there, the memory is added
                        memory = {"peak_memory_mb": peak_memory_mb()}
                        yield made.with_metadata({**made.metadata, **memory})
                    else:
                        yield made
        finally:
            thread.join()  # dbt must not outlive the step: the next one opens the same database
        result = outcome[0]
        if isinstance(result, BaseException):
            raise result
        if not result.success:
            reasons = _reasons(result, settings) or failures
            raise dg.Failure("dbt build failed:\n" + "\n".join(reasons[:20]))


#: What DuckDB says of a file that it can't make sense of, and not of one that somebody else holds.
_DAMAGED = (
    "Corrupt database file",
    "not a valid DuckDB database file",
    "Could not read enough bytes",
    "replaying WAL",
)


def drop_damaged(database: Path) -> bool:
    """Remove a build database that is damaged, and its log: all of it can be made anew; whether it was."""
    import duckdb  # noqa: PLC0415

    if not database.exists():
        return False
    try:
        with duckdb.connect(str(database), read_only=True) as db:
            db.execute("select count(*) from duckdb_columns()")
    except duckdb.ConnectionException:  # this process has it open
        return False
    except duckdb.Error as error:
        if not any(sign in str(error) for sign in _DAMAGED):
            raise
        database.unlink()
        database.with_name(f"{database.name}.wal").unlink(missing_ok=True)
        return True
    return False


def _reasons(result: Any, settings: Settings) -> list[str]:
    """What failed; of a failed test its first rows, so that the file at fault can be found."""
    import duckdb  # noqa: PLC0415

    if result.exception:
        return [str(result.exception)]
    out = []
    for r in result.result:
        if r.status not in ("error", "fail"):
            continue
        out.append(f"{r.node.name}: {r.message}")
        if r.status == "fail" and r.node.compiled_code:
            with duckdb.connect(str(settings.warehouse), read_only=True) as db:
                rows = db.execute(f"select * from ({r.node.compiled_code}) limit 5")  # noqa: S608
                names = [d[0] for d in rows.description or ()]
                out += [f"  {dict(zip(names, row, strict=True))}" for row in rows.fetchall()]
    return out


def _selected(context: dg.AssetExecutionContext, manifest: dict[str, Any]) -> set[str]:
    """dbt's names of the models, seeds and tests that this step is to build.

    Tests are named too: one that links a table to a table of an earlier part is not selected with its model.
    """
    from dagster_dbt.asset_utils import get_asset_keys_to_resource_props  # noqa: PLC0415

    from pipelines.assets.warehouse import TRANSLATOR  # noqa: PLC0415

    props = get_asset_keys_to_resource_props(manifest, TRANSLATOR)
    models = {props[key]["name"] for key in context.selected_asset_keys if key in props}
    return models | {key.name for key in context.selected_asset_check_keys}


def _code_version() -> str:
    """What, changed, makes tables of the build database void whose inputs are still the same."""
    import duckdb  # noqa: PLC0415

    from pipelines.intake.stages import code_version  # noqa: PLC0415

    return f"{code_version()}-{project_version(DBT_PROJECT)}-{duckdb.__version__}"


#: The nodes of the step that is running have it while it runs.
_STEP_TAG = "running_step"


@contextmanager
def selection(names: set[str], settings: Settings) -> Iterator[list[str]]:
    """What ``--select`` is to be told, so that dbt builds the models, seeds and tests with these names.

    dbt compares each name with each node, three times over: the names of one step cost seconds. The nodes get
    a tag instead, for as long as the step runs.
    """
    parsed = parsed_project(settings.lake)
    before = [(node, node.tags) for node in parsed.nodes.values() if node.name in names]
    for node, tags in before:
        node.tags = [*tags, _STEP_TAG]
    try:
        yield [f"tag:{_STEP_TAG}"]
    finally:
        for node, tags in before:
            node.tags = tags


def dbt_environment(settings: Settings, database: Path | None = None) -> dict[str, str]:
    limits = duckdb_config(database or settings.warehouse)
    return {
        "UROVEN_CODE": _code_version(),
        "UROVEN_LAKE": str(settings.lake),
        "UROVEN_BUILD": str(database or settings.warehouse),
        "UROVEN_MEMORY_LIMIT": settings.memory_limit,
        "UROVEN_SPILL_TO": limits["temp_directory"],
        "UROVEN_SPILL_LIMIT": settings.spill_limit,
        "DBT_PROFILES_DIR": str(DBT_PROJECT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def run_dbt(
    arguments: list[str], settings: Settings, on_event: Any = None, database: Path | None = None
) -> Any:
    """Invoke dbt in this process; ``on_event`` gets the outcome of each node, a structured event as a dict.

    It works on the build database, or on the one given.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415
    from dbt.cli.main import dbtRunner  # noqa: PLC0415
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

    os.environ.update(dbt_environment(settings, database))

    def hand_on(event: Any) -> None:
        # of some thirty events a node one is its outcome: only that is worth being taken apart
        if on_event and event.info.name.startswith("Log") and event.info.name.endswith("Result"):
            on_event(MessageToDict(event, preserving_proto_field_name=True))

    try:
        runner = dbtRunner(manifest=parsed_project(settings.lake), callbacks=[hand_on])
        return runner.invoke([*arguments, *common_flags(settings.dbt_target)])
    finally:
        # the adapter keeps the database open for the process: the next step could not attach it
        opened = DuckDBConnectionManager._ENV
        if opened is not None:
            opened.close()
            DuckDBConnectionManager._ENV = None
