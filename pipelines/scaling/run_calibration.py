"""The calibration step: all assessments of the build database, and the tables that come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.psychometrics import (
    Message,
    PsychometricsError,
    form_items,
    item_fit,
    scale_error,
    scale_score,
)
from pipelines.scaling import warehouse as w
from pipelines.scaling.bank import intercepts_text
from pipelines.scaling.calibration import CALIBRATED, Scaled, in_points, scale_assessment
from pipelines.scaling.counts import RANDOM_VARIANTS, assessment_counts, by_cohort
from pipelines.scaling.differential import differences
from pipelines.scaling.equating import equated_scale
from pipelines.scaling.pictures import information_curve, item_person_map, markdown, score_distribution
from pipelines.scaling.plan import in_order, linked_id
from pipelines.scaling.standing import relative_scale
from pipelines.scaling.tables import STEPS, write_table

Rows = list[dict[str, Any]]


@dataclass
class CalibrationStep:
    """The outcome of the step: assessments in the order of calibration, and rows of each table."""

    scaled: dict[str, Scaled]
    rows: dict[str, Rows] = field(default_factory=dict)

    @property
    def refused(self) -> list[Scaled]:
        return [s for s in self.scaled.values() if s.status == "refused"]


def run(warehouse: Path, scales: Path, tell: Callable[[str], None] = lambda text: None) -> CalibrationStep:
    """Calibrate every assessment that has item scores, and write the tables of the step."""
    with w.reading(warehouse) as db:
        facts = w.assessments(db)
        items = w.by_assessment(w.frame(db, w.ITEMS))
        names = ("assessment_id", "form", "comparison_group", "item")
        counts = w.by_assessment(w.coded(w.frame(db, w.COUNTS), *names))
        results = w.by_assessment(w.frame(db, w.RESULTS))
    scaled: dict[str, Scaled] = {}
    dif: Rows = []
    links = {a: linked_id(_text(facts[a]["comparable_with"]), facts) for a in counts}
    targets = {target for a, target in links.items() if target and target != a}
    order, circular = in_order(links)
    for assessment in order:
        own = facts[assessment]
        groups = counts[assessment]
        try:
            everyone = groups[groups["comparison_group"] == "all"]
            cohorts = by_cohort(everyone, own["kind"])
            built = assessment_counts(assessment, cohorts, items[assessment])
        except PsychometricsError as error:
            scaled[assessment] = Scaled(assessment, "refused", messages=[error.message])
            continue
        link = None if assessment in circular else links[assessment]
        freezes = bool(own["is_reference"]) or (assessment in targets and link is None)
        found = scale_assessment(
            own, built, scales=scales, linked_to=link, done=scaled, freezes=freezes and link is None
        )
        scaled[assessment] = found
        if found.status == "classical_only" and own["scale_type"] != "official" and assessment in results:
            _equate(found, results[assessment], own["kind"], scales, freezes)
        dif += differences(assessment, groups, items[assessment], warehouse)
        tell(f"{assessment}: {found.status}, {found.scale_type or own['scale_type'] or 'relative'}")
    step = CalibrationStep(scaled)
    step.rows = {
        "assessment": [_assessment(row, scaled.get(name)) for name, row in facts.items()],
        "item": [r for s in scaled.values() for r in _items(s)],
        "dif": dif,
        "score_scale": [r for s in scaled.values() for r in _scores(s)],
        "form": [r for s in scaled.values() for r in _forms(s)],
        "gate": [r for s in scaled.values() for r in _gates(s)],
        "link": [r for s in scaled.values() for r in _links(s)],
        "message": [r for s in scaled.values() for r in _messages(s.assessment_id, s.messages)],
    }
    types = {row["assessment_id"]: row["scale_type"] for row in step.rows["assessment"]}
    step.rows["result_scale"] = [r for s in scaled.values() if s.equated for r in s.equated.rows]
    for assessment, part in results.items():
        if types[assessment] == "relative":
            random = facts[assessment]["kind"] in RANDOM_VARIANTS
            standing, messages = relative_scale(assessment, part, random_variants=random)
            step.rows["result_scale"] += standing
            step.rows["message"] += _messages(assessment, messages)
    for table in STEPS["calibration"]:
        write_table(scales, table, step.rows[table])
    return step


def _equate(s: Scaled, results: pd.DataFrame, kind: str, scales: Path, freezes: bool) -> None:
    """Through a form given in every year, where items can't be calibrated."""
    assert s.counts is not None
    s.equated = equated_scale(
        s.counts,
        results,
        scales=scales,
        linked_to=s.linked_to,
        freezes=freezes and s.linked_to is None,
        random_variants=kind in RANDOM_VARIANTS,
    )
    if s.equated is not None:
        s.scale_type = "equated"
        s.messages += s.equated.messages


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _assessment(facts: Mapping[str, Any], s: Scaled | None) -> dict[str, Any]:
    official = facts["scale_type"] == "official"
    row: dict[str, Any] = {
        "assessment_id": facts["assessment_id"],
        "status": s.status if s else "no_items",
        "scale_type": "official" if official else (s.scale_type if s else None) or "relative",
    }
    if s is None:
        return row
    row |= {
        "linked_to": s.linked_to,
        "message_ru": "; ".join(m.ru for m in _reasons(s)) or None,
        "message_en": "; ".join(m.en for m in _reasons(s)) or None,
    }
    if s.counts:
        row |= {"n": int(s.counts.counts.students.n.sum()), "items_n": len(s.counts.counts.items)}
    if s.equated:
        cohort = s.equated.reference.cohort
        row |= {"reference_mean": cohort.mean, "reference_sd": cohort.sd}
        row |= {"reference_assessment_id": s.equated.reference.assessment_id}
        row |= {"link_error": s.equated.link_error}
    c = s.calibration
    if c is None or not c.calibrated:
        return row
    row |= {"iterations": c.iterations, "nodes": c.nodes, "log_likelihood": c.log_likelihood}
    if s.bank is None:
        return row
    row |= {
        "model": "rasch" if int(s.counts.counts.max_score.max()) == 1 else "partial_credit",  # type: ignore[union-attr]
        "latent_mean": c.population.mean,
        "latent_mean_se": c.population.mean_se,
        "latent_sd": c.population.sd,
        "latent_sd_se": c.population.sd_se,
        "wle_reliability": s.reliability[0],
        "eap_reliability": s.reliability[1],
        "link_error": in_points(s, s.link_error),
    }
    row |= {f"cut_{mark}": cut for mark, cut in zip((3, 4, 5), s.cuts, strict=True)}
    if s.cohort and not official:
        row |= {"reference_mean": s.cohort.mean, "reference_sd": s.cohort.sd}
        row["reference_assessment_id"] = s.reference.assessment_id if s.reference else s.assessment_id
    return row


def _reasons(s: Scaled) -> list[Message]:
    """What stands beside the status: what concerns the assessment; of items, why nothing came of it."""
    of_items = ("item_", "empty_", "sparse_", "form_")
    chosen = [m for m in s.messages if not m.code.startswith(of_items)]
    others = [m for m in s.messages if m.code.startswith(of_items)]
    return chosen + ([] if s.status in CALIBRATED else others[:3])


def _items(s: Scaled) -> Rows:
    if s.counts is None:
        return []
    counts, c = s.counts.counts, s.calibration
    place = {name: j for j, name in enumerate(c.items)} if c else {}
    fit = item_fit(counts, s.bank, s.table) if s.bank is not None and s.table is not None else None
    fit_at = {name: j for j, name in enumerate(fit.items)} if fit else {}
    rows: Rows = []
    for (form, item), name in s.counts.items.items():
        row: dict[str, Any] = {
            "assessment_id": s.assessment_id,
            "form": form,
            "item": item,
            "calibrated_as": name,
            "is_anchor": name in s.counts.anchors,
            "status": c.item_status[place[name]] if c else "refused",
        }
        if c and s.bank is not None and name in place:
            row |= _parameters(s, place[name], name)
        if fit and name in fit_at:
            j = fit_at[name]
            row |= {"infit": fit.infit[j], "outfit": fit.outfit[j], "fit_status": fit.status[j]}
        rows.append(row)
    return rows


def _parameters(s: Scaled, j: int, name: str) -> dict[str, Any]:
    """Difficulty, its error and the steps; of an item held fixed, the error of its first calibration."""
    c = s.calibration
    assert c is not None
    se = float(c.difficulty_se[j])
    if c.item_status[j] == "anchored" and s.reference is not None:
        se = s.reference.difficulty_se.get(name, se)
    steps = [f"{step:.6f}" for step in c.steps[j] if np.isfinite(step)]
    row: dict[str, Any] = {
        "difficulty_logit": float(c.difficulty[j]),
        "difficulty_se": se,
        "steps": " ".join(steps) or None,
    }
    if s.bank is not None and name in s.bank.items:
        row["intercepts"] = intercepts_text(s.bank.intercept[s.bank.items.index(name)])
    return row


def _scores(s: Scaled) -> Rows:
    """One row a form and raw score that the form can give; forms that hold unknown items have none."""
    if s.table is None or s.bank is None:
        return []
    t = s.table
    rows: Rows = []
    for f, raw, theta, se in zip(t.form, t.raw, t.theta, t.se, strict=True):
        if t.forms[f] in t.left_out:
            continue
        row: dict[str, Any] = {
            "assessment_id": s.assessment_id,
            "form": t.forms[f],
            "raw_score": int(raw),
            "theta_wle": float(theta),
            "theta_se": float(se),
        }
        if s.cohort and s.scale_type is not None:
            row["scale_score"] = float(scale_score(theta, s.cohort))
            row["scale_se"] = float(scale_error(se, s.cohort))
        rows.append(row)
    return rows


def _forms(s: Scaled) -> Rows:
    if s.counts is None:
        return []
    rows: Rows = []
    for form in s.counts.counts.forms:
        row: dict[str, Any] = {"assessment_id": s.assessment_id, "form": form, "status": "scored"}
        if s.bank is None or s.table is None:
            row["status"] = s.status
        elif form in s.table.left_out or form not in s.table.forms:
            row |= {
                "status": "set_aside",
                "message_ru": "В варианте есть задания без оценки трудности: учеников слишком мало",
                "message_en": "The form holds items without a difficulty: too few students",
            }
        rows.append(row)
    return rows


def _gates(s: Scaled) -> Rows:
    gates = s.calibration.gates if s.calibration else ()
    return [
        {
            "assessment_id": s.assessment_id,
            "gate": g.name,
            "value": float(g.value),
            "limit": float(g.limit),
            "passed": bool(g.passed),
        }
        for g in gates
    ]


def _links(s: Scaled) -> Rows:
    if s.screen is None:
        return []
    d = s.screen
    return [
        {
            "assessment_id": s.assessment_id,
            "linked_to": s.linked_to,
            "anchor_item": name,
            "drift": float(drift),
            "z": float(z),
            "kept": bool(kept),
        }
        for name, drift, z, kept in zip(d.items, d.drift, d.z, d.kept, strict=True)
    ]


def _messages(assessment: str, messages: Iterable[Message]) -> Rows:
    seen = {(m.code, m.subject): m for m in messages}
    return [
        {
            "assessment_id": assessment,
            "code": m.code,
            "subject": m.subject,
            "message_ru": m.ru,
            "message_en": m.en,
        }
        for m in seen.values()
    ]


def summary(step: CalibrationStep) -> str:
    """The assessments as a Markdown table: status, scale, and the worst gate of each."""
    lines = ["| assessment | status | scale | students | reliability | gates |", "|---|---|---|---|---|---|"]
    for row in step.rows["assessment"]:
        found = step.scaled.get(row["assessment_id"])
        if found is None:
            continue
        failed: Iterable[str] = (f"{g.name} = {g.value:.3g} > {g.limit:.3g}" for g in found.failed_gates)
        reliability = row.get("eap_reliability")
        told = f"{reliability:.2f}" if reliability is not None and np.isfinite(reliability) else ""
        lines.append(
            f"| {row['assessment_id']} | {row['status']} | {row['scale_type']} | {row.get('n', '')} "
            f"| {told} | {', '.join(failed) or 'ok'} |"
        )
    return "\n".join(lines)


def gate_figures(step: CalibrationStep) -> dict[str, Any]:
    """The worst value of each gate over all assessments, and which assessments are refused, with why."""
    worst: dict[str, float] = {}
    for row in step.rows["gate"]:
        worst[row["gate"]] = max(worst.get(row["gate"], -np.inf), row["value"])
    refused = [f"{s.assessment_id}: {'; '.join(m.en for m in s.messages)}" for s in step.refused]
    return {**{name: value for name, value in worst.items() if np.isfinite(value)}, "refused": refused}


def misfits(step: CalibrationStep) -> list[str]:
    """Items outside the limits of fit, with their figures."""
    return sorted(
        {
            f"{r['assessment_id']} {r['calibrated_as']}: infit {r['infit']:.2f}, outfit {r['outfit']:.2f}"
            for r in step.rows["item"]
            if r.get("fit_status") == "misfit"
        }
    )


def unlinked(step: CalibrationStep) -> list[str]:
    """Assessments that the register links, and that stand on a scale of their own all the same."""
    return [
        f"{s.assessment_id}: {'; '.join(m.en for m in _reasons(s))}"
        for s in step.scaled.values()
        if s.linked_to and s.scale_type not in ("irt_linked", "equated")
    ]


def pictures(step: CalibrationStep, most: int = 12) -> str:
    """Item-person map, information and score distribution of the largest calibrated assessments, as Markdown.

    The others look the same in `fct_item_statistic` and `fct_score_scale`; the event log is no place for all.
    """
    shown = [s for s in step.scaled.values() if s.bank is not None and s.counts is not None]
    shown.sort(key=lambda s: (-int(s.counts.counts.students.n.sum()), s.assessment_id))  # type: ignore[union-attr]
    return "\n\n".join(f"### {s.assessment_id}\n" + " ".join(_pictures(s)) for s in shown[:most])


def _pictures(s: Scaled) -> list[str]:
    assert s.counts is not None and s.bank is not None and s.table is not None
    counts, table = s.counts.counts, s.table
    students = counts.students
    n_by_form = np.bincount(students.form, students.n, len(counts.forms))
    form = counts.forms[int(np.argmax(n_by_form))]
    own = students.form == counts.forms.index(form)
    raw, n = students.raw[own], students.n[own].astype(float)
    if form not in table.forms or form in table.left_out:
        return []
    rows = table.form == table.forms.index(form)
    theta = dict(zip(table.raw[rows].tolist(), table.theta[rows].tolist(), strict=True))
    return [
        markdown("map", item_person_map(s.bank, np.array([theta[r] for r in raw.tolist()]), n)),
        markdown("information", information_curve(s.bank, form_items(counts)[form])),
        markdown("scores", score_distribution(raw.astype(float), n, s.boundaries)),
    ]
