"""The attack: what anybody can work out about hidden cells from what is published.

For each hidden cell the least and the greatest value that all relations and the published cells allow, by
linear programming (HiGHS). It shares no step with the choice of what to hide but the cells themselves. To be
quick it goes by connected components of hidden cells, and keeps every table that the solver comes upon: two
tables with the same published cells that differ in a hidden one by the asked width prove it safe.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse
from scipy.sparse import csgraph

from pipelines.release.suppression import EPSILON, Bools, Cells, Finding, Floats, Ints, propagate

@dataclass(frozen=True)
class Component:
    """Hidden cells that hang together: their numbers (k,), the relations among them (m,), matrix · x = right."""

    members: Ints
    relations: Ints
    matrix: sparse.csr_array
    right: Floats

    @property
    def is_tree(self) -> bool:
        return bool(self.matrix.nnz < len(self.members) + len(self.relations))


Memo = dict[bytes, dict[int, Finding]]
#: Mixed aims in a row that proved nothing, after which cells are asked one by one.
IDLE = 3


def recovered(cells: Cells, hidden: Bools, memo: Memo | None = None) -> dict[int, Finding]:
    """The hidden cells whose interval is narrower than asked: the attacker has them.

    ``memo`` keeps the answer by component between calls on the same cells.
    """
    out: dict[int, Finding] = {}
    memo = {} if memo is None else memo
    low, high = propagate(cells, hidden)
    for part in components(cells, hidden):
        key = part.members.tobytes()
        if key not in memo:
            memo[key] = _narrow(cells, part, low, high)
        out |= memo[key]
    return out


def _narrow(cells: Cells, part: Component, low: Floats, high: Floats) -> dict[int, Finding]:
    """The members of one component whose interval is narrower than asked.

    low, high: intervals by passing bounds along relations, exact in a component without cycles.
    """
    asked = cells.asked()[part.members] - EPSILON
    if part.is_tree and (high - low >= cells.asked() - EPSILON)[part.members].all():
        return {}
    least = cells.values[part.members].astype(float)
    most = least.copy()
    random = np.random.default_rng(len(part.members))

    def look(aim: Floats) -> list[Floats]:
        slopes = []
        for sign in (1.0, -1.0):
            point, slope = _solve(cells, part, sign * aim)
            np.minimum(least, point, out=least)
            np.maximum(most, point, out=most)
            slopes.append(sign * slope)
        return slopes

    open_ = np.flatnonzero(most - least < asked)
    idle = 0
    while len(open_) > IDLE and idle < IDLE:  # many at once, as long as that proves cells safe
        aim = np.zeros(len(part.members))
        aim[open_] = random.choice([-1.0, 1.0], len(open_)) * (1 + random.random(len(open_)))
        look(aim)
        before, open_ = len(open_), np.flatnonzero(most - least < asked)
        idle = idle + 1 if len(open_) == before else 0
    found = {}
    for i in open_:
        if most[i] - least[i] < asked[i]:
            aim = np.zeros(len(part.members))
            aim[i] = 1.0
            slopes = look(aim)
            if most[i] - least[i] < asked[i]:
                lacking = float(asked[i] - most[i] + least[i])
                found[int(part.members[i])] = Finding(lacking, part.relations, slopes[0], slopes[1])
    return found


def intervals(cells: Cells, hidden: Bools) -> tuple[Floats, Floats]:
    """The exact interval of every cell, by the solver alone; visible cells are points."""
    low, high = cells.values.astype(float).copy(), cells.values.astype(float).copy()
    for part in components(cells, hidden):
        for i, cell in enumerate(part.members):
            aim = np.zeros(len(part.members))
            aim[i] = 1.0
            low[cell] = _solve(cells, part, aim)[0][i]
            high[cell] = _solve(cells, part, -aim)[0][i]
    return low, high


def components(cells: Cells, hidden: Bools) -> list[Component]:
    """The connected components of the hidden cells, each with the relations that hold it together."""
    edges = hidden[cells.cell]
    relations = int(cells.relation.max(initial=-1)) + 1
    right = -np.bincount(
        cells.relation[~edges], (cells.sign * cells.values[cells.cell])[~edges], minlength=relations
    )
    n = len(hidden)
    graph = sparse.coo_matrix(
        (np.ones(int(edges.sum())), (cells.cell[edges], n + cells.relation[edges])),
        shape=(n + relations, n + relations),
    )
    _, label = csgraph.connected_components(graph, directed=False)
    by_label = np.argsort(label[:n], kind="stable")
    by_label = by_label[hidden[by_label]]
    edge_order = np.flatnonzero(edges)[np.argsort(label[cells.cell[edges]], kind="stable")]
    edge_label = label[cells.cell[edge_order]]
    out = []
    splits = np.flatnonzero(np.diff(label[by_label])) + 1
    for members in np.split(by_label, splits) if len(by_label) else []:
        own = edge_order[
            np.searchsorted(edge_label, label[members[0]]) : np.searchsorted(
                edge_label, label[members[0]], side="right"
            )
        ]
        rows, row = np.unique(cells.relation[own], return_inverse=True)
        matrix = sparse.csr_array(
            (cells.sign[own], (row, np.searchsorted(members, cells.cell[own]))), (len(rows), len(members))
        )
        out.append(Component(members, rows, matrix, right[rows]))
    return out


def _solve(cells: Cells, part: Component, aim: Floats) -> tuple[Floats, Floats]:
    """The table with the same published cells that has the least ``aim``; how that depends on ``right``.

    Raises ArithmeticError when the solver gives up: the true table is one, so there is always an answer.
    """
    bounds = np.column_stack([cells.lower[part.members], cells.upper[part.members]])
    equal = {"A_eq": part.matrix, "b_eq": part.right} if len(part.relations) else {}
    answer = optimize.linprog(aim, bounds=bounds, method="highs", **equal)
    if not answer.success:
        raise ArithmeticError(f"the solver on hidden cells: {answer.message}")
    return np.asarray(answer.x, float), np.asarray(answer.eqlin.marginals, float)
