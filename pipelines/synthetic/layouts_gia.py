"""Protocols of the state exams (РИС ГИА) and appeals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pipelines.synthetic import names
from pipelines.synthetic.names import Person
from pipelines.synthetic.region import Region
from pipelines.synthetic.sheets import Sheet
from pipelines.synthetic.students import Sitting, class_name

EXAM_CODES = {
    "Русский язык": "01",
    "Математика": "02",
    "Математика профильная": "02",
    "Математика базовая": "22",
}
SHORT, LONG = "Задания с кратким ответом", "Задания с развёрнутым ответом"
#: column of each field in the sparse layouts, and the width of the row
DENSE = {
    "№": 0, "Код ОО": 1, "Класс": 2, "Код ППЭ": 3, "Аудитория": 4, "Фамилия": 5, "Имя": 6, "Отчество": 7,
    "Серия": 8, "Номер": 9, SHORT: 10, "Первичный балл": 11, "Оценка": 12,
}  # fmt: skip
SPARSE = {
    "№": 0, "Код МСУ": 2, "Код ОО": 4, "Класс": 6, "Код ППЭ": 8, "Аудитория": 10, "Фамилия": 12, "Имя": 13,
    "Отчество": 14, "Серия": 16, "Номер": 18, SHORT: 20, LONG: 22, "Первичный балл": 24, "Балл": 26,
}  # fmt: skip
SPARSE_WIDTH = 28
PAGE = {
    "№": 0, "Код ОО": 1, "Класс": 2, "Код ППЭ": 4, "Аудитория": 6, "Код МСУ": 8, "Фамилия": 10, "Имя": 12,
    "Отчество": 13, SHORT: 14, LONG: 17, "Первичный балл": 18, "Оценка": 20,
}  # fmt: skip
PAGE_WIDTH = 21
ENGLISH = [
    "SchoolCode", "ClassCode", "PpeCode", "AuditoriumCode", "Surname", "Name", "SecondName", "DocumentSeries",
    "DocumentNumber", "TestResultB", "TestResultC", "PrimaryMark", "Mark5",
]  # fmt: skip


def short_answers(scores: np.ndarray, maxima: np.ndarray) -> list[str]:
    """One character an item: ``+`` full, ``-`` zero, a digit the points in between."""
    table = np.array([list("-123456789")] * len(maxima))
    for item, maximum in enumerate(maxima):
        table[item, maximum] = "+"
    letters = table[np.arange(len(maxima)), scores]
    return ["".join(row) for row in letters.tolist()]


def long_answers(scores: np.ndarray, maxima: np.ndarray) -> list[str]:
    """``score(max)`` an item."""
    pieces = [[f"{score}({maximum})" for score in range(maximum + 1)] for maximum in maxima.tolist()]
    return ["".join(piece[s] for piece, s in zip(pieces, row, strict=True)) for row in scores.tolist()]


def _student_cells(
    region: Region, sitting: Sitting, chosen: np.ndarray, is_oge: bool
) -> dict[str, list[Any]]:
    """The fields of a protocol's rows, by header."""
    work = sitting.work
    school = sitting.school[chosen].tolist()
    places = [region.schools[s] for s in school]
    people = [person_of(int(i)) for i in sitting.student_id[chosen]]
    scores = sitting.scores[chosen]
    room = sitting.number[chosen]
    return {
        "№": list(range(1, len(school) + 1)),
        "Код МСУ": [region.municipalities[p.municipality].msu for p in places],
        "Код ОО": [p.oge_code if is_oge else p.ege_code for p in places],
        "Класс": [
            class_name(work.grade, int(k), int(n)).upper()
            for k, n in zip(sitting.class_index[chosen], sitting.classes_n[chosen], strict=True)
        ],
        "Код ППЭ": [1001 + p.municipality for p in places],
        "Аудитория": [f"{1 + int(r) // 15:04d}" for r in room],
        "Фамилия": [p.surname for p in people],
        "Имя": [p.name for p in people],
        "Отчество": [p.patronymic for p in people],
        "Серия": [p.series for p in people],
        "Номер": [p.number for p in people],
        SHORT: short_answers(scores[:, : work.short], work.maxima[: work.short]),
        LONG: long_answers(scores[:, work.short :], work.maxima[work.short :]),
        "Первичный балл": sitting.total[chosen].tolist(),
        "Балл": sitting.score[chosen].tolist(),
        "Оценка": sitting.mark[chosen].tolist(),
    }


def person_of(student_id: int) -> Person:
    """The placeholder that stands for a student in the protocols."""
    cohort, place = divmod(student_id, 1_000_000)
    return names.person((cohort - 15) * 100_003 + place)


def _place(columns: dict[str, int], width: int, cells: dict[str, list[Any]], count: int) -> list[list[Any]]:
    grid = np.full((count, width), None, dtype=object)
    for name, column in columns.items():
        grid[:, column] = cells[name]
    return grid.tolist()


def _header(columns: dict[str, int], width: int) -> list[Any]:
    row: list[Any] = [None] * width
    for name, column in columns.items():
        row[column] = name
    return row


def _mean(values: list[int]) -> int:
    return int(np.floor(np.mean(values) + 0.5)) if values else 0


def exam_title(sitting: Sitting, date: str) -> str:
    return f"{EXAM_CODES[sitting.work.subject]} - {sitting.work.subject} {date}"


def sparse_section(region: Region, sitting: Sitting, chosen: np.ndarray, date: str) -> list[list[Any]]:
    """ЕГЭ with a long part: 28 sparse columns, then the footer rows."""
    cells = _student_cells(region, sitting, chosen, False)
    assert sitting.work.min_score is not None

    def footer(label: str, place: dict[int, Any]) -> list[Any]:
        row: list[Any] = [label] + [None] * (SPARSE_WIDTH - 1)
        for column, value in place.items():
            row[column] = value
        return row

    return [
        [exam_title(sitting, date), *[None] * (SPARSE_WIDTH - 1)],
        _header(SPARSE, SPARSE_WIDTH),
        *_place(SPARSE, SPARSE_WIDTH, cells, len(chosen)),
        footer("Средние", {24: _mean(cells["Первичный балл"]), 26: _mean(cells["Балл"])})[:-1],
        footer("Минимальная граница", {23: sitting.work.min_score}),
        footer("Всего участников", {23: len(chosen)}),
    ]


def dense_section(region: Region, sitting: Sitting, chosen: np.ndarray, date: str) -> list[list[Any]]:
    """ЕГЭ base mathematics: thirteen columns, no long part, ends in «Оценка»."""
    cells = _student_cells(region, sitting, chosen, False)
    last = [None] * 9
    return [
        [exam_title(sitting, date), *[None] * 12],
        _header(DENSE, 13),
        *_place(DENSE, 13, cells, len(chosen)),
        ["Средние", None, *last, _mean(cells["Первичный балл"]), _mean(cells["Оценка"])],
        ["Всего участников", None, *last, len(chosen), None],
    ]


def page_section(region: Region, sitting: Sitting, chosen: np.ndarray, date: str) -> list[list[Any]]:
    """ОГЭ: one exam of the stacked «Page 1»."""
    cells = _student_cells(region, sitting, chosen, True)
    return [
        [exam_title(sitting, date), *[None] * (PAGE_WIDTH - 1)],
        [None] * PAGE_WIDTH,
        _header(PAGE, PAGE_WIDTH),
        *_place(PAGE, PAGE_WIDTH, cells, len(chosen)),
        ["Средние", *[None] * (PAGE_WIDTH - 1)],
    ]


def oge_page(sections: Iterable[list[list[Any]]]) -> Sheet:
    """The regional ОГЭ protocol: a title, the region, then exams one under another."""
    rows: list[list[Any]] = [
        ["Протокол проверки результатов", *[None] * (PAGE_WIDTH - 1)],
        [f"{names.REGION_CODE} - {names.REGION_NAME}", *[None] * (PAGE_WIDTH - 1)],
    ]
    for section in sections:
        rows += section
    return Sheet("Page 1", rows, header=5)


def english_csv(region: Region, sitting: Sitting, chosen: np.ndarray) -> Sheet:
    """The variant with English headers, as some regions' systems write it."""
    cells = _student_cells(region, sitting, chosen, True)
    order = (
        "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Серия", "Номер", SHORT,
        LONG,
        "Первичный балл", "Оценка",
    )  # fmt: skip
    rows = [list(row) for row in zip(*(cells[name] for name in order), strict=True)]
    return Sheet("", [list(ENGLISH), *rows])


APPEALS_TOP = [
    "№", "Предмет", "Код МСУ", "Код ОО", "Фамилия", "Имя", "Отчество", "Серия", "Номер",
    "Тип апелляции / перепроверки", "Состояние", "Первичный балл до изменения", "Балл до изменения",
    "Текущие", None,
    "Разница",
]  # fmt: skip


def appeals(region: Region, rows: list[list[Any]], year: int) -> Sheet:
    """Appeals with a two-line header: «Текущие» over the primary score and the score of now."""
    below = [None] * 13 + ["Первичный балл", "Балл", None]
    merges = [(2, c, 3, c) for c in range(16) if c not in (13, 14)] + [(2, 13, 2, 14), (1, 0, 1, 15)]
    title = [f"Апелляции и перепроверки ЕГЭ {year}", *[None] * 15]
    return Sheet("Апелляции", [title, list(APPEALS_TOP), below, *rows], header=2, merges=merges)
