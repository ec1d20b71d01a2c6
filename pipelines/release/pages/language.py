"""Words and numbers as a reader of Russian or English expects them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Literal

NARROW_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"

Code = Literal["ru", "en"]

#: Why a number is missing: SDMX observation status -> (ru, en), short enough for a table's cell.
OBS_STATUS = {
    "Q": ("скрыто", "suppressed"),
    "L": ("не собиралось", "not collected"),
    "O": ("нет данных", "no data"),
    "M": ("нет данных", "no data"),
    "U": ("мало данных", "too few data"),
}
#: Statuses with which a value is shown, and the mark beside it.
FLAGS = {"P": ("предв.", "prov."), "U": ("ненадёжно", "low reliability"), "B": ("разрыв ряда", "break")}


def _rounded(value: float, digits: int) -> Decimal:
    """Half-up, of the number as it is written in decimals: 2.675 is 2.68."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


@lru_cache(1 << 16, typed=True)
def _number(code: Code, value: float, digits: int) -> str:
    """Pages say the same numbers over and over, and each takes microseconds to round."""
    text = f"{_rounded(value, digits):,f}"
    if not any(c in text for c in "123456789"):
        text = text.lstrip("-")
    text = text.replace("-", MINUS)
    if code == "ru":
        text = text.replace(",", NARROW_SPACE).replace(".", ",")
    return text


@dataclass(frozen=True)
class Language:
    """One language of the pages: ``t`` picks a text, the rest writes numbers."""

    code: Code

    def t(self, ru: str, en: str) -> str:
        return ru if self.code == "ru" else en

    def word(self, words: Mapping[str, tuple[str, str]], code: str | None) -> str:
        """The word for a code; the code itself where the list lacks it."""
        if code is None:
            return "—"
        return self.t(*words[code]) if code in words else code

    def number(self, value: float | None, digits: int = 0) -> str:
        return "—" if value is None else _number(self.code, value, digits)

    def percent(self, value: float | None, digits: int = 1) -> str:
        if value is None:
            return "—"
        return self.number(value, digits) + (f"{NO_BREAK_SPACE}%" if self.code == "ru" else "%")

    def probability(self, value: float | None) -> str:
        """In whole percent; never 0 or 100, which would say it is certain."""
        if value is None:
            return "—"
        if value < 0.005:
            return self.t("менее 1 %", "under 1%")
        return self.t("более 99 %", "over 99%") if value >= 0.995 else self.percent(100 * value, 0)

    def signed(self, value: float | None, digits: int = 0) -> str:
        text = self.number(value, digits)
        return f"+{text}" if value is not None and _rounded(value, digits) > 0 else text

    def between(self, low: float | None, high: float | None, digits: int = 0) -> str:
        """An interval, «12,1–14,0»; with a word between where a bound is below zero."""
        if low is None or high is None:
            return "—"
        joint = self.t(" … ", " to ") if low < 0 or high < 0 else "–"
        return f"{self.number(low, digits)}{joint}{self.number(high, digits)}"

    def missing(self, status: str | None) -> str:
        """Why there is no number."""
        return self.t(*OBS_STATUS.get(status or "O", OBS_STATUS["O"]))

    def flag(self, status: str | None) -> str:
        return self.t(*FLAGS[status]) if status in FLAGS else ""

    def year(self, school_year: int | None) -> str:
        """A school year by its ending year: 2021 -> 2020/21."""
        return "—" if school_year is None else f"{school_year - 1}/{school_year % 100:02d}"

    def date(self, day: dt.date | None) -> str:
        if day is None:
            return "—"
        return day.strftime("%d.%m.%Y") if self.code == "ru" else day.isoformat()[:10]

    def plural(self, n: int, ru: tuple[str, str, str], en: tuple[str, str]) -> str:
        """The number with its noun: (школа, школы, школ), (school, schools)."""
        if self.code == "en":
            return f"{self.number(n)} {en[0 if n == 1 else 1]}"
        if n % 10 == 1 and n % 100 != 11:
            form = ru[0]
        elif n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14):
            form = ru[1]
        else:
            form = ru[2]
        return f"{self.number(n)} {form}"


LANGUAGES = (Language("ru"), Language("en"))
