"""Sections on the programme of support: indicators against targets, the list, pairs, the effect."""

from __future__ import annotations

from collections import Counter

from pipelines.release.pages import charts, status, words
from pipelines.release.pages.blocks import Cell, Fact, Figure, Section, Table
from pipelines.release.pages.language import Language
from pipelines.release.pages.warehouse import Published, Row, Unit, group

TARGET_VERDICTS: words.Words = {
    "met": ("цель достигнута", "target met"),
    "not_met": ("цель не достигнута", "target not met"),
    "no_target": ("цели нет", "no target"),
    "too_few": ("мало данных", "too few data"),
    "no_value": ("—", "—"),
}
CHANGES: words.Words = {
    "rising": ("рост", "rising"),
    "falling": ("снижение", "falling"),
    "stable": ("без заметных изменений", "no clear change"),
    "no_value": ("—", "—"),
}
EFFECTS: words.Words = {
    "positive": ("рост установлен", "growth established"),
    "negative": ("снижение установлено", "decline established"),
    "not_shown": ("влияние не установлено", "no effect established"),
    "too_few": ("школ мало для вывода", "too few schools"),
}
COHORTS: words.Words = {
    "supported": ("все поддерживаемые", "all supported"),
    "entrants": ("вошедшие в программу", "entrants"),
}
#: Units of programme indicators: code -> what follows the number.
UNITS: words.Words = {
    "%": ("%", "%"),
    "percentage points": ("п. п.", "pp"),
    "points": ("баллов", "points"),
    "points²": ("баллов²", "points²"),
    "points a year": ("балла в год", "points a year"),
    "sd": ("станд. откл.", "sd"),
    "sd per index unit": ("станд. откл. на единицу индекса", "sd per index unit"),
    "students": ("учеников", "students"),
    "people": ("человек", "people"),
    "partners": ("партнёров", "partners"),
    "kinds": ("видов", "kinds"),
    "participations": ("участий", "participations"),
    "activities": ("мероприятий", "activities"),
    "memberships": ("членств", "memberships"),
}
_PERCENT = "%"
#: A table of more indicators than this is folded.
LONG = 12


def indicator_title(w: Published, lang: Language, indicator_id: str) -> str:
    for row in w.of("dim_indicator", "indicator_id").get(indicator_id, []):
        return lang.t(row["title_ru"], row["title_en"])
    return indicator_id


def indicator_unit(w: Published, indicator_id: str) -> str:
    for row in w.of("dim_indicator", "indicator_id").get(indicator_id, []):
        return row["unit"] or ""
    return ""


def unit_word(w: Published, lang: Language, unit: str) -> str:
    """A unit as it follows a number."""
    return lang.t(*UNITS[unit]) if unit in UNITS else words.code_title(w, lang, "unit", unit)


def indicators(w: Published, lang: Language, unit: Unit) -> Section:
    """The unit's programme indicators of the newest year against their targets, a figure a programme."""
    title = lang.t("Показатели программы и цели", "Programme indicators and targets")
    anchor = "indicators" if unit[0] != "programme" else f"indicators-{words.slug(unit[1])}"
    if unit[0] == "programme":
        title = f"{title}: {unit[1]}"
    elif unit[0] == "region":
        title += lang.t(" по региону", " of the region")
    rows = [r for r in w.of_unit("fct_programme_indicator", unit) if r["period"] == "year"]
    if not rows:
        return Section(
            anchor,
            title,
            missing=lang.t(
                "Нет данных, потому что для этого уровня показатели программы не считаются или сведения не "
                "присланы.",
                "No data: programme indicators are not computed at this level, or nothing was sent.",
            ),
        )
    year = max(r["school_year"] for r in rows)
    rows = [
        r
        for r in rows
        if r["school_year"] == year
        and (r["value"] is not None or r["missing_contract"] or r["obs_status"] == "Q")
    ]
    intro = lang.t(
        "Точка — значение с интервалом, чёрная черта — цель года. Где отрезок задевает цель, она в "
        "пределах погрешности.",
        "A dot is the value with its interval, the black tick the year's target. Where the line touches "
        "the target, "
        "it is within error.",
    )
    name = lang.t(f"Значение и цель, {lang.year(year)}", f"Value and target, {lang.year(year)}")
    drawn = [
        charts.IntervalRow(
            indicator_title(w, lang, r["indicator_id"]),
            r["value"],
            r["ci_low"],
            r["ci_high"],
            reference=r["target"],
            note=lang.percent(r["value"], 0),
        )
        for r in rows
        if r["value"] is not None
        and r["target"] is not None
        and indicator_unit(w, r["indicator_id"]) == _PERCENT
    ]
    shown = [r for r in rows if r["value"] is not None]
    figures = []
    if drawn:
        met = sum(r["verdict"] == "met" for r in rows)
        judged = sum(r["verdict"] in ("met", "not_met") for r in rows)
        text = lang.t(f"Целей достигнуто {met} из {judged}.", f"Targets met: {met} of {judged}.")
        picture = charts.intervals(drawn, lang, name, bounds=(0, 100), labels=charts.LONG_LABELS)
        figures.append(Figure(name, picture, text))
    figures.append(
        Figure(
            lang.t(f"Все показатели, {lang.year(year)}", f"All indicators, {lang.year(year)}"),
            words=_absent(lang, [r for r in rows if r["value"] is None]),
            table=_indicator_table(w, lang, shown) if shown else None,
        )
    )
    return Section(anchor, title, [intro] if drawn else [], figures=figures)


def _absent(lang: Language, rows: list[Row]) -> str:
    """How many indicators have no value, by reason."""
    counts = Counter(_why(lang, r) for r in rows)
    forms = ("показатель", "показателя", "показателей"), ("indicator", "indicators")
    return " ".join(
        f"{why[:1].upper()}{why[1:]} — {lang.plural(n, *forms)}." for why, n in sorted(counts.items())
    )


def _indicator_table(w: Published, lang: Language, rows: list[Row]) -> Table:
    """Indicators with a value; those that are long lists of a programme are folded."""
    head = [
        lang.t("Показатель", "Indicator"),
        lang.t("Значение", "Value"),
        lang.t("95 % интервал", "95% interval"),
        lang.t("Цель и вывод", "Target and verdict"),
        lang.t("К прошлому году", "Against last year"),
    ]
    body: list[list[Cell]] = []
    for r in rows:
        unit = unit_word(w, lang, indicator_unit(w, r["indicator_id"]))
        value = f"{_amount(lang, r['value'], 1)} {unit}".strip()
        if unit == _PERCENT and r["denominator"] is not None:
            of = lang.t("из", "of")
            value += f" ({_amount(lang, r['numerator'])} {of} {_amount(lang, r['denominator'])})"
        body.append(
            [
                indicator_title(w, lang, r["indicator_id"]),
                value,
                lang.between(r["ci_low"], r["ci_high"], 1),
                _target(lang, r),
                lang.word(CHANGES, r["change_verdict"]),
            ]
        )
    return Table(head, body, text_columns=frozenset({0, 3, 4}), folded=len(body) > LONG)


def _why(lang: Language, row: Row) -> str:
    """Why an indicator has no value: the files that were not sent, where it is that."""
    if row["obs_status"] != "O" or not row["missing_contract"]:
        return lang.missing(row["obs_status"])
    return lang.t("не прислано: ", "not sent: ") + words.missing_files(lang, row["missing_contract"])


def _target(lang: Language, row: Row) -> str:
    text = lang.word(TARGET_VERDICTS, row["verdict"])
    if row["target"] is not None:
        text = f"{_amount(lang, row['target'], 1)}: {text}"
    if row["verdict"] in ("met", "not_met") and row["is_confirmed"] is False:
        text += lang.t(", в пределах погрешности", ", within error")
    return text


def _amount(lang: Language, value: float | None, digits: int = 2) -> str:
    """A number without decimals where it is whole."""
    return lang.number(value, 0 if value is None or float(value).is_integer() else digits)


def listed(w: Published, lang: Language) -> Section:
    """Schools with low results by rule, in alphabetical order within municipalities."""
    title = lang.t("Школы с низкими результатами", "Schools with low results")
    rows = [r for r in status.identification_rows(w) if r["purpose"] == "low"]
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
    for rule_id, part in sorted(group(rows, "rule_id").items(), key=lambda kv: kv[0] != w.main_rule):
        counts = {s: sum(r["status"] == s for r in part) for s in words.IDENTIFICATION}
        text = "; ".join(f"{lang.t(*words.IDENTIFICATION[s])}: {n}" for s, n in counts.items() if n) + "."
        left_out = sum(r["status"] in ("confirmed", "point") and not r["is_listed"] for r in part)
        if left_out:
            text += lang.t(
                f" Из выполнивших правило не включено по исключению или решению: {left_out}.",
                f" Of those meeting the rule, left out by exclusion or decision: {left_out}.",
            )
        figures.append(
            Figure(
                status.rule_title(w, lang, rule_id),
                words=text[:1].upper() + text[1:],
                table=_listed_table(w, lang, part) if rule_id == w.main_rule else None,
            )
        )
    intro = lang.t(
        "Перечень дан по основному правилу региона; о других правилах сказано, сколько школ они дали бы, "
        "а на странице школы — что решило каждое и почему школа в перечне.",
        "The list follows the region's main rule. Of the other rules it is said how many schools they would "
        "list; a school's page says what each decides, and why the school is on the list.",
    )
    return Section("list", title, [intro], figures=figures)


def _listed_table(w: Published, lang: Language, rows: list[Row]) -> Table | None:
    """Schools on the list of a rule, or near it, in alphabetical order within municipalities."""
    shown = sorted(
        (r for r in rows if r["is_listed"] or r["status"] == "near"), key=lambda r: _place_key(w, r)
    )
    head = [
        lang.t("Школа", "School"),
        lang.t("Муниципалитет", "Municipality"),
        lang.t("Решение", "Decision"),
        lang.t("Вероятность", "Probability"),
    ]
    body = [_listed_row(w, lang, r) for r in shown]
    return Table(head, body, text_columns=frozenset({0, 1, 2})) if body else None


def _place_key(w: Published, row: Row) -> tuple[str, str]:
    school = w.schools.get(row["school_id"])
    return (
        (school["municipality_name"] or "") if school else "",
        words.school_name(school) if school else row["school_id"],
    )


def _listed_row(w: Published, lang: Language, row: Row) -> list[Cell]:
    school = w.schools.get(row["school_id"])
    return [
        status.school_cell(w, lang, row["school_id"], 0),
        (school["municipality_name"] if school else None) or "—",
        status.decision(w, lang, row),
        lang.probability(row["probability"]),
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
    intro = lang.t(
        "Насколько результат поддержанных школ вырос сверх роста похожих школ без поддержки. "
        "Справа от нуля — лучше. Отрезок, который задевает ноль, — влияние не установлено.",
        "How far supported schools grew beyond similar schools without support. To the right of "
        "zero is better. A line that touches zero: no effect is established.",
    )
    figures = [_effect_figure(w, lang, cohort, part) for cohort, part in group(rows, "cohort").items()]
    return Section("effect", title, [intro], figures=figures)


def _effect_figure(w: Published, lang: Language, cohort: str, rows: list[Row]) -> Figure:
    """One group of schools, a row a subject and span of years."""
    drawn = [
        charts.IntervalRow(
            _span(w, lang, r),
            r["effect"],
            r["ci_low"],
            r["ci_high"],
            note=lang.signed(r["effect"], 2),
        )
        for r in rows
    ]
    name = lang.t("Изменение относительно похожих школ: ", "Change against matched schools: ") + lang.word(
        COHORTS, cohort
    )
    sure = sum(d.low is not None and d.low > 0 for d in drawn)
    worse = sum(d.high is not None and d.high < 0 for d in drawn)
    text = lang.t(
        f"Рост сверх похожих школ установлен в {sure} из {len(drawn)} сравнений, отставание — в {worse}.",
        f"Growth beyond matched schools is established in {sure} of {len(drawn)} comparisons, falling "
        f"behind in {worse}.",
    )
    picture = charts.intervals(drawn, lang, name, limit=0, digits=2, axis=_sd_axis(lang))
    return Figure(name, picture, text, _effect_table(w, lang, rows))


def _sd_axis(lang: Language) -> str:
    return lang.t("стандартных отклонений учеников", "student standard deviations")


def _span(w: Published, lang: Language, row: Row) -> str:
    """Subject and years compared: «математика, 2020/21–2022/23»."""
    subject = (
        lang.t("все предметы", "all subjects")
        if row["subject"] == "all"
        else words.subject_title(w, lang, row["subject"])
    )
    return f"{subject}, {lang.year(row['baseline_year'])}–{lang.year(row['end_year'])}"


def _effect_table(w: Published, lang: Language, rows: list[Row]) -> Table:
    head = [
        lang.t("Предмет и годы", "Subject and years"),
        lang.t("Поддержано", "Supported"),
        lang.t("Подобрано", "Matched"),
        lang.t("Изменились сами", "Own change"),
        lang.t("Возврат к среднему", "Regression to the mean"),
        lang.t("Сверх похожих", "Beyond matched"),
        lang.t("95 % интервал", "95% interval"),
        lang.t("Вывод", "Verdict"),
    ]
    body: list[list[Cell]] = [
        [
            _span(w, lang, r),
            lang.number(r["supported_n"]),
            lang.number(r["matched_n"]),
            lang.signed(r["naive_change"], 2),
            lang.signed(r["regression_to_mean"], 2),
            lang.signed(r["effect"], 2),
            lang.between(r["ci_low"], r["ci_high"], 2),
            lang.word(EFFECTS, r["verdict"]),
        ]
        for r in rows
    ]
    return Table(head, body, text_columns=frozenset({0, 7}), folded=True)


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
    for r in (r for r in rows if r["school_year"] == year and r["status"] in ("assigned", "unmatched")):
        cells = [status.school_cell(w, lang, i, 0) for i in (r["school_id"], r["partner_school_id"])]
        body.append([*cells, lang.t(r["reason_ru"] or "", r["reason_en"] or "")])
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
    """How many schools stand how, by the main rule."""
    rows = [r for r in status.identification_rows(w) if r["rule_id"] == w.main_rule]
    if not rows:
        return []
    labels = (
        ("confirmed", True, "в перечне, подтверждено", "on the list, confirmed"),
        ("point", True, "в перечне по оценке", "on the list by the estimate"),
        ("near", False, "близко к порогу", "near the threshold"),
        ("insufficient", False, "мало данных", "too few data"),
    )
    return [
        Fact(
            lang.number(sum(r["status"] == code and bool(r["is_listed"]) == on_list for r in rows)),
            lang.t(ru, en),
        )
        for code, on_list, ru, en in labels
    ]
