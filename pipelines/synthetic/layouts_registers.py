"""Registers: schools, municipalities, logins, assessments, items, mark scales."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from pipelines.synthetic.region import CORRECTIONAL, EVENING, NAMED_AFTER, Municipality, Region, School
from pipelines.synthetic.sheets import Sheet
from pipelines.synthetic.works import RDR_COMMON, Work

SCHOOL_FIELDS = [
    "school_id", "name", "short_name", "municipality_id", "municipality_name", "login", "oge_code",
    "ege_code", "inn",
    "ogrn", "oktmo", "kind", "locality_type", "status", "valid_from", "valid_to", "successor_school_id",
]  # fmt: skip
FIRST_DAY = date(2015, 9, 1)
ASSESSMENT_FIELDS = [
    "kind", "subject", "grade", "school_year", "window", "region", "max_score", "min_score", "mark_3_from",
    "mark_4_from", "mark_5_from", "is_reference", "linked_to",
]  # fmt: skip
ITEM_FIELDS = [
    "kind", "subject", "grade", "school_year", "window", "form", "item", "position", "max_score", "level",
    "skill",
    "anchor_item", "key",
]  # fmt: skip
LEVELS = {"Б": "basic", "П": "advanced"}
DESCRIPTION_HEADER = [
    "№ КИМ",
    "№",
    "Умения, виды деятельности (в соответствии с ФГОС)",
    "Блоки ПООП НОО: выпускник научится / получит возможность научиться",
    "Уровень сложности",
    "Код КЭС",
    "Код КТ",
    "Максимальный балл за выполнение задания",
    "Примерное время выполнения задания обучающимся (в минутах)",
]


def school_kind(school: School) -> str:
    """The code of the kind of school."""
    if school.kind in (EVENING, CORRECTIONAL):
        return school.kind
    return {"Гимназия": "gymnasium", "Лицей": "lyceum", "ООШ": "basic"}.get(school.form, "general")


def _school_row(
    school: School, town: Municipality, name: str, status: str, start: date, end: date | None, successor: str
) -> list[Any]:
    full = school.full_name if name == school.name else school.full_name.replace("»", NAMED_AFTER)
    return [
        school.digits, full, name, str(town.msu), town.name, school.sch, school.oge_code, school.ege_code,
        school.inn,
        school.ogrn, town.oktmo, school_kind(school), school.locality, status, start, end, successor,
    ]  # fmt: skip


def school_register(region: Region, year: int) -> Sheet:
    """The list as it stands at the end of a school year: merged and renamed schools have validity."""
    rows: list[list[Any]] = [list(SCHOOL_FIELDS)]
    changed = date(region.first, 9, 1)
    last_day = date(region.first, 8, 31)
    for school in region.schools:
        town = region.municipalities[school.municipality]

        if school.new_name and year > region.first:
            rows.append(_school_row(school, town, school.name, "reorganised", FIRST_DAY, last_day, ""))
            rows.append(_school_row(school, town, school.new_name, "active", changed, None, ""))
        elif school.successor >= 0 and year > region.first:
            successor = region.schools[school.successor].digits
            rows.append(_school_row(school, town, school.name, "reorganised", FIRST_DAY, last_day, successor))
        else:
            rows.append(_school_row(school, town, school.name, "active", FIRST_DAY, None, ""))
    return Sheet("", rows)


def logins(region: Region, year: int) -> Sheet:
    """The list of logins: login, name, municipality under the header «регион»."""
    rows: list[list[Any]] = [["логин", "имя", "регион"]]
    for school in region.open_schools(year):
        rows.append([school.sch, region.name(school, year), region.municipalities[school.municipality].name])
    return Sheet("Лист1", rows)


def municipality_list(region: Region) -> Sheet:
    rows: list[list[Any]] = [["№", "Код АТЕ", "Код МСУ", "Название МСУ"]]
    rows += [[m.index + 1, m.code, m.msu, m.name] for m in region.municipalities]
    return Sheet("", rows)


def assessment_register(works: Iterable[Work], reference_year: int) -> Sheet:
    """The year's works. The diagnostic work is linked to the final window of the reference year."""
    rows: list[list[Any]] = [list(ASSESSMENT_FIELDS)]
    for work in works:
        marks = work.mark_from or (None, None, None)
        is_linked = bool(work.anchors[0])
        is_reference = is_linked and work.year == reference_year and work.window == "final"
        link = (
            f"{work.kind}/{work.subject}/{work.grade}/{reference_year}/final"
            if is_linked and not is_reference
            else ""
        )
        minimum = work.min_score if work.min_score is not None else marks[0]
        rows.append([
            work.kind, work.subject, work.grade, work.year, work.window, "",
            work.max_score if work.test_scores is None else 100,
            minimum, *marks, "true" if is_reference else "false", link,
        ])  # fmt: skip
    return Sheet("", rows)


def assessment_items(works: Iterable[Work], keys: tuple[str, ...], by_position: bool) -> Sheet:
    """Items of the year's works; where the protocol only numbers its items, they are named by number."""
    rows: list[list[Any]] = [list(ITEM_FIELDS)]
    for work in works:
        has_key = keys and work.window == "input" and not work.anchors[0] and work.kind == "РДР"
        for j in range(len(work.items)):
            numbered = work.kind in ("ОГЭ", "ЕГЭ") or (by_position and work.kind == "ВПР")
            rows.append([
                work.kind, work.subject, work.grade, work.year, work.window, "",
                work.items[j] if numbered else work.names[j], j + 1, int(work.maxima[j]),
                LEVELS[work.levels[j]],
                work.skills[j], work.anchors[j] if j < RDR_COMMON else "", keys[j] if has_key else "",
            ])  # fmt: skip
    return Sheet("", rows)


def item_description(work: Work) -> Sheet:
    """The published description of a ВПР work: one row an item and pair of codes, a trap for joins."""
    rows: list[list[Any]] = [list(DESCRIPTION_HEADER)]
    for j, name in enumerate(work.names):
        skill = (
            f"Условное умение: {work.skills[j]}.\u00a0"
            if j % 5 == 4
            else f"Условное умение: {work.skills[j]}"
        )
        for content in range(1 + j % 3):
            for requirement in range(1 + j % 2):
                rows.append([
                    name.replace("К", "K"), float(j + 1) if j == 0 else str(j + 1), skill,
                    f"Выпускник научится: {work.skills[j]} (условное описание {j + 1})", work.levels[j],
                    f"{1 + j // 4}" + (f".{content + 1}" if content else ""), f"2.{requirement + 1}",
                    str(int(work.maxima[j])), str(2 + int(work.maxima[j])),
                ])  # fmt: skip
    return Sheet("Лист1", rows)


def mark_scales(works: Iterable[Work]) -> Sheet:
    """Scores of each mark, in the layout ``year,grade,subject,mark,min_score,max_score,source_doc``."""
    rows: list[list[Any]] = [["year", "grade", "subject", "mark", "min_score", "max_score", "source_doc"]]
    for work in works:
        if work.kind != "ВПР" or work.mark_from is None:
            continue
        lower = (0, *work.mark_from)
        upper = (*(bound - 1 for bound in work.mark_from), work.max_score)
        code = {
            "Русский язык": "RU",
            "Математика": "MA",
            "Английский язык": "IN.YA",
            "Окружающий мир": "OKR",
        }[work.subject]
        for mark, low, high in zip((2, 3, 4, 5), lower, upper, strict=True):
            rows.append(
                [
                    work.year,
                    work.grade,
                    work.subject,
                    mark,
                    low,
                    high,
                    f"VPR_{code}-{work.grade}_Opisanie_{work.year}.pdf",
                ]
            )
    return Sheet("", rows)
