"""Calibration of one assessment: on its own, on its frozen reference, or linked to another one.

What can't be calibrated, or breaks a gate, keeps its classical statistics and gets no scale: the status and
the message say why, and the other assessments are not held up by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.psychometrics import (
    Calibration,
    DriftScreen,
    Gate,
    ItemBank,
    Message,
    PsychometricsError,
    ReferenceCohort,
    ScoreTable,
    calibrate,
    eap_reliability,
    eap_table,
    form_items,
    link_by_anchors,
    require_gates,
    scale_error,
    wle_reliability,
    wle_table,
)
from pipelines.scaling.counts import RANDOM_VARIANTS, AssessmentCounts
from pipelines.scaling.equating import Equated
from pipelines.scaling.reference import Reference, fingerprint, freeze, load

NAN = float("nan")
NO_CUTS = (NAN, NAN, NAN)

#: Statuses of an assessment: calibrated (ok, provisional), classical statistics only (too few students, no
#: variation), refused (contradicting counts, disconnected forms, a gate that does not hold).
CALIBRATED = ("ok", "provisional")


@dataclass
class Scaled:
    """What calibration gave: `scale_type` None where another scale decides (official, relative)."""

    assessment_id: str
    status: str
    counts: AssessmentCounts | None = None
    calibration: Calibration | None = None
    reference: Reference | None = None
    cohort: ReferenceCohort | None = None
    scale_type: str | None = None
    linked_to: str | None = None
    link_error: float = NAN
    cuts: tuple[float, float, float] = NO_CUTS
    boundaries: dict[int, float] = field(default_factory=dict)
    table: ScoreTable | None = None
    screen: DriftScreen | None = None
    messages: list[Message] = field(default_factory=list)
    reliability: tuple[float, float] = (NAN, NAN)
    equated: Equated | None = None

    @property
    def bank(self) -> ItemBank | None:
        return self.calibration.bank if self.calibration and self.status in CALIBRATED else None

    @property
    def failed_gates(self) -> list[Gate]:
        return [g for g in self.calibration.gates if not g.passed] if self.calibration else []


def plain_message(code: str, ru: str, en: str, subject: str = "") -> Message:
    return Message(code, subject, ru, en)


def scale_assessment(
    facts: Mapping[str, Any],
    own: AssessmentCounts,
    *,
    scales: Path,
    linked_to: str | None,
    done: dict[str, Scaled],
    freezes: bool,
) -> Scaled:
    """Calibrate one assessment after those it is linked to.

    `facts` is its row of dim_assessment. `freezes`: it is a reference, by the register or because others
    are linked to it. Never raises for bad data: that comes back as a status and messages.
    """
    out = Scaled(own.assessment_id, "refused", counts=own, linked_to=linked_to)
    random = facts["kind"] in RANDOM_VARIANTS
    stored = load(scales, own.assessment_id)
    try:
        target = _target(linked_to, done, scales)
        if linked_to is not None and target is None:
            out.messages.append(
                plain_message(
                    "link_missing",
                    f"Работа «{linked_to}», с которой связана эта, не откалибрована: шкала своя",
                    f"The assessment '{linked_to}' it is linked to has no scale: a scale of its own",
                    linked_to,
                )
            )
        if stored is not None:
            result = _on_reference(own, stored, random)
            out.reference, out.link_error = stored, 0.0
        elif target is not None:
            result = _linked(out, own, target, random)
        else:
            result = calibrate(own.counts, common_population=random)
        out.calibration = result
        out.messages += result.messages
        if not result.calibrated:
            out.status = "classical_only"
            return out
        require_gates(result.gates)
    except PsychometricsError as error:
        out.messages.append(error.message)
        return out
    except (ValueError, np.linalg.LinAlgError, FloatingPointError) as error:
        out.messages.append(
            plain_message(
                "calibration_failed", f"Калибровка не удалась: {error}", f"The calibration failed: {error}"
            )
        )
        return out
    out.status = "provisional" if result.status == "P" else "ok"
    _score(out, facts)
    if freezes and out.reference is None and out.status == "ok":
        out.reference = freeze(scales, own.assessment_id, own.counts, result, out.cuts)
        out.link_error = 0.0
    official = facts["scale_type"] == "official"
    out.scale_type = None if official else "irt_linked" if out.reference else "irt_unlinked"
    if out.reference:
        out.cohort, out.cuts = out.reference.cohort, out.reference.cuts
    elif result.population.sd > 0:
        out.cohort = ReferenceCohort(result.population.mean, result.population.sd)
    return out


def _on_reference(own: AssessmentCounts, stored: Reference, random: bool) -> Calibration:
    """With the stored items held fixed, once other students have come than the scale was frozen from.

    Until then as it was calibrated when it was frozen: errors and all are those of the first release, so that
    a release made again is the same one.
    """
    if fingerprint(own.counts) == stored.fingerprint:
        free = calibrate(own.counts, common_population=random)
        if free.bank is not None and np.array_equal(free.bank.intercept, stored.bank.intercept):
            return free
    return calibrate(own.counts, anchors=stored.bank, common_population=random)


def _target(linked_to: str | None, done: dict[str, Scaled], scales: Path) -> Scaled | None:
    """The assessment to link to, with a scale: of this run, or frozen by an earlier one."""
    if linked_to is None:
        return None
    found = done.get(linked_to)
    if found is not None and found.bank is not None and found.reference is not None:
        return found
    stored = load(scales, linked_to)
    if stored is None:
        return None
    return Scaled(linked_to, "ok", reference=stored, calibration=stored.as_calibration(), link_error=0.0)


def _linked(out: Scaled, own: AssessmentCounts, target: Scaled, random: bool) -> Calibration:
    """On the target's scale by the common items; on its own scale where the link does not hold."""
    assert target.reference is not None and target.calibration is not None
    old_counts = target.counts.counts if target.counts else None
    link = link_by_anchors(
        target.calibration,
        own.counts,
        own.anchors,
        reference=target.reference.cohort,
        old_counts=old_counts,
        common_population=random,
    )
    out.screen = link.screen
    out.messages += (*link.reasons, *link.warnings)
    if not link.linked or link.calibration is None:
        return calibrate(own.counts, common_population=random)
    out.reference = target.reference
    out.link_error = float(np.hypot(link.link_error, np.nan_to_num(target.link_error)))
    return link.calibration


def _score(out: Scaled, facts: Mapping[str, Any]) -> None:
    """WLE by form and raw score, both reliabilities, and the WLEs at the boundaries of marks."""
    assert out.calibration is not None and out.calibration.bank is not None and out.counts is not None
    counts, result = out.counts.counts, out.calibration
    table = wle_table(out.calibration.bank, form_items(counts))
    out.table = table
    students = counts.students
    rows = {(table.forms[f], int(r)): i for i, (f, r) in enumerate(zip(table.form, table.raw, strict=True))}
    whole = [form not in table.left_out and form in table.forms for form in counts.forms]
    at = [
        rows.get((counts.forms[f], int(r)), -1) if whole[f] else -1
        for f, r in zip(students.form, students.raw, strict=True)
    ]
    place = np.array(at)
    scored = place >= 0
    wle = eap = NAN
    try:
        found = wle_reliability(table.theta[place[scored]], table.se[place[scored]], students.n[scored])
        posterior = eap_table(result)
        eap_found = eap_reliability(posterior.mean, posterior.sd, posterior.n)
        out.messages += (*found.messages, *eap_found.messages)
        wle, eap = found.value, eap_found.value
    except ValueError:
        pass  # all students alike: there is no reliability to tell
    out.reliability = (wle, eap)
    out.cuts = _cuts(out, facts, rows)


def _cuts(
    out: Scaled, facts: Mapping[str, Any], rows: dict[tuple[str, int], int]
) -> tuple[float, float, float]:
    """θ at the lowest raw score of marks 3, 4, 5 in the form that most students took."""
    assert out.counts is not None and out.table is not None
    counts = out.counts.counts
    if facts["result_basis"] != "total":
        return NO_CUTS
    n_by_form = np.bincount(counts.students.form, counts.students.n, len(counts.forms))
    form = counts.forms[int(np.argmax(n_by_form))]
    stated = {mark: facts[f"mark_{mark}_from"] for mark in (3, 4, 5)}
    out.boundaries = {mark: float(score) for mark, score in stated.items() if pd.notna(score)}
    found = []
    for mark in stated:
        row = rows.get((form, int(out.boundaries[mark]))) if mark in out.boundaries else None
        found.append(NAN if row is None else float(out.table.theta[row]))
    return found[0], found[1], found[2]


def in_points(out: Scaled, logits: float) -> float:
    return float(scale_error(logits, out.cohort)) if out.cohort else NAN
