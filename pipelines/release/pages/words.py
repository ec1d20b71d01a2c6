"""The words for codes of the published tables, and names of things, in both languages."""

from __future__ import annotations

import re

from pipelines.release.pages.language import NO_BREAK_SPACE, Language
from pipelines.release.pages.warehouse import Published, Row

Words = dict[str, tuple[str, str]]

_LANGUAGES = {"Russian", "English", "German", "French", "Spanish", "Chinese"}
KIND_ORDER = ("ЕГЭ", "ОГЭ", "ГВЭ", "ВПР", "РДР", "МДР", "МСИ")
KINDS: Words = {
    "ВПР": ("ВПР, всероссийские проверочные работы", "ВПР, national monitoring tests"),
    "ОГЭ": ("ОГЭ, экзамен 9 класса", "ОГЭ, state exam of grade 9"),
    "ЕГЭ": ("ЕГЭ, экзамен 11 класса", "ЕГЭ, state exam of grade 11"),
    "ГВЭ": ("ГВЭ, выпускной экзамен в особых условиях", "ГВЭ, state exam under special conditions"),
    "РДР": ("РДР, региональные диагностические работы", "РДР, region's diagnostic works"),
    "МДР": ("МДР, муниципальные диагностические работы", "МДР, municipal diagnostic works"),
    "МСИ": ("МСИ, международные исследования", "МСИ, international studies"),
}
ABBREVIATIONS: Words = {
    "ГИА-9": (
        "государственная итоговая аттестация после 9 класса: ОГЭ и ГВЭ",
        "state final attestation after grade 9: ОГЭ and ГВЭ",
    ),
    "ГИА-11": (
        "государственная итоговая аттестация после 11 класса: ЕГЭ и ГВЭ",
        "state final attestation after grade 11: ЕГЭ and ГВЭ",
    ),
    "ШНОР": (
        "школы с низкими образовательными результатами",
        "schools with low educational results",
    ),
    "СОШ, ООШ, НОШ": (
        "средняя, основная, начальная общеобразовательная школа",
        "secondary school of grades 1–11, of grades 1–9, and of grades 1–4",
    ),
    "ВСОШ, СКОШ": (
        "вечерняя (сменная) школа; специальная (коррекционная) школа",
        "evening school; special school for students with disabilities",
    ),
    "МБОУ, МОУ, ГБОУ": (
        "муниципальное (государственное) бюджетное общеобразовательное учреждение",
        "municipal or state school, as its legal form",
    ),
    "г., пгт., с.": ("город, посёлок городского типа, село", "town, urban settlement, village"),
}
WINDOWS: Words = {
    "input": ("входная", "input"),
    "interim": ("промежуточная", "interim"),
    "final": ("итоговая", "final"),
}
LOCALITIES: Words = {
    "capital": ("региональный центр", "regional capital"),
    "city": ("город", "city"),
    "town": ("малый город", "town"),
    "settlement": ("посёлок городского типа", "urban settlement"),
    "village": ("сельская местность", "rural area"),
    "urban": ("город", "urban"),
    "rural": ("село", "rural"),
}
VERDICTS: Words = {
    "rising": ("рост", "rising"),
    "stable": ("без заметных изменений", "no clear change"),
    "falling": ("снижение", "falling"),
    "not_comparable": ("годы несравнимы", "years not comparable"),
    "too_few": ("мало лет для вывода", "too few years"),
}
SCALES: Words = {
    "irt_linked": (
        "единая шкала, годы связаны общими заданиями: изменение баллов — изменение результатов",
        "one scale, years linked by common items: a change in points is a change in results",
    ),
    "irt_unlinked": (
        "шкала своего года, с другими годами не связана: сравнивать можно только внутри года",
        "the year's own scale, not linked to others: compare within the year only",
    ),
    "equated": ("варианты приравнены", "forms equated"),
    "official": (
        "официальные баллы; шкалы разных лет не уравнены, изменение номинальное",
        "official scores; years are not equated, so a change is nominal",
    ),
    "relative": (
        "место относительно региона в том же году; об изменении самого региона не говорит",
        "standing against the region in the same year; says nothing of change in the region itself",
    ),
}
IDENTIFICATION: Words = {
    "confirmed": (
        "входит: правило выполнено и с учётом погрешности",
        "on the list: the rule holds even allowing for error",
    ),
    "point": (
        "входит по оценке; с учётом погрешности не подтверждено",
        "on the list by the estimates; not confirmed once error is allowed for",
    ),
    "near": ("не входит, но близко к порогу", "not on the list, but near the threshold"),
    "insufficient": ("мало данных, чтобы решить", "too few data to decide"),
    "no": ("не входит", "not on the list"),
}
MEASURES: Words = {
    "below_min_share": ("доля ниже минимума, %", "share below the minimum, %"),
    "below_min_count": ("учеников ниже минимума", "students below the minimum"),
    "standing": ("место среди школ, %", "standing among schools, %"),
    "cluster_standing": (
        "место среди школ с похожими условиями, %",
        "standing among schools in like conditions, %",
    ),
    "social_sign": ("признак социальных условий", "sign of social conditions"),
    "social_index_percentile": ("процентиль социального индекса", "percentile of the social index"),
    "resilience_index": ("процентиль социального индекса", "percentile of the social index"),
    "resilience_result": ("результат относительно региона", "result against the region"),
    "resilience_residual": (
        "результат сверх ожидаемого, нижняя граница",
        "result beyond expectation, lower bound",
    ),
}
SIGNS: Words = {
    "any": ("хотя бы один признак", "at least one sign"),
    "inflated_mean": ("средний балл заметно выше региона", "mean well above the region"),
    "marks_against_scores": ("отметки не согласуются с баллами", "marks at odds with scores"),
    "sharp_fall": ("резкое падение между классами", "sharp fall from grade to grade"),
    "sharp_rise": ("резкий рост между классами", "sharp rise from grade to grade"),
    "peak_at_mark_3": ("всплеск на границе отметки «3»", "peak at the boundary of mark 3"),
    "peak_at_mark_4": ("всплеск на границе отметки «4»", "peak at the boundary of mark 4"),
    "peak_at_mark_5": ("всплеск на границе отметки «5»", "peak at the boundary of mark 5"),
    "raised_against_journal": ("отметки выше журнала", "marks raised against the journal"),
    "small_spread": ("необычно малый разброс", "unusually small spread"),
}
#: Whose a sign is.
BASES: Words = {
    "official": ("официальная методика", "official method"),
    "local": ("местный", "local"),
}
SEVERITIES: Words = {
    "error": ("ошибка: строка отклонена", "error: row rejected"),
    "warning": ("замечание", "warning"),
    "repair": ("исправлено по правилу", "repaired by rule"),
    "superseded": ("заменено более новым файлом", "replaced by a newer file"),
}
#: Titles of intake rules whose own text says little without the place and value of a case.
RULE_TITLES: Words = {
    "too_low": ("Меньше допустимого", "The value is below what is allowed"),
    "too_high": ("Больше допустимого", "The value is above what is allowed"),
    "pattern": ("Записано не по образцу", "The value is malformed"),
    "error_cell": ("В ячейке ошибка", "The cell shows an error"),
    "no_key": ("В ключе нет задания", "The key lacks an item"),
    "unknown_code": ("Значения нет в списке", "The value is not on the list"),
    "check_digit": ("В номере не сходится контрольная цифра", "The check digit of a number is wrong"),
    "duplicate_key": ("Разные строки об одном и том же", "Different rows have the same key"),
    "score_not_a_number": ("Вместо балла за задание записано другое", "An item's score is no score"),
    "score_above_maximum": ("Балл за задание больше максимума", "An item's score exceeds its maximum"),
    "score_above_usual": (
        "Балл за задание больше обычных, а максимум не прислан",
        "An item's score exceeds what others have, and no maximum was sent",
    ),
    "total_differs": ("Итог в файле не равен сумме баллов", "The file's total is not the sum of the items"),
    "criterion_left_out": (
        "Школа не включила в итог часть заданий",
        "The school leaves items out of its totals",
    ),
    "unknown_column": ("Столбец не известен и не прочитан", "A column is unknown and was not read"),
    "hidden_rows": (
        "На листе были скрытые строки, они прочитаны",
        "The sheet had hidden rows; they were read",
    ),
}
COMPLETENESS: Words = {
    "received": ("прислано", "received"),
    "late": ("с опозданием", "late"),
    "missing": ("не прислано", "missing"),
    "not_yet_due": ("срок не наступил", "not due yet"),
}
MATCHES: Words = {
    "assigned": ("предложен", "proposed"),
    "alternative": ("запасной", "alternative"),
    "unmatched": ("пары нет", "no partner"),
}
#: Outcomes of the gate's checks, the gravest first.
OUTCOMES: Words = {
    "failed": ("не пройдена", "failed"),
    "warned": ("предупреждение", "warning"),
    "passed": ("пройдена", "passed"),
}
GATE_KINDS: Words = {
    "completeness": ("полнота", "completeness"),
    "distribution": ("область значений", "range of values"),
    "jump": ("скачок к прошлому выпуску", "jump against the last release"),
    "warning": ("доля скрытого", "share hidden"),
    "revision": ("разность с прошлым выпуском", "difference from the last release"),
}
QUARTERS: Words = {f"q{k}": (f"{k}-я четверть", f"quarter {k}") for k in range(1, 5)}


def kind_key(kind: str) -> tuple[int, str]:
    """Kinds in the order in which people look for them; unknown ones last, by name."""
    return (KIND_ORDER.index(kind) if kind in KIND_ORDER else len(KIND_ORDER), kind)


def assessment_key(assessment: Row) -> tuple:
    """Order within a kind: Russian, mathematics, then the rest by name; then grade, year, window."""
    subject = assessment["subject"] or ""
    first = 0 if subject == "Русский язык" else 1 if subject.startswith("Математика") else 2
    return (
        first,
        subject,
        assessment["grade"] or 0,
        assessment["school_year"],
        list(WINDOWS).index(assessment["testing_window"]) if assessment["testing_window"] in WINDOWS else -1,
    )


def assessment_label(lang: Language, assessment: Row) -> str:
    """An assessment without its kind and year: «Русский язык, 5 кл.»."""
    if lang.code == "ru":
        grade = f", {assessment['grade']}{NO_BREAK_SPACE}кл." if assessment["grade"] else ""
        label = f"{assessment['subject']}{grade}"
    else:
        tail = (assessment["title_en"] or "").split(", ", 1)[-1] or assessment["subject"]
        label = (tail[:1].upper() + tail[1:]).replace("grade ", f"grade{NO_BREAK_SPACE}")
    window = assessment["testing_window"]
    return f"{label}, {lang.word(WINDOWS, window)}" if window else label


def assessment_full(lang: Language, assessment: Row) -> str:
    """An assessment with its kind: «ВПР, русский язык, 5 кл.»."""
    label = assessment_label(lang, assessment)
    return f"{assessment['kind']}: {within(lang, label)}"


def within(lang: Language, title: str) -> str:
    """A title within a sentence: languages keep their capital in English."""
    proper = lang.code == "en" and title.split(",", 1)[0] in _LANGUAGES
    return title if proper else title[:1].lower() + title[1:]


def code_title(w: Published, lang: Language, code_list: str, code: str) -> str:
    """A code by its title in the release's code lists; the code itself where they lack it."""
    for row in w.of("dim_code", "list").get(code_list, []):
        if row["code"] == code:
            return lang.t(row["title_ru"], row["title_en"] or row["title_ru"])
    return code


def subject_title(w: Published, lang: Language, subject: str) -> str:
    """A subject within a sentence."""
    return within(lang, code_title(w, lang, "subject", subject))


def series(w: Published, lang: Language, code: str) -> str:
    """A series of assessments, «ЕГЭ-Математика базовая-11», in words."""
    kind, _, rest = code.partition("-")
    subject, _, grade = rest.rpartition("-")
    if not subject:
        return code
    subject = subject_title(w, lang, subject)
    return f"{kind}: {subject}, " + lang.t(f"{grade}{NO_BREAK_SPACE}кл.", f"grade{NO_BREAK_SPACE}{grade}")


def contract_title(lang: Language, contract: str | None) -> str:
    """A file kind by its title; the code where it is none of ours."""
    from schemas import CONTRACTS  # noqa: PLC0415

    if contract is None:
        return lang.t("не распознан", "not recognised")
    found = CONTRACTS.get(contract) or CONTRACTS.get(f"{contract}s")  # codes of schools name them singly
    return lang.t(found.title_ru, found.title_en) if found else contract


def rule_title(lang: Language, rule_id: str) -> str:
    """What an intake rule says, without the place and value of one case; the id of a rule unknown here."""
    from pipelines.intake.rules import RULES  # noqa: PLC0415
    from schemas import CONTRACTS  # noqa: PLC0415

    for contract in CONTRACTS.values():
        if rule_id in contract.relations:
            return lang.t(*contract.relations[rule_id])
    if rule_id in RULE_TITLES:
        return lang.t(*RULE_TITLES[rule_id])
    if rule_id not in RULES:
        return rule_id
    text = lang.t(RULES[rule_id].ru, RULES[rule_id].en)
    text = re.sub(r"«?\{title\}»?: ", "", text)
    text = re.sub(r"«?\{\w+\}»?", "…", text).split(". ")[0].strip(" …")
    return text[:1].upper() + text[1:]


def period(lang: Language, code: str) -> str:
    """A period of submissions: «год», «1-я четверть», «РДР, входная», «ВПР»."""
    kind, _, window = code.partition(" ")
    if window:
        return f"{kind}, {lang.word(WINDOWS, window)}"
    return lang.word({"year": ("год", "year"), **QUARTERS}, code)


def period_key(code: str) -> tuple:
    """Periods in the order of the year: quarters, the year, then works by kind and window."""
    kind, _, window = code.partition(" ")
    first = [*QUARTERS, "year"]
    return (
        first.index(kind) if kind in first else len(first),
        kind_key(kind),
        list(WINDOWS).index(window) if window in WINDOWS else -1,
    )


def missing_files(lang: Language, listed: str) -> str:
    """File kinds with their periods, «student_results ЕГЭ, school_marks year 2021», with titles for codes."""
    out = []
    for item in listed.split(", "):
        contract, _, period = item.partition(" ")
        out.append(
            f"{contract_title(lang, contract)} ({period})" if period else contract_title(lang, contract)
        )
    return ", ".join(out)


def school_name(school: Row) -> str:
    return school["short_name"] or school["name"] or school["school_id"]


def municipality_name(municipality: Row | None, lang: Language) -> str:
    if municipality is None:
        return lang.t("муниципалитет неизвестен", "municipality unknown")
    return municipality["name"] or municipality["municipality_id"]


def slug(code: str) -> str:
    """A code as a file name that needs no quoting anywhere: other characters as ``_`` and their hex."""
    return re.sub(r"[^A-Za-z0-9-]", lambda m: f"_{ord(m[0]):x}", code)


def school_path(school_id: str) -> str:
    return f"school/{slug(school_id)}.html"


def municipality_path(municipality_id: str) -> str:
    return f"municipality/{slug(municipality_id)}.html"
