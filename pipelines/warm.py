"""Imported by the server that worker processes are forked from: what they need is there in each of them.

A reader also works out the contracts' fields and the layouts once for a process.
"""

# ruff: noqa: E402  what is imported must find the first lines done
import __main__

# DuckDB takes a process that runs no script for a person at a prompt, and would show how far it is
__main__.__file__ = __file__

from pipelines.intake import stages  # noqa: F401  whose functions are the readers' work
from pipelines.intake.grid import Sheet
from pipelines.intake.layouts import recognise
from pipelines.release import contents, shares  # noqa: F401  whose functions are the release's work
from pipelines.scaling import run_objectivity, run_units  # noqa: F401  whose functions are the scales' work

recognise(Sheet("", [["any", "header"]]))
