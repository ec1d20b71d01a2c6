"""Score counts: the one small table from which every item and person statistic follows.

A row says: of the students of `form` and `group` whose raw score is r, n got score k on the item.
Its size does not depend on the number of students, and for Rasch models it loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .arrays import BoolArray, FloatArray, IntArray
from .messages import CountsError, DisconnectedFormsError


@dataclass(frozen=True)
class StudentCounts:
    """How many students of (form, group) have the raw score; one row per cell, sorted."""

    form: IntArray
    group: IntArray
    raw: IntArray
    n: IntArray


@dataclass(frozen=True)
class ScoreCounts:
    """Score counts of one assessment: equally long arrays of codes and counts, plus their labels.

    `form`, `group` and `item` index `forms`, `groups` and `items`. `raw` is the student's total,
    `score` the score on the item, `n` the students, `omitted_n` those of them who left it out
    (score 0 only). `max_score` has one entry per item.
    """

    form: IntArray
    group: IntArray
    raw: IntArray
    item: IntArray
    score: IntArray
    n: IntArray
    omitted_n: IntArray
    forms: tuple[str, ...]
    groups: tuple[str, ...]
    items: tuple[str, ...]
    max_score: IntArray

    @cached_property
    def administered(self) -> BoolArray:
        """Forms × items: which form holds which item."""
        held = np.zeros((len(self.forms), len(self.items)), dtype=bool)
        held[self.form, self.item] = True
        return held

    @cached_property
    def students(self) -> StudentCounts:
        """Students by (form, group, raw score), read off the first item of each form."""
        first_item = np.argmax(self.administered, axis=1)
        one_item = self.item == first_item[self.form]
        cell, index = _cells(self.form[one_item], self.group[one_item], self.raw[one_item], self._shape)
        n = np.bincount(index, weights=self.n[one_item], minlength=len(cell))
        form, group, raw = _split_cells(cell, self._shape)
        return StudentCounts(form, group, raw, n.astype(np.int64))

    @cached_property
    def item_scores(self) -> IntArray:
        """Items × scores 0…largest maximum: students with that score, all forms and groups."""
        width = int(self.max_score.max()) + 1
        flat = np.bincount(self.item * width + self.score, self.n, len(self.items) * width)
        return flat.reshape(len(self.items), width).astype(np.int64)

    @cached_property
    def item_n(self) -> IntArray:
        """Students who were given each item."""
        return self.item_scores.sum(axis=1)

    @cached_property
    def form_max(self) -> IntArray:
        """Highest possible raw score of each form."""
        return self.administered @ self.max_score

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.groups), int(self.raw.max(initial=0)) + 1

    def keep(self, rows: BoolArray) -> ScoreCounts:
        """The same labels with some rows only; raw scores stay as they are."""
        columns = ("form", "group", "raw", "item", "score", "n", "omitted_n")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def select(self, forms: Iterable[str] | None = None, groups: Iterable[str] | None = None) -> ScoreCounts:
        """Only these forms and groups; unused labels are dropped."""
        rows = np.ones(len(self.n), dtype=bool)
        if forms is not None:
            rows &= np.isin(np.array(self.forms)[self.form], list(forms))
        if groups is not None:
            rows &= np.isin(np.array(self.groups)[self.group], list(groups))
        return self.keep(rows).compact()

    def compact(self) -> ScoreCounts:
        """Drop labels that no row uses."""
        used_form, form = np.unique(self.form, return_inverse=True)
        used_group, group = np.unique(self.group, return_inverse=True)
        used_item, item = np.unique(self.item, return_inverse=True)
        return replace(
            self,
            form=form,
            group=group,
            item=item,
            forms=tuple(self.forms[i] for i in used_form),
            groups=tuple(self.groups[i] for i in used_group),
            items=tuple(self.items[i] for i in used_item),
            max_score=self.max_score[used_item],
        )


def score_counts(
    *,
    form: ArrayLike,
    raw: ArrayLike,
    item: ArrayLike,
    score: ArrayLike,
    n: ArrayLike,
    group: ArrayLike | None = None,
    omitted_n: ArrayLike | None = None,
    max_score: dict[str, int] | None = None,
    raw_is_total: bool = True,
) -> ScoreCounts:
    """Build and check ScoreCounts from long columns (labels or numbers), one entry per row.

    `max_score` names each item's maximum; without it the highest score seen is taken, and an empty
    top category can't be noticed. `raw_is_total=False` is for matching scores that leave items out.
    Raises CountsError when the rows contradict each other.
    """
    forms, form_code = _codes(form)
    items, item_code = _codes(item)
    size = len(form_code)
    groups, group_code = (("all",), np.zeros(size, np.int64)) if group is None else _codes(group)
    left_out = np.zeros(size) if omitted_n is None else omitted_n
    numbers = {"raw": raw, "score": score, "n": n, "omitted_n": left_out}
    whole = {name: _whole(name, values, size) for name, values in numbers.items()}
    if size == 0 or whole["n"].sum() == 0:
        raise CountsError("no students / нет участников")
    seen_max = np.zeros(len(items), np.int64)
    np.maximum.at(seen_max, item_code, whole["score"])
    built = ScoreCounts(
        form=form_code,
        group=group_code,
        item=item_code,
        forms=forms,
        groups=groups,
        items=items,
        max_score=seen_max if max_score is None else _maxima(items, max_score),
        **whole,
    )
    _check(built, raw_is_total)
    return built.keep(built.n > 0)


def counts_from_matrix(
    responses: ArrayLike,
    *,
    items: Sequence[str] | None = None,
    form: ArrayLike | None = None,
    group: ArrayLike | None = None,
    max_score: ArrayLike | None = None,
    omitted: ArrayLike | None = None,
    total_over: ArrayLike | None = None,
) -> ScoreCounts:
    """Count a students × items matrix; NaN or a negative number = not administered.

    A form is a set of items given: students of one `form` who were given different items are split
    into `A`, `A/2`, …, the most frequent set first. `omitted` (same shape, bool) marks score 0 as left out.
    `total_over` (items, bool) restricts the raw score to some items, as purified matching needs.
    Students without a single item are left out. Raises CountsError for scores that are not whole or
    above `max_score` (one per item).
    """
    scores, given = _read_matrix(responses, omitted)
    present = given.any(axis=1)
    if not present.any():
        raise CountsError("no students / нет участников")
    if not present.all():
        scores, given = scores[present], given[present]
    n_students, n_items = scores.shape
    left_out = np.zeros(0, bool) if omitted is None else (np.asarray(omitted, bool)[present] & given)
    highest = scores.max(axis=0)
    top = highest if max_score is None else np.asarray(max_score, np.int64)
    if top.shape != (n_items,) or np.any(highest > top):
        raise CountsError("a score above the item's maximum / балл выше максимума")
    forms, form_code = _forms(given, None if form is None else np.asarray(form)[present])
    groups, group_code = (
        (("all",), np.zeros(n_students, np.int64)) if group is None else _codes(np.asarray(group)[present])
    )
    counted = scores if total_over is None else scores[:, np.asarray(total_over, bool)]
    raw = counted.sum(axis=1, dtype=np.int64)

    shape = (len(groups), int(raw.max()) + 1)
    cell, index = _cells(form_code, group_code, raw, shape)
    width = int(top.max()) + 1
    table = np.zeros((n_items, len(cell) * width), np.int64)
    skipped = np.zeros((n_items, len(cell)), np.int64)
    everyone = bool(given.all())
    for j in range(n_items):
        flat = index * width + scores[:, j]
        table[j] = np.bincount(flat if everyone else flat[given[:, j]], minlength=len(cell) * width)
        if left_out.size:
            skipped[j] = np.bincount(index[left_out[:, j]], minlength=len(cell))
    item, flat_cell = np.nonzero(table)
    cell_of_row, score = np.divmod(flat_cell, width)
    form_of_row, group_of_row, raw_of_row = _split_cells(cell[cell_of_row], shape)
    return ScoreCounts(
        form=form_of_row,
        group=group_of_row,
        raw=raw_of_row,
        item=item,
        score=score,
        n=table[item, flat_cell],
        omitted_n=np.where(score == 0, skipped[item, cell_of_row], 0),
        forms=forms,
        groups=groups,
        items=tuple(items) if items is not None else tuple(f"{j + 1}" for j in range(n_items)),
        max_score=np.asarray(top, np.int64),
    )


def merge_counts(parts: dict[str, ScoreCounts]) -> ScoreCounts:
    """Put several assessments (years, cohorts) together: forms and groups are prefixed with the key.

    Items with the same name are the same item; their maxima must agree (else CountsError).
    """
    maxima: dict[str, int] = {}
    for part in parts.values():
        for name, top in zip(part.items, part.max_score, strict=True):
            if maxima.setdefault(name, int(top)) != top:
                raise CountsError(f"item {name}: different maxima / разные максимумы задания")

    def joined(take: Callable[[str, ScoreCounts], np.ndarray]) -> np.ndarray:
        return np.concatenate([take(key, part) for key, part in parts.items()])

    return score_counts(
        form=joined(lambda key, p: np.array([f"{key}/{name}" for name in p.forms])[p.form]),
        group=joined(lambda key, p: np.array([f"{key}/{name}" for name in p.groups])[p.group]),
        item=joined(lambda key, p: np.array(p.items)[p.item]),
        raw=joined(lambda key, p: p.raw),
        score=joined(lambda key, p: p.score),
        n=joined(lambda key, p: p.n),
        omitted_n=joined(lambda key, p: p.omitted_n),
        max_score=maxima,
    )


def connected_parts(
    counts: ScoreCounts, *, informative: BoolArray | None = None, common_population: bool = False
) -> tuple[tuple[str, ...], ...]:
    """Parts of the forms that are tied by common items, each part a tuple of form names.

    `informative` (items, bool) leaves out items that carry no link (all right, all wrong).
    `common_population` lets forms of one group be tied by that group: randomly spread variants.
    """
    n_forms, n_items = counts.administered.shape
    held = counts.administered if informative is None else counts.administered & informative
    form, item = np.nonzero(held)
    edges = [(form, n_forms + item)]
    if common_population:
        pairs = np.unique(np.column_stack((counts.form, counts.group)), axis=0)
        edges.append((pairs[:, 0], n_forms + n_items + pairs[:, 1]))
    start, end = (np.concatenate(side) for side in zip(*edges, strict=True))
    size = n_forms + n_items + len(counts.groups)
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(size, size))
    label = connected_components(graph, directed=False)[1][:n_forms]
    parts = (np.flatnonzero(label == part) for part in dict.fromkeys(label))
    return tuple(tuple(counts.forms[f] for f in part) for part in parts)


def require_connected(
    counts: ScoreCounts, *, informative: BoolArray | None = None, common_population: bool = False
) -> None:
    """Raise DisconnectedFormsError naming the parts unless all forms hang together."""
    parts = connected_parts(counts, informative=informative, common_population=common_population)
    if len(parts) > 1:
        raise DisconnectedFormsError(parts)


def weighted_quantile(value: ArrayLike, n: ArrayLike, share: ArrayLike) -> FloatArray:
    """Quantiles of values repeated n times, linear between order statistics (type 7, as numpy's default).

    `value` must be sorted.
    """
    values, upto = np.asarray(value, float), np.cumsum(n)
    place = (upto[-1] - 1) * np.asarray(share, float)
    low = np.floor(place)
    below = values[np.searchsorted(upto, low, side="right")]
    above = values[np.searchsorted(upto, np.minimum(low + 1, upto[-1] - 1), side="right")]
    return below + (place - low) * (above - below)


def _codes(labels: ArrayLike) -> tuple[tuple[str, ...], IntArray]:
    names, code = np.unique(np.asarray(labels), return_inverse=True)
    return tuple(str(name) for name in names), code.astype(np.int64)


def _whole(name: str, values: ArrayLike, size: int) -> IntArray:
    array = np.asarray(values)
    if array.shape != (size,):
        raise CountsError(f"column {name} has another length / у столбца {name} другая длина")
    numbers = array.astype(float)
    if not np.all(np.isfinite(numbers)) or np.any(numbers < 0) or np.any(numbers != np.floor(numbers)):
        raise CountsError(f"column {name} must hold whole numbers ≥ 0 / в столбце {name} не целые числа ≥ 0")
    return array.astype(np.int64)


def _maxima(items: tuple[str, ...], max_score: dict[str, int]) -> IntArray:
    missing = [name for name in items if name not in max_score]
    if missing:
        raise CountsError(f"no maximum for items {', '.join(missing)} / нет максимума для заданий")
    return np.array([max_score[name] for name in items], np.int64)


def _cells(
    form: IntArray, group: IntArray, raw: IntArray, shape: tuple[int, int]
) -> tuple[IntArray, IntArray]:
    """Sorted distinct (form, group, raw) as single numbers, and each row's place among them."""
    key = (form * shape[0] + group) * shape[1] + raw
    size = int(key.max(initial=0)) + 1
    if size > 4 * len(key) + 1_000_000:  # many rare forms: a dense table would not fit
        cell, index = np.unique(key, return_inverse=True)
        return cell, index.astype(np.int64)
    used = np.bincount(key, minlength=size) > 0
    return np.flatnonzero(used), (np.cumsum(used) - 1)[key]


def _split_cells(cell: IntArray, shape: tuple[int, int]) -> tuple[IntArray, IntArray, IntArray]:
    form_group, raw = np.divmod(cell, shape[1])
    form, group = np.divmod(form_group, shape[0])
    return form, group, raw


def _check(counts: ScoreCounts, raw_is_total: bool) -> None:
    """Rows of one (form, group, raw score) must agree on the number of students and on their total."""
    if np.any(counts.score > counts.max_score[counts.item]):
        raise CountsError("a score above the item's maximum / балл выше максимума")
    if np.any(counts.omitted_n > np.where(counts.score == 0, counts.n, 0)):
        raise CountsError("omitted_n above n, or at a score other than 0 / пропусков больше, чем участников")
    cell, index = _cells(counts.form, counts.group, counts.raw, counts._shape)
    form, _, raw = _split_cells(cell, counts._shape)
    n_items = len(counts.items)
    per_item = np.bincount(index * n_items + counts.item, counts.n, len(cell) * n_items).reshape(-1, n_items)
    held = counts.administered[form]
    students = per_item.max(axis=1)
    wrong = held & (per_item != students[:, None])
    if wrong.any():
        at, item = np.argwhere(wrong)[0]
        raise CountsError(
            f"form {counts.forms[form[at]]}, raw score {raw[at]}, item {counts.items[item]}: "
            f"{per_item[at, item]:.0f} students of {students[at]:.0f} / число участников по заданиям различно"
        )
    points = np.bincount(index, counts.n * counts.score, len(cell))
    if raw_is_total and np.any(points != students * raw):
        at = int(np.argmax(points != students * raw))
        raise CountsError(
            f"form {counts.forms[form[at]]}: item scores do not add up to the raw score {raw[at]} / "
            "баллы за задания не дают первичный балл"
        )


def _read_matrix(responses: ArrayLike, omitted: ArrayLike | None) -> tuple[IntArray, BoolArray]:
    matrix = np.asarray(responses)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise CountsError("a students × items matrix is needed / нужна матрица участники × задания")
    floating = matrix.dtype.kind == "f"
    given = ~(np.isnan(matrix) | (matrix < 0)) if floating else matrix >= 0
    scores = matrix if given.all() else np.where(given, matrix, 0)
    if floating and np.any(scores != np.floor(scores)):
        raise CountsError("scores must be whole numbers / баллы должны быть целыми")
    if omitted is not None:
        left_out = np.asarray(omitted, bool)
        given = given | left_out
        scores = np.where(left_out, 0, scores)
    return scores.astype(np.int64), given


def _forms(given: BoolArray, form: np.ndarray | None) -> tuple[tuple[str, ...], IntArray]:
    """Names and codes of the sets of items given, within the forms named by the caller."""
    names, named = (("",), np.zeros(len(given), np.int64)) if form is None else _codes(form)
    if given.all():
        return (names if form is not None else ("1",)), named
    packed = np.packbits(given, axis=1)
    pattern = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_inverse=True)[1]
    pairs, code, n = np.unique(
        named * (int(pattern.max()) + 1) + pattern, return_inverse=True, return_counts=True
    )
    parent = pairs // (int(pattern.max()) + 1)
    order = np.lexsort((pairs, -n, parent))
    rank = np.empty(len(pairs), np.int64)
    rank[order] = np.arange(len(pairs))
    first = np.searchsorted(parent[order], np.arange(len(names)))
    labels = []
    for place, pair in enumerate(order):
        which = place - first[parent[pair]] + 1
        base = names[parent[pair]]
        labels.append(f"{which}" if form is None else base if which == 1 else f"{base}/{which}")
    return tuple(labels), rank[code]
