"""A region, a federal district, a country: one year from the accepted rows to the marts, on one machine.

    python -m benchmarks.country --schools 600 6000 40000 [--release] [--keep DIR]

Each size gets a lake of its own (:mod:`benchmarks.lake`) and is then built as the job ``remake_release``
builds it, in one process of its own, with ``UROVEN_MEMORY_LIMIT`` for DuckDB. Seconds, CPU seconds and peak
memory of each step are those of the run's own log; those of CPU leave out what it gave to other processes.
The exponent is the slope of log seconds over log schools across the sizes that were run: 1 is linear. The
release is made only with ``--release``.

Figures of sizes run before stay in ``country.json`` until their size is run again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.lake import YEAR, write_country

OUT = Path(__file__).with_name("country.json")
#: What the lake already holds: the ledger's tables are written with it, there is no sender to return to.
LEFT_OUT = ("ledger", "returned")
#: The models and tests of the warehouse that are worth a line: those that took so many seconds.
SLOW_MODEL_SECONDS = 2.0
SIZES = (600, 6_000, 40_000)
#: Steps shorter than this say nothing of growth.
LEAST_SECONDS = 1.0
Row = dict[str, Any]


def build(schools: int, release: bool) -> None:
    """Run the job of the release over the home of the environment; raises RuntimeError when it fails."""
    from pipelines.headless import dagster_home, ensure_manifest  # noqa: PLC0415
    from pipelines.settings import Settings  # noqa: PLC0415

    settings = Settings()
    os.environ["DAGSTER_HOME"] = str(dagster_home(settings))
    ensure_manifest(settings)
    import dagster as dg  # noqa: PLC0415

    from pipelines.definitions import defs  # noqa: PLC0415

    left_out = LEFT_OUT if release else (*LEFT_OUT, "release")
    with dg.DagsterInstance.get() as instance:
        job = defs.resolve_job_def("remake_release")
        keys = [k for k in job.asset_layer.selected_asset_keys if k.path[0] not in left_out]
        result = job.execute_in_process(instance=instance, asset_selection=keys, raise_on_error=False)
    if not result.success:
        raise RuntimeError(f"the run over {schools} schools failed: see {settings.logs}")


def measured(schools: int, home: Path, release: bool, memory: str) -> Row:
    """Write the lake, where it is not there yet, and build it; what it took."""
    environment = os.environ | {
        "UROVEN_HOME": str(home),
        "UROVEN_TODAY": f"{YEAR}-08-01",
        "UROVEN_MEMORY_LIMIT": memory,
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    note = home / "country.json"
    for part in ("lake", "build"):
        if part == "lake" and note.exists():
            continue
        command = [sys.executable, "-m", "benchmarks.country", "--part", part, "--schools", str(schools)]
        done = subprocess.run(
            [*command, *(["--release"] if release else [])], env=environment, check=False, capture_output=True
        )
        (home / f"{part}.log").write_bytes(done.stdout + done.stderr)
        if done.returncode:
            Console().print(f"[red]{schools} schools: {part} failed[/]: {home / part}.log")
            break
    steps, models = _logged(home / "logs")
    size = sum(p.stat().st_size for p in (home / "build").glob("*.duckdb"))
    return {
        "schools": schools,
        "memory_limit": memory,
        **json.loads(note.read_text()),
        "warehouse_bytes": size,
        "succeeded": not done.returncode,
        "steps": steps,
        "models": models,
    }


def _logged(folder: Path) -> tuple[dict[str, Row], dict[str, float]]:
    """Seconds, CPU seconds and peak memory of each step of the last run; seconds of slow models and tests."""
    lines = [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.open()]
    last = max((i for i, line in enumerate(lines) if line.get("event") == "PIPELINE_START"), default=0)
    steps: dict[str, Row] = {}
    models: dict[str, float] = {}
    for line in lines[last:]:
        if line.get("event") in ("STEP_SUCCESS", "STEP_FAILURE"):
            facts = {"seconds": 0.0, "cpu_seconds": 0.0, "peak_memory_mb": 0}  # a failed step tells none
            steps[line["step"]] = {k: line.get(k, nothing) for k, nothing in facts.items()}
            steps[line["step"]]["succeeded"] = line["event"] == "STEP_SUCCESS"
        elif (seconds := line.get("Execution Duration", 0)) >= SLOW_MODEL_SECONDS:
            name = f"test {line['check']}" if "check" in line else line["asset"].removeprefix("warehouse/")
            models[name] = round(seconds, 1)
    return steps, dict(sorted(models.items(), key=lambda m: -m[1]))


def exponent(schools: list[int], seconds: list[float]) -> float | None:
    """The slope of log seconds over log schools; nothing below two sizes."""
    if len(schools) < 2 or min(seconds, default=0) <= 0:
        return None
    return round(float(np.polyfit(np.log(schools), np.log(seconds), 1)[0]), 2)


def growth(rows: list[Row]) -> dict[str, float]:
    """The exponent of each step that took long enough at the largest size, and of all that each size took."""
    whole = [r for r in sorted(rows, key=lambda r: r["schools"]) if r["succeeded"]]
    out = {}
    steps = {step: [step] for r in whole for step in r["steps"]}
    for step, parts in (steps | {"all": [s for s in steps if all(s in r["steps"] for r in whole)]}).items():
        at = [(r["schools"], _spent(r, parts)) for r in whole if all(s in r["steps"] for s in parts)]
        at = [(n, s) for n, s in at if s >= LEAST_SECONDS]
        if (found := exponent([n for n, _ in at], [s for _, s in at])) is not None:
            out[step] = found
    return out


def per_1000_schools(rows: list[Row]) -> float | None:
    """Seconds that a further thousand schools cost between the two largest sizes, without the release."""
    whole = [r for r in sorted(rows, key=lambda r: r["schools"]) if r["succeeded"]][-2:]
    if len(whole) < 2:
        return None
    small, large = (_spent(r, [s for s in r["steps"] if not s.startswith("release")]) for r in whole)
    more = large - small
    return round(1000 * more / (whole[1]["schools"] - whole[0]["schools"]), 1)


def _spent(row: Row, steps: Sequence[str], what: str = "seconds") -> float:
    return sum(float(row["steps"][step].get(what, 0)) for step in steps)


def show(rows: list[Row], exponents: Mapping[str, float]) -> None:
    """A table of the sizes side by side: seconds (of CPU), peak memory."""
    table = Table(title="From the accepted rows: seconds (CPU), peak MB", title_justify="left")
    table.add_column("step")
    for row in rows:
        table.add_column(f"{row['schools']:,} schools", justify="right")
    table.add_column("exponent", justify="right")
    steps = dict.fromkeys(s for r in rows for s in r["steps"])
    for step in steps:
        cells = []
        for row in rows:
            s = row["steps"].get(step)
            cells.append(
                f"{s['seconds']:.0f} ({s.get('cpu_seconds', 0):.0f}), {s['peak_memory_mb']:,}" if s else "–"
            )
        table.add_row(step, *cells, str(exponents.get(step, "")))
    totals = [
        f"{_spent(r, list(r['steps'])):.0f} ({_spent(r, list(r['steps']), 'cpu_seconds'):.0f}), "
        f"{max((s['peak_memory_mb'] for s in r['steps'].values()), default=0):,}"
        for r in rows
    ]
    table.add_section()
    table.add_row("all", *totals, str(exponents.get("all", "")))
    table.add_row("item scores", *(f"{r['item_scores']:,}" for r in rows), "")
    Console().print(table)


def _part(part: str, schools: int, release: bool) -> None:
    """What a process of its own does: write the lake, or build it."""
    from pipelines.settings import Settings  # noqa: PLC0415

    if part == "build":
        build(schools, release)
        return
    settings = Settings()
    began = time.monotonic()
    facts = asdict(write_country(settings, schools))
    used = resource.getrusage(resource.RUSAGE_SELF)
    facts["lake"] = {
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_memory_mb": used.ru_maxrss // 1024,
    }
    (settings.home / "country.json").write_text(json.dumps(facts))


def main() -> int:
    """Run the sizes, print the table, write the JSON; 1 when a size did not come through."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--schools", type=int, nargs="+", default=SIZES)
    parser.add_argument("--release", action="store_true", help="make the release too")
    parser.add_argument("--memory", default="4GB", help="UROVEN_MEMORY_LIMIT, of DuckDB")
    parser.add_argument("--keep", type=Path, help="a folder for the homes, kept afterwards")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--part", choices=("lake", "build"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        _part(given.part, given.schools[0], given.release)
        return 0
    found = {r["schools"]: r for r in _read(given.out)}
    for schools in given.schools:
        folder = given.keep or Path(tempfile.mkdtemp(prefix="uroven-country-"))
        home = folder.resolve() / str(schools)
        home.mkdir(parents=True, exist_ok=True)
        found[schools] = measured(schools, home, given.release, given.memory)
        if not given.keep:
            shutil.rmtree(folder)
        rows = [found[n] for n in sorted(found)]
        out = {"growth": growth(rows), "s_per_1000_schools": per_1000_schools(rows), "rows": rows}
        given.out.write_text(json.dumps(out, indent=1) + "\n")
    chosen = [found[n] for n in sorted(given.schools)]
    show(chosen, growth(chosen))
    return 0 if all(r["succeeded"] for r in chosen) else 1


def _read(path: Path) -> list[Row]:
    return list(json.loads(path.read_text())["rows"]) if path.exists() else []


if __name__ == "__main__":
    raise SystemExit(main())
