"""The workbook for officials: results as filtered tables, with notes and sources.

Text never becomes a formula: it is written as text, and what begins like a formula also carries Excel's
quote prefix, so that editing the cell does not wake it. A missing number stands as the word for its reason.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipelines.collector import no_collector
from pipelines.release.described import literal, open_published
from pipelines.release.pages.programme import UNITS
from schemas import CONTRACTS

#: SDMX observation status -> the word in place of a number.
WHY_MISSING = {"Q": "скрыто", "L": "не собиралось", "O": "нет данных", "U": "мало данных"}
#: Room for the longest of these words.
_REASON = 14
#: Height of a line in points; width of a wide font's mean character, in the characters of a column's width.
_LINE, _WIDEST = 15, 1.1
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_ACCENT = "#12577A"
#: Excel's codes of paper; a sheet of more characters across than this is printed on A3.
_A4, _A3, WIDE = 9, 8, 200


@dataclass(frozen=True)
class Field:
    """A column of a sheet: header, SQL, width, number format ("" = text), SQL of the status of a number."""

    header: str
    sql: str
    width: int = 12
    number: str = ""
    status: str = ""


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, what it shows, and the query ``SELECT fields FROM source``."""

    name: str
    title: str
    fields: tuple[Field, ...]
    source: str
    tables: tuple[str, ...]


def _school_year(column: str) -> str:
    """SQL of a school year by its ending year: 2023 -> 2022/23."""
    return f"concat({column} - 1, '/', lpad(({column} % 100)::varchar, 2, '0'))"


def _school(school_id: str) -> str:
    """SQL of a school's name; one that the register lacks is said to be such."""
    unknown = "CASE WHEN s.is_placeholder THEN ' (нет в реестре)' ELSE '' END"
    return f"concat(coalesce(s.short_name, s.name, {school_id}), {unknown})"


#: SQL: a file kind by its title.
_KIND = (
    "CASE f.contract "
    + " ".join(f"WHEN {literal(c.name)} THEN {literal(c.title_ru)}" for c in CONTRACTS.values())
    + " ELSE f.contract END"
)
#: SQL: the unit of a programme indicator in words.
_UNIT = (
    "CASE d.unit "
    + " ".join(f"WHEN {literal(unit)} THEN {literal(ru)}" for unit, (ru, _) in UNITS.items())
    + " ELSE d.unit END"
)
#: SQL: a period of indicators in words.
_PERIOD = (
    "CASE WHEN p.period = 'year' THEN 'год' "
    "WHEN p.period LIKE 'q_' THEN concat(right(p.period, 1), '-я четверть') "
    "WHEN p.period LIKE 'w_' THEN concat(right(p.period, 1), '-я волна опроса') ELSE p.period END"
)
#: SQL: the testing window of regional works in words.
_WINDOW = (
    "CASE a.testing_window WHEN 'input' THEN 'входная' WHEN 'interim' THEN 'промежуточная' "
    "WHEN 'final' THEN 'итоговая' ELSE a.testing_window END"
)


def _results(unit_type: str) -> tuple[Field, ...]:
    status, below = "r.obs_status", "coalesce(r.below_min_obs_status, r.obs_status)"
    unsent = "CASE r.obs_status WHEN 'Q' THEN 'Q' ELSE 'O' END"
    interval = "CASE r.scale_obs_status WHEN 'A' THEN 'U' ELSE r.scale_obs_status END"
    marks = f"CASE WHEN a.mark_3_from IS NOT NULL AND {below} = 'A' THEN 'Q' ELSE {below} END"
    municipality = Field("Муниципалитет", "m.name", 40)
    school = (
        Field("Школа", _school("r.unit_id"), 36),
        Field("Код школы", "r.unit_id", 12),
    )
    place = {"region": (), "municipality": (municipality,), "school": (municipality, *school)}[unit_type]
    return (
        *place,
        Field("Вид", "a.kind", 8),
        Field("Предмет", "a.subject", 24),
        Field("Класс", "a.grade", 8, "0"),
        Field("Учебный год", _school_year("r.school_year"), 13),
        Field("Этап", _WINDOW, 18),
        Field("Участников", "r.tested_n", 12, "#,##0", status),
        Field("Участие, %", "r.participation_pct", 12, "0.0", unsent),
        Field("Средний балл", "r.mean_score", 12, "0.0", status),
        Field("Наибольший балл", "a.max_score", 12, "0"),
        Field("Балл шкалы", "r.mean_scale_score", 12, "0.0", "r.scale_obs_status"),
        Field("Граница 95 %, от", "r.scale_ci_low", 14, "0.0", interval),
        Field("Граница 95 %, до", "r.scale_ci_high", 14, "0.0", interval),
        Field("Ниже минимума", "r.below_min_n", 12, "#,##0", below),
        Field("Ниже минимума, %", "r.below_min_pct", 12, "0.0", below),
        Field("Доля, от", "r.below_min_ci_low", 10, "0.0", below),
        Field("Доля, до", "r.below_min_ci_high", 10, "0.0", below),
        *(Field(f"Отметок «{m}»", f"r.mark_{m}_n", 12, "#,##0", marks) for m in range(2, 6)),
    )


def _results_sheet(name: str, title: str, unit_type: str) -> Sheet:
    return Sheet(
        name,
        title,
        _results(unit_type),
        "fct_assessment_aggregate AS r JOIN dim_assessment AS a USING (assessment_id) "
        "LEFT JOIN dim_municipality AS m ON m.municipality_id = r.municipality_id "
        "LEFT JOIN dim_school AS s ON s.school_id = r.school_id AND s.is_latest "
        f"WHERE r.unit_type = '{unit_type}' AND r.subgroup = 'all' "
        "ORDER BY m.name, s.short_name, r.unit_id, a.kind, a.subject, a.grade, r.school_year, "
        "r.assessment_id",
        ("fct_assessment_aggregate", "dim_assessment", "dim_municipality", "dim_school"),
    )


_IDENTIFICATION = (
    "CASE i.status WHEN 'confirmed' THEN 'входит, подтверждено' WHEN 'point' THEN 'входит по оценке' "
    "WHEN 'near' THEN 'близко к порогу' WHEN 'insufficient' THEN 'мало данных' WHEN 'no' THEN 'не входит' "
    "ELSE i.status END"
)

_LEVEL = (
    "CASE p.unit_type WHEN 'school' THEN 'школа' WHEN 'municipality' THEN 'муниципалитет' "
    "WHEN 'region' THEN 'регион' WHEN 'programme' THEN 'программа' ELSE p.unit_type END"
)
_TARGET = (
    "CASE p.verdict WHEN 'met' THEN 'достигнута' WHEN 'not_met' THEN 'не достигнута' "
    "WHEN 'no_target' THEN 'цели нет' WHEN 'too_few' THEN 'мало данных' END"
)

SHEETS = (
    _results_sheet("Регион", "Результаты региона", "region"),
    _results_sheet("Муниципалитеты", "Результаты муниципалитетов; по алфавиту, мест нет", "municipality"),
    _results_sheet("Школы", "Результаты школ; по алфавиту, мест нет", "school"),
    Sheet(
        "Низкие результаты",
        "Какие школы входят в перечень по каждому правилу",
        (
            Field("Муниципалитет", "s.municipality_name", 40),
            Field("Школа", _school("i.school_id"), 36),
            Field("Код школы", "i.school_id", 12),
            Field("Учебный год", _school_year("i.school_year"), 12),
            Field("Правило", "coalesce(n.title_ru, i.rule_id)", 60),
            Field("Версия", "i.rule_version", 10),
            Field("Решение", _IDENTIFICATION, 24),
            Field("Вероятность", "i.probability", 12, "0%"),
        ),
        "fct_school_identification AS i LEFT JOIN dim_school AS s ON s.school_id = i.school_id AND "
        "s.is_latest LEFT JOIN (SELECT rule_id, any_value(title_ru ORDER BY title_ru) AS title_ru "
        "FROM dim_identification_rule GROUP BY rule_id) AS n ON n.rule_id = i.rule_id "
        "ORDER BY i.school_year DESC, i.rule_id, s.municipality_name, s.short_name, i.school_id",
        ("fct_school_identification", "dim_identification_rule", "dim_school"),
    ),
    Sheet(
        "Показатели программы",
        "Показатели программы, цели и выводы",
        (
            Field("Уровень", _LEVEL, 18),
            Field("Код", "p.unit_id", 12),
            Field("Название", "coalesce(s.short_name, s.name, m.name, '')", 36),
            Field("Показатель", "coalesce(d.title_ru, p.indicator_id)", 70),
            Field("Учебный год", _school_year("p.school_year"), 12),
            Field("Период", _PERIOD, 18),
            Field("Числитель", "round(p.numerator, 2)", 12, "General", "p.obs_status"),
            Field("Знаменатель", "round(p.denominator, 2)", 12, "General", "p.obs_status"),
            Field("Значение", "p.value", 12, "0.0", "p.obs_status"),
            Field("Единица", _UNIT, 16),
            Field("Граница 95 %, от", "p.ci_low", 13, "0.0"),
            Field("Граница 95 %, до", "p.ci_high", 13, "0.0"),
            Field("Цель", "p.target", 10, "0.0"),
            Field("Вывод", _TARGET, 18),
        ),
        "fct_programme_indicator AS p LEFT JOIN dim_indicator AS d USING (indicator_id) "
        "LEFT JOIN dim_school AS s ON p.unit_type = 'school' AND s.school_id = p.unit_id AND s.is_latest "
        "LEFT JOIN dim_municipality AS m ON p.unit_type = 'municipality' AND m.municipality_id = p.unit_id "
        "ORDER BY p.unit_type, p.unit_id, p.indicator_id, p.school_year, p.period",
        ("fct_programme_indicator", "dim_indicator", "dim_municipality", "dim_school"),
    ),
    Sheet(
        "Источники",
        "Файлы, из которых получены числа",
        (
            Field("Файл", "f.file_name", 60),
            Field("Лист", "f.sheet", 30),
            Field("Вид", _KIND, 48),
            Field("Получен", "strftime(f.received_at, '%d.%m.%Y')", 12),
            Field("Строк прочитано", "f.rows_read", 12, "#,##0"),
            Field("Принято", "f.rows_accepted", 12, "#,##0"),
            Field("Отклонено", "f.rows_rejected", 12, "#,##0"),
        ),
        "dq_submission AS f WHERE f.verdict LIKE 'accepted%' ORDER BY f.contract, f.file_name, f.sheet, "
        "f.submission_id",
        ("dq_submission",),
    ),
)

_NOTES = (
    "Интервал 95 %: настоящее значение почти наверняка внутри него. У малой школы он широк: по одному году "
    "не судите.",
    "Балл шкалы: у работ со связью лет 500 — среднее и 100 — разброс опорной группы региона; у экзаменов — "
    "официальный "
    "балл, между годами не уравнен; у прочих — место относительно региона в том же году.",
    "Ниже минимума: отметка «2» за работу или балл ниже минимального на экзамене. От 30 % результат "
    "считают низким.",
    "«скрыто»: учеников меньше, чем можно показывать, или по числу восстанавливается скрытое.",
    "«не собиралось»: таких сведений не спрашивали. «нет данных»: не прислано. «мало данных»: слишком мало "
    "для вывода.",
    "Мест школам нет намеренно: при такой погрешности порядок по среднему обманчив.",
)


def write_workbook(database: Path, path: Path) -> None:
    """Write the workbook; sheets for which the release has no rows are named on the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        no_collector(),
        open_published(database) as db,
        xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book,
    ):
        release_id, created = db.execute("SELECT release_id, created_at FROM meta_release").fetchall()[0]
        book.set_properties({"title": "Результаты школ региона", "created": created, "comments": release_id})
        tables = {r[0] for r in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        front = book.add_worksheet("О книге")
        styles = _Styles(book)
        contents = []
        for sheet in SHEETS:
            rows = _rows(db, sheet) if tables.issuperset(sheet.tables) else []
            contents.append((sheet, len(rows)))
            if rows:
                _write_sheet(book.add_worksheet(sheet.name), styles, sheet, rows, release_id)
        _write_front(front, styles, release_id, created, contents)


class _Styles:
    """The formats of the book, each made once."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        base: dict[str, Any] = {"font_name": "Calibri", "font_size": 11, "valign": "top"}
        self.title = book.add_format({**base, "bold": True, "font_size": 16, "font_color": _ACCENT})
        self.note = book.add_format({**base, "font_color": "#55606E", "text_wrap": True})
        self.aside = book.add_format({**base, "font_color": "#55606E"})
        self.plain = book.add_format({**base, "text_wrap": True})
        text = {**base, "align": "left", "indent": 1, "text_wrap": True}
        self.quoted = book.add_format({**text, "quote_prefix": True})
        self.text = book.add_format(text)
        self.link = book.add_format({**base, "font_color": _ACCENT, "underline": 1})
        self.why = book.add_format({**base, "font_color": "#55606E", "italic": True, "align": "right"})
        head = {
            **base,
            "bold": True,
            "font_color": "#FFFFFF",
            "bg_color": _ACCENT,
            "text_wrap": True,
            "valign": "vcenter",
        }
        self.head = book.add_format({**head, "align": "left", "indent": 1})
        self.number_head = book.add_format({**head, "align": "right"})
        self._base = base
        self._numbers: dict[str, Format] = {}

    def number(self, form: str) -> Format:
        if form not in self._numbers:
            self._numbers[form] = self.book.add_format({**self._base, "num_format": form})
        return self._numbers[form]


def _rows(db: duckdb.DuckDBPyConnection, sheet: Sheet) -> list[tuple]:
    """Rows of a sheet: each field's value, then each field's status (null where it has none)."""
    values = ", ".join(f.sql for f in sheet.fields)
    statuses = ", ".join(f.status or "NULL" for f in sheet.fields)
    return db.execute(f"SELECT {values}, {statuses} FROM {sheet.source}").fetchall()  # noqa: S608


def _write_sheet(page: Worksheet, styles: _Styles, sheet: Sheet, rows: list[tuple], release_id: str) -> None:
    top, width = 2, len(sheet.fields)
    page.write_string(0, 0, sheet.title, styles.title)
    page.write_string(1, 0, f"Выпуск {release_id}; пояснения — на листе «О книге»", styles.aside)
    for j, field in enumerate(sheet.fields):
        page.set_column(j, j, max(field.width, _REASON) if field.status else field.width)
        page.write_string(top, j, field.header, styles.number_head if field.number else styles.head)
    page.set_row(0, 24)
    page.set_row(1, 16)
    page.set_row(top, 32)
    for i, row in enumerate(rows, start=top + 1):
        _write_row(page, styles, i, sheet.fields, row)
    page.autofilter(top, 0, top + len(rows), width - 1)
    page.freeze_panes(top + 1, sum(not f.number for f in sheet.fields[:2]))
    page.set_landscape()
    page.set_paper(_A3 if sum(f.width for f in sheet.fields) > WIDE else _A4)
    page.fit_to_pages(1, 0)
    page.repeat_rows(top)
    page.set_footer("&L&8Выпуск " + release_id + "&R&8&P из &N")


def _write_row(page: Worksheet, styles: _Styles, i: int, fields: tuple[Field, ...], row: tuple) -> None:
    """A row as high as the lines that its texts take: programs don't find that out themselves."""
    lines = 1
    for j, (field, value, status) in enumerate(zip(fields, row, row[len(fields) :], strict=False)):
        if value is None:
            if status in WHY_MISSING:
                page.write_string(i, j, WHY_MISSING[status], styles.why)
        elif field.number:
            page.write_number(i, j, value, styles.number(field.number))
        else:
            text = str(value)
            page.write_string(i, j, text, styles.quoted if text.startswith(_FORMULA_STARTS) else styles.text)
            lines = max(lines, math.ceil(_WIDEST * len(text) / field.width))
    page.set_row(i, _LINE * lines)


def _write_front(
    page: Worksheet, styles: _Styles, release_id: str, created: dt.datetime, contents: list[tuple[Sheet, int]]
) -> None:
    page.set_column(0, 0, 26)
    page.set_column(1, 1, 90)
    page.hide_gridlines(2)
    page.set_row(0, 28)
    page.write_string(0, 0, "Результаты школ региона", styles.title)
    page.write_string(1, 0, "Выпуск", styles.text)
    page.write_string(1, 1, f"{release_id}, {created:%d.%m.%Y}", styles.text)
    line = 3
    page.write_string(line, 0, "Листы", styles.head)
    page.write_string(line, 1, "Что на них", styles.head)
    for sheet, rows in contents:
        line += 1
        if rows:
            page.write_url(line, 0, f"internal:'{sheet.name}'!A1", styles.link, sheet.name)
            page.write_string(line, 1, f"{sheet.title}. Строк: {rows}", styles.plain)
        else:
            page.write_string(line, 0, sheet.name, styles.text)
            page.write_string(line, 1, "Листа нет, потому что в выпуске нет таких данных.", styles.note)
    line += 2
    page.merge_range(line, 0, line, 1, "Как читать", styles.head)
    for note in _NOTES:
        line += 1
        page.merge_range(line, 0, line, 1, note, styles.plain)
        page.set_row(line, 32)
    page.set_landscape()
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
