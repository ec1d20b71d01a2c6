"""Structured logs: what each line says, and what no line may say."""

import json
import logging
from pathlib import Path

import dagster as dg
import pytest

from pipelines.logs import JsonLines, peak_memory_mb, redact, reset_peak
from pipelines.settings import Settings


@dg.asset
def numbers(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    context.log.info("прочитан", extra={"file": "a.xlsx", "contract": "staff", "school_year": 2023})
    context.log.info("пароль s3cr3t-in-url")
    return dg.MaterializeResult(metadata={"rows_n": 7, "preview": "x"})


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The log of one run, as its instance's own handler wrote it."""
    monkeypatch.setenv("UROVEN_HOME", str(tmp_path))
    monkeypatch.setenv("UROVEN_LEDGER_URL", "postgresql+psycopg://user:s3cr3t-in-url@db/uroven")
    (tmp_path / "dagster").mkdir()
    handlers = {"handlers": {"journal": {"class": "pipelines.logs.JsonLines", "level": "DEBUG"}}}
    overrides = {"python_logs": {"python_log_level": "DEBUG", "dagster_handler_config": handlers}}
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster"), overrides=overrides) as instance:
        dg.materialize([numbers], instance=instance)
    (path,) = (tmp_path / "logs").glob("*.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_line_names_its_run_and_step_and_what_it_is_about(lines: list[dict]) -> None:
    assert len({line["run_id"] for line in lines}) == 1
    (told,) = [line for line in lines if line["message"] == "прочитан"]
    assert (told["step"], told["file"], told["contract"], told["school_year"]) == (
        "numbers", "a.xlsx", "staff", 2023,
    )  # fmt: skip


def test_a_step_ends_with_its_time_and_memory(lines: list[dict]) -> None:
    (ended,) = [line for line in lines if line.get("event") == "STEP_SUCCESS"]
    assert ended["seconds"] >= 0 and ended["peak_memory_mb"] > 10
    (made,) = [line for line in lines if line.get("event") == "ASSET_MATERIALIZATION"]
    assert (made["asset"], made["rows_n"]) == ("numbers", 7)


def test_no_secret_reaches_a_log(lines: list[dict]) -> None:
    assert "s3cr3t" not in json.dumps(lines, ensure_ascii=False)
    assert any("пароль ***" in line["message"] for line in lines)


def test_secrets_of_every_setting_are_left_out(tmp_path: Path) -> None:
    settings = Settings(
        webhook_url="https://chat/hook/T0KEN", smtp_password="pa55word",
        publish_url="postgresql://u:other5@db/x",
    )  # fmt: skip
    text = redact("https://chat/hook/T0KEN pa55word other5 остальное", settings)
    assert text == "*** *** *** остальное"
    assert "T0KEN" not in repr(settings) and "pa55word" not in repr(settings)


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    handler = JsonLines(str(tmp_path / "file" / "below"))
    logging.raiseExceptions = False
    try:
        handler.handle(logging.LogRecord("x", logging.INFO, "", 0, "сообщение", (), None))
    finally:
        logging.raiseExceptions = True


def test_the_peak_of_memory_begins_anew() -> None:
    held = bytearray(300 * 2**20)
    high = peak_memory_mb()
    del held
    reset_peak()
    assert high >= 300 and peak_memory_mb() <= high
