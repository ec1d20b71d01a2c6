"""The vault keeps every file as it was sent, under its hash; receiving is the only way in."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.intake import context
from pipelines.intake.ledger import ACTIVE, DUPLICATE, SERVICE, SUPERSEDED, Ledger, Submission
from pipelines.intake.readers import content_hash
from pipelines.settings import Settings

JOURNAL = "journal.jsonl"
#: What a workbook with marked faults adds to the sender's own file name.
RETURNED_SUFFIX = ".ошибки.xlsx"


@dataclass
class Receipt:
    """What receiving found: how many files are new, changed, known, and of them of no interest."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    known_n: int = 0


def vault_path(settings: Settings, sha256: str) -> Path:
    return settings.vault / sha256[:2] / sha256


def is_service(path: Path) -> bool:
    """Manifests, readmes and the hidden files of editors are kept and named, but hold no data."""
    name = path.name.lower()
    return name == context.MANIFEST or name.startswith((".", "readme"))


def file_id_of(sha256: str, hints: dict[str, str]) -> str:
    """A reading's identity: the content and what was known of it from outside."""
    stated = json.dumps(hints, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(f"{sha256}|{stated}".encode()).hexdigest()[:16]


def _keep(settings: Settings, source: Path, sha256: str) -> None:
    """Copy the file into the vault, whole or not at all."""
    target = vault_path(settings, sha256)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_suffix(f".{os.getpid()}.partial")
    shutil.copyfile(source, partial)
    with partial.open("rb+") as f:
        os.fsync(f.fileno())
    partial.chmod(0o600)
    partial.replace(target)


def files(inbox: Path) -> list[Path]:
    """Every regular file below the inbox, in the order of their names; links that lead out are left."""
    found = []
    for path in sorted(inbox.rglob("*")):
        if path.is_file() and path.resolve().is_relative_to(inbox):
            found.append(path)
    return found


def receive(settings: Settings, ledger: Ledger) -> Receipt:
    """Take in what is new in the inbox: hash, keep, journal, enter in the ledger.

    The inbox is read only. A path whose content (or whose manifest row) changed is a new submission that
    supersedes the old one; content known under another path is a duplicate.
    """
    inbox = settings.inbox_path
    if not inbox.is_dir():
        raise FileNotFoundError(f"no inbox at {inbox}: create it or set UROVEN_INBOX")
    settings.vault.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = ledger.submissions()
    latest: dict[str, Submission] = {s.path: s for s in known}
    next_id = max((s.submission_id for s in known), default=0) + 1
    receipt, rows = Receipt(), []
    manifests: dict[Path, dict[str, dict[str, str]]] = {}
    for path in files(inbox):
        name = path.relative_to(inbox).as_posix()
        if name.endswith(RETURNED_SUFFIX):  # our marked workbook, corrected: a new version of what it marks
            name = name.removesuffix(RETURNED_SUFFIX)
        elif path.with_name(path.name + RETURNED_SUFFIX).is_file():
            continue
        stat, old = path.stat(), latest.get(name)
        service = is_service(path)
        hints = {} if service else context.hints(inbox, path, manifests)
        same_stamp = old and (old.size_bytes, old.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
        if old and same_stamp and old.hints == hints:
            receipt.known_n += 1
            continue
        sha256 = content_hash(path)
        if old and old.sha256 == sha256 and old.hints == hints:
            ledger.touch(old.submission_id, stat.st_mtime_ns)
            receipt.known_n += 1
            continue
        _keep(settings, path, sha256)
        rows.append(
            {
                "submission_id": next_id,
                "path": name,
                "sha256": sha256,
                "size_bytes": stat.st_size,
                "mtime_ns": stat.st_mtime_ns,
                "file_id": file_id_of(sha256, hints),
                "hints": json.dumps(hints, ensure_ascii=False, sort_keys=True),
                "received_at": dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0),
                "state": SERVICE if service else ACTIVE,
                "replaced_by": None,
            }
        )
        next_id += 1
        (receipt.changed if old else receipt.new).append(name)
    _journal(settings, rows)
    ledger.add(rows)
    receipt.duplicates = settle(ledger)
    return receipt


def _journal(settings: Settings, rows: list[dict[str, object]]) -> None:
    """The vault's own record of arrivals, from which a lost ledger is rebuilt."""
    if not rows:
        return
    with (settings.vault / JOURNAL).open("a", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
        f.flush()
        os.fsync(f.fileno())


def rebuild(settings: Settings, ledger: Ledger) -> int:
    """Enter into an empty ledger what the vault's journal holds; returns the number of submissions."""
    path = settings.vault / JOURNAL
    if ledger.submissions() or not path.exists():
        return 0
    rows: dict[int, dict[str, object]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # the last line of a run that was killed while writing it: its file comes again
        row["received_at"] = dt.datetime.fromisoformat(row["received_at"])
        rows[row["submission_id"]] = row
    ledger.add(list(rows.values()))
    settle(ledger)
    return len(rows)


def settle(ledger: Ledger) -> list[str]:
    """Give every submission its state anew; returns the paths that repeat another's content.

    Of the versions of one path the newest counts that could be read (a damaged correction does not throw
    out what it meant to correct). Of equal contents the one counts of which most is known.
    """
    readings = ledger.readings()
    subs = [s for s in ledger.submissions() if s.state != SERVICE]
    refused = {
        f for f, (_, r) in readings.items() if r.rule or not any(x.status == "read" for x in r.readings)
    }
    states: dict[int, tuple[str, int | None]] = {}
    current: dict[str, Submission] = {}
    for s in subs:
        old = current.get(s.path)
        if old is None or s.file_id not in refused or old.file_id in refused:
            if old:
                states[old.submission_id] = (SUPERSEDED, s.submission_id)
            current[s.path] = s
        states.setdefault(s.submission_id, (ACTIVE, None))
    by_content: dict[str, list[Submission]] = {}
    duplicates = []
    for s in sorted(current.values(), key=lambda s: (-len(s.hints), s.submission_id)):
        same = by_content.setdefault(s.sha256, [])
        twin = next((t for t in same if s.hints.items() <= t.hints.items()), None)
        if twin:
            states[s.submission_id] = (DUPLICATE, twin.submission_id)
            duplicates.append(s.path)
        else:
            same.append(s)
    changed = [
        (s.submission_id, *states[s.submission_id])
        for s in subs
        if (s.state, s.replaced_by) != states[s.submission_id]
    ]
    ledger.set_states(changed)
    return sorted(duplicates)
