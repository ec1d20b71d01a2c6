"""Differential item functioning between groups of students of one raw score: by sex and by locality."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.psychometrics import DifResult, PsychometricsError, ScoreCounts, dif_analysis
from pipelines.scaling import warehouse as w
from pipelines.scaling.counts import AssessmentCounts, assessment_counts

#: What is compared: the reference group and the focal one, for whom an item may be harder.
DIMENSIONS = {"sex": ("sex:m", "sex:f"), "locality": ("locality:urban", "locality:rural")}
Rows = list[dict[str, Any]]


def differences(assessment: str, groups: pd.DataFrame, listed: pd.DataFrame, warehouse: Path) -> Rows:
    """Rows of an assessment's items by dimension; none for a dimension one of whose groups took no part.

    `groups` are its counts by comparison group, `listed` its items. Items of class B and C leave the
    matching score, which takes one more pass over the students' scores for each round.
    """
    present = set(groups["comparison_group"])
    compared = {d: pair for d, pair in DIMENSIONS.items() if present.issuperset(pair)}
    if not compared:
        return []
    part = groups[groups["comparison_group"].isin(set().union(*compared.values()))]
    try:
        first = assessment_counts(assessment, part, listed)
    except PsychometricsError:
        return []  # the assessment is refused for the same reason, and says so
    rows: Rows = []
    for dimension, (reference, focal) in compared.items():
        recount = _recount(assessment, first, listed, warehouse, dimension)
        found = dif_analysis(first.counts, reference=reference, focal=focal, recount=recount)
        rows += _rows(first, found, dimension, (reference, focal))
    return rows


def _recount(
    assessment: str, first: AssessmentCounts, listed: pd.DataFrame, warehouse: Path, dimension: str
) -> Any:
    def recount(names: Collection[str]) -> ScoreCounts:
        flagged = [pair for pair, name in first.items.items() if name in names]
        again = w.recounted(warehouse, assessment, flagged, dimension)
        return assessment_counts(assessment, again, listed, raw_is_total=False).counts

    return recount


def _rows(first: AssessmentCounts, found: DifResult, dimension: str, groups: tuple[str, str]) -> Rows:
    place = {name: j for j, name in enumerate(found.items)}
    top = dict(zip(first.counts.items, first.counts.max_score.tolist(), strict=True))
    rows: Rows = []
    for (form, item), name in first.items.items():
        j = place[name]
        rows.append(
            {
                "assessment_id": first.assessment_id,
                "form": form,
                "item": item,
                "dimension": dimension,
                "reference_group": groups[0],
                "focal_group": groups[1],
                "method": "mantel_haenszel" if top[name] == 1 else "mantel",
                "reference_n": int(found.n_reference[j]),
                "focal_n": int(found.n_focal[j]),
                "effect": found.effect[j],
                "effect_se": found.effect_se[j],
                "chi2": found.chi2[j],
                "p_value": found.p[j],
                "p_adjusted": found.p_adjusted[j],
                "dif_class": found.ets_class[j] or None,
                "status": found.status[j],
                "is_matching": name not in found.purified,
            }
        )
    return rows
