"""Old releases go, by command only, and never the one that readers see."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipelines.release.publish import release_ids


def clean(releases: Path, current: Path, keep: int) -> list[str]:
    """Remove all but the newest ``keep`` releases; the current one always stays. Returns what was removed.

    Raises ValueError when ``keep`` is under 1.
    """
    if keep < 1:
        raise ValueError("хотя бы один выпуск остаётся: --keep не меньше 1")
    seen = current.resolve().name
    old = [i for i in release_ids(releases)[:-keep] if i != seen]
    for release_id in old:
        folder = releases / release_id
        hidden = folder.with_name(f".partial-removed-{release_id}")  # half a release must not look like one
        folder.rename(hidden)
        shutil.rmtree(hidden)
    return old
