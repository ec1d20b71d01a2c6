"""Progress for people at a terminal: a line as each step begins, ends or fails, and what assets report."""

import logging
import time

import dagster as dg
from rich.console import Console

_MARKS = {"STEP_START": "…", "STEP_SUCCESS": "✓", "STEP_FAILURE": "✗"}


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._console, self._began = Console(highlight=False), time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        event = (getattr(record, "dagster_meta", None) or {}).get("dagster_event")
        since = f"{time.monotonic() - self._began:6.1f} с"
        if event is not None:
            mark = _MARKS.get(event.event_type_value)
            if mark:
                self._console.print(f"{since}  {mark} {event.step_key}", markup=False)
        elif record.levelno >= logging.INFO:
            message = (getattr(record, "dagster_meta", None) or {}).get("orig_message") or record.getMessage()
            if not message.startswith("Dependencies for step"):
                self._console.print(f"{since}      {message}", markup=False)


@dg.logger(config_schema={"quiet": dg.Field(bool, default_value=False)})
def progress(init_context: dg.InitLoggerContext) -> logging.Logger:
    """Prints nothing when quiet."""
    logger = logging.Logger("uroven.progress", logging.DEBUG)
    if not init_context.logger_config["quiet"]:
        logger.addHandler(_Lines())
    return logger
