"""The attack: what anybody can work out about hidden cells from what is published.

For each hidden cell the least and the greatest value that all relations and the published cells allow, by
linear programming (HiGHS). It shares no step with the choice of what to hide but the cells themselves. To be
quick it goes by connected components of hidden cells, and keeps every table that the solver comes upon: two
tables with the same published cells that differ in a hidden one by the asked width prove it safe. They go on
doing so while more is hidden (:class:`Memo`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property, partial

import highspy
import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from pipelines.release.suppression import (
    EPSILON,
    Bools,
    Cells,
    Ends,
    Finding,
    Floats,
    Ints,
    grouped,
    propagate,
)


@dataclass(frozen=True)
class Component:
    """Hidden cells that hang together. members: their numbers (k,); edges: which edges hold them, by number.

    relations: the relations among them (m,); relation: (e,) of each edge of the table; all_right: what the
    hidden cells of each relation add up to.
    """

    members: Ints
    edges: Ints
    relations: Ints
    relation: Ints
    all_right: Floats

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
        if fresh.any():
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
#: A component of more cells than the first is looked at in pieces of that size or so, in batches of each of
#: these sizes in turn; pieces of which something is still unknown get together.
SIZES = (500, 2_000, 5_000)
#: Relations of fewer hidden cells are not what makes a component large.
SMALL = 8
#: Components of up to so many cells are proved safe together, in linear programs of up to so many.
FEW, TOGETHER = 250, 500


def recovered(cells: Cells, hidden: Bools, memo: Memo | None = None) -> dict[int, Finding]:
    """The hidden cells whose interval is narrower than asked: the attacker has them.

    ``memo`` is kept between calls on cells that differ in their widths and costs at most.
    """
    out: dict[int, Finding] = {}
    memo = Memo() if memo is None else memo
    memo.of(len(hidden))
    low, high = propagate(cells, hidden)
    wide = high - low >= cells.asked - EPSILON
    every, unknown = np.flatnonzero(hidden), np.zeros(len(hidden), bool)
    unknown[every] = _unknown(cells, every, memo.open(every, hidden))
    parts = {p.members.tobytes() + cells.asked[p.members].tobytes(): p for p in components(cells, hidden)}
    # of a tree the bounds passed along relations are exact
    asking = {
        key: p
        for key, p in parts.items()
        if key not in memo.answers and unknown[p.members].any() and not (p.is_tree and wide[p.members].all())
    }
    for some in _batches([p for p in asking.values() if len(p.members) <= FEW], TOGETHER):
        _prove_together(cells, some, wide, hidden, memo)
    for key, part in asking.items():
        large = SIZES and len(part.members) > SIZES[0]
        found = _narrow_in_pieces(cells, part, memo) if large else {}
        memo.answers[key] = found | _narrow(cells, part, wide, hidden, memo, found.keys())
    for key in parts:
        out |= memo.answers.get(key, {})
    return out


def _batches(parts: Iterable[Component], size: int) -> list[list[Component]]:
    """Some of them at a time, of up to so many cells."""
    out: list[list[Component]] = []
    filled = size
    for part in parts:
        if filled + len(part.members) > size:
            out.append([])
            filled = 0
        out[-1].append(part)
        filled += len(part.members)
    return out


def _prove_together(cells: Cells, parts: Sequence[Component], wide: Bools, hidden: Bools, memo: Memo) -> None:
    """Let the memo know of each open member of some small components that it is open.

    They have no cell in common, so that one question aims at a member of each. wide: (n,) not narrow by
    bounds passed along relations.
    """
    if not parts:
        return
    size = [len(p.members) for p in parts]
    members, of = np.concatenate([p.members for p in parts]), np.repeat(np.arange(len(parts)), size)
    open_ = _unknown(cells, members, memo.open(members, hidden)) & wide[members]
    within = np.isin(of, of[open_])
    parts = [p for i, p in enumerate(parts) if within[np.searchsorted(of, i)]]
    if not parts:
        return
    members, of, open_ = members[within], of[within], open_[within]
    order = np.argsort(members)
    members, of, open_ = members[order], of[order], open_[order]
    edges, relations = (np.concatenate([getattr(p, x) for p in parts]) for x in ("edges", "relations"))
    whole = Component(members, edges, np.sort(relations), parts[0].relation, parts[0].all_right)
    solver = _Solver(cells, whole)
    asked = np.where(open_, cells.asked[members] - EPSILON, 0.0)
    _ask_mixed(solver, asked, few=0)
    asking = solver.width < asked
    while asking.any():
        places = np.flatnonzero(asking)
        _, first = np.unique(of[places], return_index=True)
        aim = np.zeros(len(members))
        aim[places[first]] = 1.0
        asking[places[first]] = False
        solver.ask(aim)
        solver.ask(-aim)
        asking &= solver.width < asked
    width = solver.width
    for i in np.unique(of):
        own = of == i
        memo.keep(members[own], width[own], open_[own] & (width[own] >= asked[own]))


def _narrow_in_pieces(cells: Cells, part: Component, memo: Memo) -> dict[int, Finding]:
    """Members of a large component that a small piece of it gives away; others it shows to be safe.

    The time of a linear program grows with more than its size. What is open while the cells of all but a few
    pieces are published is open; what is narrow by the relations of a piece alone is narrow.
    """
    hidden = np.zeros(len(cells.values), bool)
    hidden[part.members] = True
    cut, pieces = _pieces(cells, part, hidden)
    found: dict[int, Finding] = {}
    for turn, size in enumerate(s for s in SIZES if s < len(part.members)):
        unknown = np.zeros(len(hidden), bool)
        known = memo.open(part.members, hidden)
        unknown[part.members] = _unknown(cells, part.members, known, found.keys())
        # those of which something is unknown may need each other
        batches = _batches(sorted(pieces, key=lambda p: not unknown[p.members].any()), size)
        batch = np.zeros(len(hidden), np.int64)
        for i, some in enumerate(batches):
            batch[np.concatenate([p.members for p in some])] = i
        # each batch has a relation of its own in place of one that is cut: all its other cells are published
        own = len(cut) + (np.cumsum(cut) - 1)[cells.relation] * len(batches) + batch[cells.cell]
        for together in components(cells, hidden, np.where(cut[cells.relation], own, cells.relation)):
            _narrow(cells, together, None, hidden, memo, found.keys(), singly=False)
        if turn == 0:  # once, of what the first batches left
            for piece in pieces:
                found |= _narrow_by_itself(cells, piece, hidden, memo)
    return found


def _pieces(cells: Cells, part: Component, hidden: Bools) -> tuple[Bools, list[Component]]:
    """Relations of most members to cut, and what a component falls into then."""
    count = np.bincount(cells.relation[part.edges], minlength=int(cells.relation.max()) + 1)
    limit = int(count.max())
    while True:
        limit //= 2
        cut = count > limit
        pieces = components(cells, hidden, np.where(cut[cells.relation], -1, cells.relation))
        if limit < SMALL or max(len(p.members) for p in pieces) <= SIZES[0]:
            return cut, pieces


def _unknown(cells: Cells, members: Ints, known: Floats, settled: Set[int] = frozenset()) -> Bools:
    """Which members are neither ``settled`` nor ``known`` to be as open as asked."""
    unknown = known < cells.asked[members] - EPSILON
    return unknown & ~np.isin(members, list(settled)) if settled else unknown


def _narrow_by_itself(cells: Cells, piece: Component, hidden: Bools, memo: Memo) -> dict[int, Finding]:
    """Members whose interval the relations of the piece alone make narrower than asked."""
    asking = np.flatnonzero(_unknown(cells, piece.members, memo.open(piece.members, hidden)))
    if not len(asking):
        return {}
    found: dict[int, Finding] = {}
    solver = _Solver(cells, piece)
    asked = cells.asked[piece.members] - EPSILON
    for i in asking.tolist():
        finding = Finding(piece.relations, partial(solver.ends, i, float(asked[i])))
        if finding.ends.lacking > 0:
            found[int(piece.members[i])] = finding
    return found


def _narrow(
    cells: Cells,
    part: Component,
    wide: Bools | None,
    hidden: Bools,
    memo: Memo,
    settled: Set[int] = frozenset(),
    singly: bool = True,
) -> dict[int, Finding]:
    """The members of one component whose interval is narrower than asked, but those that are ``settled``.

    wide: (n,) not narrow by bounds passed along relations. Not ``singly``: none is found, but many are shown
    to be safe.
    """
    asked = cells.asked[part.members] - EPSILON
    hopeful = np.ones(len(asked), bool) if wide is None else wide[part.members]
    known = memo.open(part.members, hidden)
    asked = np.where(_unknown(cells, part.members, known, settled), asked, 0.0)
    if not (asked > 0).any():
        return {}
    solver = _Solver(cells, part)
    _ask_mixed(solver, np.where(hopeful, asked, 0.0), max(IDLE, len(asked) // 100) if singly else 0)
    found = {}
    for i in np.flatnonzero(solver.width < asked).tolist() if singly else ():
        for aim in (-solver.only(i), solver.only(i)) if hopeful[i] else ():
            if solver.width[i] < asked[i]:
                solver.ask(aim)
        if solver.width[i] < asked[i]:
            found[int(part.members[i])] = Finding(part.relations, partial(solver.ends, i, float(asked[i])))
    memo.keep(part.members, solver.width, (asked > 0) & (solver.width > known))
    return found


def _ask_mixed(solver: _Solver, asked: Floats, few: int) -> None:
    """Aim at all members not yet as open as asked, as long as that shows some to be, and more than a few are
    left."""
    random, idle = np.random.default_rng(len(asked)), 0
    open_ = solver.width < asked
    while (before := int(open_.sum())) > few and idle < IDLE:
        aim = random.choice([-1.0, 1.0], len(asked)) * (1 + random.random(len(asked)))
        for turned in (aim, -aim):
            if open_.any():
                solver.ask(np.where(open_, turned, 0.0))
                open_ = solver.width < asked
        idle = idle + 1 if open_.sum() == before else 0


def intervals(cells: Cells, hidden: Bools) -> tuple[Floats, Floats]:
    """The exact interval of every cell, by the solver alone; visible cells are points."""
    low, high = cells.values.astype(float).copy(), cells.values.astype(float).copy()
    for part in components(cells, hidden):
        solver = _Solver(cells, part)
        for i, cell in enumerate(part.members):
            solver.ask(solver.only(i))
            solver.ask(-solver.only(i))
            low[cell], high[cell] = solver.least[i], solver.most[i]
    return low, high


def components(cells: Cells, hidden: Bools, relation: Ints | None = None) -> list[Component]:
    """The connected components of the hidden cells, each with the relations that hold it together.

    relation: (e,) in place of the table's own, of which some edges may form one of theirs; −1: of none.
    """
    relation = cells.relation if relation is None else relation
    edges = hidden[cells.cell] & (relation >= 0)
    relations = int(relation.max(initial=-1)) + 1
    right: Floats = np.bincount(
        relation[edges], (cells.sign * cells.values[cells.cell])[edges], relations
    ).astype(np.float64)
    n = len(hidden)
    graph = sparse.coo_matrix(
        (np.ones(int(edges.sum())), (cells.cell[edges], n + relation[edges])),
        shape=(n + relations, n + relations),
    )
    _, label = csgraph.connected_components(graph, directed=False)
    numbers = np.flatnonzero(hidden), np.flatnonzero(edges), np.unique(relation[edges])
    labels = label[numbers[0]], label[cells.cell[numbers[1]]], label[n + numbers[2]]
    own = np.unique(labels[0])
    parts = [grouped(x, np.searchsorted(own, of), len(own)) for x, of in zip(numbers, labels, strict=True)]
    return [Component(m, e, r, relation, right) for m, e, r in zip(*parts, strict=True)]


#: HiGHS's simplex strategies. Primal: the answer to one aim is where it starts for the next. Rarely it loses
#: its way, where dual does not.
_PRIMAL, _DUAL = 4, 1


class _Solver:
    """The tables that agree with what is published, ready to be asked for the one with the least of some aim.

    Successive questions differ in their aim only, so that each starts from the last answer.
    """

    def __init__(self, cells: Cells, part: Component) -> None:
        """least, most: of each member, among the tables that were come upon; the true one is the first."""
        self._cells, self._part = cells, part
        self._aim = np.zeros(len(part.members))
        self.least = cells.values[part.members].astype(float)
        self.most = self.least.copy()

    @property
    def width(self) -> Floats:
        return self.most - self.least

    @cached_property
    def _highs(self) -> highspy.Highs:
        """Made when first asked: bounds passed along relations often answer before."""
        cells, part = self._cells, self._part
        by_relation = part.edges[np.argsort(part.relation[part.edges], kind="stable")]
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(part.members), len(part.relations)
        model.col_cost_ = np.zeros(len(part.members))
        model.col_lower_, model.col_upper_ = cells.lower[part.members], cells.upper[part.members]
        model.row_lower_ = model.row_upper_ = part.right
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.searchsorted(
            part.relation[by_relation], np.append(part.relations, part.relations[-1:] + 1)
        )
        model.a_matrix_.index_ = np.searchsorted(part.members, cells.cell[by_relation])
        model.a_matrix_.value_ = cells.sign[by_relation]
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.passModel(model)
        return highs

    def ask(self, aim: Floats) -> None:
        """Come upon a table where ``aim`` is least.

        Raises ArithmeticError when the solver gives up: the true table is one, so there is always an answer.
        """
        changed = np.flatnonzero(aim != self._aim).astype(np.int32)
        self._highs.changeColsCost(len(changed), changed, aim[changed])
        self._aim = aim
        for strategy in (_PRIMAL, _DUAL):
            self._highs.setOptionValue("simplex_strategy", strategy)
            self._highs.run()
            status = self._highs.getModelStatus()
            if status == highspy.HighsModelStatus.kOptimal:
                break
            self._highs.clearSolver()
        else:
            raise ArithmeticError(f"the solver on hidden cells: {status}")
        table = np.asarray(self._highs.getSolution().col_value, float)
        np.minimum(self.least, table, out=self.least)
        np.maximum(self.most, table, out=self.most)

    def only(self, i: int) -> Floats:
        """The aim at one member."""
        aim = np.zeros(len(self._aim))
        aim[i] = 1.0
        return aim

    def ends(self, i: int, asked: float) -> Ends:
        """Of one member, beside the width that is asked of it."""
        member, aim = self._part.members[i], self.only(i)
        lowest = highest = np.zeros(
            len(self._part.relations)
        )  # an end at its own bound is held by no relation
        if self.least[i] > self._cells.lower[member]:
            lowest = self._slope(aim)
        if self.most[i] < self._cells.upper[member]:
            highest = -self._slope(-aim)
        return Ends(float(asked - self.width[i]), lowest, highest)

    def _slope(self, aim: Floats) -> Floats:
        """How the least value of ``aim`` depends on ``right``."""
        self.ask(aim)
        return np.asarray(self._highs.getSolution().row_dual, float)
