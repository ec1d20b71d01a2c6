"""The attack: what anybody can work out about hidden cells from what is published.

For each hidden cell the least and the greatest value that all relations and the published cells allow, by
linear programming (HiGHS). It shares no step with the choice of what to hide but the cells themselves. To be
quick it goes by connected components of hidden cells, and keeps every table that the solver comes upon: two
tables with the same published cells that differ in a hidden one by the asked width prove it safe. They go on
doing so while more is hidden (:class:`Memo`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import highspy
import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from pipelines.release.suppression import EPSILON, Bools, Cells, Finding, Floats, Ints, propagate


@dataclass(frozen=True)
class Component:
    """Hidden cells that hang together. members: their numbers (k,); edges: which edges hold them, by number.

    all_right: what the hidden cells of each relation of the table add up to.
    """

    cells: Cells
    members: Ints
    edges: Ints
    all_right: Floats

    @cached_property
    def relations(self) -> Ints:
        """The relations among them (m,)."""
        return np.unique(self.cells.relation[self.edges])

    @property
    def right(self) -> Floats:
        return self.all_right[self.relations]

    @property
    def is_tree(self) -> bool:
        return len(self.edges) < len(self.members) + len(self.relations)


@dataclass
class Memo:
    """What the attack found out between calls on cells that differ in their widths and costs at most.

    answers: the findings in a component, by its members and what is asked of them. proof, width: (n,) a cell
    stays ``width`` open while the cells of ``proofs[proof]`` are hidden: whatever else is hidden only widens
    its interval. −1: nothing is known.
    """

    answers: dict[bytes, dict[int, Finding]] = field(default_factory=dict)
    proofs: list[Ints] = field(default_factory=list)
    proof: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    width: Floats = field(default_factory=lambda: np.empty(0))

    def of(self, size: int) -> None:
        """Get ready for so many cells."""
        if len(self.proof) != size:
            self.proof, self.width = np.full(size, -1), np.zeros(size)

    def open(self, members: Ints, hidden: Bools) -> Floats:
        """How wide the interval of each member is known to be at least, with these cells hidden."""
        proof, known = self.proof[members], np.zeros(len(members))
        for k in np.unique(proof[proof >= 0]).tolist():
            if hidden[self.proofs[k]].all():
                own = proof == k
                known[own] = self.width[members[own]]
        return known

    def keep(self, members: Ints, widths: Floats, fresh: Bools) -> None:
        """So wide are the intervals of the ``fresh`` members of a component at least.

        The others keep the proof they have: it asks for fewer hidden cells, and holds in more cases.
        """
        self.proof[members[fresh]], self.width[members[fresh]] = len(self.proofs), widths[fresh]
        self.proofs.append(members)

    def forget(self) -> None:
        """Drop the answers, and the proofs that others have taken the place of."""
        self.answers = {}
        used, place = np.unique(self.proof, return_inverse=True)
        self.proofs = [self.proofs[k] for k in used.tolist() if k >= 0]
        self.proof = place - int((used < 0).any())


#: Mixed aims in a row that proved nothing, after which cells are asked one by one.
IDLE = 3


def recovered(cells: Cells, hidden: Bools, memo: Memo | None = None) -> dict[int, Finding]:
    """The hidden cells whose interval is narrower than asked: the attacker has them.

    ``memo`` is kept between calls on cells that differ in their widths and costs at most.
    """
    out: dict[int, Finding] = {}
    memo = Memo() if memo is None else memo
    memo.of(len(hidden))
    low, high = propagate(cells, hidden)
    for part in components(cells, hidden):
        key = part.members.tobytes() + cells.asked[part.members].tobytes()
        if key not in memo.answers:
            memo.answers[key] = _narrow(cells, part, low, high, hidden, memo)
        out |= memo.answers[key]
    return out


def _narrow(
    cells: Cells, part: Component, low: Floats, high: Floats, hidden: Bools, memo: Memo
) -> dict[int, Finding]:
    """The members of one component whose interval is narrower than asked.

    low, high: intervals by passing bounds along relations, exact in a component without cycles.
    """
    asked = cells.asked[part.members] - EPSILON
    if part.is_tree and ((high - low)[part.members] >= asked).all():
        return {}
    least = cells.values[part.members].astype(float)
    most = least.copy()
    known = memo.open(part.members, hidden)
    asked = np.where(known >= asked, 0.0, asked)
    if not (asked > 0).any():
        return {}
    random = np.random.default_rng(len(part.members))
    solver = _Solver(cells, part)

    def look(aim: Floats) -> list[Floats]:
        slopes = []
        for sign in (1.0, -1.0):
            point, slope = solver.least(sign * aim)
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
    memo.keep(part.members, most - least, (asked > 0) & (most - least > known))
    return found


def intervals(cells: Cells, hidden: Bools) -> tuple[Floats, Floats]:
    """The exact interval of every cell, by the solver alone; visible cells are points."""
    low, high = cells.values.astype(float).copy(), cells.values.astype(float).copy()
    for part in components(cells, hidden):
        solver = _Solver(cells, part)
        for i, cell in enumerate(part.members):
            aim = np.zeros(len(part.members))
            aim[i] = 1.0
            low[cell] = solver.least(aim)[0][i]
            high[cell] = solver.least(-aim)[0][i]
    return low, high


def components(cells: Cells, hidden: Bools) -> list[Component]:
    """The connected components of the hidden cells, each with the relations that hold it together."""
    edges = hidden[cells.cell]
    relations = int(cells.relation.max(initial=-1)) + 1
    open_part = np.where(edges, 0.0, cells.sign * cells.values[cells.cell])
    right: Floats = -np.bincount(cells.relation, open_part, relations).astype(np.float64)
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
        out.append(Component(cells, members, own, right))
    return out


#: HiGHS's simplex strategies. Primal: the answer to one aim is where it starts for the next. Rarely it loses
#: its way, where dual does not.
_PRIMAL, _DUAL = 4, 1


class _Solver:
    """The tables that agree with what is published, ready to be asked for the one with the least of some aim.

    Successive questions differ in their aim only, so that each starts from the last answer.
    """

    def __init__(self, cells: Cells, part: Component) -> None:
        by_relation = part.edges[np.argsort(cells.relation[part.edges], kind="stable")]
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(part.members), len(part.relations)
        model.col_cost_ = np.zeros(len(part.members))
        model.col_lower_, model.col_upper_ = cells.lower[part.members], cells.upper[part.members]
        model.row_lower_ = model.row_upper_ = part.right
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.searchsorted(
            cells.relation[by_relation], np.append(part.relations, part.relations[-1:] + 1)
        )
        model.a_matrix_.index_ = np.searchsorted(part.members, cells.cell[by_relation])
        model.a_matrix_.value_ = cells.sign[by_relation]
        self._columns = np.arange(len(part.members), dtype=np.int32)
        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        self._highs.passModel(model)

    def least(self, aim: Floats) -> tuple[Floats, Floats]:
        """Values of the members where ``aim`` is least; how that least value depends on ``right``.

        Raises ArithmeticError when the solver gives up: the true table is one, so there is always an answer.
        """
        self._highs.changeColsCost(len(aim), self._columns, aim)
        for strategy in (_PRIMAL, _DUAL):
            self._highs.setOptionValue("simplex_strategy", strategy)
            self._highs.run()
            status = self._highs.getModelStatus()
            if status == highspy.HighsModelStatus.kOptimal:
                break
            self._highs.clearSolver()
        else:
            raise ArithmeticError(f"the solver on hidden cells: {status}")
        answer = self._highs.getSolution()
        return np.asarray(answer.col_value, float), np.asarray(answer.row_dual, float)
