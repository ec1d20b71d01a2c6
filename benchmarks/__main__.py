"""``make bench``: every measure of this folder, as a table and in ``benchmarks/latest.json``.

Rows of measures that were not run stay as they are there.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import calibration, chain, in_r, multilevel, reading, scaling
from benchmarks.measure import Measure

MEASURES = {
    "read_protocol": reading.read_protocol,
    "scaling_20m": scaling.scaling,
    "score_counts": scaling.score_counts,
    "calibration": calibration.calibration,
    "reml": multilevel.multilevel,
    "whole_chain": chain.whole_chain,
    "rerun": chain.rerun,
    "growth": chain.growth,
}
PACKAGES = (
    "duckdb", "pandas", "pandera", "python-calamine", "dagster", "dbt-core", "girth", "mirt", "raschpy",
    "statsmodels",
)  # fmt: skip
R_PACKAGES = ("base", "mirt", "TAM", "psychotools", "eRm", "lme4")


def main(names: list[str]) -> int:
    """Run the named measures, or all; 1 when a limit does not hold."""
    rows: list[Measure] = [MEASURES[name]() for name in names or MEASURES]
    table = Table()
    for title in ("measure", "ratio", "limit", "ours, s", "bare, s"):
        table.add_column(title, justify="left" if title == "measure" else "right")
    for m in rows:
        colour = "green" if m.holds else "red"
        figures = (
            f"[{colour}]{m.ratio:.2f}[/]",
            f"{m.limit:g}",
            f"{m.raw['ours_s']:.3f}",
            f"{m.raw['bare_s']:.3f}",
        )
        table.add_row(m.name, *figures)
    Console().print(table)
    versions = {p: version(p) for p in PACKAGES} | {"python": platform.python_version()}
    versions |= {f"R {p}": found for p in R_PACKAGES if (found := in_r.version(p))}
    path = Path(__file__).with_name("latest.json")
    kept = json.loads(path.read_text()) if path.exists() else {"rows": [], "versions": {}}
    found = {row["name"]: row for row in kept["rows"]} | {m.name: m.as_row() for m in rows}
    out = {
        "rows": [found[name] for name in MEASURES if name in found],
        "versions": kept["versions"] | versions,
    }
    path.write_text(json.dumps(out, indent=1) + "\n")
    return 0 if all(m.holds for m in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
