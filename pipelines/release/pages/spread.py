"""Sections on how results spread: scores of students, shares of schools by size, gaps between groups."""

from __future__ import annotations

import math
from statistics import median
from typing import NamedTuple

from pipelines.release.pages import charts, words
from pipelines.release.pages.blocks import Figure, Section
from pipelines.release.pages.language import Language
from pipelines.release.pages.results import is_official, main_results, order
from pipelines.release.pages.warehouse import Published, Row, Unit, group

#: Funnels of one page; schools with open results that one takes.
FUNNELS, FEWEST = 4, 5


def distributions(w: Published, lang: Language, year: int | None) -> Section:
    """The region's scores with mark boundaries, Russian and mathematics."""
    title = lang.t("Как распределились баллы", "How scores are distributed")
    counts = _score_counts(w)
    figures = []
    for row in main_results(w, ("region", w.region_id), year):
        scores = counts.get(row["assessment_id"], {})
        assessment = w.assessments[row["assessment_id"]]
        if sum(scores.values()) < 100:
            continue
        boundaries = [
            (assessment[f"mark_{m}_from"], f"«{m}»")
            for m in (3, 4, 5)
            if assessment[f"mark_{m}_from"] is not None
        ]
        name = words.assessment_full(lang, assessment)
        axis = lang.t("первичный балл; по высоте — участники", "raw score; height: students")
        figures.append(
            Figure(
                name,
                charts.histogram(scores, boundaries, lang, name, axis),
                _peak_words(lang, scores, boundaries),
                wide=False,
            )
        )
    if not figures:
        return Section(
            "distribution",
            title,
            missing=lang.t(
                "Нет данных, потому что у работ по русскому языку и математике калиброванных вариантов нет.",
                "No data: no form of the year's works in Russian and mathematics was calibrated.",
            ),
        )
    intro = lang.t(
        "Пунктир — границы отметок. Ровное распределение — гора без обрывов; провал перед границей и "
        "всплеск сразу за "
        "ней — признак, требующий дополнительного анализа.",
        "Dashed lines are mark boundaries. A sound distribution is a smooth hill; a dip just before a "
        "boundary with a "
        "peak just after it calls for further analysis.",
    )
    return Section("distribution", title, [intro], figures=figures[:8])


def _score_counts(w: Published) -> dict[str, dict[int, int]]:
    """Students by raw score, per assessment over its forms."""
    out: dict[str, dict[int, int]] = {}
    for row in w.rows("fct_score_scale", "n IS NOT NULL"):
        scores = out.setdefault(row["assessment_id"], {})
        scores[int(row["raw_score"])] = scores.get(int(row["raw_score"]), 0) + int(row["n"])
    return out


def _peak_words(lang: Language, counts: dict[int, int], boundaries: list[tuple[float, str]]) -> str:
    if not boundaries:
        return lang.t("Границ отметок для этой работы нет.", "This work has no mark boundaries.")
    first, name = int(boundaries[0][0]), boundaries[0][1]
    at, before = counts.get(first, 0), counts.get(first - 1, 0)
    if at > 2 * before and at >= 50:
        return lang.t(
            f"На границе отметки {name} — {lang.number(at)} участников, баллом ниже — {lang.number(before)}.",
            f"At the boundary of mark {name} there are {lang.number(at)} students, one point below "
            f"{lang.number(before)}.",
        )
    return lang.t(f"Обрыва на границе отметки {name} нет.", f"No cliff at the boundary of mark {name}.")


def funnels(
    w: Published,
    lang: Language,
    year: int | None,
    marked: frozenset[str] = frozenset(),
    only_marked: bool = False,
) -> Section:
    """Shares below the minimum of schools by size, with control limits about the region's share.

    A funnel in place of a league table: a small school strays far by chance alone. ``marked`` schools stand
    out; ``only_marked`` leaves out figures without any of them.
    """
    title = lang.t("Школы по размеру: что случайно, а что нет", "Schools by size: chance or not")
    figures: list[Figure] = []
    for row in main_results(w, ("region", w.region_id), year):
        funnel = _funnel(w, lang, row)
        if funnel is None or len(figures) == FUNNELS:
            continue
        shown = [funnel.dots[school_id] for school_id in sorted(marked & funnel.dots.keys())]
        if shown or not only_marked:
            name = words.assessment_full(lang, w.assessments[row["assessment_id"]])
            figures.append(Figure(name, funnel.cloud.picture(name, shown), funnel.words, wide=False))
    if not figures:
        return Section(
            "funnel",
            title,
            missing=lang.t(
                "Рисунка нет, потому что открытых результатов меньше чем у пяти школ или скрыт результат "
                "самой школы.",
                "No figure: fewer than five schools have open results, or the school's own is suppressed.",
            ),
        )
    intro = lang.t(
        "Каждая точка — школа. Сплошная линия — доля в регионе, воронка — границы, в которых школы такого "
        "размера "
        "оказались бы случайно: пунктир для 95 % школ, внешние линии для 99,8 %. Мест школам здесь не "
        "присваивают.",
        "Each dot is a school. The solid line is the region's share, the funnel the limits within which "
        "schools of that "
        "size would fall by chance: dashed for 95% of schools, outer lines for 99.8%. Schools are not "
        "ranked here.",
    )
    return Section("funnel", title, [intro], figures=figures)


class _Funnel(NamedTuple):
    """A funnel that no school is marked in yet, its schools' points, and what it says."""

    cloud: charts.Cloud
    dots: dict[str, charts.Dot]
    words: str


def _funnel(w: Published, lang: Language, row: Row) -> _Funnel | None:
    """The funnel of an assessment about the region's result ``row``; None where too few schools are open."""
    key = ("funnel", lang.code, row["assessment_id"])
    if key not in w.drawn:
        w.drawn[key] = _draw_funnel(w, lang, row)
    return w.drawn[key]


def _draw_funnel(w: Published, lang: Language, row: Row) -> _Funnel | None:
    share = row["below_min_pct"]
    dots = {
        r["unit_id"]: charts.Dot(r["judged_n"], r["below_min_pct"])
        for r in w.school_results.get(row["assessment_id"], [])
        if r["below_min_pct"] is not None and r["judged_n"]
    }
    if share is None or not 0 < share < 100 or len(dots) < FEWEST:
        return None
    cloud = charts.cloud(
        list(dots.values()),
        lang,
        curves=_funnel_curves(share, max(d.x for d in dots.values())),
        cover=(0.0, funnel_limit(share, median(d.x for d in dots.values()), 3.09)),
        x_axis=lang.t("участников в школе", "students tested in the school"),
        y_axis=lang.t("ниже минимума, %", "below the minimum, %"),
        width=charts.HALF,
    )
    outside = sum(d.y > funnel_limit(share, d.x, 3.09) for d in dots.values())
    text = lang.t(
        f"Школ на рисунке: {len(dots)}. Выше внешней границы, то есть больше, чем объяснит случайность: "
        f"{outside}.",
        f"Schools shown: {len(dots)}. Above the outer limit, that is more than chance explains: {outside}.",
    )
    return _Funnel(cloud, dots, text)


def funnel_limit(share_pct: float, n: float, z: float) -> float:
    """Upper control limit in % of a share among n students (normal approximation, Spiegelhalter 2005)."""
    p = share_pct / 100
    return 100 * min(1.0, p + z * math.sqrt(p * (1 - p) / n))


def _funnel_curves(share: float, largest: float) -> list[tuple[str, list[tuple[float, float]]]]:
    sizes = [max(1.0, largest * 1.1 * (k / 60) ** 2) for k in range(1, 61)]
    out = [("curve", [(0.0, share), *((n, share) for n in sizes)])]
    for css, z in (("curve95", 1.96), ("curve998", 3.09)):
        out.append((css, [(n, funnel_limit(share, n, z)) for n in sizes]))
        out.append((css, [(n, max(0.0, 2 * share - _two_sided(share, n, z))) for n in sizes]))
    return out


def _two_sided(share: float, n: float, z: float) -> float:
    p = share / 100
    return 100 * (p + z * math.sqrt(p * (1 - p) / n))


def gaps(w: Published, lang: Language, unit: Unit, year: int | None) -> Section:
    """Gaps between subgroups in Russian and mathematics."""
    title = lang.t("Разрывы между группами учеников", "Gaps between groups of students")
    main = {r["assessment_id"] for r in main_results(w, unit, year)}
    rows = [
        g for g in w.of_unit("fct_subgroup_gap", unit) if g["assessment_id"] in main and g["gap"] is not None
    ]
    if not rows:
        return Section(
            "gaps",
            title,
            missing=lang.t(
                "Нет данных, потому что группы малы, скрыты или по ним не присылали сведений.",
                "No data: the groups are small or suppressed, or nothing was sent about them.",
            ),
        )
    figures = []
    names = {
        "sex": lang.t("Девочки относительно мальчиков", "Girls against boys"),
        "locality": lang.t("Село относительно города", "Rural against urban"),
    }
    for dimension, part in group(rows, "dimension").items():
        for official in (True, False):
            same = [g for g in part if is_official(g) == official]
            if same:
                name = names.get(dimension, dimension)
                name += lang.t(": экзамены", ": exams") if official else ""
                figures.append(_gap_figure(w, lang, name, same, official))
    intro = lang.t(
        "Справа от нуля — выше первая группа. Отрезок, который задевает ноль, — разрыв не установлен.",
        "To the right of zero the first group is higher. A line that touches zero: no gap is established.",
    )
    return Section("gaps", title, [intro], figures=figures)


def _gap_figure(w: Published, lang: Language, name: str, rows: list[Row], official: bool) -> Figure:
    drawn = [
        charts.IntervalRow(
            words.assessment_full(lang, w.assessments[g["assessment_id"]]),
            g["gap"],
            g["gap_ci_low"],
            g["gap_ci_high"],
            note=lang.signed(g["gap"], 1 if official else 0),
        )
        for g in sorted(rows, key=lambda r: order(w.assessments[r["assessment_id"]]))
    ]
    clear = sum(1 for d in drawn if d.low is not None and d.high is not None and (d.low > 0 or d.high < 0))
    axis = (
        lang.t("разность средних, баллы экзамена", "difference of means, exam points")
        if official
        else lang.t(
            "разность средних, баллы шкалы 500/100", "difference of means, points of the 500/100 scale"
        )
    )
    return Figure(
        name,
        charts.intervals(drawn, lang, name, limit=0, axis=axis),
        lang.t(
            f"Отличие от нуля установлено в {clear} из {len(drawn)} работ.",
            f"A difference from zero is established in {clear} of {len(drawn)} assessments.",
        ),
    )
