"""Schedules and sensors tick against a Dagster instance with storage of its own."""

from __future__ import annotations

import base64
import datetime as dt
import email
import email.policy
import json
import os
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from pydantic import SecretStr

from pipelines import calendar, sensors
from pipelines.headless import HEADLESS, end_killed_runs, ensure_manifest
from pipelines.intake.vault import receive
from pipelines.notify import notify
from pipelines.partitions import RANGE_END, RANGE_START
from pipelines.release.publish import DATABASE
from pipelines.resources import UrovenResource
from pipelines.schedules import release_schedule
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    ensure_manifest(Settings())
    from pipelines.definitions import defs as loaded  # noqa: PLC0415

    return loaded


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as made:
        yield made


@pytest.fixture
def uroven(tmp_path: Path) -> UrovenResource:
    (tmp_path / "inbox").mkdir()
    return UrovenResource(home=str(tmp_path / "home"), inbox=str(tmp_path / "inbox"))


def tick(
    sensor: dg.SensorDefinition, instance: dg.DagsterInstance, uroven: UrovenResource, defs: dg.Definitions,
    cursor: str | None = None,
) -> dg.SensorResult | dg.SkipReason:  # fmt: skip
    with dg.build_sensor_context(
        instance=instance, resources={"uroven": uroven}, definitions=defs, cursor=cursor
    ) as context:
        result = sensor(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def put(uroven: UrovenResource, name: str, text: str, age: int = 60) -> Path:
    """A file in the inbox that was last written ``age`` seconds ago."""
    path = uroven.settings().inbox_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    then = dt.datetime.now().timestamp() - age
    os.utime(path, (then, then))
    return path


# --- the inbox ------------------------------------------------------------------------------------------


def test_an_empty_inbox_is_skipped_with_the_reason(
    instance: dg.DagsterInstance, uroven: UrovenResource, defs: dg.Definitions
) -> None:
    skipped = tick(sensors.inbox, instance, uroven, defs)
    assert isinstance(skipped, dg.SkipReason) and "нет новых файлов" in (skipped.skip_message or "")


def test_a_new_file_asks_for_one_run_keyed_by_its_content(
    instance: dg.DagsterInstance, uroven: UrovenResource, defs: dg.Definitions
) -> None:
    put(uroven, "Кадры 2023.csv", "a;b\n1;2\n")
    asked = tick(sensors.inbox, instance, uroven, defs)
    assert isinstance(asked, dg.SensorResult)
    (request,) = asked.run_requests or []
    assert request.run_key and asked.cursor and request.run_key.endswith(asked.cursor)
    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("2023", "2023")
    again = tick(sensors.inbox, instance, uroven, defs, cursor=asked.cursor)
    assert isinstance(again, dg.SkipReason) and "уже запрошен" in (again.skip_message or "")
    put(uroven, "Кадры 2023.csv", "a;b\n1;3\n")
    other = tick(sensors.inbox, instance, uroven, defs, cursor=asked.cursor)
    assert isinstance(other, dg.SensorResult) and other.cursor != asked.cursor


def test_a_file_that_is_still_copied_waits(
    instance: dg.DagsterInstance, uroven: UrovenResource, defs: dg.Definitions
) -> None:
    put(uroven, "half.csv", "a;b\n", age=0)
    skipped = tick(sensors.inbox, instance, uroven, defs)
    assert isinstance(skipped, dg.SkipReason) and "копируется" in (skipped.skip_message or "")


def test_a_received_file_is_not_asked_for_again_and_a_time_stamp_alone_is_nothing_new(
    instance: dg.DagsterInstance, uroven: UrovenResource, defs: dg.Definitions
) -> None:
    put(uroven, "x.csv", "a;b\n1;2\n")
    receive(uroven.settings(), uroven.ledger())
    put(uroven, "x.csv", "a;b\n1;2\n", age=3600)
    assert isinstance(tick(sensors.inbox, instance, uroven, defs), dg.SkipReason)


# --- the release made again -----------------------------------------------------------------------------


def test_what_was_received_but_not_released_asks_for_a_release_once(
    instance: dg.DagsterInstance, uroven: UrovenResource, defs: dg.Definitions
) -> None:
    empty = tick(sensors.accepted_changed, instance, uroven, defs)
    assert isinstance(empty, dg.SkipReason) and "ничего не прислано" in (empty.skip_message or "")
    put(uroven, "x.csv", "a;b\n1;2\n")
    receive(uroven.settings(), uroven.ledger())
    asked = tick(sensors.accepted_changed, instance, uroven, defs)
    assert isinstance(asked, dg.SensorResult) and len(asked.run_requests or []) == 1
    again = tick(sensors.accepted_changed, instance, uroven, defs, cursor=asked.cursor)
    assert isinstance(again, dg.SkipReason) and "уже запрошен" in (again.skip_message or "")


def test_while_a_run_goes_nothing_is_compared(
    instance: dg.DagsterInstance, uroven: UrovenResource, defs: dg.Definitions
) -> None:
    instance.add_run(dg.DagsterRun(job_name="full_run", status=dg.DagsterRunStatus.STARTED))
    skipped = tick(sensors.accepted_changed, instance, uroven, defs)
    assert isinstance(skipped, dg.SkipReason) and "идёт прогон" in (skipped.skip_message or "")


# --- runs whose process was killed ----------------------------------------------------------------------


def open_run(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, tags: dict[str, str] | None = None
) -> str:
    """A run that its storage takes for going on, or for going to."""
    run = dg.DagsterRun(job_name="full_run", status=status, tags=tags or {})
    instance.add_run(run)
    return run.run_id


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_a_killed_run_is_shown_as_failed_and_frees_its_slots(
    status: dg.DagsterRunStatus, instance: dg.DagsterInstance
) -> None:
    storage = instance.event_log_storage
    storage.set_concurrency_slots("home", 1)
    killed = open_run(instance, status, HEADLESS)
    assert storage.claim_concurrency_slot("home", killed, "accept").is_claimed
    end_killed_runs(instance, HEADLESS)
    ended = instance.get_run_by_id(killed)
    assert ended and ended.status == dg.DagsterRunStatus.FAILURE
    (event,) = instance.all_logs(killed, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert event.dagster_event and "остановлен" in (event.dagster_event.message or "")
    assert storage.claim_concurrency_slot("home", "next", "accept").is_claimed


def test_a_run_of_another_kind_is_left_as_it_is(instance: dg.DagsterInstance) -> None:
    other = open_run(instance, dg.DagsterRunStatus.STARTED)
    end_killed_runs(instance, HEADLESS)
    run = instance.get_run_by_id(other)
    assert run and run.status == dg.DagsterRunStatus.STARTED


# --- the calendar ---------------------------------------------------------------------------------------


def _rule(name: str) -> tuple[calendar.Calendar, calendar.ReleaseRule]:
    plan = calendar.load(Settings(calendar=calendar.CALENDARS / "default.toml"))
    return plan, next(r for r in plan.release if r.name == name)


@pytest.mark.parametrize(
    "name", ["yearly_release", "staffing_return", "social_passports", "diagnostics", "termly"]
)
def test_each_schedule_ticks_on_its_days_of_a_year_and_on_no_other(
    name: str, instance: dg.DagsterInstance
) -> None:
    plan, rule = _rule(name)
    schedule = release_schedule(plan, rule)
    ticks = set()
    begin = dt.datetime(2022, 9, 1, tzinfo=dt.UTC).timestamp()
    for moment in _ticks(schedule, begin):
        if moment >= dt.datetime(2023, 9, 1, tzinfo=dt.UTC):
            break
        with dg.build_schedule_context(instance=instance, scheduled_execution_time=moment) as context:
            data = schedule.evaluate_tick(context)
        if data.run_requests:
            ticks.add(moment.date())
            assert data.run_requests[0].run_key == f"{name}-{moment.date()}"
        else:
            assert data.skip_message
    days = {d for year in (2021, 2022, 2023) for d in plan.release_days(rule, year)}
    assert ticks == {d for d in days if dt.date(2022, 9, 1) <= d < dt.date(2023, 9, 1)}


def _ticks(schedule: dg.ScheduleDefinition, begin: float) -> Iterator[dt.datetime]:
    from dagster._utils.schedules import schedule_execution_time_iterator  # noqa: PLC0415

    return schedule_execution_time_iterator(begin, schedule.cron_schedule, "UTC")


def test_autumn_2020_moved_the_release_after_vpr(instance: dg.DagsterInstance) -> None:
    plan, rule = _rule("diagnostics")
    schedule = release_schedule(plan, rule)
    moved = dt.datetime(2020, 11, 3, 3, tzinfo=dt.UTC)
    with dg.build_schedule_context(instance=instance, scheduled_execution_time=moved) as context:
        assert schedule.evaluate_tick(context).run_requests
    usual = dt.datetime(2021, 11, 3, 3, tzinfo=dt.UTC)
    with dg.build_schedule_context(instance=instance, scheduled_execution_time=usual) as context:
        assert not schedule.evaluate_tick(context).run_requests


def test_everything_automatic_is_on_and_names_a_job_that_exists(defs: dg.Definitions) -> None:
    repository = defs.get_repository_def()
    assert {s.name for s in repository.schedule_defs} >= {"yearly_release", "freshness"}
    for schedule in repository.schedule_defs:
        assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
        assert repository.has_job(schedule.job_name)
    assert {s.name for s in repository.sensor_defs} >= {
        "inbox", "accepted_changed", "run_failed", "missing_submissions",
    }  # fmt: skip
    assert all(s.default_status == dg.DefaultSensorStatus.RUNNING for s in repository.sensor_defs)


# --- what was not sent ----------------------------------------------------------------------------------


def release(uroven: UrovenResource, as_of: str) -> None:
    """A release that says who had sent what by a day."""
    current = uroven.settings().current
    current.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(current / DATABASE)) as db:
        db.execute(f"""create or replace table dq_completeness as
            select 'staffing' as contract, '2026' as period, date '2026-09-20' as due, unit_id, state,
                   date '{as_of}' as as_of
            from (values ('100001', 'missing'), ('100002', 'in_time')) as t (unit_id, state)""")  # noqa: S608


def test_who_has_not_sent_is_told_of_once_after_the_due_date(
    instance: dg.DagsterInstance,
    uroven: UrovenResource,
    defs: dg.Definitions,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def look(cursor: str | None) -> tuple[str, str | None]:
        with dg.build_sensor_context(
            instance=instance, resources={"uroven": uroven}, definitions=defs, cursor=cursor
        ) as context:
            skipped = sensors.missing_submissions(context)
        assert isinstance(skipped, dg.SkipReason)
        return skipped.skip_message or "", context.cursor

    assert look(None) == ("выпуска ещё нет", None)
    release(uroven, "2026-09-20")
    said, told = look(None)
    assert "сообщено о пропусках (log): 1" in said
    assert "не прислали 1 из 2: 100001" in caplog.text
    assert look(told) == ("о сроке 2026-09-20 уже сообщено", told)
    release(uroven, "2026-10-10")  # another date has passed, nothing more is missing
    assert look(told) == ("к сроку 2026-10-10 прислано всё", "2026-10-10")


# --- telling people -------------------------------------------------------------------------------------


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook of this machine: its address, and what it was sent."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook/T0KEN", got
    server.shutdown()


def test_a_message_goes_to_the_log_and_to_the_webhook(
    hook: tuple[str, list[dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    url, got = hook
    settings = Settings(webhook_url=url)  # type: ignore[arg-type]
    assert notify(settings, "Тема", ["строка"]) == ["log", "webhook"]
    assert got == [{"text": "Тема\nстрока"}]
    assert "Тема" in caplog.text and "T0KEN" not in caplog.text


class MailServer(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to log in and to leave one message."""

    def handle(self) -> None:
        self.say("220 mail")
        got: dict[str, Any] = self.server.got  # type: ignore[attr-defined]
        while line := self.rfile.readline().decode().strip():
            match line.partition(" "):
                case ("ehlo", _, _):
                    self.say("250-mail\r\n250 AUTH PLAIN")
                case ("AUTH", _, secret):
                    got["login"] = base64.b64decode(secret.removeprefix("PLAIN ")).decode()
                    self.say("235 in")
                case ("data", _, _):
                    self.say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    got["message"] = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                    self.say("250 kept")
                case ("QUIT" | "quit", _, _):
                    self.say("221 bye")
                    return
                case ("rcpt", _, rest):
                    got.setdefault("to", []).append(rest)
                    self.say("250 ok")
                case _:
                    self.say("250 ok")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def post() -> Iterator[tuple[int, dict[str, Any]]]:
    """A mail server of this machine: its port, and what it was given."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        server.got = {}  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], server.got  # type: ignore[attr-defined]
        server.shutdown()


def test_a_message_goes_by_mail_to_every_address_and_no_password_to_the_log(
    post: tuple[int, dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    port, got = post
    caplog.set_level("DEBUG")
    settings = Settings(
        mail_to="duty@example.org, head@example.org", smtp_host="127.0.0.1", smtp_port=port,
        smtp_user="u", smtp_password=SecretStr("pa55word"),
    )  # fmt: skip
    assert notify(settings, "Уровень: прогон не удался", ["accept: нет места"]) == ["log", "mail"]
    assert got["login"] == "\0u\0pa55word"
    assert got["message"]["Subject"] == "Уровень: прогон не удался"
    assert got["to"] == ["TO:<duty@example.org>", "TO:<head@example.org>"]
    assert got["message"]["To"] == "duty@example.org, head@example.org"
    assert got["message"].get_content().split("\r\n") == ["accept: нет места", ""]
    assert "pa55word" not in caplog.text


def test_a_dead_webhook_stops_nothing_and_its_address_stays_out_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = Settings(webhook_url="http://127.0.0.1:9/hook/T0KEN")  # type: ignore[arg-type]
    assert notify(settings, "Тема", ["строка"]) == ["log"]
    assert "не отправлено" in caplog.text and "T0KEN" not in caplog.text


def test_a_failed_run_is_told_of(
    instance: dg.DagsterInstance, uroven: UrovenResource, caplog: pytest.LogCaptureFixture
) -> None:
    @dg.op
    def breaks() -> None:
        raise ValueError("нет таблицы")

    @dg.job
    def broken() -> None:
        breaks()

    result = broken.execute_in_process(instance=instance, raise_on_error=False)
    context = dg.build_run_status_sensor_context(
        sensor_name="run_failed", dagster_instance=instance, dagster_run=result.dagster_run,
        dagster_event=result.get_run_failure_event(), resources={"uroven": uroven},
    ).for_run_failure()  # fmt: skip
    with context:
        sensors.run_failed(context)
    assert "прогон не удался" in caplog.text
    assert "breaks: ValueError: нет таблицы" in caplog.text
