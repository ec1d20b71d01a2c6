"""Every constraint of every contract has an input that breaks it, and a lazy check finds all of them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pandera.errors
import pytest

from schemas import CONTRACTS, Contract
from tests.contracts.contract_frames import bad_text, frame, row

contracts = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda c: c.name)

#: What breaks each relation, and nothing else, in a row that is good otherwise.
RELATION_FAULTS: dict[tuple[str, str], dict[str, Any]] = {
    ("assessment_register", "marks_in_order"): {"mark_4_from": 16},
    ("context_form", "ages_within_teachers"): {
        "teachers_n": 5,
        "teachers_young_n": 3,
        "teachers_pension_n": 3,
    },
    ("context_form", "grades_add_up"): {"students_n": 10, "teachers_n": 2, "grade_1_students_n": 9},
    ("context_form", "highest_within_teachers"): {"teachers_n": 5, "teachers_highest_n": 6},
    ("context_form", "teachers_present"): {"students_n": 10, "grade_1_students_n": 10},
    ("label_overrides", "valid_after_decision"): {"valid_until": pd.Timestamp(2020, 1, 1)},
    ("partnerships", "valid_period"): {"valid_to": pd.Timestamp(2020, 1, 1)},
    ("programme_membership", "valid_period"): {"valid_to": pd.Timestamp(2020, 1, 1)},
    ("school_register", "valid_period"): {"valid_to": pd.Timestamp(2020, 1, 1)},
    ("staffing", "vacant_is_the_rest"): {"positions": 10, "filled": 8, "vacant": 3},
    ("school_results", "parts_within_tested"): {"tested_n": 5, "below_min_n": 3, "high_n": 3},
    ("social_passport", "parts_within_students"): {"students_n": 5, "disabled_n": 6},
    ("staff", "left_after_hired"): {"left": pd.Timestamp(2020, 1, 1)},
    ("staffing", "ages_within_headcount"): {"headcount": 5, "young_n": 3, "pension_n": 3},
    ("staffing", "category_within_headcount"): {
        "headcount": 5,
        "category_highest_n": 3,
        "category_first_n": 3,
    },
    ("staffing", "filled_within_positions"): {"filled": 2.5, "positions": 2},
    ("staffing", "trained_within_headcount"): {"headcount": 5, "trained_n": 6},
    ("teacher_deficits", "deficit_within_surveyed"): {"surveyed_n": 5, "teachers_n": 6},
    ("training", "long_enough"): {"kind": "retraining", "hours": 249},
}


def failures(contract: Contract, data: pd.DataFrame) -> pd.DataFrame:
    try:
        contract.model.validate(data, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        return errors.failure_cases
    return pd.DataFrame(columns=["schema_context", "column", "check", "index"])


def field_faults(contract: Contract) -> list[tuple[str, str, Any]]:
    """(field, name of the check, value that breaks it) for every check that the model has."""
    found: list[tuple[str, str, Any]] = []
    schema = contract.model.to_schema()
    for name, field in contract.fields.items():
        column = schema.columns[name]
        if not column.nullable:
            found.append((name, "not_nullable", None))
        for check in column.checks:
            bad: dict[str, Any] = {
                "greater_than_or_equal_to": (field.ge or 0) - 1,
                "less_than_or_equal_to": (field.le or 0) + 1,
                "is_code": "нет такого кода",
                "check_digit": "1234567890",
                "str_matches": bad_text(field.pattern or "$^"),
            }
            found.append((name, str(check.name), bad[str(check.name)]))
    return found


@contracts
def test_good_rows_pass(contract: Contract) -> None:
    data = frame(contract, [row(contract), row(contract, optional=False)])
    assert failures(contract, data).empty


@contracts
def test_each_field_constraint_is_broken_and_found(contract: Contract) -> None:
    faults = field_faults(contract)
    data = frame(contract, [row(contract, **{name: value}) for name, _, value in faults])
    cases = failures(contract, data)
    cases = cases[cases["schema_context"] == "Column"]
    found = {
        (c, str(k).partition("(")[0], int(i)) for c, k, i in cases[["column", "check", "index"]].to_numpy()
    }
    assert found == {(name, check, i) for i, (name, check, _) in enumerate(faults)}


@contracts
def test_facts_of_a_field_are_its_checks(contract: Contract) -> None:
    """What the workbook and the dictionary say is what the model checks."""
    schema = contract.model.to_schema()
    for name, field in contract.fields.items():
        checks = {str(c.name): c.statistics for c in schema.columns[name].checks}
        assert schema.columns[name].nullable is not field.required
        assert checks.get("greater_than_or_equal_to", {}).get("min_value") == field.ge
        assert checks.get("less_than_or_equal_to", {}).get("max_value") == field.le
        assert checks.get("is_code", {}).get("codes") == field.codes
        pattern = checks.get("str_matches", {}).get("pattern")
        assert getattr(pattern, "pattern", pattern) == field.pattern


@contracts
def test_a_column_of_another_type_is_found(contract: Contract) -> None:
    data = frame(contract, [row(contract)])
    wrong = data.astype({n: "str" if f.kind != "text" else "category" for n, f in contract.fields.items()})
    cases = failures(contract, wrong)
    assert set(cases.loc[cases["check"].str.startswith("dtype"), "column"]) == set(contract.fields)


@contracts
def test_a_missing_column_is_found(contract: Contract) -> None:
    data = frame(contract, [row(contract)])
    for name in contract.fields:
        cases = failures(contract, data.drop(columns=name))
        assert (cases["check"] == "column_in_dataframe").any(), name


@pytest.mark.parametrize("contract, relation", RELATION_FAULTS, ids="-".join)
def test_each_relation_is_broken_and_found(contract: str, relation: str) -> None:
    model = CONTRACTS[contract]
    data = frame(model, [row(model), row(model, **RELATION_FAULTS[contract, relation])])
    cases = failures(model, data)
    assert set(cases["check"]) == {relation}
    assert set(cases["index"].dropna()) == {1}


def test_every_relation_has_a_fault() -> None:
    assert set(RELATION_FAULTS) == {(c.name, r) for c in CONTRACTS.values() for r in c.relations}


@pytest.mark.parametrize(
    "changed, passes",
    [
        ({"kind": "course", "hours": 16}, True),
        ({"kind": "course", "hours": 15}, False),
        ({"kind": "retraining", "hours": 250}, True),
        ({"kind": "internship", "hours": 1}, True),
    ],
)
def test_training_is_long_enough(changed: dict[str, Any], passes: bool) -> None:
    contract = CONTRACTS["training"]
    assert failures(contract, frame(contract, [row(contract, **changed)])).empty is passes


def test_a_relation_is_silent_where_a_number_is_missing() -> None:
    contract = CONTRACTS["context_form"]
    data = frame(contract, [row(contract, teachers_n=None, teachers_highest_n=5, students_n=None)])
    assert failures(contract, data).empty
