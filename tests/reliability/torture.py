"""Runs are killed at every step and at random moments; the next run's release must be the undisturbed one.

``python -m tests.reliability.torture`` (``make torture``) does it all; the tests take a few kills of it.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.settings import ROOT

#: What differs between two homes that were sent the same files: when, not what.
WHEN = {"received_at", "received", "created_at", "release_id", "previous_release_id"}
#: A line of progress as a step begins: «   1.2 с  … step».
_BEGINS = " с  … "


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


def finish(inbox: Path, home: Path) -> list[str]:
    """A whole run; returns the steps that began. Raises RuntimeError with its output when it fails."""
    process = start(inbox, home)
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(output[-4000:])
    return [line.partition(_BEGINS)[2].strip() for line in output.splitlines() if _BEGINS in line]


def killed(inbox: Path, home: Path, kill: Kill) -> bool:
    """Start a run and kill it, workers and all; whether it was still going."""
    process = start(inbox, home)
    if kill.step is not None:
        for line in process.stdout or ():
            if line.partition(_BEGINS)[2].strip() == kill.step:
                break
    time.sleep(kill.delay)
    going = process.poll() is None
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


def leftovers(home: Path) -> list[str]:
    """Half-written files under names that someone might read."""
    return [
        str(p.relative_to(home))
        for p in home.rglob("*.parquet")
        if p.is_file() and p.read_bytes()[-4:] != b"PAR1" and not p.name.startswith(".")
    ]


def survive(
    inbox: Path, undisturbed: Path, home: Path, kills: list[Kill], tell: Callable[[str], None] = print
) -> list[str]:
    """Kill runs over one home, one after another, then let one end; returns what differs."""
    for kill in kills:
        going = killed(inbox, home, kill)
        tell(f"  {kill}: {'убит' if going else 'уже закончился'}")
    finish(inbox, home)
    return difference(undisturbed, home) + leftovers(home)


def plans(steps: list[str], seconds: float, randoms: int, seed: int) -> Iterator[list[Kill]]:
    """One kill inside every step, then kills at random moments of the run."""
    luck = random.Random(seed)
    for step in steps:
        yield [Kill(step, luck.uniform(0, 0.5))]
    for _ in range(randoms):
        yield [Kill(None, luck.uniform(0, seconds))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schools", type=int, default=12)
    parser.add_argument("--randoms", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="steps to kill in; all by default")
    arguments = parser.parse_args()
    from pipelines.synthetic import write_region  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="uroven-torture-") as folder:
        work = Path(folder)
        inbox, undisturbed = work / "inbox", work / "undisturbed"
        write_region(inbox, schools=arguments.schools, years=[2023])
        began = time.monotonic()
        steps = finish(inbox, undisturbed)
        seconds = time.monotonic() - began
        print(f"без помех: {seconds:.0f} с, шагов {len(steps)}", flush=True)
        chosen = [s for s in steps if not arguments.only or s in arguments.only]
        failed = 0
        for kills in plans(chosen, seconds, arguments.randoms, arguments.seed):
            home = work / "home"
            found = survive(inbox, undisturbed, home, kills)
            print(f"{kills[0]}: {'; '.join(found) or 'тот же выпуск'}", flush=True)
            failed += bool(found)
            shutil.rmtree(home)
    print(f"не тот выпуск: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
