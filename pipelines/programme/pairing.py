"""Partners for supported schools: an assignment with least distance, capacities and hard limits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

#: A component that isn't known for either school counts as a clear difference [local].
UNKNOWN = 1.0
#: Points of the share of students whose mother tongue is another that count as a difference of 1 [local].
LANGUAGE_POINTS = 20.0


@dataclass(frozen=True)
class PairingRule:
    """`capacity`: schools that one partner takes; `least_gap`: how far a partner's result must lead, in
    student sds; `alternatives_n`: further partners to name; the last two are added to the distance of a
    partner in another, and in a neighbouring, municipality.
    """

    capacity: int = 2
    least_gap: float = 0.3
    alternatives_n: int = 2
    other_municipality: float = 0.5
    neighbour_municipality: float = 0.25


@dataclass(frozen=True)
class _Pairs:
    """Supported × partners: distance, whether the pair is within the hard limits, and what it is made of."""

    distance: np.ndarray
    allowed: np.ndarray
    same_stage: np.ndarray
    gap: np.ndarray
    place: np.ndarray  # 0 same municipality, 1 neighbouring, 2 other


def propose_pairs(
    schools: pd.DataFrame, rule: PairingRule, neighbours: Collection[tuple[str, str]] = ()
) -> pd.DataFrame:
    """Propose partners within one region and year.

    `schools`: school_id, is_supported, in_pool, stage, municipality_id, locality_group, social_index
    (T-score), students_n, not_native_pct, z_score; what is not known is NaN or None. `neighbours`: pairs of
    municipalities, either way round.

    As many supported schools as the limits allow get a partner; among such assignments the sum of distances
    is least. The distance is the root of the summed squares of: index difference / 10, log₂ of the ratio of
    sizes, 1 for another kind of locality, language difference / 20 points, plus the municipality's addition.

    Returns one row per supported school and partner with status: assigned (rank 1), alternative (the next
    nearest within the limits, ranks 2…), or unmatched (rank 1 is vacant, `reason_code` says why: no_partners,
    other_stage, small_gap, no_capacity); distance, gap, reason_ru, reason_en.
    """
    ordered = schools.sort_values("school_id")
    needy = ordered[ordered["is_supported"]].reset_index(drop=True)
    pool = ordered[ordered["in_pool"] & ~ordered["is_supported"]].reset_index(drop=True)
    pairs = _compare(needy, pool, rule, {frozenset(pair) for pair in neighbours})
    assigned = _assign(pairs, rule.capacity)
    rows = [
        row
        for i in range(len(needy))
        for row in _rows(i, assigned.get(i), needy, pool, pairs, rule.alternatives_n)
    ]
    columns = ["school_id", "partner_school_id", "status", "rank", "distance", "gap", "reason_code",
               "reason_ru", "reason_en"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _compare(needy: pd.DataFrame, pool: pd.DataFrame, rule: PairingRule, near: set[frozenset[str]]) -> _Pairs:
    def difference(name: str, unit: float) -> np.ndarray:
        a, b = (frame[name].to_numpy(float) for frame in (needy, pool))
        return np.nan_to_num(np.abs(a[:, None] - b[None, :]) / unit, nan=UNKNOWN)

    def same(name: str) -> np.ndarray:
        a, b = (frame[name].to_numpy(object) for frame in (needy, pool))
        return (a[:, None] == b[None, :]) & pd.notna(a)[:, None]

    sized = [frame.assign(size=np.log2(frame["students_n"].astype(float))) for frame in (needy, pool)]
    size = np.nan_to_num(
        np.abs(sized[0]["size"].to_numpy()[:, None] - sized[1]["size"].to_numpy()), nan=UNKNOWN
    )
    place = np.where(same("municipality_id"), 0, 2)
    own, other = (frame.groupby("municipality_id").indices for frame in (needy, pool))
    for pair in near:
        for a, b in permutations(pair, 2):
            if a in own and b in other:
                place[np.ix_(np.asarray(own[a]), np.asarray(other[b]))] = 1
    parts = (
        difference("social_index", 10.0), size, np.where(same("locality_group"), 0.0, 1.0),
        difference("not_native_pct", LANGUAGE_POINTS),
    )  # fmt: skip
    addition = np.array([0.0, rule.neighbour_municipality, rule.other_municipality])[place]
    gap = pool["z_score"].to_numpy(float)[None, :] - needy["z_score"].to_numpy(float)[:, None]
    stage = same("stage")
    distance = np.sqrt(sum((part**2 for part in parts), np.zeros(gap.shape))) + addition
    return _Pairs(distance, stage & (gap >= rule.least_gap), stage, gap, place)


def _assign(pairs: _Pairs, capacity: int) -> dict[int, int]:
    """Supported school → partner. Each may stay alone at a cost above that of any whole assignment."""
    needy_n, pool_n = pairs.distance.shape
    if not needy_n or not pool_n or capacity < 1:
        return {}
    alone = 1 + needy_n * float(pairs.distance.max())
    slots = np.repeat(np.arange(pool_n), capacity)
    forbidden = 2 * alone * (needy_n + 1)
    cost = np.where(pairs.allowed, pairs.distance, forbidden)[:, slots]
    cost = np.hstack([cost, np.full((needy_n, needy_n), alone)])
    rows, columns = linear_sum_assignment(cost)
    return {int(i): int(slots[c]) for i, c in zip(rows, columns, strict=True) if c < len(slots)}


def _rows(
    i: int, assigned: int | None, needy: pd.DataFrame, pool: pd.DataFrame, pairs: _Pairs, alternatives_n: int
) -> list[dict[str, object]]:
    """The rows of one supported school: its partner, or why it has none, then the next nearest."""
    rows: list[dict[str, object]] = []
    if assigned is None:
        code = _why_not(i, pairs)
        ru, en = _WHY_NOT[code]
        vacant = {"status": "unmatched", "rank": 1, "reason_code": code}
        rows.append(vacant | {"reason_ru": ru, "reason_en": en})
    else:
        rows.append(_proposal(i, assigned, needy, pool, pairs) | {"status": "assigned", "rank": 1})
    nearest = np.argsort(pairs.distance[i], kind="stable").tolist()
    others = [j for j in nearest if pairs.allowed[i, j] and j != assigned]
    for rank, j in enumerate(others[:alternatives_n], start=2):
        rows.append(_proposal(i, j, needy, pool, pairs) | {"status": "alternative", "rank": rank})
    return [{"school_id": str(needy["school_id"][i])} | row for row in rows]


def _proposal(i: int, j: int, needy: pd.DataFrame, pool: pd.DataFrame, pairs: _Pairs) -> dict[str, object]:
    ru, en = _reasons(needy.iloc[i], pool.iloc[j], int(pairs.place[i, j]))
    return {
        "partner_school_id": str(pool["school_id"][j]),
        "distance": float(pairs.distance[i, j]),
        "gap": float(pairs.gap[i, j]),
        "reason_ru": ru,
        "reason_en": en,
    }


_WHY_NOT = {
    "no_partners": (
        "В регионе в этом году нет школ, которые могут быть партнёрами",
        "No school of the region may be a partner this year",
    ),
    "other_stage": (
        "Нет партнёра с теми же уровнями образования",
        "No partner has the same stage of education",
    ),
    "small_gap": (
        "Ни у одного партнёра с теми же уровнями образования результат не выше настолько, насколько нужно",
        "No partner of the same stage has results that lead by enough",
    ),
    "no_capacity": (
        "Подходящие партнёры заняты другими школами",
        "Suitable partners are taken by other schools",
    ),
}


def _why_not(i: int, pairs: _Pairs) -> str:
    if not pairs.allowed.shape[1]:
        return "no_partners"
    if not pairs.same_stage[i].any():
        return "other_stage"
    return "no_capacity" if pairs.allowed[i].any() else "small_gap"


def _reasons(school: pd.Series, partner: pd.Series, place: int) -> tuple[str, str]:
    """Why these two, in words, without what release control may hide: sensitive groups, results."""
    ru, en = [], []
    if pd.notna(school["social_index"]) and pd.notna(partner["social_index"]):
        own, other = f"{school['social_index']:.0f}", f"{partner['social_index']:.0f}"
        ru.append(f"социальный индекс {own} и {other}")
        en.append(f"social index {own} and {other}")
    if pd.notna(school["students_n"]) and pd.notna(partner["students_n"]):
        own, other = f"{school['students_n']:.0f}", f"{partner['students_n']:.0f}"
        ru.append(f"обучающихся {own} и {other}")
        en.append(f"students {own} and {other}")
    alike = pd.notna(school["locality_group"]) and school["locality_group"] == partner["locality_group"]
    ru.append(_LOCALITY[school["locality_group"]][0] if alike else "разная местность")
    en.append(_LOCALITY[school["locality_group"]][1] if alike else "different locality")
    ru.append(_PLACE[place][0])
    en.append(_PLACE[place][1])
    ru.append("результат выше")
    en.append("better results")
    return "; ".join(ru), "; ".join(en)


_LOCALITY = {"urban": ("обе в городе", "both urban"), "rural": ("обе в селе", "both rural")}
_PLACE = (
    ("тот же муниципалитет", "same municipality"),
    ("соседний муниципалитет", "neighbouring municipality"),
    ("другой муниципалитет", "another municipality"),
)
