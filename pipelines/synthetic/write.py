"""The sample region as an inbox: :func:`write_region`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.synthetic.inbox import Inbox, Progress
from pipelines.synthetic.other_files import OtherFiles
from pipelines.synthetic.region import build_region
from pipelines.synthetic.results_files import ResultFiles
from pipelines.synthetic.students import Students
from pipelines.synthetic.truth import Truth


@dataclass(frozen=True)
class RegionSummary:
    """What was written."""

    directory: Path
    schools: int
    years: tuple[int, ...]
    files: int
    bytes: int
    item_scores: int
    faults: int


def write_region(
    directory: Path,
    *,
    schools: int = 24,
    years: Sequence[int] = (2021, 2022, 2023),
    seed: int = 20210901,
    truth: Path | None = None,
    faults: bool = True,
    size_factor: float = 1.0,
    on_progress: Progress | None = None,
) -> RegionSummary:
    """Write a synthetic region in the real layouts under ``directory``, a folder per file kind.

    The same arguments give the same bytes. ``truth`` is a directory for what the generator knows; ``faults``
    plants the usual dirt; schools are ``size_factor`` times as large as usual; ``on_progress`` is called with
    files written, files expected and the last path.
    """
    region = build_region(schools, years, seed, size_factor)
    students = Students(region)
    known = Truth(region)
    inbox = Inbox(directory, seed, faults, 48 * len(region.years), on_progress)
    results = ResultFiles(region, students, known, inbox)
    for year in region.years:
        results.write_year(year)
    others = OtherFiles(region, students, known, inbox, results)
    others.prepare()
    others.write()
    inbox.finish()
    if truth is not None:
        known.write(truth, students, others.supported, inbox.faults)
    return RegionSummary(
        directory,
        schools,
        region.years,
        len(inbox.written),
        sum((directory / path).stat().st_size for path in inbox.written),
        known.item_scores,
        len(inbox.faults),
    )
