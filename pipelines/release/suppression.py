"""Which cells of additive tables must be hidden so that no hidden one can be worked out from the rest.

Pure numpy and scipy. A table is a list of cells (counts or sums) and the relations among them that anybody
can see: a total is the sum of its parts (classes make a school, girls and boys make all, schools make a
municipality). A hidden cell is known at least to lie between its bounds; what follows about it from the
published cells and the relations is an interval, and a cell is protected when that interval is wide enough.

The intervals come from passing bounds along the relations, which is exact where no relations form a cycle;
on cycles it is only the attack (``attack.py``) that knows, and its findings are protected in turn.
After Fischetti and Salazar (2000), «Models and algorithms for optimizing cell suppression in tabular data
with linear constraints»; the choice of partners is greedy by cost, as in τ-ARGUS's hypercube.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
#: Room for rounding in sums of doubles.
EPSILON = 1e-6


@dataclass(frozen=True)
class Cells:
    """Cells and the relations among them.

    values, lower, upper: (n,) the true value and what is known of it beforehand, lower ≤ value ≤ upper.
    width: (n,) how wide the interval of a hidden cell must stay; at most upper − lower is ever asked for.
    cost: (n,) what hiding the cell loses, > 0; inf for a cell that can't be chosen to protect another.
    group: (n,) cells of one group are hidden together.
    unpublished: (n,) cells that no table shows, such as what a total holds beside its parts.
    relation, cell, sign: (e,) edges: Σ sign · value over the edges of a relation is 0.
    """

    values: Floats
    lower: Floats
    upper: Floats
    width: Floats
    cost: Floats
    group: Ints
    unpublished: Bools
    relation: Ints
    cell: Ints
    sign: Floats

    def __post_init__(self) -> None:
        if ((self.values < self.lower - EPSILON) | (self.values > self.upper + EPSILON)).any():
            raise ValueError("a cell lies outside its bounds")
        residual = np.bincount(self.relation, self.sign * self.values[self.cell])
        if (np.abs(residual) > EPSILON).any():
            raise ValueError("a relation does not hold")

    @cached_property
    def asked(self) -> Floats:
        """The width that a hidden cell must keep: no more than was open beforehand."""
        return np.minimum(self.width, self.upper - self.lower)

    @cached_property
    def edges_of(self) -> list[Ints]:
        """The edges of each relation."""
        count = int(self.relation.max(initial=-1)) + 1
        return grouped(np.arange(len(self.relation)), self.relation, count)


def grouped(numbers: Ints, group: Ints, count: int) -> list[Ints]:
    """The numbers of each of so many groups, in their order."""
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group, minlength=count)).tolist()
    numbers = numbers[order]
    return [numbers[a:b] for a, b in pairwise([0, *ends])]


@dataclass(frozen=True)
class Sums:
    """Which cells make which: of sum ``number``, ``total`` is made of ``part`` and others. All (e,)."""

    number: Ints
    total: Ints
    part: Ints

    def among(self, cells: Bools) -> Sums:
        """Of these cells alone, by their places among them; parts and totals that are not there drop out."""
        kept = cells[self.total] & cells[self.part]
        place = np.cumsum(cells) - 1
        _, number = np.unique(self.number[kept], return_inverse=True)
        return Sums(number.astype(np.int64), place[self.total[kept]], place[self.part[kept]])


def additive(
    values: Floats,
    upper: Floats,
    width: Floats,
    cost: Floats,
    sums: Sums,
    group: Ints | None = None,
    *,
    bounded: bool = True,
) -> Cells:
    """Cells from 0 to ``upper`` whose totals are sums. Not ``bounded``: ``upper`` only stands for no limit.

    What a total holds beside its parts (students of no known sex) becomes a cell of its own that nobody
    publishes. A total below the sum of its parts is no sum that an attacker could use, and is left out.
    """
    count = int(sums.number.max(initial=-1)) + 1
    total = np.zeros(count, np.int64)
    total[sums.number] = sums.total
    rest = values[total] - np.bincount(sums.number, values[sums.part], count)
    rest[np.abs(rest) < EPSILON] = 0.0
    room = upper[total] - np.bincount(sums.number, upper[sums.part], count)
    holds = rest >= 0
    open_ = holds & ((rest > 0) | (room > 0))
    kept, size, more = holds[sums.number], len(values), int(open_.sum())
    return Cells(
        values=np.concatenate([values, rest[open_]]),
        lower=np.zeros(size + more),
        upper=np.concatenate([upper, np.maximum(rest, room if bounded else upper[total])[open_]]),
        width=np.concatenate([width, np.zeros(more)]),
        cost=np.concatenate([cost, np.full(more, np.inf)]),
        group=np.concatenate([np.arange(size) if group is None else group, size * 8 + np.arange(more)]),
        unpublished=np.arange(size + more) >= size,
        relation=np.concatenate([sums.number[kept], np.flatnonzero(holds), np.flatnonzero(open_)]),
        cell=np.concatenate([sums.part[kept], total[holds], size + np.arange(more)]),
        sign=np.concatenate([np.ones(int(kept.sum())), -np.ones(int(holds.sum())), np.ones(more)]),
    )


def propagate(cells: Cells, hidden: Bools, rounds: int = 60) -> tuple[Floats, Floats]:
    """The interval of every cell that follows relation by relation; visible cells are points.

    An interval found here always holds the cell; on cycles the true one may be narrower.
    """
    low = np.where(hidden, cells.lower, cells.values)
    high = np.where(hidden, cells.upper, cells.values)
    for _ in range(rounds):
        edge_low, edge_high = _implied(cells, low, high)
        new_low, new_high = low.copy(), high.copy()
        np.maximum.at(new_low, cells.cell, edge_low)
        np.minimum.at(new_high, cells.cell, edge_high)
        if (new_low <= low + EPSILON).all() and (new_high >= high - EPSILON).all():
            break
        low, high = np.where(hidden, new_low, low), np.where(hidden, new_high, high)
    return low, high


def _implied(cells: Cells, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """What each relation says of each of its cells, given the intervals of the others; by edge."""
    plus = cells.sign > 0
    least = np.where(plus, low[cells.cell], -high[cells.cell])
    most = np.where(plus, high[cells.cell], -low[cells.cell])
    n = int(cells.relation.max(initial=-1)) + 1
    rest_least = np.bincount(cells.relation, least, n)[cells.relation] - least
    rest_most = np.bincount(cells.relation, most, n)[cells.relation] - most
    return np.where(plus, -rest_most, rest_least), np.where(plus, -rest_least, rest_most)


@dataclass(frozen=True)
class Ends:
    """By how much an interval is too narrow, and what holds its ends.

    lowest, highest: (m,) how its least and greatest value move with the published part of each relation of
    the component (the solver's marginals).
    """

    lacking: float
    lowest: Floats
    highest: Floats


@dataclass(frozen=True)
class Finding:
    """A hidden cell that can be worked out. relations: (m,) of its component; ask: for the ends, which cost
    more than to know that they are too near."""

    relations: Ints
    ask: Callable[[], Ends]

    @cached_property
    def ends(self) -> Ends:
        return self.ask()


#: Cells, hidden → the hidden cells that can be worked out after all.
Attack = Callable[[Cells, Bools], dict[int, Finding]]


def protect(cells: Cells, primary: Bools, attack: Attack | None = None) -> Bools:
    """The cells to hide: the primary ones and the partners without which these could be worked out.

    Ends, since each round hides at least one more cell or stops; with all cells of a relation hidden it
    says nothing. ``attack`` is asked when bounds passed along relations find nothing more.
    """
    hidden = _with_groups(cells, primary | cells.unpublished)
    while True:
        added = _partners(cells, hidden)
        if not added.any() and attack is not None:
            added = _partners_of_findings(cells, hidden, attack(cells, hidden))
        if not added.any():
            return hidden
        hidden = _with_groups(cells, hidden | added)


def _with_groups(cells: Cells, hidden: Bools) -> Bools:
    groups = np.zeros(int(cells.group.max(initial=-1)) + 1, bool)
    groups[cells.group[hidden]] = True
    return hidden | groups[cells.group]


def _partners(cells: Cells, hidden: Bools) -> Bools:
    """One more cell for each relation that narrows a hidden cell too much."""
    low, high = propagate(cells, hidden)
    edge_low, edge_high = _implied(cells, low, high)
    edge_low = np.maximum(edge_low, cells.lower[cells.cell])
    edge_high = np.minimum(edge_high, cells.upper[cells.cell])
    lacking = cells.asked[cells.cell] - (edge_high - edge_low)
    tight = np.flatnonzero(hidden[cells.cell] & (lacking > EPSILON))
    added = np.zeros(len(hidden), bool)
    done: set[int] = set()
    for edge in tight[np.argsort(-lacking[tight], kind="stable")]:  # a relation's worst cell first
        relation = int(cells.relation[edge])
        if relation in done:
            continue
        done.add(relation)
        members = cells.edges_of[relation]
        open_ = members[~hidden[cells.cell[members]] & np.isfinite(cells.cost[cells.cell[members]])]
        if len(open_) and not added[cells.cell[members]].any():
            gain = _gain(cells, open_, int(edge), float(edge_low[edge]), float(edge_high[edge]))
            added[_cheapest(cells, cells.cell[open_], gain, float(lacking[edge]))] = True
    return added


def _partners_of_findings(cells: Cells, hidden: Bools, found: dict[int, Finding]) -> Bools:
    """For what the attack found: of the published cells that hold the ends of the interval, the best.

    A finding whose ends a partner of this round already holds is left to the next round: it may be served.
    """
    added = np.zeros(len(hidden), bool)
    down, up = cells.values - cells.lower, cells.upper - cells.values
    relations: Ints | None = None
    for finding in found.values():
        if finding.relations is not relations:  # the next component
            relations = finding.relations
            edges = np.concatenate([cells.edges_of[r] for r in relations.tolist()])
            members, place = np.unique(cells.cell[edges], return_inverse=True)
            sign, of = cells.sign[edges], np.searchsorted(relations, cells.relation[edges])
            open_ = ~hidden[members] & np.isfinite(cells.cost[members])
        if not open_.any():
            continue
        gain = np.zeros(len(members))
        for slope in (-finding.ends.lowest, finding.ends.highest):
            pull = np.bincount(place, sign * -slope[of])
            gain += np.where(pull > 0, pull * up[members], -pull * down[members])
        holds = gain > EPSILON
        if added[members[holds]].any():
            continue
        chosen = holds & open_
        if chosen.any():
            added[_cheapest(cells, members[chosen], gain[chosen], finding.ends.lacking)] = True
    return added


def _cheapest(cells: Cells, candidates: Ints, gain: Floats, need: float) -> int:
    """The cheapest candidate that gains enough; else the one that gains most for its cost."""
    cost, enough = cells.cost[candidates], gain >= need - EPSILON
    if enough.any():
        return int(candidates[np.argmin(np.where(enough, cost, np.inf))])
    return int(candidates[np.argmax((gain + EPSILON) / cost)])


def _gain(cells: Cells, edges: Ints, edge: int, low: float, high: float) -> Floats:
    """How much wider the interval of the cell of ``edge`` becomes when each of ``edges`` is hidden too."""
    c, target = cells.cell[edges], int(cells.cell[edge])
    down, up = cells.values[c] - cells.lower[c], cells.upper[c] - cells.values[c]
    same = cells.sign[edges] == cells.sign[edge]
    raises, lowers = np.where(same, down, up), np.where(same, up, down)
    return np.minimum(raises, cells.upper[target] - high) + np.minimum(lowers, low - cells.lower[target])


def relieve(tables: Sequence[Cells], hidden: Bools, needed: Bools, island: Ints) -> Bools:
    """``hidden`` without the cells that it does as well without, the dearest first; ``needed`` ones stay.

    tables: whose first cells are the same rows. island: (n,) no relation joins rows of different islands, so
    that one row of each is tried at a time. By passing bounds along relations: exact where they form no
    cycle.
    """
    hidden = hidden.copy()
    cost = tables[0].cost[: len(hidden)]
    tried = np.flatnonzero(hidden & ~needed)
    tried = tried[np.lexsort((-cost[tried], island[tried]))]
    turn = np.arange(len(tried)) - np.searchsorted(island[tried], island[tried])
    for i in range(int(turn.max(initial=-1)) + 1):
        rows = tried[turn == i]
        hidden[rows] = False
        bad = np.unique(np.concatenate([island[_narrow(cells, hidden)] for cells in tables]))
        hidden[rows[np.isin(island[rows], bad)]] = True
    return hidden


def _narrow(cells: Cells, hidden: Bools) -> Bools:
    """Which of the hidden rows have too narrow an interval."""
    mask = cells.unpublished.copy()
    mask[: len(hidden)] |= hidden
    low, high = propagate(cells, mask)
    return (mask & (high - low < cells.asked - EPSILON))[: len(hidden)]
