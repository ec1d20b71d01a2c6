"""What a release depends on, as one hash: the same hash, the same release."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines import calendar
from pipelines.files import digest
from pipelines.settings import DBT_PROJECT, ROOT, Settings

if TYPE_CHECKING:
    from pipelines.intake.ledger import Ledger


@dataclass(frozen=True)
class Inputs:
    """The hash of all inputs, and of the code alone."""

    input_hash: str
    code_version: str


def release_inputs(settings: Settings, ledger: Ledger, expected: pa.Table) -> Inputs:
    """The files sent, what was accepted of them, the code, what the calendar ``expected``, the settings."""
    from pipelines.intake import stages  # noqa: PLC0415
    from pipelines.release.publish import input_hash, project_hash, publishing_version  # noqa: PLC0415
    from pipelines.scaling.version import scaling_version  # noqa: PLC0415

    versions = (
        stages.code_version(),
        project_hash(DBT_PROJECT),
        scaling_version(settings.lake / "scales"),
        digest(sorted((ROOT / "pipelines").glob("programme*/*.py"))),
        publishing_version(),
    )
    code = "-".join(versions)
    sent = sorted(f"{s.path}|{s.file_id}|{s.state}" for s in ledger.submissions())
    parts = [*sent, *_accepted(settings), calendar.fingerprint(expected), code, settings.region]
    return Inputs(input_hash(parts), code)


def _accepted(settings: Settings) -> list[str]:
    """The fingerprint of each accepted contract and school year."""
    folder = settings.lake / "accepted"
    out = []
    for note in sorted(folder.glob("*/school_year=*/part.json")):
        fingerprint = json.loads(note.read_text(encoding="utf-8"))["fingerprint"]
        out.append(f"{note.parent.relative_to(folder).as_posix()}|{fingerprint}")
    return out


def nothing_new(settings: Settings, ledger: Ledger) -> bool:
    """Whether a run would only make the current release again: nothing came, and nothing else changed."""
    from pipelines.intake import vault  # noqa: PLC0415
    from pipelines.release.publish import DATABASE, current_release  # noqa: PLC0415

    now = current_release(settings.current)
    if now is None or not (settings.current / DATABASE).is_file() or vault.pending(settings, ledger):
        return False
    expected = calendar.expected_now(settings, (s.received_at for s in ledger.submissions()))
    if now.input_hash != release_inputs(settings, ledger, expected).input_hash:
        return False
    return not unfinished_years(settings, ledger)


def unfinished_years(settings: Settings, ledger: Ledger) -> set[int]:
    """School years that landed but were not validated: a run was cut short, or kept to other years."""
    from pipelines.intake import stages  # noqa: PLC0415

    kept = stages.accepted_years(settings)
    landed = stages.landed_years(ledger.snapshot())
    return {year for contract, years in landed.items() for year in years - kept.get(contract, set())}
