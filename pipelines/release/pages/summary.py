"""A school in a few lines: what its page says first."""

from __future__ import annotations

from pipelines.release.pages import results, status, words
from pipelines.release.pages.blocks import Cell, Fact, Figure, Section, Table
from pipelines.release.pages.language import Language
from pipelines.release.pages.warehouse import Published, Row, Unit

#: A standing in words, and as a heading's number.
STANDINGS: words.Words = {
    "above": ("выше", "above"),
    "below": ("ниже", "below"),
    "same": ("не отличается", "no difference"),
    "as_expected": ("как ожидается", "as expected"),
}
LISTED: words.Words = {
    "confirmed": ("входит", "yes"),
    "point": ("входит по оценке", "by the estimate"),
    "near": ("близко к порогу", "near"),
    "insufficient": ("мало данных", "too few data"),
    "no": ("не входит", "no"),
}


def facts(w: Published, lang: Language, unit: Unit) -> list[Fact]:
    """The list, differences from the region, resilience, what is hidden."""
    rows = results.of_year(w, unit, w.last_year)
    return [
        *_listed(w, lang, unit[1]),
        *_differences(w, lang, rows),
        *_resilience(w, lang, unit[1]),
        *_hidden(lang, rows),
    ]


def _listed(w: Published, lang: Language, school_id: str) -> list[Fact]:
    rows = [r for r in status.identification_rows(w, school_id) if r["rule_id"] == w.main_rule]
    label = lang.t("перечень школ с низкими результатами", "list of schools with low results")
    for row in rows:
        value = (
            lang.t("исключена", "excluded")
            if row["exclusion_reason_ru"]
            else lang.word(LISTED, row["status"])
            if row["status"]
            else lang.missing("Q")
        )
        return [Fact(value, label, lang.year(row["school_year"]))]
    return []


def _differences(w: Published, lang: Language, rows: list[Row]) -> list[Fact]:
    judged = [s for s in (results.standing(w, lang, r) for r in rows) if s]
    if not judged:
        return []
    of = lang.t(f"из {len(judged)} показанных", f"of {len(judged)} shown")
    return [
        Fact(
            lang.number(judged.count("above")),
            lang.t("результатов выше региона", "results above the region"),
            of,
        ),
        Fact(
            lang.number(judged.count("below")),
            lang.t("результатов ниже региона", "results below the region"),
            of,
        ),
    ]


def _resilience(w: Published, lang: Language, school_id: str) -> list[Fact]:
    rows = w.of("fct_resilience", "school_id").get(school_id, [])
    if not rows:
        return []
    row = max(rows, key=lambda r: r["school_year"])
    value = (
        lang.missing("U")
        if row["is_resilient"] is None
        else lang.t("да", "yes")
        if row["is_resilient"]
        else lang.t("нет", "no")
    )
    label = lang.t(
        "резильентная: выше ожидаемого в трудных условиях",
        "resilient: beyond expectation in hard conditions",
    )
    return [Fact(value, label, lang.year(row["school_year"]))]


def _hidden(lang: Language, rows: list[Row]) -> list[Fact]:
    hidden = sum(r["obs_status"] == "Q" for r in rows)
    if not hidden:
        return []
    return [
        Fact(
            lang.number(hidden),
            lang.t("результатов скрыто", "results suppressed"),
            lang.t(f"из {len(rows)}: мало участников", f"of {len(rows)}: too few students"),
        )
    ]


def essentials(w: Published, lang: Language, school_id: str) -> Section:
    """Russian and mathematics in one table: below the minimum, beside region and expectation, over years."""
    title = lang.t("Главное: русский язык и математика", "In brief: Russian and mathematics")
    unit: Unit = ("school", school_id)
    rows = results.main_results(w, unit, w.last_year)
    shown = [r for r in rows if r["below_min_pct"] is not None or r["mean_score"] is not None]
    if not shown:
        return Section(
            "essentials",
            title,
            missing=lang.t(
                "Результатов по русскому языку и математике за год нет или они скрыты: участников слишком "
                "мало.",
                "The year's results in Russian and mathematics are missing, or suppressed for too few "
                "students.",
            ),
        )
    expected = {
        e["assessment_id"]: e["verdict"]
        for e in w.of("fct_school_expected_result", "school_id").get(school_id, [])
    }
    verdicts = {
        (d["kind"], d["subject"], d["grade"], d["testing_window"] or "", d["end_year"]): d["verdict"]
        for d in w.of_unit("msr_dynamics", unit)
    }
    body: list[list[Cell]] = []
    for row in shown:
        a = w.assessments[row["assessment_id"]]
        region = w.result.get(("region", w.region_id, row["assessment_id"]), {})
        change = verdicts.get(
            (a["kind"], a["subject"], a["grade"], a["testing_window"] or "", a["school_year"])
        )
        body.append(
            [
                words.assessment_full(lang, a),
                results.value_or_why(lang, row["tested_n"], row["obs_status"], 0),
                _share(lang, row),
                lang.percent(region.get("below_min_pct"), 0),
                lang.word(STANDINGS, results.standing(w, lang, row)),
                lang.word(STANDINGS, expected.get(row["assessment_id"])),
                lang.word(words.VERDICTS, change),
            ]
        )
    head = [
        lang.t("Работа", "Assessment"),
        lang.t("Участников", "Tested"),
        lang.t("Ниже минимума, интервал", "Below the minimum, interval"),
        lang.t("В регионе", "In the region"),
        lang.t("Средний к региону", "Mean against the region"),
        lang.t("К ожидаемому при её условиях", "Against what its conditions lead to expect"),
        lang.t("За три года", "Over three years"),
    ]
    text = lang.t(
        "«Выше» и «ниже» сказано только там, где отличие больше погрешности. Подробности — ниже на странице.",
        "“Above” and “below” stand only where the difference exceeds the error. Details follow below.",
    )
    return Section(
        "essentials",
        title,
        [text],
        figures=[
            Figure(lang.year(w.last_year), table=Table(head, body, text_columns=frozenset({0, 4, 5, 6})))
        ],
    )


def _share(lang: Language, row: Row) -> str:
    if row["below_min_pct"] is None:
        return lang.missing(row["below_min_obs_status"])
    interval = lang.between(row["below_min_ci_low"], row["below_min_ci_high"])
    return f"{lang.percent(row['below_min_pct'], 0)} ({interval})"
