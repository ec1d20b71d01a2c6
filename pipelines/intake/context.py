"""What a manifest and a file's name say about the rows of a file that is silent itself."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from pipelines.intake.text import clean, fold
from schemas.codes import aliases

MANIFEST = "manifest.csv"
FIELDS = ("contract", "kind", "subject", "grade", "school_year", "window", "school_id")
_YEARS = re.compile(r"(?<!\d)(20\d\d)(?:\s*[-–_/]\s*(?:20)?(\d\d)(?!\d))?")
_GRADE = re.compile(r"(?<!\d)(\d{1,2})\s*(?:-?й\s*)?кл(?:асс)?", re.IGNORECASE)
_LOGIN = re.compile(r"(?<![a-z])((?:sch|edu|ksh)\d{6})(?!\d)", re.IGNORECASE)


def read_manifest(path: Path) -> dict[str, dict[str, str]]:
    """A manifest: path relative to its folder -> what it states; empty where there is none."""
    if not path.is_file():
        return {}
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1251")
    lines = text.splitlines()
    mark = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    out = {}
    for row in csv.DictReader(lines, delimiter=mark):
        name = (row.get("file") or "").strip().replace("\\", "/")
        if name:
            out[name] = {k: clean(row[k]) for k in FIELDS if row.get(k) and clean(row[k])}
    return out


def _subjects_by_length() -> list[tuple[str, str]]:
    return sorted(aliases("subject").items(), key=lambda kv: -len(kv[0]))


def from_name(path: str) -> dict[str, str]:
    """What «ВПР 2021 Математика 4 класс.xlsx» or its folders say: kind, subject, grade, year, school.

    The file's own name is asked first, then the folders from the nearest up.
    """
    found: dict[str, str] = {}
    parts = [Path(path).stem, *reversed(Path(path).parts[:-1])]
    for part in parts:
        text = clean(part.replace("_", " "))
        if m := _YEARS.search(text):
            end = f"20{m.group(2)}" if m.group(2) else m.group(1)
            follows = m.group(2) and int(end) == int(m.group(1)) + 1
            found.setdefault("school_year", end if follows else m.group(1))
        if m := _LOGIN.search(part):
            found.setdefault("school_id", m.group(1).lower())
    name = clean(Path(path).stem.replace("_", " "))
    if m := _GRADE.search(name):
        found["grade"] = m.group(1)
    words = f" {re.sub(r'[^а-яa-z0-9]+', ' ', fold(name))} "
    for spelling, code in sorted(aliases("kind").items(), key=lambda kv: -len(kv[0])):
        if f" {fold(spelling)} " in words:
            found["kind"] = code
            break
    for spelling, code in _subjects_by_length():
        stem = fold(spelling)
        if len(stem) > 4 and (f" {stem} " in words or f" {stem[:-1]}е " in words):
            found["subject"] = code
            break
    return found


def hints(inbox: Path, path: Path, manifests: dict[Path, dict[str, dict[str, str]]]) -> dict[str, str]:
    """All that is known of a file from outside it, for :func:`readers.read_file`.

    The nearest manifest in the file's own folder or above it, up to the inbox, that names the file counts.
    """
    out = {f"name.{k}": v for k, v in from_name(path.relative_to(inbox).as_posix()).items()}
    for folder in path.parents:
        if folder not in manifests:
            manifests[folder] = read_manifest(folder / MANIFEST)
        stated = manifests[folder].get(path.relative_to(folder).as_posix())
        if stated:
            out |= {f"manifest.{k}": v for k, v in stated.items()}
            break
        if folder == inbox:
            break
    return out
