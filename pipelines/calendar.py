"""The region's calendar: periods, due dates, and the days on which a release is made by itself.

A calendar is one TOML file (``config/calendar/``); schedules, reminders and ``dq_completeness`` follow it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.files import write_parquet
from pipelines.settings import ROOT, Settings
from schemas import CONTRACTS
from schemas.codes import codes
from schemas.years import FIRST_YEAR, LAST_YEAR

CALENDARS = ROOT / "config" / "calendar"
#: A school year begins on this day of the calendar year before its ending year.
YEAR_BEGINS = (9, 1)
_DAY = re.compile(r"(\d\d)-(\d\d)(\+?)")


def _valid_day(text: str) -> str:
    """Refuse what is no day of every year."""
    m = _DAY.fullmatch(text)
    if not m:
        raise ValueError(f"«{text}»: день пишется как «09-15» или «09-15+»")
    dt.date(2023, int(m[1]), int(m[2]))  # not a leap year: 29 February is refused
    return text


Day = Annotated[str, AfterValidator(_valid_day)]
Span = tuple[Day, Day]
Periods = dict[str, Span]


def date_of(day: str, school_year: int) -> dt.date:
    """The date of «09-15» in the school year that ends in ``school_year``; «+» is one year later."""
    m = _DAY.fullmatch(day)
    if m is None:
        raise ValueError(day)
    month, number = int(m[1]), int(m[2])
    begins_here = (month, number) >= YEAR_BEGINS
    return dt.date(school_year - begins_here + bool(m[3]), month, number)


def school_year_of(date: dt.date) -> int:
    """The ending year of the school year that the date lies in."""
    return date.year + ((date.month, date.day) >= YEAR_BEGINS)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SubmissionRule(_Entry):
    """Who sends what, and until when."""

    contract: str
    periods: tuple[str, ...] = ("year",)
    due: Day | None = None
    days: int | None = Field(default=None, ge=0)
    sender: Literal["schools", "supported", "region"] = Field(default="schools", alias="from")
    kinds: tuple[str, ...] = ()
    except_kinds: tuple[str, ...] = ()
    first_year: int = FIRST_YEAR
    last_year: int = LAST_YEAR

    @model_validator(mode="after")
    def _known(self) -> SubmissionRule:
        if self.contract not in CONTRACTS:
            raise ValueError(f"нет вида файла «{self.contract}»")
        if (self.due is None) == (self.days is None):
            raise ValueError(f"{self.contract}: нужен либо due, либо days")
        if unknown := {*self.kinds, *self.except_kinds} - codes("school_kind"):
            raise ValueError(f"{self.contract}: нет вида школы {', '.join(sorted(unknown))}")
        return self

    def school_kinds(self) -> list[str]:
        """The kinds of schools that the rule asks."""
        return sorted((set(self.kinds) or codes("school_kind")) - set(self.except_kinds))


class ReleaseRule(_Entry):
    """Days on which a release is made without being asked for."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    on: tuple[Day, ...] = ()
    after: tuple[str, ...] = ()
    days: int = Field(default=0, ge=0)


class Calendar(_Entry):
    """A calendar file."""

    title: str
    periods: Periods
    periods_in: dict[int, Periods] = {}
    submission: tuple[SubmissionRule, ...] = ()
    release: tuple[ReleaseRule, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Calendar:
        named = {p for r in self.submission for p in r.periods} | {p for r in self.release for p in r.after}
        named |= {p for periods in self.periods_in.values() for p in periods}
        if unknown := named - set(self.periods):
            raise ValueError(f"период не описан в [periods]: {', '.join(sorted(unknown))}")
        kinds, windows = codes("kind"), codes("window")
        known = {*codes("period"), *kinds, *(f"{k} {w}" for k in kinds for w in windows)}
        if unknown := set(self.periods) - known:
            raise ValueError(f"нет такого периода или процедуры: {', '.join(sorted(unknown))}")
        names = [r.name for r in self.release]
        if len(names) != len(set(names)):
            raise ValueError("имена выпусков повторяются")
        asked = [(r.contract, p) for r in self.submission for p in r.periods]
        if repeated := {a for a in asked if asked.count(a) > 1}:
            raise ValueError(f"срок назначен дважды: {sorted(repeated)}")
        return self

    def last_day(self, period: str, school_year: int) -> dt.date:
        """The last day of a period in a school year."""
        span = self.periods_in.get(school_year, {}).get(period) or self.periods[period]
        return date_of(span[1], school_year)

    def due(self, rule: SubmissionRule, period: str, school_year: int) -> dt.date:
        if rule.due is not None:
            return date_of(rule.due, school_year)
        return self.last_day(period, school_year) + dt.timedelta(days=rule.days or 0)

    def release_days(self, rule: ReleaseRule, school_year: int) -> set[dt.date]:
        after = {self.last_day(p, school_year) + dt.timedelta(days=rule.days) for p in rule.after}
        return {date_of(d, school_year) for d in rule.on} | after


def calendar_path(settings: Settings) -> Path:
    """The file named by UROVEN_CALENDAR, else the region's own, else the default one."""
    if settings.calendar:
        return settings.calendar
    own = CALENDARS / f"{settings.region}.toml"
    return own if own.is_file() else CALENDARS / "default.toml"


def load(settings: Settings) -> Calendar:
    """The region's calendar.

    Raises ValueError, naming the file and what is wrong in it.
    """
    path = calendar_path(settings)
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _load(path: Path, _stamp: int) -> Calendar:
    try:
        return Calendar.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ValueError(f"{path}: {error}") from error


def today(settings: Settings, last_arrival: dt.date | None = None) -> dt.date:
    """The day it is: UROVEN_TODAY, else the clock's day (UTC), but never before the last file came.

    A clock that was set back must not make deadlines that passed pending again.
    """
    if settings.today:
        return settings.today
    now = dt.datetime.now(dt.UTC).date()
    return max(now, last_arrival) if last_arrival else now


#: What the warehouse knows of the calendar: one row a school year, contract, period and kind of school.
EXPECTED_SCHEMA = pa.schema(
    [
        ("school_year", pa.int32()), ("contract", pa.string()), ("period", pa.string()),
        ("due", pa.date32()), ("sender", pa.string()), ("school_kind", pa.string()),
        ("as_of", pa.date32()), ("is_current_year", pa.bool_()),
    ]
)  # fmt: skip


def expected(calendar: Calendar, day: dt.date) -> pa.Table:
    """What is to be sent up to the current school year, with ``as_of``: the last due date before ``day``.

    Between two due dates nothing here depends on the day, so that a release made again is the same. What the
    whole region sends has no kind of school (an empty string).
    """
    current, last = _current_year(day), as_of(calendar, day)
    rows = [
        {"school_year": year, "contract": rule.contract, "period": period,
         "due": calendar.due(rule, period, year), "sender": rule.sender, "school_kind": kind,
         "as_of": last, "is_current_year": year == current}
        for year, rule, period in _asked(calendar, current)
        for kind in ([""] if rule.sender == "region" else rule.school_kinds())
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, EXPECTED_SCHEMA)


def _current_year(day: dt.date) -> int:
    return min(max(school_year_of(day), FIRST_YEAR), LAST_YEAR)


def _asked(calendar: Calendar, last_year: int) -> Iterator[tuple[int, SubmissionRule, str]]:
    """School year, rule and period of all that is asked for up to a school year."""
    for rule in calendar.submission:
        for year in range(max(rule.first_year, FIRST_YEAR), min(rule.last_year, last_year) + 1):
            for period in rule.periods:
                yield year, rule, period


def as_of(calendar: Calendar, day: dt.date) -> dt.date:
    """The last due date before the day; the beginning of the first school year where none has passed."""
    dates = (calendar.due(rule, period, year) for year, rule, period in _asked(calendar, _current_year(day)))
    return max((d for d in dates if d < day), default=date_of("09-01", FIRST_YEAR))


def fingerprint(table: pa.Table) -> str:
    """A hash of what :func:`expected` says: an input of the release."""
    return hashlib.sha256(repr(table.to_pydict()).encode()).hexdigest()[:16]


def release_dates(calendar: Calendar, rule: ReleaseRule, years: Iterable[int]) -> Iterator[dt.date]:
    """The days of a release rule in the given school years, in order."""
    yield from sorted({d for year in years for d in calendar.release_days(rule, year)})


def expected_now(settings: Settings, arrivals: Iterable[dt.datetime]) -> pa.Table:
    """:func:`expected` by the settings' calendar and day, given when files arrived."""
    last = max(arrivals, default=None)
    return expected(load(settings), today(settings, last.date() if last else None))


def expected_path(settings: Settings) -> Path:
    return settings.lake / "calendar" / "expected.parquet"


def write(settings: Settings, arrivals: Iterable[dt.datetime]) -> pa.Table:
    """Write what is expected now where the warehouse reads it."""
    table = expected_now(settings, arrivals)
    write_parquet(table, expected_path(settings))
    return table


def written(settings: Settings) -> pa.Table:
    """What the warehouse was built with."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    return pq.read_table(expected_path(settings))
