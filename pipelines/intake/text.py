"""Cell text: how a header, a name or a code is brought to a form that can be compared."""

from __future__ import annotations

import re
from functools import lru_cache

#: Latin letters that look like Cyrillic ones; typed in their place on many a keyboard.
_LATIN, _CYRILLIC_LIKE = "ABCEHKMOPTXYaceopxyk", "АВСЕНКМОРТХУасеорхук"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC_LIKE)
_TO_LATIN = str.maketrans(_CYRILLIC_LIKE, _LATIN)
_SPACE = re.compile(r"\s+")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_UNIT = re.compile(
    r"\s*[,( ]\s*(ед(иниц)?|чел(овек)?|шт(ук)?|руб(лей)?|ч|час(ов)?|лет|балл(ов|ы)?)\.?\s*\)?$"
)
_CRITERION = re.compile(r"(?<=\d)[KkКк](?=\d)")
_MARKS = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u00ad]")


def clean(value: str) -> str:
    """The text without control marks, with single plain spaces (NBSP and line breaks count as spaces)."""
    return _SPACE.sub(" ", _MARKS.sub("", value)).strip()


def to_cyrillic(value: str) -> str:
    """Latin look-alikes turned into the Cyrillic letters they stand for."""
    return value.translate(_TO_CYRILLIC)


def to_latin(value: str) -> str:
    """Cyrillic look-alikes turned into the Latin letters they stand for."""
    return value.translate(_TO_LATIN)


def is_mixed(value: str) -> bool:
    """Whether Latin look-alikes stand among Cyrillic letters."""
    return bool(_CYRILLIC.search(value)) and to_cyrillic(value) != value


@lru_cache(maxsize=100_000)
def fold(value: str) -> str:
    """A header, label or name as it is compared: lower case, one alphabet, ё as е, no quotes or stars."""
    text = clean(value).strip("\"'«»*:. ")
    if _CYRILLIC.search(text):
        text = to_cyrillic(text)
    return clean(text.lower().replace("ё", "е").replace('"', "").replace("«", "").replace("»", ""))


@lru_cache(maxsize=100_000)
def unitless(folded: str) -> str:
    """A folded header without the unit behind it: «ставок, ед.» -> «ставок»."""
    return _UNIT.sub("", folded)


def school_year_of(year: int, month: int) -> int:
    """The school year (its ending year) that a date falls in; a school year begins on 1 September."""
    return year + 1 if month >= 9 else year


def item_name(value: str) -> str:
    """The name of an item without spaces; the К of a criterion («10К1») is always Cyrillic."""
    return _CRITERION.sub("К", clean(value).replace(" ", ""))
