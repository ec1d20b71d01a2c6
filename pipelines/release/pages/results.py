"""Sections on results: means, shares below the minimum, marks."""

from __future__ import annotations

from collections import Counter

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
    return sorted(rows, key=lambda r: order(w.assessments[r["assessment_id"]]))


def order(assessment: Row) -> tuple:
    return (words.kind_key(assessment["kind"]), words.assessment_key(assessment))


def main_first(assessment: Row) -> tuple:
    """Russian and mathematics of every kind, then the rest."""
    return (not (assessment["subject"] or "").startswith(_MAIN_SUBJECTS), order(assessment))


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
    if all(r["mean_score"] is None for r in rows):
        return Section("results", title, missing=_none_shown(lang, [r["obs_status"] for r in rows]))
    intro = lang.t(
        "Точка — среднее, отрезок — 95-процентный интервал: настоящее среднее почти наверняка внутри него. "
        "Чёрная черта — регион. Если отрезок её задевает, от региона отличие не установлено.",
        "A dot is the mean, its line the 95% interval in which the true mean almost surely lies. "
        "The black tick is the region: where the line touches it, no difference is established.",
    )
    figures = [_means_figure(w, lang, kind, part) for kind, part in _by_kind(w, rows).items()]
    return Section("results", title, [intro], figures=figures)


def is_official(row: Row) -> bool:
    return row["scale_type"] == "official"


def _means_figure(w: Published, lang: Language, kind: str, rows: list[Row]) -> Figure:
    official = all(map(is_official, rows))
    drawn = [mean_row(w, lang, r, official) for r in rows]
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
    absent = unseen(w, lang, [(r, r["obs_status"]) for r in rows if r["mean_score"] is None])
    if not shown:
        return Figure(title, words=absent)
    text = f"{_means_words(w, lang, rows, drawn)} {absent}".strip()
    return Figure(title, charts.intervals(shown, lang, title, axis=axis), text, _means_table(w, lang, rows))


def mean_row(w: Published, lang: Language, row: Row, official: bool) -> charts.IntervalRow:
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
        note=f"{lang.number(row[names[0]], 1 if official else 0)} · {_students(lang, row['tested_n'])}",
    )


def standing(w: Published, lang: Language, row: Row) -> str | None:
    """``above``, ``below`` or ``same``: the unit's mean against the region's, by the unit's interval."""
    drawn = mean_row(w, lang, row, is_official(row))
    if drawn.reference is None or drawn.low is None or drawn.high is None:
        return None
    return "above" if drawn.low > drawn.reference else "below" if drawn.high < drawn.reference else "same"


def _students(lang: Language, n: int | None) -> str:
    """The number of students, short enough for a chart."""
    return lang.number(n) + lang.t(" уч.", " st.")


def unseen(w: Published, lang: Language, rows: list[tuple[Row, str | None]]) -> str:
    """Which results have no number, with the reason: «Скрыто: история, химия.»"""
    reasons: dict[str, list[str]] = {}
    for row, status in rows:
        label = words.assessment_label(lang, w.assessments[row["assessment_id"]])
        reasons.setdefault(lang.missing(status), []).append(label)
    return " ".join(
        f"{reason[:1].upper()}{reason[1:]}: {_list(lang, labels, 12)}."
        for reason, labels in sorted(reasons.items())
    )


def _none_shown(lang: Language, statuses: list[str | None]) -> str:
    """A section in which no number may be or can be shown."""
    if set(statuses) == {"Q"}:
        return lang.t(
            f"Все результаты скрыты ({len(statuses)}), потому что участников слишком мало.",
            f"All results are suppressed ({len(statuses)}) because too few students took part.",
        )
    counts = Counter(lang.missing(s) for s in statuses)
    text = ", ".join(f"{reason} — {n}" for reason, n in sorted(counts.items()))
    return lang.t(
        f"Чисел нет, потому что участников слишком мало или результаты не присланы: {text}.",
        f"No numbers, because too few took part or no results were sent: {text}.",
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
            parts.append(
                lang.t(f"Выше региона: {_list(lang, above)}.", f"Above the region: {_list(lang, above)}.")
            )
        if below:
            parts.append(
                lang.t(f"Ниже региона: {_list(lang, below)}.", f"Below the region: {_list(lang, below)}.")
            )
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
    scales = sorted({r["scale_type"] for r in rows if r["scale_type"] and r["mean_score"] is not None})
    parts.append(lang.t("Шкала: ", "Scale: ") + "; ".join(lang.word(words.SCALES, s) for s in scales) + ".")
    bare = [d.label for d in drawn if d.value is not None and d.low is None]
    if bare:
        parts.append(
            lang.t(
                f"Без интервала, потому что разброс оценить не по чему: {_list(lang, bare)}. "
                "С регионом это не сравнить.",
                f"Without an interval, for want of data on the spread: {_list(lang, bare)}. "
                "This can't be compared with the region.",
            )
        )
    if any(r["tested_n"] is not None and r["tested_n"] < LEAST_N for r in rows):
        parts.append(
            lang.t(
                f"Где участников меньше {LEAST_N}, по одному году судить нельзя.",
                f"Where fewer than {LEAST_N} were tested, one year is not enough to judge.",
            )
        )
    return " ".join(parts)


def _list(lang: Language, items: list[str], limit: int = 4) -> str:
    """Labels in a sentence, which ends with a full stop of its own: «русский язык, 4 кл; химия, 11 кл»."""
    shown = "; ".join(words.within(lang, i) for i in items[:limit])
    return shown.removesuffix(".") if len(items) <= limit else f"{shown} … ({len(items)})"


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
        official = is_official(row)
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
        return Table(head, body, folded=True)
    return Table(head[:-1], [line[:-1] for line in body], folded=True)


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
    if all(r["below_min_pct"] is None for r in rows):
        return Section("below", title, missing=_none_shown(lang, [_below_status(r) for r in rows]))
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


def _below_status(row: Row) -> str | None:
    return row["below_min_obs_status"] or row["obs_status"]


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
                note=f"{lang.percent(share, 0)} · {_students(lang, row['judged_n'])}",
            )
        )
        if 100 * (row["below_min_n"] or 0) >= LOW_SHARE * (row["judged_n"] or 1):
            (low if (row["below_min_ci_low"] or 0) >= LOW_SHARE else unsure).append(label)
    parts = []
    if low:
        parts.append(
            lang.t(
                f"Низкий результат, уверенно: {_list(lang, low)}.",
                f"Low, with confidence: {_list(lang, low)}.",
            )
        )
    if unsure:
        parts.append(
            lang.t(
                f"Низкий по оценке, но погрешность этого не подтверждает: {_list(lang, unsure)}.",
                f"Low by the estimate, though error leaves it open: {_list(lang, unsure)}.",
            )
        )
    title = lang.word(words.KINDS, kind)
    absent = unseen(w, lang, [(r, _below_status(r)) for r in rows if r["below_min_pct"] is None])
    if not drawn:
        return Figure(title, words=absent)
    if not low and not unsure:
        parts.append(lang.t("Низких результатов нет.", "No low results."))
    picture = charts.intervals(
        drawn,
        lang,
        title,
        limit=LOW_SHARE,
        bounds=(0, _ceiling(drawn)),
        axis=lang.t("% участников ниже минимума", "% of students below the minimum"),
    )
    text = " ".join([*parts, absent]).strip()
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
        status = _below_status(row)
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
    return Figure(title, picture, text, _beside_region(head, body, rows))


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
    if not any(mark_shares(r) for r in rows):
        return Section("marks", title, missing=_none_shown(lang, [r["below_min_obs_status"] for r in rows]))
    legend = charts.legend(*((f"m{m}", f"«{m}»") for m in range(2, 6)))
    intro = lang.t(
        "Доли отметок за работу, от «2» слева до «5» справа. Отметки порядковые: средней отметки здесь нет "
        "намеренно. "
        "Если участников меньше 30, показано только, сколько достигло минимума.",
        "Shares of marks for the work, from 2 at the left to 5 at the right. Marks are ranks, so no mean "
        "mark is given. "
        "With fewer than 30 students only the share that reached the minimum is shown.",
    )
    figures = [_marks_figure(w, lang, kind, part) for kind, part in _by_kind(w, rows).items()]
    return Section("marks", title, [intro, legend], figures=figures)


def _marks_figure(w: Published, lang: Language, kind: str, rows: list[Row]) -> Figure:
    bars = []
    for row in (r for r in rows if mark_shares(r)):
        label = words.assessment_label(lang, w.assessments[row["assessment_id"]])
        bars.append(charts.MarkRow(label, mark_shares(row)))
        region = w.result.get(("region", w.region_id, row["assessment_id"]))
        if region and row["unit_type"] != "region":
            why = lang.missing(region["below_min_obs_status"])
            bars.append(charts.MarkRow(lang.t("регион", "region"), mark_shares(region), why, reference=True))
    name = lang.word(words.KINDS, kind)
    absent = unseen(w, lang, [(r, r["below_min_obs_status"]) for r in rows if not mark_shares(r)])
    if not bars:
        return Figure(name, words=absent)
    return Figure(name, charts.mark_bars(bars, lang, name), absent, _marks_table(w, lang, rows))


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
    return Table(head, body, folded=True)


def _no_results(lang: Language) -> str:
    return lang.t(
        "Нет данных, потому что результаты работ за этот год не присланы.",
        "No data: no results of this year's assessments were sent.",
    )


def largest(rows: list[Row], n: int) -> list[Row]:
    """The n results with most students, in their own order: those that say most about the unit."""
    chosen = sorted(rows, key=lambda r: -(r["tested_n"] or 0))[:n]
    return [r for r in rows if r in chosen]
