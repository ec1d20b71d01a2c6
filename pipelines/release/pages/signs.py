"""Sections on objectivity signs: those of a school's works, and how many schools of a place carry any."""

from __future__ import annotations

from pipelines.release.pages import words
from pipelines.release.pages.blocks import Cell, Fact, Figure, Section, Table
from pipelines.release.pages.language import Language
from pipelines.release.pages.warehouse import Published, Row, Unit, group, in_year

#: The row of the index in which a school counts with any sign.
ANY = "any"


def _title(lang: Language) -> str:
    return lang.t("Признаки, требующие дополнительного анализа", "Signs that call for further analysis")


def _caution(lang: Language) -> str:
    return lang.t(
        "Признак ничего не доказывает и никого не исключает из расчётов: у него бывают обычные причины, и по "
        "случайности он появляется и у честных работ. Это повод посмотреть работы, а не вывод о школе.",
        "A sign proves nothing and excludes nobody: it may have ordinary causes, and chance alone produces "
        "some in sound work. It is a reason to look at the papers, not a verdict on a school.",
    )


def of_place(w: Published, lang: Language, unit: Unit) -> Section:
    """How many schools of the region or a municipality carry official signs: the index, then sign by sign."""
    rows = w.of_unit("fct_objectivity_index", unit)
    years = sorted({r["school_year"] for r in rows}, reverse=True)
    last = [r for r in rows if years and r["school_year"] == years[0]]
    if not last:
        missing = lang.t(
            "Признаки не считались, потому что работ, которые называет методика, нет.",
            "Signs were not computed: there are none of the works that the method names.",
        )
        return Section("signs", _title(lang), missing=missing)
    if all(r["marked_n"] is None for r in last):
        missing = lang.t(
            "Скрыто, потому что школ мало: по их общему числу можно узнать о признаках одной школы.",
            "Suppressed because the schools are few: their total would tell of a single school's signs.",
        )
        return Section("signs", _title(lang), missing=missing)
    intro = lang.t(
        "Индекс объективности — 100 минус доля школ, у которых есть хотя бы один признак официальной "
        "методики в работах, которые она называет. Почти весь счёт может давать один признак, поэтому "
        "каждый показан отдельно. Доли посчитаны по всем школам, где признак можно вычислить, поэтому "
        "интервала у них нет.",
        "The objectivity index is 100 less the share of schools with at least one sign of the official "
        "method, in the works that it names. One sign may make up most of the count, so each is shown apart. "
        "The shares are of all schools for which a sign can be computed, so they have no interval.",
    )
    return Section(
        "signs",
        _title(lang),
        [_caution(lang), intro],
        facts=_index_facts(lang, rows),
        figures=[_place_figure(lang, last)],
    )


def _index_facts(lang: Language, rows: list[Row]) -> list[Fact]:
    """The index of each year."""
    found = sorted((r for r in rows if r["sign"] == ANY), key=lambda r: r["school_year"])
    return [
        Fact(
            lang.missing(r["obs_status"])
            if r["objectivity_index"] is None
            else lang.number(r["objectivity_index"]),
            lang.t("индекс объективности, из 100", "objectivity index, of 100"),
            lang.year(r["school_year"]),
        )
        for r in found
    ]


def _place_figure(lang: Language, rows: list[Row]) -> Figure:
    head = [
        lang.t("Признак", "Sign"),
        lang.t("Школ проверено", "Schools checked"),
        lang.t("С признаком", "With the sign"),
        lang.t("Доля", "Share"),
    ]
    ordered = sorted(rows, key=lambda r: (r["sign"] != ANY, -(r["marked_n"] or 0), r["sign"]))
    body: list[list[Cell]] = [
        [
            lang.word(words.SIGNS, r["sign"]),
            lang.number(r["schools_n"]),
            lang.missing(r["obs_status"]) if r["marked_n"] is None else lang.number(r["marked_n"]),
            lang.percent(r["marked_pct"], 0),
        ]
        for r in ordered
    ]
    year = lang.year(rows[0]["school_year"])
    name = lang.t(f"Школы с признаками, {year}", f"Schools with signs, {year}")
    return Figure(name, table=Table(head, body))


def of_school(w: Published, lang: Language, school_id: str) -> Section:
    """Signs of the last year: in how many of the works checked, in which, and whose sign it is."""
    computed = w.of("fct_objectivity_flag", "school_id", f"{in_year(w.last_year)} AND status = 'ok'")
    year = computed.get(school_id, [])
    rows = [r for r in year if r["flagged"] is not None]
    if not rows:
        missing = lang.t(
            "Признаков не показать: участников слишком мало или нет нужных сведений.",
            "No signs can be shown: too few students, or the data they need are lacking.",
        )
        return Section("signs", _title(lang), missing=missing)
    body: list[list[Cell]] = []
    for (basis, sign), part in sorted(_by_sign(rows).items(), key=lambda kv: kv[0][0] != "official"):
        found = [words.assessment_full(lang, w.assessments[r["assessment_id"]]) for r in part if r["flagged"]]
        body.append(
            [
                lang.word(words.SIGNS, sign),
                lang.word(words.BASES, basis),
                lang.t(f"{len(found)} из {len(part)}", f"{len(found)} of {len(part)}"),
                "; ".join(found) or "—",
            ]
        )
    head = [
        lang.t("Признак", "Sign"),
        lang.t("Чей", "Whose"),
        lang.t("Найден в работах", "Found in works"),
        lang.t("Где", "Where"),
    ]
    name = lang.t(f"Работы {lang.year(w.last_year)}", f"Works of {lang.year(w.last_year)}")
    figure = Figure(
        name, words=_in_words(lang, rows, len(year)), table=Table(head, body, "", frozenset({0, 1, 3}))
    )
    return Section("signs", _title(lang), [_caution(lang)], figures=[figure])


def _by_sign(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    return {(part[0]["basis"], sign): part for sign, part in group(rows, "sign").items()}


def _in_words(lang: Language, rows: list[Row], computed_n: int) -> str:
    """How much was found and how many checks stay hidden."""
    found = sum(r["flagged"] for r in rows)
    out = (
        lang.t(
            f"Проверок {len(rows)}, найдено признаков {found}.", f"{len(rows)} checks, {found} signs found."
        )
        if found
        else lang.t(f"Проверок {len(rows)}, признаков не найдено.", f"{len(rows)} checks, no sign found.")
    )
    hidden = computed_n - len(rows)
    if hidden:
        out += lang.t(
            f" Ещё {hidden} скрыто вместе с результатами, по которым они сделаны.",
            f" {hidden} more are suppressed with the results that they rest on.",
        )
    return out
