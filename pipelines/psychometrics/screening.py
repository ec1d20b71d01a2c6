"""What of an assessment can be calibrated: least sizes, empty categories, groups without information.

Raw scores can't be recounted from score counts, so an item with too few students takes its forms with
it (all of them are rare), and a score that nobody has is simply given no parameter (see model.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .arrays import BoolArray
from .counts import ScoreCounts
from .messages import Message, message
from .model import ItemBank


@dataclass(frozen=True)
class LeastSizes:
    """Students needed [field]: an item, a provisional one, a partial-credit item, a category, a group."""

    rasch: int = 200
    provisional: int = 100
    partial_credit: int = 300
    category: int = 10
    group: int = 30


@dataclass(frozen=True)
class Screened:
    """Counts fit for calibration (None when nothing is), scores in use, a status an item, findings.

    Item statuses: ok, provisional, sparse_category, anchored, item_all_right, item_all_wrong,
    item_constant, item_too_few, set_aside (all its forms or groups are), constant_total. `item_status`
    covers every item of the counts that came in.
    """

    counts: ScoreCounts | None
    active: BoolArray
    item_status: dict[str, str]
    messages: tuple[Message, ...]

    def with_messages(self, *more: Message) -> Screened:
        return replace(self, messages=(*self.messages, *more))


def screen(counts: ScoreCounts, anchors: ItemBank | None, sizes: LeastSizes) -> Screened:
    """Set aside and name what can't be calibrated; what is left is consistent."""
    none = np.zeros((0, 0), bool)
    anchored = set(anchors.items) if anchors is not None else set()
    if anchors is None and _constant_total(counts):
        status = dict.fromkeys(counts.items, "constant_total")
        return Screened(None, none, status, (message("constant_total"),))
    status = dict.fromkeys(counts.items, "set_aside")
    found: dict[tuple[str, str], Message] = {}
    left: ScoreCounts | None = counts
    while left is not None:
        fewer = _without_small_groups(_without_small_items(left, anchored, sizes, found), sizes, found)
        if fewer is left:
            break
        left = fewer
    status.update({m.subject: "item_too_few" for m in found.values() if m.code == "item_too_few"})
    if left is None:
        lost = message("nothing_to_calibrate")
        return Screened(None, none, status, (*found.values(), lost))
    active = left.item_scores > 0
    for j, name in enumerate(left.items):
        item_status, messages = _item_finding(left, j, name in anchored, sizes)
        status[name] = item_status
        found.update({(m.code, m.subject): m for m in messages})
    return Screened(left, active, status, tuple(found.values()))


def _without_small_items(
    counts: ScoreCounts, anchored: set[str], sizes: LeastSizes, found: dict[tuple[str, str], Message]
) -> ScoreCounts | None:
    least = np.where(counts.max_score > 1, sizes.partial_credit, sizes.provisional)
    free = np.array([name not in anchored for name in counts.items])
    small: BoolArray = free & (counts.item_n < least)
    if not small.any():
        return counts
    for j in np.flatnonzero(small):
        _note(found, message("item_too_few", counts.items[j], value=counts.item_n[j], limit=least[j]))
    lost = counts.administered @ small
    for f in np.flatnonzero(lost):
        _note(found, message("form_set_aside", counts.forms[f]))
    return _kept(counts, ~lost[counts.form])


def _without_small_groups(
    counts: ScoreCounts | None, sizes: LeastSizes, found: dict[tuple[str, str], Message]
) -> ScoreCounts | None:
    if counts is None:
        return None
    s = counts.students
    n = np.bincount(s.group, s.n, len(counts.groups))
    top = counts.form_max[s.form]
    inside = np.bincount(s.group, s.n * ((s.raw > 0) & (s.raw < top)), len(counts.groups))
    # at the bounds both floor and ceiling must occur, or the mean runs away to infinity
    floor = np.bincount(s.group, s.n * (s.raw == 0), len(counts.groups))
    ceiling = np.bincount(s.group, s.n * (s.raw == top), len(counts.groups))
    small, at_bound = n < sizes.group, (inside == 0) & ((floor == 0) | (ceiling == 0))
    if not (small | at_bound).any():
        return counts
    for g in np.flatnonzero(small):
        _note(found, message("group_too_few", counts.groups[g], value=int(n[g]), limit=sizes.group))
    for g in np.flatnonzero(at_bound & ~small):
        _note(found, message("group_at_bound", counts.groups[g]))
    return _kept(counts, ~(small | at_bound)[counts.group])


def _kept(counts: ScoreCounts, rows: BoolArray) -> ScoreCounts | None:
    return counts.keep(rows).compact() if rows.any() else None


def _note(found: dict[tuple[str, str], Message], new: Message) -> None:
    found.setdefault((new.code, new.subject), new)


def _constant_total(counts: ScoreCounts) -> bool:
    """No form × group has two different raw scores: nothing tells students apart."""
    s = counts.students
    return len(np.unique(np.column_stack((s.form, s.group)), axis=0)) == len(s.n)


def _item_finding(
    counts: ScoreCounts, j: int, anchored: bool, sizes: LeastSizes
) -> tuple[str, list[Message]]:
    name, top = counts.items[j], int(counts.max_score[j])
    by_score, n = counts.item_scores[j, : top + 1], int(counts.item_n[j])
    if anchored:
        return "anchored", []
    if np.count_nonzero(by_score) == 1:
        at = int(np.argmax(by_score))
        code = "item_all_wrong" if at == 0 else "item_all_right" if at == top else "item_constant"
        return code, [message(code, name)]
    status, messages = "ok", []
    if top == 1 and n < sizes.rasch:
        status = "provisional"
        messages.append(message("item_provisional", name, value=n, limit=sizes.rasch))
    empty = np.flatnonzero(by_score == 0)
    if empty.size:
        messages.append(message("empty_category", name, detail=", ".join(map(str, empty))))
    sparse = np.flatnonzero((by_score > 0) & (by_score < sizes.category))
    if top > 1 and sparse.size:
        status = "sparse_category"
        detail = ", ".join(map(str, sparse))
        messages.append(message("sparse_category", name, detail=detail, limit=sizes.category))
    return status, messages
