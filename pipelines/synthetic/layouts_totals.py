"""Printed aggregates: Ф3, the comparison with journal marks, ЕГЭ by school, an international study."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.synthetic import names
from pipelines.synthetic.region import Region, School
from pipelines.synthetic.sheets import Formula, Sheet, letters
from pipelines.synthetic.students import Sitting

SHORT_NAMES = {"Математика": "МА", "Русский язык": "РУ", "Окружающий мир": "ОКР"}
SUBJECT_TITLES = (
    "Русский язык, чел.", "Математика (профиль), чел.", "Иностранные языки, чел.", "История, чел.",
    "Литература, чел.", "Обществознание, чел.", "ИКТ, чел.", "Химия, чел.", "Физика, чел.", "Биология, чел.",
)  # fmt: skip
REGION_LINE = "Субъект Российской Федерации"
GRADUATES = "Всего выпускников в {} году по программам среднего общего образования"
APPLICATIONS = "Информация о поданных выпускниками школ {} года"
MEASURES = (
    "приняло участие", "не преодолен min порог", "высокобалльники \n(80-99 баллов)", "получили 100 баллов",
    "средний балл",
)  # fmt: skip


def _half_up(value: float, digits: int = 2) -> float:
    factor = 10**digits
    return float(np.floor(value * factor + 0.5 + 1e-9) / factor)


def _groups(region: Region, sitting: Sitting) -> list[tuple[str, np.ndarray, int | None]]:
    """Region, municipalities, schools: the printed label, who belongs, and the number of schools."""
    present = sitting.present
    places = np.array([s.municipality for s in region.schools])[sitting.school]
    groups: list[tuple[str, np.ndarray, int | None]] = [
        (names.REGION_NAME, present, len(np.unique(sitting.school[present])))
    ]
    for town in region.municipalities:
        chosen = present & (places == town.index)
        if chosen.any():
            groups.append((f"{town.name}({town.federal})", chosen, len(np.unique(sitting.school[chosen]))))
    for school in np.unique(sitting.school[present]).tolist():
        place = region.schools[school]
        groups.append(
            (
                f"{region.name(place, sitting.work.year)}({place.edu})",
                present & (sitting.school == school),
                None,
            )
        )
    return groups


def _top(title: str, sitting: Sitting, date: str, width: int) -> list[list[Any]]:
    work = sitting.work
    blank: list[Any] = [None] * width
    lines: list[list[Any]] = [
        [title], [], [f"ВПР {work.year} {work.subject} {work.grade} класс"], ["Предмет:", work.subject],
        ["Максимальный первичный балл:", work.max_score], ["Дата:", date], [],
    ]  # fmt: skip
    return [line + blank[len(line) :] for line in lines]


def f3(region: Region, sitting: Sitting, date: str) -> Sheet:
    """«Статистика по отметкам»: per cent of each mark from the country down to the school."""
    work = sitting.work
    rows = _top("Статистика по отметкам", sitting, date, 7)
    rows.append(["Группы участников", "Кол-во ОО", "Кол-во участников", 2, 3, 4, 5])
    rows.append(
        ["Вся выборка", 35_000 + work.grade * 101, 1_400_000 + work.grade * 10_007, 6.21, 31.87, 42.3, 19.62]
    )
    for label, chosen, schools in _groups(region, sitting):
        counts = np.bincount(sitting.mark[chosen], minlength=6)[2:]
        shares = [_half_up(100 * count / counts.sum()) for count in counts.tolist()]
        rows.append([label, schools, int(counts.sum()), *shares])
    name = f"{SHORT_NAMES[work.subject]} {work.grade} Статистика по отметкам"
    return Sheet(name, rows, header=8, merges=[(3, 0, 3, 7), (1, 0, 1, 7)])


def journal_comparison(region: Region, sitting: Sitting, date: str) -> Sheet:
    """«Сравнение отметок с отметками по журналу»: lowered, confirmed, raised."""
    work = sitting.work
    rows = _top("Сравнение отметок с отметками по журналу", sitting, date, 8)
    head: list[Any] = ["Группы участников", "Кол-во участников(всего)"]
    for label in (
        "Понизили (Отметка < Отметка по журналу)",
        "Подтвердили (Отметка = Отметке по журналу)",
        "Повысили (Отметка > Отметка по журналу)",
    ):
        head += [f"{label} %", f"{label} Кол-во участников"]
    rows.append(head)
    for label, chosen, _ in _groups(region, sitting):
        difference = np.sign(sitting.mark[chosen] - sitting.journal[chosen])
        total = len(difference)
        row: list[Any] = [label, total]
        for sign in (-1, 0, 1):
            count = int((difference == sign).sum())
            row += [_half_up(100 * count / total), count]
        rows.append(row)
    name = f"{SHORT_NAMES[work.subject]} {work.grade} Сравнение отметок с отметками по журналу"[:31]
    return Sheet(name, rows, header=8, merges=[(3, 0, 3, 7), (1, 0, 1, 7)])


def _school_name(region: Region, school: School, year: int) -> str:
    return region.name(school, year).replace("«", '"', 1).replace("»", '"', 1)


def _measures(scores: np.ndarray, minimum: int) -> list[Any]:
    """Took part, below the minimum, 80–99, 100, mean; a zero is left empty, as schools do."""
    if not len(scores):
        return [None] * 5
    counts = [
        len(scores), int((scores < minimum).sum()), int(((scores >= 80) & (scores < 100)).sum()),
        int((scores >= 100).sum())
    ]  # fmt: skip
    return [counts[0], *(count or None for count in counts[1:]), float(scores.mean())]


def ege_by_school(region: Region, year: int, russian: Sitting, profile: Sitting) -> Sheet:
    """ЕГЭ by school and subject: three header lines, subtotals as formulas, a printed region total.

    The other subjects are drawn here, with the ability of the school's students behind them.
    """
    rng = region.rng("ege table", year)
    titles = [*SUBJECT_TITLES, f"География, чел. \n(в т.ч. участвовашие в {year - 1} году)"]
    minima = (24, 27, 22, 32, 32, 42, 40, 36, 36, 36, 37)
    taking = (1, 1, 0.09, 0.19, 0.06, 0.55, 0.12, 0.09, 0.12, 0.16, 0.06)
    per_school: dict[int, list[np.ndarray]] = {}
    for school in np.unique(russian.school[russian.present]).tolist():
        scores = []
        mine = russian.present & (russian.school == school)
        level = float(russian.theta[mine].mean())
        for number in range(11):
            if number == 0:
                scores.append(russian.score[mine])
            elif number == 1:
                scores.append(profile.score[profile.present & (profile.school == school)])
            else:
                takers = int(rng.binomial(int(mine.sum()), taking[number]))
                drawn = np.clip(np.floor(rng.normal(50 + 9 * level, 15, takers)), 5, 100)
                scores.append(drawn)
        per_school[school] = scores

    def pooled(schools: list[int], subject: int) -> np.ndarray:
        return np.concatenate([per_school[s][subject] for s in schools]) if schools else np.array([])

    width = 4 + 11 * 5
    blank: list[Any] = [None] * width
    rows: list[list[Any]] = [
        list(blank),
        [f"Информация о результатах ЕГЭ выпускников школ в {year} году", *blank[1:]],
        list(blank),
        [f"{REGION_LINE}\n____________________{names.REGION_NAME}__________________________", *blank[1:]],
        list(blank),
        [
            "Муниципальное образование", "Образовательная организация (школа)",
            "Профиль \n(при наличии)\u00a0",
            f"{GRADUATES.format(year)}, принявших участие в ЕГЭ, чел.",
            "из них", *blank[5:],
        ],
        [None] * 4 + [cell for title in titles for cell in (title, None, None, None, None)],
        [None] * 4 + list(MEASURES) * 11,
        [1, 2, 3, 4] + [5, 6, 7, 8, 9] * 11,
    ]  # fmt: skip
    everybody = sorted(per_school)
    region_row: list[Any] = ["ВСЕГО по региону", None, "х", len(pooled(everybody, 0))]
    for subject in range(11):
        region_row += _measures(pooled(everybody, subject), minima[subject])
    rows.append(region_row)
    for town in region.municipalities:
        mine = [s for s in everybody if region.schools[s].municipality == town.index]
        if not mine:
            continue
        first, last = len(rows) + 2, len(rows) + 1 + len(mine)
        line: list[Any] = [town.name, None, None]
        line.append(Formula(f"SUM(D{first}:D{last})", len(pooled(mine, 0))))
        for subject in range(11):
            values = _measures(pooled(mine, subject), minima[subject])
            for measure in range(5):
                column = letters(len(line))
                value = values[measure] or 0
                line.append(
                    _half_up(value)
                    if measure == 4
                    else Formula(f"SUM({column}{first}:{column}{last})", value)
                )
        rows.append(line)
        for school in mine:
            body: list[Any] = [
                None,
                _school_name(region, region.schools[school], year),
                None,
                len(per_school[school][0]),
            ]
            for subject in range(11):
                body += _measures(per_school[school][subject], minima[subject])
            rows.append(body)
    merges = [(2, 0, 2, 3), (4, 0, 4, 3), *((6, c, 8, c) for c in range(4)), (6, 4, 6, width - 1)]
    merges += [(7, 4 + 5 * s, 7, 8 + 5 * s) for s in range(11)]
    return Sheet(str(year), rows, header=8, merges=merges)


def ege_applications(region: Region, year: int, counts: dict[int, int]) -> Sheet:
    """The sheet of the coming year: applications, not results, one column to the right."""
    titles = ["Русский язык, чел.", "Математика (профиль), чел."]
    rows: list[list[Any]] = [
        [None] * 7,
        [None, f"{APPLICATIONS.format(year)}\u00a0заявлениях на участие в ЕГЭ", *[None] * 5],
        [None] * 7,
        [None, f"{REGION_LINE}\n___________________{names.REGION_NAME}________________________", *[None] * 5],
        [None] * 7,
        [
            None, "Муниципальное образование", "Образовательная организация (школа)",
            "Профиль \n(при наличии)\u00a0",
            f"{GRADUATES.format(year)}, подавших заявление на участия в ЕГЭ, чел.",
            "из них", None,
        ],
        [*[None] * 5, *titles],
        [None, 1, 2, 3, 4, 5, 6],
    ]  # fmt: skip
    total = sum(counts.values())
    rows.append([None, "ВСЕГО по региону", None, "х", total, total, sum(c // 2 for c in counts.values())])
    for town in region.municipalities:
        mine = [s for s in sorted(counts) if region.schools[s].municipality == town.index]
        if not mine:
            continue
        rows.append(
            [
                None,
                town.name,
                None,
                None,
                sum(counts[s] for s in mine),
                sum(counts[s] for s in mine),
                sum(counts[s] // 2 for s in mine),
            ]
        )
        rows += [
            [
                None,
                None,
                _school_name(region, region.schools[s], year),
                None,
                counts[s],
                counts[s],
                counts[s] // 2,
            ]
            for s in mine
        ]
    merges = [(2, 0, 2, 6), (4, 0, 4, 6), *((6, c, 7, c) for c in range(5)), (6, 5, 6, 6)]
    return Sheet(str(year), rows, header=7, merges=merges)


def study(region: Region, sitting: Sitting, year: int) -> Sheet:
    """An international study of reading in some schools, canonical, on a 500/100 scale."""
    rng = region.rng("study", year)
    rows: list[list[Any]] = [
        [
            "school_id",
            "kind",
            "subject",
            "grade",
            "tested_n",
            "below_min_n",
            "high_n",
            "max_n",
            "mean_score",
            "sd",
        ]
    ]
    for school in np.unique(sitting.school[sitting.present]).tolist():
        mine = sitting.present & (sitting.school == school)
        count = int(mine.sum())
        if count < 12 or school % 3 == 2:
            continue
        tested = min(count, 42)
        mean = 500 + 70 * float(sitting.theta[mine].mean()) + rng.normal(0, 90 / np.sqrt(tested))
        below = int(rng.binomial(tested, float(np.clip(0.2 - (mean - 500) / 500, 0.01, 0.9))))
        high = int(rng.binomial(tested - below, float(np.clip(0.1 + (mean - 500) / 600, 0.01, 0.9))))
        rows.append([
            region.schools[school].digits, "МСИ", "Чтение", 9, tested, below, high, 0, round(mean, 1),
            round(float(rng.uniform(80, 100)), 1),
        ])  # fmt: skip
    return Sheet("", rows)
