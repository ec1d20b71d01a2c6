"""Cell text -> typed value. Each distinct text of a column is parsed once."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from dataclasses import dataclass
from typing import Any

from pipelines.intake.text import clean, fold, is_mixed, item_name, to_cyrillic, to_latin, unitless
from schemas.base import Field
from schemas.codes import aliases, code_list

#: Words that stand for an empty cell.
NO_VALUE = frozenset(
    {"-", "–", "—", "н/а", "н/д", "нет данных", "нет отметки", "не указано", "*", "н/а*", "x", "х"}
)
#: Words in place of a variant or of scores that say the student was not there.
ABSENT = re.compile(r"^(отсутствовал[аи]?|не явил(ся|ась)|н/я|неявка)$")
#: Stands for a word where a code belongs, in files that list persons: see ``persons``.
MASK = "(слово)"
#: Dates beyond are slips (and such as 0023 don't fit the nanoseconds that a column of dates is kept in).
EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)
#: Longer numbers are codes, or a slip.
_MOST_DIGITS = 18
_INTEGER = re.compile(r"^[+-]?\d+$")
_FLOAT_TEXT = re.compile(r"^([+-]?\d+)[.,]0+$")
_NUMBER = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)$")
_SPACED = re.compile(r"^[+-]?\d{1,3}( \d{3})+([.,]\d+)?$")
_LIST_NUMBER = re.compile(r"^\d+\s*[.)]\s*(?=\D)")
#: What a cell shows in place of a value that could not be calculated, in either language of Excel.
_ERROR_CELL = re.compile(
    r"^#(ДЕЛ/0!|Н/Д|ИМЯ\?|ПУСТО!|ЧИСЛО!|ССЫЛКА!|ЗНАЧ!|DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!)$"
)
#: A class label that says there is none: «-», «НЕТ», «НЕТ_С», «10"НЕТ».
_NO_CLASS = re.compile(r"^[-–—]$|(?<![А-ЯЁ])НЕТ(?![А-ЯЁ])")
#: A value that a spreadsheet was made to keep as text: ="007".
_FORMULA_TEXT = re.compile(r'^="([^"]*)"$')
_MONTHS = {
    m: i
    for i, m in enumerate(
        [
            "января",
            "февраля",
            "марта",
            "апреля",
            "мая",
            "июня",
            "июля",
            "августа",
            "сентября",
            "октября",
            "ноября",
            "декабря",
        ],
        1,
    )
}
_TRUE, _FALSE = {"да", "1", "true", "yes", "истина", "+", "есть"}, {"нет", "0", "false", "no", "ложь"}


@dataclass
class Parsed:
    """The value of one cell text: None with ``rule`` where it can't be had; the repairs made on the way."""

    value: Any = None
    rule: str = ""
    hint: tuple[str, str] = ("", "")
    repairs: tuple[str, ...] = ()


def _date(text: str) -> dt.date | None:
    """The date in any of the forms that files use; None for what is none, or of no year that a file means."""
    date = _date_of_any_year(text)
    return date if date and EARLIEST <= date <= LATEST else None


def _date_of_any_year(text: str) -> dt.date | None:
    text = re.sub(r"\s*(г\.?|года)$", "", text.lower())
    text = re.sub(r"[ t]\d{1,2}:\d\d(:\d\d(\.\d+)?)?$", "", text)
    try:
        if m := re.match(r"^(\d{4})[-./](\d{1,2})[-./](\d{1,2})$", text):
            return dt.date(int(m[1]), int(m[2]), int(m[3]))
        if m := re.match(r"^(\d{1,2})[-./](\d{1,2})[-./](\d{4}|\d\d)$", text):
            year = int(m[3]) + (2000 if len(m[3]) == 2 else 0)
            return dt.date(year, int(m[2]), int(m[1]))
        if (m := re.match(r"^(\d{1,2}) ([а-я]+) (\d{4})$", text)) and m[2] in _MONTHS:
            return dt.date(int(m[3]), _MONTHS[m[2]], int(m[1]))
        if re.match(r"^\d{5}$", text) and 20_000 <= int(text) <= 80_000:
            return dt.date(1899, 12, 30) + dt.timedelta(days=int(text))
    except ValueError:
        return None
    return None


def _number(text: str, kind: str) -> Parsed:
    repairs: list[str] = []
    if text.endswith("%"):
        text, repairs = text[:-1].strip(), ["percent_sign"]
    bare = unitless(text.lower())
    if bare != text.lower():
        text = bare
        repairs.append("unit_in_number")
    if _SPACED.match(text):
        text = text.replace(" ", "")
        repairs.append("spaced_digits")
    if sum(map(str.isdigit, text)) > _MOST_DIGITS:
        return Parsed(rule=f"type_{kind}")
    if kind == "int":
        if m := _FLOAT_TEXT.match(text):
            return Parsed(int(m[1]), repairs=(*repairs, "float_text"))
        return Parsed(int(text), repairs=tuple(repairs)) if _INTEGER.match(text) else Parsed(rule="type_int")
    if not _NUMBER.match(text):
        return Parsed(rule="type_number")
    if "," in text:
        repairs.append("decimal_comma")
    return Parsed(float(text.replace(",", ".")), repairs=tuple(repairs))


def _code(text: str, name: str) -> Parsed:
    known = aliases(name)
    for candidate in (text, _LIST_NUMBER.sub("", text)):
        if candidate.lower() in known:
            return Parsed(known[candidate.lower()])
        if fold(candidate) in known:
            repairs = ("lookalike_letters",) if is_mixed(candidate) else ()
            return Parsed(known[fold(candidate)], repairs=repairs)
    look = to_cyrillic(_LIST_NUMBER.sub("", text)).lower()
    if look in known:
        return Parsed(known[look], repairs=("lookalike_letters",))
    latin = to_latin(text).lower()
    if latin in known:
        return Parsed(known[latin], repairs=("lookalike_letters",))
    near = difflib.get_close_matches(fold(text), [fold(a) for a in known], 1, 0.6)
    if near:
        code = next(c for a, c in known.items() if fold(a) == near[0])
        title = next((c.title_ru for c in code_list(name) if c.code == code), code)
        return Parsed(rule="unknown_code", hint=(f"Возможно, «{title}»", f"Perhaps «{code}»"))
    shown = ", ".join(c.title_ru for c in code_list(name)[:8])
    return Parsed(rule="unknown_code", hint=(f"Допустимо: {shown}", "See the code list"))


def parse(field: Field, raw: str) -> Parsed:
    """The typed value of a cell's text, by the kind of its field."""
    text = clean(raw)
    trimmed = ("trimmed",) if text != raw and (field.key or field.codes or field.kind != "text") else ()
    if m := _FORMULA_TEXT.match(text):
        text, trimmed = clean(m[1]), ("formula_text",)
    if not text:
        return Parsed(None)
    if _ERROR_CELL.match(text) or text.startswith("="):
        return Parsed(rule="formula" if text.startswith("=") else "error_cell")
    if text == MASK and field.kind == "text" and not field.codes:
        return Parsed(rule="masked_word")
    if field.name == "class_name":
        label = to_cyrillic(text.strip("\"'«»").upper())
        label = "" if _NO_CLASS.search(label) else label
        return Parsed(label or None, repairs=(*trimmed, "class_label") if label != text else trimmed)
    if field.name in ("item", "anchor_item"):
        name = item_name(text)
        mixed = name != text.replace(" ", "")
        return Parsed(name, repairs=(*trimmed, "lookalike_letters") if mixed else trimmed)
    if text.lower() in NO_VALUE and not field.codes and field.kind != "bool" and not field.rejects:
        return Parsed(None, repairs=("no_value_word",))
    if field.codes:
        out = _code(text, field.codes)
        if out.rule and text.lower() in NO_VALUE and not field.rejects:
            out = Parsed(None, repairs=("no_value_word",))
    elif field.kind in ("int", "number"):
        out = _number(text, field.kind)
    elif field.kind == "date":
        date = _date(text)
        iso = bool(re.match(r"^\d{4}-\d\d-\d\d$", text))
        out = Parsed(date, repairs=() if iso else ("date_format",)) if date else Parsed(rule="type_date")
    elif field.kind == "bool":
        word = text.lower()
        known = word in _TRUE or word in _FALSE
        out = Parsed(word in _TRUE) if known else Parsed(rule="type_bool")
    else:
        out = _identifier(field, text)
    out.repairs = (*trimmed, *out.repairs)
    return out


def _identifier(field: Field, text: str) -> Parsed:
    if field.width and text.isdigit() and len(text) < min(field.width):
        widened = text.zfill(min(w for w in field.width if w > len(text)))
        if len(widened) - len(text) <= 2:
            return Parsed(widened, repairs=("leading_zeros",))
    if (field.key or field.width) and (m := _FLOAT_TEXT.match(text)):
        return Parsed(m[1], repairs=("float_text",))
    return Parsed(text)
