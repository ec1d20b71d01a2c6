"""How a table is bent into rows of its contract: groups of columns, strings of answers, rows of units."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipelines.intake.layouts import Layout, Matcher
from pipelines.intake.text import clean, fold

#: Stands for what does not stand where it should: a person, an answer.
MISPLACED = "?"
_ANSWER = re.compile(r"(\d+)\s*\((\d+)\)")
Items = list[tuple[str, float | None, int]]


@dataclass
class Block:
    """The raw rows of one table on a sheet, with their numbers in the sheet (from 1)."""

    rows: list[list[str]]
    numbers: list[int]
    context: dict[str, str]


def vectors_of(rows: list[list[str]], width: int) -> list[tuple[str, ...]]:
    """Columns of equal length; short rows are filled with empty cells."""
    if not rows:
        return [()] * width
    if any(len(row) != width for row in rows):
        rows = [row[:width] + [""] * (width - len(row)) for row in rows]
    return list(zip(*rows, strict=True))


def mapped(values: Sequence[str], function: Callable[[str], str]) -> list[str]:
    """The function over a column, called once for each distinct value."""
    table = {v: function(v) for v in set(values)}
    return [table[v] for v in values]


def by_unit(layout: Layout, block: Block) -> list[tuple[str, dict[str, str], list[list[str]], list[int]]]:
    """The rows by the contract they belong to: rows of printed summaries go to the control totals."""
    if not layout.units:
        return [(layout.contract, {}, block.rows, block.numbers)]
    groups: dict[int, tuple[list[list[str]], list[int]]] = defaultdict(lambda: ([], []))
    for row, number in zip(block.rows, block.numbers, strict=True):
        which = next(
            (
                i
                for i, unit in enumerate(layout.units)
                if len(row) > unit.column
                and row[unit.column].strip()
                and re.search(unit.when, clean(row[unit.column]), re.IGNORECASE)
            ),
            -1,
        )
        groups[which][0].append(row)
        groups[which][1].append(number)
    out = []
    for which in sorted(groups):
        rows, numbers = groups[which]
        unit = layout.units[which] if which >= 0 else None
        out.append(
            (unit.contract if unit else layout.contract, unit.constants if unit else {}, rows, numbers)
        )
    return out


def shifted_back(
    layout: Layout, rows: list[list[str]], columns: dict[str, int], width: int
) -> list[list[str]]:
    """Rows printed one column to the left of their header, moved back."""
    last, after, when = columns[layout.shift["empty"]], columns[layout.shift["after"]], layout.shift["when"]
    out = []
    for row in rows:
        padded = row + [""] * (width - len(row))
        if not padded[last].strip() and padded[after + 1].strip() and re.search(when, clean(padded[after])):
            padded = [*padded[: after + 1], "", *padded[after + 1 : last], *padded[last + 1 :]]
        out.append(padded)
    return out


def filled_down(values: Sequence[str], block: Block, column: int, numbers: list[int]) -> list[str]:
    """A merged cell's value for all rows below it, over the whole block."""
    last, by_number = "", {}
    for row, number in zip(block.rows, block.numbers, strict=True):
        if column < len(row) and row[column].strip():
            last = clean(row[column])
        by_number[number] = last
    return [clean(v) or by_number[n] for v, n in zip(values, numbers, strict=True)]


def melted(
    layout: Layout, header: list[list[str]], vectors: list[tuple[str, ...]], data: dict[str, Sequence[str]],
    numbers: list[int],
) -> tuple[dict[str, Sequence[str]], list[int], dict[str, tuple[int, str]]]:  # fmt: skip
    """Groups of columns under a merged header become rows: one per group where the least measure is given."""
    melt = layout.melt
    groups, measures = header[melt["group_row"]], header[melt["measure_row"]]
    matchers = {name: Matcher(spelling) for name, spelling in melt["measures"].items()}
    out: dict[str, list[str]] = defaultdict(list)
    rows: list[int] = []
    current: dict[str, str] = {}
    spans: list[tuple[dict[str, str], dict[str, int]]] = []
    for i, cell in enumerate(measures):
        if i < len(groups) and groups[i]:
            m = re.search(melt["group"], clean(groups[i]))
            current = m.groupdict() if m else {}
            spans.append((current, {}))
        if current:
            for name, matches in matchers.items():
                if cell and matches(fold(cell)):
                    spans[-1][1][name] = i
    columns: dict[str, tuple[int, str]] = {}
    for group, where in spans:
        if melt["least"] not in where:
            continue
        least = vectors[where[melt["least"]]]
        for r, value in enumerate(least):
            if not value.strip() or value.strip() == "0":
                continue
            rows.append(numbers[r])
            for name in data:
                out[name].append(data[name][r])
            for name, v in group.items():
                out[name].append(v)
            for name in matchers:
                out[name].append(vectors[where[name]][r] if name in where else "")
    for name, i in spans[0][1].items() if spans else ():
        columns[name] = (i, measures[i])
    return dict(out), rows, columns


def pivoted(
    layout: Layout, data: dict[str, Sequence[str]], numbers: list[int]
) -> tuple[dict[str, Sequence[str]], list[int]]:
    """Several rows that make one record; the record keeps the number of its first row."""
    by, on, values = layout.pivot["by"], layout.pivot["on"], layout.pivot["values"]
    records: dict[tuple[str, ...], dict[str, str]] = {}
    first: dict[tuple[str, ...], int] = {}
    for i, number in enumerate(numbers):
        key = tuple(clean(data[name][i]) for name in by)
        record = records.setdefault(key, dict(zip(by, key, strict=True)))
        first.setdefault(key, number)
        for name, source in values.get(clean(data[on][i]), {}).items():
            record[name] = data[source][i]
    names = list(dict.fromkeys(name for record in records.values() for name in record))
    return {n: [r.get(n, "") for r in records.values()] for n in names}, list(first.values())


def split(layout: Layout, data: dict[str, Sequence[str]]) -> None:
    """Fields taken out of one column by a pattern."""
    for name, pattern in layout.split.items():
        if name not in data:
            continue
        compiled, source = re.compile(pattern), data[name]
        parts = {v: compiled.search(clean(v)) for v in set(source)}
        for group in compiled.groupindex:
            data[group] = [((m := parts[v]) and m.group(group)) or "" for v in source]


def item_cells(
    layout: Layout, header: list[str], columns: dict[str, int], vectors: list[tuple[str, ...]]
) -> tuple[Items, pa.Array | None, list[int]]:
    """The items of the table (name, maximum, position), each row's cells as a list, and their columns."""
    if layout.answers:
        return _answers(layout, header, vectors)
    if not layout.items:
        return [], None, []
    pattern = re.compile(layout.items)
    items: Items = []
    places: list[int] = []
    taken = set(columns.values())
    for i, cell in enumerate(header):
        if layout.items_stop and re.search(layout.items_stop, fold(cell)):
            break
        m = None if i in taken else pattern.match(fold(cell) if "position" in layout.items else clean(cell))
        if not m:
            continue
        found = m.groupdict()
        maximum = found.get("max")
        position = int(found["position"]) if found.get("position") else len(items) + 1
        items.append(
            (found.get("item") or "", float(maximum.replace(",", ".")) if maximum else None, position)
        )
        places.append(i)
    if not items:
        return [], None, []
    flat = [cell for row in zip(*(vectors[i] for i in places), strict=True) for cell in row]
    return items, _lists(flat, [len(items)] * len(vectors[0])), places


def _lists(flat: list[str], sizes: list[int]) -> pa.Array:
    offsets = [0]
    for size in sizes:
        offsets.append(offsets[-1] + size)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(flat, pa.string()))


def _answers(
    layout: Layout, header: list[str], vectors: list[tuple[str, ...]]
) -> tuple[Items, pa.Array | None, list[int]]:
    """Answers written as strings: one mark a short item, ``score(max)`` a long or an oral one.

    The sizes of most rows make the form; a row of other sizes gets a list that is too long, to be refused.
    """
    parts = []
    for part, spelling in layout.answers.items():
        matches = Matcher(spelling)
        index = next((i for i, c in enumerate(header) if matches(fold(c))), None)
        if index is not None:
            parts.append((part, index))
    places = [index for _, index in parts]
    if not parts or not vectors[0]:
        return [], None, places
    split_rows = []
    for values in zip(*(vectors[i] for _, i in parts), strict=True):
        split_rows.append(
            [
                list(v.replace(" ", "")) if part == "short" else [f"{a}({b})" for a, b in _ANSWER.findall(v)]
                for (part, _), v in zip(parts, values, strict=True)
            ]
        )
    filled = [tuple(map(len, row)) for row in split_rows if any(row)]
    if not filled:
        return [], None, places
    shape = Counter(filled).most_common(1)[0][0]
    items: Items = []
    for p, ((part, _), size) in enumerate(zip(parts, shape, strict=True)):
        for k in range(size):
            maxima = {row[p][k].partition("(")[2].rstrip(")") for row in split_rows if len(row[p]) == size}
            maximum = max((float(m) for m in maxima if m), default=None) if part != "short" else None
            items.append((str(len(items) + 1), maximum, len(items) + 1))
    flat, sizes = [], []
    for row in split_rows:
        cells = [c for part in row for c in part]
        if any(row) and tuple(map(len, row)) != shape:
            cells = [MISPLACED] * (sum(shape) + 1)
        flat += cells
        sizes.append(len(cells))
    return items, _lists(flat, sizes), places


def without(cells: pa.Array | None, rows: list[int]) -> pa.Array | None:
    """The item cells, none in the given rows."""
    if cells is None:
        return None
    lists = cells.to_pylist()
    for row in rows:
        lists[row] = []
    return pa.array(lists, pa.list_(pa.string()))
