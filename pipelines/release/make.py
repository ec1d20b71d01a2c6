"""Makes a release of the build database: control, cube, attack, gate, and only then publication."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pandas as pd

from pipelines import ahead
from pipelines.parallel import beside
from pipelines.release import control, cube, gate, lineage, own_columns, revision
from pipelines.release.hierarchy import Limits
from pipelines.release.publish import Release, current_release, publish, unchanged, write_parquet
from pipelines.release.shares import Shares
from pipelines.settings import DBT_PROJECT, duckdb_config

#: Made in the release step, beside the marts.
OWN_TABLES = (
    "dim_indicator", "dim_code", "rpt_statistic", "brg_submission_content", "dq_suppression", "dq_gate_result"
)  # fmt: skip


class Stopped(Exception):
    """The release was not made: the message says why, in Russian."""


@dataclass(frozen=True)
class Made:
    """What became of it. ``unruled``: marts that no rule names, so that they were not published."""

    release: Release
    rows: dict[str, int]
    unruled: list[str]
    warnings: list[str]


def rule_versions() -> str:
    """Hashes of all seeds (rules, registries, thresholds) and the limits of release control, as JSON."""
    seeds = {
        p.stem: hashlib.sha256(p.read_bytes()).hexdigest()[:12]
        for p in sorted((DBT_PROJECT / "seeds").glob("*.csv"))
    }
    return json.dumps({"seeds": seeds, "release_control": asdict(Limits())}, sort_keys=True)


def make_release(
    build: Path,
    releases: Path,
    current: Path,
    tables: Sequence[str],
    *,
    inputs: str,
    code_version: str,
    region: str,
    accept_jumps: str = "",
    reason: str = "",
    workers: int = 1,
    complete: Callable[[Path, Path], None] = write_parquet,
) -> Made:
    """Make the release of ``tables``, or keep the current one when nothing changed.

    Raises Stopped, the current release staying as it is, when hidden numbers can be recovered or the gate
    finds what must not be published.
    """
    rules = control.read_rules()
    wanted = control.publishable(tables, rules)
    unruled = [t for t in tables if t not in rules]
    published = [*wanted, *OWN_TABLES]
    if same := unchanged(releases, current, published, inputs):
        return Made(*same, unruled, [])
    now = current_release(current)
    limits = Limits()
    with duckdb.connect(config=duckdb_config(build)) as db:
        db.execute("set threads = 1")
        db.execute(f"attach '{build}' as build (read_only)")
        db.execute("attach ':memory:' as out")  # the frames are thrown away: what has no room spills
        shares = ahead.shares_of(db, build, limits, workers)
        control.write_frames(db, wanted, rules, limits, shares)
        cube.write_lists(db)
        judged = ahead.judging(gate.judgement(db, current if now else None, accept_jumps))
        db.execute("reset threads")  # frames are made by threads of Python, what follows by DuckDB's own
        with stop_if_recovered(db, limits, shares):
            cube.write_cube(db, region)
            lineage.write_lineage(db)
            results = judged()
            if now:
                results += revision.judge(db, current, limits, shares)
        gate.write_results(db, results)
        own_columns.describe_columns(db, OWN_TABLES)
        if failed := [r.message_ru for r in results if r.outcome == "failed"]:
            jumped = any(r.outcome == "failed" and r.kind == "jump" for r in results)
            advice = ". Если изменения верны, повторите с --accept-jumps «почему»" if jumped else ""
            raise Stopped("Выпуск не пропущен проверкой правдоподобия: " + "; ".join(failed[:10]) + advice)
        release, rows = publish(
            db,
            releases,
            current,
            published,
            inputs=inputs,
            code_version=code_version,
            rule_versions=rule_versions(),
            reason=reason,
            complete=complete,
        )
    return Made(release, rows, unruled, [r.message_ru for r in results if r.outcome == "warned"])


@contextmanager
def stop_if_recovered(
    db: duckdb.DuckDBPyConnection, limits: Limits, shares: Shares | None = None
) -> Iterator[None]:
    """Attack the frames as they stand in ``out``, beside the block: what of the aggregate can be worked out.

    A cell that should be hidden and stands open counts as recovered. At the block's end raises Stopped naming
    the first cells recovered.
    """
    shares = shares or Shares(control.aggregate_rows(db))
    tasks = shares.attacks(control.shown(db), control.shown_quartiles(db), limits)
    with beside(tasks, shares.workers) as results:
        yield
        found = pd.concat(results(), ignore_index=True)
    if len(found):
        named = "; ".join(
            f"{r.unit_type} {r.unit_id}, {r.assessment_id}, {r.subgroup} ({r.layer})"
            for r in found.head(5).itertuples()
        )
        raise Stopped(f"Скрытые числа восстанавливаются по опубликованным ({len(found)}): {named}")
