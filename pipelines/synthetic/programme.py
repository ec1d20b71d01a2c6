"""Who is supported and what is done: staff, social passports, programme records, a sheet each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from pipelines.synthetic import names
from pipelines.synthetic.arrays import position as position_in
from pipelines.synthetic.layouts_context import ContextAnswers
from pipelines.synthetic.region import EVENING, Region
from pipelines.synthetic.sheets import Sheet
from pipelines.synthetic.students import Students, class_name
from pipelines.synthetic.works import MA, RU

PROGRAMME = "ШНОР"
SUBJECTS = (
    (None, "teachers_primary", 0.34), (RU, "teachers_russian", 0.13), (MA, "teachers_mathematics", 0.12),
    ("Английский язык", "teachers_foreign", 0.10), ("История", "teachers_history", 0.07),
    ("Физика", "teachers_physics", 0.05), ("Биология", "teachers_biology", 0.05),
    ("География", "teachers_geography", 0.04), ("Информатика", "teachers_informatics", 0.04),
    ("Физическая культура", "teachers_sport", 0.06),
)  # fmt: skip
OTHERS = (
    ("Директор", "leaders"), ("Заместитель директора", "leaders"), ("Педагог-психолог", "psychologists"),
    ("Социальный педагог", "social_pedagogues"), ("Учитель-логопед", "speech_therapists"),
    ("Педагог-библиотекарь", "librarians"), ("Лаборант", "support_staff"),
)  # fmt: skip
TOPICS = (
    "Работа с неуспевающими обучающимися", "Методика обучения математике", "Методика обучения русскому языку",
    "Функциональная грамотность", "Цифровые инструменты учителя", "Оценивание и разбор результатов ВПР",
)  # fmt: skip
DEFICITS = (
    "subject", "methods", "assessment", "exam_preparation", "functional_literacy", "differentiation",
    "low_achievers",
    "special_needs", "motivation", "digital",
)  # fmt: skip
FACTORS = (
    "equipment", "staff_shortage", "teacher_competence", "special_needs", "language_barriers", "motivation",
    "wellbeing", "discipline", "failure_risk", "parents",
)  # fmt: skip
CONDITIONS = ("internet_speed", "distance_platform", "transport_or_boarding", "accessibility", "specialists")
PARTNERS = (
    ("university", "Лугореченский педагогический университет (условный)"),
    ("college", "Лугореченский колледж сферы услуг (условный)"),
    ("supplementary_education", "Дом детского творчества «Условный»"),
    ("culture", "Центральная библиотека (условная)"),
    ("sport", "Спортивная школа «Образец»"),
    ("health", "Центр охраны здоровья детей (условный)"),
    ("guardianship", "Отдел опеки и попечительства (условный)"),
    ("police", "Подразделение по делам несовершеннолетних (условное)"),
    ("other", "Фонд местного сообщества (условный)"),
)
PARTNERSHIP_KINDS = (
    "methodological",
    "career_guidance",
    "supplementary",
    "joint_events",
    "joint_events",
    "psychological",
    "prevention",
    "prevention",
    "resource_sharing",
)
EVENT_TITLES = (
    "Семинар по разбору результатов ВПР", "Открытый урок математики", "Консультация психолога для родителей",
    "Методический день школы-наставника", "Каникулярная школа", "Родительское собрание о подготовке к ГИА",
)  # fmt: skip
EVENT_FORMS = ("семинар", "открытый урок", "консультация", "стажировка", "занятия", "собрание")


@dataclass(frozen=True)
class Employee:
    """A member of staff over the years."""

    school: int
    staff_id: str
    position: str
    group: str
    subject: str | None
    rate: float
    education: str
    category: str
    began: int
    born: int
    is_main: bool
    hired: date
    left: date | None


@dataclass(frozen=True)
class Course:
    """One finished further training."""

    school: int
    staff_id: str
    number: str
    kind: str
    topic: str
    hours: int
    finished: date
    provider: str


@dataclass(frozen=True)
class Member:
    """A school's part in the programme over a time."""

    school: int
    role: str
    start: date
    end: date | None

    def in_year(self, year: int) -> bool:
        return self.start <= date(year, 6, 30) and (self.end is None or self.end >= date(year - 1, 9, 1))


def day(year: int, month: int, number: int) -> date:
    """A date of the school year that ends in ``year``."""
    return date(year - 1 if month >= 9 else year, month, number)


def members(region: Region, low: dict[int, set[int]]) -> list[Member]:
    """Supported schools follow the results of the year before; a school leaves when it is no longer low."""
    first = region.first
    inside = {i for i, reason in enumerate(region.low_reason) if reason in ("teaching", "social_context")}
    inside = {i for i in inside if region.schools[i].size >= 10}
    start = {i: day(first, 9, 1) for i in inside}
    found: list[Member] = []
    for year in region.years[1:]:
        wanted = {i for i in low.get(year - 1, set()) if region.schools[i].successor < 0}
        for i in sorted(set(start) - wanted):
            found.append(Member(i, "supported", start.pop(i), date(year - 1, 8, 31)))
        for i in sorted(wanted - set(start)):
            start[i] = day(year, 9, 1)
    found += [Member(i, "supported", begun, None) for i, begun in start.items()]
    ever = {member.school for member in found}
    order = np.argsort(-(region.effect[:, 0] + 0.2 * region.social), kind="stable").tolist()
    strong = [i for i in order if i not in ever and region.schools[i].size >= 14]
    mentors = strong[: max(3, round(0.12 * len(region.schools)))]
    found += [Member(i, "mentor", day(first, 9, 1), None) for i in mentors]
    found.append(Member(mentors[0], "resource_centre", day(first, 9, 1), None))
    found.append(Member(mentors[1], "innovation_site", day(first, 9, 1), None))
    return sorted(found, key=lambda m: (m.start, m.school, m.role))


def staff(region: Region, answers: ContextAnswers) -> list[Employee]:
    """Everybody who worked in the region's schools in any of the years."""
    rng = region.rng("staff")
    people: list[Employee] = []
    groups = np.array([share for _, _, share in SUBJECTS])
    for school in region.schools:
        i = school.index
        weak = region.low_reason[i] == "teaching"
        teachers = int(answers.teachers[i])
        plan = rng.choice(len(SUBJECTS), teachers, p=groups / groups.sum())
        plan[: min(3, teachers)] = (0, 1, 2)[: min(3, teachers)]
        posts: list[tuple[str, str, str | None]] = [
            ("Учитель начальных классов" if k == 0 else "Учитель", SUBJECTS[k][1], SUBJECTS[k][0])
            for k in plan.tolist()
        ]
        specialists = OTHERS if school.size > 25 else (*OTHERS[:2], OTHERS[2 + i % 3], OTHERS[6])
        posts += [(title, group, None) for title, group in specialists]
        replaced = [n for n in range(teachers) if rng.random() < 0.12]
        posts += [posts[n] for n in replaced]
        for number, (title, group, subject) in enumerate(posts):
            experience = int(np.clip(rng.gamma(1.6, 11), 0, 46))
            born = region.first - 23 - experience - int(rng.integers(0, 4))
            high = 0.72 - (0.18 if weak else 0) + 0.03 * answers.social[i]
            education = (
                "higher_pedagogical"
                if rng.random() < high
                else ("vocational_pedagogical" if rng.random() < 0.7 else "higher")
            )
            if title in ("Директор", "Заместитель директора"):
                education = "higher_pedagogical"
            draw = rng.random() + (0.25 if weak else 0.0) - 0.008 * experience
            category = (
                "highest"
                if draw < 0.16
                else "first"
                if draw < 0.42
                else "conforming"
                if draw < 0.75
                else "none"
            )
            is_new = number >= len(posts) - len(replaced)
            hired = date(max(1980, region.first - 1 - min(experience, int(rng.integers(0, 20)))), 9, 1)
            left = None
            if is_new:
                hired = date(region.years[len(region.years) // 2] - 1, 9, 1)
            elif number in replaced:
                left = date(region.years[len(region.years) // 2] - 1, 8, 31)
            rate = (
                1.0
                if title in ("Директор", "Лаборант")
                else float(rng.choice((0.5, 0.75, 1.0, 1.0, 1.0, 1.25, 1.5)))
            )
            people.append(
                Employee(
                    i, f"{school.digits}-{number + 1:03d}", title, group, subject, rate, education, category,
                    region.first - experience, born, bool(rng.random() < 0.93), hired, left,
                )
            )  # fmt: skip
    return people


def at_work(region: Region, people: Iterable[Employee], year: int) -> list[Employee]:
    """Who works in a school that is open, at the start of the school year."""
    start = day(year, 9, 20)
    return [
        p for p in people
        if p.hired <= start and (p.left is None or p.left >= start)
        and region.is_open(region.schools[p.school], year)
    ]  # fmt: skip


def courses(
    region: Region, people: Iterable[Employee], supported: dict[int, set[int]]
) -> dict[int, list[Course]]:
    """Further training by year; supported schools train more."""
    found: dict[int, list[Course]] = {}
    listed = [p for p in people if p.group != "support_staff"]
    for year in region.years:
        rng = region.rng("training", year)
        found[year] = []
        for number, person in enumerate(at_work(region, listed, year)):
            times = int(rng.binomial(2, 0.36 if person.school in supported[year] else 0.2))
            for time in range(times):
                retraining = rng.random() < 0.04
                kind = "retraining" if retraining else "internship" if rng.random() < 0.05 else "course"
                hours = (
                    int(rng.choice((256, 300, 520)))
                    if retraining
                    else int(rng.choice((16, 18, 24, 36, 72, 72, 108)))
                )
                finished = day(year, 10, 1) + timedelta(days=int(rng.integers(0, 240)))
                found[year].append(
                    Course(
                        person.school, person.staff_id, f"ПК-{year}-{number * 2 + time + 1:06d}", kind,
                        TOPICS[int(rng.integers(len(TOPICS)))], hours, finished, "ИРО (условный)",
                    )
                )  # fmt: skip
    return found


def staff_sheet(region: Region, people: Iterable[Employee], year: int) -> Sheet:
    rows: list[list[Any]] = [[
        "school_id", "staff_id", "position", "subject", "rate", "education", "category", "experience_years",
        "birth_year",
        "is_main", "hired", "left",
    ]]  # fmt: skip
    for p in at_work(region, people, year):
        rows.append([
            region.schools[p.school].digits, p.staff_id, p.position, p.subject, p.rate, p.education,
            p.category,
            year - p.began, p.born, "да" if p.is_main else "нет", p.hired, None,
        ])  # fmt: skip
    return Sheet("Работники", rows)


def training_sheet(region: Region, done: Iterable[Course]) -> Sheet:
    rows: list[list[Any]] = [
        ["school_id", "staff_id", "document_no", "kind", "topic", "hours", "finished", "provider"]
    ]
    rows += [
        [
            region.schools[c.school].digits,
            c.staff_id,
            c.number,
            c.kind,
            c.topic,
            c.hours,
            c.finished,
            c.provider,
        ]
        for c in done
    ]
    return Sheet("", rows)


def staffing_sheet(
    region: Region, people: Iterable[Employee], done: dict[int, list[Course]], year: int
) -> Sheet:
    """The return of early September, added up from the staff list; posts beyond the staff are vacant."""
    rng = region.rng("staffing", year)
    head = [
        "school_id", "position_group", "positions", "filled", "filled_qualified", "vacant", "headcount",
        "qualified_n",
        "trained_n", "higher_education_n", "category_highest_n", "category_first_n", "experience_under_3_n",
        "young_n",
        "pension_n",
    ]  # fmt: skip
    rows: list[list[Any]] = [head]
    trained = {c.staff_id for y, group in done.items() if year - 3 <= y < year for c in group}
    by_school: dict[int, list[Employee]] = {}
    for person in at_work(region, people, year):
        by_school.setdefault(person.school, []).append(person)
    for school in region.open_schools(year):
        mine = by_school.get(school.index, [])
        groups: dict[str, list[Employee]] = {"teachers": [p for p in mine if p.group.startswith("teachers")]}
        for person in mine:
            groups.setdefault(person.group, []).append(person)
        weak = region.low_reason[school.index] == "teaching"
        gaps: dict[str, float] = {}
        for group in sorted(groups):
            if group != "teachers":
                gap = float(rng.random() < (0.45 if weak else 0.13)) * float(rng.choice((0.5, 1.0, 1.0)))
                gaps[group] = gap if group not in ("leaders", "support_staff") else 0.0
        gaps["teachers"] = sum(gap for group, gap in gaps.items() if group.startswith("teachers_"))
        for group in ("leaders", "teachers", *sorted(g for g in groups if g not in ("leaders", "teachers"))):
            staff_ = groups.get(group, [])
            qualified = [
                p
                for p in staff_
                if p.category in ("highest", "first") or p.education.endswith("_pedagogical")
            ]
            filled = sum(p.rate for p in staff_)
            ages = [year - 1 - p.born for p in staff_]
            rows.append([
                school.digits, group, filled + gaps[group], filled, sum(p.rate for p in qualified),
                gaps[group],
                len(staff_), len(qualified), sum(p.staff_id in trained for p in staff_),
                sum(p.education.startswith("higher") for p in staff_),
                sum(p.category == "highest" for p in staff_),
                sum(p.category == "first" for p in staff_), sum(year - p.began < 3 for p in staff_),
                sum(age < 35 for age in ages), sum(age >= 60 for age in ages),
            ])  # fmt: skip
    return Sheet("Кадры", rows)


PASSPORT_FIELDS = [
    "school_id", "students_n", "families_n", "single_parent_n", "many_children_n", "low_income_n",
    "in_care_n",
    "orphans_n", "disabled_n", "special_needs_n", "dangerous_position_n", "school_register_n",
    "commission_register_n",
    "not_native_n", "unemployed_parents_n", "both_parents_higher_n", "subsidised_meals_n", "transported_n",
    "boarding_n",
]  # fmt: skip
PASSPORT_FREE = [
    "Логин школы", "Всего обучающихся", "Семей", "Дети из неполных семей", "Многодетные", "Малообеспеченные",
    "Находятся под опекой", "Дети-сироты", "Дети-инвалиды", "Обучающиеся с ОВЗ",
    "Семьи в социально опасном положении (детей)", "Состоят на внутришкольном учёте",
    "Состоят на учёте в КДН, ПДН",
    "Дети мигрантов", "Безработные родители (детей)", "Оба родителя имеют высшее образование",
    "Льготное питание", "Организован подвоз", "Проживают в интернате",
]  # fmt: skip


def passports(region: Region, answers: ContextAnswers, year: int) -> dict[int, list[int]]:
    """Counts of the social passport by school, driven by the school's social context."""
    rng = region.rng("passport", year)
    found: dict[int, list[int]] = {}
    for school in region.open_schools(year):
        s = float(answers.social[school.index])
        n = int(answers.total[school.index])

        def part(base: float, slope: float, low: float = 0.0) -> int:
            rate = float(np.clip(base + slope * s + rng.normal(0, abs(slope) * 0.35 + 0.004), low, 0.95))  # noqa: B023
            return int(rng.binomial(n, rate))  # noqa: B023

        orphans = part(0.012, -0.005)
        register = part(0.03, -0.015)
        rural = school.locality in ("village", "settlement")
        found[school.index] = [
            n, int(n * 0.82), part(0.24, -0.05, 0.02), part(0.16, -0.04, 0.02), part(0.22, -0.09, 0.02),
            orphans + part(0.015, -0.006), orphans, part(0.022, -0.004), part(0.05, -0.02),
            part(0.018, -0.011), register,
            min(register, part(0.014, -0.008)), part(0.05, -0.02), part(0.08, -0.04, 0.005),
            part(0.30, 0.13, 0.02),
            part(0.28, -0.10, 0.03), part(0.18, 0.0) if rural else 0, 0,
        ]  # fmt: skip
    return found


def access_sheet(region: Region, answers: ContextAnswers, year: int) -> Sheet:
    rng = region.rng("access", year)
    step = year - region.first
    rows: list[list[Any]] = [["school_id", "condition", "is_met", "evidence"]]
    for school in region.open_schools(year):
        i = school.index
        chance = 0.72 + 0.05 * answers.social[i] + 0.06 * step
        for condition in CONDITIONS:
            met = (
                bool(answers.speed[i] >= 2) if condition == "internet_speed" else bool(rng.random() < chance)
            )
            rows.append(
                [school.digits, condition, "да" if met else "нет", f"Акт № {i + 1}/{year}" if met else None]
            )
    return Sheet("Условия", rows)


def membership_sheet(region: Region, all_members: Iterable[Member], year: int) -> Sheet:
    rows: list[list[Any]] = [["school_id", "programme", "role", "valid_from", "valid_to"]]
    for m in all_members:
        if m.start <= date(year, 8, 31):
            end = m.end if m.end and m.end <= date(year, 8, 31) else None
            rows.append([region.schools[m.school].digits, PROGRAMME, m.role, m.start, end])
    return Sheet("Участники", rows)


def overrides_sheet(region: Region, low: set[int], year: int) -> Sheet:
    """The commission's decisions on the labels of a year.

    The largest low school is left out until the end of the calendar year, the smallest school with planted
    low results, for which the results are too few, is put on the list until further notice.
    """
    rows: list[list[Any]] = [
        ["school_id", "rule_id", "school_year", "label", "decided_by", "decided_on", "reason", "valid_until"]
    ]
    who, when = "Региональный координатор программы", date(year, 9, 15)

    def add(school: int, label: str, reason: str, until: date | None) -> None:
        rows.append([region.schools[school].digits, "ru_30x2", year, label, who, when, reason, until])

    if low:
        largest = max(low, key=lambda i: region.schools[i].size)
        add(largest, "exclude", "Школа уже участвует в другом проекте поддержки", date(year, 12, 31))
    planted = [i for i, reason in enumerate(region.low_reason) if reason == "teaching"]
    if planted:
        smallest = min(planted, key=lambda i: region.schools[i].size)
        add(smallest, "include", "Участников мало, решение по данным за два года и посещению школы", None)
    return Sheet("", rows)


def organisations_sheet() -> Sheet:
    rows: list[list[Any]] = [["partner_id", "name", "kind"]]
    rows += [[f"P{n:02d}", name, kind] for n, (kind, name) in enumerate(PARTNERS, start=1)]
    return Sheet("", rows)


def coordinator(number: int) -> names.Person:
    """The placeholder of a network's coordinator."""
    return names.person(1_000 + number)


def partnerships_sheet(region: Region, supported: Iterable[int], year: int) -> Sheet:
    """Networks of supported schools grow from year to year."""
    rows: list[list[Any]] = [
        [
            "network",
            "school_id",
            "partner_id",
            "kind",
            "coordinator",
            "curator",
            "form",
            "valid_from",
            "valid_to",
        ]
    ]
    for school in sorted(supported):
        town = region.schools[school].municipality
        person = coordinator(town)
        curator = coordinator(500 + town)
        for partner in range(min(len(PARTNERS), 2 + (year - region.first) + school % 3)):
            which = (partner + school) % len(PARTNERS)
            rows.append([
                f"Сеть-{town + 1:02d}", region.schools[school].digits, f"P{which + 1:02d}",
                PARTNERSHIP_KINDS[which],
                f"{person.surname} {person.name}", f"{curator.surname} {curator.name}", "договор",
                day(year, 9, 1),
                date(year, 8, 31),
            ])  # fmt: skip
    return Sheet("", rows)


def communities_sheet(region: Region, answers: ContextAnswers, year: int) -> Sheet:
    rng = region.rng("communities", year)
    rows: list[list[Any]] = [["community", "school_id", "teachers_n"]]
    for school in region.open_schools(year):
        joining = min(0.9, 0.4 + 0.1 * (year - region.first))
        for subject in ("учителей математики", "учителей русского языка"):
            rows.append([
                f"Сообщество {subject}", school.digits,
                int(rng.binomial(max(1, answers.teachers[school.index] // 8), joining)),
            ])  # fmt: skip
    return Sheet("", rows)


def documents_sheet(region: Region, supported: Iterable[int], year: int) -> Sheet:
    rows: list[list[Any]] = [["school_id", "municipality_id", "document", "kind", "approved"]]
    for town in region.municipalities:
        if (town.index + year) % 7:
            rows.append(
                [
                    None,
                    str(town.msu),
                    f"Муниципальная программа поддержки школ {year}",
                    "programme",
                    day(year, 9, 10),
                ]
            )
        rows.append(
            [None, str(town.msu), f"Приказ о дорожной карте № {town.index + 11}", "order", day(year, 9, 15)]
        )
    for school in sorted(supported):
        digits = region.schools[school].digits
        rows.append([digits, None, "Программа перехода в эффективный режим", "programme", day(year, 9, 25)])
        if (school + year) % 5:
            rows.append([digits, None, "Дорожная карта школы", "roadmap", day(year, 10, 1)])
    return Sheet("", rows)


def activities_sheet(region: Region, answers: ContextAnswers, supported: Iterable[int], year: int) -> Sheet:
    rng = region.rng("activities", year)
    rows: list[list[Any]] = [["school_id", "kind", "period", "participants_role", "participants_n"]]
    plan = (
        ("consultation", "students", 0.25), ("psychological", "students", 0.12), ("family", "families", 0.15),
        ("advanced_course", "students", 0.08), ("remedial", "students", 0.18),
    )  # fmt: skip
    for school in sorted(supported):
        for kind, role, share in plan:
            for period in ("h1", "h2"):
                count = int(rng.binomial(int(answers.total[school]), share))
                rows.append([region.schools[school].digits, kind, period, role, count])
    return Sheet("", rows)


def events_sheet(region: Region, all_members: Iterable[Member], year: int) -> Sheet:
    """The roadmap: most events are held, some late, some never."""
    rng = region.rng("events", year)
    rows: list[list[Any]] = [
        ["programme", "event_id", "school_id", "role", "title", "form", "planned", "held", "participants_n"]
    ]
    active = sorted({(m.school, m.role) for m in all_members if m.in_year(year)})
    for number in range(12):
        planned = day(year, (9, 10, 11, 12, 1, 2, 3, 4, 5, 5, 11, 3)[number], 5 + number)
        takers = [pair for pair in active if (pair[0] + number) % 4 == 0] or active[:2]
        cancelled = rng.random() < 0.15
        held = None if cancelled else planned + timedelta(days=int(rng.integers(0, 15)))
        for school, role in takers:
            rows.append([
                PROGRAMME, f"М-{year}-{number + 1:02d}", region.schools[school].digits, role,
                EVENT_TITLES[number % len(EVENT_TITLES)], EVENT_FORMS[number % len(EVENT_FORMS)], planned,
                held,
                None if cancelled else int(rng.integers(5, 60)),
            ])  # fmt: skip
    return Sheet("", rows)


def risk_sheet(region: Region, answers: ContextAnswers, supported: Iterable[int], year: int) -> Sheet:
    rng = region.rng("risk", year)
    rows: list[list[Any]] = [["school_id", "factor", "level", "value"]]
    for school in sorted(supported):
        weak = region.low_reason[school] == "teaching"
        base = 45 - 8 * float(answers.social[school]) - 5 * (year - region.first)
        for number, factor in enumerate(FACTORS):
            push = 18 if (weak and number in (1, 2)) or (not weak and number in (5, 8, 9)) else 0
            value = float(np.clip(base + push + rng.normal(0, 12), 0, 100))
            level = "high" if value >= 65 else "medium" if value >= 40 else "low"
            rows.append([region.schools[school].digits, factor, level, round(value, 1)])
    return Sheet("", rows)


def deficits_sheet(region: Region, people: Iterable[Employee], supported: Iterable[int], year: int) -> Sheet:
    """Two waves a year; the second shows fewer deficits."""
    rng = region.rng("deficits", year)
    rows: list[list[Any]] = [["school_id", "wave", "subject", "deficit", "surveyed_n", "teachers_n"]]
    counts: dict[tuple[int, str], int] = {}
    for person in at_work(region, people, year):
        if person.subject in (RU, MA):
            key = (person.school, str(person.subject))
            counts[key] = counts.get(key, 0) + 1
    for school in sorted(supported):
        for subject in (RU, MA):
            surveyed = counts.get((school, subject), 0)
            if not surveyed:
                continue
            chosen = sorted(rng.choice(len(DEFICITS), 4, replace=False).tolist())
            for wave, rate in ((f"{year - 1}-10", 0.45), (f"{year}-04", 0.3)):
                for number in chosen:
                    found = int(rng.binomial(surveyed, rate))
                    rows.append(
                        [region.schools[school].digits, wave, subject, DEFICITS[number], surveyed, found]
                    )
    return Sheet("", rows)


def marks_sheet(region: Region, students: Students, supported: Iterable[int], year: int) -> Sheet:
    """Term marks by class; supported schools do better towards the end of the year."""
    rows: list[list[Any]] = [
        ["school_id", "class", "grade", "subject", "period", "mark_2_n", "mark_3_n", "mark_4_n", "mark_5_n"]
    ]
    helped = np.zeros(len(region.schools))
    helped[list(supported)] = 0.12
    kinds = np.array([s.kind for s in region.schools])
    for grade in (5, 9):
        cohort, places, school = students.enrolled(year, grade)
        keep = kinds[school] != EVENING
        places, school = places[keep], school[keep]
        number, size = position_in(school)
        classes = np.maximum(1, -(-size // 25))
        index = number * classes // size
        start = np.r_[True, (school[1:] != school[:-1]) | (index[1:] != index[:-1])]
        group = np.cumsum(start) - 1
        first = np.flatnonzero(start)
        for subject, own in ((RU, cohort.russian), (MA, cohort.mathematics)):
            rng = region.rng("marks", year, grade, subject)
            level = own[places] + 0.5 * region.effect_in(year)[school] + 0.3 * cohort.diligence[places]
            for term, period in enumerate(("q1", "q2", "q3", "q4", "year")):
                value = level + rng.normal(0, 0.35, len(level)) + helped[school] * (term if term < 4 else 2)
                mark = np.searchsorted(np.array([-2.1, -0.4, 1.0]), value)
                counts = np.bincount(group * 4 + mark, minlength=4 * len(first)).reshape(-1, 4)
                for row, place in enumerate(first.tolist()):
                    name = class_name(grade, int(index[place]), int(classes[place]))
                    digits = region.schools[int(school[place])].digits
                    rows.append([digits, name, grade, subject, period, *counts[row].tolist()])
    return Sheet("Отметки", rows)
