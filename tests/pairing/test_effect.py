"""Programme effect on simulated schools whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.programme import EffectRule, ProgrammeEffect, programme_effect

RUNS = 400
World = tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]


def world(rng: np.random.Generator, *, effect: float = 0.0, sharp: bool = False, n: int = 200) -> World:
    """Schools with a lasting level and chance of each year, the low of the first year likelier supported."""
    index = rng.normal(0, 1, n)
    level = 0.3 * index + rng.normal(0, 0.35, n)
    before, after = level + rng.normal(0, 0.25, n), level + rng.normal(0, 0.25, n)
    chance = 1 / (1 + np.exp((before + 0.3) / 0.15))
    supported = before < np.quantile(before, 0.2) if sharp else rng.random(n) < chance
    covariates = pd.DataFrame(
        {"social_index": index, "rural": rng.random(n) < 0.5, "size": rng.normal(5, 1, n)}
    )
    return supported, before, after + effect * supported, covariates


def run(seed: int, **facts: float) -> list[ProgrammeEffect]:
    rng = np.random.default_rng(seed)
    return [programme_effect(*world(rng, **facts), EffectRule()) for _ in range(RUNS)]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def no_effect() -> list[ProgrammeEffect]:
    return run(21)


def share(found: list[ProgrammeEffect], low: str, high: str, truth: float) -> float:
    return float(np.mean([getattr(e, low) <= truth <= getattr(e, high) for e in found]))


def test_without_an_effect_the_corrected_interval_covers_zero(no_effect: list[ProgrammeEffect]) -> None:
    assert {e.method for e in no_effect} == {"matched"}
    assert 0.925 <= share(no_effect, "ci_low", "ci_high", 0.0) <= 0.975
    assert abs(np.mean([e.effect for e in no_effect])) < 0.02


def test_without_an_effect_the_observed_change_misleads(no_effect: list[ProgrammeEffect]) -> None:
    assert share(no_effect, "naive_ci_low", "naive_ci_high", 0.0) < 0.6
    assert np.mean([e.naive_change for e in no_effect]) > 0.08


def test_the_observed_change_is_the_regression_to_the_mean_that_is_predicted(
    no_effect: list[ProgrammeEffect],
) -> None:
    naive = np.mean([e.naive_change for e in no_effect])
    assert np.mean([e.regression_to_mean for e in no_effect]) == pytest.approx(naive, abs=0.015)
    assert np.mean([e.controls_change for e in no_effect]) == pytest.approx(naive, abs=0.03)


def test_a_planted_effect_is_recovered() -> None:
    found = run(22, effect=0.3)
    assert np.mean([e.effect for e in found]) == pytest.approx(0.3, abs=0.02)
    assert 0.925 <= share(found, "ci_low", "ci_high", 0.3) <= 0.975
    assert np.mean([e.ci_low > 0 for e in found]) > 0.75


def test_a_sharp_selection_without_matches_is_judged_by_regression_and_still_covers() -> None:
    rng = np.random.default_rng(23)
    rule = EffectRule(caliper=0.01)
    found = [programme_effect(*world(rng, sharp=True), rule) for _ in range(RUNS)]
    assert {e.method for e in found} == {"regression"}
    assert 0.925 <= share(found, "ci_low", "ci_high", 0.0) <= 0.975
    assert all(np.isnan(e.baseline_controls) for e in found)


def test_matches_lie_within_the_caliper_and_are_counted() -> None:
    supported = np.array([True] * 5 + [False] * 20)
    before = np.r_[[-1.0, -1.1, -0.9, -1.05, -5.0], np.linspace(-1.2, 1.0, 20)]
    after = before + np.random.default_rng(2).normal(0, 0.1, 25)
    found = programme_effect(
        supported, before, after, pd.DataFrame(index=range(25)), EffectRule(least_schools=4)
    )
    assert (found.method, found.supported_n, found.matched_n, found.unsupported_n) == ("matched", 5, 4, 20)
    assert found.naive_change == pytest.approx((after - before)[:4].mean())
    assert found.baseline_supported == pytest.approx(before[:4].mean())
    assert abs(found.baseline_controls - found.baseline_supported) < 0.25


def test_with_equal_covariates_the_effect_is_the_difference_in_differences() -> None:
    before = np.r_[np.repeat(np.linspace(-1, 1, 10), 2), np.linspace(-1, 1, 10)]
    supported = np.r_[np.zeros(20, bool), np.ones(10, bool)]
    after = before + np.random.default_rng(6).normal(0, 0.2, 30)
    rule = EffectRule(controls_n=2)
    found = programme_effect(supported, before, after, pd.DataFrame(index=range(30)), rule)
    change = after - before
    assert found.effect == pytest.approx(change[20:].mean() - change[:20].mean())
    assert found.effect == pytest.approx(found.naive_change - found.controls_change)
    assert found.largest_imbalance == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("supported_n", "others_n"), [(0, 20), (1, 20), (5, 2)])
def test_too_few_schools_give_counts_and_no_effect(supported_n: int, others_n: int) -> None:
    rng = np.random.default_rng(9)
    n = supported_n + others_n
    supported = np.arange(n) < supported_n
    found = programme_effect(
        supported, rng.normal(size=n), rng.normal(size=n), pd.DataFrame(index=range(n)), EffectRule()
    )
    assert found.method == "none" and np.isnan(found.effect)
    assert (found.supported_n, found.unsupported_n) == (supported_n, others_n)
