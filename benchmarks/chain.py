"""The whole chain, from the inbox of a synthetic region to its release, against a bare script.

The inbox: three years of six ВПР of every school and its registers. Bare: calamine reads the same protocols,
DuckDB computes the figures that the release publishes of them (score counts, classical statistics, means,
spreads, quartiles and numbers under the boundaries of marks, for schools, municipalities and the region)
with nothing else: no validation, no ledger, no calibration, no release control, no pages.
"""

from __future__ import annotations

import atexit
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import python_calamine

from benchmarks.measure import Measure
from pipelines.synthetic import write_region

SCHOOLS, YEARS = 600, (2021, 2022, 2023)
#: What of the region's files the chain is given.
KEPT = ("student_results/ВПР * класс.xlsx", "school_register/*", "assessment_register/*", "*/manifest.csv")
_ITEM = re.compile(r"балл за|\(\d+\s*б\)", re.IGNORECASE)
_NAMES = {"пользователь": "school", "логин школы": "school", "вариант": "variant", "класс": "class_name"}


@dataclass(frozen=True)
class Run:
    """An inbox, its home, seconds of the first run and the peak memory of its process in MB."""

    inbox: Path
    home: Path
    first_s: float
    peak_memory_mb: int


@cache
def _workplace() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="uroven-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def first_run(schools: int) -> Run:
    """A region's inbox and its first release, in a process of its own as a user would start it."""
    inbox, home = _workplace() / f"inbox-{schools}", _workplace() / f"home-{schools}"
    whole = _workplace() / f"whole-{schools}"
    write_region(whole, schools=schools, years=YEARS, faults=False)
    for pattern in KEPT:
        for path in whole.glob(pattern):
            target = inbox / path.relative_to(whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
    shutil.rmtree(whole)
    seconds = _run(inbox, home)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return Run(inbox, home, seconds, peak)


def _run(inbox: Path, home: Path) -> float:
    command = [str(Path(sys.executable).with_name("uroven")), "run", "--quiet", "--inbox", str(inbox)]
    began = time.perf_counter()
    subprocess.run([*command, "--home", str(home)], check=True, capture_output=True)
    return time.perf_counter() - began


def whole_chain() -> Measure:
    """Inbox to release against the bare script over the same protocols."""
    run = first_run(SCHOOLS)
    began = time.perf_counter()
    item_scores = bare_chain(run.inbox)
    bare = time.perf_counter() - began
    raw = {
        "ours_s": run.first_s,
        "bare_s": bare,
        "item_scores_n": item_scores,
        "peak_memory_mb": run.peak_memory_mb,
    }
    return Measure("whole_chain", run.first_s / bare, 2, raw=raw)


def rerun() -> Measure:
    """A run with nothing new against the first one."""
    run = first_run(SCHOOLS)
    seconds = _run(run.inbox, run.home)
    return Measure("rerun", seconds / run.first_s, 0.1, raw={"ours_s": seconds, "bare_s": run.first_s})


def growth() -> Measure:
    """Twice the schools against half of them."""
    half, run = first_run(SCHOOLS // 2), first_run(SCHOOLS)
    return Measure(
        "growth", run.first_s / half.first_s, 2, raw={"ours_s": run.first_s, "bare_s": half.first_s}
    )


def bare_chain(inbox: Path) -> int:
    """Read the protocols and compute the figures; returns how many item scores there were."""
    with duckdb.connect(config={"threads": 2}) as db:
        db.execute(
            "create table score (file varchar, school varchar, place varchar, student integer, form varchar,"
            " item varchar, score integer)"
        )
        for number, path in enumerate(sorted((inbox / "student_results").glob("*.xlsx"))):
            protocol = _protocol(path)
            items = [c for c in protocol.columns if _ITEM.search(c)]
            protocol["student"] = range(len(protocol))
            db.register("protocol", protocol)
            names = ", ".join(f'"{i}"' for i in items)
            db.execute(
                f"""insert into score
                select '{number}', school, municipality, student, variant, item, try_cast(score as double)
                from (unpivot (select school, municipality, student, variant, {names}
                    from protocol) on {names} into name item value score)
                where try_cast(score as double) is not null"""  # noqa: S608
            )
        for query in _FIGURES:
            db.execute(query).fetchall()
        return int(db.execute("select count(*) from score").fetchall()[0][0])


def _protocol(path: Path) -> pd.DataFrame:
    """The sheet with the most columns, as text; columns named by the first row, places filled in."""
    book = python_calamine.CalamineWorkbook.from_path(path)
    rows = max(
        (book.get_sheet_by_name(name).to_python() for name in book.sheet_names), key=lambda r: len(r[0])
    )
    header = [str(c) or f"_{i}" for i, c in enumerate(rows[0])]
    frame = (
        pd.DataFrame(rows[1:], columns=header).astype(str).rename(columns=lambda c: _NAMES.get(c.lower(), c))
    )
    frame["municipality"] = frame.get("Муниципалитет", frame.get("регион", ""))
    return frame


_FIGURES = (
    """create table student as select file, school, place, student, form, sum(score) as total
       from score group by all""",
    """create table count_of as select file, form, item, total, score, count(*) as n
       from score join student using (file, school, place, student, form) group by all""",
    """select file, form, item, sum(n), sum(n * score) / sum(n),
         (sum(n * score * total) / sum(n) - sum(n * score) / sum(n) * sum(n * total) / sum(n))
       from count_of group by all""",
    *(
        f"""select file, {unit}, count(*), avg(total), stddev_samp(total),
              quantile_cont(total, [0.25, 0.5, 0.75]),
              count(*) filter (total < 6), count(*) filter (total < 10), count(*) filter (total < 14)
            from student group by all"""  # noqa: S608
        for unit in ("school", "place", "'region'")
    ),
)
