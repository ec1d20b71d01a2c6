"""Every published number walked back to the rows of the files it came from.

It reads the build database, where nothing is suppressed, and never changes it. Students are never named: a
row is told by its file, sheet and number.
"""

from pipelines.release.explain.answers import Question, UnknownError, UnreadableError, answer, as_json
from pipelines.release.explain.show import print_answer

__all__ = ["Question", "UnknownError", "UnreadableError", "answer", "as_json", "print_answer"]
