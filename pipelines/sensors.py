"""Sensors: new files make a release, changed accepted rows make one, failures and gaps are told of."""

import datetime as dt
import hashlib
import json
import time
from collections.abc import Iterable

import dagster as dg

from pipelines import calendar
from pipelines.jobs import FULL_RUN, REMAKE_RELEASE
from pipelines.notify import notify
from pipelines.partitions import range_tags
from pipelines.resources import UrovenResource

#: A file is taken once it has rested this long, seconds: half a copy is no submission.
REST_SECONDS = 10


@dg.sensor(
    job=FULL_RUN,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="New or changed files in the inbox become a release.",
)
def inbox(context: dg.SensorEvaluationContext, uroven: UrovenResource) -> dg.SensorResult | dg.SkipReason:
    """The cursor is the content last asked a run for; the same content never asks for a second one."""
    from pipelines.headless import expected_years  # noqa: PLC0415
    from pipelines.intake.vault import look  # noqa: PLC0415

    settings, ledger = uroven.settings(), uroven.ledger()
    if not settings.inbox_path.is_dir():
        return dg.SkipReason(f"нет папки {settings.inbox_path}")
    arrivals = [a for a in look(settings, ledger.submissions()) if not a.is_known]
    if not arrivals:
        return dg.SkipReason("в папке нет новых файлов")
    moving = [a.name for a in arrivals if 0 <= time.time() - a.stat.st_mtime < REST_SECONDS]
    if moving:
        return dg.SkipReason(f"файл ещё копируется: {moving[0]}")
    seen = _digest(f"{a.name}|{a.sha256}|{json.dumps(a.hints, sort_keys=True)}" for a in arrivals)
    if seen == context.cursor:
        return dg.SkipReason(f"прогон для этих файлов уже запрошен ({len(arrivals)}): см. список прогонов")
    years = expected_years(settings, ledger)
    tags = range_tags(years) | {"uroven/why": f"новых файлов: {len(arrivals)}"}
    return dg.SensorResult([dg.RunRequest(run_key=f"inbox-{seen}", tags=tags)], cursor=seen)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


#: A run that has not ended yet.
GOING = [
    dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING,
]  # fmt: skip


@dg.sensor(
    jobs=[FULL_RUN, REMAKE_RELEASE],
    minimum_interval_seconds=120,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Accepted rows, a due date or the code changed since the release: it is made again.",
)
def accepted_changed(
    context: dg.SensorEvaluationContext, uroven: UrovenResource
) -> dg.SensorResult | dg.SkipReason:
    """The run key is the hash of all inputs: one attempt for one state of them."""
    from pipelines.inputs import release_inputs, unfinished_years  # noqa: PLC0415
    from pipelines.release.publish import current_release  # noqa: PLC0415

    if context.instance.get_runs_count(dg.RunsFilter(statuses=GOING)):
        return dg.SkipReason("идёт прогон: сравним после него")
    settings, ledger = uroven.settings(), uroven.ledger()
    submissions = ledger.submissions()
    if not submissions:
        return dg.SkipReason("ещё ничего не прислано")
    expected = calendar.expected_now(settings, (s.received_at for s in submissions))
    inputs, now = release_inputs(settings, ledger, expected).input_hash, current_release(settings.current)
    unfinished = unfinished_years(settings, ledger)
    if now and now.input_hash == inputs and not unfinished:
        return dg.SkipReason(f"выпуск {now.release_id} соответствует принятым данным")
    key = f"remake-{inputs[:16]}"
    if key == context.cursor:
        return dg.SkipReason("прогон для этих данных уже запрошен: если он не удался, повторите его вручную")
    why = {"uroven/why": "принятые данные изменились"}
    request = (
        dg.RunRequest(key, job_name=FULL_RUN.name, tags=range_tags(sorted(unfinished)) | why)
        if unfinished
        else dg.RunRequest(key, job_name=REMAKE_RELEASE.name, tags=why)
    )
    return dg.SensorResult([request], cursor=key)


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of failed runs: the log, and a webhook or mail where configured.",
)
def run_failed(context: dg.RunFailureSensorContext, uroven: UrovenResource) -> None:
    steps = [f"{e.step_key}: {_first_line(e.event_specific_data)}" for e in context.get_step_failure_events()]
    run = context.dagster_run
    lines = [
        f"Прогон {run.run_id} ({run.job_name}) не удался.",
        *(steps or [context.failure_event.message or ""]),
    ]
    notify(uroven.settings(), "Уровень: прогон не удался", lines)


def _first_line(data: object) -> str:
    error = getattr(data, "error", None)
    while error and error.cause:
        error = error.cause
    return error.message.strip().split("\n")[0][:500] if error else "неизвестная ошибка"


@dg.sensor(
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After each due date of the calendar: who has not sent what, once.",
)
def missing_submissions(context: dg.SensorEvaluationContext, uroven: UrovenResource) -> dg.SkipReason:
    """The cursor is the last due date that was told of."""
    from pipelines.status import missing_by_contract, release_as_of  # noqa: PLC0415

    settings = uroven.settings()
    released = release_as_of(settings)
    if released is None:
        return dg.SkipReason("выпуска ещё нет")
    told = dt.date.fromisoformat(context.cursor) if context.cursor else None
    if told and released <= told:
        return dg.SkipReason(f"о сроке {told} уже сообщено")
    lines = missing_by_contract(settings, since=told)
    context.update_cursor(released.isoformat())
    if not lines:
        return dg.SkipReason(f"к сроку {released} прислано всё")
    sent = notify(settings, f"Уровень: не прислано к {released:%d.%m.%Y}", lines)
    return dg.SkipReason(f"сообщено о пропусках ({', '.join(sent)}): {len(lines)}")


SENSORS = [inbox, accepted_changed, run_failed, missing_submissions]
