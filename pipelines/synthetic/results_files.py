"""Everything that students sat: the files of ``student_results`` and the totals printed from them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pipelines.synthetic import faults, layouts_gia, layouts_totals, layouts_vpr
from pipelines.synthetic.inbox import Inbox
from pipelines.synthetic.region import CORRECTIONAL, Region
from pipelines.synthetic.sheets import Draft, Sheet
from pipelines.synthetic.students import Sitting, Students, class_name
from pipelines.synthetic.truth import Truth
from pipelines.synthetic.works import (
    CHOICE_ITEMS,
    EGE,
    F1_WORK,
    FORM_WORK,
    MA,
    MA_BASE,
    MA_PROFILE,
    OGE,
    RDR_GAIN,
    RDR_WINDOWS,
    RU,
    VPR,
    Plan,
    Work,
    choice,
    diagnostic,
    draw,
    respond,
)  # fmt: skip

FOLDER = "student_results"
FORM_ROWS = 50
VPR_DATES = {MA: "{}.03.16", RU: "{}.03.23"}
EXAM_DATES = {
    ("ОГЭ", RU): "{}.06.07", ("ОГЭ", MA): "{}.05.24", ("ЕГЭ", RU): "{}.05.30",
    ("ЕГЭ", MA_PROFILE): "{}.06.02",
    ("ЕГЭ", MA_BASE): "{}.06.03",
}  # fmt: skip
RESERVE_DATES = {RU: "{}.06.27", MA: "{}.06.29", MA_PROFILE: "{}.06.28", MA_BASE: "{}.06.30"}


@dataclass
class ResultFiles:
    """Writes a year's results; keeps what later files are made of."""

    region: Region
    students: Students
    truth: Truth
    inbox: Inbox
    works: dict[int, list[Work]] = field(default_factory=dict)
    keys: dict[int, tuple[str, ...]] = field(default_factory=dict)
    exams: dict[int, tuple[Sitting, Sitting]] = field(default_factory=dict)

    def write_year(self, year: int) -> None:
        self._vpr(year)
        if year != 2020:
            self._oge(year)
        self._ege(year)
        self._diagnostics(year)
        if year == self.region.years[-1]:
            self._forms(year)
            self._choice(year)
            self._certificate_exam(year)
            if self.inbox.with_faults:
                self._broken_files(year)

    def _work(self, plan: Plan, year: int) -> Work:
        work = draw(plan, year, self.region.rng("work", plan.kind, plan.subject, plan.grade, year))
        self._register(work)
        return work

    def _register(self, work: Work) -> None:
        self.works.setdefault(work.year, []).append(work)
        self.truth.add_work(work)

    # ВПР

    def _vpr(self, year: int) -> None:
        if year == 2020:
            for plan in VPR[:2]:
                self._vpr_2020(plan)
            return
        for number, plan in enumerate(VPR):
            work = self._work(plan, year)
            sitting = self.students.sit(work)
            if plan.subject == MA and plan.grade == 5:
                self._untaught_topic(sitting)
            self.truth.add_sitting(sitting)
            path = f"{FOLDER}/ВПР {year} {plan.subject} {plan.grade} класс.xlsx"
            if year <= 2021:
                draft = Draft(path, [layouts_vpr.bulk_2021(self.region, sitting)])
                if self.inbox.with_faults:
                    faults.vpr_2021(draft, sitting, self.inbox.rng(path), number)
            else:
                draft = Draft(path, layouts_vpr.bulk_2022(self.region, sitting))
                if self.inbox.with_faults and number in (1, 4):
                    faults.vpr_2022(draft, sitting, self.inbox.rng(path), number // 4)
                if self.inbox.with_faults and number == 0 and year == max(2022, self.region.first):
                    largest = int(np.argmax(np.bincount(sitting.school[sitting.present])))
                    faults.criterion_left_out(draft, sitting, largest, 9)
            self.inbox.write(draft)
            if plan.grade == 5:
                self._totals(sitting, number)

    def _vpr_2020(self, plan: Plan) -> None:
        """The work of spring 2020, written in autumn by the same students in the next grade."""
        drawn = draw(plan, 2020, self.region.rng("work", plan.kind, plan.subject, plan.grade, 2020))
        sitting = self.students.sit(drawn)
        work = replace(drawn, year=2021, window="input")
        self._register(work)
        sitting.work = work
        self.truth.add_sitting(sitting)
        path = f"{FOLDER}/ВПР 2020 {plan.subject} {plan.grade} класс.xlsx"
        draft = Draft(path, [layouts_vpr.bulk_2020(self.region, sitting)])
        draft.manifest = {
            "contract": FOLDER, "kind": "ВПР", "subject": plan.subject, "grade": plan.grade,
            "school_year": 2021,
            "window": "input",
        }  # fmt: skip
        if self.inbox.with_faults:
            row = 2 + int(np.flatnonzero(sitting.present)[3])
            code = draft.sheets[0].rows[row - 1][3]
            draft.put(row, 3, f"{code}.0", "number_as_text", "repair", str(code))
        self.inbox.write(draft)

    def _untaught_topic(self, sitting: Sitting) -> None:
        schools = [s.index for s in self.region.open_schools(sitting.work.year) if s.size > 15]
        faults.not_taught(sitting, schools[sitting.work.year % len(schools)], 7)

    def _totals(self, sitting: Sitting, number: int) -> None:
        """Ф3 and the comparison with the journal, as the federal system prints them."""
        work = sitting.work
        date = VPR_DATES[work.subject].format(work.year)
        date = ".".join(reversed(date.split(".")))
        label = f"(ВПР {work.year} {layouts_totals.SHORT_NAMES[work.subject]}{work.grade})"
        draft = Draft(
            f"control_totals/Ф3_Статистика по отметкам {label}.xlsx",
            [layouts_totals.f3(self.region, sitting, date)],
        )
        rows = draft.sheets[0].rows
        if self.inbox.with_faults and number == 2:
            draft.put(
                11,
                2,
                rows[10][2] + 7,
                "printed_total_differs",
                "finding",
                "a municipality's number of students",
            )
        if self.inbox.with_faults and number == 3:
            last = rows[-1]
            rows[-1] = [last[0], *last[2:], None]
            draft.note(
                len(rows), 1, "school_row_shifted_left", "repair", "the school's row lacks the empty cell"
            )
        self.inbox.write(draft)
        self.inbox.write(
            Draft(
                f"control_totals/Сравнение отметок с отметками по журналу {label}.xlsx",
                [layouts_totals.journal_comparison(self.region, sitting, date)],
            )
        )

    def _forms(self, year: int) -> None:
        """Collection forms of single schools, and Ф1 of one school."""
        work = self._work(FORM_WORK, year)
        sitting = self.students.sit(work)
        present = np.bincount(sitting.school[sitting.present], minlength=len(self.region.schools))
        chosen = [int(s) for s in np.argsort(-present, kind="stable") if present[s]]
        chosen = sorted(chosen[2 : 2 + max(3, len(self.region.schools) // 15)])
        self.truth.add_sitting(_only(sitting, np.isin(sitting.school, chosen)))
        for school in chosen:
            edu = self.region.schools[school].edu
            path = f"{FOLDER}/{edu} Форма сбора результатов {work.subject} {work.grade} класс ВПР {year}.xlsx"
            mine = sitting.school == school
            rows = max(FORM_ROWS, int(mine.sum()) + 20)
            self.inbox.write(Draft(path, layouts_vpr.collection_form(sitting, mine, rows)))
        work = self._work(F1_WORK, year)
        sitting = self.students.sit(work)
        present = np.bincount(sitting.school[sitting.present], minlength=len(self.region.schools))
        school = int(np.argsort(-present, kind="stable")[1])
        self.truth.add_sitting(_only(sitting, sitting.school == school))
        sheet = layouts_vpr.f1(self.region, sitting, school, f"20.04.{year}")
        draft = Draft(f"{FOLDER}/Ф1_Индивидуальные результаты (ВПР {year} ОКР4).xlsx", [sheet])
        if self.inbox.with_faults:
            column = next(c for c, name in enumerate(sheet.rows[7]) if str(name).startswith("8К1"))
            name = str(sheet.rows[7][column])
            draft.put(8, column, name.replace("К", "K"), "latin_letter_in_item_name", "repair", name)
        self.inbox.write(draft)

    # ГИА

    def _oge(self, year: int) -> None:
        sections: list[list[list[Any]]] = []
        late: list[list[list[Any]]] = []
        extra: Sitting | None = None
        for plan in OGE:
            work = self._work(plan, year)
            sitting = self.students.sit(work, absent=0.07)
            self.truth.add_sitting(sitting)
            sections.append(
                self._section(layouts_gia.page_section, sitting, EXAM_DATES["ОГЭ", plan.subject].format(year))
            )
            again = self._reserve(sitting)
            if year == self.region.years[-1] and plan.subject == RU:
                extra = again
                continue
            late.append(
                layouts_gia.page_section(
                    self.region, again, np.arange(len(again)), RESERVE_DATES[plan.subject].format(year)
                )
            )
        path = f"{FOLDER}/Протокол РЦОИ ОГЭ {year}.xlsx"
        draft = Draft(path, [layouts_gia.oge_page([*sections, *late])])
        if self.inbox.with_faults and year == self.region.first:
            self._oge_faults(draft, len(sections[0]))
        self.inbox.write(draft)
        if extra is not None:
            self.inbox.write(
                Draft(
                    f"{FOLDER}/OGE_RUS_{RESERVE_DATES[RU].format(year)}_reserve.csv",
                    [layouts_gia.english_csv(self.region, extra, np.arange(len(extra)))],
                    manifest={
                        "contract": FOLDER, "kind": "ОГЭ", "subject": RU, "grade": 9, "school_year": year,
                        "window": "",
                    },
                    delimiter=";", encoding="cp1251",
                )
            )  # fmt: skip

    def _oge_faults(self, draft: Draft, first: int) -> None:
        rng = self.inbox.rng(draft.path)
        rows = 6 + rng.permutation(first - 4)[:6]
        for row in rows[:2].tolist():
            code = draft.sheets[0].rows[row - 1][1]
            draft.put(row, 1, int(code), "leading_zeros_lost", "repair", str(code))
        draft.put(int(rows[2]), 20, 6, "mark_out_of_range", "reject_row")
        row = int(rows[3])
        draft.put(row, 18, draft.sheets[0].rows[row - 1][18] + 1, "total_differs_from_items", "finding")
        row = int(rows[4])
        value = str(draft.sheets[0].rows[row - 1][2])
        draft.put(row, 2, f" {value} ", "spaces_around_class", "repair", value)

    def _section(self, layout: Any, sitting: Sitting, date: str) -> list[list[Any]]:
        chosen = np.flatnonzero(sitting.present)
        self.truth.add_participants(sitting.student_id)
        section: list[list[Any]] = layout(self.region, sitting, chosen, date)
        return section

    def _reserve(self, sitting: Sitting) -> Sitting:
        """Who was absent sits on a reserve day, who failed sits again, better prepared."""
        rng = self.region.rng("reserve", sitting.work.kind, sitting.work.subject, sitting.work.year)
        again = sitting.is_absent & (rng.random(len(sitting)) < 0.7)
        again |= sitting.below & (rng.random(len(sitting)) < 0.75)
        late = _only(sitting, again)
        late.theta = late.theta + 0.45
        late.scores = respond(rng, late.theta, late.work, np.zeros(len(late), int))
        late.is_absent = np.zeros(len(late), bool)
        late.total = late.scores.sum(axis=1).astype(int)
        if late.work.mark_from:
            late.mark = late.work.mark(late.total)
            if late.work.kind == "ОГЭ" and late.work.subject == MA:
                geometry = late.scores[:, 14:19].sum(axis=1) + late.scores[:, 22:25].sum(axis=1)
                late.mark = np.where((late.mark > 2) & (geometry < 2), 2, late.mark)
        late.score = late.work.test_scores[late.total] if late.work.test_scores is not None else late.total
        final_total, final_mark, final_score = (
            sitting.total.copy(),
            sitting.mark.copy(),
            np.asarray(sitting.score).copy(),
        )
        final_total[again], final_mark[again], final_score[again] = late.total, late.mark, late.score
        never = sitting.is_absent & ~again
        final_total[never], final_mark[never], final_score[never] = -1, 0, -1
        self.truth.add_finals(sitting, final_total, final_mark, final_score)
        return late

    def _ege(self, year: int) -> None:
        plans = EGE if year not in (2020, 2021) else EGE[:2]
        sittings: dict[str, Sitting] = {}
        for plan in plans:
            takers = {RU: 1.0, MA_PROFILE: 0.55, MA_BASE: 0.55}[plan.subject]
            sitting = self.students.sit(
                self._work(plan, year), absent=0.05, takers=takers, complement=plan.subject == MA_BASE
            )
            self.truth.add_sitting(sitting)
            sittings[plan.subject] = sitting
        self.exams[year] = (sittings[RU], sittings[MA_PROFILE])
        pages: dict[str, list[list[Any]]] = {}
        form = (year - self.region.first) % 3
        for plan in plans:
            sitting = sittings[plan.subject]
            layout = layouts_gia.dense_section if plan.subject == MA_BASE else layouts_gia.sparse_section
            main = self._section(layout, sitting, EXAM_DATES["ЕГЭ", plan.subject].format(year))
            again = self._reserve(sitting)
            rows = main
            if len(again):
                rows = main + layout(
                    self.region, again, np.arange(len(again)), RESERVE_DATES[plan.subject].format(year)
                )
            if form == 2:
                # one report template a page: base mathematics has another
                pages.setdefault("Page 2" if plan.subject == MA_BASE else "Page 1", []).extend(rows)
                continue
            is_text = (plan.subject == MA_PROFILE and form == 0) or (plan.subject == MA_BASE and form == 1)
            draft = Draft(
                f"{FOLDER}/ЕГЭ {plan.subject} {year}.{'csv' if is_text else 'xlsx'}",
                [Sheet("Page 1", rows, header=2)],
                delimiter=";", encoding="cp1251", newline="\r\n" if form == 0 else "\n",
            )  # fmt: skip
            if self.inbox.with_faults and plan.subject == MA_PROFILE:
                self._ege_faults(draft, len(main))
            self.inbox.write(draft)
        if form == 2:
            draft = Draft(
                f"{FOLDER}/ЕГЭ {year} основной период и резерв.xlsx",
                [Sheet(name, rows, header=2) for name, rows in pages.items()],
            )
            self.inbox.write(draft)
        self._appeals(year, sittings[RU])

    def _ege_faults(self, draft: Draft, section: int) -> None:
        rng = self.inbox.rng(draft.path)
        rows = 3 + rng.permutation(section - 6)[:2]
        row = int(rows[0])
        cells = draft.sheets[0].rows[row - 1]
        draft.put(
            row,
            20,
            str(cells[20])[:-1] + "?",
            "unknown_answer_sign",
            "reject_row",
            "not a score",
        )
        row = int(rows[1])
        draft.put(row, 4, "999999", "unknown_school", "finding", "not in the register: a placeholder")

    def _appeals(self, year: int, sitting: Sitting) -> None:
        rng = self.region.rng("appeals", year)
        present = np.flatnonzero(sitting.present)
        chosen = np.sort(rng.choice(present, max(3, len(present) // 80), replace=False))
        rows: list[list[Any]] = []
        assert sitting.work.test_scores is not None
        for number, place in enumerate(chosen.tolist(), start=1):
            school = self.region.schools[sitting.school[place]]
            person = layouts_gia.person_of(int(sitting.student_id[place]))
            before = int(sitting.total[place])
            now = min(before + (int(rng.integers(1, 4)) if number % 3 else 0), sitting.work.max_score)
            scores = int(sitting.work.test_scores[before]), int(sitting.work.test_scores[now])
            rows.append([
                number, RU, self.region.municipalities[school.municipality].msu, int(school.ege_code),
                person.surname,
                person.name, person.patronymic, person.series, person.number,
                "О несогласии с выставленными баллами" if number % 2 else "Перепроверка",
                "Удовлетворена" if now > before else "Отклонена", before, scores[0], now, scores[1],
                scores[1] - scores[0],
            ])  # fmt: skip
        sheet = layouts_gia.appeals(self.region, rows, year)
        self.inbox.write(
            Draft(
                f"{FOLDER}/Апелляции ЕГЭ {year}.xlsx", [sheet],
                manifest={
                    "contract": "appeals", "kind": "ЕГЭ", "subject": RU, "grade": 11, "school_year": year,
                    "window": "",
                },
            )
        )  # fmt: skip

    def _certificate_exam(self, year: int) -> None:
        """ГВЭ of the correctional school: marks only."""
        region = self.region
        rng = region.rng("certificate", year)
        _, places, school = self.students.enrolled(year, 9)
        kinds = np.array([s.kind for s in region.schools])
        rows: list[list[Any]] = [["kind", "subject", "grade", "school_id", "student_id", "mark"]]
        for subject in (RU, MA):
            for place in np.flatnonzero(kinds[school] == CORRECTIONAL).tolist():
                digits = region.schools[school[place]].digits
                rows.append(
                    [
                        "ГВЭ",
                        subject,
                        9,
                        digits,
                        f"{digits}-{int(places[place]) % 10_000:04d}",
                        int(rng.choice((2, 3, 3, 4, 4, 5))),
                    ]
                )
        manifest = {"contract": FOLDER, "school_year": year}
        self.inbox.write(Draft(f"{FOLDER}/ГВЭ {year}.csv", [Sheet("", rows)], manifest=manifest))

    # diagnostic works

    def _diagnostics(self, year: int) -> None:
        step = year - self.region.first
        for number, window in enumerate(RDR_WINDOWS):
            leaked = step == 2 and window == "final"
            work = diagnostic(year, window, self.region.seed, leaked)
            self._register(work)
            sitting = self.students.sit(work, gain=RDR_GAIN[window] + 0.06 * step)
            self.truth.add_sitting(sitting)
            sheet = self._diagnostic_sheet(sitting, as_login=window == "final")
            name = f"{FOLDER}/РДР {year} математика 9 {('входная', 'промежуточная', 'итоговая')[number]}"
            draft = Draft(f"{name}.{'xlsx' if window == 'final' or number == step % 2 else 'csv'}", [sheet])
            draft.manifest = {
                "contract": FOLDER, "kind": work.kind, "subject": work.subject, "grade": work.grade,
                "school_year": year,
                "window": window,
            }  # fmt: skip
            if draft.path.endswith(".csv"):
                draft.delimiter, draft.encoding, draft.newline = (
                    (";", "cp1251", "\r\n") if step % 2 else (",", "utf-8-sig", "\r\n")
                )
            if self.inbox.with_faults and step != 1:
                self._diagnostic_faults(draft, sitting, number)
            self.inbox.write(draft)

    def _diagnostic_sheet(self, sitting: Sitting, as_login: bool) -> Sheet:
        work = sitting.work
        head = ["school_id", "student_id", "class", "sex", "attendance", "total"]
        head += [f"item:{name} ({maximum})" for name, maximum in zip(work.names, work.maxima, strict=True)]
        schools = self.region.schools
        ids = [s.edu if as_login else s.digits for s in schools]
        cells = layouts_vpr.item_cells(sitting, False)
        cells[sitting.omitted] = "X"
        absent = sitting.is_absent
        total = np.array(sitting.total.tolist(), dtype=object)
        total[absent] = None
        columns = [
            np.array(ids, dtype=object)[sitting.school],
            np.array(_codes(sitting), dtype=object),
            np.array(
                [
                    class_name(work.grade, int(k), int(n))
                    for k, n in zip(sitting.class_index, sitting.classes_n, strict=True)
                ],
                dtype=object,
            ),
            np.where(sitting.is_male, "m", "f").astype(object),
            np.where(absent, "absent", "present").astype(object),
            total,
            *cells.T,
        ]
        return Sheet("РДР", [head, *np.column_stack(columns).tolist()])

    def _diagnostic_faults(self, draft: Draft, sitting: Sitting, number: int) -> None:
        rng = self.inbox.rng(draft.path)
        places = faults.Places(rng, 2 + np.flatnonzero(sitting.present & ~sitting.omitted.any(axis=1)))
        taken = [row for row in (places.take() for _ in range(4)) if row]
        draft.put(taken[0], 6 + number, 9, "score_above_maximum", "reject_row")
        if number == 0:
            row = taken[1]
            value = draft.sheets[0].rows[row - 1][5]
            draft.put(row, 5, f"{value},0", "decimal_comma", "repair", str(value))
            draft.put(taken[2], 4, "presnt", "unknown_code_near_neighbour", "empty_with_warning", "present")
            if draft.encoding == "utf-8-sig" and draft.path.endswith(".csv"):
                draft.note(1, 0, "byte_order_mark_and_crlf", "repair", "the file begins with a BOM")
        if number == 2:
            width = len(draft.sheets[0].rows[0])
            draft.sheets.append(
                Sheet(
                    "Черновик",
                    [["Черновик, не сдавать"], ["проверить классы"], *[[None] * width]],
                    header=0,
                    hidden=True,
                )
            )
            draft.note(1, 0, "hidden_sheet", "not_a_row", "", sheet=1)
            faults.duplicate_row(draft, taken[1])

    def _choice(self, year: int) -> None:
        """A diagnostic of multiple choice: letters in the cells, several allowed, scored by the key."""
        work, keys = choice(year, self.region.seed)
        self._register(work)
        self.keys[year] = keys
        sitting = self.students.sit(work)
        self.truth.add_sitting(sitting)
        rng = self.region.rng("choice", year)
        letters = np.array(list("ABCD"))
        rows: list[list[Any]] = [
            ["school_id", "student_id", "class", "sex", "attendance", *(f"item:{n} (1)" for n in work.names)]
        ]
        codes = _codes(sitting)
        for place in range(len(sitting)):
            row: list[Any] = [
                self.region.schools[sitting.school[place]].digits, codes[place],
                class_name(8, int(sitting.class_index[place]), int(sitting.classes_n[place])),
                "m" if sitting.is_male[place] else "f", "absent" if sitting.is_absent[place] else "present",
            ]  # fmt: skip
            for item in range(CHOICE_ITEMS):
                if sitting.is_absent[place]:
                    row.append(None)
                elif sitting.scores[place, item]:
                    row.append(keys[item])
                elif sitting.omitted[place, item]:
                    row.append("X")
                else:
                    wrong = [c for c in letters.tolist() if c != keys[item]]
                    row.append(wrong[int(rng.integers(len(wrong)))])
            rows.append(row)
        draft = Draft(f"{FOLDER}/РДР {year} русский язык 8 входная.xlsx", [Sheet("РДР", rows)])
        draft.manifest = {
            "contract": FOLDER, "kind": "РДР", "subject": RU, "grade": 8, "school_year": year,
            "window": "input",
        }  # fmt: skip
        self.inbox.write(draft)

    # files that are faults as a whole

    def _broken_files(self, year: int) -> None:
        root = self.inbox.root / FOLDER
        twin = f"Ф1_Индивидуальные результаты (ВПР {year} ОКР4).xlsx"
        self.inbox.write_bytes(
            f"{FOLDER}/Копия Ф1 (ВПР {year} ОКР4) от района.xlsx", (root / twin).read_bytes(),
            "duplicate_file",
            "reject_file", f"the same bytes as {twin}",
        )  # fmt: skip
        self.inbox.write_bytes(
            f"{FOLDER}/~$ВПР {year} {MA} 6 класс.xlsx",
            b"\x08" + "Оператор".encode("utf-16-le") + b"\0" * 148, "lock_file",
            "reject_file", "left behind by an open workbook",
        )  # fmt: skip
        self.inbox.write_bytes(
            f"{FOLDER}/ВПР {year} {RU} 7 класс.xlsx", b"", "empty_file", "reject_file", "no bytes"
        )
        content = (root / f"ВПР {year} {RU} 4 класс.xlsx").read_bytes()
        self.inbox.write_bytes(
            f"{FOLDER}/ВПР {year} {RU} 4 класс (не догрузилось).xlsx",
            content[: min(len(content) // 3, 3000)], "truncated_file",
            "reject_file", "only the beginning of a workbook",
        )  # fmt: skip


def _codes(sitting: Sitting) -> list[str]:
    """The student code of canonical files: the same in all windows of a year."""
    return [f"{i // 1_000_000}{i % 1_000_000:05d}" for i in sitting.student_id.tolist()]


def _only(sitting: Sitting, chosen: np.ndarray) -> Sitting:
    """The sitting of some of its students."""
    arrays = {
        name: value[chosen]
        for name, value in vars(sitting).items()
        if isinstance(value, np.ndarray) and len(value) == len(sitting)
    }
    return replace(sitting, **arrays)
