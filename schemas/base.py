"""What a data contract is: one Pandera model a file kind, and the facts about each of its fields.

A contract is written once. Validation, the blank workbook for collecting, the dbt source and the data
dictionary are all derived from the model's fields by :func:`fields`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import pandera.pandas as pa
from pandera import extensions
from pandera.typing import Series

from schemas import codes as code_lists

Kind = Literal["text", "int", "number", "date", "bool"]

#: The types of fields, for the annotations of contracts.
Text = Series[str]
Int = Series[pd.Int64Dtype]
Number = Series[pd.Float64Dtype]
Bool = Series[pd.BooleanDtype]
Date = Series[pd.Timestamp]  # type: ignore[type-var]  # pandera checks it, its stubs do not list it

_KINDS: dict[Any, Kind] = {
    str: "text",
    pd.Int64Dtype: "int",
    pd.Float64Dtype: "number",
    pd.BooleanDtype: "bool",
    pd.Timestamp: "date",
}
DTYPES: dict[Kind, str] = {
    "text": "str",
    "int": "Int64",
    "number": "Float64",
    "bool": "boolean",
    "date": "datetime64[ns]",
}


@extensions.register_check_method(statistics=["codes"])
def is_code(series: pd.Series, *, codes: str) -> pd.Series:
    """Each value is a code of the named list (a seed of the dbt project)."""
    return series.isin(code_lists.codes(codes))


@extensions.register_check_method(statistics=["of"])
def check_digit(series: pd.Series, *, of: str) -> pd.Series:
    """ИНН and ОГРН carry check digits (order of the Federal Tax Service; see docs/methods)."""
    return series.map({v: code_lists.CHECK_DIGITS[of](v) for v in series.dropna().unique()}).astype("boolean")


@dataclass(frozen=True)
class LimitWords:
    """How the limits of a field are put; an empty form is left out."""

    between: str
    least: str
    most: str
    digits: str
    either: str
    pattern: str = ""
    date: str = ""
    decimal_mark: str = "."

    def number(self, value: float) -> str:
        return f"{value:.10g}".replace(".", self.decimal_mark)


#: For those who fill files in, and for the data dictionary.
LIMITS_RU = LimitWords(
    "от {} до {}", "не меньше {}", "не больше {}", "цифр: {}", " или ", date="ДД.ММ.ГГГГ", decimal_mark=","
)
LIMITS_EN = LimitWords("{} to {}", "≥ {}", "≤ {}", "{} digits", " or ", pattern="matches `{}`")


@dataclass(frozen=True)
class Field:
    """One field of a contract, as everything but Pandera needs to know it."""

    name: str
    kind: Kind
    title_ru: str
    title_en: str
    key: bool
    required: bool
    rejects: bool
    unit: str
    codes: str | None
    ge: float | None
    le: float | None
    pattern: str | None
    sensitive: bool
    person: bool
    short: bool
    synonyms: tuple[str, ...]
    note_ru: str
    width: tuple[int, ...]

    def limits(self, words: LimitWords) -> list[str]:
        """The limits of the field in words: its range, the shape of a code, the form of a date."""
        low, high = (None if v is None else words.number(v) for v in (self.ge, self.le))
        parts = []
        if low is not None and high is not None:
            parts.append(words.between.format(low, high))
        elif low is not None:
            parts.append(words.least.format(low))
        elif high is not None:
            parts.append(words.most.format(high))
        if self.pattern and words.pattern:
            parts.append(words.pattern.format(self.pattern))
        if self.width:
            parts.append(words.digits.format(words.either.join(map(str, self.width))))
        if self.kind == "date" and words.date:
            parts.append(words.date)
        return parts


def column(
    ru: str,
    en: str,
    *,
    key: bool = False,
    required: bool = False,
    score: bool = False,
    unit: str = "",
    codes: str | None = None,
    ge: float | None = None,
    le: float | None = None,
    pattern: str | None = None,
    digit: str | None = None,
    sensitive: bool = False,
    person: bool = False,
    short: bool = False,
    synonyms: tuple[str, ...] = (),
    note: str = "",
    width: tuple[int, ...] = (),
) -> Any:
    """Declare a field of a contract.

    ``key``/``required``/``score`` faults reject the row, any other fault empties the cell with a warning.
    ``codes`` names a code list; ``person`` marks what is hashed at the door; ``sensitive`` what is never
    published below a municipality; ``short`` a text that is a code or a label, never a sentence (in files
    that list persons a word of letters alone is not kept there); ``synonyms`` are further headers under
    which the field arrives; ``width`` the digit counts of a code that loses its leading zeros in a
    spreadsheet.
    """
    checks: dict[str, Any] = {}
    if codes:
        checks["is_code"] = {"codes": codes}
    if digit:
        checks["check_digit"] = {"of": digit}
    return pa.Field(
        nullable=not required,
        ge=ge,
        le=le,
        str_matches=pattern,
        title=ru,
        description=en,
        metadata={
            "key": key,
            "required": required,
            "rejects": key or required or score,
            "unit": unit,
            "codes": codes,
            "ge": ge,
            "le": le,
            "pattern": pattern,
            "sensitive": sensitive,
            "person": person,
            "short": short,
            "synonyms": synonyms,
            "note_ru": note,
            "width": width,
        },
        **checks,
    )


class Model(pa.DataFrameModel):
    """What every contract's Pandera model starts from: nothing is coerced, unknown columns pass."""

    class Config:
        strict = False
        coerce = False


@dataclass(frozen=True)
class Contract:
    """A file kind: its model and what is true of the file as a whole.

    ``context`` names the fields that a file's title, name or manifest may supply for all its rows;
    ``period`` those that, with the school and the school year, tell one submission from another (what a
    corrected file supersedes). ``has_items``: the file has a column for each item besides the fields.
    ``collected``: people fill it in, so there is a blank workbook for it. ``merged``: several sources may
    describe one thing, and rows of different layouts complete each other instead of replacing.
    """

    name: str
    model: type[Model]
    title_ru: str
    title_en: str
    grain: str
    context: tuple[str, ...] = ()
    period: tuple[str, ...] = ()
    has_items: bool = False
    collected: bool = True
    merged: bool = False

    @functools.cached_property
    def fields(self) -> dict[str, Field]:
        """The fields in order of declaration, by name."""
        self.model.to_schema()
        found: dict[str, Field] = {}
        for name, (annotation, info) in self.model.__fields__.items():
            facts = info.properties["metadata"]
            found[name] = Field(
                name,
                _KINDS[annotation.arg],
                info.properties["title"],
                info.properties["description"],
                **facts,
            )
        return found

    @property
    def key(self) -> tuple[str, ...]:
        """The fields that, with the school year, tell one row from another."""
        return tuple(f.name for f in self.fields.values() if f.key)

    @functools.cached_property
    def relations(self) -> dict[str, tuple[str, str]]:
        """The row-wise checks over several fields: name -> (Russian, English) wording."""
        checks = self.model.to_schema().checks
        return {c.name: tuple(c.description.split("\n")) for c in checks}  # type: ignore[misc]


def relation(ru: str, en: str) -> Callable[..., Any]:
    """A row-wise check over several fields; a failure is a finding with a warning, the row stays.

    Where a field needed for the comparison is empty there is nothing to find fault with.
    """

    def wrap(check: Callable[[type, pd.DataFrame], pd.Series]) -> Any:
        def holds(cls: type, frame: pd.DataFrame) -> pd.Series:
            return check(cls, frame).astype("boolean").fillna(True).astype(bool)

        return pa.dataframe_check(
            holds, name=check.__name__, description=f"{ru}\n{en}", ignore_na=False, n_failure_cases=None
        )

    return wrap
