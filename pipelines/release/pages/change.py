"""Section on change over the years: series with breaks and their verdicts."""

from __future__ import annotations

from pipelines.release.pages import charts, words
from pipelines.release.pages.blocks import Figure, Section
from pipelines.release.pages.language import Language
from pipelines.release.pages.results import main_first
from pipelines.release.pages.warehouse import Published, Row, Unit


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
        series.items(), key=lambda kv: main_first(w.assessments[kv[1][0]["assessment_id"]])
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
    apart = bool(verdict and verdict["verdict"] == "not_comparable")
    points = []
    before = None
    for row in rows:
        value, low, high = _change_value(row, unit)
        breaks = before is not None and (apart or row["scale_type"] != before or (broken and row is rows[-1]))
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
