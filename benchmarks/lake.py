"""A synthetic country as accepted Parquet: the tables that intake would leave, without any workbook.

The country is made of regions of some 600 schools, each drawn as the sample region is (students, planted
schools, staff, passports, programme). They share the works of the year, and each is written before the next
is drawn: memory is that of one region whatever the number of schools.

Composition of the year: 26 works, 512 items. ВПР in grades 4 to 8 (Russian and mathematics in each; The world
around us in 4; history and biology in 5 to 8; geography in 6 and 7), two variants each; ОГЭ Russian and
mathematics; ЕГЭ Russian, mathematics profile and base. A school has some 30 students a grade, 9 % are absent:
12,600 item scores a school. What there is beside: registers of schools, municipalities, assessments and
items; staff, training, staffing, social passports, term marks, access conditions, the programme's records.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.files import digest, write_parquet, write_text
from pipelines.intake import stages
from pipelines.intake.validation import accepted_name, accepted_schema, item_schema
from pipelines.settings import Settings
from pipelines.synthetic import layouts_registers, names, programme
from pipelines.synthetic.layouts_context import ContextAnswers
from pipelines.synthetic.region import EVENING, Region, build_region
from pipelines.synthetic.sheets import Sheet
from pipelines.synthetic.students import Sitting, Students, class_name
from pipelines.synthetic.works import EGE, F1_WORK, MA, MA_BASE, MA_PROFILE, OGE, RU, VPR, Plan, Work, draw
from schemas import CONTRACTS

YEAR = 2023
#: What a region of the country holds at most.
REGION_SCHOOLS = 600
RESULTS = "student_results"
_RECEIVED = dt.datetime(YEAR, 7, 20)
_TAKERS = {MA_PROFILE: 0.55, MA_BASE: 0.55}
_EXAM_DAY = {"ОГЭ": dt.date(YEAR, 6, 6), "ЕГЭ": dt.date(YEAR, 6, 1)}


@dataclass(frozen=True)
class Country:
    """What was written."""

    schools: int
    regions: int
    students_tested: int
    results: int
    item_scores: int
    bytes: int


def _subject_work(subject: str, grade: int, items: int) -> Plan:
    """A ВПР work of one, one and two points in turn, marks at 35, 57 and 80 % of them."""
    tops = [1 + (j % 3 == 2) for j in range(items)]
    marks = tuple(round(sum(tops) * share) for share in (0.35, 0.57, 0.80))
    text = " ".join(f"{j}:{top}" for j, top in enumerate(tops, 1))
    return Plan("ВПР", subject, grade, text, (marks[0], marks[1], marks[2]))


PLANS = (
    *VPR,
    F1_WORK,
    *(_subject_work(subject, grade, 18) for subject in (RU, MA) for grade in (7, 8)),
    *(_subject_work(subject, grade, 19) for subject in ("История", "Биология") for grade in (5, 6, 7, 8)),
    *(_subject_work("География", grade, 19) for grade in (6, 7)),
    *OGE,
    *EGE,
)


class _Tables:
    """Accepted tables of one year, open for writing; rows come region by region."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self._settings, self._stack = settings, stack
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.rows: dict[str, int] = {}
        self.files: list[dict[str, Any]] = []

    def put(self, name: str, table: pa.Table) -> None:
        if name not in self._writers:
            path = stages.part_path(self._settings, "accepted", name, YEAR)
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = pq.ParquetWriter(path, table.schema, compression="zstd", write_page_checksum=True)
            self._writers[name] = self._stack.enter_context(writer)
        self._writers[name].write_table(table)
        self.rows[name] = self.rows.get(name, 0) + len(table)

    def read(self, file_id: str, contract: str, name: str, rows: int) -> None:
        """The ledger's note of a file whose rows were all accepted."""
        self.files.append({"file_id": file_id, "contract": contract, "file_name": name, "rows": rows})


def write_country(settings: Settings, schools: int, seed: int = 20210901) -> Country:
    """Write the lake of a country of so many schools under the settings' home."""
    stages.ensure_empty_tables(settings)
    works = [draw(p, YEAR, np.random.default_rng([seed, n])) for n, p in enumerate(PLANS)]
    regions_n = max(1, round(schools / REGION_SCHOOLS))
    bounds = np.linspace(0, schools, regions_n + 1).round().astype(int).tolist()
    found = {"students": 0, "results": 0, "scores": 0}
    with ExitStack() as stack:
        tables = _Tables(settings, stack)
        _put_works(tables, works)
        for number, (first, last) in enumerate(pairwise(bounds)):
            region = _region(number, first, last - first, seed)
            students = Students(region)
            _put_records(tables, region, students, number)
            for key, n in _put_results(tables, region, students, works, number).items():
                found[key] += n
    _close(settings, tables)
    size = sum(path.stat().st_size for path in (settings.lake / "accepted").rglob("*.parquet"))
    return Country(schools, regions_n, found["students"], found["results"], found["scores"], size)


def _region(number: int, first: int, schools: int, seed: int) -> Region:
    """A region whose codes are its own within the country."""
    region = build_region(schools, [YEAR], seed + number)
    region.municipalities = [
        replace(m, msu=10_000 * (number + 1) + m.msu, name=f"{m.name} ({number + 1})", town=m.town)
        for m in region.municipalities
    ]
    region.schools = [
        replace(
            s,
            digits=f"{100_000 + first + s.index}",
            oge_code=f"{number + 1:02d}{s.oge_code}",
            ege_code=f"{number + 1:02d}{s.ege_code}",
            inn=names.inn(1000 + first + s.index),
            ogrn=names.ogrn(2000 + 3 * (first + s.index)),
        )
        for s in region.schools
    ]
    return region


# --- registers and records ------------------------------------------------------------------------------


def _put_works(tables: _Tables, works: list[Work]) -> None:
    _put_sheet(tables, "assessment_register", layouts_registers.assessment_register(works, YEAR), 0)
    _put_sheet(tables, "assessment_items", layouts_registers.assessment_items(works, (), False), 0)
    _put_sheet(tables, "organisations", programme.organisations_sheet(), 0)
    rows = [
        {
            "school_year": YEAR, "kind": w.kind, "subject": w.subject, "grade": w.grade, "window": None,
            "position": j + 1, "item": item, "max_score": float(w.maxima[j]), "max_source": "register",
        }
        for w in works
        for j, item in enumerate(w.items if w.kind in _EXAM_DAY else w.names)
    ]  # fmt: skip
    tables.put(stages.ITEMS, pa.Table.from_pylist(rows, item_schema()))


def _put_records(tables: _Tables, region: Region, students: Students, number: int) -> None:
    answers = ContextAnswers(region, students, YEAR)
    members = programme.members(region, {})
    supported = {m.school for m in members if m.role == "supported" and m.in_year(YEAR)}
    people = programme.staff(region, answers)
    done = programme.courses(region, people, {YEAR: supported})
    passports = programme.passports(region, answers, YEAR)
    towns = [[None, None, m.msu, m.name] for m in region.municipalities]
    sheets = {
        "school_register": layouts_registers.school_register(region, YEAR),
        "municipalities": Sheet("", [["", "", "municipality_id", "name"], *towns]),
        "context_form": _context(answers),
        "social_passport": Sheet(
            "",
            [programme.PASSPORT_FIELDS, *([region.schools[s].digits, *v] for s, v in passports.items())],
        ),
        "staff": programme.staff_sheet(region, people, YEAR),
        "training": programme.training_sheet(region, done[YEAR]),
        "staffing": programme.staffing_sheet(region, people, done, YEAR),
        "access_conditions": programme.access_sheet(region, answers, YEAR),
        "programme_membership": programme.membership_sheet(region, members, YEAR),
        "partnerships": programme.partnerships_sheet(region, supported, YEAR),
        "communities": programme.communities_sheet(region, answers, YEAR),
        "programme_documents": programme.documents_sheet(region, supported, YEAR),
        "support_activities": programme.activities_sheet(region, answers, supported, YEAR),
        "events": programme.events_sheet(region, members, YEAR),
        "risk_profile": programme.risk_sheet(region, answers, supported, YEAR),
        "teacher_deficits": programme.deficits_sheet(region, people, supported, YEAR),
        "school_marks": programme.marks_sheet(region, students, supported, YEAR),
    }
    for contract, sheet in sheets.items():
        _put_sheet(tables, contract, sheet, number)


def _context(answers: ContextAnswers) -> Sheet:
    """The context form's counts, without its questions of opinion."""
    head = ["school_id", "ownership", "locality_type", "is_evening", "students_n", "teachers_n",
            "teachers_highest_n", "teachers_young_n", "teachers_pension_n", "rooms_n", "computers_n",
            "computers_old_n", *(f"grade_{g}_students_n" for g in range(1, 12))]  # fmt: skip
    columns = (answers.total, answers.teachers, answers.highest, answers.young, answers.pension,
               answers.rooms, answers.computers, answers.old, *answers.grades)  # fmt: skip
    counts = np.array(columns).T.tolist()
    region = answers.region
    rows = [
        [s.digits, "municipal", s.locality, s.kind == EVENING, *counts[s.index]]
        for s in region.open_schools(YEAR)
    ]
    return Sheet("", [head, *rows])


def _put_sheet(tables: _Tables, contract: str, sheet: Sheet, number: int) -> None:
    """A sheet whose head holds the names of fields, as accepted rows of one file."""
    spec = CONTRACTS[contract]
    head = ["class_name" if name == "class" else name for name in sheet.rows[0]]
    body = sheet.rows[1:]
    file_id = _key("file", f"{contract}-{number}")[:16]
    columns: dict[str, list[Any]] = {
        "file_id": [file_id] * len(body),
        "sheet": [sheet.name] * len(body),
        "row": list(range(2, len(body) + 2)),
        "school_year": [YEAR] * len(body),
        "school_key": ["id"] * len(body),
    }
    for place, name in enumerate(head):
        if name in spec.fields and name != "school_year":
            field = spec.fields[name]
            values = (_value(row[place], field.kind) for row in body)
            if field.person:
                values = (None if v is None else _key(name, f"{number}|{v}") for v in values)
            columns[accepted_name(name, field)] = list(values)
    schema = accepted_schema(spec)
    arrays = [pa.array(columns.get(f.name, [None] * len(body)), f.type) for f in schema]
    if body:
        tables.put(contract, pa.Table.from_arrays(arrays, schema=schema))
        tables.read(file_id, contract, f"{contract}_{number + 1}.csv", len(body))


def _value(value: Any, kind: str) -> Any:
    if value is None or value == "":
        return None
    if kind == "bool":
        return value in (True, "да", "true")
    return str(value) if kind == "text" else value


def _key(scope: str, value: str) -> str:
    return hashlib.blake2b(f"{scope}|{value}".encode(), digest_size=10).hexdigest()


# --- results --------------------------------------------------------------------------------------------


def _put_results(
    tables: _Tables, region: Region, students: Students, works: list[Work], number: int
) -> dict[str, int]:
    """The results of one region, all works in one group of rows; how many there are."""
    parts, scores = [], 0
    sat: set[int] = set()
    for work in works:
        share = _TAKERS.get(work.subject, 1.0)
        sitting = students.sit(work, takers=share, complement=work.subject == MA_BASE)
        chosen = np.arange(len(sitting)) if work.kind == "ВПР" else np.flatnonzero(sitting.present)
        file_id = _key("file", f"{work.kind}-{work.subject}-{work.grade}-{number}")[:16]
        parts.append(_results(region, sitting, chosen, file_id, number))
        name = f"{work.kind} {YEAR} {work.subject} {work.grade} класс, регион {number + 1}.xlsx"
        tables.read(file_id, RESULTS, name, len(chosen))
        sat.update(sitting.student_id[sitting.present].tolist())
        scores += int(sitting.present.sum()) * len(work.items)
    table = pa.concat_tables(parts)
    tables.put(RESULTS, table)
    return {"students": len(sat), "results": len(table), "scores": scores}


def _results(region: Region, sitting: Sitting, chosen: np.ndarray, file_id: str, number: int) -> pa.Table:
    """Rows of a sitting as they stand after validation."""
    work, n = sitting.work, len(chosen)
    is_exam = work.kind in _EXAM_DAY
    present = ~sitting.is_absent[chosen]
    digits = np.array([s.digits for s in region.schools])
    towns = np.array([str(region.municipalities[s.municipality].msu) for s in region.schools])
    school = sitting.school[chosen]
    total = sitting.total[chosen].astype(float)
    marks = sitting.mark[chosen].astype(np.int64)
    nothing = np.zeros(n, bool)
    columns: dict[str, pa.Array] = {
        "file_id": _repeated(file_id, n),
        "sheet": _repeated("Протокол", n),
        "row": pa.array(np.arange(2, n + 2, dtype=np.int32)),
        "school_year": pa.array(np.full(n, YEAR, np.int32)),
        "school_key": _repeated("id" if is_exam else "login", n),
        "kind": _repeated(work.kind, n),
        "subject": _repeated(work.subject, n),
        "grade": pa.array(np.full(n, work.grade)),
        "school_id": _taken(digits, school),
        "student_key": _student_keys(sitting.student_id[chosen], number),
        "class_name": _classes(work.grade, sitting.class_index[chosen], sitting.classes_n[chosen]),
        "sex": _taken(np.array(["f", "m"]), sitting.is_male[chosen].astype(int)),
        "form": _masked(sitting.variant[chosen].astype(str), nothing if is_exam else present),
        "attendance": _taken(np.array(["absent", "present"]), present.astype(int)),
        "journal_mark": _masked(sitting.journal[chosen].astype(np.int64), nothing if is_exam else present),
        "total": _masked(total, present),
        "total_recomputed": _masked(total, present),
        "municipality": _taken(towns, school),
        "scores": _lists(sitting, chosen, present),
    }
    if is_exam:
        columns["exam_date"] = pa.array([_EXAM_DAY[work.kind]] * n, pa.date32())
        if work.test_scores is not None:
            columns["score"] = _masked(sitting.score[chosen].astype(float), present)
        else:
            columns["mark"] = _masked(marks, present)
    schema = accepted_schema(CONTRACTS[RESULTS])
    arrays = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(n, f.type) for f in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _repeated(text: str, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), n)


def _taken(labels: np.ndarray, index: np.ndarray) -> pa.Array:
    return pa.array(labels.tolist(), pa.string()).take(pa.array(index))


def _masked(values: np.ndarray, known: np.ndarray) -> pa.Array:
    return pa.array(values, mask=~known)


def _classes(grade: int, index: np.ndarray, classes: np.ndarray) -> pa.Array:
    code = classes.astype(np.int64) * 100 + index
    used, place = np.unique(code, return_inverse=True)
    labels = np.array([class_name(grade, int(c) % 100, int(c) // 100).upper() for c in used])
    return _taken(labels, place)


def _lists(sitting: Sitting, chosen: np.ndarray, present: np.ndarray) -> pa.Array:
    """The scores of who was there; −1 is an item not attempted."""
    held = np.where(sitting.omitted[chosen], -1, sitting.scores[chosen])[present].astype(np.int16)
    ends = np.cumsum(np.where(present, held.shape[1], 0))
    offsets = pa.array(np.r_[0, ends].astype(np.int32), mask=np.r_[~present, False])
    return pa.ListArray.from_arrays(offsets, pa.array(held.ravel()))


_HEX = np.array([f"{byte:02x}" for byte in range(256)], "S2")


def _student_keys(ids: np.ndarray, number: int) -> pa.Array:
    """80 bits in hex for each student of a region, alike in every work (a mixer in place of the HMAC)."""
    with np.errstate(over="ignore"):
        state = ids.astype(np.uint64) + np.uint64(number + 1) * np.uint64(0x9E3779B97F4A7C15)
        words = []
        for _ in range(2):
            state = state + np.uint64(0x9E3779B97F4A7C15)
            mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            words.append(mixed ^ (mixed >> np.uint64(31)))
    raw = np.stack(words, axis=1).view(np.uint8).reshape(len(ids), 16)[:, :10]
    text = _HEX[raw].view("S20").ravel()
    buffer = pa.py_buffer(text.tobytes())
    offsets = pa.py_buffer((np.arange(len(ids) + 1) * 20).astype(np.int32).tobytes())
    return pa.StringArray.from_buffers(len(ids), offsets, buffer)


# --- what intake notes beside ---------------------------------------------------------------------------


def _close(settings: Settings, tables: _Tables) -> None:
    """The notes of accepted parts, the empty tables of rejected rows, and the ledger as SQL sees it."""
    for name, rows in tables.rows.items():
        if name == stages.ITEMS:
            continue
        path = stages.part_path(settings, "rejected", name, YEAR)
        write_parquet(stages.finding_schema().empty_table(), path)
        accepted = stages.part_path(settings, "accepted", name, YEAR)
        done = {"contract": name, "school_year": YEAR, "rows_read": rows, "rows_accepted": rows,
                "rows_rejected": 0, "files_n": sum(f["contract"] == name for f in tables.files),
                "conserved": True, "fingerprint": digest([accepted])}  # fmt: skip
        write_text(accepted.with_name("part.json"), json.dumps(done, ensure_ascii=False))
    folder = settings.lake / "ledger"
    ledger = {
        "submission": (_submissions(tables.files), stages.SUBMISSION_SCHEMA),
        "reading": (_readings(tables.files), stages.READING_SCHEMA),
        "rule_count": ((), stages.RULE_COUNT_SCHEMA),
    }
    for table, (found, schema) in ledger.items():
        write_parquet(pa.Table.from_pylist(list(found), schema), folder / f"{table}.parquet")


def _submissions(files: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, file in enumerate(files, 1):
        yield {
            "submission_id": number, "file_id": file["file_id"], "file_name": file["file_name"],
            "sha256": hashlib.sha256(file["file_name"].encode()).hexdigest(), "size_bytes": file["rows"],
            "received_at": _RECEIVED, "state": "active",
        }  # fmt: skip


def _readings(files: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for file in files:
        yield {
            "file_id": file["file_id"], "sheet": "", "contract": file["contract"], "layout": "synthetic",
            "school_year": YEAR, "rows_read": file["rows"], "rows_accepted": file["rows"],
            "rows_rejected": 0, "rows_structural": 0, "status": "read",
        }  # fmt: skip
