"""What a run needs later, begun beside parts of it that leave a processor idle.

dbt is loaded while files are validated, Great Expectations in the gate's process while dbt runs. What to hide
is worked out from the moment that the results of units are there, before their scales, and taken only where
the aggregate in the end holds the same. In a process that doesn't make the whole run, each step does all of
its work itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # else each step of a run would load what it asks for in vain
    import duckdb

    from pipelines.release.gate import Judgement
    from pipelines.release.hierarchy import Limits
    from pipelines.release.shares import Shares

    Judging = Callable[[], list[Judgement]]
#: The model that release control can begin with: the results of units, before their scales.
RESULTS = "int_unit_result"
#: Of the run that this process makes: what ends with it, the gate's process, and the shares begun with, by
#: what they are of.
_run: ExitStack | None = None
_gate: Callable[[Judging], Judging] | None = None
_begun: dict[tuple[Path, str, Limits], Shares] = {}


@contextmanager
def whole_run(workers: int) -> Iterator[None]:
    """Within the block this process makes a whole run, if it has processes to work beside it.

    What it begins and nobody takes ends with it.
    """
    global _run, _gate  # noqa: PLW0603  steps of a run have nothing else in common
    try:
        with ExitStack() as stack:
            _run = stack if workers > 1 else None
            yield
    finally:
        _run = _gate = None
        _begun.clear()


def load_dbt(lake: Path) -> None:
    """Load dbt and its project in a thread. What is wrong with it is said when it is needed."""
    if _run is None:
        return

    def load() -> None:
        with suppress(Exception):
            import dbt.adapters.duckdb  # noqa: PLC0415
            import dbt.cli.main  # noqa: F401, PLC0415

            from pipelines.parsed_project import parsed_project  # noqa: PLC0415

            parsed_project(lake)

    loading = threading.Thread(target=load, name="load dbt")
    loading.start()
    _run.callback(loading.join)


def load_gate() -> None:
    """Start the gate's process, which loads what judging needs."""
    global _gate  # noqa: PLW0603
    if _run is not None and _gate is None:
        from pipelines.parallel import kept  # noqa: PLC0415
        from pipelines.release import gate  # noqa: PLC0415

        _gate = _run.enter_context(kept(gate.prepare))


def judging(task: Judging) -> Judging:
    """What waits for the gate's task, begun in its process; without one, the task itself."""
    return _gate(task) if _gate else task


def begin(build: Path, workers: int) -> None:
    """Begin with the results of units in the build database, if this process will release them."""
    if _run is None:
        return
    import duckdb  # noqa: PLC0415

    from pipelines.release import control  # noqa: PLC0415
    from pipelines.release.hierarchy import Limits  # noqa: PLC0415
    from pipelines.release.shares import Shares  # noqa: PLC0415
    from pipelines.settings import duckdb_config  # noqa: PLC0415

    limits = Limits()
    with duckdb.connect(config=duckdb_config(build)) as db:
        db.execute(f"attach '{build}' as build (read_only)")
        shares = Shares(control.aggregate_rows(db, RESULTS), workers)
        _begun[build, control.aggregate_hash(db, RESULTS), limits] = shares
    _run.enter_context(shares.begun(limits))


def shares_of(db: duckdb.DuckDBPyConnection, build: Path, limits: Limits, workers: int) -> Shares:
    """The shares of the aggregate in the catalogue ``build``: those begun with, where it is the same."""
    from pipelines.release import control  # noqa: PLC0415
    from pipelines.release.shares import Shares  # noqa: PLC0415

    begun = _begun.pop((build, control.aggregate_hash(db), limits), None) if _begun else None
    return begun or Shares(control.aggregate_rows(db), workers)
