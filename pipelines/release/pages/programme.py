"""Sections on the programme of support: indicators against targets, the list, pairs, the effect."""

from __future__ import annotations

from pipelines.release.pages import charts, status, words
from pipelines.release.pages.blocks import Cell, Fact, Figure, Section, Table
from pipelines.release.pages.language import Language
from pipelines.release.pages.results import value_or_why
from pipelines.release.pages.warehouse import Published, Row, Unit, group

REACHED = {
    "reached": ("достигнут", "reached"),
    "not_reached": ("не достигнут", "not reached"),
    "unclear": ("в пределах погрешности", "within error"),
    "no_target": ("цели нет", "no target"),
}


def is_low_rule(w: Published, rule_id: str) -> bool:
    """Whether a rule tells low results; rules for high ones name the partners' pool."""
    rules = w.of("dim_identification_rule", "rule_id").get(rule_id)
    return rules[0]["purpose"] == "low" if rules else not rule_id.startswith("high")


def indicator_title(w: Published, lang: Language, indicator_id: str) -> str:
    for row in w.of("dim_indicator", "indicator_id").get(indicator_id, []):
        return lang.t(row["title_ru"], row["title_en"])
    return indicator_id


def indicator_unit(w: Published, indicator_id: str) -> str:
    for row in w.of("dim_indicator", "indicator_id").get(indicator_id, []):
        return row["unit"] or ""
    return ""


def indicators(w: Published, lang: Language, unit: Unit) -> Section:
    """The unit's programme indicators of the newest year against their targets."""
    title = lang.t("Показатели программы и цели", "Programme indicators and targets")
    rows = w.of_unit("fct_programme_indicator", unit)
    if not rows:
        return Section(
            "indicators",
            title,
            missing=lang.t(
                "Нет данных, потому что для этого уровня показатели программы не считаются или сведения не присланы.",
                "No data: programme indicators are not computed at this level, or nothing was sent.",
            ),
        )
    year = max(r["school_year"] for r in rows)
    rows = [r for r in rows if r["school_year"] == year]
    percents = [
        r
        for r in rows
        if r["value"] is not None and indicator_unit(w, r["indicator_id"]) in ("%", "pct", "percent")
    ]
    drawn = [
        charts.IntervalRow(
            indicator_title(w, lang, r["indicator_id"]),
            r["value"],
            r["ci_low"],
            r["ci_high"],
            reference=r["target"],
            note=lang.percent(r["value"], 0),
        )
        for r in percents
    ]
    name = lang.t(f"Значение и цель, {lang.year(year)}", f"Value and target, {lang.year(year)}")
    picture = charts.intervals(drawn, lang, name, bounds=(0, 100)) if drawn else None
    intro = lang.t(
        "Точка — значение с интервалом, чёрная черта — цель года. Где отрезок задевает цель, она в пределах "
        "погрешности.",
        "A dot is the value with its interval, the black tick the year's target. Where the line touches the "
        "target, it is within error.",
    )
    return Section(
        "indicators", title, [intro], figures=[Figure(name, picture, table=_indicator_table(w, lang, rows))]
    )


def _indicator_table(w: Published, lang: Language, rows: list[Row]) -> Table:
    head = [
        lang.t("Показатель", "Indicator"),
        lang.t("Числитель", "Numerator"),
        lang.t("Знаменатель", "Denominator"),
        lang.t("Значение", "Value"),
        lang.t("95 % интервал", "95% interval"),
        lang.t("Цель", "Target"),
        lang.t("Вывод", "Verdict"),
    ]
    body: list[list[Cell]] = [
        [
            indicator_title(w, lang, r["indicator_id"]),
            value_or_why(lang, r["numerator"], r["obs_status"], 0 if _whole(r["numerator"]) else 2),
            value_or_why(lang, r["denominator"], r["obs_status"], 0 if _whole(r["denominator"]) else 2),
            value_or_why(lang, r["value"], r["obs_status"]),
            lang.between(r["ci_low"], r["ci_high"], 1),
            lang.number(r["target"], 1 if r["target"] is not None and not _whole(r["target"]) else 0),
            lang.word(REACHED, r["verdict"]),
        ]
        for r in rows
    ]
    return Table(head, body, text_columns=frozenset({0, 6}))


def _whole(value: float | None) -> bool:
    return value is None or float(value).is_integer()


def listed(w: Published, lang: Language) -> Section:
    """Schools with low results by rule, in alphabetical order within municipalities."""
    title = lang.t("Школы с низкими результатами", "Schools with low results")
    rows = [r for r in status.identification_rows(w) if is_low_rule(w, r["rule_id"])]
    if not rows:
        return Section(
            "list",
            title,
            missing=lang.t(
                "Перечня нет, потому что правила не применялись: результатов за год не хватает.",
                "No list: the rules were not applied for want of the year's results.",
            ),
        )
    figures = []
    for rule_id, part in group(rows, "rule_id").items():
        counts = {s: sum(r["status"] == s for r in part) for s in words.IDENTIFICATION}
        text = "; ".join(f"{lang.t(*words.IDENTIFICATION[s])}: {n}" for s, n in counts.items() if n) + "."
        shown = sorted(
            (r for r in part if r["status"] in (*words.LISTED, "near")), key=lambda r: _place_key(w, r)
        )
        body: list[list[Cell]] = [_listed_row(w, lang, r) for r in shown]
        head = [
            lang.t("Школа", "School"),
            lang.t("Муниципалитет", "Municipality"),
            lang.t("Решение", "Decision"),
            lang.t("Вероятность", "Probability"),
        ]
        figures.append(
            Figure(
                status.rule_title(w, lang, rule_id),
                words=text[:1].upper() + text[1:],
                table=Table(head, body, text_columns=frozenset({0, 1, 2})) if body else None,
            )
        )
    intro = lang.t(
        "Каждое правило даёт свой перечень; основное правило региона — первое, остальные показаны для сравнения. Почему "
        "школа в перечне, сказано на её странице условие за условием.",
        "Each rule gives its own list; others are shown for comparison. A school's page says why it is on the list, "
        "condition by condition.",
    )
    return Section("list", title, [intro], figures=figures)


def _place_key(w: Published, row: Row) -> tuple[str, str]:
    school = w.schools.get(row["school_id"])
    return (
        (school["municipality_name"] or "") if school else "",
        words.school_name(school) if school else row["school_id"],
    )


def _listed_row(w: Published, lang: Language, row: Row) -> list[Cell]:
    school = w.schools.get(row["school_id"])
    name: Cell = (
        status.link(words.school_path(row["school_id"]), words.school_name(school), 0)
        if school
        else row["school_id"]
    )
    return [
        name,
        (school["municipality_name"] if school else None) or "—",
        lang.word(words.IDENTIFICATION, row["status"]),
        lang.percent(100 * row["probability"], 0) if row["probability"] is not None else "—",
    ]


def effect(w: Published, lang: Language) -> Section:
    """Change of supported schools against matched ones."""
    title = lang.t("Изменились ли поддержанные школы", "Did supported schools change")
    rows = [r for r in w.rows("msr_programme_effect") if r.get("effect") is not None]
    if not rows:
        return Section(
            "effect",
            title,
            missing=lang.t(
                "Вывода нет, потому что сравнимых школ или лет пока не хватает.",
                "No verdict: there are not yet enough comparable schools or years.",
            ),
        )
    drawn = [
        charts.IntervalRow(
            f"{r['subject']}, {lang.year(r['end_year'])}",
            r["effect"],
            r["ci_low"],
            r["ci_high"],
            note=lang.signed(r["effect"], 2),
        )
        for r in rows
    ]
    name = lang.t("Изменение относительно похожих школ", "Change against matched schools")
    sure = sum(1 for d in drawn if d.low is not None and d.low > 0)
    return Section(
        "effect",
        title,
        [
            lang.t(
                "Насколько результат поддержанных школ вырос сверх роста похожих школ без поддержки. Справа от нуля — лучше. "
                "Отрезок, который задевает ноль, — влияние не установлено.",
                "How far supported schools grew beyond similar schools without support. To the right of zero is better. A line "
                "that touches zero: no effect is established.",
            )
        ],
        figures=[
            Figure(
                name,
                charts.intervals(drawn, lang, name, limit=0, digits=2),
                lang.t(
                    f"Рост сверх похожих школ установлен в {sure} из {len(drawn)} сравнений.",
                    f"Growth beyond matched schools is established in {sure} of {len(drawn)} comparisons.",
                ),
            )
        ],
    )


def pairs(w: Published, lang: Language) -> Section:
    """Who is paired with whom, and who is without a partner."""
    title = lang.t("Кто с кем в паре", "Who is paired with whom")
    rows = w.rows("fct_school_peer_match")
    if not rows:
        return Section(
            "pairs",
            title,
            missing=lang.t(
                "Пар нет, потому что поддержанных школ нет или подбор не проводился.",
                "No pairs: there are no supported schools, or no matching was made.",
            ),
        )
    year = max(r["school_year"] for r in rows)
    body: list[list[Cell]] = []
    for r in (r for r in rows if r["school_year"] == year and (r["rank"] in (None, 1))):
        names = [w.schools.get(i) if i else None for i in (r["school_id"], r["partner_id"])]
        cells: list[Cell] = [
            status.link(words.school_path(s["school_id"]), words.school_name(s), 0) if s else "—"
            for s in names
        ]
        body.append(
            [*cells, lang.t(r.get("reason_ru") or "", r.get("reason_en") or "") or r.get("reason") or ""]
        )
    head = [
        lang.t("Поддержанная школа", "Supported school"),
        lang.t("Партнёр", "Partner"),
        lang.t("Почему", "Why"),
    ]
    return Section(
        "pairs",
        title,
        figures=[
            Figure(
                lang.t(f"Предложения, {lang.year(year)}", f"Proposals, {lang.year(year)}"),
                table=Table(head, body, text_columns=frozenset({0, 1, 2})),
            )
        ],
    )


def facts(w: Published, lang: Language) -> list[Fact]:
    rows = [r for r in status.identification_rows(w) if is_low_rule(w, r["rule_id"])]
    if not rows:
        return []
    out = []
    for rule_id, part in list(group(rows, "rule_id").items())[:1]:
        for code, ru, en in (
            ("confirmed", "в перечне уверенно", "on the list with confidence"),
            ("point", "в перечне по оценке", "on the list by the estimate"),
            ("near", "близко к порогу", "near the threshold"),
            ("insufficient", "мало данных", "too few data"),
        ):
            out.append(Fact(lang.number(sum(r["status"] == code for r in part)), lang.t(ru, en), rule_id))
    return out
