"""Pages of places: the region, each municipality, each school."""

from __future__ import annotations

from markupsafe import Markup

from pipelines.release.pages import (
    change,
    programme,
    quality,
    results,
    signs,
    spread,
    status,
    summary,
    words,
)
from pipelines.release.pages.blocks import Cell, Fact, Figure, Page, Section, Table
from pipelines.release.pages.language import Language
from pipelines.release.pages.warehouse import Published, Row, Unit


def menu(lang: Language) -> list[tuple[str, str]]:
    """The sections of the site: (title, path)."""
    return [
        (lang.t("Регион", "Region"), "index.html"),
        (lang.t("Программа", "Programme"), "programme.html"),
        (lang.t("Методы", "Methods"), "methods.html"),
        (lang.t("Качество данных", "Data quality"), "quality.html"),
    ]


def region_page(w: Published, lang: Language) -> Page:
    unit: Unit = ("region", w.region_id)
    year = w.last_year
    sections = [
        results.below_minimum(w, lang, unit, year),
        results.marks(w, lang, unit, year),
        spread.distributions(w, lang, year),
        spread.funnels(w, lang, year),
        change.dynamics(w, lang, unit),
        spread.gaps(w, lang, unit, year),
        signs.of_place(w, lang, unit),
        status.context(w, lang, None),
        programme.indicators(w, lang, unit),
        _places(w, lang),
    ]
    lead = [
        lang.t(
            "Результаты школ региона: как учатся, что изменилось за три года, кому нужна поддержка и "
            "насколько этим числам "
            "можно верить.",
            "Results of the region's schools: how students do, what changed in three years, who needs "
            "support, and how far "
            "the numbers can be trusted.",
        )
    ]
    return Page(
        "index.html",
        lang.t("Результаты региона", "Results of the region"),
        lang.year(year),
        lead,
        sections,
        facts=_region_facts(w, lang, unit, year),
    )


def _region_facts(w: Published, lang: Language, unit: Unit, year: int | None) -> list[Fact]:
    rows = results.of_year(w, unit, year)
    with_results = w.registered.keys() & {
        r["unit_id"] for rs in w.school_results.values() for r in rs if r["school_year"] == year
    }
    registered_n = len(w.registered)
    facts = [
        Fact(
            lang.number(len(with_results)),
            lang.t("школ с результатами за год", "schools with results of the year"),
            lang.t(
                f"из {lang.number(registered_n)} в реестре",
                f"of {lang.number(registered_n)} in the register",
            ),
        ),
        Fact(lang.number(len(rows)), lang.t("работ и экзаменов", "assessments")),
    ]
    for row in results.largest(results.main_results(w, unit, year), 2):
        if row["below_min_pct"] is not None:
            facts.append(
                Fact(
                    lang.percent(row["below_min_pct"]),
                    lang.t("ниже минимума: ", "below the minimum: ")
                    + words.assessment_full(lang, w.assessments[row["assessment_id"]]),
                    lang.t("интервал ", "interval ")
                    + lang.between(row["below_min_ci_low"], row["below_min_ci_high"], 1),
                )
            )
    return facts


def _places(w: Published, lang: Language) -> Section:
    """Municipalities with their schools, by name: where to go on, not who is first."""
    figures = []
    known = {m: w.municipalities.get(m) for m in w.schools_of}
    for municipality_id, municipality in sorted(
        known.items(), key=lambda kv: words.municipality_name(kv[1], lang)
    ):
        schools = w.schools_of[municipality_id]
        name = words.municipality_name(municipality, lang)
        body: list[list[Cell]] = [
            [status.school_cell(w, lang, s["school_id"], 0), s["school_id"]] for s in schools
        ]
        if municipality:
            body.insert(
                0,
                [
                    status.link(
                        words.municipality_path(municipality_id),
                        lang.t("Страница муниципалитета", "The municipality's page"),
                        0,
                    ),
                    "",
                ],
            )
        figures.append(
            Figure(
                f"{name} ({len(schools)})",
                table=Table([lang.t("Школа", "School"), lang.t("Код", "Code")], body),
                wide=False,
            )
        )
    intro = lang.t(
        "По алфавиту. Школы здесь не ранжируются: у рядов мест нет смысла при погрешности результатов.",
        "In alphabetical order. Schools are not ranked: places mean nothing given the error of results.",
    )
    return Section(
        "places",
        lang.t("Муниципалитеты и школы", "Municipalities and schools"),
        [intro, *_without_page(w, lang)],
        figures=figures,
    )


def _without_page(w: Published, lang: Language) -> list[Cell]:
    """Why some schools have no page of their own."""
    out: list[Cell] = []
    if not w.paged:
        out.append(
            lang.t(
                "Отдельных страниц у школ нет: школ слишком много. Их числа — в базе и в файлах выпуска.",
                "Schools have no pages of their own, being too many. Their numbers are in the release's "
                "database and files.",
            )
        )
    unknown = len(w.schools) - len(w.registered)
    if unknown:
        text = lang.t(
            f"Кодов, которых нет в реестре: {unknown}. Страниц у них нет, они названы в разделе ",
            f"Codes missing from the register: {unknown}. They have no pages and are named in the section ",
        )
        section = lang.t("«Качество данных»", "“Data quality”")
        out.append(Markup("{}{}.").format(text, status.link("quality.html#unregistered", section, 0)))
    return out


def municipality_page(w: Published, lang: Language, municipality_id: str) -> Page:
    unit: Unit = ("municipality", municipality_id)
    schools = w.schools_of.get(municipality_id, [])
    ids = frozenset(s["school_id"] for s in schools)
    year, listed = w.last_year, _listed(w)
    sections = [
        results.means(w, lang, unit, year),
        results.below_minimum(w, lang, unit, year),
        results.marks(w, lang, unit, year),
        spread.funnels(w, lang, year, ids),
        change.dynamics(w, lang, unit),
        spread.gaps(w, lang, unit, year),
        signs.of_place(w, lang, unit),
        status.context(w, lang, None, municipality_id),
        programme.indicators(w, lang, unit),
        _schools(w, lang, schools, listed),
        quality.completeness(
            w,
            lang,
            [r for r in w.rows_of_municipality(municipality_id) if r["unit_type"] == "school"],
            "unit_id",
        ),
    ]
    facts = [Fact(lang.number(len(schools)), lang.t("школ в реестре", "schools in the register"))]
    if listed is not None:
        facts.append(
            Fact(
                lang.number(len(listed & ids)),
                lang.t("в перечне школ с низкими результатами", "on the list of low results"),
            )
        )
    lead = [
        lang.t(
            "Результаты школ муниципалитета рядом с регионом.",
            "Results of the municipality's schools beside the region's.",
        )
    ]
    name = words.municipality_name(w.municipalities.get(municipality_id), lang)
    return Page(
        words.municipality_path(municipality_id),
        name,
        lang.t("Муниципалитет", "Municipality") + f", {lang.year(year)}",
        lead,
        sections,
        [(lang.t("Регион", "Region"), "index.html")],
        facts,
    )


def _listed(w: Published) -> frozenset[str] | None:
    """Schools on the list by the main rule; None where no list was drawn up."""
    rows = status.identification_rows(w)
    if not rows:
        return None
    return frozenset(
        r["school_id"]
        for r in rows
        if r["is_listed"] and r["purpose"] == "low" and r["rule_id"] == w.main_rule
    )


def _schools(w: Published, lang: Language, schools: list[Row], listed: frozenset[str] | None) -> Section:
    """The municipality's schools by name, with what a coordinator looks for."""
    body: list[list[Cell]] = []
    for s in schools:
        rows = [r for r in w.results.get(("school", s["school_id"]), []) if r["school_year"] == w.last_year]
        on_list = (
            "—"
            if listed is None
            else lang.t("да", "yes")
            if s["school_id"] in listed
            else lang.t("нет", "no")
        )
        body.append(
            [
                status.school_cell(w, lang, s["school_id"], 1),
                lang.word(words.LOCALITIES, s["locality_type"]),
                lang.number(len(rows)),
                on_list,
            ]
        )
    head = [
        lang.t("Школа", "School"),
        lang.t("Где", "Where"),
        lang.t("Работ за год", "Assessments of the year"),
        lang.t("В перечне низких результатов", "On the list of low results"),
    ]
    if not body:
        return Section(
            "schools",
            lang.t("Школы", "Schools"),
            missing=lang.t(
                "Списка нет, потому что в реестре нет школ этого муниципалитета.",
                "No list: the register has no schools of this municipality.",
            ),
        )
    return Section(
        "schools",
        lang.t("Школы", "Schools"),
        [lang.t("По алфавиту.", "In alphabetical order.")],
        figures=[
            Figure(
                lang.t("Список школ", "List of schools"),
                table=Table(head, body, text_columns=frozenset({0, 1, 3})),
            )
        ],
    )


def school_page(w: Published, lang: Language, school_id: str) -> Page:
    school = w.schools[school_id]
    unit: Unit = ("school", school_id)
    year = w.last_year
    sections = [
        summary.essentials(w, lang, school_id),
        status.identification(w, lang, school_id),
        results.means(w, lang, unit, year),
        results.below_minimum(w, lang, unit, year),
        results.marks(w, lang, unit, year),
        change.dynamics(w, lang, unit),
        status.context(w, lang, school_id),
        spread.funnels(w, lang, year, frozenset({school_id}), only_marked=True),
        programme.indicators(w, lang, unit),
        status.partners(w, lang, school_id),
        status.staffing(w, lang, school_id),
        signs.of_school(w, lang, school_id),
        quality.completeness(w, lang, w.of("dq_completeness", "unit_id").get(school_id, []), "contract"),
    ]
    municipality = w.municipalities.get(school["municipality_id"])
    trail = [(lang.t("Регион", "Region"), "index.html")]
    if municipality:
        trail.append(
            (words.municipality_name(municipality, lang), words.municipality_path(school["municipality_id"]))
        )
    kicker = ", ".join(
        filter(
            None,
            [
                words.municipality_name(municipality, lang),
                lang.word(words.LOCALITIES, school["locality_type"]) if school["locality_type"] else "",
                lang.t("код ", "code ") + school_id,
            ],
        )
    )
    return Page(
        words.school_path(school_id),
        words.school_name(school),
        kicker,
        _school_lead(w, lang, unit, school),
        [s for s in sections if s],
        trail,
        summary.facts(w, lang, unit),
    )


def _school_lead(w: Published, lang: Language, unit: Unit, school: Row) -> list[Cell]:
    """What the page says, in a few sentences."""
    rows = results.of_year(w, unit, w.last_year)
    out: list[Cell] = []
    if school["name"] and school["name"] != words.school_name(school):
        out.append(school["name"])
    if not rows:
        out.append(
            lang.t(
                f"За {lang.year(w.last_year)} учебный год результатов школы нет.",
                f"There are no results of the school for {lang.year(w.last_year)}.",
            )
        )
        return out
    hidden = sum(r["obs_status"] == "Q" for r in rows)
    text = lang.t(
        f"За {lang.year(w.last_year)} учебный год есть "
        + lang.plural(len(rows), ("результат", "результата", "результатов"), ("", "")),
        f"For {lang.year(w.last_year)} there are "
        + lang.plural(len(rows), ("", "", ""), ("result", "results")),
    )
    if hidden:
        text += lang.t(
            f"; {hidden} из них скрыто, потому что участников слишком мало: по таким числам можно узнать о "
            "человеке.",
            f"; {hidden} of them suppressed because too few students took part: such numbers could tell of "
            "a person.",
        )
    else:
        text += "."
    out.append(text)
    return out
