"""The words for codes of the published tables, and names of things, in both languages."""

from __future__ import annotations

import re

from pipelines.release.pages.language import Language
from pipelines.release.pages.warehouse import Row

Words = dict[str, tuple[str, str]]

KIND_ORDER = ("ЕГЭ", "ОГЭ", "ГВЭ", "ВПР", "РДР", "МДР", "МСИ")
KINDS: Words = {
    "ВПР": ("ВПР", "VPR, the national monitoring test"),
    "ОГЭ": ("ОГЭ, экзамен 9 класса", "OGE, the state exam of grade 9"),
    "ЕГЭ": ("ЕГЭ, экзамен 11 класса", "EGE, the state exam of grade 11"),
    "ГВЭ": ("ГВЭ", "GVE, the state final exam"),
    "РДР": ("Региональные диагностические работы", "Regional diagnostic works"),
    "МДР": ("Муниципальные диагностические работы", "Municipal diagnostic works"),
    "МСИ": ("Международные исследования", "International studies"),
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
FILE_VERDICTS: Words = {
    "accepted": ("принят", "accepted"),
    "accepted_with_faults": ("принят с замечаниями", "accepted with faults"),
    "rejected": ("отклонён", "rejected"),
    "ignored": ("не нужен", "of no use"),
    "duplicate": ("повтор", "duplicate"),
}
SEVERITIES: Words = {
    "error": ("ошибка: строка отклонена", "error: row rejected"),
    "warning": ("замечание", "warning"),
    "repair": ("исправлено по правилу", "repaired by rule"),
    "superseded": ("заменено более новым файлом", "replaced by a newer file"),
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
}
#: Columns whose range the gate checks.
GATE_COLUMNS: Words = {
    "participation_pct": ("доля участников, %", "participation, %"),
    "below_min_pct": ("доля ниже минимума, %", "share below the minimum, %"),
    "ci_width": ("ширина интервала", "width of the interval"),
    "share_of_maximum": ("доля наибольшего балла", "share of the maximum score"),
    "tested_n": ("число участников", "students tested"),
}
QUARTERS: Words = {f"q{k}": (f"{k}-я четверть", f"quarter {k}") for k in range(1, 5)}
UNIT_TYPES: Words = {
    "school": ("школа", "school"),
    "municipality": ("муниципалитет", "municipality"),
    "region": ("регион", "region"),
}


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
        assessment["testing_window"] or "",
    )


def assessment_label(lang: Language, assessment: Row) -> str:
    """An assessment without its kind and year: «Русский язык, 5 кл.»."""
    if lang.code == "ru":
        grade = f", {assessment['grade']} кл." if assessment["grade"] else ""
        label = f"{assessment['subject']}{grade}"
    else:
        tail = (assessment["title_en"] or "").split(", ", 1)[-1] or assessment["subject"]
        label = tail[:1].upper() + tail[1:]
    window = assessment["testing_window"]
    return f"{label}, {lang.word(WINDOWS, window)}" if window else label


def assessment_full(lang: Language, assessment: Row) -> str:
    """An assessment with its kind: «ВПР, русский язык, 5 кл.»."""
    label = assessment_label(lang, assessment)
    kind = lang.t(assessment["kind"], lang.word(KINDS, assessment["kind"]).split(",")[0])
    return f"{kind}: {label[:1].lower()}{label[1:]}"


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


def missing_files(lang: Language, listed: str) -> str:
    """File kinds with their periods, «student_results ЕГЭ, school_marks year 2021», with titles for codes."""
    out = []
    for item in listed.split(", "):
        contract, _, period = item.partition(" ")
        out.append(
            f"{contract_title(lang, contract)} ({period})" if period else contract_title(lang, contract)
        )
    return ", ".join(out)


def subject_title(lang: Language, subject: str) -> str:
    """A subject within a sentence."""
    if lang.code == "ru":
        return subject[:1].lower() + subject[1:]
    return {"Русский язык": "Russian", "Математика": "mathematics"}.get(subject, subject)


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
