"""The probability of a rule against plain enumeration, and shares against scipy."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipelines.programme.rule_probability import (
    Event,
    Requirement,
    condition_probability,
    probabilities,
    rule_probability,
)

TWO_OF_A_YEAR = pd.DataFrame(
    {
        "rule_id": ["r"], "rule_version": ["1"], "branch": ["b"], "requirement": ["q"], "same_by": ["any"],
        "conditions_n": [2], "groups_n": [1], "years_n": [1], "years_held_n": [1],
    }
)  # fmt: skip
SUBJECTS = {"a": "x", "b": "x", "c": "y"}
RULES = {
    "two of a year": [Requirement("one", "any", 2, 1, 1, 1)],
    "the same twice": [Requirement("one", "assessment", 1, 1, 2, 2)],
    "both subjects two years": [Requirement("one", "subject", 1, 2, 2, 2)],
    "one of two years": [Requirement("one", "any", 2, 1, 2, 1)],
    "either branch": [
        Requirement("one", "any", 2, 1, 1, 1), Requirement("two", "assessment", 1, 1, 2, 2),
    ],
    "both requirements": [
        Requirement("one", "any", 2, 1, 1, 1), Requirement("one", "subject", 1, 2, 2, 1),
    ],
}  # fmt: skip


def _holds(met: dict[tuple[str, int], bool], needs: list[Requirement]) -> bool:
    """The rule by its definition, on one pattern of met conditions (assessment, years before)."""
    verdicts: dict[str, list[bool]] = {}
    for need in needs:
        group = {"any": lambda s: "", "subject": SUBJECTS.get, "assessment": lambda s: s}[need.same_by]
        held = 0
        for name in {group(s) for s, _ in met}:
            years = [
                sum(m for (s, y), m in met.items() if group(s) == name and y == year) >= need.conditions_n
                for year in range(need.years_n)
            ]
            held += sum(years) >= need.years_held_n
        verdicts.setdefault(need.branch, []).append(held >= need.groups_n)
    return any(all(v) for v in verdicts.values())


@pytest.mark.parametrize("needs", RULES.values(), ids=RULES)
def test_equals_enumeration(needs: list[Requirement]) -> None:
    rng = np.random.default_rng(1)
    keys = [(s, y) for s in SUBJECTS for y in (0, 1)]
    chances = {key: rng.uniform(size=4) for key in keys}
    events = [
        Event(
            SUBJECTS[s], s, y, chances[s, y],
            frozenset(i for i, need in enumerate(needs) if y < need.years_n),
        )
        for s, y in keys
    ]  # fmt: skip
    expected = np.zeros(4)
    for pattern in itertools.product([False, True], repeat=len(keys)):
        met = dict(zip(keys, pattern, strict=True))
        if _holds(met, needs):
            expected += np.prod([chances[k] if m else 1 - chances[k] for k, m in met.items()], axis=0)
    rng.shuffle(events)  # type: ignore[arg-type]
    np.testing.assert_allclose(rule_probability(events, needs), expected, atol=1e-12)


def test_no_events_is_an_error() -> None:
    with pytest.raises(ValueError, match="no events"):
        rule_probability([], RULES["two of a year"])


def _conditions(**columns: list) -> pd.DataFrame:
    n = len(columns["series"])
    base = {
        "rule_id": "r", "rule_version": "1", "school_year": 2023, "branch": "b", "requirement": "q",
        "subject_group": "x", "years_before": 0, "measure": "m", "comparison": "ge", "threshold": 30.0,
        "posterior_alpha": np.nan, "posterior_beta": np.nan, "margin_z": np.nan, "met_point": False,
    }  # fmt: skip
    return pd.DataFrame({k: [v] * n for k, v in base.items()} | columns)


def test_condition_is_a_beta_a_normal_or_a_fact() -> None:
    frame = _conditions(
        school_id=["s"] * 5,
        series=list("abcde"),
        comparison=["ge", "lt", "ge", "ge", "ge"],
        posterior_alpha=[6.5, 6.5, np.nan, np.nan, np.nan],
        posterior_beta=[14.5, 14.5, np.nan, np.nan, np.nan],
        margin_z=[np.nan, np.nan, 1.0, np.nan, np.nan],
        met_point=[False, False, False, True, False],
    )
    share = stats.beta(6.5, 14.5).sf(0.3)
    np.testing.assert_allclose(
        condition_probability(frame), [share, 1 - share, stats.norm.cdf(1), 1, 0], atol=1e-12
    )


def test_schools_lack_what_they_lack() -> None:
    frame = _conditions(school_id=["s1", "s1", "s2"], series=["a", "b", "a"], margin_z=[0.0, 0.0, 0.0])
    found = probabilities(frame, TWO_OF_A_YEAR)
    assert dict(zip(found["school_id"], found["probability"], strict=True)) == {"s1": 0.25, "s2": 0.0}
    assert list(probabilities(frame.iloc[:0], TWO_OF_A_YEAR).columns) == list(found.columns)


def test_probability_is_calibrated() -> None:
    """Where shares come from the prior, as many schools are low in truth as their probabilities say."""
    rng = np.random.default_rng(5)
    schools, works, n = 1500, list("abcdef"), 20
    true = rng.beta(3, 12, (len(works), schools))
    counts = rng.binomial(n, true)
    frame = _conditions(
        school_id=[str(i) for _ in works for i in range(schools)],
        series=[w for w in works for _ in range(schools)],
        posterior_alpha=(3 + counts).ravel().tolist(),
        posterior_beta=(12 + n - counts).ravel().tolist(),
    )
    found = probabilities(frame, TWO_OF_A_YEAR).set_index("school_id")["probability"]
    given = found.loc[[str(i) for i in range(schools)]].to_numpy()
    low = (true >= 0.3).sum(axis=0) >= 2
    for least, most in ((0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.01)):
        part = (given >= least) & (given < most)
        error = np.sqrt(np.mean(given[part] * (1 - given[part])) / part.sum())
        assert part.sum() >= 40
        assert abs(low[part].mean() - given[part].mean()) <= 3 * error
