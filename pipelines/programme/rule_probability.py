"""The probability that a rule holds for a school's true results, exact given that of each condition.

A rule counts met conditions (see :class:`Requirement`), so its outcomes need not be enumerated one by one:
those with equal counts are carried together (the Poisson-binomial recursion, for several counts at once).
A condition that two branches share is one event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import betainc, ndtr

SameBy = Literal["any", "subject", "assessment"]
#: What tells one condition from another within a rule and year; groups are runs of it in this order.
EVENT = ["subject_group", "series", "years_before", "measure", "comparison", "threshold"]
#: The columns of the seed in the order of Requirement's fields.
NEED = ["branch", "same_by", "conditions_n", "groups_n", "years_n", "years_held_n"]
RULE = ["rule_id", "rule_version", "school_year"]
#: What :func:`probabilities` needs to know of a condition.
CONDITION = [
    *RULE, *EVENT, "school_id", "branch", "requirement",
    "posterior_alpha", "posterior_beta", "margin_z", "met_point",
]  # fmt: skip


@dataclass(frozen=True)
class Requirement:
    """At least ``conditions_n`` conditions met in each of ``years_held_n`` years, in ``groups_n`` groups.

    All requirements of a branch must hold, and one branch is enough.
    """

    branch: str
    same_by: SameBy
    conditions_n: int
    groups_n: int
    years_n: int
    years_held_n: int


@dataclass(frozen=True)
class Event:
    """A condition with its probability of being met, shape (schools,), and the requirements that count it."""

    subject_group: str
    series: str
    years_before: int
    probability: np.ndarray
    requirements: frozenset[int]

    def group(self, same_by: SameBy) -> str:
        return {"any": "", "subject": self.subject_group, "assessment": self.series}[same_by]


#: Of one requirement: conditions met by year looked at (no more than are needed), groups that hold.
Count = tuple[tuple[int, ...], int]
State = tuple[Count, ...]


def _closed(count: Count, need: Requirement) -> Count:
    """The count with its group ended."""
    years, groups = count
    held = sum(n >= need.conditions_n for n in years) >= need.years_held_n
    return (0,) * need.years_n, min(groups + held, need.groups_n)


def _met(count: Count, need: Requirement, year: int) -> Count:
    """The count with one more condition met in the year."""
    years, groups = count
    more = min(years[year] + 1, need.conditions_n)
    return (*years[:year], more, *years[year + 1 :]), groups


def _holds(state: State, needs: Sequence[Requirement]) -> bool:
    branches: dict[str, bool] = defaultdict(lambda: True)
    for (_, groups), need in zip(state, needs, strict=True):
        branches[need.branch] &= groups >= need.groups_n
    return any(branches.values())


def rule_probability(events: Sequence[Event], needs: Sequence[Requirement]) -> np.ndarray:
    """The probability that the rule holds, shape (schools,), the events being independent.

    ``events`` may come in any order; a subject's assessments must lie within the subject. Raises ValueError
    without events.
    """
    if not events:
        raise ValueError("no events: nothing to compute a probability of")
    ordered = sorted(events, key=lambda e: (e.subject_group, e.series, e.years_before))
    empty: State = tuple(((0,) * need.years_n, 0) for need in needs)
    states: dict[State, np.ndarray] = {empty: np.ones_like(ordered[0].probability)}
    groups: list[str | None] = [None] * len(needs)
    for event in ordered:
        ends = set()
        for i in event.requirements:
            group = event.group(needs[i].same_by)
            if groups[i] is not None and groups[i] != group:
                ends.add(i)
            groups[i] = group
        following: dict[State, np.ndarray] = defaultdict(lambda: np.zeros_like(event.probability))  # noqa: B023
        for state, weight in states.items():
            missed = tuple(_closed(c, needs[i]) if i in ends else c for i, c in enumerate(state))
            met = tuple(
                _met(c, needs[i], event.years_before) if i in event.requirements else c
                for i, c in enumerate(missed)
            )
            following[missed] = following[missed] + weight * (1 - event.probability)
            following[met] = following[met] + weight * event.probability
        states = following
    total = np.zeros_like(ordered[0].probability)
    for state, weight in states.items():
        if _holds(tuple(_closed(c, need) for c, need in zip(state, needs, strict=True)), needs):
            total += weight
    return np.clip(total, 0, 1)


def condition_probability(conditions: pd.DataFrame) -> np.ndarray:
    """The probability that each condition (a row) is met by the true value, shape (rows,).

    A share has a beta posterior (``posterior_alpha``, ``posterior_beta``; threshold in per cent), a mean a
    normal error (``margin_z``: errors on the met side of the threshold); anything else is what it is.
    """
    below = betainc(
        conditions["posterior_alpha"].to_numpy(float),
        conditions["posterior_beta"].to_numpy(float),
        np.clip(conditions["threshold"].to_numpy(float) / 100, 0, 1),
    )
    share = np.where(conditions["comparison"].isin(["ge", "gt"]), 1 - below, below)
    mean = ndtr(conditions["margin_z"].to_numpy(float))
    known = np.where(np.isnan(mean), conditions["met_point"].to_numpy(float), mean)
    return np.where(np.isnan(share), known, share)


def probabilities(conditions: pd.DataFrame, requirements: pd.DataFrame) -> pd.DataFrame:
    """The probability of each rule for each school and year that has any condition.

    ``conditions``: a row per school, rule, year, requirement and condition, with the columns ``CONDITION``;
    ``requirements``: the seed.
    Returns rule_id, rule_version, school_year, school_id, probability.
    """
    frame = conditions.assign(probability=condition_probability(conditions))
    needs_of = dict(tuple(requirements.groupby(["rule_id", "rule_version"])))
    found = [pd.DataFrame({name: [] for name in [*RULE, "school_id", "probability"]})]
    for (rule_id, version, year), rows in frame.groupby(RULE, sort=True):
        seed = needs_of[rule_id, version].sort_values(["branch", "requirement"])
        needs = [Requirement(*need) for need in seed[NEED].itertuples(index=False, name=None)]
        place = {key: i for i, key in enumerate(zip(seed["branch"], seed["requirement"], strict=True))}
        school, schools = pd.factorize(rows["school_id"], sort=True)
        stated = zip(rows["branch"].tolist(), rows["requirement"].tolist(), strict=True)
        requirement = np.array([place[pair] for pair in stated])
        probability = rows["probability"].to_numpy()
        # the rows' places: a frame an event would cost more than all that is computed of it
        places: dict[Any, Any] = rows.groupby(EVENT, sort=True).indices
        events = []
        for (subject_group, series, years_before, *_), same in places.items():
            chance = np.zeros(len(schools))
            chance[school[same]] = probability[same]
            requirements_of = frozenset(np.unique(requirement[same]).tolist())
            events.append(Event(subject_group, series, int(years_before), chance, requirements_of))
        facts = {"rule_id": rule_id, "rule_version": version, "school_year": year, "school_id": schools}
        found.append(pd.DataFrame({**facts, "probability": rule_probability(events, needs)}))
    return pd.concat(found[1:] or found, ignore_index=True)
