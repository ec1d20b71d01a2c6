"""ВПР: the bulk exports of 2020, 2021 and 2022, the collection form, and the federal Ф1."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.synthetic.region import REGION_LINE, Region
from pipelines.synthetic.sheets import Sheet
from pipelines.synthetic.students import LETTERS, Sitting

ABSENT = "отсутствовал"
BOOKS = {
    "Русский язык": (
        'Условнов А.А.,Пробнов Б.Б. Русский язык (в 2 частях) {} класс АО "Издательство "Образец"',
        'Примеров В.В.,Тестов Г.Г./Под ред. Примерова В.В. Русский язык {} класс ООО "Шаблон-книга"',
        "Макетов Д.Д. Русский язык   {} класс  Эталон/Учебник ",
    ),
    "Математика": (
        'Условнов Е.Е.,Пробнов Ж.Ж. и др. Математика (в 2 частях) {} класс АО "Издательство "Образец"',
        'Примеров З.З. Математика (в 2 книгах) {} класс ООО "Шаблон-книга"',
        "Макетов И.И. Математика   {} класс  Эталон/Учебник ",
    ),
}
HEAD_2021 = [
    "логин школы",
    "регион",
    "номер обучающегося",
    "код обучающегося",
    "отметка за предыдущую четверть/триместр",
    "пол",
    "класс",
    "вариант",
    "всего баллов",
]
TAIL_2021 = ["Учебник", "Др.уч. автор", "Др.уч. название"]
HEAD_2022 = [
    "Пользователь",
    "Код региона",
    "Регион",
    "Муниципалитет",
    "Школа",
    "Дата загрузки",
    "Код",
    "Вариант",
]
MARK_HEADER = "Отметка за предыдущий триместр/ четверть/полугодие"
TAIL_2022 = ["Наименование класса", "Пол", MARK_HEADER, "Итого баллов"]
HEAD_CLASSES = [
    *HEAD_2022[:6],
    'Буква (цифра) класса. Введите "нет" - если отсутствует',
    "Основной учебник по предмету",
    "Другое (автор учебника)",
    "Другое (название учебника)",
]


def item_cells(sitting: Sitting, as_text: bool) -> np.ndarray:
    """The cells of the items: a score, X for an item not attempted, «не пройд.» for a topic not taught."""
    numbers = [str(n) if as_text else n for n in range(12)]
    lookup = np.array(numbers, dtype=object)
    cells = lookup[sitting.scores]
    cells[sitting.omitted] = "X"
    cells[sitting.not_taught] = "не пройд."
    cells[sitting.is_absent] = None
    return cells


def _classes(sitting: Sitting) -> np.ndarray:
    """What schools write for a class: «а», «А», «6а», «нет»; each school has its habit."""
    grade = sitting.work.grade
    letters = LETTERS[np.minimum(sitting.class_index, len(LETTERS) - 1)].astype(object)
    style = sitting.school % 5
    upper = np.array([letter.upper() for letter in letters], dtype=object)
    graded = np.array([f"{grade}{letter}" for letter in letters], dtype=object)
    out = np.where(style == 3, upper, np.where(style == 4, graded, letters))
    out = np.where((sitting.classes_n == 1) & (style < 3), "нет", out)
    out[sitting.is_absent] = None
    return out


def _sexes(sitting: Sitting) -> np.ndarray:
    sexes = np.where(sitting.is_male, "м", "ж").astype(object)
    sexes[sitting.is_absent] = None
    return sexes


def _column(values: np.ndarray, absent: np.ndarray, as_text: bool) -> np.ndarray:
    cells = np.array([str(v) for v in values.tolist()] if as_text else values.tolist(), dtype=object)
    cells[absent] = None
    return cells


def _variants(sitting: Sitting, as_text: bool) -> np.ndarray:
    cells = _column(sitting.variant, np.zeros(len(sitting), bool), as_text)
    cells[sitting.is_absent] = ABSENT
    return cells


def _per_school(region: Region, sitting: Sitting, values: list[Any]) -> np.ndarray:
    return np.array(values, dtype=object)[sitting.school]


def _rows(columns: list[np.ndarray]) -> list[list[Any]]:
    return np.column_stack(columns).tolist()


def bulk_2021(region: Region, sitting: Sitting) -> Sheet:
    """One sheet, every cell text, no maxima anywhere; five empty columns at the right as in the export."""
    work = sitting.work
    books = BOOKS.get(work.subject, BOOKS["Математика"])
    book = np.array([b.format(work.grade) for b in books], dtype=object)[sitting.school % 3]
    book[sitting.is_absent] = None
    empty = np.full(len(sitting), None, dtype=object)
    author = empty.copy()
    other = (sitting.school % 9 == 4) & sitting.present
    author[other] = "Условнов А.А., Пробнов Б.Б."
    title = empty.copy()
    title[other] = f"{work.subject} (в 2 частях)"
    nobody = np.zeros(len(sitting), bool)
    columns = [
        _per_school(region, sitting, [s.sch for s in region.schools]),
        _per_school(region, sitting, [region.municipalities[s.municipality].name for s in region.schools]),
        _column(sitting.number, nobody, True),
        _column(work.grade * 10000 + sitting.number, nobody, True),
        _column(sitting.journal, sitting.is_absent, True),
        _sexes(sitting),
        _classes(sitting),
        _variants(sitting, True),
        _column(sitting.total, sitting.is_absent, True),
        *item_cells(sitting, True).T,
        book,
        author,
        title,
        *[empty] * 5,
    ]
    head = [*HEAD_2021, *(f"балл за {n}" for n in range(1, len(work.items) + 1)), *TAIL_2021]
    return Sheet("Sheet", [head, *_rows(columns)])


def bulk_2020(region: Region, sitting: Sitting) -> Sheet:
    """The autumn export: 40 item columns, the municipality inside ``groups``, codes of the next grade."""
    work = sitting.work
    nobody = np.zeros(len(sitting), bool)
    empty = np.full(len(sitting), None, dtype=object)
    groups = []
    for school in region.schools:
        code = region.municipalities[school.municipality].federal.removeprefix("reg99_")
        subject = "ru" if work.subject == "Русский язык" else "ma"
        groups.append(
            f"99-RU-XXX,EAST,VPR_99,vpr_msk_3,vpr_{subject}_var_9-10,reg99_vpr_{code},reg99_vpr.2017.{code}"
        )
    columns = [
        _per_school(region, sitting, groups),
        _per_school(region, sitting, [s.sch for s in region.schools]),
        _column(sitting.number, nobody, False),
        _column((work.grade + 1) * 10000 + sitting.number, nobody, False),
        _column(sitting.journal, sitting.is_absent, True),
        _sexes(sitting),
        _classes(sitting),
        _variants(sitting, True),
        empty,
        _column(sitting.total, sitting.is_absent, False),
        *item_cells(sitting, True).T,
        *[empty] * (40 - len(work.items)),
    ]
    items = len(work.items)
    head = ["groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum"]
    head += [f"a-{n}-grade" if n != items + 1 else "Учебник" for n in range(1, 41)]
    return Sheet("Sheet1", [head, *_rows(columns)])


def bulk_2022(region: Region, sitting: Sitting) -> list[Sheet]:
    """Sheets «Классы» and «Протокол», maxima in the headers, logins ``edu``; some schools typed text."""
    work, year = sitting.work, sitting.work.year
    places = region.municipalities
    logins = [s.edu for s in region.schools]
    towns = [f"{places[s.municipality].federal} | {places[s.municipality].name}" for s in region.schools]
    titles = [f"{s.edu} | {region.name(s, year)}" for s in region.schools]
    loaded = [f"{1 + s.index * 7 % 28:02d}.{4 + s.index % 2:02d}.{year} 10:00:00" for s in region.schools]
    texts = (sitting.school % 11 == 6)[:, None]
    items = np.where(texts, item_cells(sitting, True), item_cells(sitting, False))
    n = len(sitting)
    shared = [
        _per_school(region, sitting, logins),
        np.full(n, 99, dtype=object),
        np.full(n, REGION_LINE, dtype=object),
        _per_school(region, sitting, towns),
        _per_school(region, sitting, titles),
        _per_school(region, sitting, loaded),
    ]
    code = _column(work.grade * 10000 + sitting.number, np.zeros(n, bool), False)
    columns = [
        *shared,
        code,
        _variants(sitting, False),
        *items.T,
        _classes(sitting),
        _sexes(sitting),
        _column(sitting.journal, sitting.is_absent, False),
        _column(sitting.total, sitting.is_absent, False),
    ]
    head = [*HEAD_2022]
    for number, (name, maximum) in enumerate(zip(work.names, work.maxima, strict=True)):
        space = "" if number == 4 else " "
        head.append(f"{name}{space}({maximum}б)")
    head += TAIL_2022
    book = BOOKS.get(work.subject, BOOKS["Математика"])
    subject = "ru" if work.subject == "Русский язык" else "ma"
    classes: list[list[Any]] = [list(HEAD_CLASSES)]
    for school, count in sorted(set(zip(sitting.school.tolist(), sitting.classes_n.tolist(), strict=True))):
        for index in range(count):
            letter = LETTERS[min(index, len(LETTERS) - 1)] if count > 1 else "нет"
            number = school % 3
            text = (
                f"{subject}{work.grade}.{number + 1} | 1.1.{number + 1} | {book[number].format(work.grade)}"
            )
            cells = [values[school] for values in (logins, towns, titles, loaded)]
            classes.append([cells[0], 99, REGION_LINE, *cells[1:], letter, text, None, None])
    return [Sheet("Классы", classes), Sheet("Протокол", [head, *_rows(columns)])]


def collection_form(sitting: Sitting, chosen: np.ndarray, rows: int) -> list[Sheet]:
    """The form a school fills in: pre-formatted rows with total 0, and stray list values at the right."""
    work = sitting.work
    head: list[Any] = ["Код участника", "Вариант"]
    head += [f"{name} ({maximum}б)" for name, maximum in zip(work.names, work.maxima, strict=True)]
    head += ["Порядковый номер класса", MARK_HEADER, "Итого баллов"]
    width = max(21, len(head) + 9)
    cells = item_cells(sitting, False)
    body: list[list[Any]] = []
    for place in np.flatnonzero(chosen).tolist():
        code = work.grade * 10000 + int(sitting.number[place])
        if sitting.is_absent[place]:
            body.append([code, ABSENT, *[None] * (len(work.items) + 2), 0])
            continue
        body.append([
            code, int(sitting.variant[place]), *cells[place].tolist(),
            int(sitting.class_index[place]) + 1, int(sitting.journal[place]), int(sitting.total[place]),
        ])  # fmt: skip
    while len(body) < rows:
        body.append([None] * (len(head) - 1) + [0])
    for number, row in enumerate(body):
        row.extend([None] * (width - len(row)))
        if number < 36:
            row[15 : 15 + 6] = [
                "X" if v < 0 else v
                for v in (3 - number % 4, number // 6 % 3, 2 - number % 3, number % 3, 1, 0)
            ]
    options: list[list[Any]] = [[1, *[None] * len(work.items)], [2, *work.maxima.tolist()], [ABSENT]]
    for below in range(1, int(work.maxima.max()) + 2):
        options.append(
            [
                None,
                *(
                    ("X" if m - below < 0 else int(m - below)) if m - below >= -1 else None
                    for m in work.maxima
                ),
            ]
        )
    return [
        Sheet("Протокол", [head + [None] * (width - len(head)), *body]),
        Sheet("Служебный", options, header=0),
        Sheet("Порядковый номер класса", [[n] for n in range(1, 51)], header=0),
    ]


def f1(region: Region, sitting: Sitting, school: int, date: str) -> Sheet:
    """«Индивидуальные результаты» of one school, with a group line above its students."""
    work = sitting.work
    place = region.schools[school]
    chosen = np.flatnonzero((sitting.school == school) & sitting.present)
    width = 6 + len(work.items) + 3
    title = f"{region.name(place, work.year)}({place.edu})"
    short = {"Окружающий мир": "ОКР", "Математика": "МА", "Русский язык": "РУ"}[work.subject]
    blank: list[Any] = [None] * width

    def line(*cells: Any) -> list[Any]:
        return [*cells, *blank[len(cells) :]]

    head = ["ОО", "Муниципалитет", "Название ОО", "Код участника", "Класс", "Вариант"]
    head += [f"{name} ({maximum}б)" for name, maximum in zip(work.names, work.maxima, strict=True)]
    head += ["Первичный балл", "Отметка", "Отметка по журналу"]
    cells = item_cells(sitting, False)
    body = [
        [
            place.edu, region.municipalities[place.municipality].name, title,
            work.grade * 10000 + int(sitting.number[i]), int(sitting.class_index[i]) + 1,
            int(sitting.variant[i]),
            *cells[i].tolist(), int(sitting.total[i]), int(sitting.mark[i]), int(sitting.journal[i]),
        ]
        for i in chosen.tolist()
    ]  # fmt: skip
    levels = line(None, None, "Уровень сложности задания", None, None, None, *work.levels)
    rows: list[list[Any]] = [
        line("Индивидуальные результаты"),
        blank,
        line(f"ВПР {work.year} {work.subject} {work.grade} класс"),
        line("Предмет:", work.subject),
        line("Максимальный первичный балл:", work.max_score),
        line("Дата:", date),
        levels,
        head,
        line(f"{title} | Кол-во участников: {len(body)}"),
        *body,
    ]
    rows = [list(row) for row in rows]
    merges = [(1, 0, 1, 7), (3, 0, 3, 7), (9, 0, 9, width - 1)]
    return Sheet(f"{short} {work.grade} Индивидуальные результаты", rows, header=8, merges=merges)
