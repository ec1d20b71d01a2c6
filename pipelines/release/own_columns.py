"""Descriptions of the columns that the release step itself makes; those of the marts come from dbt."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pipelines.release.described import SEPARATOR, literal, quoted
from pipelines.release.publish import columns_of

#: Column: Russian, English. One name means one thing in all of these tables.
COLUMNS = {
    "assessment_id": ("Оценочная процедура", "Assessment"),
    "ci_high": ("Верхняя граница интервала 95 %", "Upper bound of the 95 % interval"),
    "ci_low": ("Нижняя граница интервала 95 %", "Lower bound of the 95 % interval"),
    "code": ("Код", "Code"),
    "column_name": ("Столбец таблицы", "Column of the table"),
    "conf_status": ("Статус защиты: F, A, D (SDMX)", "Confidentiality status: F, A, D (SDMX)"),
    "contract": ("Вид файла", "File kind"),
    "count_unit": ("Кого или что считают", "What is counted"),
    "denominator": ("Знаменатель", "Denominator"),
    "expectation": ("Что проверено", "What was checked"),
    "expected": ("Допустимо", "Allowed"),
    "file_id": ("Присланный файл", "File as sent"),
    "frame": ("Проверенная таблица", "Table checked"),
    "hidden_pct": ("Доля скрытых чисел, %", "Share of numbers hidden, %"),
    "indicator_id": ("Показатель", "Indicator"),
    "kind": ("Вид проверки", "Kind of check"),
    "list": ("Список кодов", "Code list"),
    "message_en": ("Пояснение по-английски", "Message in English"),
    "message_ru": ("Пояснение по-русски", "Message in Russian"),
    "numerator": ("Числитель", "Numerator"),
    "obs_status": ("Статус значения: A, O, Q, L, U, P, B (SDMX)", "Status of the value (SDMX)"),
    "obs_value": ("Значение", "Value"),
    "observed": ("Получено", "Observed"),
    "outcome": ("Итог проверки", "Outcome of the check"),
    "period": ("Период внутри учебного года", "Period within the school year"),
    "polarity": ("Что лучше: выше или ниже", "What is better: higher or lower"),
    "primary_n": ("Скрыто само по себе", "Hidden for itself"),
    "programme": ("Программа", "Programme"),
    "ref_area": ("Территория", "Reference area"),
    "rule": ("Правило", "Rule"),
    "school_id": ("Код школы", "School code"),
    "school_year": ("Учебный год, год окончания", "School year, the ending year"),
    "secondary_n": ("Скрыто ради других чисел", "Hidden for the sake of others"),
    "subgroup": ("Группа учеников", "Subgroup of students"),
    "table_name": ("Таблица", "Table"),
    "title_en": ("Название по-английски", "Title in English"),
    "title_ru": ("Название по-русски", "Title in Russian"),
    "unit": ("Единица измерения", "Unit of measurement"),
    "unit_id": ("Код школы, муниципалитета, региона или класса", "Code of the unit"),
    "unit_type": ("Вид единицы", "Kind of unit"),
    "values_n": ("Чисел всего", "Numbers in all"),
}


def describe_columns(db: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
    """Comment every column of the tables in ``out``. Raises KeyError for a column that nobody described."""
    columns = columns_of(db, "out")
    for table in tables:
        for column in columns[table]:
            comment = literal(SEPARATOR.join(COLUMNS[column]))
            db.execute(f"comment on column out.main.{quoted(table)}.{quoted(column)} is {comment}")
