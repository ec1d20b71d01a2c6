"""Imported by the server that worker processes are forked from: what they need is there in each of them.

A reader also works out the contracts' fields and the layouts once for a process.
"""

from pipelines.intake import stages  # noqa: F401  whose functions are the readers' work
from pipelines.intake.grid import Sheet
from pipelines.intake.layouts import recognise
from pipelines.release import contents, shares  # noqa: F401  whose functions are the release's work

recognise(Sheet("", [["any", "header"]]))
