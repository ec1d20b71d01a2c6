"""A region whose truth is known, through the Python steps: what was put in comes out, within its errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.psychometrics import critical
from pipelines.scaling import run_calibration, run_dynamics, run_objectivity, run_units
from pipelines.scaling import warehouse as warehouse_queries
from pipelines.scaling.tables import ensure_tables, table_path
from pipelines.synthetic.students import SOCIAL_SLOPE, Sitting
from tests.scaling.truth import KnownRegion, make_region, write_warehouse

YEARS = (2021, 2022, 2023)
LINKED = [f"РДР-Математика-9-{year}-final" for year in YEARS]
#: The generator gives each class an effect of its own, which the interval of a school doesn't know of.
CLASS_SD = 0.15


@dataclass(frozen=True)
class Outcome:
    known: KnownRegion
    scales: Path

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(table_path(self.scales, name))

    def shifts(self) -> dict[str, float]:
        """What is to be added to the generator's logits to get those of each scale."""
        found = {a: _shift(part, self.known) for a, part in self.table("item").groupby("assessment_id")}
        return found | dict.fromkeys(LINKED, found[LINKED[0]])

    def scale(self, assessment: str) -> tuple[float, float]:
        """Mean and sd of the reference cohort."""
        facts = self.table("assessment").set_index("assessment_id").loc[assessment]
        return float(facts["reference_mean"]), float(facts["reference_sd"])


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("truth")
    known, warehouse, scales = make_region(300, YEARS, 7), folder / "warehouse.duckdb", folder / "scales"
    write_warehouse(warehouse, known)
    ensure_tables(scales)
    step = run_calibration.run(warehouse, scales)
    assert {s.status for s in step.scaled.values()} == {"ok"}
    run_units.run(warehouse, scales, "region")
    run_dynamics.run(warehouse, scales)
    run_objectivity.run(warehouse, scales)
    return Outcome(known, scales)


@pytest.mark.parametrize(("limit", "workers"), [("BATCH_ROWS", 1), ("LARGE", 2)])
def test_some_assessments_at_a_time_give_the_same(
    outcome: Outcome, limit: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {name: outcome.table(name) for name in ("unit", "variance", "objectivity")}
    monkeypatch.setattr(warehouse_queries, limit, 1)
    warehouse = outcome.scales.with_name("warehouse.duckdb")
    with warehouse_queries.reading(warehouse) as db:
        assert len(list(warehouse_queries.batches(db, workers))) > 1
    run_units.run(warehouse, outcome.scales, "region", workers)
    run_objectivity.run(warehouse, outcome.scales, workers)
    for name, table in whole.items():
        pd.testing.assert_frame_equal(outcome.table(name), table, check_exact=True)


def _errors(part: pd.DataFrame, known: KnownRegion) -> tuple[np.ndarray, np.ndarray]:
    """Estimate − truth of the items that were calibrated freely, and their standard errors."""
    truth = known.difficulty(str(part["assessment_id"].iloc[0]))
    free = part[part["status"] != "anchored"]
    given = np.array([truth[key] for key in zip(free["form"], free["item"], strict=True)])
    return free["difficulty_logit"].to_numpy() - given, free["difficulty_se"].to_numpy()


def _shift(part: pd.DataFrame, known: KnownRegion) -> float:
    error, se = _errors(part, known)
    return float(np.average(error, weights=se**-2))


def _expected(known: KnownRegion, sitting: Sitting) -> np.ndarray:
    """The ability that each school's students are drawn about."""
    region, work = known.region, sitting.work
    gain = 0.45 + 0.06 * (work.year - YEARS[0]) if work.kind == "РДР" else 0.0
    subject = region.subject_effect[:, 0 if work.subject == "Русский язык" else 1]
    return region.effect_in(work.year) + SOCIAL_SLOPE * region.social + subject + gain


def test_difficulties_lie_within_their_intervals(outcome: Outcome) -> None:
    hits = []
    for _, part in outcome.table("item").groupby("assessment_id"):
        error, se = _errors(part, outcome.known)
        shift = np.average(error, weights=se**-2)
        hits += list(np.abs(error - shift) < critical() * se)
    assert len(hits) > 400 and 0.93 <= np.mean(hits) <= 0.985


def test_only_the_leaked_anchor_is_dropped(outcome: Outcome) -> None:
    links = outcome.table("link")
    dropped = links[~links["kept"]]
    assert dropped[["assessment_id", "anchor_item"]].values.tolist() == [[LINKED[2], "РДР-МА9-04"]]
    facts = outcome.table("assessment").set_index("assessment_id").loc[LINKED]
    assert set(facts["scale_type"]) == {"irt_linked"} and set(facts["reference_assessment_id"]) == {LINKED[0]}


def test_mean_spread_and_levels_of_the_region_and_of_municipalities(outcome: Outcome) -> None:
    units, shifts = outcome.table("unit"), outcome.shifts()
    facts = outcome.table("assessment").set_index("assessment_id")
    hits, misses = [], []
    for assessment, sitting in outcome.known.sittings.items():
        theta = sitting.theta[sitting.present] + shifts[assessment]
        mean, sd = outcome.scale(assessment)
        cuts = facts.loc[assessment, ["cut_3", "cut_4", "cut_5"]].to_numpy(float)
        own = units[(units["assessment_id"] == assessment) & (units["subgroup"] == "all")]
        region = own[own["unit_type"] == "region"].iloc[0]
        assert region["mean_scale_score"] == pytest.approx(500 + 100 * (theta.mean() - mean) / sd, abs=4)
        assert region["scale_sd"] == pytest.approx(100 * theta.std() / sd, abs=4)
        shares = region[[f"level_{mark}_share" for mark in (2, 3, 4)]].to_numpy(float).cumsum()
        np.testing.assert_allclose(shares, [(theta < cut).mean() for cut in cuts], atol=0.015)
        schools = outcome.known.region.schools
        places = outcome.known.region.municipalities
        where = np.array([str(places[schools[s].municipality].msu) for s in sitting.school])[sitting.present]
        for row in own[own["unit_type"] == "municipality"].itertuples():
            miss = (theta[where == row.unit_id] < cuts[0]).mean() - row.level_2_share
            hits.append(abs(miss) < critical() * row.level_2_se)
            misses.append(miss)
    assert len(hits) > 300 and np.mean(hits) > 0.94
    assert np.abs(misses).mean() < 0.025 and abs(np.mean(misses)) < 0.01


def test_intervals_of_schools_hold_their_means(outcome: Outcome) -> None:
    units, shifts = outcome.table("unit"), outcome.shifts()
    place = {school.digits: i for i, school in enumerate(outcome.known.region.schools)}
    errors, spreads = [], []
    for assessment, sitting in outcome.known.sittings.items():
        mean, sd = outcome.scale(assessment)
        expected = 500 + 100 * (_expected(outcome.known, sitting) + shifts[assessment] - mean) / sd
        here = sitting.present
        cells = pd.DataFrame({"school": sitting.school[here], "class": sitting.class_index[here]})
        sizes = cells.groupby(["school", "class"]).size().unstack(fill_value=0)
        clusters = ((sizes**2).sum(axis=1) / sizes.sum(axis=1) ** 2).to_dict()
        own = units[(units["assessment_id"] == assessment) & (units["unit_type"] == "school")]
        for row in own[own["subgroup"] == "all"].itertuples():
            i = place[row.unit_id]
            if outcome.known.region.manipulation[i] in ("", "journal_reversed"):
                errors.append(row.mean_scale_score - expected[i])
                spreads.append(np.hypot(row.scale_se, 100 * CLASS_SD / sd * np.sqrt(clusters[i])))
    covered = np.abs(errors) < critical() * np.array(spreads)
    assert len(covered) > 4000 and 0.935 <= covered.mean() <= 0.965


def test_slopes_and_verdicts_of_planted_schools(outcome: Outcome) -> None:
    region = outcome.known.region
    place = {school.digits: i for i, school in enumerate(region.schools)}
    planted = (region.effect_in(YEARS[2]) - region.effect_in(YEARS[0])) / 2
    rows = outcome.table("dynamics").query("unit_type == 'school' and end_year == 2023 and years_n == 3")
    index = rows["unit_id"].map(place).to_numpy()
    is_linked = (rows["kind"] == "РДР").to_numpy()
    assert set(rows["verdict_basis"][is_linked]) == {"absolute"}
    assert set(rows["verdict_basis"][~is_linked]) == {"relative"} and rows["slope"][~is_linked].isna().all()
    first = rows["kind"] + "-" + rows["subject"] + "-" + rows["grade"].astype(str) + f"-{YEARS[0]}"
    first += np.where(is_linked, "-final", "")
    facts = outcome.table("assessment").set_index("assessment_id")
    sd = first.map(facts["reference_sd"]).to_numpy(float)
    # the linked work gets better by 0.06 a year everywhere; other works are held against the region
    truth = 100 * (planted[index] + np.where(is_linked, 0.06, 0.0)) / sd
    slope = np.where(is_linked, rows["slope"], rows["relative_slope"])
    se = np.where(is_linked, rows["slope_se"], rows["relative_slope_se"])
    assert 0.92 <= (np.abs(slope - truth) < critical() * se).mean() <= 0.985
    improving = region.improving[index]
    declining = np.array([region.low_reason[i] == "decline" for i in index])
    assert slope[improving].mean() == pytest.approx(truth[improving].mean(), abs=10)
    verdict = rows["verdict"].to_numpy()
    rose, fell = verdict == "rising", verdict == "falling"
    assert rose[improving].any() and not fell[improving].any() and not rose[declining].any()
    assert (rose | fell)[~improving & ~declining].mean() < 0.02


@pytest.mark.parametrize(
    ("sign", "planted", "recall", "others"),
    [
        ("marks_against_scores", "journal_reversed", 0.95, 0.01),
        ("inflated_mean", "inflated", 0.4, 0.2),
        ("sharp_fall", "inflated_grade_4", 0.35, 0.02),
        ("peak_at_mark_3", "peak", 0.5, 0.1),
        ("peak_at_mark_4", "peak", 0.6, 0.1),
    ],
)
def test_planted_signs_are_found(
    outcome: Outcome, sign: str, planted: str, recall: float, others: float
) -> None:
    kinds = {s.digits: k for s, k in zip(
        outcome.known.region.schools, outcome.known.region.manipulation, strict=True)}  # fmt: skip
    found = outcome.table("objectivity")
    found = found[(found["sign"] == sign) & (found["status"] == "ok")]
    assert found[["statistic", "threshold", "n"]].notna().all(axis=None)
    kind = found["school_id"].map(kinds)
    assert found["flagged"][kind == planted].mean() >= recall
    assert found["flagged"][kind == ""].mean() <= others
