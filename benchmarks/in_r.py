"""Peers in R, where ``Rscript`` and the package are found; what is not found is left out and said."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: A peer that takes longer than this in all is left out.
LONGEST_SECONDS = 600
_HEAD = """
given <- commandArgs(TRUE)
data <- as.matrix(read.csv(given[1]))
times <- c()
for (round in seq_len(as.integer(given[2]))) {
    began <- proc.time()[["elapsed"]]
"""
_FOOT = """
    times <- c(times, proc.time()[["elapsed"]] - began)
}
cat("\\nseconds", median(times), "\\n")
cat("\\nestimates", format(estimates, digits = 15), "\\n")
"""


@functools.cache
def version(package: str) -> str | None:
    """The version of an R package; nothing where it or R is absent."""
    if shutil.which("Rscript") is None:
        return None
    code = (
        f'if (requireNamespace("{package}", quietly = TRUE)) cat(as.character(packageVersion("{package}")))'
    )
    done = subprocess.run(["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def timed(
    code: str, data: NDArray[np.float64] | NDArray[np.int64], names: list[str], rounds: int
) -> tuple[float, NDArray[np.float64]] | None:
    """The median of the seconds of some rounds, and the estimates.

    ``code`` finds ``estimates`` from the matrix ``data``, whose columns have the names. Nothing when it takes
    longer than LONGEST_SECONDS. Raises RuntimeError, with what R says, when it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        table, script = Path(folder) / "data.csv", Path(folder) / "peer.R"
        np.savetxt(table, data, fmt="%.17g", delimiter=",", header=",".join(names), comments="")
        script.write_text(_HEAD + code + _FOOT)
        command = ["Rscript", "--vanilla", str(script), str(table), str(rounds)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS
            )
        except subprocess.TimeoutExpired:
            return None
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    said = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.strip()}
    return float(said["seconds"][0]), np.array(said["estimates"], float)
