"""Works too small to calibrate, on one scale through a form that every year gives.

A form all of whose items are anchors is the same form wherever it is given, so its raw scores mean the
same. Other variants, spread at random, are put on its raw scale by equipercentile equating under random
groups (Kolen & Brennan 2014, ch. 2). S = 500 + 100·(score − mean)/sd, with the mean and sd of observed scores
on that form in the reference year, frozen like any reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.files import write_parquet
from pipelines.psychometrics import Message, ReferenceCohort, equate_variants, scale_score
from pipelines.scaling.counts import AssessmentCounts, base_form
from pipelines.scaling.reference import reference_path
from pipelines.scaling.standing import LEAST_VARIANT_N

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class FormReference:
    """The anchor form of a reference year: its items, and mean and sd of observed raw scores."""

    assessment_id: str
    items: frozenset[str]
    cohort: ReferenceCohort


@dataclass(frozen=True)
class Equated:
    """A work on the scale of an anchor form.

    `link_error` in points: of the mean of the anchor form's students, by whom the other variants hang on it;
    0 where all students took it.
    """

    reference: FormReference
    rows: Rows
    link_error: float
    messages: tuple[Message, ...]


def equated_scale(
    own: AssessmentCounts,
    results: pd.DataFrame,
    *,
    scales: Path,
    linked_to: str | None,
    freezes: bool,
    random_variants: bool,
) -> Equated | None:
    """Put a work on its anchor form's scale; None where there is no such form, or nothing to hang it on.

    `results` has variant, result_score, n. `freezes`: the work is a reference, and is stored as one at its
    first scaling with at least 100 students on the form [local].
    """
    form = _anchor_form(own, results)
    if form is None:
        return None
    variant, items = form
    by_score = {str(v): _by_score(part) for v, part in results.groupby("variant")}
    if not random_variants:
        by_score = {variant: by_score[variant]}
    target = load_form(scales, own.assessment_id if freezes else linked_to)
    if target is None and freezes:
        target = _freeze_form(scales, own.assessment_id, items, by_score[variant])
    if target is None or target.items != items:
        return None
    rows: Rows = []
    messages: list[Message] = []
    found = equate_variants(by_score, variant, least_n=LEAST_VARIANT_N if len(by_score) > 1 else 1)
    for name, equating in found.items():
        messages += equating.messages
        rows += [
            {
                "assessment_id": own.assessment_id,
                "variant": name,
                "result_score": float(raw),
                "n": int(n),
                "scale_score": float(scale_score(score, target.cohort)),
            }
            for raw, (n, score) in enumerate(zip(by_score[name], equating.equivalent, strict=True))
            if n and np.isfinite(score)
        ]
    _, sd, n = _moments(by_score[variant])
    error = 100 * sd / target.cohort.sd / np.sqrt(n) if len(by_score) > 1 else 0.0
    return Equated(target, rows, float(error), tuple(messages))


def load_form(scales: Path, assessment_id: str | None) -> FormReference | None:
    """The stored reference of an anchor form; None where there is none."""
    if assessment_id is None or not (path := _path(scales, assessment_id)).exists():
        return None
    table = pq.read_table(path)
    facts = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    cohort = ReferenceCohort(float(facts["mean"]), float(facts["sd"]))
    return FormReference(assessment_id, frozenset(table["item"].to_pylist()), cohort)


def _freeze_form(
    scales: Path, assessment_id: str, items: frozenset[str], n: np.ndarray
) -> FormReference | None:
    mean, sd, students = _moments(n)
    if students < LEAST_VARIANT_N or not sd > 0:
        return None
    path = _path(scales, assessment_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"item": sorted(items)})
    facts = {"mean": repr(mean), "sd": repr(sd), "students_n": str(students)}
    write_parquet(table.replace_schema_metadata(facts), path)
    return FormReference(assessment_id, items, ReferenceCohort(mean, sd))


def _path(scales: Path, assessment_id: str) -> Path:
    return reference_path(scales, f"{assessment_id}.form")


def _anchor_form(own: AssessmentCounts, results: pd.DataFrame) -> tuple[str, frozenset[str]] | None:
    """The variant all of whose items are anchors; of several the one that most students took.

    None where some students were given less than their variant (a topic not taught), or have half points.
    """
    whole_forms = all(form == base_form(form) for form, _ in own.items)
    if not whole_forms or (results["result_score"] % 1 != 0).any():
        return None
    items: dict[str, set[str]] = {}
    for (form, _), name in own.items.items():
        items.setdefault(form, set()).add(name)
    size = results.groupby("variant")["n"].sum().to_dict()
    whole = [v for v, names in items.items() if names <= set(own.anchors) and size.get(v, 0) > 0]
    if not whole:
        return None
    variant = max(whole, key=lambda v: (size[v], v))
    return variant, frozenset(items[variant])


def _by_score(part: pd.DataFrame) -> np.ndarray:
    """Students by score 0…max."""
    return np.bincount(part["result_score"].to_numpy(int), part["n"].to_numpy(float)).astype(np.int64)


def _moments(n: np.ndarray) -> tuple[float, float, int]:
    """Mean, sd and number of students."""
    score = np.arange(len(n))
    mean = float(np.average(score, weights=n))
    return mean, float(np.sqrt(np.average((score - mean) ** 2, weights=n))), int(n.sum())
