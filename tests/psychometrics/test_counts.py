import numpy as np
import pytest

from pipelines.psychometrics import (
    CountsError,
    DisconnectedFormsError,
    connected_parts,
    counts_from_matrix,
    form_items,
    merge_counts,
    require_connected,
    score_counts,
    weighted_quantile,
)


def long_form(c):
    """Rows as a dictionary, so that order and coding don't matter."""
    return {
        (c.forms[f], c.groups[g], int(r), c.items[j], int(k)): (int(n), int(o))
        for f, g, r, j, k, n, o in zip(c.form, c.group, c.raw, c.item, c.score, c.n, c.omitted_n, strict=True)
    }


def random_matrix(rng, n=400):
    matrix = rng.integers(0, [2, 2, 3, 5], size=(n, 4)).astype(float)
    matrix[rng.random(matrix.shape) < 0.2] = np.nan
    return matrix


def test_counts_equal_a_plain_loop_over_students(rng):
    matrix = random_matrix(rng)
    omitted = np.isnan(matrix) & (rng.random(matrix.shape) < 0.5)
    group = rng.choice(["f", "m"], len(matrix))
    counts = counts_from_matrix(matrix, group=group, omitted=omitted, max_score=[1, 1, 2, 4])
    expected = {}
    for row, left_out, own in zip(matrix, omitted, group, strict=True):
        scores = np.where(left_out, 0, row)
        given = ~np.isnan(scores)
        if not given.any():
            continue
        raw = int(scores[given].sum())
        held = tuple(str(j + 1) for j in np.flatnonzero(given))
        for j in np.flatnonzero(given):
            key = (held, own, raw, str(j + 1), int(scores[j]))
            n, o = expected.get(key, (0, 0))
            expected[key] = (n + 1, o + int(left_out[j]))
    items = form_items(counts)
    found = {(items[f], *rest): value for (f, *rest), value in long_form(counts).items()}
    assert found == expected
    assert len(set(items.values())) == len(counts.forms)  # one form per set of items
    assert (counts.omitted_n > 0).any()


def test_long_columns_and_matrix_give_the_same(rng):
    matrix = random_matrix(rng)
    first = counts_from_matrix(matrix, max_score=[1, 1, 2, 4])
    again = score_counts(
        form=np.array(first.forms)[first.form],
        raw=first.raw,
        item=np.array(first.items)[first.item],
        score=first.score,
        n=first.n,
        omitted_n=first.omitted_n,
        max_score=dict(zip(first.items, first.max_score, strict=True)),
    )
    assert long_form(again) == long_form(first)
    np.testing.assert_array_equal(np.sort(again.students.n), np.sort(first.students.n))
    assert again.students.n.sum() == (~np.isnan(matrix)).any(axis=1).sum()


def test_named_forms_are_split_by_what_was_given():
    matrix = np.array([[1, 0, -1], [1, 1, -1], [0, 1, -1], [1, -1, -1], [-1, 0, 1]])
    counts = counts_from_matrix(matrix, form=["A", "A", "A", "A", "B"])
    assert form_items(counts) == {"A": ("1", "2"), "A/2": ("1",), "B": ("2", "3")}
    np.testing.assert_array_equal(counts.item_n, [4, 4, 1])


def test_students_without_any_item_are_left_out():
    counts = counts_from_matrix([[1.0, 0.0], [np.nan, np.nan]])
    assert counts.students.n.sum() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": [3, 2, 4, 2]}, "3 students of 4"),
        ({"raw": [0, 2, 0, 2]}, "do not add up"),
        ({"score": [0, 1, 0, 2]}, "above the item's maximum"),
        ({"score": [0, 0.5, 0, 1]}, "whole numbers"),
        ({"n": [3, -2, 3, 2]}, "whole numbers"),
        ({"omitted_n": [0, 1, 0, 0]}, "omitted_n"),
        ({"raw": [0, 1]}, "another length"),
        ({"n": [0, 0, 0, 0]}, "no students"),
        ({"max_score": {"a": 1}}, "no maximum for items b"),
    ],
)
def test_contradictions_are_named(change, words):
    good = {
        "form": ["1"] * 4,
        "raw": [0, 1, 0, 1],
        "item": ["a", "a", "b", "b"],
        "score": [0, 1, 0, 0],
        "n": [3, 2, 3, 2],
        "max_score": {"a": 1, "b": 1},
    }
    assert score_counts(**good).students.n.sum() == 5
    with pytest.raises(CountsError, match=words) as caught:
        score_counts(**{**good, **change})
    assert caught.value.code == "bad_counts"
    assert caught.value.message.ru and caught.value.message.en


@pytest.mark.parametrize("matrix", [[[0.5, 1.0]], [[2, 1]], [[np.nan, np.nan]], [1, 0]])
def test_bad_matrices_are_named(matrix):
    with pytest.raises(CountsError):
        counts_from_matrix(matrix, max_score=[1, 1])


def test_disconnected_forms_are_named_by_part():
    matrix = np.full((60, 6), -1)
    matrix[:20, :2], matrix[20:40, 1:4], matrix[40:, 4:] = 1, 0, 1
    counts = counts_from_matrix(matrix, form=["A"] * 20 + ["B"] * 20 + ["C"] * 20, group=["g"] * 60)
    assert connected_parts(counts) == (("A", "B"), ("C",))
    with pytest.raises(DisconnectedFormsError, match=r"A, B \| C") as caught:
        require_connected(counts)
    assert caught.value.parts == (("A", "B"), ("C",))
    assert connected_parts(counts, common_population=True) == (("A", "B", "C"),)
    # an item that everyone solved ties nothing
    informative = np.array([True, False, True, True, True, True])
    assert len(connected_parts(counts, informative=informative)) == 3


def test_merging_years_keeps_common_items():
    first = counts_from_matrix([[1, 0], [0, 1]], items=["a", "b"], max_score=[1, 1])
    second = counts_from_matrix([[1, 1], [0, 2]], items=["b", "c"], max_score=[1, 2])
    both = merge_counts({"2023": first, "2024": second})
    assert both.groups == ("2023/all", "2024/all") and both.items == ("a", "b", "c")
    np.testing.assert_array_equal(both.item_n, [2, 4, 2])
    other = counts_from_matrix([[1, 1], [0, 2]], items=["c", "b"], max_score=[1, 2])
    with pytest.raises(CountsError, match="item b"):
        merge_counts({"2023": first, "2024": other})


def test_select_keeps_only_what_is_asked(rng):
    matrix = random_matrix(rng)
    group = rng.choice(["f", "m"], len(matrix))
    counts = counts_from_matrix(matrix, group=group, max_score=[1, 1, 2, 4])
    girls = counts.select(groups=["f"])
    assert girls.groups == ("f",)
    assert girls.students.n.sum() == (~np.isnan(matrix[group == "f"])).any(axis=1).sum()


def test_weighted_quantile_equals_numpy_on_repeated_values(rng):
    values, n = np.arange(12), rng.integers(1, 9, 12)
    shares = [0, 0.1, 0.25, 0.5, 0.77, 1]
    expected = np.quantile(np.repeat(values, n), shares)
    np.testing.assert_allclose(weighted_quantile(values, n, shares), expected, atol=1e-12)
