"""Pages of topics: the programme, the methods, the quality of data."""

from __future__ import annotations

from pipelines.release.pages import programme, status, words
from pipelines.release.pages.blocks import Cell, Fact, Figure, Page, Section, Table
from pipelines.release.pages.language import Language
from pipelines.release.pages.warehouse import Published, Row, Unit, group


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
    sections += [_assessments(w, lang), _indicator_list(w, lang)]
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
        ("Признаки необъективности", "Signs of lacking objectivity"),
        (
            (
                "Признаки показаны каждый отдельно. Они ничего не доказывают и никого сами по себе не "
                "исключают из расчётов.",
                "Each sign is shown apart. They prove nothing and by themselves exclude nobody from the "
                "computations.",
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
        [lang.t(r["title_ru"], r["title_en"]), r["indicator_id"], r["unit"] or "—"] for r in rows
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


def quality_page(w: Published, lang: Language) -> Page:
    lead = [
        lang.t(
            "Что прислано, что отклонено и почему, что проверено перед выпуском и что скрыто.",
            "What was sent, what was rejected and why, what was checked before release, and what is "
            "suppressed.",
        )
    ]
    sections = [
        _files(w, lang),
        _rules(w, lang),
        status.completeness(w, lang, w.rows("dq_completeness"), True),
        _gate(w, lang),
        _control_totals(w, lang),
        _suppressed(w, lang),
        _calibration(w, lang),
        _unregistered(w, lang),
    ]
    return Page(
        "quality.html",
        lang.t("Качество данных", "Data quality"),
        lang.t("Выпуск ", "Release ") + w.release["release_id"],
        lead,
        sections,
        facts=_quality_facts(w, lang),
    )


def _sent(w: Published) -> list[Row]:
    """Sheets that were sent and are of use."""
    return [r for r in w.rows("dq_submission") if r["verdict"] not in ("ignored", "duplicate")]


def _quality_facts(w: Published, lang: Language) -> list[Fact]:
    rows = _sent(w)
    read, rejected = sum(r["rows_read"] or 0 for r in rows), sum(r["rows_rejected"] or 0 for r in rows)
    return [
        Fact(
            lang.number(len({r["file_id"] for r in rows})),
            lang.t("файлов принято к разбору", "files taken in"),
        ),
        Fact(lang.number(read), lang.t("строк прочитано", "rows read")),
        Fact(
            lang.number(rejected),
            lang.t("строк отклонено", "rows rejected"),
            lang.percent(100 * rejected / read if read else None, 2),
        ),
    ]


def _files(w: Published, lang: Language) -> Section:
    title = lang.t("Файлы", "Files")
    rows = _sent(w)
    if not rows:
        return Section(
            "submissions",
            title,
            missing=lang.t("Нет данных, потому что файлов не присылали.", "No data: no files were sent."),
        )
    body: list[list[Cell]] = []
    for contract, part in sorted(group(rows, "contract").items(), key=lambda kv: kv[0] or "~"):
        totals = [sum(r[c] or 0 for r in part) for c in ("rows_read", "rows_accepted", "rows_rejected")]
        body.append(
            [
                words.contract_title(lang, contract),
                lang.number(len(part)),
                *map(lang.number, totals),
            ]
        )
    head = [
        lang.t("Вид файла", "File kind"),
        lang.t("Листов", "Sheets"),
        lang.t("Строк прочитано", "Rows read"),
        lang.t("Принято", "Accepted"),
        lang.t("Отклонено", "Rejected"),
    ]
    figures = [
        Figure(
            lang.t("По видам файлов", "By file kind"),
            table=Table(head, body),
            words=lang.t(
                "Прочитано = принято + отклонено в каждой строке: строки не теряются.",
                "Read = accepted + rejected in every line: rows are never lost.",
            ),
        )
    ]
    refused: list[list[Cell]] = [
        [r["file_name"], lang.t(r["reason"] or "", r["reason_en"] or r["reason"] or "")]
        for r in rows
        if r["verdict"] == "rejected"
    ]
    if refused:
        figures.append(
            Figure(
                lang.t("Отклонённые файлы", "Rejected files"),
                table=Table(
                    [lang.t("Файл", "File"), lang.t("Почему", "Why")],
                    refused[:60],
                    text_columns=frozenset({0, 1}),
                ),
            )
        )
    return Section("submissions", title, figures=figures)


def _rules(w: Published, lang: Language) -> Section:
    title = lang.t("Нарушенные правила и исправления", "Rules broken and repairs made")
    rows = (
        w.query(
            "SELECT contract, rule_id, severity, sum(n)::bigint AS n, count(DISTINCT file_id) AS files "
            "FROM dq_rule_count GROUP BY ALL ORDER BY n DESC, rule_id, contract, severity LIMIT 40"
        )
        if w.has("dq_rule_count")
        else []
    )
    if not rows:
        return Section("rules", title, missing=lang.t("Ни одно правило не нарушено.", "No rule was broken."))
    body: list[list[Cell]] = [
        [
            r["rule_id"],
            words.contract_title(lang, r["contract"]),
            lang.word(words.SEVERITIES, r["severity"]),
            lang.number(r["n"]),
            lang.number(r["files"]),
        ]
        for r in rows
    ]
    head = [
        lang.t("Правило", "Rule"),
        lang.t("Вид файла", "File kind"),
        lang.t("Что сделано", "Consequence"),
        lang.t("Ячеек или строк", "Cells or rows"),
        lang.t("Файлов", "Files"),
    ]
    return Section(
        "rules",
        title,
        figures=[
            Figure(
                lang.t("Самые частые", "The most frequent"),
                table=Table(head, body, text_columns=frozenset({0, 1, 2})),
            )
        ],
    )


def _gate(w: Published, lang: Language) -> Section:
    title = lang.t("Проверка перед выпуском", "The gate before release")
    rows = w.rows("dq_gate_result")
    if not rows:
        return Section(
            "gate",
            title,
            missing=lang.t(
                "Нет данных, потому что в выпуске не сохранены результаты проверки.",
                "No data: the release keeps no results of the gate.",
            ),
        )
    names = list(rows[0])
    body: list[list[Cell]] = [[_plain(lang, r[n]) for n in names] for r in rows]
    return Section(
        "gate",
        title,
        figures=[
            Figure(
                lang.t("Ожидания и итог", "Expectations and outcome"),
                table=Table(names, body, text_columns=frozenset(range(len(names)))),
            )
        ],
    )


def _suppressed(w: Published, lang: Language) -> Section:
    title = lang.t("Что скрыто", "What is suppressed")
    rows = w.rows("dq_suppression")
    if not rows:
        return Section(
            "suppressed",
            title,
            missing=lang.t(
                "Нет данных, потому что в выпуске нет отчёта о скрытых числах.",
                "No data: the release has no account of suppressed numbers.",
            ),
        )
    names = list(rows[0])
    body: list[list[Cell]] = [[_plain(lang, r[n]) for n in names] for r in rows[:60]]
    return Section(
        "suppressed",
        title,
        figures=[
            Figure(
                lang.t("Сколько и почему", "How many, and why"),
                table=Table(names, body, text_columns=frozenset(range(len(names)))),
            )
        ],
    )


def _plain(lang: Language, value: object) -> str:
    """A value of any type as text for a reader."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return lang.t("да", "yes") if value else lang.t("нет", "no")
    if isinstance(value, int | float):
        return lang.number(value, 0 if float(value).is_integer() else 2)
    return str(value)


def _control_totals(w: Published, lang: Language) -> Section:
    title = lang.t("Сверка с печатными таблицами", "Printed tables beside our numbers")
    rows = (
        w.query(
            "SELECT printed_table, school_year, count(*) AS n, count(*) FILTER (agrees) AS agree "
            "FROM dq_control_total GROUP BY ALL ORDER BY ALL"
        )
        if w.has("dq_control_total")
        else []
    )
    if not rows:
        return Section(
            "control",
            title,
            missing=lang.t(
                "Нет данных, потому что печатных таблиц не прислано.", "No data: no printed tables were sent."
            ),
        )
    body: list[list[Cell]] = [
        [
            f"{r['printed_table']}, {lang.year(r['school_year'])}",
            lang.number(r["n"]),
            lang.number(r["agree"]),
            lang.percent(100 * r["agree"] / r["n"]),
        ]
        for r in rows
    ]
    head = [
        lang.t("Таблица", "Table"),
        lang.t("Чисел", "Numbers"),
        lang.t("Совпало", "Agree"),
        lang.t("Доля", "Share"),
    ]
    return Section(
        "control",
        title,
        figures=[Figure(lang.t("Сколько чисел совпало", "How many numbers agree"), table=Table(head, body))],
    )


def _calibration(w: Published, lang: Language) -> Section:
    title = lang.t("Замечания к шкалам", "Findings on scales")
    rows = (
        w.query(
            "SELECT code, min(message_ru) AS ru, min(message_en) AS en, count(*) AS n FROM dq_scale_finding "
            "GROUP BY ALL ORDER BY n DESC, code LIMIT 30"
        )
        if w.has("dq_scale_finding")
        else []
    )
    if not rows:
        return Section("calibration", title, missing=lang.t("Замечаний нет.", "None."))
    body: list[list[Cell]] = [[r["code"], lang.number(r["n"]), lang.t(r["ru"], r["en"])] for r in rows]
    head = [lang.t("Замечание", "Finding"), lang.t("Сколько", "How many"), lang.t("Пример", "Example")]
    return Section(
        "calibration",
        title,
        figures=[
            Figure(lang.t("По видам", "By kind"), table=Table(head, body, text_columns=frozenset({0, 2})))
        ],
    )


def _unregistered(w: Published, lang: Language) -> Section:
    title = lang.t("Коды школ, которых нет в реестре", "School codes missing from the register")
    rows = w.rows("dq_unregistered_school")
    if not rows:
        return Section("unregistered", title, missing=lang.t("Таких кодов нет.", "None."))
    body: list[list[Cell]] = [
        [r["school_code"], r["school_name"] or "—", str(r["contracts"]), lang.number(r["rows_n"])]
        for r in rows[:60]
    ]
    head = [
        lang.t("Код", "Code"),
        lang.t("Школа", "School"),
        lang.t("Где встретился", "Where seen"),
        lang.t("Строк", "Rows"),
    ]
    return Section(
        "unregistered",
        title,
        [lang.t(f"Всего {len(rows)}.", f"{len(rows)} in all.")],
        figures=[Figure(lang.t("Коды", "Codes"), table=Table(head, body, text_columns=frozenset({0, 1, 2})))],
    )
