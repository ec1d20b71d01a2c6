"""Schedules: the days of the region's calendar on which a release is made without being asked for."""

import datetime as dt

import dagster as dg

from pipelines import calendar
from pipelines.jobs import CHECK_FRESHNESS, FULL_RUN
from pipelines.partitions import range_tags
from pipelines.settings import Settings
from schemas.years import FIRST_YEAR, LAST_YEAR

#: The hour at which a scheduled release begins, by the calendar's own day (UTC).
HOUR = 3


def crons(days: set[tuple[int, int]]) -> list[str]:
    """Cron lines for days of a year given as (month, day)."""
    return [f"0 {HOUR} {day} {month} *" for month, day in sorted(days)]


def release_schedule(plan: calendar.Calendar, rule: calendar.ReleaseRule) -> dg.ScheduleDefinition:
    """A schedule that ticks on every day that the rule names in any year, and runs on this year's."""
    dates = set(calendar.release_dates(plan, rule, range(FIRST_YEAR, LAST_YEAR + 1)))

    @dg.schedule(
        name=rule.name,
        job=FULL_RUN,
        cron_schedule=crons({(d.month, d.day) for d in dates}),
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=rule.title,
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        day: dt.date = context.scheduled_execution_time.date()
        if day not in dates:
            return dg.SkipReason(f"{day}: в этом году по календарю в другой день")
        return dg.RunRequest(run_key=f"{rule.name}-{day}", tags=range_tags() | {"uroven/why": rule.title})

    return tick


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """A schedule for each release rule of the region's calendar, and the daily look at freshness."""
    plan = calendar.load(settings)
    return [*(release_schedule(plan, rule) for rule in plan.release), FRESHNESS]


FRESHNESS = dg.ScheduleDefinition(
    name="freshness",
    job=CHECK_FRESHNESS,
    cron_schedule=f"30 {HOUR} * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every day: does the release follow the calendar?",
)
