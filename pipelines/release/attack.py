"""The attack: what anybody can work out about hidden cells from what is published.

For each hidden cell the least and the greatest value that all relations and the published cells allow, by
linear programming (HiGHS). It shares no step with the choice of what to hide but the cells themselves. To be
quick it goes by connected components of hidden cells; in a component a walk over other tables with the same
published cells shows most cells to be safe (two tables that differ by the asked width prove it), and only
the others are asked of the solver.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg, optimize, sparse
from scipy.sparse import csgraph

from pipelines.release.suppression import EPSILON, Bools, Cells, Floats, Ints

#: Directions tried for a proof of safety before the solver is asked.
WALKS = 12


def recovered(cells: Cells, hidden: Bools) -> Bools:
    """The hidden cells whose interval is narrower than asked: the attacker has them. (n,) of bool."""
    out = np.zeros(len(hidden), bool)
    asked = cells.asked()
    for members, matrix, right in components(cells, hidden):
        wide = _walk(cells, members, matrix)
        for i in np.flatnonzero(wide < asked[members] - EPSILON):
            low, high = interval(cells, members, matrix, right, int(i))
            out[members[i]] = high - low < asked[members[i]] - EPSILON
    return out


def intervals(cells: Cells, hidden: Bools) -> tuple[Floats, Floats]:
    """The exact interval of every cell, by the solver alone; visible cells are points."""
    low, high = cells.values.astype(float).copy(), cells.values.astype(float).copy()
    for members, matrix, right in components(cells, hidden):
        for i, cell in enumerate(members):
            low[cell], high[cell] = interval(cells, members, matrix, right, i)
    return low, high


def components(cells: Cells, hidden: Bools) -> list[tuple[Ints, Floats, Floats]]:
    """Hidden cells that hang together: their numbers (k,), the relations among them (m, k), right sides (m,)."""
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
        matrix = np.zeros((len(rows), len(members)))
        np.add.at(matrix, (row, np.searchsorted(members, cells.cell[own])), cells.sign[own])
        out.append((members, matrix, right[rows]))
    return out


def interval(cells: Cells, members: Ints, matrix: Floats, right: Floats, i: int) -> tuple[float, float]:
    """Least and greatest value of the i-th of the members.

    Raises ArithmeticError when the solver gives up, which it does on no feasible table.
    """
    aim = np.zeros(len(members))
    aim[i] = 1.0
    bounds = np.column_stack([cells.lower[members], cells.upper[members]])
    ends = []
    for sign in (1.0, -1.0):
        equal = (matrix, right) if len(matrix) else (None, None)
        answer = optimize.linprog(sign * aim, A_eq=equal[0], b_eq=equal[1], bounds=bounds, method="highs")
        if not answer.success:
            raise ArithmeticError(f"the solver on hidden cells: {answer.message}")
        ends.append(sign * float(answer.fun))
    return ends[0], ends[1]


def _walk(cells: Cells, members: Ints, matrix: Floats) -> Floats:
    """A width that each member certainly has: the spread over tables reached from the true one. (k,)"""
    values = cells.values[members]
    low, high = cells.lower[members], cells.upper[members]
    if not len(matrix):
        return high - low
    free = linalg.null_space(matrix)
    if not free.shape[1]:
        return np.zeros(len(members))
    # each member's own direction: the change that moves it most for its length
    directions = free @ free.T
    directions = directions[np.abs(directions).max(axis=1) > EPSILON]
    random = np.random.default_rng(len(members))
    mixed = free @ random.standard_normal((free.shape[1], WALKS))
    least, most = values.astype(float).copy(), values.astype(float).copy()
    for direction in (*directions, *mixed.T):
        direction = np.where(np.abs(direction) < 1e-9, 0.0, direction)
        moving = direction != 0
        up = np.where(direction > 0, high - values, values - low)[moving] / np.abs(direction[moving])
        down = np.where(direction > 0, values - low, high - values)[moving] / np.abs(direction[moving])
        for point in (values + up.min() * direction, values - down.min() * direction):
            least, most = np.minimum(least, point), np.maximum(most, point)
    return most - least
