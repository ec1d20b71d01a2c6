"""What a release needs, begun beside the parts of the run that come before it and keep one processor busy.

The gate's process loads Great Expectations from the start. What to hide is worked out from the moment that
the results of units are there, before their scales, and taken only where the aggregate in the end holds the
same. In a process that doesn't make the whole run, the release does all of it itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from pipelines.parallel import kept
from pipelines.release import control, gate
from pipelines.release.hierarchy import Limits
from pipelines.release.shares import Shares
from pipelines.settings import duckdb_config

Judging = Callable[[], list[gate.Judgement]]
#: Of the run that this process makes: what ends with it, the gate's process, and the shares begun with, by
#: what they are of.
_run: ExitStack | None = None
_gate: Callable[[Judging], Judging] | None = None
_begun: dict[tuple[Path, str, Limits], Shares] = {}


@contextmanager
def whole_run(workers: int) -> Iterator[None]:
    """Within the block this process makes a whole run. What it begins and nobody takes ends with it."""
    global _run, _gate  # noqa: PLW0603  steps of a run have nothing else in common
    try:
        with ExitStack() as _run:
            _gate = _run.enter_context(kept(gate.prepare)) if workers > 1 else None
            yield
    finally:
        _run = _gate = None
        _begun.clear()


def judging(task: Judging) -> Judging:
    """What waits for the gate's task, begun in its process; without one, the task itself."""
    return _gate(task) if _gate else task


def begin(build: Path, limits: Limits, workers: int) -> None:
    """Begin with the results of units in the build database, if this process will release them."""
    if _run is None or workers == 1:
        return
    with duckdb.connect(config=duckdb_config(build)) as db:
        db.execute(f"attach '{build}' as build (read_only)")
        shares = Shares(control.aggregate_rows(db, control.RESULTS), workers)
        _begun[build, control.aggregate_hash(db, control.RESULTS), limits] = shares
    _run.enter_context(shares.begun(limits))


def shares_of(db: duckdb.DuckDBPyConnection, build: Path, limits: Limits, workers: int) -> Shares:
    """The shares of the aggregate in the catalogue ``build``: those begun with, where it is the same."""
    begun = _begun.pop((build, control.aggregate_hash(db), limits), None) if _begun else None
    return begun or Shares(control.aggregate_rows(db), workers)
