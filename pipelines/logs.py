"""Structured logs: one JSON object a line under ``home/logs``, a file a day, whoever runs.

Fields: time (UTC), level, message, and where known run_id, job, step, event, file, contract, school_year,
and the numbers a step reports (rows, seconds, memory).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import os
import resource
import sys
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pipelines.settings import Settings

#: What our own calls may add by ``extra=``.
EXTRA = ("file", "contract", "school_year", "rows_read", "rows_accepted", "rows_rejected", "seconds")
#: Events worth a line: the others repeat them.
_EVENTS = {
    "PIPELINE_START", "PIPELINE_SUCCESS", "PIPELINE_FAILURE", "PIPELINE_CANCELED",
    "STEP_START", "STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED",
    "ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION",
}  # fmt: skip


def secrets_of(settings: Settings) -> list[str]:
    """The configured secrets in clear: what no log may hold."""
    values = [getattr(settings, name) for name in type(settings).model_fields]
    found = [v.get_secret_value() for v in values if isinstance(v, SecretStr)]
    for url in (settings.ledger_url, settings.publish_url):
        password = url.partition("://")[2].partition("@")[0].partition(":")[2] if url and "@" in url else ""
        found.append(password)
    return sorted({v for v in found if v}, key=len, reverse=True)


def redact(text: str, settings: Settings) -> str:
    """The text without the configured secrets."""
    for secret in secrets_of(settings):
        text = text.replace(secret, "***")
    return text


def as_line(record: logging.LogRecord) -> dict[str, Any] | None:
    """A record as a JSON object; nothing for engine events that only repeat others."""
    meta = getattr(record, "dagster_meta", None) or {}
    event = meta.get("dagster_event")
    if record.levelno < logging.INFO if event is None else event.event_type_value not in _EVENTS:
        return None
    when = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
    line: dict[str, Any] = {
        "time": when,
        "level": record.levelname,
        "message": meta.get("orig_message") or record.getMessage(),
        "run_id": meta.get("run_id"),
        "job": meta.get("job_name"),
        "step": meta.get("step_key"),
    }
    line |= {key: getattr(record, key) for key in EXTRA if hasattr(record, key)}
    if event is not None:
        line |= {"event": event.event_type_value, "step": event.step_key, **_facts(event)}
    return {key: value for key, value in line.items() if value is not None}


def reset_peak() -> None:
    """Begin the peak of this process's memory anew, where the system can (Linux), and its CPU seconds."""
    global _cpu_before  # noqa: PLW0603 - the process has one
    _cpu_before = cpu_seconds()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


#: CPU seconds of this process, its ended children too, when the step began.
_cpu_before = 0.0


def cpu_seconds() -> float:
    """What this process and its ended children have computed, in all."""
    return sum(os.times()[:4])


def peak_memory_mb() -> int:
    """The most memory that this process, or an ended child of it, has held, MiB; since :func:`reset_peak`."""
    unit = 2**10 if sys.platform != "darwin" else 2**20  # what ru_maxrss counts in
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // unit
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        own = int(status.partition("VmHWM:")[2].split()[0]) // 2**10
    except (OSError, IndexError):
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
    return max(own, children)


def _facts(event: Any) -> dict[str, Any]:
    """The asset of a materialisation or check, and the plain numbers it came with."""
    out: dict[str, Any] = {}
    data = event.event_specific_data
    found = getattr(data, "materialization", None) or data
    if key := getattr(found, "asset_key", None):
        out["asset"] = key.to_user_string()
    if (passed := getattr(found, "passed", None)) is not None:
        out |= {"check": found.check_name, "passed": passed}
    for name, value in (getattr(found, "metadata", None) or {}).items():
        if isinstance(plain := getattr(value, "value", None), int | float):
            out[name.removeprefix("dagster/")] = plain
    if (duration := getattr(data, "duration_ms", None)) is not None:
        out |= {"seconds": round(duration / 1000, 3), "peak_memory_mb": peak_memory_mb()}
        out["cpu_seconds"] = round(cpu_seconds() - _cpu_before, 3)
    return out


class JsonLines(logging.Handler):
    """Appends to ``home/logs/YYYY-MM-DD.jsonl``; one write a line, so that processes don't mix theirs."""

    def __init__(self, folder: str | None = None) -> None:
        super().__init__(logging.DEBUG)
        self._settings = Settings()
        self._folder = Path(folder) if folder else self._settings.logs

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = as_line(record)
            if line and line.get("event") == "STEP_START":
                reset_peak()
            if line is None:
                return
            text = redact(json.dumps(line, ensure_ascii=False, default=str), self._settings)
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._folder / f"{line['time'][:10]}.jsonl"
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, f"{text}\n".encode())
            finally:
                os.close(handle)
        except Exception:
            self.handleError(record)  # a log that can't be written must not end the run
