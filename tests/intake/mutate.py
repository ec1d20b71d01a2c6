"""Thousands of damaged files through the readers, as in production: in processes with limits.

``python -m tests.intake.mutate [--files N] [--seed S]`` mutates a file of every layout and kind: bytes are
flipped, cut out, repeated and spliced; inside workbooks the same is done to the XML of a sheet, so that the
archive stays whole. Each file must be refused with a reason or read with every row in exactly one of accepted
and rejected, within the time and the memory that the settings allow. What breaks this is printed and kept.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow as pa

from pipelines.intake import workers
from pipelines.intake.context import hints
from pipelines.intake.readers import FileReading, tables_of
from pipelines.intake.validation import validate
from pipelines.settings import ROOT, Settings
from schemas import CONTRACTS
from tests.intake.intake_files import SECRET

SAMPLES = ROOT / "raw_samples"
#: Larger samples teach nothing that small ones do not.
LARGEST = 300_000
#: Bytes and texts that readers stumble over.
NASTY = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b'"', b"'", b";", b"\xd0", b"=1+1", b"#REF!", b"-",
    b"9" * 400, b"1e999", b"<", b"&#0;", b"&amp;", b"</row>", b"</c>", b"<v></v>", b't="e"',
    b'r="XFD1048576"', b'r="A0"', b'r="A99999999999999999999"', "\u202e".encode(), "\u200f".encode(),
    b"\x1b[2J", b"../../x",
]  # fmt: skip
Mutation = Callable[[random.Random, bytes], bytes]


def flip(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice([1, 3, 30])):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def take_out(rng: random.Random, data: bytes) -> bytes:
    start, size = rng.randrange(len(data)), rng.choice([1, 20, 2000])
    return data[:start] + data[start + size :]


def repeat(rng: random.Random, data: bytes) -> bytes:
    start, size = rng.randrange(len(data)), rng.choice([1, 50, 5000])
    return data[:start] + data[start : start + size] * rng.choice([2, 40]) + data[start:]


def insert(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + rng.choice(NASTY) + data[start:]


def overwrite(rng: random.Random, data: bytes) -> bytes:
    start, text = rng.randrange(len(data)), rng.choice(NASTY)
    return data[:start] + text + data[start + len(text) :]


def shuffle_lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


MUTATIONS: tuple[Mutation, ...] = (flip, cut, take_out, repeat, insert, overwrite, shuffle_lines)


def inside(rng: random.Random, data: bytes, change: Mutation) -> bytes:
    """The mutation done to one part of a workbook, which is packed again as a sound archive."""
    with zipfile.ZipFile(BytesIO(data)) as book:
        parts = {n: book.read(n) for n in book.namelist()}
    name = rng.choice(sorted(n for n in parts if parts[n]))
    parts[name] = change(rng, parts[name])
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for n, content in parts.items():
            book.writestr(n, content)
    return out.getvalue()


def mutated(rng: random.Random, data: bytes) -> bytes:
    for _ in range(rng.choice([1, 1, 2, 4])):
        change = rng.choice(MUTATIONS)
        if data.startswith(b"PK") and rng.random() < 0.7:
            try:
                data = inside(rng, data, change)
                continue
            except Exception:  # an earlier mutation broke the archive: its bytes are what is left
                pass
        data = change(rng, data or b"\n")
    return data


def samples() -> list[Path]:
    """A file of each folder and format of the samples, and all that are named as no other is."""
    found = (p for p in sorted(SAMPLES.rglob("*")) if p.is_file() and 0 < p.stat().st_size <= LARGEST)
    return [p for p in found if p.suffix.lower() in (".xlsx", ".xls", ".csv", ".xlsm", ".ods", ".xlsb")]


def judge(path: Path, name: str, known: dict[str, str]) -> tuple[str, int]:
    """Read and validate one file. Returns its refusal or «read», and the peak memory in bytes.

    Raises AssertionError where a row is lost or counted twice.
    """
    reading, tables = tables_of(path, "f", name=name, hints=known, secret=SECRET)
    FileReading.from_json(reading.to_json()).to_json().encode()
    read = sum(r.rows_read for r in reading.readings if r.status == "read")
    assert read == sum(len(t) for parts in tables.values() for t in parts), (
        "landed rows differ from rows read"
    )
    for (contract, _), parts in tables.items():
        landed = pa.concat_tables(parts, promote_options="default")
        found = validate(CONTRACTS[contract], landed, order={"f": 1})
        counts = found.counts
        assert (counts["rows_read"] == counts["rows_accepted"] + counts["rows_rejected"]).all()
        assert int(counts["rows_read"].sum()) == len(landed), "validated rows differ from landed rows"
        rejected = {(f["sheet"], f["row"]) for f in found.findings.to_pylist() if f["severity"] == "error"}
        assert bool(rejected) == bool(counts["rows_rejected"].sum()), "a row is rejected without a reason"
        assert int(counts["rows_accepted"].sum()) == len(found.accepted)
    refusals = [reading.rule, *(r.rule for r in reading.readings if r.status == "rejected")]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return next(filter(None, refusals), "read"), peak


@dataclass
class Outcome:
    """What became of all files: how often each verdict, what broke, the dearest file in memory and time."""

    verdicts: Counter[str]
    broken: list[str]
    peak_bytes: int
    seconds: float


def torture(folder: Path, files: int, seed: int, settings: Settings, keep: Path | None = None) -> Outcome:
    """Mutate, read and judge so many files; broken ones are copied to ``keep``."""
    began, out = time.monotonic(), Outcome(Counter(), [], 0, 0.0)
    for done in workers.each(judge, list(_tasks(folder, files, seed)), settings):
        path, label = done.key
        if done.failure and done.failure.rule == "reader_failed":
            out.broken.append(f"{label}: {done.failure.en}")
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                path.replace(keep / path.name)
        verdict, peak = done.result or (done.failure.rule if done.failure else "", 0)
        out.verdicts[verdict] += 1
        out.peak_bytes = max(out.peak_bytes, peak)
        path.unlink(missing_ok=True)
    out.seconds = time.monotonic() - began
    return out


def _tasks(
    folder: Path, files: int, seed: int
) -> Iterator[tuple[tuple[Path, str], tuple[Path, str, dict[str, str]]]]:
    rng, sources = random.Random(seed), samples()
    for number in range(files):
        source = sources[number % len(sources)]
        path = folder / f"{number}{source.suffix}"
        path.write_bytes(mutated(rng, source.read_bytes()))
        known = hints(SAMPLES, source, {})
        yield (path, f"{number} {source.name}"), (path, source.name, known)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    settings, verdicts, broken, peak, seconds = Settings(), Counter[str](), 0, 0, 0.0
    for first in range(0, chosen.files, 500):
        with tempfile.TemporaryDirectory() as folder:
            n = min(500, chosen.files - first)
            out = torture(Path(folder), n, chosen.seed + first, settings, chosen.keep)
        verdicts += out.verdicts
        broken, peak, seconds = broken + len(out.broken), max(peak, out.peak_bytes), seconds + out.seconds
        for line in out.broken:
            print(line, flush=True)
        print(f"{first + n} files, {seconds:.0f} s, {peak / 1e6:.0f} MB, broken: {broken}", flush=True)
    for verdict, times in verdicts.most_common():
        print(f"{times:6} {verdict}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
