"""Sections on standing: the list of low results, social context, staffing, partners."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from pipelines.release.described import literal
from pipelines.release.pages import charts, words
from pipelines.release.pages.blocks import Cell, Fact, Figure, Section, Table
from pipelines.release.pages.language import Language
from pipelines.release.pages.results import value_or_why
from pipelines.release.pages.warehouse import Published, Row, in_year

#: A scatter of fewer schools than this says nothing.
FEWEST = 5


def identification_rows(w: Published, school_id: str | None = None) -> list[Row]:
    """Labels of the newest year that has any, of one school or of all."""
    year = in_year(w.identification_year)
    if school_id is None:
        return w.rows("fct_school_identification", year)
    return w.of("fct_school_identification", "school_id", year).get(school_id, [])


def rule_title(w: Published, lang: Language, rule_id: str) -> str:
    """A rule's title where the release has the list of rules, else its id."""
    for rule in w.of("dim_identification_rule", "rule_id").get(rule_id, []):
        return lang.t(rule["title_ru"], rule["title_en"])
    return rule_id


def identification(w: Published, lang: Language, school_id: str) -> Section:
    """Whether the school is on the list of low results, by each rule, with the trace of conditions."""
    title = lang.t("Низкие результаты: входит ли школа в перечень", "Low results: is the school on the list")
    rows = sorted(identification_rows(w, school_id), key=lambda r: r["rule_id"] != w.main_rule)
    if not rows:
        return Section(
            "identification",
            title,
            missing=lang.t(
                "Нет данных, потому что для этой школы правила не считались: нет результатов или школа "
                "исключена из перечня.",
                "No data: the rules were not evaluated for this school, which has no results or is excluded.",
            ),
        )
    main, others = rows[0], rows[1:]
    intro = lang.t(
        "Перечень показывает, какой школе нужна поддержка; это не оценка работы учителей.",
        "The list shows which school needs support; it is no verdict on teachers.",
    )
    figures = [
        Figure(
            rule_title(w, lang, main["rule_id"]),
            words=_answer(w, lang, main),
            table=_trace_table(w, lang, main),
        )
    ]
    if others:
        figures.append(_other_rules(w, lang, others))
    return Section("identification", title, [intro], figures=figures)


def _answer(w: Published, lang: Language, row: Row) -> str:
    """The decision of the main rule and how sure it is, as sentences."""
    text = decision(w, lang, row)
    out = f"{text[:1].upper()}{text[1:]}."
    if row["probability"] is not None:
        share = lang.probability(row["probability"])
        out += lang.t(
            f" Вероятность, что правило выполнено, если учесть погрешность долей: {share}.",
            f" Probability that the rule holds once the error of the shares is allowed for: {share}.",
        )
    return out


def _other_rules(w: Published, lang: Language, rows: list[Row]) -> Figure:
    """The other rules: in words those that list the school or nearly do, the rest in the folded table."""
    telling = [r for r in rows if r["status"] in ("confirmed", "point", "near")]
    text = "; ".join(f"{rule_title(w, lang, r['rule_id'])} — {decision(w, lang, r)}" for r in telling)
    body: list[list[Cell]] = [
        [
            rule_title(w, lang, r["rule_id"]),
            decision(w, lang, r),
            lang.probability(r["probability"]),
        ]
        for r in rows
    ]
    head = [lang.t("Правило", "Rule"), lang.t("Решение", "Decision"), lang.t("Вероятность", "Probability")]
    return Figure(
        lang.t("Другие правила, для сравнения", "Other rules, for comparison"),
        words=f"{text}."
        if text
        else lang.t("Ни по одному не выполнено и не близко.", "None holds or nearly holds."),
        table=Table(head, body, text_columns=frozenset({0, 1}), folded=True),
    )


def decision(w: Published, lang: Language, row: Row) -> str:
    """A label in words, with the exclusion or the human decision that changes it."""
    if row["status"] is None:
        return lang.missing(row.get("obs_status") or "Q")
    text = lang.word(words.IDENTIFICATION, row["status"])
    if row["status"] == "insufficient" and row.get("missing_conditions"):
        lacking = "; ".join(words.series(w, lang, s) for s in row["missing_conditions"].split("; "))
        text += lang.t(f"; за год нет: {lacking}", f"; nothing this year of: {lacking}")
    if row["exclusion_reason_ru"]:
        reason = lang.t(row["exclusion_reason_ru"], row["exclusion_reason_en"] or row["exclusion_reason_ru"])
        text += lang.t(f"; из перечня исключена: {reason}", f"; excluded from the list: {reason}")
    if row["override_state"] == "in_force":
        text += lang.t(
            f"; решение: {row['override_reason']}", f"; decided otherwise: {row['override_reason']}"
        )
    return text


def _trace_table(w: Published, lang: Language, decided: Row) -> Table | None:
    """Why: the rule's conditions, of a school that isn't listed only those met or near."""
    traced = w.of(
        "fct_school_identification_trace",
        "school_id",
        f"{in_year(decided['school_year'])} AND rule_id = {literal(decided['rule_id'])}",
    )
    rows = [
        r for r in traced.get(decided["school_id"], []) if decided["is_listed"] or r["met"] or r["near_miss"]
    ]
    if not rows:
        return None
    body: list[list[Cell]] = [
        [
            condition_label(w, lang, r),
            value_or_why(lang, r["observed"], r.get("obs_status")),
            _comparison(lang, r),
            lang.number(r["n"]),
            _met(lang, r),
        ]
        for r in rows
    ]
    head = [
        lang.t("Почему: условие правила", "Why: the rule's condition"),
        lang.t("Наблюдается", "Observed"),
        lang.t("Порог", "Threshold"),
        lang.t("Участников", "Students"),
        lang.t("Итог", "Outcome"),
    ]
    return Table(head, body, text_columns=frozenset({0, 4}))


def _comparison(lang: Language, row: Row) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "eq": "="}
    return f"{signs.get(row['comparison'], row['comparison'])} {lang.number(row['threshold'])}"


def _met(lang: Language, row: Row) -> str:
    if not row["is_known"]:
        return lang.missing("U")
    if row["met"] is None:
        return lang.missing(row["obs_status"])
    if row["met"]:
        return (
            lang.t("выполнено, подтверждено", "met, confirmed")
            if row["met_confirmed"]
            else lang.t("выполнено", "met")
        )
    return lang.t("близко", "near") if row["near_miss"] else lang.t("нет", "no")


def condition_label(w: Published, lang: Language, row: Row) -> str:
    """A condition in words: what is measured, in which assessment and year."""
    measure = lang.word(words.MEASURES, row["measure"])
    assessment = w.assessments.get(row["assessment_id"])
    if assessment is None:
        sign = next(iter(w.of("fct_school_social_sign", "sign").get(row["series"], [])), None)
        return lang.t(sign["title_ru"], sign["title_en"]) if sign else measure
    return f"{measure} — {words.assessment_full(lang, assessment)}, {lang.year(row['condition_year'])}"


def context(
    w: Published, lang: Language, school_id: str | None, municipality_id: str | None = None
) -> Section:
    """The social index against results, with the school (or the municipality's schools) marked."""
    title = lang.t("Условия и результат", "Conditions and results")
    picture = _context_figure(w, lang, school_id, municipality_id)
    facts = _context_facts(w, lang, school_id) if school_id else []
    if picture is None:
        missing = lang.t(
            "Рисунка нет, потому что индекс социальных условий не рассчитан: не хватает социальных "
            "паспортов или "
            "открытых результатов.",
            "No figure: the index of social conditions is not computed for want of social passports or "
            "open results.",
        )
        return Section("context", title, facts=facts, missing=missing)
    intro = lang.t(
        "Индекс собран из долей учеников в социальном паспорте; веса — местное решение. Выше индекс — "
        "благоприятнее "
        "условия. Линия — результат, которого ждут при таких условиях. Связь не значит причину.",
        "The index is made of shares of students in the social passport, with locally chosen weights. A "
        "higher index "
        "means better conditions. The line is the result expected in such conditions. A link is not a cause.",
    )
    return Section("context", title, [intro], facts=facts, figures=[picture])


def _context_figure(
    w: Published, lang: Language, school_id: str | None, municipality_id: str | None
) -> Figure | None:
    assessment_id = w.context_assessment(school_id)
    if assessment_id is None:
        return None
    scatter = _scatter(w, lang, assessment_id)
    if scatter is None:
        return None
    cloud, dots = scatter
    marked = []
    for point_id, dot in dots.items():
        school = w.schools.get(point_id)
        if point_id == school_id:
            marked.append(replace(dot, name=words.school_name(school) if school else ""))
        elif municipality_id and school and school["municipality_id"] == municipality_id:
            marked.append(dot)
    assessment = w.assessments[assessment_id]
    name = f"{words.assessment_full(lang, assessment)}, {lang.year(assessment['school_year'])}"
    return Figure(name, cloud.picture(name, marked), _context_words(w, lang, assessment_id, school_id))


def _scatter(
    w: Published, lang: Language, assessment_id: str
) -> tuple[charts.Cloud, dict[str, charts.Dot]] | None:
    """The index against results with no school marked yet, and the schools' points; None for too few."""
    key = ("scatter", lang.code, assessment_id)
    if key not in w.drawn:
        w.drawn[key] = _draw_scatter(w, lang, assessment_id)
    return w.drawn[key]


def _draw_scatter(
    w: Published, lang: Language, assessment_id: str
) -> tuple[charts.Cloud, dict[str, charts.Dot]] | None:
    index = w.social_index(w.assessments[assessment_id]["school_year"])
    rows = [
        r
        for r in w.of("fct_school_expected_result", "assessment_id")[assessment_id]
        if r["observed"] is not None and index.get(r["school_id"]) is not None
    ]
    if len(rows) < FEWEST:
        return None
    dots = {r["school_id"]: charts.Dot(index[r["school_id"]], r["observed"]) for r in rows}
    cloud = charts.cloud(
        list(dots.values()),
        lang,
        curves=[("curve95", _fitted_line([(index[r["school_id"]], r["expected"]) for r in rows]))],
        x_axis=lang.t("индекс социальных условий", "index of social conditions"),
        y_axis=lang.t("средний результат", "mean result"),
    )
    return cloud, dots


def _fitted_line(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The straight line through expected results (least squares: other terms of the model scatter them)."""
    n = len(points)
    mx, my = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    sxx = sum((x - mx) ** 2 for x, _ in points)
    slope = sum((x - mx) * (y - my) for x, y in points) / sxx if sxx else 0.0
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    return [(x, my + slope * (x - mx)) for x in (low, high)]


def _context_words(w: Published, lang: Language, assessment_id: str, school_id: str | None) -> str:
    parts = []
    for model in w.of("fct_context_model", "assessment_id").get(assessment_id, []):
        if model["r_squared"] is not None:
            share = lang.percent(100 * model["r_squared"], 0)
            parts.append(
                lang.t(
                    f"Условия объясняют {share} различий между школами.",
                    f"Conditions explain {share} of the differences between schools.",
                )
            )
    for r in w.of("fct_school_expected_result", "school_id").get(school_id, []):
        if r["assessment_id"] != assessment_id or r["ci_low"] is None:
            continue
        if r["ci_low"] > 0:
            parts.append(
                lang.t(
                    "Результат школы выше ожидаемого при её условиях.",
                    "The school's result is above what its conditions lead to expect.",
                )
            )
        elif r["ci_high"] < 0:
            parts.append(
                lang.t(
                    "Результат школы ниже ожидаемого при её условиях.",
                    "The school's result is below what its conditions lead to expect.",
                )
            )
        else:
            parts.append(
                lang.t(
                    "Результат школы такой, какого ждут при её условиях: отличие в пределах погрешности.",
                    "The school's result is what its conditions lead to expect, within error.",
                )
            )
    return " ".join(parts)


def _context_facts(w: Published, lang: Language, school_id: str) -> list[Fact]:
    rows = w.of("fct_school_context", "school_id").get(school_id, [])
    if not rows:
        return []
    row = max(rows, key=lambda r: r["school_year"])
    facts = [
        Fact(
            lang.number(row["students_n"]) if row["students_n"] is not None else lang.missing("O"),
            lang.t("учеников", "students"),
            lang.year(row["school_year"]),
        )
    ]
    for column, ru, en in (
        (
            "both_parents_higher_pct",
            "оба родителя с высшим образованием",
            "both parents with higher education",
        ),
        ("low_income_pct", "из малообеспеченных семей", "in low-income families"),
        ("single_parent_pct", "из неполных семей", "in single-parent families"),
    ):
        value = row.get(column)
        facts.append(
            Fact(
                lang.percent(value, 0) if value is not None else lang.t("не показано", "not shown"),
                lang.t(ru, en),
            )
        )
    return facts


def staffing(w: Published, lang: Language, school_id: str) -> Section:
    """Posts filled, qualified and trained."""
    title = lang.t("Кадры", "Staffing")
    rows = w.of("fct_school_staffing", "school_id").get(school_id, [])
    if not rows:
        return Section(
            "staffing",
            title,
            missing=lang.t(
                "Нет данных, потому что сведения о кадрах не присланы.",
                "No data: no staffing return was sent.",
            ),
        )
    columns = (
        ("positions", 2, "ставок по штату", "posts"),
        ("filled", 2, "занято", "filled"),
        ("staffing_pct", 1, "укомплектованность, %", "filled, %"),
        ("qualified_staffing_pct", 1, "занято людьми с квалификацией, %", "filled by qualified people, %"),
        ("trained_pct", 1, "прошли обучение, %", "trained, %"),
    )
    body: list[list[Cell]] = [
        [
            lang.year(r["school_year"]),
            *(value_or_why(lang, r[c], r.get("obs_status"), d) for c, d, _, _ in columns),
        ]
        for r in sorted(rows, key=lambda r: r["school_year"])
    ]
    head = [lang.t("Учебный год", "School year"), *(lang.t(ru, en) for _, _, ru, en in columns)]
    words_ = lang.t(
        "Педагогические должности на начало года, с дробными ставками.",
        "Teaching posts at the start of the year, fractions included.",
    )
    return Section(
        "staffing",
        title,
        figures=[Figure(lang.t("Укомплектованность", "Posts filled"), words=words_, table=Table(head, body))],
    )


def partners(w: Published, lang: Language, school_id: str) -> Section | None:
    """Proposed partners of a supported school; None where the school is not one."""
    rows = w.of("fct_school_peer_match", "school_id").get(school_id, [])
    if not rows:
        return None
    year = max(r["school_year"] for r in rows)
    rows = [r for r in rows if r["school_year"] == year]
    body: list[list[Cell]] = []
    for r in sorted(rows, key=lambda r: (r["status"] != "assigned", r["rank"] or 0)):
        body.append(
            [
                school_cell(w, lang, r["partner_school_id"], 1),
                lang.word(words.MATCHES, r["status"]),
                lang.number(r["distance"], 2),
                lang.t(r.get("reason_ru") or "", r.get("reason_en") or "") or r.get("reason") or "",
            ]
        )
    head = [
        lang.t("Школа-партнёр", "Partner school"),
        lang.t("Предложение", "Proposal"),
        lang.t("Расстояние", "Distance"),
        lang.t("Почему", "Why"),
    ]
    intro = lang.t(
        "Партнёр близок по условиям, размеру и месту, а результаты у него выше. Это предложение, решает "
        "муниципалитет.",
        "A partner is alike in conditions, size and place, with higher results. It is a proposal; the "
        "municipality decides.",
    )
    return Section(
        "partners",
        lang.t("Предложенные партнёры", "Proposed partners"),
        [intro],
        figures=[Figure(lang.year(year), table=Table(head, body, text_columns=frozenset({0, 1, 3})))],
    )


def link(path: str, text: str, depth: int) -> Markup:
    """A link from a page that lies ``depth`` folders below the language's root."""
    return Markup('<a href="{}{}">{}</a>').format("../" * depth, path, text)


def school_cell(w: Published, lang: Language, school_id: str | None, depth: int) -> Cell:
    """A school's name, with a link where it has a page; ``depth`` as for ``link``."""
    school = w.schools.get(school_id) if school_id else None
    if school_id is None or school is None:
        return school_id or "—"
    name = words.school_name(school)
    if school_id in w.paged:
        return link(words.school_path(school_id), name, depth)
    return name + lang.t(" (нет в реестре)", " (not in the register)") if school["is_placeholder"] else name
