"""Suppression and the attack on it: what is hidden can't be worked out, and what is planted is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.release import attack, quartiles
from pipelines.release.hierarchy import (
    LAYERS,
    Limits,
    below_cells,
    findings,
    primary_below,
    primary_rows,
    score_cells,
    student_cells,
    sums_of,
    suppress,
)
from pipelines.release.shares import Shares
from pipelines.release.suppression import Cells, Sums, additive, propagate, protect, relieve
from tests.release.regions import region, regions

LIMITS = Limits()


def _table(parts: list[float], width: float = 10) -> Cells:
    """A total, the last cell, and its parts."""
    n = len(parts)
    values = np.array([*parts, sum(parts)], float)
    sums = Sums(np.zeros(n, int), np.full(n, n), np.arange(n))
    cost = np.append(values[:-1], 1e6)
    return additive(values, np.full(n + 1, 1000.0), np.full(n + 1, width), cost, sums, bounded=False)


def _mask(*hidden: int, size: int) -> np.ndarray:
    return np.isin(np.arange(size), hidden)


def test_one_hidden_part_is_its_total_less_the_others() -> None:
    low, high = propagate(_table([7, 20, 30]), _mask(0, size=4))
    assert low[0] == high[0] == 7


def test_the_cheapest_partner_that_suffices_is_hidden() -> None:
    hidden = protect(_table([7, 20, 30, 40]), _mask(0, size=5), attack.recovered)
    assert hidden.tolist() == [True, True, False, False, False]


def test_two_hidden_parts_of_too_few_need_a_third() -> None:
    hidden = protect(_table([2, 3, 30]), _mask(0, 1, size=4), attack.recovered)
    assert hidden.tolist() == [True, True, True, False]


def test_a_single_part_takes_its_total_along() -> None:
    assert protect(_table([7]), _mask(0, size=2), attack.recovered).tolist() == [True, True]


def test_the_attack_sees_through_a_cycle_that_single_relations_do_not() -> None:
    """Two by two cells a b / c d, margins shown: each cell's interval is the narrower margin."""
    # a + b = r1, c + d = r2, a + c = k1, b + d = k2, r1 + r2 = t; a, b, c, d hidden; bounds 0 … 5 but wide
    # margins
    values = np.array([0, 10, 10, 0, 10, 10, 10, 10], float)
    sums = Sums(np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([4, 4, 5, 5, 6, 6, 7, 7]),
                np.array([0, 1, 2, 3, 0, 2, 1, 3]))  # fmt: skip
    cells = additive(values, np.full(8, 1000.0), np.full(8, 11.0), np.ones(8), sums)
    hidden = _mask(0, 1, 2, 3, size=8)
    low, high = attack.intervals(cells, hidden)
    assert low[:4].tolist() == [0, 0, 0, 0] and high[:4].tolist() == [10, 10, 10, 10]
    assert set(attack.recovered(cells, hidden)) == {0, 1, 2, 3}
    assert not attack.recovered(cells, protect(cells, hidden, attack.recovered))


def test_cells_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="outside its bounds"):
        none = Sums(*(np.zeros(0, int) for _ in range(3)))
        additive(np.array([5.0]), np.array([3.0]), np.ones(1), np.ones(1), none)


@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_the_attack_recovers_nothing_from_a_thousand_regions(first: int) -> None:
    rows = regions(range(first, first + 100))
    status = suppress(rows, LIMITS)
    assert findings(rows, status, LIMITS).empty
    few = primary_rows(rows, LIMITS)
    assert (status.loc[few, "row"] == "A").all()
    order = status[list(LAYERS)].ne("F").to_numpy()
    assert (order[:, 0] <= order[:, 1]).all() and (order[:, 1] <= order[:, 2]).all()


@pytest.mark.parametrize("seed", range(12))
def test_every_hidden_interval_is_wide_by_the_solver_alone(seed: int) -> None:
    rows = region(seed, municipalities=2, schools=3)
    status, sums = suppress(rows, LIMITS), sums_of(rows)
    for layer, cells in (
        ("row", student_cells(rows, sums, LIMITS)),
        ("row", score_cells(rows, sums, LIMITS, 1)),
        ("row", score_cells(rows, sums, LIMITS, 2)),
        ("below", below_cells(rows, sums, LIMITS)),
    ):
        hidden = cells.unpublished.copy()
        hidden[: len(rows)] |= (status[layer] != "F").to_numpy()
        low, high = attack.intervals(cells, hidden)
        assert (low <= cells.values + 1e-6).all() and (high >= cells.values - 1e-6).all()
        assert ((high - low)[hidden] >= cells.asked[hidden] - 1e-5).all()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_number_shown_by_mistake_is_found(layer: str) -> None:
    rows = region(7)
    status = suppress(rows, LIMITS)
    hidden = status.index[status[layer] == "A"]
    assert len(hidden)
    status.loc[hidden[0], layer] = "F"
    found = findings(rows, status, LIMITS)
    assert (found["layer"] == layer).any()


def test_a_partner_shown_by_mistake_is_found() -> None:
    """A municipality's small school is hidden with a large one, which alone gives it away."""
    rows = regions(range(6))
    status = suppress(rows, LIMITS)
    partners = status.index[(status["row"] == "D") & (status["unit_type"] == "school")]
    recovered = 0
    for i in partners[:10]:
        leak = status.copy()
        leak.loc[i, list(LAYERS)] = "F"
        recovered += len(findings(rows, leak, LIMITS)) > 0
    assert recovered >= 4


def _rows(*units: tuple[str, str, str, int, float]) -> pd.DataFrame:
    """Rows of one assessment: kind, unit, municipality, students, mean of 20; everybody's the mean."""
    columns = ["unit_type", "unit_id", "municipality_id", "tested_n", "mean_score"]
    rows = pd.DataFrame(units, columns=columns).assign(assessment_id="a", subgroup="all", locality_group="")
    rows["school_id"] = rows["unit_id"].where(rows["unit_type"] == "school")
    marks = dict.fromkeys(("mark_2_n", "mark_3_n", "mark_4_n", "mark_5_n"), 0)
    return rows.assign(sd=0.0, max_score=20.0, judged_n=0, below_min_n=0, **marks)


def test_a_mean_that_is_the_total_less_the_others_is_found() -> None:
    """The municipality's mean × students less the other schools' is the small school's sum of scores."""
    rows = _rows(
        ("school", "1", "m", 8, 5.0), ("school", "2", "m", 20, 11.0), ("school", "3", "m", 30, 12.0),
        ("municipality", "m", "m", 58, (40 + 220 + 360) / 58),
    )  # fmt: skip
    cells = score_cells(rows, sums_of(rows), LIMITS, 1)
    hidden = _mask(0, size=4)
    low, high = attack.intervals(cells, np.append(hidden, cells.unpublished[4:]))
    assert low[0] * 20 / 8 == pytest.approx(5.0) and high[0] == pytest.approx(low[0])
    status = suppress(rows, LIMITS)
    assert status["row"].tolist() == ["A", "D", "F", "F"]
    assert findings(rows, status, LIMITS).empty
    shown = status.assign(row=["A", "F", "F", "F"])
    assert "1" in set(findings(rows, shown, LIMITS)["unit_id"])


def test_full_scores_of_partners_protect_no_mean() -> None:
    """Two schools of ten or more would do for numbers of students, but full scores leave nothing open."""
    rows = _rows(
        ("school", "1", "m", 8, 20.0), ("school", "2", "m", 10, 20.0), ("school", "3", "m", 40, 10.0),
        ("municipality", "m", "m", 58, (160 + 200 + 400) / 58),
    )  # fmt: skip
    assert suppress(rows, LIMITS)["row"].tolist() == ["A", "F", "D", "F"]


def test_quartiles_that_tell_of_a_small_class_are_found() -> None:
    """At most 3 of 13 lie below the school's lower quartile, and at least 3 of the other class do."""
    rows = _rows(("class", "a", "m", 1, 15.0), ("class", "b", "m", 12, 12.0), ("school", "1", "m", 13, 12.2))
    rows["school_id"] = "1"
    shown = pd.DataFrame(
        {"p25": [np.nan, 11.0, 12.0], "p50": [np.nan, 13.0, 13.0], "p75": [np.nan, 14.0, 14.0]}
    )
    assert quartiles.recovered(rows, shown, LIMITS, sums_of(rows))["unit_id"].tolist() == ["a"]
    assert quartiles.recovered(rows, shown.assign(p25=np.nan), LIMITS, sums_of(rows)).empty


def test_no_more_quartiles_are_hidden_than_tell_of_a_small_class() -> None:
    """Without the quartiles of the other class nothing is known; a school beside keeps its own."""
    rows = _rows(
        ("class", "a", "m", 1, 15.0), ("class", "b", "m", 12, 12.0), ("school", "1", "m", 13, 12.2),
        ("school", "2", "m", 40, 12.0), ("municipality", "m", "m", 53, 12.05),
    )  # fmt: skip
    rows["school_id"] = ["1", "1", "1", "2", None]
    told = pd.DataFrame(
        {"p25": [np.nan, 11, 12, 9, 9], "p50": [np.nan, 13, 13, 12, 12], "p75": [np.nan, 14, 14, 14, 14]}
    )
    assert quartiles.recovered(rows, told, LIMITS, sums_of(rows))["unit_id"].tolist() == ["a"]
    hidden = quartiles.protecting(rows, told, LIMITS, sums_of(rows))
    assert hidden.tolist() == [False, True, False, False, False]
    kept = told.where(pd.Series(~hidden), axis=0)
    assert quartiles.recovered(rows, kept, LIMITS, sums_of(rows)).empty
    assert not quartiles.protecting(rows, kept, LIMITS, sums_of(rows)).any()


def test_quartiles_of_what_stays_open_tell_nothing_of_small_groups() -> None:
    rows = regions(range(15))
    open_ = (suppress(rows, LIMITS)["row"] == "F") & (rows["tested_n"] >= LIMITS.small_group)
    shown = rows[list(quartiles.QUARTILES)].where(open_, axis=0)
    assert shown["p50"].notna().sum() > 50
    assert quartiles.recovered(rows, shown, LIMITS, sums_of(rows)).empty


def test_a_masked_share_is_marked_like_its_partners() -> None:
    """A would tell that it is nobody or everybody."""
    rows = regions(range(20))
    status = suppress(rows, LIMITS)
    masked = primary_below(rows, LIMITS) & (rows["judged_n"] >= LIMITS.least_n).to_numpy()
    assert masked.any() and set(status.loc[masked, "below"]) == {"D"}


def test_classes_and_subgroups_are_hidden_before_schools() -> None:
    """Where schools are large, none is hidden for the sake of a class or a sex."""
    rows = regions(range(60))
    status = suppress(rows, LIMITS)
    schools = rows[(rows["unit_type"] == "school") & (rows["subgroup"] == "all")]
    smallest = schools.groupby(["assessment_id", "municipality_id"])["tested_n"].transform("min")
    placed = schools["municipality_id"] != ""
    free = schools.index[placed & (smallest >= LIMITS.least_n)]
    parts = status["row"].ne("F") & rows["subgroup"].ne("all")
    assert len(free) > 50 and parts.sum() > 50
    assert (status.loc[free, "row"] == "F").mean() >= 0.95


def test_needless_partners_are_shown_again() -> None:
    cells = _table([7, 20, 30, 40])
    hidden = _mask(0, 1, 2, size=5)
    kept = relieve([cells], hidden, _mask(0, size=5), np.zeros(5, int))
    assert kept.tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("seed", [1, 3, 4, 5])
def test_what_the_attack_remembers_it_would_find_again(seed: int) -> None:
    """More and less is hidden step by step; each answer is that of an attack that knows nothing yet."""
    rows = region(seed, municipalities=4, schools=6)
    sums, luck, memo = sums_of(rows), np.random.default_rng(seed), attack.Memo()
    cells = below_cells(rows, sums, LIMITS)
    hidden = cells.unpublished.copy()
    hidden[: len(rows)] |= primary_below(rows, LIMITS)
    found_n = 0
    for step in range(8):
        known, fresh = attack.recovered(cells, hidden, memo), attack.recovered(cells, hidden)
        assert known.keys() == fresh.keys()
        found_n += len(fresh)
        more = luck.random(len(hidden)) < 0.05
        hidden = (hidden | more) if step % 3 else (hidden & ~more) | cells.unpublished
    assert found_n and (memo.proof >= 0).any()


@pytest.mark.parametrize("seed", range(8))
def test_pieces_of_a_component_tell_what_the_whole_tells(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = region(seed, municipalities=5, schools=6)
    luck, cells = np.random.default_rng(seed), below_cells(rows, sums_of(rows), LIMITS)
    monkeypatch.setattr(attack, "SMALL", 1)
    found_n = larger_n = 0
    for share in (0.1, 0.3, 0.5):
        hidden = cells.unpublished.copy()
        hidden[: len(rows)] |= primary_below(rows, LIMITS) | (luck.random(len(rows)) < share)
        monkeypatch.setattr(attack, "SIZES", ())
        whole = attack.recovered(cells, hidden)
        monkeypatch.setattr(attack, "SIZES", (5, 20, 20))
        pieces = attack.recovered(cells, hidden)
        assert pieces.keys() == whole.keys()
        assert all(0 < f.ends.lacking <= whole[cell].ends.lacking + 1e-6 for cell, f in pieces.items())
        found_n += len(whole)
        larger_n += sum(len(c.members) > 20 for c in attack.components(cells, hidden))
    assert found_n and larger_n


@pytest.mark.parametrize("share", [0.05, 0.15, 0.3])
def test_components_together_tell_what_each_tells_alone(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = regions(range(12))
    luck, cells = np.random.default_rng(1), below_cells(rows, sums_of(rows), LIMITS)
    hidden = cells.unpublished.copy()
    hidden[: len(rows)] |= primary_below(rows, LIMITS) | (luck.random(len(rows)) < share)
    found, memos = [], [attack.Memo(), attack.Memo()]
    for few, memo in zip((0, 1_000), memos, strict=True):
        monkeypatch.setattr(attack, "FEW", few)
        found.append(attack.recovered(cells, hidden, memo))
    alone, together = found
    assert alone and together.keys() == alone.keys()
    for cell, finding in together.items():
        assert finding.ends.lacking == pytest.approx(alone[cell].ends.lacking, abs=1e-6)
        np.testing.assert_array_equal(finding.relations, alone[cell].relations)
    low, high = attack.intervals(cells, hidden)
    every = np.flatnonzero(hidden)
    proved = memos[1].open(every, hidden)
    assert (proved > 0).any() and (proved <= (high - low)[every] + 1e-6).all(), "proved what is not so"


def test_shares_of_the_work_hide_and_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = regions(range(4)).sample(frac=1, random_state=1).reset_index(drop=True)
    whole = suppress(rows, LIMITS)
    whole["quartiles"] = quartiles.status(rows, whole["row"], LIMITS, sums_of(rows))
    for limit in ("ROWS", "LARGE"):
        monkeypatch.setattr(f"pipelines.release.shares.{limit}", 1)
    shares = Shares(rows, 2)
    status = shares.suppress(LIMITS)
    pd.testing.assert_frame_equal(status, whole)
    open_ = (status["row"] == "F") & (status["quartiles"] == "F")
    told = rows[list(quartiles.QUARTILES)].where(open_, axis=0)
    attacks = shares.attacks(status, told, LIMITS)
    assert len(attacks) == 4 and all(task().empty for task in attacks)
    open_ = status.assign(row="F")
    found = shares.findings(open_, LIMITS)
    pd.testing.assert_frame_equal(
        found.sort_values(list(found), ignore_index=True),
        findings(rows, open_, LIMITS).sort_values(list(found), ignore_index=True),
    )
    assert len(found)
