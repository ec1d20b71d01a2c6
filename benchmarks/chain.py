"""The whole chain, from the inbox of a synthetic region to its release, against a bare script.

The inbox: three years of six ВПР of every school and its registers. Bare: ``benchmarks/bare.py`` computes
from the same protocols the figures that the release publishes of them, and nothing else: no validation, no
ledger, no release control, no exports, no pages. Both are compared number by number.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.measure import Measure
from pipelines.synthetic import write_region

SCHOOLS, YEARS = 600, (2021, 2022, 2023)
#: Schools twice as large as those of the sample: some ten million item scores.
SIZE_FACTOR = 2.0
#: What of the region's files the chain is given.
KEPT = ("student_results/ВПР * класс.xlsx", "school_register/*", "assessment_register/*", "*/manifest.csv")


@dataclass(frozen=True)
class Inbox:
    """A region's files, and seconds of writing them."""

    path: Path
    written_s: float


@dataclass(frozen=True)
class Run:
    """An inbox, its home, seconds of the first run, peak memory of its process in MB."""

    inbox: Inbox
    home: Path
    first_s: float
    peak_memory_mb: int


@cache
def _workplace() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="uroven-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def inbox(schools: int) -> Inbox:
    """The files of a region that the chain is given."""
    path, whole = _workplace() / f"inbox-{schools}", _workplace() / f"whole-{schools}"
    began = time.perf_counter()
    write_region(whole, schools=schools, years=YEARS, faults=False, size_factor=SIZE_FACTOR)
    written = time.perf_counter() - began
    for pattern in KEPT:
        for file in whole.glob(pattern):
            target = path / file.relative_to(whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, target)
    shutil.rmtree(whole)
    return Inbox(path, written)


@cache
def first_run(schools: int) -> Run:
    """The first release of a region, in a process of its own as a user would start it."""
    files, home = inbox(schools), _workplace() / f"home-{schools}"
    return Run(files, home, *_run(files.path, home))


def _run(files: Path, home: Path) -> tuple[float, int]:
    uroven = str(Path(sys.executable).with_name("uroven"))
    return _timed([uroven, "run", "--quiet", "--inbox", str(files), "--home", str(home)])


def _bare(files: Path, folder: Path) -> float:
    return _timed([sys.executable, "-m", "benchmarks.bare", str(files), str(folder)])[0]


def _timed(command: list[str]) -> tuple[float, int]:
    """Seconds and peak memory in MB of a process; raises CalledProcessError where it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return seconds, used.ru_maxrss // 1024


def whole_chain() -> Measure:
    """Inbox to release against the bare script over the same protocols."""
    folder = _workplace() / "bare"
    before = _bare(inbox(SCHOOLS).path, folder)
    run = first_run(SCHOOLS)
    bare = (before + _bare(run.inbox.path, folder)) / 2  # a machine that slows down meanwhile hits both
    require_same(folder, run.home / "current" / "warehouse.duckdb")
    raw = {
        "ours_s": run.first_s,
        "bare_s": bare,
        "written_s": run.inbox.written_s,
        "item_scores_n": int(pd.read_parquet(folder / "size.parquet")["item_scores_n"].iloc[0]),
        "peak_memory_mb": run.peak_memory_mb,
    }
    return Measure("whole_chain", run.first_s / bare, 2, raw=raw)


def rerun() -> Measure:
    """A run with nothing new against the first one."""
    run = first_run(SCHOOLS)
    seconds, _ = _run(run.inbox.path, run.home)
    return Measure("rerun", seconds / run.first_s, 0.1, raw={"ours_s": seconds, "bare_s": run.first_s})


def growth() -> Measure:
    """Twice the schools against half of them."""
    half, run = first_run(SCHOOLS // 2), first_run(SCHOOLS)
    return Measure(
        "growth", run.first_s / half.first_s, 2, raw={"ours_s": run.first_s, "bare_s": half.first_s}
    )


#: Of each table of the bare script: numbers that the release shows, and what they are called there.
SAME = {
    "unit": {"n": "tested_n", "mean_score": "mean_score", "sd": "sd", "below_n": "below_min_n"},
    "sign": {"statistic": "statistic", "flagged": "flagged"},
    "condition": {"numerator": "numerator", "n": "n", "met_confirmed": "met_confirmed"},
    "label": {"probability": "probability", "met_n": "n_conditions", "is_met": "is_met"},
}
#: Numbers on the scale. The bare script tells forms apart by the items that a student was given, the release
#: by its rules: they agree to two hundredths of a standard deviation.
NEAR = {
    "unit": {"mean_scale_score": "mean_scale_score", "scale_se": "scale_se"},
    "posterior": {"sd": "scale_sd"},
    "dynamics": {"slope": "relative_slope", "se": "relative_slope_se"},
}
POINTS = 2.0
_UNIT = """select subject || '-' || grade || '-' || school_year as work,
        * replace (if(unit_type = 'region', 'region', unit_id) as unit_id)
    from fct_assessment_aggregate inner join dim_assessment using (assessment_id, school_year)"""
_SHOWN = {
    "unit": f"{_UNIT} where unit_type <> 'class' and below_min_n is not null",
    "posterior": f"{_UNIT} where scale_sd is not null",
    "sign": """select subject || '-' || grade || '-' || school_year as work, school_id as school, f.*
        from fct_objectivity_flag as f inner join dim_assessment using (assessment_id, school_year)
        where statistic is not null""",
    "dynamics": """select subject || '-' || grade as series, end_year as year, *
        from msr_dynamics where relative_slope is not null""",
    "condition": """select * replace (substr(series, 5) as series),
            school_year - condition_year as years_before
        from fct_school_identification_trace where met_confirmed is not null""",
    # where it is made of hidden numbers a probability is shown in quarters
    "label": "from fct_school_identification where 4 * probability % 1 <> 0",
}
_KEYS = (
    "work", "series", "year", "unit_type", "unit_id", "subgroup", "school", "sign", "school_id", "rule_id",
    "school_year", "branch", "years_before",
)  # fmt: skip


def require_same(folder: Path, database: Path) -> None:
    """Raises AssertionError where the release shows other numbers than the bare script, or lacks some."""
    tables = {table: pd.read_parquet(folder / f"{table}.parquet") for table in _SHOWN}
    with duckdb.connect(str(database), read_only=True) as db:
        shown = {table: db.execute(sql).df() for table, sql in _SHOWN.items()}
    compared = [(*item, 1e-6) for item in SAME.items()] + [(*item, POINTS) for item in NEAR.items()]
    for table, numbers, apart_at_most in compared:
        keys = [k for k in _KEYS if k in tables[table] and k in shown[table]]
        both = tables[table].merge(shown[table], on=keys, how="right", suffixes=("_bare", ""))
        if both.empty:
            raise AssertionError(f"the release shows nothing of {table}")
        for theirs, ours in numbers.items():
            bare = both[f"{theirs}_bare" if f"{theirs}_bare" in both else theirs].astype(float)
            apart = ~np.isclose(bare, both[ours].astype(float), rtol=0, atol=apart_at_most, equal_nan=True)
            if apart.any():
                raise AssertionError(f"{table}: {ours} differs\n{both.loc[apart, [*keys, ours]].head()}")
