import numpy as np
import pytest

from pipelines.psychometrics import (
    ReferenceCohort,
    accumulated_link_error,
    calibrate,
    counts_from_matrix,
    drift_screen,
    equate_variants,
    equipercentile,
    link_by_anchors,
    link_error,
    mean_mean,
)

from .helpers import codes, simulate, simulate_01

NAMES = [f"a{j}" for j in range(12)]
OLD = np.linspace(-1.5, 1.5, 12)


def test_kolen_brennan_example():
    x, y = np.bincount([0, 0, 1, 1, 1, 2, 2, 3, 3, 4]), np.bincount([0, 1, 1, 2, 2, 3, 3, 3, 4, 4])
    np.testing.assert_allclose(equipercentile(x, y), [0.5, 1.75, 2.83333, 3.5, 4.25], atol=5e-6)


def test_equating_to_itself_changes_nothing(rng):
    n = rng.integers(1, 30, 25)
    np.testing.assert_allclose(equipercentile(n, n), np.arange(25), atol=1e-9)


def test_empty_scores_do_not_break_equating():
    found = equipercentile([0, 5, 0, 5, 0], [0, 0, 10, 0, 10, 0])
    assert np.isfinite(found).all() and np.all(np.diff(found) >= 0)
    assert found[0] == 1.5 and found[-1] == 4.5  # half a point beyond the scores that occur
    with pytest.raises(ValueError, match="needs students"):
        equipercentile([0, 0], [1, 2])


def test_variants_are_equated_or_named(rng):
    theta = rng.normal(size=6000)
    easy = simulate_01(rng, theta[:3000], np.linspace(-2, 1, 15)).sum(axis=1)
    hard = simulate_01(rng, theta[3000:], np.linspace(-1, 2, 15)).sum(axis=1)
    found = equate_variants(
        {
            "easy": np.bincount(easy, minlength=16),
            "hard": np.bincount(hard, minlength=16),
            "rare": np.bincount(hard[:150], minlength=16),
        },
        "easy",
    )
    np.testing.assert_array_equal(found["easy"].equivalent, np.arange(16))
    moved = found["hard"].equivalent
    assert np.all(moved[3:13] > np.arange(3, 13) + 1)
    assert moved[hard].mean() == pytest.approx(easy.mean(), abs=0.1)
    assert found["rare"].status == "too_few" and codes(found["rare"].messages) == {"too_few_students"}
    with pytest.raises(KeyError):
        equate_variants({"easy": [1, 2]}, "other")


def test_drift_rules():
    steady = drift_screen(NAMES, OLD, OLD + 0.4)
    assert steady.linked and steady.kept.all() and steady.shift == pytest.approx(0.4)
    assert steady.link_error == pytest.approx(0, abs=1e-12)
    noise = np.array([0.05, -0.04, 0.02, -0.03, 0.06, -0.06, 0.01, 0.0, -0.02, 0.03, -0.05, 0.03])
    one = noise.copy()
    one[4] += 0.7
    found = drift_screen(NAMES, OLD, OLD + 0.4 + one)
    assert found.linked and found.kept_items == tuple(n for n in NAMES if n != "a4")
    assert found.shift == pytest.approx(0.4 + np.delete(noise, 4).mean())
    assert found.link_error == pytest.approx(np.delete(noise, 4).std(ddof=1) / np.sqrt(11))
    # 0.4 is dropped only where the others agree well
    wide = np.array([0.4, 0.35, -0.35, 0.3, -0.3, 0.25, -0.25, 0.2, -0.2, 0.15, -0.3, -0.25])
    assert drift_screen(NAMES, OLD, OLD + wide).kept.all()
    narrow = noise.copy()
    narrow[0] = 0.42
    assert not drift_screen(NAMES, OLD, OLD + narrow).kept[0]


def test_one_wild_anchor_does_not_accuse_the_others():
    wild = np.zeros(7)
    wild[0] = 3.6  # moves the mean by more than half a logit
    found = drift_screen(NAMES[:7], OLD[:7], OLD[:7] + wild)
    np.testing.assert_array_equal(found.kept, [False, *[True] * 6])
    assert found.linked


def test_not_linked_has_reasons():
    few = drift_screen(NAMES[:5], OLD[:5], OLD[:5])
    assert not few.linked and codes(few.reasons) == {"few_anchors"} and few.link_error == 0
    many = np.zeros(12)
    many[:4] = 0.8, -0.9, 1.0, -1.1
    found = drift_screen(NAMES, OLD, OLD + many)
    assert not found.linked and codes(found.reasons) == {"many_dropped"}
    both = drift_screen(NAMES[:7], OLD[:7], OLD[:7] + many[:7])
    assert codes(both.reasons) == {"few_anchors", "many_dropped"}
    assert all(m.ru and m.en for m in both.reasons)
    nothing = drift_screen([], [], [])
    assert not nothing.linked and codes(nothing.reasons) == {"few_anchors"}


def test_an_anchor_without_an_estimate_is_dropped():
    found = drift_screen(NAMES, OLD, np.where(np.arange(12) == 3, np.nan, OLD))
    assert found.linked and not found.kept[3] and np.isfinite(found.shift)


def test_link_error_and_its_accumulation():
    d = [0.1, 0.2, -0.1, -0.2, 0.05, -0.05]
    assert link_error(d) == pytest.approx(np.std(d, ddof=1) / np.sqrt(6))
    by_text = link_error(d, ["t1", "t1", "t2", "t2", "t3", "t3"])
    assert by_text == pytest.approx(np.std([0.15, -0.15, 0.0], ddof=1) / np.sqrt(3))
    assert by_text > link_error(d)
    np.testing.assert_allclose(accumulated_link_error([3.0, 4.0]), [0, 3, 5])
    assert mean_mean([1.0, 2.0], [0.5, 1.0]) == 0.75
    with pytest.raises(ValueError, match="two anchors"):
        link_error([0.1])


def test_a_year_that_cannot_be_calibrated_is_not_linked(rng):
    matrix = simulate_01(rng, rng.normal(size=2000), OLD)
    old = calibrate(counts_from_matrix(matrix, items=NAMES))
    link = link_by_anchors(
        old, counts_from_matrix(matrix[:50], items=NAMES), NAMES, reference=ReferenceCohort(0, 1)
    )
    assert not link.linked and codes(link.reasons) == {"no_calibration"} and link.screen is None


def test_anchors_with_scores_the_bank_does_not_know(rng):
    """Nobody had 1 of 2 on these items in the old year; in the new year some have."""
    steps = [[-0.5, 0.5]] * 12
    first, second = (simulate(rng, rng.normal(size=3000), steps) for _ in range(2))
    first[:, :8][first[:, :8] == 1] = 2
    second[:, :8][(second[:, :8] == 1) & (rng.random((3000, 8)) < 0.9)] = 2
    old = calibrate(counts_from_matrix(first, items=NAMES))
    link = link_by_anchors(
        old, counts_from_matrix(second, items=NAMES), NAMES, reference=ReferenceCohort(0, 1)
    )
    assert not link.linked and codes(link.reasons) >= {"few_anchors", "anchor_released"}


def test_methods_that_disagree_are_a_warning(rng):
    """A new year with a steeper relation: fixed anchors and mean–mean give different means."""
    old = calibrate(counts_from_matrix(simulate_01(rng, rng.normal(size=20000), OLD), items=NAMES))
    stretched = simulate_01(rng, rng.normal(1.5, 1, 20000), 1.12 * OLD)
    link = link_by_anchors(
        old, counts_from_matrix(stretched, items=NAMES), NAMES, reference=ReferenceCohort(0, 0.3)
    )
    assert link.linked
    gap = abs(link.mean["fixed_anchors"] - link.mean["mean_mean"]) / 0.3 * 100
    assert (gap > 5) == bool(link.warnings) and codes(link.warnings) == {"methods_differ"}


def test_a_year_of_unlike_cohorts_is_linked_as_a_whole(rng):
    """Two forms of the new year with common anchors, the harder one given to a weaker cohort."""
    old = calibrate(counts_from_matrix(simulate_01(rng, rng.normal(size=20000), OLD), items=NAMES))
    theta = np.r_[rng.normal(-1, 1, 10000), rng.normal(1, 1, 30000)]
    own = np.linspace(-2, 2, 12)
    matrix = simulate_01(rng, theta, np.r_[OLD[:8], own]).astype(float)
    matrix[:10000, 8:14] = np.nan
    matrix[10000:, 14:] = np.nan
    cohort = ["easy"] * 10000 + ["hard"] * 30000
    new = counts_from_matrix(
        matrix, items=[*NAMES[:8], *(f"n{j}" for j in range(12))], form=cohort, group=cohort
    )
    known = counts_from_matrix(simulate_01(rng, rng.normal(size=20000), OLD), items=NAMES)
    link = link_by_anchors(old, new, NAMES[:8], reference=ReferenceCohort(0, 1), old_counts=known)
    assert link.linked and not link.warnings
    np.testing.assert_allclose(list(link.mean.values()), theta.mean(), atol=0.05)
    np.testing.assert_allclose(list(link.sd.values()), theta.std(), atol=0.05)
