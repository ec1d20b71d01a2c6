"""Pages of topics: the programme and the methods."""

from __future__ import annotations

from pipelines.release.pages import programme, words
from pipelines.release.pages.blocks import Cell, Figure, Page, Section, Table
from pipelines.release.pages.language import Language
from pipelines.release.pages.warehouse import Published, Unit


def programme_page(w: Published, lang: Language) -> Page:
    sections = [
        programme.listed(w, lang),
        *(programme.indicators(w, lang, unit) for unit in _programmes(w)),
        programme.effect(w, lang),
        programme.pairs(w, lang),
    ]
    lead = [
        lang.t(
            "Кому нужна поддержка, как выполняется программа и меняются ли результаты.",
            "Who needs support, how the programme is carried out, and whether results change.",
        )
    ]
    return Page(
        "programme.html",
        lang.t("Программа поддержки школ", "Programme of support for schools"),
        lang.year(w.identification_year or w.last_year),
        lead,
        sections,
        facts=programme.facts(w, lang),
    )


def _programmes(w: Published) -> list[Unit]:
    """The programmes with indicators, then the region."""
    found = {
        (r["unit_type"], r["unit_id"])
        for r in w.of("fct_programme_indicator", "unit_type").get("programme", [])
    }
    return [*sorted(found), ("region", w.region_id)]


def methods_page(w: Published, lang: Language) -> Page:
    lead = [
        lang.t(
            "Как получены числа выпуска и что из этого официальное, что принято в науке, а что решено в "
            "регионе.",
            "How the release's numbers were made, and which rules are official, which are of the field, "
            "and which are local.",
        )
    ]
    sections = [
        Section(anchor, lang.t(*title), [lang.t(*text) for text in texts])
        for anchor, title, texts in _METHODS
    ]
    sections += [_assessments(w, lang), _indicator_list(w, lang), _abbreviations(lang)]
    return Page(
        "methods.html",
        lang.t("Методы", "Methods"),
        lang.t("Как читать числа", "How to read the numbers"),
        lead,
        sections,
    )


_METHODS = (
    (
        "interval",
        ("Что значит интервал", "What an interval means"),
        (
            (
                "95-процентный интервал построен так, что 95 из 100 таких интервалов содержат настоящее "
                "значение. Если интервалы "
                "двух школ пересекаются, это ещё не равенство; если интервал школы не задевает значение "
                "региона, отличие вряд ли "
                "случайно.",
                "Of a hundred 95% intervals, 95 hold the true value. Overlapping intervals of two schools "
                "do not make them equal; "
                "where a school's interval does not touch the region's value, the difference is hardly "
                "chance.",
            ),
            (
                "У доли это интервал Уилсона. У среднего малой школы разброс взят общий по региону: свой у "
                "десяти учеников "
                "слишком ненадёжен. У муниципалитета и региона ошибка учитывает, что ученики собраны в "
                "школы.",
                "A share has Wilson's interval. The mean of a small school uses the region's common "
                "spread, since ten students "
                "give too poor a spread of their own. For municipalities and the region the error allows "
                "for students being "
                "clustered in schools.",
            ),
        ),
    ),
    (
        "scales",
        ("Шкалы", "Scales"),
        (
            (
                "Шкала 500/100: 500 — среднее, 100 — разброс опорной группы региона, закреплённой раз и "
                "навсегда. Она похожа на "
                "шкалу PISA только видом: уровни PISA и TIMSS к ней не относятся.",
                "The 500/100 scale: 500 is the mean and 100 the spread of a reference group of the region, "
                "fixed once and for "
                "all. It only looks like PISA's: the levels of PISA and TIMSS do not apply to it.",
            ),
            (
                "Годы одной работы связаны, если в них есть общие задания: тогда изменение баллов — "
                "изменение результатов. Где "
                "общих заданий нет, показано место относительно региона. Баллы ЕГЭ и ОГЭ — официальные; "
                "между годами они не "
                "уравнены, поэтому их изменение названо номинальным.",
                "Years of one assessment are linked where they share items: then a change in points is a "
                "change in results. "
                "Without common items the standing against the region is shown. Scores of the state exams "
                "are official; years "
                "are not equated, so their change is called nominal.",
            ),
            (
                "Отметки 2–5 — порядковые: показаны доли, а средняя отметка не считается.",
                "Marks 2–5 are ranks: shares are shown and no mean mark is computed.",
            ),
        ),
    ),
    (
        "low",
        ("Школы с низкими результатами", "Schools with low results"),
        (
            (
                "Официальное правило: не менее 30 % участников ниже минимума по двум и более процедурам "
                "года либо по одной и той "
                "же процедуре два года подряд. Какие работы входят в правило и наименьшее число участников "
                "(10) — решение региона.",
                "The official rule: at least 30% of students below the minimum in two or more assessments "
                "of the year, or in the "
                "same assessment two years running. Which assessments count and the least number of "
                "students (10) are local.",
            ),
            (
                "«Подтверждено» — правило выполнено даже по нижним границам интервалов; «по оценке» — "
                "выполнено по самим долям; "
                "«близко» — выполнилось бы, будь доли на 5 пунктов больше; «мало данных» — участников "
                "слишком мало. Вероятность "
                "рассчитана по апостериорным распределениям долей.",
                "“Confirmed”: the rule holds even at the lower bounds of the intervals; “by the "
                "estimates”: at the shares "
                "themselves; “near”: it would hold were the shares 5 points higher; “too few data”: too "
                "few students. The "
                "probability comes from the posterior distributions of the shares.",
            ),
        ),
    ),
    (
        "context-method",
        ("Социальные условия", "Social conditions"),
        (
            (
                "Индекс собирает доли из социального паспорта, выраженные в разбросах по региону; веса — "
                "местное решение. "
                "Ожидаемый результат — регрессия средних школ на индекс и тип местности. Остаток с "
                "интервалом говорит, выше "
                "школа ожидаемого, ниже или отличие в пределах погрешности.",
                "The index gathers shares from the social passport in units of the region's spread; the "
                "weights are local. The "
                "expected result is a regression of school means on the index and locality. The residual "
                "with its interval says "
                "whether a school is above, below, or within error of what is expected.",
            ),
        ),
    ),
    (
        "dynamics-method",
        ("Динамика", "Change over years"),
        (
            (
                "Наклон за три года взвешен точностью каждого года; ошибка включает ошибку выборки, связи "
                "шкал и обычное "
                "колебание когорт школы. Выводы по школам поправлены на их число (Бенджамини — Хохберг).",
                "The three-year slope is weighted by each year's precision; its error includes sampling, "
                "the link of scales, and "
                "a school's usual change of cohorts. Verdicts on schools are corrected for their number "
                "(Benjamini–Hochberg).",
            ),
        ),
    ),
    (
        "signs-method",
        ("Признаки, требующие дополнительного анализа", "Signs that call for further analysis"),
        (
            (
                "Признаки показаны каждый отдельно. Они ничего не доказывают и никого сами по себе не "
                "исключают из расчётов.",
                "Each sign is shown apart. They prove nothing and by themselves exclude nobody from the "
                "computations.",
            ),
            (
                "Официальная методика называет четыре: нижняя граница интервала школы выше верхней границы "
                "региона; отметки школы идут против баллов (корреляция Спирмена ниже нуля); результат "
                "следующего класса через год резко ниже или резко выше. Всплеск на границе отметки, малый "
                "разброс и отметки выше журнала — местные признаки, в индекс они не входят. Индекс "
                "муниципалитета, где меньше десяти школ, не показан: по нему можно узнать признаки одной "
                "школы.",
                "The official method names four: the lower bound of a school's interval is above the "
                "region's upper one; school marks run against scores (Spearman's correlation below zero); "
                "the next grade's result a year later falls or rises sharply. A peak at a mark boundary, a "
                "small spread and marks raised against the journal are local signs and not part of the "
                "index. The index of a municipality of fewer than ten schools is not shown: it would tell a "
                "single school's signs.",
            ),
        ),
    ),
    (
        "suppression",
        ("Что скрыто", "What is suppressed"),
        (
            (
                "Показатель менее чем по 10 ученикам скрыт; у школы с числом участников меньше 30 отметки "
                "показаны только как "
                "«достигли минимума» и «не достигли» (оба порога — местные). Скрыто и то, по чему скрытое "
                "можно восстановить из "
                "сумм. Данные об инвалидности, учётах, здоровье и национальности ниже муниципалитета не "
                "публикуются.",
                "A statistic of fewer than 10 students is suppressed; for a school with fewer than 30, "
                "marks are shown only as "
                "reached or not reached the minimum (both limits are local). Whatever would reveal a "
                "suppressed number from "
                "totals is suppressed too. Disability, registers, health and nationality are never "
                "published below municipality.",
            ),
        ),
    ),
)


def _assessments(w: Published, lang: Language) -> Section:
    """Assessments of the newest year: maximum, minimum, boundaries, type of scale."""
    title = lang.t("Работы и экзамены", "Assessments")
    rows = sorted(
        (a for a in w.assessments.values() if a["school_year"] == w.last_year),
        key=lambda a: (words.kind_key(a["kind"]), words.assessment_key(a)),
    )
    if not rows:
        return Section(
            "assessments",
            title,
            missing=lang.t(
                "Работ нет, потому что файлов с результатами не прислано.",
                "None: no files with results were sent.",
            ),
        )
    head = [
        lang.t("Работа", "Assessment"),
        lang.t("Максимум", "Maximum"),
        lang.t("Минимум", "Minimum"),
        lang.t("«3» от", "3 from"),
        lang.t("«4» от", "4 from"),
        lang.t("«5» от", "5 from"),
        lang.t("Шкала", "Scale"),
    ]
    body: list[list[Cell]] = []
    for a in rows:
        scale = next(iter(w.of("fct_assessment_scale", "assessment_id").get(a["assessment_id"], [])), None)
        scale_type = (scale and scale["scale_type"]) or a["scale_type"]
        body.append(
            [
                words.assessment_full(lang, a),
                *(
                    lang.number(a[c])
                    for c in ("max_score", "min_score", "mark_3_from", "mark_4_from", "mark_5_from")
                ),
                _scale_short(lang, scale_type),
            ]
        )
    return Section(
        "assessments",
        title,
        figures=[Figure(lang.year(w.last_year), table=Table(head, body, text_columns=frozenset({0, 6})))],
    )


def _abbreviations(lang: Language) -> Section:
    """What the abbreviations in names of assessments, schools and indicators stand for."""
    body: list[list[Cell]] = [
        *([kind, lang.word(words.KINDS, kind).split(", ", 1)[-1]] for kind in words.KIND_ORDER),
        *([short, lang.t(*meaning)] for short, meaning in words.ABBREVIATIONS.items()),
    ]
    name = lang.t("Сокращения", "Abbreviations")
    head = [lang.t("Сокращение", "Abbreviation"), lang.t("Что это", "Meaning")]
    return Section(
        "abbreviations",
        name,
        figures=[
            Figure(lang.t("В названиях", "In names"), table=Table(head, body, text_columns=frozenset({0, 1})))
        ],
    )


def _scale_short(lang: Language, scale_type: str | None) -> str:
    return lang.word(words.SCALES, scale_type).split(":")[0].split(";")[0] if scale_type else "—"


def _indicator_list(w: Published, lang: Language) -> Section:
    title = lang.t("Показатели", "Indicators")
    rows = w.rows("dim_indicator")
    if not rows:
        return Section(
            "indicator-list",
            title,
            missing=lang.t(
                "Списка нет, потому что в выпуске нет реестра показателей.",
                "None: the release has no registry of indicators.",
            ),
        )
    body: list[list[Cell]] = [
        [
            lang.t(r["title_ru"], r["title_en"]),
            r["indicator_id"],
            programme.unit_word(w, lang, r["unit"] or "") or "—",
        ]
        for r in rows
    ]
    head = [lang.t("Показатель", "Indicator"), lang.t("Код", "Code"), lang.t("Единица", "Unit")]
    return Section(
        "indicator-list",
        title,
        figures=[
            Figure(
                lang.t("Реестр показателей", "Registry of indicators"),
                table=Table(head, body, text_columns=frozenset({0, 1, 2})),
            )
        ],
    )
