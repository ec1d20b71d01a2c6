import numpy as np
import pytest

from pipelines.psychometrics import (
    CalibrationSettings,
    GateError,
    bank_from_steps,
    calibrate,
    counts_from_matrix,
    require_gates,
)
from pipelines.psychometrics.marginal import MarginalProblem, Solution
from pipelines.psychometrics.rasch import _gates

from .helpers import (
    codes,
    gate,
    lsat6,
    marginal_log_likelihood,
    numeric_hessian,
    reference_em,
    simulate,
    simulate_01,
)


def test_lsat6_published_numbers():
    result = calibrate(counts_from_matrix(lsat6()))
    assert result.log_likelihood == pytest.approx(-2466.938, abs=1e-3)
    published = [-2.730013, -0.998606, -0.239854, -1.306451, -2.099404]
    np.testing.assert_allclose(result.difficulty, published, atol=1e-5)
    assert result.sd[0] ** 2 == pytest.approx(0.570228, abs=1e-5)
    assert result.mean[0] == 0 and result.reference_group == "all"
    assert result.status == "A" and result.accepted
    require_gates(result.gates)


@pytest.fixture(scope="module")
def mixed_design():
    """Two groups, three overlapping forms, 0–4 point items, 3 % topics not taught."""
    rng = np.random.default_rng(5)
    steps = [[-1.2], [0.4], [0.9], [-0.3], [-0.8, 0.6], [0.1, -0.4], [-1, -0.2, 0.5, 1.3], [-0.6, 0.2, 0.4]]
    n = 900
    group = np.repeat([0, 1], [500, 400])
    theta = rng.normal(np.where(group == 0, 0.0, 0.7), np.where(group == 0, 1.0, 1.3))
    matrix = simulate(rng, theta, steps).astype(float)
    form = rng.integers(0, 3, n)
    for f, left_out in enumerate(((0,), (1, 5), (2,))):
        matrix[np.ix_(form == f, left_out)] = np.nan
    matrix[rng.random(matrix.shape) < 0.03] = np.nan
    counts = counts_from_matrix(matrix, group=np.array(["a", "b"])[group], max_score=[len(s) for s in steps])
    return matrix, group, steps, counts


def test_counts_based_equals_matrix_based(mixed_design):
    matrix, group, steps, counts = mixed_design
    b, mean, sd, log_likelihood = reference_em(matrix, group, [len(s) for s in steps])
    result = calibrate(counts)
    for j, own in enumerate(b):
        np.testing.assert_allclose(result.bank.intercept[j, : len(own)], own, atol=1e-8)
        np.testing.assert_allclose(result.steps[j, : len(own) - 1], np.diff(own), atol=1e-8)
        assert result.difficulty[j] == pytest.approx(np.diff(own).mean(), abs=1e-8)
    np.testing.assert_allclose(result.mean, mean, atol=1e-8)
    np.testing.assert_allclose(result.sd, sd, atol=1e-8)
    assert result.log_likelihood == pytest.approx(log_likelihood, abs=1e-7)
    assert result.accepted and len(counts.forms) > 10


def test_standard_errors_are_the_inverse_numeric_hessian(mixed_design):
    matrix, group, steps, counts = mixed_design
    result = calibrate(counts)
    places = [(j, k) for j, own in enumerate(steps) for k in range(1, len(own) + 1)]
    x0 = np.array([*(result.bank.intercept[p] for p in places), result.mean[1], *result.sd])

    def log_likelihood(x):
        b = [np.zeros(len(own) + 1) for own in steps]
        for value, (j, k) in zip(x, places, strict=False):
            b[j][k] = value
        return marginal_log_likelihood(matrix, group, b, [0, x[-3]], x[-2:], nodes=61)

    covariance = np.linalg.inv(-numeric_hessian(log_likelihood, x0, step=2e-3))
    assert result.mean_se[1] == pytest.approx(np.sqrt(covariance[-3, -3]), rel=1e-3)
    np.testing.assert_allclose(result.sd_se, np.sqrt(np.diag(covariance)[-2:]), rtol=1e-3)
    for j, own in enumerate(steps):
        rows = [i for i, p in enumerate(places) if p[0] == j]
        contrast = np.zeros((len(own), len(x0)))
        contrast[np.arange(len(own)), rows] = 1
        contrast[np.arange(1, len(own)), rows[:-1]] = -1
        expected = np.sqrt(np.diag(contrast @ covariance @ contrast.T))
        np.testing.assert_allclose(result.steps_se[j, : len(own)], expected, rtol=1e-3)
        assert result.difficulty_se[j] == pytest.approx(
            np.sqrt(covariance[rows[-1], rows[-1]]) / len(own), rel=1e-3
        )


def test_the_choice_of_reference_group_only_moves_the_zero(mixed_design):
    counts = mixed_design[3]
    first, second = calibrate(counts), calibrate(counts, reference_group="b")
    assert second.mean[1] == 0 and second.mean_se[1] == 0
    np.testing.assert_allclose(second.difficulty + first.mean[1], first.difficulty, atol=1e-7)
    assert second.log_likelihood == pytest.approx(first.log_likelihood, abs=1e-6)
    with pytest.raises(KeyError):
        calibrate(counts, reference_group="nobody")


def test_anchors_at_their_own_estimates_return_zero(mixed_design):
    counts = mixed_design[3]
    free = calibrate(counts)
    fixed = calibrate(counts, anchors=free.bank)
    np.testing.assert_allclose(fixed.mean, free.mean, atol=1e-6)
    np.testing.assert_allclose(fixed.sd, free.sd, atol=1e-6)
    assert abs(fixed.mean[0]) < 1e-6 and set(fixed.item_status) == {"anchored"}
    np.testing.assert_array_equal(fixed.bank.intercept, free.bank.intercept)
    np.testing.assert_array_equal(fixed.difficulty_se, 0)
    assert fixed.reference_group is None and (fixed.mean_se > 0).all()


def test_anchors_hold_the_scale_and_free_items_follow(rng):
    difficulty = np.linspace(-1.5, 1.5, 12)
    bank = bank_from_steps([f"i{j}" for j in range(6)], [[d + 2.0] for d in difficulty[:6]])
    matrix = simulate_01(rng, rng.normal(0.5, 1.2, 20000), difficulty)
    result = calibrate(counts_from_matrix(matrix, items=[f"i{j}" for j in range(12)]), anchors=bank)
    assert result.mean[0] == pytest.approx(2.5, abs=0.05)
    np.testing.assert_allclose(result.difficulty[6:], difficulty[6:] + 2.0, atol=0.08)
    assert result.accepted


def test_two_unlike_groups_need_their_own_normals():
    """One common normal biases items when forms go to unlike cohorts; group normals don't."""
    rng = np.random.default_rng(11)
    difficulty = np.linspace(-2, 2, 20)
    theta = np.r_[rng.normal(-1, 1, 20000), rng.normal(1, 1, 20000)]
    matrix = simulate_01(rng, theta, difficulty).astype(float)
    matrix[:20000, 14:] = np.nan
    matrix[20000:, :6] = np.nan
    counts = counts_from_matrix(matrix, group=["low"] * 20000 + ["zhigh"] * 20000)
    right = calibrate(counts)
    assert (np.abs(right.difficulty - (difficulty + 1)) / right.difficulty_se).max() < 4
    assert abs(right.mean[1] - 2) < 4 * right.mean_se[1] < 0.1
    low_sd, high_sd = right.sd
    assert right.population.mean == pytest.approx(right.mean[1] / 2)
    assert right.population.sd == pytest.approx(
        np.sqrt((low_sd**2 + high_sd**2 + right.mean[1] ** 2 / 2) / 2)
    )
    pooled = calibrate(counts_from_matrix(matrix, group=["all"] * 40000))
    centred = pooled.difficulty - pooled.difficulty.mean() - difficulty
    assert np.abs(centred).max() > 10 * right.difficulty_se.max()


def test_errors_of_the_population_follow_from_its_groups(rng):
    difficulty = np.linspace(-1.5, 1.5, 12)
    theta = np.r_[rng.normal(0, 1, 1000), rng.normal(1, 1.3, 3000)]
    counts = counts_from_matrix(
        simulate_01(rng, theta, difficulty), items=list("abcdefghijkl"), group=["x"] * 1000 + ["y"] * 3000
    )
    held = calibrate(counts, anchors=bank_from_steps(list("abcdefghijkl"), [[d] for d in difficulty]))
    # with all items fixed the groups know nothing of each other
    assert held.population.mean_se == pytest.approx(np.hypot(held.mean_se[0] / 4, held.mean_se[1] * 3 / 4))
    assert abs(held.population.mean - theta.mean()) < 3 * held.population.mean_se
    assert abs(held.population.sd - theta.std()) < 3 * held.population.sd_se
    alone = calibrate(counts_from_matrix(simulate_01(rng, theta, difficulty)))
    assert (alone.population.mean_se, alone.population.sd_se) == pytest.approx((0, alone.sd_se[0]))


def test_long_tests_get_more_nodes(rng):
    steps = [[d - 0.9, d - 0.3, d + 0.3, d + 0.9] for d in np.linspace(-1.5, 1.5, 150)]
    result = calibrate(counts_from_matrix(simulate(rng, rng.normal(size=1500), steps), max_score=[4] * 150))
    assert result.nodes > 61 and gate(result, "nodes_doubled").passed
    coarse = calibrate(
        counts_from_matrix(simulate_01(rng, rng.normal(size=1000), np.linspace(-1, 1, 10))),
        settings=CalibrationSettings(nodes=5),
    )
    assert coarse.nodes > 5


def test_every_gate_can_fail(rng):
    counts = counts_from_matrix(simulate_01(rng, rng.normal(size=2000), np.linspace(-1, 1, 10)))
    hasty = calibrate(counts, settings=CalibrationSettings(max_iterations=2, tolerance=1e-14))
    assert not gate(hasty, "converged").passed and not gate(hasty, "iterations").passed
    assert not hasty.accepted
    with pytest.raises(GateError, match="converged") as caught:
        require_gates(hasty.gates)
    assert {g.name for g in caught.value.gates} >= {"converged"}
    narrow = calibrate(counts, settings=CalibrationSettings(span=2.0))
    assert not gate(narrow, "end_node_mass").passed
    strict = calibrate(counts, settings=CalibrationSettings(nodes=400, node_tolerance=-1.0))
    assert not gate(strict, "nodes_doubled").passed


def test_gates_watch_the_likelihood_and_the_information(rng):
    counts = counts_from_matrix(simulate_01(rng, rng.normal(size=1000), np.linspace(-1, 1, 6)))
    problem = MarginalProblem(counts, None, None, CalibrationSettings())
    solution = problem.solve()
    assert np.all(np.diff(solution.path) > -1e-6)
    e = problem.expect(solution.parameters, 61)
    info, _ = problem.information(solution.parameters, e)
    fallen = Solution(solution.parameters, (*solution.path, solution.path[-1] - 1), 61, 0.0, 0.0)
    failed = {g.name for g in _gates(problem, fallen, e, -info) if not g.passed}
    assert failed == {"likelihood_never_falls", "information_positive_definite"}


def test_an_underdispersed_group_stops_at_the_floor(rng):
    """Answers that alternate make totals more alike than chance: no ability can be told apart."""
    first = rng.integers(0, 2, (1000, 4))
    matrix = np.column_stack((first, 1 - first, rng.integers(0, 2, 1000)))
    result = calibrate(counts_from_matrix(matrix))
    assert result.calibrated and "sd_at_floor" in codes(result.messages)
    assert result.sd[0] == pytest.approx(0.05) and result.sd_se[0] == 0
    assert np.isfinite(result.difficulty).all() and np.isfinite(result.difficulty_se).all()
    assert result.accepted
