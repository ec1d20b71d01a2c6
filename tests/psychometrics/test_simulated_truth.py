"""Known truth comes back: bias, coverage of intervals, years and drifting anchors."""

import numpy as np
import pytest

from pipelines.psychometrics import (
    ReferenceCohort,
    calibrate,
    counts_from_matrix,
    form_items,
    link_by_anchors,
    unit_distributions,
)

from .helpers import codes, simulate, simulate_01


def test_bias_below_a_hundredth_of_a_logit_at_50000():
    rng = np.random.default_rng(1)
    difficulty = np.linspace(-2, 2, 30)
    found, sds = [], []
    for _ in range(25):
        result = calibrate(counts_from_matrix(simulate_01(rng, rng.normal(0, 1.1, 50000), difficulty)))
        found.append(result.difficulty - difficulty)
        sds.append(result.sd[0])
    bias = np.mean(found, axis=0)
    assert np.abs(bias).max() < 0.01
    assert np.mean(sds) == pytest.approx(1.1, abs=0.003)


def test_intervals_cover_what_they_promise():
    rng = np.random.default_rng(2)
    steps = [[d] for d in np.linspace(-1.8, 1.8, 14)] + [[-1, 0.4], [-0.5, 0.1, 0.9], [0.6, -0.2, 0.3, 1]]
    truth = np.array([np.mean(s) for s in steps])
    step_hits, item_hits, group_hits, unit_hits = [], [], [], []
    for _ in range(250):
        group = np.repeat([0, 1], 1500)
        theta = rng.normal(np.where(group == 0, 0, 0.6), np.where(group == 0, 1, 1.2))
        matrix = simulate(rng, theta, steps).astype(float)
        matrix[np.ix_(group == 0, [0, 1])] = np.nan
        matrix[np.ix_(group == 1, [12, 13])] = np.nan
        counts = counts_from_matrix(matrix, group=group, max_score=[len(s) for s in steps])
        result = calibrate(counts)
        item_hits.append(np.abs(result.difficulty - truth) < 1.96 * result.difficulty_se)
        for j, own in enumerate(steps):
            error = result.steps[j, : len(own)] - own
            step_hits.extend(np.abs(error) < 1.96 * result.steps_se[j, : len(own)])
        error = np.r_[result.mean[1] - 0.6, result.sd - [1, 1.2]]
        group_hits.append(np.abs(error) < 1.96 * np.r_[result.mean_se[1], result.sd_se])
        cells = counts.students
        units = unit_distributions(
            result.bank,
            form_items(counts),
            unit=cells.group,
            form=np.array(counts.forms)[cells.form],
            raw=cells.raw,
            n=cells.n,
            center=0.3,
            spread=1.1,
        )
        sample = [theta[group == g].mean() for g in (0, 1)]
        unit_hits.append(np.abs(units.mean - sample) < 1.96 * units.mean_se)
    assert 0.93 < np.mean(item_hits) < 0.97
    assert 0.93 < np.mean(step_hits) < 0.97
    assert 0.93 < np.mean(group_hits) < 0.97
    assert np.mean(unit_hits) > 0.95  # against the sample's own mean the interval is wide


def two_years(rng, drift, n=20000):
    """12 anchors and 8 items of each year; the second cohort is 0.4 better and wider."""
    anchors = np.linspace(-1.5, 1.5, 12)
    own = np.linspace(-1, 1, 8)
    names = [f"anchor{j}" for j in range(12)]
    old = simulate_01(rng, rng.normal(0, 1, n), np.r_[anchors, own])
    new = simulate_01(rng, rng.normal(0.4, 1.1, n), np.r_[anchors + drift, own - 0.5])
    first = counts_from_matrix(old, items=names + [f"old{j}" for j in range(8)])
    second = counts_from_matrix(new, items=names + [f"new{j}" for j in range(8)])
    return names, first, second


def test_two_years_with_steady_anchors():
    names, first, second = two_years(np.random.default_rng(3), np.zeros(12))
    old = calibrate(first)
    reference = ReferenceCohort(0.0, float(old.sd[0]))
    link = link_by_anchors(old, second, names, reference=reference, old_counts=first)
    assert link.linked and link.screen.kept.all() and not link.warnings
    for method in ("fixed_anchors", "mean_mean", "concurrent"):
        assert link.mean[method] == pytest.approx(0.4, abs=0.04), method
        assert link.sd[method] == pytest.approx(1.1, abs=0.04), method
    assert 0 < link.link_error < 0.02
    assert link.calibration.accepted


def test_drifting_anchors_are_dropped_and_the_link_holds():
    drift = np.zeros(12)
    drift[[2, 7, 9]] = 0.9, 0.8, 0.7
    names, first, second = two_years(np.random.default_rng(4), drift)
    old = calibrate(first)
    reference = ReferenceCohort(0.0, float(old.sd[0]))
    link = link_by_anchors(old, second, names, reference=reference, old_counts=first)
    assert link.linked
    assert set(names) - set(link.screen.kept_items) == {"anchor2", "anchor7", "anchor9"}
    assert link.mean["fixed_anchors"] == pytest.approx(0.4, abs=0.04)
    assert link.mean["concurrent"] == pytest.approx(0.4, abs=0.04)
    # kept as they were, the drifting items would have spoilt the mean
    naive = calibrate(second, anchors=old.bank.take(names))
    assert abs(naive.mean[0] - 0.4) > 0.1


def test_too_much_drift_is_not_linked():
    drift = np.r_[np.zeros(7), 1.2, -1.1, 1.0, -0.9, 0.8]
    names, first, second = two_years(np.random.default_rng(6), drift, n=5000)
    old = calibrate(first)
    link = link_by_anchors(old, second, names, reference=ReferenceCohort(0, 1))
    assert not link.linked and link.calibration is None and link.mean == {}
    assert "many_dropped" in codes(link.reasons)
