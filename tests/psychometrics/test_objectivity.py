import numpy as np
import pytest
from scipy.stats import spearmanr

from pipelines.psychometrics import (
    boundary_peak,
    inflated_mean,
    journal_shares,
    mark_score_agreement,
    raised_against_journal,
    sharp_change,
    small_spread,
)


def test_inflated_mean_needs_separate_intervals():
    found = inflated_mean([15.0, 14.0, 13.5, np.nan], [0.5, 0.5, 0.5, np.nan], 12.0, 0.5)
    # region's upper limit 12.98; lower limits 14.02, 13.02, 12.52
    np.testing.assert_array_equal(found.flagged, [True, True, False, False])
    assert found.status == ("ok", "ok", "ok", "too_few")
    np.testing.assert_allclose(found.threshold, 12.0 + 1.959964 * 0.5, atol=1e-6)


def test_spearman_equals_scipy_with_ties(rng):
    school = rng.permutation(np.repeat(np.arange(12), 25))
    mark = rng.integers(2, 6, 300)
    score = mark * np.where(school % 3 == 0, -1, 1) * 2 + rng.integers(0, 9, 300)
    found = mark_score_agreement(school, mark, score)
    for s in range(12):
        expected = spearmanr(mark[school == s], score[school == s]).statistic
        assert found.statistic[s] == pytest.approx(expected, abs=1e-12)
        assert found.flagged[s] == (expected < 0)
    assert found.flagged.sum() >= 4


def test_spearman_names_what_it_cannot_say():
    school = np.repeat([0, 1, 2], [9, 10, 10])
    mark = np.r_[np.arange(9) % 4, np.full(10, 4), np.arange(10) % 4]
    score = -np.r_[np.arange(9), np.arange(10), np.arange(10) % 4]
    found = mark_score_agreement(school, mark, score)
    assert found.status == ("too_few", "constant", "ok")
    np.testing.assert_array_equal(found.flagged, [False, False, True])
    assert found.statistic[2] == pytest.approx(-1)


def test_sharp_change_uses_quartile_fences():
    before, after = (
        np.r_[np.linspace(48, 72, 49), 95, 20, 50, np.nan],
        np.r_[np.full(49, 60.0), 30, 70, 0, 60],
    )
    found = sharp_change(before, after)
    k = np.r_[np.linspace(48, 72, 49) / 60, 95 / 30, 20 / 70]
    low, high = np.percentile(k, [25, 75])
    assert found.low_fence == pytest.approx(low - 3 * (high - low))
    assert found.high_fence == pytest.approx(high + 3 * (high - low))
    np.testing.assert_array_equal(np.flatnonzero(found.fell), [49])
    assert found.status[-2:] == ("too_few", "too_few") and np.isnan(found.k[-2:]).all()
    # the lower fence can be negative; a fall to it needs a narrow field
    narrow = sharp_change(np.r_[np.linspace(58, 62, 49), 20], np.full(50, 60.0))
    np.testing.assert_array_equal(np.flatnonzero(narrow.rose), [49])
    assert not sharp_change([np.nan], [50.0]).rose.any()


def test_a_peak_at_the_boundary_is_found():
    scores = np.arange(21)
    smooth = 4000 * np.exp(-((scores - 11) ** 2) / 40)
    pushed = np.round(smooth).astype(int)
    moved = int(0.9 * pushed[5])
    pushed[5] -= moved
    pushed[6] += moved
    found = boundary_peak(np.array([np.round(smooth), pushed, pushed // 400]), 6)
    # a normal-shaped field is log-quadratic, so what is expected at the boundary is what was there
    np.testing.assert_allclose(found.expected[:2], smooth[6], rtol=1e-3)
    np.testing.assert_array_equal(found.flagged, [False, True, False])
    assert abs(found.z[0]) < 0.5 and found.z[1] == pytest.approx(moved / np.sqrt(smooth[6]), rel=0.02)


def test_peaks_of_chance_are_rare(rng):
    scores = np.arange(21)
    p = np.exp(-((scores - 11) ** 2) / 40)
    counts = rng.multinomial(400, p / p.sum(), size=3000)
    found = boundary_peak(counts, 8)
    assert set(found.status) == {"ok"} and found.flagged.mean() < 0.02  # e is an estimate too
    pushed = counts.copy()
    pushed[:, 8] += pushed[:, 7]
    pushed[:, 7] = 0
    assert boundary_peak(pushed, 8).flagged.mean() > 0.5


def test_peak_statuses():
    few, single = np.zeros(15), np.zeros(15)
    few[5:9] = 10
    single[8], single[9] = 60, 30
    found = boundary_peak(np.array([few, single]), 8)
    assert found.status == ("too_few", "no_fit") and np.isnan(found.expected).all()
    assert boundary_peak(np.full((1, 4), 100), 2).status == ("no_fit",)
    with pytest.raises(ValueError, match="boundary"):
        boundary_peak(np.ones((1, 5)), 0)


def test_journal_shares():
    found = journal_shares([0, 0, 0, 2], [4, 4, 4, 3], [3, 4, 5, 3], [10, 30, 10, 7])
    np.testing.assert_array_equal(found.n, [50, 0, 7])
    np.testing.assert_allclose(found.fell, [0.2, np.nan, 0])
    np.testing.assert_allclose(found.held, [0.6, np.nan, 1])
    np.testing.assert_allclose(found.rose, [0.2, np.nan, 0])


def test_marks_raised_against_the_journal_stand_out_of_the_region(rng):
    n = np.full(300, 40)
    raised = rng.binomial(n, np.clip(rng.normal(0.25, 0.08, 300), 0.02, 1))
    raised[:3] = 30
    n[3], raised[3] = 9, 9
    n[4], raised[4] = 10, 7  # a large share of a few students proves little
    found = raised_against_journal(n, raised)
    assert found.flagged[:3].all() and found.flagged[3:].sum() <= 3
    assert found.status[3] == "too_few" and np.isnan(found.statistic[3])
    assert found.statistic[4] < found.threshold[4] < 0.7
    np.testing.assert_allclose(found.statistic[0], 0.5981, atol=1e-4)  # Wilson, 30 of 40
    # nobody raises anything: one student of ten stands out of nothing
    quiet = raised_against_journal([10] * 30, [1] + [0] * 29)
    assert not quiet.flagged.any() and quiet.threshold[0] == 0.1
    few = raised_against_journal([10] * 19, [9] * 19)
    assert set(few.status) == {"too_few_schools"} and not few.flagged.any()


def test_small_spread_is_judged_among_schools_with_like_means(rng):
    mean = rng.uniform(5, 20, 1000)
    sd = (24 - mean) * 0.3 * rng.uniform(0.8, 1.2, 1000)  # near the maximum spreads are small anyway
    n = np.full(1000, 25)
    sd[3], mean[3] = 0.4, 10.0
    n[7], sd[7] = 6, 0.1
    found = small_spread(n, mean, sd)
    assert found.flagged[3] and found.status[7] == "too_few" and not found.flagged[7]
    assert 0.03 < found.flagged.mean() < 0.06
    flagged_high = found.flagged[mean > np.percentile(mean, 90)].mean()
    assert flagged_high < 0.08  # not everyone at the top
