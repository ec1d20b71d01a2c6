"""The truth: faults stand where it says, results follow the model, the region looks real."""

from __future__ import annotations

import re
import zipfile

import numpy as np
import pandas as pd

from pipelines.synthetic.students import icc

from .conftest import Written, cell_text

SEVERITIES = {"reject_row", "reject_file", "empty_with_warning", "repair", "finding", "not_a_row"}
WORK = ["kind", "subject", "grade", "school_year", "window"]


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def test_each_planted_fault_stands_in_its_cell(dirty: Written) -> None:
    faults = dirty.truth("faults")
    assert set(faults.severity) <= SEVERITIES
    for fault in faults.itertuples():
        assert (dirty.root / fault.file).is_file(), fault
        if fault.row == 0 or fault.fault == "truncated_file":
            continue
        found = dirty.grids(fault.file)
        rows = found[fault.sheet] if fault.sheet in found else next(iter(found.values()))
        row = rows[fault.row - 1]
        place = column_number(fault.column)
        value = cell_text(row[place]) if place < len(row) else ""
        if fault.fault in ("formula_without_value", "error_cell"):
            assert value in ("", "#N/A"), fault
            continue
        assert value == fault.raw_value, fault


def test_faults_are_few_and_of_many_kinds(dirty: Written, clean: Written) -> None:
    faults = dirty.truth("faults")
    assert 60 <= len(faults) <= 200
    assert faults.fault.nunique() >= 45
    assert not len(clean.truth("faults"))
    assert clean.summary.faults == 0
    cells = sum(
        len(row)
        for path in ("ВПР 2021 Математика 4 класс.xlsx",)
        for row in dirty.grids(f"student_results/{path}")["Sheet"]
    )
    planted = faults[faults.file.str.endswith("ВПР 2021 Математика 4 класс.xlsx")]
    assert len(planted) / cells < 0.002


def test_no_two_faults_in_one_cell(dirty: Written) -> None:
    faults = dirty.truth("faults")
    assert not faults[faults.row > 0].duplicated(["file", "sheet", "row", "column"]).any()


def test_whole_file_faults(dirty: Written) -> None:
    faults = dirty.truth("faults").set_index("fault")
    assert (dirty.root / faults.loc["empty_file", "file"]).stat().st_size == 0
    assert not zipfile.is_zipfile(dirty.root / faults.loc["truncated_file", "file"])
    assert not zipfile.is_zipfile(dirty.root / faults.loc["csv_named_xlsx", "file"])
    assert zipfile.is_zipfile(dirty.root / faults.loc["duplicate_file", "file"])
    assert "/~$" in faults.loc["lock_file", "file"]


def test_clean_region_differs_in_nothing_but_faults(dirty: Written, clean: Written) -> None:
    """Abilities and results are the same with and without faults."""
    for name in ("abilities", "school_assessments", "items", "students", "school_years"):
        pd.testing.assert_frame_equal(dirty.truth(name), clean.truth(name))


def participants(written: Written) -> pd.DataFrame:
    frame = written.truth("school_assessments")
    whole = ~frame.subject.isin(["Английский язык", "Окружающий мир"])
    return frame[(frame.tested_n > 0) & whole]


def test_participants_per_school_as_in_reality(dirty: Written, large: Written) -> None:
    for written, slack in ((dirty, 3.0), (large, 0.0)):
        frame = participants(written)
        frame = frame[frame.kind.isin(["ВПР", "ОГЭ", "РДР"])]
        median = frame.groupby(WORK).tested_n.median()
        assert median.between(16 - slack, 26).all(), median
        assert 16 <= median.median() <= 26
        small = (frame.tested_n < 10).groupby([frame[name] for name in WORK]).mean()
        assert 0.20 <= small.mean() <= 0.30, small.mean()
        absent = 1 - frame.tested_n.sum() / frame.enrolled_n.sum()
        assert 0.06 <= absent <= 0.15


def test_intraclass_correlation_as_in_reality(dirty: Written, large: Written) -> None:
    for written, low, high in ((dirty, 0.05, 0.38), (large, 0.09, 0.33)):
        ability = written.truth("abilities")
        ability = ability[~ability.is_absent & ability.kind.isin(["ВПР", "ОГЭ"])]
        ability = ability[~ability.subject.isin(["Английский язык", "Окружающий мир"])]
        found = {
            key: icc(group.total.to_numpy(float), group.school_id.astype(str).to_numpy())
            for key, group in ability.groupby(WORK, observed=True)
        }
        assert all(low <= value <= high for value in found.values()), found
        assert 0.09 <= np.mean(list(found.values())) <= 0.33


def test_marks_as_in_reality(large: Written) -> None:
    frame = participants(large)
    works = frame[frame.kind == "ВПР"].groupby(WORK)[["mark_2_n", "mark_3_n", "mark_4_n", "mark_5_n"]].sum()
    share = works.div(works.sum(axis=1), axis=0)
    assert share.mark_2_n.between(0.05, 0.20).all()
    assert (share.min(axis=1) > 0.04).all()


def test_planted_low_schools_are_found_by_the_rule(dirty: Written) -> None:
    schools, years = dirty.truth("schools"), dirty.truth("school_years")
    first = years[years.school_year == 2021].merge(schools, on="school_id")
    planted = first[(first.planted_low != "") & (first["size"] >= 13)]
    assert len(planted) >= 4
    assert planted.rule_low.mean() >= 0.8
    others = first[(first.planted_low == "") & (first.kind == "ordinary")]
    assert others.rule_low.mean() <= 0.15


def test_the_rule_follows_from_the_results(dirty: Written) -> None:
    """The default rule, written once more: twice in a year, or the same assessment two years running."""
    frame = dirty.truth("school_assessments")
    core = ((frame.kind == "ВПР") & frame.grade.isin([5, 6])) | frame.kind.isin(["ОГЭ", "ЕГЭ"])
    frame = frame[core].copy()
    frame["low"] = (frame.tested_n >= 10) & (100 * frame.below_min_n >= 30 * frame.tested_n)
    low = frame[frame.low]
    twice = set(low.groupby(["school_id", "school_year"]).size().loc[lambda s: s >= 2].index)
    before = low.assign(school_year=low.school_year + 1)
    again = set(
        low.merge(before, on=["school_id", "school_year", "kind", "subject", "grade"])
        .set_index(["school_id", "school_year"])
        .index
    )
    years = dirty.truth("school_years")
    found = set(years[years.rule_low].set_index(["school_id", "school_year"]).index)
    assert found == twice | again


def test_support_follows_low_results_of_the_year_before(dirty: Written) -> None:
    years = dirty.truth("school_years")
    kinds = dirty.truth("schools").set_index("school_id").kind
    successors = dirty.truth("schools").set_index("school_id").successor_school_id
    for year in (2022, 2023):
        low = set(years[(years.school_year == year - 1) & years.rule_low].school_id)
        low = {s for s in low if kinds[s] != "correctional" and successors[s] == ""}
        assert set(years[(years.school_year == year) & years.is_supported].school_id) == low
    listed = dirty.frame("programme_membership/programme_membership_2023.xlsx")
    now = listed[(listed.role == "supported") & (listed.valid_to == "")]
    assert set(now.school_id) == set(years[(years.school_year == 2023) & years.is_supported].school_id)


def test_manipulated_schools_leave_their_signs(large: Written) -> None:
    schools = large.truth("schools")
    ability = large.truth("abilities").astype({"school_id": str})
    present = ability[~ability.is_absent]
    work = present[(present.kind == "ВПР") & (present.subject == "Математика") & (present.grade == 5)]
    peak = work[work.school_id.isin(schools[schools.manipulation == "peak"].school_id)].total
    assert len(peak) > 100
    assert (peak == 7).sum() > 3 * max((peak == 6).sum(), 1)
    inflated = schools[schools.manipulation == "inflated"].school_id
    means = work.groupby("school_id").total.mean()
    assert means[means.index.isin(inflated)].mean() > means.mean() + 1.0


def test_resilient_and_difficult_schools(large: Written) -> None:
    schools = large.truth("schools")
    assert schools[schools.is_resilient].social.max() <= np.quantile(schools.social, 1 / 3)
    assert 0.2 <= schools.is_difficult.mean() <= 0.3
    means = participants(large).query("kind == 'ОГЭ'").groupby("school_id").mean_total.mean()
    assert means[schools[schools.is_resilient].school_id].mean() > means.mean()


def test_difficulties_show_in_the_scores(large: Written) -> None:
    """Harder items are solved less often: the scores come from the parameters."""
    items = large.truth("items")
    frame = large.frame("student_results/ВПР 2022 Математика 6 класс.xlsx", "Протокол")
    frame = frame[frame["Вариант"] == "1"]
    truth = items[
        (items.kind == "ВПР") & (items.subject == "Математика") & (items.grade == 6) & (items.variant == 1)
    ]
    shares, deltas = [], []
    for (position, maximum), group in truth.groupby(["position", "max_score"]):
        points = pd.to_numeric(frame.iloc[:, 7 + position], errors="coerce").fillna(0)
        shares.append(points.mean() / maximum)
        deltas.append(group.delta.mean())
    assert np.corrcoef(shares, deltas)[0, 1] < -0.95


def test_anchors_keep_their_difficulty(dirty: Written) -> None:
    items = dirty.truth("items").query("anchor_item != ''")
    spread = items.groupby(["anchor_item", "step"]).delta.agg(["nunique", "min", "max"])
    moved = spread[spread["nunique"] > 1]
    assert len(spread.index.get_level_values(0).unique()) == 9
    assert set(moved.index.get_level_values(0)) == {"РДР-МА9-04"}, "one leaked anchor, and only one"


def test_names_stand_in_exam_protocols_only(dirty: Written) -> None:
    persons = dirty.truth("persons")
    assert not persons.duplicated(["surname", "name", "patronymic"]).any()
    assert not persons.duplicated(["series", "number"]).any()
    surnames = re.compile("|".join(sorted(persons.surname.unique())))
    named = {"student_results", "partnerships", "social_passport"}
    for path in sorted(dirty.root.rglob("*")):
        kind = path.relative_to(dirty.root).parts[0]
        if not path.is_file() or kind in named:
            continue
        text = path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                text = archive.read("xl/sharedStrings.xml")
        assert not surnames.search(text.decode("utf-8", errors="replace")), path
    page = dirty.grids("student_results/Протокол РЦОИ ОГЭ 2022.xlsx")["Page 1"]
    known = set(zip(persons.surname, persons.name, persons.patronymic, strict=True))
    listed = [(row[10], row[12], row[13]) for row in page if isinstance(row[0], float)]
    assert set(listed) <= known
    assert len(set(listed)) < len(listed), "resits repeat a person"


def test_final_results_are_the_later_ones(dirty: Written) -> None:
    finals = dirty.truth("exam_finals")
    again = finals[(finals.first_total >= 0) & (finals.first_total != finals.final_total)]
    assert len(again)
    assert (finals.final_total >= -1).all()
    base = finals[(finals.subject == "Русский язык") & (finals.kind == "ОГЭ")]
    assert (base.final_mark == 2).sum() < (base.first_total.between(0, 14)).sum()
