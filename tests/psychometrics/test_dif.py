import numpy as np
import pytest
from scipy.stats import chi2_contingency

from pipelines.psychometrics import (
    counts_from_matrix,
    dif_analysis,
    ets_class,
    mantel_haenszel,
    mantel_test,
    smd_class,
)

from .helpers import simulate, simulate_01

# Berkeley admissions 1973 by department: men admitted, rejected, women admitted, rejected
UCB = [
    [512, 353, 120, 138, 53, 22],
    [313, 207, 205, 279, 138, 351],
    [89, 17, 202, 131, 94, 24],
    [19, 8, 391, 244, 299, 317],
]


def test_berkeley_admissions_published_numbers():
    found = mantel_haenszel(*UCB)
    assert found.chi2 == pytest.approx(1.42695, abs=5e-6)
    assert found.chi2_uncorrected == pytest.approx(1.52461, abs=5e-6)
    assert found.odds_ratio == pytest.approx(0.90469683, abs=5e-9)
    assert found.status == "ok"


def test_one_stratum_is_the_ordinary_table():
    a, b, c, d = 30, 12, 15, 25
    found = mantel_haenszel([a], [b], [c], [d])
    n = a + b + c + d
    pearson = chi2_contingency([[a, b], [c, d]], correction=False).statistic
    assert found.chi2_uncorrected == pytest.approx(pearson * (n - 1) / n)
    assert found.odds_ratio == pytest.approx(a * d / (b * c))
    assert found.se_log == pytest.approx(np.sqrt(1 / a + 1 / b + 1 / c + 1 / d))  # Woolf's, for one table


def test_strata_without_both_groups_say_nothing():
    base = mantel_haenszel(*UCB)
    more = mantel_haenszel(*(row + extra for row, extra in zip(UCB, ([9], [7], [0], [0]), strict=True)))
    assert more == base
    nothing = mantel_haenszel([5, 0], [5, 0], [0, 4], [0, 4])
    assert nothing.status == "no_overlap" and np.isnan(nothing.odds_ratio)
    assert mantel_haenszel([5], [5], [0], [9]).status == "infinite"


def test_mantel_for_01_items_is_mantel_haenszel():
    statistic, smd, _ = mantel_test(np.array([UCB[1], UCB[0]]).T, np.array([UCB[3], UCB[2]]).T)
    assert statistic == pytest.approx(mantel_haenszel(*UCB).chi2_uncorrected)
    ref = np.array(UCB[0]) / (np.array(UCB[0]) + UCB[1])
    n_focal = np.array(UCB[2]) + UCB[3]
    assert smd == pytest.approx(n_focal @ (np.array(UCB[2]) / n_focal - ref) / n_focal.sum())


def test_mantel_equals_the_correlation_form_in_one_stratum(rng):
    """In one stratum the statistic is (n − 1)·r² between group and score."""
    score, focal = rng.integers(0, 4, 300), rng.integers(0, 2, 300)
    table = [np.bincount(score[focal == g], minlength=4)[None] for g in (0, 1)]
    expected = 299 * np.corrcoef(score, focal)[0, 1] ** 2
    assert mantel_test(*table)[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("delta", "se", "p", "letter"),
    [
        (0.9, 0.1, 0.001, "A"),
        (-2.0, 1.5, 0.2, "A"),
        (1.2, 0.2, 0.001, "B"),
        (-1.2, 0.2, 0.001, "B"),
        (1.6, 0.5, 0.001, "B"),
        (1.6, 0.3, 0.001, "C"),
        (-2.5, 0.3, 0.0001, "C"),
    ],
)
def test_ets_classes(delta, se, p, letter):
    assert ets_class(delta, se, p) == letter


@pytest.mark.parametrize(
    ("effect", "p", "letter"),
    [(0.17, 0.001, "A"), (0.4, 0.06, "A"), (-0.2, 0.01, "B"), (0.25, 0.01, "B"), (-0.26, 0.01, "C")],
)
def test_smd_classes(effect, p, letter):
    assert smd_class(effect, p) == letter


def biased(rng, n=4000):
    """Item 3 (0/1) and item 8 (0–2) are harder for the focal group; the groups differ in ability too."""
    focal = np.repeat([False, True], n)
    theta = rng.normal(np.where(focal, -0.4, 0.0), 1)
    difficulty = np.linspace(-1.5, 1.5, 14)
    matrix = simulate_01(rng, theta, difficulty)
    matrix[focal, 3] = simulate_01(rng, theta[focal], difficulty[3:4] + 1.2)[:, 0]
    steps = simulate(rng, theta, [[-0.5, 0.5]])
    harder = simulate(rng, theta, [[0.4, 1.4]])
    matrix = np.c_[matrix, np.where(focal[:, None], harder, steps)]
    return matrix, np.where(focal, "focal", "reference")


def test_planted_dif_is_found_and_only_it(rng):
    matrix, group = biased(rng)

    def recount(excluded):
        keep = np.array([str(j + 1) not in excluded for j in range(matrix.shape[1])])
        return counts_from_matrix(matrix, group=group, total_over=keep)

    plain = dif_analysis(counts_from_matrix(matrix, group=group), reference="reference", focal="focal")
    pure = dif_analysis(
        counts_from_matrix(matrix, group=group), reference="reference", focal="focal", recount=recount
    )
    assert plain.ets_class[3] == "C" and plain.purified == ()
    assert pure.ets_class[3] == "C" and pure.ets_class[14] == "C"
    assert {c for j, c in enumerate(pure.ets_class) if j not in {3, 14}} == {"A"}
    assert set(pure.purified) >= {"4", "15"}
    assert pure.effect[3] == pytest.approx(-2.35 * 1.2, abs=0.4)  # harder for the focal group: negative
    assert pure.effect[14] < -0.25
    fair = [j for j in range(14) if j != 3]
    # two unfair items in the matching score make the fair ones look easier; purification removes that
    assert abs(pure.effect[fair].mean()) < abs(plain.effect[fair].mean()) / 2
    assert set(pure.status) == {"ok"} and (pure.p_adjusted >= pure.p).all()


def test_the_studied_item_is_always_in_its_own_match(rng):
    """A purified item matched without itself would show the regression effect of ability as DIF."""
    matrix, group = biased(rng)
    result = dif_analysis(
        counts_from_matrix(matrix, group=group),
        reference="reference",
        focal="focal",
        recount=lambda names: counts_from_matrix(
            matrix, group=group, total_over=[str(j + 1) not in names for j in range(15)]
        ),
    )
    rest = [j for j in range(14) if str(j + 1) not in result.purified]
    match = matrix[:, [*rest, 3]].sum(axis=1)
    focal = group == "focal"
    tables = [
        [np.sum((match == m) & (focal == g) & (matrix[:, 3] == k)) for m in range(match.max() + 1)]
        for g in (False, True)
        for k in (1, 0)
    ]
    expected = -2.35 * np.log(mantel_haenszel(*tables).odds_ratio)
    assert result.effect[3] == pytest.approx(expected, abs=1e-10)


def test_least_sizes_are_a_status(rng):
    matrix = simulate_01(rng, rng.normal(size=700), np.linspace(-1, 1, 6))
    group = np.repeat(["m", "f"], [501, 199])
    counts = counts_from_matrix(matrix, group=group)
    few = dif_analysis(counts, reference="m", focal="f")
    assert set(few.status) == {"too_few"} and set(few.ets_class) == {""} and np.isnan(few.p_adjusted).all()
    enough = dif_analysis(counts, reference="f", focal="m")
    assert set(enough.status) == {"ok"}
    with pytest.raises(KeyError):
        dif_analysis(counts, reference="m", focal="x")
