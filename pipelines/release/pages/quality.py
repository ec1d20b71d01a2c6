"""The page on the quality of data, and the calendar of submissions."""

from __future__ import annotations

from pipelines.release.described import bilingual
from pipelines.release.pages import charts, words
from pipelines.release.pages.blocks import Cell, Fact, Figure, Page, Section, Table
from pipelines.release.pages.language import Language
from pipelines.release.pages.warehouse import Published, Row, group


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
        completeness(w, lang, w.rows("dq_completeness"), "municipality_id"),
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
    """Rules by severity and number; the file kinds in which each was broken."""
    title = lang.t("Нарушенные правила и исправления", "Rules broken and repairs made")
    rows = w.query(
        "dq_rule_count",
        "SELECT rule_id, severity, sum(n)::bigint AS n, count(DISTINCT file_id) AS files, "
        "list_sort(list_distinct(list(contract))) AS contracts "
        "FROM dq_rule_count GROUP BY rule_id, severity ORDER BY severity, n DESC, rule_id",
    )
    if not rows:
        return Section("rules", title, missing=lang.t("Ни одно правило не нарушено.", "No rule was broken."))
    body: list[list[Cell]] = [
        [
            words.rule_title(lang, r["rule_id"]),
            lang.word(words.SEVERITIES, r["severity"]),
            _kinds(lang, r["contracts"]),
            lang.number(r["n"]),
            lang.number(r["files"]),
        ]
        for r in rows
    ]
    head = [
        lang.t("Правило", "Rule"),
        lang.t("Что сделано", "Consequence"),
        lang.t("В каких файлах", "In which files"),
        lang.t("Ячеек или строк", "Cells or rows"),
        lang.t("Файлов", "Files"),
    ]
    table = Table(head, body, text_columns=frozenset({0, 1, 2}))
    return Section("rules", title, figures=[Figure(lang.t("По правилам", "By rule"), table=table)])


def _kinds(lang: Language, contracts: list[str | None], limit: int = 3) -> str:
    """The titles of a few file kinds, and how many more there are; a dash where there is none."""
    named = ", ".join(words.contract_title(lang, c) for c in contracts[:limit])
    more = len(contracts) - limit
    return f"{named} + {more}" if more > 0 else named or "—"


def _gate(w: Published, lang: Language) -> Section:
    """What was checked of the release before it came out, failures and warnings first."""
    title = lang.t("Проверка перед выпуском", "The gate before release")
    rows = sorted(
        w.rows("dq_gate_result"), key=lambda r: (list(words.OUTCOMES).index(r["outcome"]), r["frame"])
    )
    if not rows:
        return Section(
            "gate",
            title,
            missing=lang.t(
                "Нет данных, потому что в выпуске не сохранены результаты проверки.",
                "No data: the release keeps no results of the gate.",
            ),
        )
    body: list[list[Cell]] = [
        [
            lang.word(words.OUTCOMES, r["outcome"]),
            lang.word(words.GATE_KINDS, r["kind"]),
            lang.t(r["message_ru"], r["message_en"]),
            _table_title(w, lang, r["frame"]),
        ]
        for r in rows
    ]
    head = [
        lang.t("Итог", "Outcome"),
        lang.t("Вид", "Kind"),
        lang.t("Что проверялось", "What was checked"),
        lang.t("Таблица", "Table"),
    ]
    passed = sum(r["outcome"] == "passed" for r in rows)
    return Section(
        "gate",
        title,
        [
            lang.t(
                f"Правдоподобны ли числа: проверок {len(rows)}, пройдено {passed}. Не пройденная проверка "
                "останавливает выпуск, предупреждение — нет.",
                f"Whether the numbers are plausible: {len(rows)} checks, {passed} passed. A failed check "
                "stops the release, a warning doesn't.",
            )
        ],
        figures=[
            Figure(
                lang.t("Проверки и итог", "Checks and outcome"),
                table=Table(head, body, text_columns=frozenset(range(len(head)))),
            )
        ],
    )


def _table_title(w: Published, lang: Language, table: str) -> str:
    """What a published table holds, in a few words: the first part of its comment."""
    if table == "rows":
        return lang.t("все таблицы", "all tables")
    comment = w.table_comments.get(table, "")
    return lang.t(*bilingual(comment)).split(";")[0].split(":")[0] if comment else table


def _suppressed(w: Published, lang: Language) -> Section:
    """How many numbers release control hid in each table, and why."""
    title = lang.t("Что скрыто", "What is suppressed")
    totals = {
        table: [sum(r[c] for r in part) for c in ("values_n", "primary_n", "secondary_n")]
        for table, part in w.of("dq_suppression", "table_name").items()
    }
    if not totals:
        return Section(
            "suppressed",
            title,
            missing=lang.t(
                "Нет данных, потому что в выпуске нет отчёта о скрытых числах.",
                "No data: the release has no account of suppressed numbers.",
            ),
        )
    body: list[list[Cell]] = [
        [
            _table_title(w, lang, table),
            lang.number(values),
            lang.number(primary),
            lang.number(secondary),
            lang.percent(100 * (primary + secondary) / values, 0),
        ]
        for table, (values, primary, secondary) in sorted(totals.items())
        if primary + secondary
    ]
    head = [
        lang.t("Таблица", "Table"),
        lang.t("Чисел всего", "Numbers in all"),
        lang.t("Скрыто: мало людей", "Hidden: too few people"),
        lang.t("Скрыто, чтобы не восстановить другие", "Hidden to protect those"),
        lang.t("Скрыто", "Hidden"),
    ]
    text = lang.t(
        "Сколько чисел убрано из опубликованных таблиц, чтобы по ним нельзя было узнать о человеке. "
        "По столбцам — в таблице dq_suppression выпуска.",
        "How many numbers were taken out of the published tables so that nothing of a person can be "
        "learnt. By column in the release's table dq_suppression.",
    )
    return Section(
        "suppressed",
        title,
        [text],
        figures=[
            Figure(
                lang.t("По таблицам", "By table"),
                words="" if body else lang.t("Ничего не скрыто.", "Nothing is hidden."),
                table=Table(head, body) if body else None,
            )
        ],
    )


def _control_totals(w: Published, lang: Language) -> Section:
    title = lang.t("Сверка с печатными таблицами", "Printed tables beside our numbers")
    rows = w.query(
        "dq_control_total",
        "SELECT printed_table, school_year, count(*) AS n, count(*) FILTER (agrees) AS agree "
        "FROM dq_control_total GROUP BY ALL ORDER BY ALL",
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
            words.code_title(w, lang, "control_source", r["printed_table"])
            + f", {lang.year(r['school_year'])}",
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
    rows = w.query(
        "dq_scale_finding",
        "SELECT code, min(message_ru) AS ru, min(message_en) AS en, count(*) AS n FROM dq_scale_finding "
        "GROUP BY ALL ORDER BY n DESC, code LIMIT 30",
    )
    if not rows:
        return Section("calibration", title, missing=lang.t("Замечаний нет.", "None."))
    body: list[list[Cell]] = [[lang.t(r["ru"], r["en"]), lang.number(r["n"]), r["code"]] for r in rows]
    head = [
        lang.t("Замечание, пример", "Finding, an example"),
        lang.t("Сколько", "How many"),
        lang.t("Код", "Code"),
    ]
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
        [
            r["school_code"],
            r["school_name"] or "—",
            _listed_kinds(lang, r["contracts"]),
            lang.number(r["rows_n"]),
        ]
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


def completeness(w: Published, lang: Language, rows: list[Row], side: str) -> Section:
    """What was to be sent and what came, as a calendar.

    ``side`` is the column whose values are the calendar's rows: ``contract`` puts file kinds against periods,
    ``unit_id`` or ``municipality_id`` puts places against file kinds, the worst state standing for all.
    """
    title = lang.t("Что прислано и когда", "What was sent, and when")
    rows = [r for r in rows if r["school_year"] == w.last_year] or rows
    if not rows:
        return Section(
            "files",
            title,
            missing=lang.t(
                "Нет данных, потому что календарь сдачи для региона не задан.",
                "No data: the region has no calendar of submissions.",
            ),
        )
    top = "period" if side == "contract" else "contract"
    columns = sorted({r[top] for r in rows}, key=words.period_key if top == "period" else None)
    grid = sorted(
        (_side_name(w, lang, side, part[0]), [_worst(part, top, c) for c in columns])
        for part in group(rows, side).values()
    )
    named = words.period if top == "period" else words.contract_title
    name = lang.t(f"Сдача сведений, {lang.year(w.last_year)}", f"Submissions, {lang.year(w.last_year)}")
    late = sum(r["state"] == "late" for r in rows)
    missing = sum(r["state"] == "missing" for r in rows)
    text = lang.t(
        f"Ожидалось {len(rows)}, не прислано {missing}, с опозданием {late}. "
        "Пустая клетка — этих сведений не ждали.",
        f"Expected {len(rows)}, missing {missing}, late {late}. An empty cell: nothing was expected.",
    )
    if missing:
        text += lang.t(
            " Пока нет всех, числа выпуска предварительные.",
            " Until all have come the release's numbers are provisional.",
        )
    if side == "municipality_id":
        text += lang.t(
            " Клетка муниципалитета показывает худшее: не прислала одна школа — не прислано.",
            " A municipality's cell shows the worst: one school's missing file makes it missing.",
        )
    legend = charts.legend(*((f"s-{code}", lang.t(*pair)) for code, pair in words.COMPLETENESS.items()))
    picture = charts.calendar(grid, [named(lang, c) for c in columns], lang, name)
    return Section(
        "files", title, [text, legend], figures=[Figure(name, picture, table=_overdue(w, lang, rows))]
    )


def _listed_kinds(lang: Language, contracts: str | None) -> str:
    """File kinds of a list of codes, by their titles."""
    return _kinds(lang, [c.strip() for c in (contracts or "").split(",") if c.strip()])


def _overdue(w: Published, lang: Language, rows: list[Row], limit: int = 40) -> Table | None:
    """Files that are missing or came late."""
    overdue = [r for r in rows if r["state"] in ("missing", "late")]
    if not overdue:
        return None
    body: list[list[Cell]] = [
        [
            _side_name(w, lang, "unit_id", r),
            words.contract_title(lang, r["contract"]),
            words.period(lang, r["period"]),
            lang.date(r["due"]),
            lang.date(r["received"]),
            lang.word(words.COMPLETENESS, r["state"]),
        ]
        for r in overdue[:limit]
    ]
    head = [
        lang.t("Кто", "Who"),
        lang.t("Сведения", "What"),
        lang.t("Период", "Period"),
        lang.t("Срок", "Due"),
        lang.t("Пришло", "Received"),
        lang.t("Состояние", "State"),
    ]
    caption = lang.t(f"Первые {limit} из {len(overdue)}", f"The first {limit} of {len(overdue)}")
    return Table(head, body, caption if len(overdue) > limit else "", frozenset({0, 1, 2, 5}))


def _side_name(w: Published, lang: Language, side: str, row: Row) -> str:
    if side == "contract":
        return words.contract_title(lang, row["contract"])
    if row["unit_type"] == "region":
        return lang.t("регион", "region")
    if side == "municipality_id" or row["unit_type"] == "municipality":
        return words.municipality_name(w.municipalities.get(row["municipality_id"]), lang)
    school = w.schools.get(row["unit_id"])
    return words.school_name(school) if school else row["unit_id"]


_BADNESS = ("missing", "late", "not_yet_due", "received")


def _worst(rows: list[Row], column: str, value: str) -> str:
    states = {r["state"] for r in rows if r[column] == value}
    return next((s for s in _BADNESS if s in states), "")
