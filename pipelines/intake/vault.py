"""The vault keeps every file as it was sent, under its hash; receiving is the only way in."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import posixpath
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from pipelines.files import sweep, whole, write_text
from pipelines.intake import context, sealed
from pipelines.intake.ledger import ACTIVE, DUPLICATE, SERVICE, SUPERSEDED, Ledger, Submission
from pipelines.intake.readers import FileReading, content_hash
from pipelines.settings import Settings

JOURNAL, ERASURES = "journal.jsonl", "erasures.jsonl"
#: The hint of a file that is never opened: the value says why (a key of :data:`UNOPENED`).
REFUSED = "refused"
UNOPENED = {
    "link": (
        "Это ссылка на файл вне папки приёма, она не открывается: положите в папку сам файл",
        "This is a link to a file outside the inbox and is not followed: put the file itself there",
    ),
    "no_access": (
        "Файл нельзя открыть: нет прав на чтение. Дайте права и запустите приём ещё раз",
        "The file may not be read: grant access and run once more",
    ),
    "not_a_file": (
        "Это не обычный файл (канал, устройство): положите в папку таблицу",
        "This is no regular file (a pipe, a device): put a table there",
    ),
}
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


def keep(settings: Settings, source: BinaryIO, sha256: str) -> None:
    """Copy the file into the vault, whole or not at all; encrypted where there is a key."""
    target = vault_path(settings, sha256)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = settings.vault_secret()
    with whole(target, 0o600) as partial, partial.open("wb") as copy:
        if key:
            sealed.seal(source, copy, key)
        else:
            shutil.copyfileobj(source, copy)


def opened(settings: Settings, sha256: str) -> AbstractContextManager[Path]:
    """A path to read a kept file under; see :func:`sealed.opened`."""
    return sealed.opened(vault_path(settings, sha256), settings.vault_secret())


def _unopened(path: Path, inbox: Path) -> str:
    """Why something in the inbox is not to be opened; empty for a regular file inside."""
    if not path.resolve().is_relative_to(inbox) or (path.is_symlink() and not path.exists()):
        return "link"
    if not path.is_file():
        return "not_a_file"
    return "" if os.access(path, os.R_OK) else "no_access"


def entries(inbox: Path) -> list[tuple[Path, str]]:
    """All that lies below the inbox but folders, by name, with why it can't be opened (mostly empty)."""
    found = []
    for path in sorted(inbox.rglob("*")):
        why = _unopened(path, inbox)
        if why == "link" or not path.is_dir():
            found.append((path, why))
    return found


def files(inbox: Path) -> list[Path]:
    """Every regular file below the inbox, in the order of their names; links that lead out are left."""
    return [path for path, why in entries(inbox) if not why]


def shown_name(path: Path) -> str:
    """A path as text; bytes that are no UTF-8 (names out of old archives) are written as «\\xNN»."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class Arrival:
    """A file of the inbox beside what the ledger knows of its path; no hash where its stamp is known."""

    path: Path
    name: str
    stat: os.stat_result
    hints: dict[str, str]
    old: Submission | None
    sha256: str | None
    unopened: str = ""

    @property
    def is_known(self) -> bool:
        if self.old is None or self.old.hints != self.hints:
            return False
        return self.sha256 is None or self.sha256 == self.old.sha256


def look(settings: Settings, known: list[Submission]) -> Iterator[Arrival]:
    """The files of the inbox, each compared with the last submission of its path; nothing is written.

    Content that a person was erased from is taken for what was left of it.
    """
    inbox, erased = settings.inbox_path, erased_contents(settings)
    latest = {s.path: s for s in known}
    manifests: dict[Path, dict[str, dict[str, str]]] = {}
    found = entries(inbox)
    paths = {path for path, _ in found}
    for path, unopened in found:
        name = shown_name(path.relative_to(inbox))
        if name.endswith(RETURNED_SUFFIX):  # our marked workbook, corrected: a new version of what it marks
            name = name.removesuffix(RETURNED_SUFFIX)
        elif path.with_name(path.name + RETURNED_SUFFIX) in paths:
            continue
        stat, old = path.lstat() if unopened else path.stat(), latest.get(name)
        hints = {REFUSED: unopened} if unopened else {}
        if not unopened and not is_service(path):
            hints = context.hints(inbox, path, manifests)
        stamped = old and (old.size_bytes, old.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
        sha256 = None
        if not (stamped and old is not None and old.hints == hints):
            sha256 = hashlib.sha256(_trace(name, unopened)).hexdigest() if unopened else content_hash(path)
            sha256 = erased.get(sha256, sha256)
        yield Arrival(path, name, stat, hints, old, sha256, unopened)


def _trace(name: str, unopened: str) -> bytes:
    """What is kept in place of something that is not opened."""
    return f"{unopened}: {name}".encode()


def pending(settings: Settings, ledger: Ledger) -> bool:
    """Whether the inbox holds anything that receiving would take in."""
    return any(not a.is_known for a in look(settings, ledger.submissions()))


def receive(settings: Settings, ledger: Ledger) -> Receipt:
    """Take in what is new in the inbox: hash, keep, journal, enter in the ledger.

    The inbox is read only; what a killed run had half written is removed. A path whose content (or whose
    manifest row) changed is a new submission that supersedes the old one; content known under another path is
    a duplicate. What can't be opened, such as a link that leads out, is entered as well, to be refused.
    """
    inbox = settings.inbox_path
    if not inbox.is_dir():
        raise FileNotFoundError(f"no inbox at {inbox}: create it or set UROVEN_INBOX")
    settings.vault.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (settings.vault, settings.lake, settings.returned):
        sweep(folder)
    known = ledger.submissions()
    next_id = max((s.submission_id for s in known), default=0) + 1
    receipt, rows = Receipt(), []
    for a in look(settings, known):
        if a.old and a.is_known:
            if a.sha256:
                ledger.touch(a.old.submission_id, a.stat.st_mtime_ns)
            receipt.known_n += 1
            continue
        sha256 = a.sha256 or content_hash(a.path)
        with io.BytesIO(_trace(a.name, a.unopened)) if a.unopened else a.path.open("rb") as source:
            keep(settings, source, sha256)
        rows.append(
            {
                "submission_id": next_id,
                "path": a.name,
                "sha256": sha256,
                "size_bytes": a.stat.st_size,
                "mtime_ns": a.stat.st_mtime_ns,
                "file_id": file_id_of(sha256, a.hints),
                "hints": json.dumps(a.hints, ensure_ascii=False, sort_keys=True),
                "received_at": dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0),
                "state": SERVICE if not a.unopened and is_service(a.path) else ACTIVE,
                "replaced_by": None,
            }
        )
        next_id += 1
        (receipt.changed if a.old else receipt.new).append(a.name)
    append_journal(settings.vault / JOURNAL, rows)
    ledger.add(rows)
    _note_missing(settings, ledger)
    receipt.duplicates = settle(ledger)
    return receipt


def _note_missing(settings: Settings, ledger: Ledger) -> None:
    """Say of each manifest, in its newest version, which of the files that it names were never sent."""
    subs = ledger.submissions()
    sent = {s.path for s in subs}
    manifests = [s for s in subs if posixpath.basename(s.path) == context.MANIFEST]
    missing: dict[str, list[str]] = defaultdict(list)
    for s in {s.path: s for s in manifests}.values():
        folder = posixpath.dirname(s.path)
        if not vault_path(settings, s.sha256).exists():
            continue
        with opened(settings, s.sha256) as kept:  # the inbox may have been emptied since
            named = context.read_manifest(kept)
        absent = [n for n in named if posixpath.normpath(posixpath.join(folder, n)) not in sent]
        if absent:
            missing[s.file_id] += absent
    ledger.forget({s.file_id for s in manifests} - set(missing))
    for file_id, names in missing.items():
        ledger.save_reading(_missing(file_id, names), context.MANIFEST)


def _missing(file_id: str, names: list[str]) -> FileReading:
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return FileReading(
        file_id,
        rule="missing_file",
        message_ru=f"Названы в manifest.csv, но не присланы файлы ({len(names)}): {shown}",
        message_en=f"Files that manifest.csv names were not sent ({len(names)}): {shown}",
        missing_n=len(names),
    )


def append_journal(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Add to one of the vault's own records: of arrivals (a lost ledger is rebuilt from it), of erasures."""
    text = "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
    if not text:
        return
    torn = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as f:
        f.write("\n" if torn else "")  # ends the line that a killed run left unfinished
        f.write(text)
        f.flush()
        os.fsync(f.fileno())


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The records; what a run that was killed left of its last one is overlooked: its file comes again."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def erased_contents(settings: Settings) -> dict[str, str]:
    """SHA-256 of contents that a person was erased from -> of what was left in their place."""
    steps = {e["sha256"]: e["left_sha256"] for e in read_journal(settings.vault / ERASURES)}
    last = {}
    for old, new in steps.items():
        while new in steps:
            new = steps[new]  # noqa: PLW2901
        last[old] = new
    return last


def redirect_journal(settings: Settings) -> None:
    """Write the record of arrivals anew, so that it names what erasures left and not what they took."""
    path, erased = settings.vault / JOURNAL, erased_contents(settings)
    rows = read_journal(path)
    for row in rows:
        if row["sha256"] in erased:
            row["sha256"] = erased[row["sha256"]]
            row["file_id"] = file_id_of(row["sha256"], json.loads(row["hints"]))
    write_text(path, "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), 0o600)


def open_ledger(settings: Settings) -> Ledger:
    """The ledger of the home; what it lacks of the vault's journal is entered first."""
    settings.home.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(settings.database_url)
    rebuild(settings, ledger)
    return ledger


def rebuild(settings: Settings, ledger: Ledger) -> int:
    """Enter into the ledger what only the vault's journal holds; returns the number of submissions.

    That is everything when the ledger was lost, and the last arrivals when a run was killed between the
    journal and the ledger.
    """
    known = {s.submission_id for s in ledger.submissions()}
    rows: dict[int, dict[str, object]] = {}
    for row in read_journal(settings.vault / JOURNAL):
        if row["submission_id"] not in known:
            row["received_at"] = dt.datetime.fromisoformat(row["received_at"])
            rows[row["submission_id"]] = row
    if rows:
        # the ledger's counts of accepted rows are of another time than the lake: validate once more
        for mark in (settings.lake / "accepted").glob("*/*/part.json"):
            mark.unlink()
        ledger.add(list(rows.values()))
        settle(ledger)
    return len(rows)


def _useless(ledger: Ledger) -> set[str]:
    """Files that gave nothing: refused unread, or read and every row of them rejected for its faults.

    A file whose rows a newer one replaced did give something. Of a file with rows of several years all must
    have been validated before it is judged.
    """
    accepted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for count in ledger.table("row_count"):
        accepted[count["file_id"]][0] += count["rows_read"]
        accepted[count["file_id"]][1] += count["rows_accepted"]
    replaced = {c["file_id"] for c in ledger.table("rule_count") if c["severity"] == "superseded"}
    found = set()
    for file_id, (_, result) in ledger.readings().items():
        rows = sum(r.rows_read for r in result.readings if r.status == "read")
        refused = bool(result.rule) or not any(r.status == "read" for r in result.readings)
        read, kept = accepted.get(file_id, (0, 0))
        if refused or (rows and read == rows and not kept and file_id not in replaced):
            found.add(file_id)
    return found


def settle(ledger: Ledger) -> list[str]:
    """Give every submission its state anew; returns the paths that repeat another's content.

    Of the versions of one path the newest counts that gave at least one accepted row, as far as is known: a
    damaged or wholly rejected correction does not throw out what it meant to correct, but stands beside it
    with its faults. Of equal contents the one counts of which most is known.
    """
    subs, useless = [s for s in ledger.submissions() if s.state != SERVICE], _useless(ledger)
    states: dict[int, tuple[str, int | None]] = {}
    current: dict[str, Submission] = {}
    beside: dict[str, list[Submission]] = defaultdict(list)
    for s in subs:
        states[s.submission_id] = (ACTIVE, None)
        old = current.get(s.path)
        if old and s.file_id in useless and old.file_id not in useless:
            beside[s.path].append(s)
            continue
        for earlier in [old, *beside.pop(s.path, [])] if old else []:
            states[earlier.submission_id] = (SUPERSEDED, s.submission_id)
        current[s.path] = s
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
