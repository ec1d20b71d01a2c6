"""The inbox being written: files in folders, their manifests, and the faults collected from them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.synthetic.sheets import Draft, Fault, manifest_bytes, write_draft

Progress = Callable[[int, int, str], None]


@dataclass
class Inbox:
    """Writes drafts under ``root``; every file's time of change is fixed by the year it belongs to."""

    root: Path
    seed: int
    with_faults: bool
    total: int
    on_progress: Progress | None = None
    faults: list[Fault] = field(default_factory=list)
    manifests: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def rng(self, path: str) -> np.random.Generator:
        """A generator of the faults of one file."""
        return np.random.default_rng([self.seed, 999, zlib.crc32(path.encode())])

    def write(self, draft: Draft, when: datetime | None = None) -> Path:
        """Write a draft, remember its faults and its manifest row."""
        write_draft(self.root, draft)
        self.faults += draft.faults
        if draft.manifest is not None:
            folder, _, name = draft.path.partition("/")
            self.manifests.setdefault(folder, []).append({"file": name, **draft.manifest})
        return self._done(draft.path, when)

    def write_bytes(self, path: str, content: bytes, fault: str, severity: str, note: str) -> None:
        """Write a file that is a fault as a whole."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        self.faults.append(Fault(path, "", 0, "", "", "", fault, severity, note))
        self._done(path, None)

    def finish(self) -> None:
        """Write the manifests."""
        for folder, rows in sorted(self.manifests.items()):
            path = f"{folder}/manifest.csv"
            (self.root / path).write_bytes(manifest_bytes(sorted(rows, key=lambda row: str(row["file"]))))
            self._done(path, None)

    def _done(self, path: str, when: datetime | None) -> Path:
        moment = (when or datetime(2024, 1, 15, 9, tzinfo=UTC)).timestamp()
        os.utime(self.root / path, (moment, moment))
        self.written.append(path)
        if self.on_progress:
            self.on_progress(len(self.written), max(self.total, len(self.written)), path)
        return self.root / path
