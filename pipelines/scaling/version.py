"""What decides the outcome of scaling beside the score counts: its code and the frozen references."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pipelines.settings import ROOT


def scaling_version(scales: Path) -> str:
    """A hash of the code of scaling and psychometrics and of the references under ``scales``."""
    digest = hashlib.sha256()
    code = [p for name in ("psychometrics", "scaling") for p in (ROOT / "pipelines" / name).glob("*.py")]
    for path in sorted(code) + sorted((scales / "reference").glob("*.parquet")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
