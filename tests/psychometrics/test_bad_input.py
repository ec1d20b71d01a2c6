"""Input that can't be calibrated comes back with a status and messages, or as a named error."""

import numpy as np
import pytest

from pipelines.psychometrics import (
    DisconnectedFormsError,
    bank_from_difficulties,
    bank_from_steps,
    calibrate,
    counts_from_matrix,
    eap_table,
    form_items,
    item_fit,
    wle_table,
)

from .helpers import codes, simulate, simulate_01


@pytest.fixture
def matrix(rng):
    return simulate_01(rng, rng.normal(size=1000), np.linspace(-1.5, 1.5, 8))


def named(result, code):
    """Subjects of a finding; both languages must say something different."""
    found = [m for m in result.messages if m.code == code]
    assert all(m.ru and m.en and m.ru != m.en for m in found)
    return [m.subject for m in found]


@pytest.mark.parametrize(("value", "code"), [(0, "item_all_wrong"), (1, "item_all_right")])
def test_an_item_alike_for_all_is_set_aside(matrix, value, code):
    matrix[:, 3] = value
    result = calibrate(counts_from_matrix(matrix, max_score=[1] * 8))
    without = calibrate(counts_from_matrix(np.delete(matrix, 3, axis=1)))
    assert named(result, code) == ["4"] and result.item_status[3] == code
    assert np.isnan([result.difficulty[3], result.difficulty_se[3]]).all()
    # the others are as if the item had not been there
    np.testing.assert_allclose(np.delete(result.difficulty, 3), without.difficulty, atol=1e-8)
    assert result.log_likelihood == pytest.approx(without.log_likelihood)
    assert result.accepted


def test_everyone_has_the_same_middle_score(matrix, rng):
    constant = np.c_[matrix, np.ones(1000, int)]
    result = calibrate(counts_from_matrix(constant, max_score=[1] * 8 + [2]))
    assert result.item_status[8] == "item_constant" and result.accepted


def test_scores_after_a_set_aside_item_stay_usable(matrix):
    matrix[:, 3] = 1
    counts = counts_from_matrix(matrix, max_score=[1] * 8)
    result = calibrate(counts)
    table = wle_table(result.bank, form_items(counts))
    np.testing.assert_array_equal(table.raw, np.arange(1, 9))  # nobody can have 0
    assert np.isfinite(table.theta).all() and np.isfinite(eap_table(result).mean).all()
    fit = item_fit(counts, result.bank, table)
    assert fit.status[3] == "not_calibrated" and set(fit.status) - {"not_calibrated"} == {"ok"}


def test_empty_and_sparse_categories_are_named(rng):
    steps = [[-0.5, 0.5], [-1, 0, 1], [0.2, 0.4], [0.1], [-0.4]]
    matrix = simulate(rng, rng.normal(size=3000), steps)
    matrix[matrix[:, 0] == 1, 0] = 2  # nobody has 1
    rare = np.flatnonzero(matrix[:, 1] == 3)
    matrix[rare[4:], 1] = 2  # four students have 3
    result = calibrate(counts_from_matrix(matrix, max_score=[2, 3, 3, 1, 1]))
    assert named(result, "empty_category") == ["1", "3"]
    assert named(result, "sparse_category") == ["2"] and result.item_status[1] == "sparse_category"
    assert np.isnan(result.steps[0, 0]) and np.isfinite(result.steps[0, 1])
    assert np.isfinite(result.difficulty).all() and np.isfinite(result.difficulty_se).all()
    assert result.accepted


def test_fifty_students_get_no_calibration(matrix):
    result = calibrate(counts_from_matrix(matrix[:50]))
    assert result.status == "U" and not result.calibrated and not result.accepted
    assert set(result.item_status) == {"item_too_few"}
    assert codes(result.messages) >= {"nothing_to_calibrate", "item_too_few", "form_set_aside"}
    assert np.isnan(result.difficulty).all()
    with pytest.raises(ValueError, match="nothing was calibrated"):
        eap_table(result)


@pytest.mark.parametrize(("n", "status"), [(99, "U"), (100, "P"), (199, "P"), (200, "A")])
def test_least_sizes_of_rasch_items(matrix, n, status):
    result = calibrate(counts_from_matrix(matrix[:n]))
    assert result.status == status
    assert ("provisional" in result.item_status) == (status == "P")


@pytest.mark.parametrize(("n", "status"), [(299, "U"), (300, "A")])
def test_least_sizes_of_partial_credit_items(rng, n, status):
    matrix = simulate(rng, rng.normal(size=n), [[-0.5, 0.5]] * 5)
    assert calibrate(counts_from_matrix(matrix)).status == status


def test_a_rare_form_with_its_own_items_is_set_aside(matrix):
    wide = np.full((1040, 9), -1)
    wide[:1000, :8] = matrix
    wide[1000:, 3:8], wide[1000:, 8] = matrix[:40, 3:], matrix[:40, 0]
    counts = counts_from_matrix(wide, form=["A"] * 1000 + ["rare"] * 40)
    result = calibrate(counts)
    assert named(result, "form_set_aside") == ["rare"] and named(result, "item_too_few") == ["9"]
    assert result.item_status[8] == "item_too_few" and result.counts.forms == ("A",)
    plain = calibrate(counts_from_matrix(matrix))
    np.testing.assert_allclose(result.difficulty[:8], plain.difficulty, atol=1e-8)
    # the rare form is scored with the calibrated items it has
    table = wle_table(result.bank, form_items(counts))
    assert table.left_out == {"rare": ("9",)}
    assert table.raw[table.form == table.forms.index("rare")].max() == 5
    assert wle_table(result.bank, {"new": ("9",)}).unscored == ("new",)


def test_forms_without_common_items_name_their_parts(matrix):
    wide = np.full((1000, 8), -1)
    wide[:500, :4], wide[500:, 4:] = matrix[:500, :4], matrix[500:, 4:]
    counts = counts_from_matrix(wide, form=["first"] * 500 + ["second"] * 500)
    with pytest.raises(DisconnectedFormsError) as caught:
        calibrate(counts)
    assert caught.value.parts == (("first",), ("second",)) and "first | second" in str(caught.value)
    together = calibrate(counts, common_population=True)
    assert together.accepted
    # an anchor in one part does not hold the other
    anchors = bank_from_difficulties(["1"], [0.0])
    with pytest.raises(DisconnectedFormsError):
        calibrate(counts, anchors=anchors)
    assert calibrate(counts, anchors=bank_from_difficulties(["1", "8"], [-1.5, 1.5])).accepted


def test_a_constant_total_is_named(rng):
    matrix = np.zeros((500, 6), int)
    for row in matrix:
        row[rng.choice(6, 3, replace=False)] = 1
    result = calibrate(counts_from_matrix(matrix))
    assert result.status == "U" and codes(result.messages) == {"constant_total"}
    assert set(result.item_status) == {"constant_total"}


@pytest.mark.parametrize("value", [0, 1])
def test_all_right_and_all_wrong_tests_are_named(value):
    result = calibrate(counts_from_matrix(np.full((500, 6), value), max_score=[1] * 6))
    assert result.status == "U" and codes(result.messages) == {"constant_total"}


def test_groups_without_information_are_set_aside(matrix):
    group = np.repeat(["big", "perfect", "tiny"], [900, 80, 20])
    matrix[900:980] = 1
    result = calibrate(counts_from_matrix(matrix, group=group), reference_group="tiny")
    assert result.groups == ("big",) and result.reference_group == "big"
    assert named(result, "group_at_bound") == ["perfect"] and named(result, "group_too_few") == ["tiny"]
    assert named(result, "reference_moved") == ["big"]
    alone = calibrate(counts_from_matrix(matrix[:900]))
    np.testing.assert_allclose(result.difficulty, alone.difficulty, atol=1e-8)


def test_only_zeros_and_full_marks(rng):
    matrix = np.repeat(rng.integers(0, 2, (600, 1)), 6, axis=1)
    result = calibrate(counts_from_matrix(matrix))
    assert result.calibrated and not result.accepted  # the sd runs away; a gate must say so


def test_anchors_that_hold_nothing(matrix):
    counts = counts_from_matrix(matrix)
    strange = calibrate(counts, anchors=bank_from_difficulties(["other"], [0.0]))
    assert strange.status == "U" and codes(strange.messages) == {"no_anchors"}
    # a bank that doesn't know a score that was given can't hold the item
    wide = np.c_[matrix, matrix[:, 0] + matrix[:, 1]]
    bank = bank_from_steps(["2", "9"], [[0.0], [0.0]])
    result = calibrate(counts_from_matrix(wide), anchors=bank)
    assert named(result, "anchor_released") == ["9"]
    assert result.item_status[1] == "anchored" and result.item_status[8] == "ok"


def test_an_anchor_everyone_solved_still_counts(matrix):
    matrix[:, 2] = 1
    bank = bank_from_difficulties(["2", "3"], [-1.0, -6.0])
    result = calibrate(counts_from_matrix(matrix, max_score=[1] * 8), anchors=bank)
    assert result.accepted and result.item_status[2] == "anchored" and result.difficulty[2] == -6.0


def test_nothing_is_nan_without_a_status(rng):
    """Whatever is thrown at it: finite figures, or a status that says why not."""
    for _ in range(25):
        n, items = int(rng.integers(60, 600)), int(rng.integers(1, 9))
        top = rng.integers(1, 4, items)
        matrix = rng.integers(0, top + 1, (n, items)).astype(float)
        matrix[:, rng.random(items) < 0.2] = 0
        matrix[rng.random(matrix.shape) < rng.choice([0, 0.3])] = np.nan
        try:
            result = calibrate(counts_from_matrix(matrix, max_score=top))
        except DisconnectedFormsError as error:
            assert len(error.parts) > 1
            continue
        fine = np.array([s in {"ok", "provisional", "sparse_category"} for s in result.item_status])
        assert np.isfinite(result.difficulty[fine]).all() and np.isfinite(result.difficulty_se[fine]).all()
        assert np.isnan(result.difficulty[~fine]).all()
        assert result.calibrated or result.messages
        assert np.isfinite(result.mean).all() and np.isfinite(result.sd_se).all()
