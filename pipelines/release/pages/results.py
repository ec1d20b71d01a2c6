"""Sections on results: means, marks, shares below the minimum, distributions, funnels, change over years."""

from __future__ import annotations

import math

from markupsafe import Markup

from pipelines.release.pages import charts, words
from pipelines.release.pages.blocks import Cell, Figure, Section, Table
from pipelines.release.pages.language import Language
from pipelines.release.pages.warehouse import Published, Row, Unit, group

#: The share below the minimum at which a result counts as low, and the least number of students for it.
LOW_SHARE = 30
LEAST_N = 10
_MAIN_SUBJECTS = ("Русский язык", "Математика")


def of_year(w: Published, unit: Unit, year: int | None) -> list[Row]:
    """The unit's results of a year, in the order people read them."""
    rows = [r for r in w.results.get(unit, []) if r["school_year"] == year]
    return sorted(rows, key=lambda r: _order(w.assessments[r["assessment_id"]]))


def _order(assessment: Row) -> tuple:
    return (words.kind_key(assessment["kind"]), words.assessment_key(assessment))


def _main_first(assessment: Row) -> tuple:
    """Russian and mathematics of every kind, then the rest."""
    return (not (assessment["subject"] or "").startswith(_MAIN_SUBJECTS), _order(assessment))


def _by_kind(w: Published, rows: list[Row]) -> dict[str, list[Row]]:
    return group(({**r, "kind": w.assessments[r["assessment_id"]]["kind"]} for r in rows), "kind")


def main_results(w: Published, unit: Unit, year: int | None) -> list[Row]:
    """Results in Russian and mathematics."""
    return [
        r
        for r in of_year(w, unit, year)
        if (w.assessments[r["assessment_id"]]["subject"] or "").startswith(_MAIN_SUBJECTS)
    ]


def means(w: Published, lang: Language, unit: Unit, year: int | None) -> Section:
    """Means with intervals beside the region's mean and, for schools, the range expected from context."""
    rows = of_year(w, unit, year)
    title = lang.t(f"Средние результаты, {lang.year(year)}", f"Mean results, {lang.year(year)}")
    if not rows:
        return Section("results", title, missing=_no_results(lang))
    intro = lang.t(
        "Точка — среднее, отрезок — 95-процентный интервал: настоящее среднее почти наверняка внутри него. "
        "Чёрная черта — регион. Если отрезок её задевает, от региона отличие не установлено.",
        "A dot is the mean, its line the 95% interval in which the true mean almost surely lies. "
        "The black tick is the region: where the line touches it, no difference is established.",
    )
    figures = [_means_figure(w, lang, kind, part) for kind, part in _by_kind(w, rows).items()]
    return Section("results", title, [intro], figures=figures)


def _is_official(row: Row) -> bool:
    return row["scale_type"] == "official"


def _means_figure(w: Published, lang: Language, kind: str, rows: list[Row]) -> Figure:
    official = all(map(_is_official, rows))
    drawn = [_mean_row(w, lang, r, official) for r in rows]
    shown = [d for d in drawn if d.value is not None]
    axis = (
        lang.t("% наибольшего балла", "% of the maximum score")
        if official
        else lang.t(
            "балл шкалы: 500 — среднее, 100 — разброс в опорной группе",
            "scale score: 500 is the mean, 100 the spread of the reference group",
        )
    )
    title = lang.word(words.KINDS, kind)
    picture = charts.intervals(shown, lang, title, axis=axis) if shown else None
    return Figure(title, picture, _means_words(w, lang, rows, drawn), _means_table(w, lang, rows))


def _mean_row(w: Published, lang: Language, row: Row, official: bool) -> charts.IntervalRow:
    """A result on the axis of its figure: % of the maximum for official scores, else the 500/100 scale."""
    assessment = w.assessments[row["assessment_id"]]
    region = w.result.get(("region", w.region_id, row["assessment_id"]), {})
    names = (
        ("mean_score", "ci_low", "ci_high")
        if official
        else ("mean_scale_score", "scale_ci_low", "scale_ci_high")
    )
    factor = 100 / assessment["max_score"] if official and assessment["max_score"] else 1.0
    value, low, high = (row[n] * factor if row[n] is not None else None for n in names)
    reference = region.get(names[0]) if row["unit_type"] != "region" else None
    expected = expected_range(w, row)
    return charts.IntervalRow(
        words.assessment_label(lang, assessment),
        value,
        low,
        high,
        expected=(expected[0] * factor, expected[1] * factor) if expected else None,
        reference=reference * factor if reference is not None else None,
        note=lang.number(row[names[0]], 1 if official else 0),
    )


def expected_range(w: Published, row: Row) -> tuple[float, float] | None:
    """The range in which schools of like context lie, on the scale of the row, or None."""
    if row["unit_type"] != "school":
        return None
    for e in w.of("fct_school_expected_result", "school_id").get(row["unit_id"], []):
        if (
            e["assessment_id"] == row["assessment_id"]
            and e["expected"] is not None
            and e["ci_high"] is not None
        ):
            half = e["ci_high"] - e["residual"]
            return (e["expected"] - half, e["expected"] + half)
    return None


def _means_words(w: Published, lang: Language, rows: list[Row], drawn: list[charts.IntervalRow]) -> str:
    above = [d.label for d in drawn if d.reference is not None and d.low is not None and d.low > d.reference]
    below = [
        d.label for d in drawn if d.reference is not None and d.high is not None and d.high < d.reference
    ]
    judged = [d for d in drawn if d.reference is not None and d.low is not None]
    parts = []
    if judged:
        if above:
            parts.append(lang.t(f"Выше региона: {_list(above)}.", f"Above the region: {_list(above)}."))
        if below:
            parts.append(lang.t(f"Ниже региона: {_list(below)}.", f"Below the region: {_list(below)}."))
        if not above and not below:
            parts.append(
                lang.t(
                    "Ни одного отличия от региона, которое нельзя объяснить случайностью.",
                    "No difference from the region that chance could not explain.",
                )
            )
        elif len(above) + len(below) < len(judged):
            parts.append(
                lang.t("В остальном отличий не установлено.", "Elsewhere no difference is established.")
            )
    if any(d.expected for d in drawn):
        parts.append(
            lang.t(
                "Голубая полоса — результат школ с такими же условиями.",
                "The pale band is the result of schools in like conditions.",
            )
        )
    scales = sorted({r["scale_type"] for r in rows if r["scale_type"]})
    parts.append(lang.t("Шкала: ", "Scale: ") + "; ".join(lang.word(words.SCALES, s) for s in scales) + ".")
    if any(r["tested_n"] is not None and r["tested_n"] < LEAST_N for r in rows):
        parts.append(
            lang.t(
                f"Где участников меньше {LEAST_N}, по одному году судить нельзя.",
                f"Where fewer than {LEAST_N} were tested, one year is not enough to judge.",
            )
        )
    return " ".join(parts)


def _list(items: list[str], limit: int = 4) -> str:
    shown = ", ".join(i[:1].lower() + i[1:] for i in items[:limit])
    return shown if len(items) <= limit else f"{shown} … ({len(items)})"


def _means_table(w: Published, lang: Language, rows: list[Row]) -> Table:
    head = [
        lang.t("Работа", "Assessment"),
        lang.t("Участников", "Tested"),
        lang.t("Участие", "Took part"),
        lang.t("Средний балл", "Mean score"),
        lang.t("из", "of"),
        lang.t("Балл шкалы", "Scale score"),
        lang.t("95 % интервал", "95% interval"),
        lang.t("Регион", "Region"),
    ]
    body: list[list[Cell]] = []
    for row in rows:
        assessment = w.assessments[row["assessment_id"]]
        region = w.result.get(("region", w.region_id, row["assessment_id"]), {})
        official = _is_official(row)
        body.append(
            [
                words.assessment_label(lang, assessment),
                value_or_why(lang, row["tested_n"], row["obs_status"], 0),
                lang.percent(row["participation_pct"], 0),
                value_or_why(lang, row["mean_score"], row["obs_status"], 1),
                lang.number(assessment["max_score"]),
                "—" if official else value_or_why(lang, row["mean_scale_score"], row["scale_obs_status"], 0),
                lang.between(row["ci_low"], row["ci_high"], 1)
                if official
                else lang.between(row["scale_ci_low"], row["scale_ci_high"]),
                lang.number(region.get("mean_score"), 1)
                if official
                else lang.number(region.get("mean_scale_score")),
            ]
        )
    return _beside_region(head, body, rows)


def _beside_region(head: list[str], body: list[list[Cell]], rows: list[Row]) -> Table:
    """A table whose last column is the region's value: left out on the region's own page."""
    if rows[0]["unit_type"] != "region":
        return Table(head, body)
    return Table(head[:-1], [line[:-1] for line in body])


def value_or_why(lang: Language, value: float | None, status: str | None, digits: int = 1) -> str:
    """The number with its flag, or the reason why there is none."""
    if value is None:
        return lang.missing(status)
    flag = lang.flag(status)
    return f"{lang.number(value, digits)} ({flag})" if flag else lang.number(value, digits)


def below_minimum(w: Published, lang: Language, unit: Unit, year: int | None) -> Section:
    """Shares below the minimum with Wilson intervals against the threshold of a low result."""
    title = lang.t("Не достигли минимума", "Below the minimum")
    rows = [r for r in of_year(w, unit, year) if r["below_min_obs_status"] != "L"]
    if not rows:
        return Section("below", title, missing=_no_results(lang))
    intro = lang.t(
        "Доля участников ниже нижней границы отметки «3» или минимального балла экзамена. Пунктир — "
        f"{LOW_SHARE} %: "
        "с этой доли результат считают низким. Интервал говорит, насколько доля определена: у малой школы "
        "он широк.",
        f"Share of students below mark 3 or the exam's minimum score. The dashed line is {LOW_SHARE}%, "
        "from which "
        "a result counts as low. The interval shows how well the share is known: in a small school it is "
        "wide.",
    )
    figures = [_below_figure(w, lang, kind, part) for kind, part in _by_kind(w, rows).items()]
    return Section("below", title, [intro], figures=figures)


def _below_figure(w: Published, lang: Language, kind: str, rows: list[Row]) -> Figure:
    drawn = []
    low: list[str] = []
    unsure: list[str] = []
    for row in rows:
        label = words.assessment_label(lang, w.assessments[row["assessment_id"]])
        region = w.result.get(("region", w.region_id, row["assessment_id"]), {})
        share = row["below_min_pct"]
        if share is None:
            continue
        drawn.append(
            charts.IntervalRow(
                label,
                share,
                row["below_min_ci_low"],
                row["below_min_ci_high"],
                reference=region.get("below_min_pct") if row["unit_type"] != "region" else None,
                note=lang.percent(share, 0),
            )
        )
        if 100 * (row["below_min_n"] or 0) >= LOW_SHARE * (row["judged_n"] or 1):
            (low if (row["below_min_ci_low"] or 0) >= LOW_SHARE else unsure).append(label)
    parts = []
    if low:
        parts.append(
            lang.t(f"Низкий результат, уверенно: {_list(low)}.", f"Low, with confidence: {_list(low)}.")
        )
    if unsure:
        parts.append(
            lang.t(
                f"Низкий по оценке, но погрешность этого не подтверждает: {_list(unsure)}.",
                f"Low by the estimate, though error leaves it open: {_list(unsure)}.",
            )
        )
    if drawn and not low and not unsure:
        parts.append(lang.t("Низких результатов нет.", "No low results."))
    title = lang.word(words.KINDS, kind)
    picture = (
        charts.intervals(
            drawn,
            lang,
            title,
            limit=LOW_SHARE,
            bounds=(0, _ceiling(drawn)),
            axis=lang.t("% участников ниже минимума", "% of students below the minimum"),
        )
        if drawn
        else None
    )
    head = [
        lang.t("Работа", "Assessment"),
        lang.t("Участников", "Tested"),
        lang.t("Ниже минимума", "Below the minimum"),
        lang.t("Доля", "Share"),
        lang.t("95 % интервал", "95% interval"),
        lang.t("Регион", "Region"),
    ]
    body: list[list[Cell]] = []
    for row in rows:
        region = w.result.get(("region", w.region_id, row["assessment_id"]), {})
        status = row["below_min_obs_status"] or row["obs_status"]
        share = row["below_min_pct"]
        body.append(
            [
                words.assessment_label(lang, w.assessments[row["assessment_id"]]),
                value_or_why(lang, row["judged_n"], status, 0),
                value_or_why(lang, row["below_min_n"], status, 0),
                lang.percent(share) if share is not None else lang.missing(status),
                lang.between(row["below_min_ci_low"], row["below_min_ci_high"]),
                lang.percent(region.get("below_min_pct")),
            ]
        )
    return Figure(title, picture, " ".join(parts), _beside_region(head, body, rows))


def _ceiling(rows: list[charts.IntervalRow]) -> float:
    return min(100.0, max([40.0, *(r.high or r.value or 0 for r in rows)]))


def marks(w: Published, lang: Language, unit: Unit, year: int | None) -> Section:
    """Shares of marks, the unit's and the region's."""
    title = lang.t("Отметки", "Marks")
    rows = [r for r in of_year(w, unit, year) if _has_marks(w, r)]
    if not rows:
        return Section(
            "marks",
            title,
            missing=lang.t(
                "Отметок нет, потому что у работ этого года нет шкалы отметок или результаты не присланы.",
                "No marks: the year's assessments have no mark scale, or no results were sent.",
            ),
        )
    legend = (
        Markup('<span class="legend">')
        + Markup("").join(Markup('<span><i class="key m{0}"></i>«{0}»</span>').format(m) for m in range(2, 6))
        + Markup("</span>")
    )
    intro = lang.t(
        "Доли отметок за работу, от «2» слева до «5» справа. Отметки порядковые: средней отметки здесь нет "
        "намеренно. "
        "Если участников меньше 30, показано только, сколько достигло минимума.",
        "Shares of marks for the work, from 2 at the left to 5 at the right. Marks are ranks, so no mean "
        "mark is given. "
        "With fewer than 30 students only the share that reached the minimum is shown.",
    )
    figures = []
    for kind, part in _by_kind(w, rows).items():
        bars = []
        for row in part:
            label = words.assessment_label(lang, w.assessments[row["assessment_id"]])
            bars.append(charts.MarkRow(label, mark_shares(row), lang.missing(row["below_min_obs_status"])))
            region = w.result.get(("region", w.region_id, row["assessment_id"]))
            if region and row["unit_type"] != "region":
                why = lang.missing(region["below_min_obs_status"])
                bars.append(
                    charts.MarkRow(lang.t("регион", "region"), mark_shares(region), why, reference=True)
                )
        name = lang.word(words.KINDS, kind)
        figures.append(Figure(name, charts.mark_bars(bars, lang, name), table=_marks_table(w, lang, part)))
    return Section("marks", title, [intro, legend], figures=figures)


def _has_marks(w: Published, row: Row) -> bool:
    return w.result.get(("region", w.region_id, row["assessment_id"]), row)["mark_2_n"] is not None


def mark_shares(row: Row) -> list[float] | None:
    """Shares in % of marks 2 to 5; of below and not below the minimum where marks are withheld; or None."""
    counts = [row[f"mark_{m}_n"] for m in range(2, 6)]
    if all(c is not None for c in counts) and sum(counts):
        return [100 * c / sum(counts) for c in counts]
    if row["below_min_pct"] is not None:
        return [row["below_min_pct"], 100 - row["below_min_pct"]]
    return None


def _marks_table(w: Published, lang: Language, rows: list[Row]) -> Table:
    head = [lang.t("Работа, число отметок", "Assessment, number of marks"), *(f"«{m}»" for m in range(2, 6))]
    body: list[list[Cell]] = [
        [
            words.assessment_label(lang, w.assessments[r["assessment_id"]]),
            *(
                value_or_why(lang, r[f"mark_{m}_n"], "Q" if r["mark_2_n"] is None else None, 0)
                for m in range(2, 6)
            ),
        ]
        for r in rows
    ]
    return Table(head, body)


def _no_results(lang: Language) -> str:
    return lang.t(
        "Нет данных, потому что результаты работ за этот год не присланы.",
        "No data: no results of this year's assessments were sent.",
    )


def largest(rows: list[Row], n: int) -> list[Row]:
    """The n results with most students, in their own order: those that say most about the unit."""
    chosen = sorted(rows, key=lambda r: -(r["tested_n"] or 0))[:n]
    return [r for r in rows if r in chosen]


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
    w: Published, lang: Language, year: int | None, marked: frozenset[str] = frozenset(), named: bool = False
) -> Section:
    """Shares below the minimum of schools by size, with control limits about the region's share.

    A funnel in place of a league table: a small school strays far by chance alone. ``marked`` schools stand
    out; ``named`` writes their names.
    """
    title = lang.t("Школы по размеру: что случайно, а что нет", "Schools by size: chance or not")
    figures = []
    for row in main_results(w, ("region", w.region_id), year):
        share = row["below_min_pct"]
        schools = [
            r
            for r in w.school_results.get(row["assessment_id"], [])
            if r["below_min_pct"] is not None and r["judged_n"]
        ]
        if share is None or not 0 < share < 100 or len(schools) < 5:
            continue
        dots = [
            charts.Dot(
                r["judged_n"],
                r["below_min_pct"],
                r["unit_id"] in marked,
                words.school_name(w.schools[r["unit_id"]]) if named and r["unit_id"] in w.schools else "",
            )
            for r in schools
        ]
        name = words.assessment_full(lang, w.assessments[row["assessment_id"]])
        outside = sum(d.y > funnel_limit(share, d.x, 3.09) for d in dots)
        figures.append(
            Figure(
                name,
                charts.cloud(
                    dots,
                    lang,
                    name,
                    curves=_funnel_curves(share, max(d.x for d in dots)),
                    y_from_zero=True,
                    x_axis=lang.t("участников в школе", "students tested in the school"),
                    y_axis=lang.t("ниже минимума, %", "below the minimum, %"),
                ),
                lang.t(
                    f"Школ на рисунке: {len(dots)}. Выше внешней границы, то есть больше, чем объяснит "
                    "случайность: "
                    f"{outside}.",
                    f"Schools shown: {len(dots)}. Above the outer limit, that is more than chance "
                    f"explains: {outside}.",
                ),
            )
        )
    if not figures:
        return Section(
            "funnel",
            title,
            missing=lang.t(
                "Рисунка нет, потому что открытых результатов меньше чем у пяти школ.",
                "No figure: fewer than five schools have open results.",
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
    return Section("funnel", title, [intro], figures=figures[:4])


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


def dynamics(w: Published, lang: Language, unit: Unit) -> Section:
    """Series over years with breaks and the verdict in words."""
    title = lang.t("Три года", "Three years")
    series: dict[tuple, list[Row]] = {}
    for row in w.results.get(unit, []):
        a = w.assessments[row["assessment_id"]]
        series.setdefault((a["kind"], a["subject"], a["grade"], a["testing_window"] or ""), []).append(row)
    verdicts = {
        (d["kind"], d["subject"], d["grade"], d["testing_window"] or "", d["end_year"]): d
        for d in w.of_unit("msr_dynamics", unit)
    }
    figures = []
    for key, rows in sorted(
        series.items(), key=lambda kv: _main_first(w.assessments[kv[1][0]["assessment_id"]])
    ):
        years = sorted(rows, key=lambda r: r["school_year"])
        if sum(_change_value(r, unit)[0] is not None for r in years) >= 2:
            figures.append(
                _trend_figure(w, lang, unit, years, verdicts.get((*key, years[-1]["school_year"])))
            )
    if not figures:
        return Section(
            "dynamics",
            title,
            missing=lang.t(
                "Рядов нет, потому что ни по одной работе нет сравнимых открытых результатов хотя бы за "
                "два года.",
                "No series: no assessment has comparable open results of two years or more.",
            ),
        )
    intro = lang.t(
        "Линия соединяет соседние сравнимые годы; пропущенный год остаётся пропуском. Красный пунктир — "
        "разрыв ряда: "
        "сменились минимум, шкала или сама работа. Вывод учитывает погрешность средних и связи шкал и "
        "поправку на число "
        "школ.",
        "A line joins neighbouring comparable years; a missing year stays a gap. A red dotted line is a "
        "break: the "
        "minimum, the scale or the work itself changed. Verdicts allow for error of means and links and "
        "for the number "
        "of schools compared.",
    )
    return Section("dynamics", title, [intro], figures=figures[:12])


def _change_value(row: Row, unit: Unit) -> tuple[float | None, float | None, float | None]:
    """What a series shows: scores where years compare, else the share below the minimum."""
    if row["scale_type"] in ("irt_linked", "equated", "official"):
        return row["mean_scale_score"], row["scale_ci_low"], row["scale_ci_high"]
    if row["scale_type"] == "relative" and unit[0] != "region":
        return row["mean_scale_score"], row["scale_ci_low"], row["scale_ci_high"]
    return row["below_min_pct"], row["below_min_ci_low"], row["below_min_ci_high"]


def _trend_figure(w: Published, lang: Language, unit: Unit, rows: list[Row], verdict: Row | None) -> Figure:
    shares = rows[-1]["scale_type"] not in ("irt_linked", "equated", "official") and not (
        rows[-1]["scale_type"] == "relative" and unit[0] != "region"
    )
    broken = bool(verdict and verdict["break_flag"])
    points = []
    before = None
    for row in rows:
        value, low, high = _change_value(row, unit)
        breaks = before is not None and (row["scale_type"] != before or (broken and row is rows[-1]))
        points.append(charts.YearPoint(row["school_year"], value, low, high, breaks))
        before = row["scale_type"]
    name = words.assessment_full(lang, w.assessments[rows[0]["assessment_id"]])
    what = (
        lang.t("Доля ниже минимума, %", "Share below the minimum, %")
        if shares
        else lang.t("Средний балл", "Mean score")
    )
    text = f"{what}. {_verdict_words(lang, verdict)}"
    return Figure(name, charts.trend(points, lang, f"{name}. {what}"), text, wide=False)


def _verdict_words(lang: Language, verdict: Row | None) -> str:
    if verdict is None or verdict["verdict"] is None:
        return lang.t("Вывода нет.", "No verdict.")
    out = lang.t("Вывод: ", "Verdict: ") + lang.word(words.VERDICTS, verdict["verdict"])
    slope, se = verdict["slope"], verdict["slope_se"]
    if slope is None and verdict["verdict_basis"] == "relative":
        slope, se = verdict["relative_slope"], verdict["relative_slope_se"]
    if slope is not None and se is not None:
        out += lang.t(
            f", {lang.signed(slope, 1)} ± {lang.number(1.96 * se, 1)} балла в год",
            f", {lang.signed(slope, 1)} ± {lang.number(1.96 * se, 1)} points a year",
        )
    notes = {
        "nominal": lang.t("шкалы лет не уравнены", "years not equated"),
        "none": lang.t("относительно региона", "against the region"),
    }
    if verdict["change_kind"] in notes and slope is not None:
        out += f" ({notes[verdict['change_kind']]})"
    return out + "."


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
            same = [g for g in part if _is_official(g) == official]
            if same:
                figures.append(_gap_figure(w, lang, names.get(dimension, dimension), same, official))
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
        for g in sorted(rows, key=lambda r: _order(w.assessments[r["assessment_id"]]))
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
