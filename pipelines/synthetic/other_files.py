"""Registers, aggregates, staff, context and programme: all files but the students' results."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from pipelines.synthetic import faults, layouts_context, layouts_registers, layouts_totals, programme
from pipelines.synthetic.inbox import Inbox
from pipelines.synthetic.layouts_context import ContextAnswers
from pipelines.synthetic.programme import Course, Employee, Member
from pipelines.synthetic.region import Region
from pipelines.synthetic.results_files import ResultFiles
from pipelines.synthetic.sheets import Draft, Sheet, csv_bytes
from pipelines.synthetic.students import Students
from pipelines.synthetic.truth import Truth
from pipelines.synthetic.works import MA, RU, Work


@dataclass
class OtherFiles:
    """Writes everything that isn't a student's result, once the results of all years are known."""

    region: Region
    students: Students
    truth: Truth
    inbox: Inbox
    results: ResultFiles
    answers: dict[int, ContextAnswers] = field(default_factory=dict)
    people: list[Employee] = field(default_factory=list)
    done: dict[int, list[Course]] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    supported: dict[int, set[int]] = field(default_factory=dict)

    def prepare(self) -> None:
        region = self.region
        self.answers = {year: ContextAnswers(region, self.students, year) for year in region.years}
        self.members = programme.members(
            region, {year: self.truth.low_schools(year) for year in region.years}
        )
        self.supported = {
            year: {m.school for m in self.members if m.role == "supported" and m.in_year(year)}
            for year in region.years
        }
        self.people = programme.staff(region, self.answers[region.first])
        self.done = programme.courses(region, self.people, self.supported)
        for town in region.municipalities:
            for number in (town.index, 500 + town.index):
                self.truth.persons["coordinator", number] = programme.coordinator(number)

    def write(self) -> None:
        for year in self.region.years:
            self._registers(year)
            self._context(year)
            self._staff(year)
            self._passports(year)
            self._programme(year)
        self._school_results()

    def _put(self, path: str, sheet: Sheet, year: int | None, contract: str = "", **csv: Any) -> Draft:
        """A draft with the manifest row of a file that can't say its year."""
        draft = Draft(path, [sheet], **csv)
        if year is not None:
            draft.manifest = {"contract": contract or path.split("/", 1)[0], "school_year": year}
        return draft

    @property
    def _dirty(self) -> bool:
        return self.inbox.with_faults

    def _is(self, year: int, place: int) -> bool:
        """Whether faults of this year's file are wanted: the first, second or last year."""
        years = self.region.years
        return self._dirty and year == years[min(place, len(years) - 1)]

    # registers

    def _registers(self, year: int) -> None:
        region, inbox = self.region, self.inbox
        sheet = layouts_registers.school_register(region, year)
        draft = self._put(f"school_register/school_register_{year}.csv", sheet, year)
        if self._is(year, 0):
            inn = str(sheet.rows[4][8])
            draft.put(
                5, 8, inn[:-1] + str((int(inn[-1]) + 1) % 10), "wrong_check_digit", "empty_with_warning", inn
            )
            inn = str(sheet.rows[6][8])
            draft.put(7, 8, inn.lstrip("0"), "leading_zeros_lost", "repair", inn)
            code = str(sheet.rows[8][6])
            draft.put(9, 6, code.lstrip("0"), "leading_zeros_lost", "repair", code)
            draft.put(10, 12, "vilage", "unknown_code_near_neighbour", "empty_with_warning", "village")
        if self._is(year, 2):
            faults.dates_as_text(draft, 14, inbox.rng(draft.path), (0, 1, 2))
        inbox.write(draft)
        inbox.write(
            self._put(f"school_register/Логины ОО {year}.xlsx", layouts_registers.logins(region, year), year)
        )
        if year == region.first:
            inbox.write(
                self._put("municipalities/MSU-list.csv", layouts_registers.municipality_list(region), year)
            )
        # autumn 2020's works belong to the school year 2021
        works = [w for group in self.results.works.values() for w in group if w.year == year]
        works += [
            w
            for group in self.results.works.values()
            for w in group
            if year == region.years[-1] and w.year > year
        ]
        # each work stands in one register: in the first year the scales of ВПР are a file of their own
        scaled = [w for w in works if w.kind == "ВПР"] if year == region.first else []
        listed = [w for w in works if w not in scaled]
        draft = self._put(
            f"assessment_register/assessment_register_{year}.csv",
            layouts_registers.assessment_register(listed, region.first),
            None,
        )
        if year == region.years[-1]:
            for subject in (RU, MA):
                draft.sheets[0].rows.append(
                    ["ГВЭ", subject, 9, year, "", "", 20, None, None, None, None, "false", ""]
                )
        if self._is(year, 1):
            draft.put(2, 0, "ВПP", "latin_letter_in_code", "repair", "ВПР with a Latin P")
        inbox.write(draft)
        if scaled:
            scales = layouts_registers.mark_scales(scaled)
            inbox.write(self._put(f"assessment_register/mark_scales_{year}.csv", scales, None))
        self._items(year, works)

    def _items(self, year: int, works: list[Work]) -> None:
        described = [
            w for w in works if w.kind == "ВПР" and w.grade == 4 and w.subject in (RU, MA) and w.year <= 2021
        ]
        keys = self.results.keys.get(year, ())
        listed = [w for w in works if w not in described]
        sheet = layouts_registers.assessment_items(listed, keys, by_position=year <= 2021)
        draft = self._put(
            f"assessment_items/assessment_items_{year}.{'csv' if year == self.region.first else 'xlsx'}",
            sheet,
            None,
        )
        if self._is(year, 1):
            draft.put(3, 9, "bazic", "unknown_code_near_neighbour", "empty_with_warning", "basic")
        self.inbox.write(draft)
        for work in described:
            season = " осень" if work.window else ""
            draft = Draft(
                f"assessment_items/Описание ВПР {year} {work.subject} {work.grade} класс{season}.xlsx",
                [layouts_registers.item_description(work)],
            )
            draft.manifest = {
                "contract": "assessment_items", "kind": "ВПР", "subject": work.subject, "grade": work.grade,
                "school_year": year, "window": work.window,
            }  # fmt: skip
            self.inbox.write(draft)

    # context

    def _context(self, year: int) -> None:
        answers = self.answers[year]
        name = f"context_form/Сбор контекстных данных об ОО {year}.xlsx"
        manifest = {"contract": "context_form", "school_year": year}
        if year <= 2021:
            draft = Draft(name, [layouts_context.form_2021(answers)], manifest=manifest)
            if self._is(year, 0):
                rows = draft.sheets[0].rows
                draft.put(4, 24, rows[3][24] + 12, "total_differs_from_grades", "finding")
                draft.put(
                    6,
                    53,
                    rows[5][52] + 3,
                    "part_above_whole",
                    "finding",
                    "highest category above all teachers",
                )
                draft.put(8, 52, 0, "no_teachers", "finding")
                draft.put(9, 9, "да", "lower_case_yes", "repair")
                draft.put(11, 79, "90%", "unit_in_number", "repair", "90")
        else:
            draft = Draft(name, layouts_context.form_2022(answers), manifest=manifest)
            if self._is(year, 1):
                rows = draft.sheets[0].rows
                inn = str(rows[3][2])
                draft.put(4, 2, inn.lstrip("0"), "leading_zeros_lost", "repair", inn)
                draft.put(6, 2, str(rows[5][2]) + "1", "inn_of_eleven_digits", "finding")
                draft.put(8, 2, "00" + str(rows[7][2]), "inn_of_twelve_digits", "finding")
                value = str(rows[6][8] or rows[11][8])
                row = 7 if rows[6][8] else 12
                draft.put(row, 8, value.replace(") ", ". ", 1), "label_of_another_year", "repair", value)
        self.inbox.write(draft)

    # staff

    def _staff(self, year: int) -> None:
        region, inbox = self.region, self.inbox
        sheet = programme.staff_sheet(region, self.people, year)
        draft = self._put(f"staff/Работники {year}.xlsx", sheet, year)
        if self._is(year, 0):
            draft.put(9, 6, "hihgest", "unknown_code_near_neighbour", "empty_with_warning", "highest")
            draft.put(12, 8, 1899, "value_out_of_range", "empty_with_warning")
            value = float(sheet.rows[14][4])
            draft.put(15, 4, f"{value:.2f}".replace(".", ","), "decimal_comma", "repair", str(value))
            faults.dates_as_text(draft, 10, inbox.rng(draft.path), (0, 1, 2, 3, 4))
            faults.table_notes(draft, ("Исполнитель: отдел кадров", "тел. не указан"))
        inbox.write(draft)
        draft = self._put(
            f"training/Повышение квалификации {year}.xlsx",
            programme.training_sheet(region, self.done[year]),
            year,
        )
        if self._is(year, 1):
            draft.put(4, 3, "Пoвышение квалификации", "latin_letter_in_code", "repair", "a Latin o")
            draft.put(6, 5, "0", "value_out_of_range", "reject_row")
            faults.duplicate_row(draft, 8)
            faults.dates_as_text(draft, 6, inbox.rng(draft.path), (0, 1, 2, 3))
        inbox.write(draft)
        sheet = programme.staffing_sheet(region, self.people, self.done, year)
        is_text = year == region.years[-1]
        draft = self._put(
            f"staffing/Кадры {year}.{'csv' if is_text else 'xlsx'}",
            sheet,
            year,
            delimiter=";",
            encoding="cp1251",
        )
        if self._is(year, 0):
            faults.decimal_comma(draft, 3, 2)
            faults.formula_without_value(draft, 5, 5)
            faults.error_cell(draft, 8, 13)
            draft.put(
                10, 8, int(sheet.rows[9][6]) + 2, "part_above_whole", "finding", "trained above the headcount"
            )
            draft.put(
                12,
                4,
                f"{NBSP_NUMBER}",
                "space_inside_number",
                "empty_with_warning",
                "above the limit of 1,000",
            )
            width = len(sheet.rows[0])
            sheet.rows.append(
                [
                    "Итого",
                    None,
                    sum(r[2] for r in sheet.rows[1:] if isinstance(r[2], float)),
                    *[None] * (width - 3),
                ]
            )
            draft.note(len(sheet.rows), 0, "totals_row", "not_a_row")
            faults.table_notes(draft, ("Примечание: совместители учтены один раз",))
        if self._is(year, 1):
            draft.put(4, 1, "techers", "unknown_code_near_neighbour", "reject_row", "teachers")
            draft.put(6, 2, -1, "value_out_of_range", "reject_row")
        inbox.write(draft)

    # social passports

    def _passports(self, year: int) -> None:
        region, inbox = self.region, self.inbox
        counts = programme.passports(region, self.answers[year], year)
        own: list[int] = []
        if year == region.years[-1]:
            own = [s for s in sorted(counts) if region.schools[s].size >= 12][2:5]
        rows: list[list[Any]] = [list(programme.PASSPORT_FIELDS)]
        rows += [[region.schools[s].digits, *values] for s, values in sorted(counts.items()) if s not in own]
        draft = self._put(f"social_passport/Социальные паспорта {year}.xlsx", Sheet("Паспорта", rows), year)
        if self._is(year, 0):
            draft.put(4, 5, rows[3][1] + 40, "part_above_whole", "finding", "low income above all students")
            value = int(rows[5][1])
            draft.put(6, 1, f" {value}\u00a0", "space_around_number", "repair", str(value))
            draft.put(8, 8, "нет", "text_in_number", "empty_with_warning")
        inbox.write(draft)
        for school in own:
            place = region.schools[school]
            head = list(programme.PASSPORT_FREE)
            values: list[Any] = [place.edu, *counts[school]]
            if school == own[0]:
                head[3:3] = ["Полные семьи"]
                values[3:3] = [int(counts[school][1] * 0.7)]
            width = len(head)
            title = f"Социальный паспорт {region.name(place, year)} на 01.10.{year - 1}"
            sheet = Sheet(
                "Лист1",
                [[title, *[None] * (width - 1)], [None] * width, head, values],
                header=3, merges=[(1, 0, 1, width - 1)],
            )  # fmt: skip
            draft = self._put(f"social_passport/{place.edu} социальный паспорт {year}.xlsx", sheet, year)
            if self._dirty and school == own[-1]:
                draft.put(
                    3, 6, "Находятся под\nопекой", "line_break_in_header", "repair", "Находятся под опекой"
                )
            inbox.write(draft)
        if self._is(year, 2):
            self._person_level(year)
            self._newer_version(year, counts)

    def _person_level(self, year: int) -> None:
        """A passport that names children: the whole file is refused at the door."""
        school = self.region.schools[0]
        rows: list[list[Any]] = [
            [
                "№",
                "ФИО ребёнка",
                "Дата рождения",
                "Класс",
                "Многодетная семья",
                "Неполная семья",
                "Под опекой",
            ]
        ]
        from_ = programme.coordinator
        for number in range(1, 7):
            person = from_(900 + number)
            self.truth.persons["child", 900 + number] = person
            rows.append(
                [
                    number,
                    f"{person.surname} {person.name} {person.patronymic}",
                    f"0{number}.0{number}.2010",
                    "5а",
                    "да" if number % 2 else "",
                    "",
                    "да" if number == 4 else "",
                ]
            )
        path = f"social_passport/{school.edu} социальный паспорт поимённый {year}.xlsx"
        draft = self._put(path, Sheet("Лист1", rows), year)
        draft.note(0, 1, "person_level_passport", "reject_file", "names of children")
        self.inbox.write(draft)

    def _newer_version(self, year: int, counts: dict[int, list[int]]) -> None:
        """One school corrects its numbers later: the newer file supersedes the older for that school."""
        school = next(s for s in sorted(counts) if self.region.schools[s].size < 12)
        values = list(counts[school])
        values[5] += 1
        rows: list[list[Any]] = [
            list(programme.PASSPORT_FIELDS),
            [self.region.schools[school].digits, *values],
        ]
        draft = self._put(f"social_passport/Социальный паспорт {year} уточнение.csv", Sheet("", rows), year)
        draft.note(
            2,
            0,
            "newer_version",
            "finding",
            f"supersedes the school's row in Социальные паспорта {year}.xlsx",
        )
        self.inbox.write(draft, datetime(2024, 3, 1, 9, tzinfo=UTC))

    # programme

    def _programme(self, year: int) -> None:
        region, inbox, answers = self.region, self.inbox, self.answers[year]
        supported = self.supported[year]
        sheets = {
            "access_conditions": programme.access_sheet(region, answers, year),
            "programme_membership": programme.membership_sheet(region, self.members, year),
            "label_overrides": programme.overrides_sheet(region, self.truth.low_schools(year), year),
            "organisations": programme.organisations_sheet(),
            "partnerships": programme.partnerships_sheet(region, supported, year),
            "communities": programme.communities_sheet(region, answers, year),
            "programme_documents": programme.documents_sheet(region, supported, year),
            "support_activities": programme.activities_sheet(region, answers, supported, year),
            "events": programme.events_sheet(region, self.members, year),
            "risk_profile": programme.risk_sheet(region, answers, supported, year),
            "teacher_deficits": programme.deficits_sheet(region, self.people, supported, year),
            "school_marks": programme.marks_sheet(region, self.students, supported, year),
        }
        for kind, sheet in sheets.items():
            suffix = (
                "xlsx" if kind in ("school_marks", "programme_membership", "access_conditions") else "csv"
            )
            draft = self._put(f"{kind}/{kind}_{year}.{suffix}", sheet, year)
            if kind == "programme_documents" and self._is(year, 1):
                self._text_named_workbook(draft)
                continue
            if self._dirty and len(sheet.rows) > 9:
                self._programme_faults(kind, draft, year)
            inbox.write(draft)

    def _programme_faults(self, kind: str, draft: Draft, year: int) -> None:
        rng = self.inbox.rng(draft.path)
        rows = draft.sheets[0].rows
        if kind == "programme_membership" and self._is(year, 0):
            draft.put(3, 2, "suported", "unknown_code_near_neighbour", "reject_row", str(rows[2][2]))
            faults.dates_as_text(draft, 3, rng, (0, 1, 2, 3))
        elif kind == "access_conditions" and self._is(year, 0):
            draft.put(4, 2, "может быть", "unknown_yes_or_no", "reject_row")
            draft.put(7, 2, "ДА", "upper_case_yes", "repair") if rows[6][2] == "да" else None
            draft.put(9, 1, None, "missing_key", "reject_row", str(rows[8][1]))
        elif kind == "events" and self._is(year, 0):
            draft.put(5, 7, f"31.02.{year}", "impossible_date", "empty_with_warning")
            draft.put(6, 8, "около 20", "text_in_number", "empty_with_warning")
            faults.dates_as_text(draft, 7, rng, (0, 1, 3, 4))
        elif kind == "partnerships" and self._is(year, 1):
            draft.put(3, 3, "mentorng", "unknown_code_near_neighbour", "reject_row", "mentoring")
            if isinstance(rows[4][8], date):
                draft.put(5, 8, date(year - 2, 8, 31), "end_before_beginning", "finding")
        elif kind == "risk_profile" and self._is(year, 0):
            value = float(rows[2][3])
            draft.put(3, 3, f"{value:.1f}".replace(".", ","), "decimal_comma", "repair", str(value))
            draft.put(5, 3, 250, "value_out_of_range", "empty_with_warning")
        elif kind == "teacher_deficits" and self._is(year, 2):
            draft.put(
                3,
                5,
                int(rows[2][4]) + 4,
                "part_above_whole",
                "finding",
                "teachers with the deficit above the surveyed",
            )
        elif kind == "school_marks" and self._is(year, 0):
            draft.put(4, 3, "Матиматика", "unknown_code_near_neighbour", "reject_row", str(rows[3][3]))
            draft.put(6, 5, -2, "value_out_of_range", "reject_row")
            draft.put(8, 4, "q9", "unknown_code_near_neighbour", "reject_row", str(rows[7][4]))
        elif kind == "support_activities" and self._is(year, 2):
            draft.put(3, 4, None, "missing_required", "reject_row", str(rows[2][4]))
            faults.duplicate_row(draft, 5)
        elif kind == "communities" and self._is(year, 1):
            value = int(rows[4][2])
            draft.put(5, 2, f"{value} чел.", "unit_in_number", "repair", str(value))

    def _text_named_workbook(self, draft: Draft) -> None:
        """A csv that somebody renamed to .xlsx."""
        path = draft.path.replace(".csv", ".xlsx")
        content = csv_bytes(draft.sheets[0], ",", "utf-8", "\n")
        self.inbox.write_bytes(path, content, "csv_named_xlsx", "repair", "read by its content")
        folder, _, name = path.partition("/")
        self.inbox.manifests.setdefault(folder, []).append({"file": name, **(draft.manifest or {})})

    # aggregates

    def _school_results(self) -> None:
        region = self.region
        last = region.years[-1]
        sheets: list[Sheet] = []
        russian, _ = self.results.exams[last]
        counts = np.bincount(russian.school, minlength=len(region.schools))
        coming = {s.index: int(counts[s.index]) for s in region.open_schools(last) if counts[s.index]}
        sheets.append(layouts_totals.ege_applications(region, last + 1, coming))
        for year in sorted(region.years, reverse=True):
            sheets.append(layouts_totals.ege_by_school(region, year, *self.results.exams[year]))
        draft = Draft(f"school_results/ЕГЭ по школам {region.first}-{last}.xlsx", sheets)
        draft.manifest = {"contract": "school_results", "kind": "ЕГЭ", "grade": 11}
        if self._dirty:
            rows = sheets[-1].rows
            draft.put(
                10,
                5,
                (rows[9][5] or 0) + 3,
                "printed_total_differs",
                "finding",
                "region, Russian, below the minimum",
                sheet=len(sheets) - 1,
            )
            draft.put(
                10,
                8,
                round(float(rows[9][8]) + 0.8, 2),
                "printed_mean_differs",
                "finding",
                "region, Russian, mean",
                sheet=len(sheets) - 1,
            )
        self.inbox.write(draft)
        nine = self.students.sit(
            next(w for w in self.results.works[last] if w.kind == "РДР" and w.window == "final")
        )
        sheet = layouts_totals.study(region, nine, last)
        self.inbox.write(self._put(f"school_results/МСИ {last}.csv", sheet, last))


NBSP_NUMBER = "1\u00a0234,5"
