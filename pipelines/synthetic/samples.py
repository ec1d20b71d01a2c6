"""``raw_samples/``: the default region, and a README in each folder.

Run ``python -m pipelines.synthetic.samples`` from the root of the checkout to write it anew.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.synthetic.sheets import Fault
from pipelines.synthetic.write import write_region

#: what each kind is, and the layouts shown in its folder
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "school_register": (
        "The region's list of schools (реестр школ): codes, names, locality, validity, successors.",
        (
            "`school_register_YYYY.csv`: canonical, one file a year. A merged and a renamed school have rows "
            "with an end of validity.",
            "`Логины ОО YYYY.xlsx`: the list of logins (`логин, имя, регион`); «регион» is the municipality.",
        ),
    ),
    "municipalities": (
        "Codes of municipalities (МСУ) and administrative territories (АТЕ).",
        ("`MSU-list.csv`: `№, Код АТЕ, Код МСУ, Название МСУ`.",),
    ),
    "assessment_register": (
        "The register of assessments (оценочные процедуры): maxima, minima, mark boundaries, links.",
        (
            "`assessment_register_YYYY.csv`: canonical.",
            "`mark_scales_YYYY.csv`: ВПР mark scales of the first year, one row a mark "
            "(`year,grade,subject,mark,min_score,max_score,source_doc`).",
        ),
    ),
    "assessment_items": (
        "Items (задания) of each assessment: maxima, level, skill, anchors, keys.",
        (
            "`assessment_items_YYYY`: canonical, as csv and xlsx. Where a protocol only numbers its items "
            "(exports of 2021, state exams), they are named by number: short answers first, then long ones.",
            "`Описание ВПР …xlsx`: the published description, one row an item × content × requirement code.",
        ),
    ),
    "student_results": (
        "Results of students by item (протоколы, результаты участников).",
        (
            "`ВПР 2021 …`: bulk export of 2021, all cells text, no maxima.",
            "`ВПР 2022 …`, `ВПР 2023 …`: bulk export of 2022, sheets «Классы» and «Протокол».",
            "`eduNNNNNN Форма сбора …`: the collection form; only the file's name says which school.",
            "`Ф1_Индивидуальные результаты …`: ФИС ОКО Ф1 of one school.",
            "`Протокол РЦОИ ОГЭ YYYY.xlsx`: exams after grade 9, stacked in one sheet, with resits.",
            "`OGE_RUS_YYYY.MM.DD_reserve.csv`: the variant with English headers.",
            "`ЕГЭ …`: state exams after grade 11, as xlsx and csv (`;`, cp1251), separate and stacked.",
            "`Апелляции ЕГЭ YYYY.xlsx`: appeals and rechecks.",
            "`РДР …`: the region's diagnostic works, canonical (`item:NAME (MAX)`), windows входная, "
            "промежуточная, итоговая; one of multiple choice, scored by the key.",
            "`ГВЭ YYYY.csv`: canonical, marks only.",
        ),
    ),
    "school_results": (
        "Aggregated results of schools.",
        (
            "`ЕГЭ по школам …xlsx`: one sheet a year, three header lines, subtotals as formulas, a printed "
            "region total; the first sheet holds applications for the coming year, not results.",
            "`МСИ YYYY.csv`: canonical, an international study in some schools.",
        ),
    ),
    "control_totals": (
        "Printed totals of the federal system, to check our own against.",
        (
            "`Ф3_Статистика по отметкам …`: per cent of each mark, country to school.",
            "`Сравнение отметок с отметками по журналу …`: lowered, confirmed, raised.",
        ),
    ),
    "staffing": (
        "Staffing return (кадровый отчёт) as of early September.",
        ("`Кадры YYYY`: canonical, xlsx and csv (`;`, cp1251).",),
    ),
    "staff": (
        "List of staff (список работников), by code, without names.",
        ("`Работники YYYY.xlsx`: canonical.",),
    ),
    "training": (
        "Further training (повышение квалификации, переподготовка).",
        ("`Повышение квалификации YYYY.xlsx`: canonical.",),
    ),
    "social_passport": (
        "Social passports of schools (социальный паспорт), counts only.",
        (
            "`Социальные паспорта YYYY.xlsx`: canonical, all schools.",
            "`eduNNNNNN социальный паспорт …`: a school's own table with free headers.",
            "`… поимённый …`: names children and must be refused.",
            "`… уточнение.csv`: a later correction of one school.",
        ),
    ),
    "context_form": (
        "Federal context form (сбор контекстных данных об ОО).",
        (
            "`… 2021.xlsx`: one sheet of 95 columns.",
            "`… 2022.xlsx`, `… 2023.xlsx`: two sheets of 23 and 24 columns.",
        ),
    ),
    "access_conditions": ("Checklist of equal-access conditions (условия доступности).", ("canonical xlsx",)),
    "programme_membership": ("Schools in the programme by role (участники программы).", ("canonical xlsx",)),
    "label_overrides": (
        "Decisions that override computed labels (решения о включении в список и исключении из него).",
        ("canonical csv",),
    ),
    "organisations": ("Partner organisations (организации-партнёры).", ("canonical csv",)),
    "partnerships": ("Partnerships of supported schools (партнёрства, сети).", ("canonical csv",)),
    "communities": (
        "Professional communities of teachers (профессиональные сообщества).",
        ("canonical csv",),
    ),
    "programme_documents": (
        "Programmes, roadmaps, orders (документы программы).",
        ("canonical csv; one year named .xlsx",),
    ),
    "support_activities": (
        "Consultations and other support of students and families (меры поддержки).",
        ("canonical csv",),
    ),
    "events": ("Roadmap events, planned and held (мероприятия дорожной карты).", ("canonical csv",)),
    "risk_profile": (
        "Risk profile of supported schools (рисковый профиль), ten factors.",
        ("canonical csv",),
    ),
    "teacher_deficits": (
        "Survey of teachers' difficulties (дефициты учителей), two waves a year.",
        ("canonical csv",),
    ),
    "school_marks": (
        "Term and year marks by class (отметки школы по четвертям).",
        ("canonical xlsx, mark counts",),
    ),
}


def readme(kind: str, faults: Iterable[Fault]) -> str:
    """The README of one folder."""
    what, layouts = KINDS[kind]
    lines = [
        f"# {kind}",
        "",
        what,
        "",
        "Everything here is synthetic, made by `pipelines/synthetic`: no real school, place or person.",
        "",
        "## Layouts",
        "",
    ]
    lines += [f"- {layout}" for layout in layouts]
    counts: dict[tuple[str, str], int] = {}
    for fault in faults:
        counts[fault.fault, fault.severity] = counts.get((fault.fault, fault.severity), 0) + 1
    lines += ["", "## Planted faults", ""]
    if counts:
        lines += ["| fault | expected | number |", "|---|---|---|"]
        lines += [
            f"| {fault} | {severity} | {number} |" for (fault, severity), number in sorted(counts.items())
        ]
    else:
        lines.append("None.")
    return "\n".join(lines) + "\n"


def write_samples(directory: Path) -> int:
    """Write the default region with its READMEs; returns the bytes of all files."""
    for kind in KINDS:
        shutil.rmtree(directory / kind, ignore_errors=True)
    with tempfile.TemporaryDirectory() as known:
        write_region(directory, truth=Path(known))
        faults = [
            Fault(**{name: row[name] for name in Fault.__dataclass_fields__})
            for row in pq.read_table(Path(known) / "faults.parquet").to_pylist()
        ]
    for kind in KINDS:
        mine = [fault for fault in faults if fault.file.startswith(f"{kind}/")]
        (directory / kind / "README.md").write_text(readme(kind, mine), encoding="utf-8")
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


if __name__ == "__main__":
    print(f"raw_samples: {write_samples(Path('raw_samples')):,} bytes")
