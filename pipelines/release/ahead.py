"""What to hide of the aggregate, worked out beside the parts of a run that lie between it and the release.

Those parts keep one processor busy. What was begun is taken only where the aggregate still is what it was;
else, and in a process that doesn't make the whole run, the release works it out itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from pipelines.release import control
from pipelines.release.hierarchy import Limits
from pipelines.release.shares import Shares
from pipelines.settings import duckdb_config

#: Of the run that this process makes: what ends with it, and the shares begun with, by what they are of.
_run: ExitStack | None = None
_begun: dict[tuple[Path, str, Limits], Shares] = {}


@contextmanager
def whole_run() -> Iterator[None]:
    """Within the block this process makes a whole run. What it begins and nobody takes ends with it."""
    global _run  # noqa: PLW0603  steps of a run have nothing else in common
    try:
        with ExitStack() as _run:
            yield
    finally:
        _run = None
        _begun.clear()


def begin(build: Path, limits: Limits, workers: int) -> None:
    """Begin with the aggregate as it stands in the build database, if this process will release it."""
    if _run is None or workers == 1:
        return
    with duckdb.connect(config=duckdb_config(build)) as db:
        db.execute(f"attach '{build}' as build (read_only)")
        shares = Shares(control.aggregate_rows(db), workers)
        _begun[build, control.aggregate_hash(db), limits] = shares
    _run.enter_context(shares.begun(limits))


def shares_of(db: duckdb.DuckDBPyConnection, build: Path, limits: Limits, workers: int) -> Shares:
    """The shares of the aggregate in the catalogue ``build``: those begun with, where it is the same."""
    begun = _begun.pop((build, control.aggregate_hash(db), limits), None) if _begun else None
    return begun or Shares(control.aggregate_rows(db), workers)
