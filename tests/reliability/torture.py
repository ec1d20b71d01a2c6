"""Runs are killed at every step and at random moments; the next run's release must be the undisturbed one.

Runs are killed both over an empty home and over one that already has a release of a part of the files: there
a step that wrongly takes old tables for new ones would show. ``python -m tests.reliability.torture``
(``make torture``) does it all; the tests take a few kills of it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.settings import ROOT

#: What differs between two homes that were sent the same files: when, not what.
WHEN = {"received_at", "received", "created_at", "release_id", "previous_release_id"}
#: A line of progress as a step begins: «   1.2 с  … step».
_BEGINS = " с  … "
#: A run that takes longer than this waits for something that will not come, seconds.
_PATIENCE = 1200
#: What a home keeps beside its releases; Dagster's and dbt's own files differ from run to run.
_KEPT = ("vault", "lake", "returned", "releases")


@dataclass(frozen=True)
class Kill:
    """Kill a run ``delay`` seconds after the step begins; without a step, after the run does."""

    step: str | None
    delay: float

    def __str__(self) -> str:
        return f"{self.step or 'начало'} + {self.delay:.2f} с"


def start(inbox: Path, home: Path) -> subprocess.Popen[str]:
    """A run as its user would start it, in a process group of its own so that its workers die with it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("UROVEN_", "DAGSTER_"))}
    environment |= {"PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    code = "from pipelines.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "run", "--inbox", str(inbox), "--home", str(home)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=ROOT,
        start_new_session=True,
    )  # fmt: skip


def began(output: Iterable[str] | None, step: str | None) -> bool:
    """Read a run's output until the step begins (None: any step); false when it ends before."""
    steps = (line.partition(_BEGINS)[2].strip() for line in output or () if _BEGINS in line)
    return any(step in (None, name) for name in steps)


def finish(inbox: Path, home: Path) -> list[str]:
    """A whole run; returns the steps that began. Raises RuntimeError with its output when it fails."""
    process = start(inbox, home)
    try:
        output, _ = process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise RuntimeError(f"прогон не закончился за {_PATIENCE} с") from None
    if process.returncode:
        raise RuntimeError(output[-4000:])
    return [line.partition(_BEGINS)[2].strip() for line in output.splitlines() if _BEGINS in line]


def killed(inbox: Path, home: Path, kill: Kill) -> bool:
    """Start a run and kill it, workers and all; whether it was still going."""
    process = start(inbox, home)
    if kill.step is not None:
        began(process.stdout, kill.step)
    with suppress(subprocess.TimeoutExpired):
        process.wait(kill.delay)
    going = process.poll() is None
    with suppress(ProcessLookupError):  # it had ended, workers and all
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return going


def contents(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Table -> its rows in order, without what only says when."""
    out = {}
    with duckdb.connect(str(home / "current" / "warehouse.duckdb"), read_only=True) as db:
        for (table,) in db.execute("select table_name from duckdb_tables() order by 1").fetchall():
            columns = [row[0] for row in db.execute(f"describe main.{table}").fetchall()]
            kept = [f'"{c}"' for c in columns if c not in WHEN]
            rows = db.execute(f"select {', '.join(kept)} from main.{table} order by all").fetchall()  # noqa: S608
            out[table] = rows
    return out


def difference(one: Path, other: Path) -> list[str]:
    """Tables whose rows differ, with how many."""
    a, b = contents(one), contents(other)
    found = [f"{t}: только в одном выпуске" for t in sorted(a.keys() ^ b.keys())]
    for table in sorted(a.keys() & b.keys()):
        if repr(a[table]) != repr(b[table]):
            differ = sum(x != y for x, y in zip(a[table], b[table], strict=False))
            found.append(f"{table}: строк {len(a[table])} и {len(b[table])}, различаются {differ}")
    return found


def kept(home: Path) -> set[str]:
    """Names of all files that a home keeps; a killed run's half-written ones among them."""
    return {str(p.relative_to(home)) for part in _KEPT for p in (home / part).rglob("*") if p.is_file()}


def torn(home: Path) -> list[str]:
    """Parquet files under their own names that were not written to the end."""
    return [
        str(p.relative_to(home))
        for p in home.rglob("*.parquet")
        if p.is_file() and p.read_bytes()[-4:] != b"PAR1" and not p.name.startswith(".")
    ]


def open_runs(home: Path) -> int:
    """Runs that Dagster takes for still going on."""
    import dagster as dg  # noqa: PLC0415

    from pipelines.sensors import GOING  # noqa: PLC0415

    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        return instance.get_runs_count(dg.RunsFilter(statuses=GOING))


def aftermath(undisturbed: Path, home: Path) -> list[str]:
    """What a home whose runs were killed has otherwise than the undisturbed one; empty when all is well."""
    found = difference(undisturbed, home) + torn(home)
    found += [f"лишний файл: {name}" for name in sorted(kept(home) - kept(undisturbed))]
    found += [f"нет файла: {name}" for name in sorted(kept(undisturbed) - kept(home))]
    if n := open_runs(home):
        found.append(f"прогонов, будто бы ещё идущих: {n}")
    return found


def survive(
    inbox: Path, undisturbed: Path, home: Path, kills: list[Kill], tell: Callable[[str], None] = print
) -> list[str]:
    """Kill runs over one home, one after another, then let one end; returns what differs."""
    for kill in kills:
        going = killed(inbox, home, kill)
        tell(f"  {kill}: {'убит' if going else 'уже закончился'}")
    finish(inbox, home)
    return aftermath(undisturbed, home)


@dataclass(frozen=True)
class Beginning:
    """A home before the run to be killed (None: an empty one), and what an undisturbed run makes of it."""

    name: str
    before: Path | None
    undisturbed: Path
    steps: list[str]
    seconds: float


def begin(name: str, inbox: Path, earlier: Path | None, work: Path) -> Beginning:
    """Let a run end undisturbed, over what a run over the files of ``earlier`` left.

    Each home of the torture lies at the same path while runs work on it.
    """
    home, before, undisturbed = work / "home", None, work / f"{name}-undisturbed"
    if earlier:
        finish(earlier, home)
        before = work / f"{name}-before"
        shutil.copytree(home, before, symlinks=True)
    since = time.monotonic()
    steps = finish(inbox, home)
    seconds = time.monotonic() - since
    home.rename(undisturbed)
    return Beginning(name, before, undisturbed, steps, seconds)


def part_of(inbox: Path, target: Path) -> Path:
    """The inbox as it was before every third file of results came."""
    shutil.copytree(inbox, target)
    results = sorted(p for p in (target / "student_results").rglob("*") if p.is_file())
    for path in results[::3]:
        path.unlink()
    return target


def plans(
    begins: list[Beginning], steps: list[str], randoms: int, together: int, seed: int
) -> Iterator[tuple[Beginning, list[Kill]]]:
    """One kill inside each step, then kills at random moments of the run; over each beginning in turn."""
    luck = random.Random(seed)
    shortest = min(over.seconds for over in begins)  # a later kill would come after the end
    kills = [Kill(step, luck.uniform(0, 0.5)) for step in steps]
    kills += [Kill(None, luck.uniform(0, shortest)) for _ in range(randoms)]
    for number, first in enumerate(range(0, len(kills), together)):
        yield begins[number % len(begins)], kills[first : first + together]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schools", type=int, default=12)
    parser.add_argument("--randoms", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="steps to kill in; all by default")
    parser.add_argument("--together", type=int, default=1, help="runs killed before one is let end")
    arguments = parser.parse_args()
    from pipelines.synthetic import write_region  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="uroven-torture-") as folder:
        work = Path(folder)
        inbox, home = work / "inbox", work / "home"
        write_region(inbox, schools=arguments.schools, years=[2023])
        earlier = part_of(inbox, work / "earlier")
        begins = [begin("пустой", inbox, None, work), begin("с выпуском", inbox, earlier, work)]
        for over in begins:
            print(f"{over.name}: без помех {over.seconds:.0f} с, шагов {len(over.steps)}", flush=True)
        steps = [s for s in begins[-1].steps if not arguments.only or s in arguments.only]
        failed = 0
        for over, kills in plans(begins, steps, arguments.randoms, arguments.together, arguments.seed):
            if over.before:
                shutil.copytree(over.before, home, symlinks=True)
            print(f"{over.name}:", flush=True)
            found = survive(inbox, over.undisturbed, home, kills, lambda line: print(line, flush=True))
            print(f"  {'; '.join(found) or 'тот же выпуск'}", flush=True)
            failed += bool(found)
            shutil.rmtree(home)
    print(f"не тот выпуск: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
