"""Planting of faults: what schools and exports really get wrong, a few cells in each family of files.

Severities: ``reject_row``, ``reject_file``, ``empty_with_warning`` (an attribute is emptied),
``repair`` (a named
repair keeps the value), ``finding`` (kept and reported), ``not_a_row`` (notes, totals, hidden sheets).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np

from pipelines.synthetic.sheets import Draft, ErrorCell, Formula
from pipelines.synthetic.students import Sitting

NBSP = "\u00a0"
MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
    "декабря",
)  # fmt: skip


class Places:
    """Hands out rows of a draft, each once, so that two faults never meet in one row."""

    def __init__(self, rng: np.random.Generator, rows: np.ndarray) -> None:
        self._rows = rng.permutation(rows).tolist()

    def take(self, fits: Callable[[int], bool] = lambda row: True) -> int | None:
        """The next free row that fits, or None."""
        for place in range(len(self._rows) - 1, -1, -1):
            if fits(self._rows[place]):
                return int(self._rows.pop(place))
        return None


def _times(rows: int) -> int:
    """How often a fault of one kind is planted in a file of this size."""
    return 1 + rows // 4000


def _append(draft: Draft, row: list[Any], sheet: int) -> int:
    draft.sheets[sheet].rows.append(row)
    return len(draft.sheets[sheet].rows)


def duplicate_row(draft: Draft, row: int, sheet: int = 0) -> None:
    """Repeat a row at the end of the sheet."""
    number = _append(draft, list(draft.sheets[sheet].rows[row - 1]), sheet)
    draft.note(number, 0, "duplicate_row", "reject_row", f"repeats row {row}", sheet)


def vpr_2021(draft: Draft, sitting: Sitting, rng: np.random.Generator, share: int) -> None:
    """Faults of the export of 2021; ``share`` chooses a part of the kinds for this file."""
    work = sitting.work
    items = len(work.items)
    quiet = sitting.present & ~sitting.omitted.any(axis=1)
    places = Places(rng, 2 + np.flatnonzero(quiet))
    for _ in range(_times(len(sitting))):
        _vpr_2021_round(draft, work.maxima, items, places, rng, share)
    row = places.take()
    if row and share % 3 == 0:
        duplicate_row(draft, row)


def _vpr_2021_round(
    draft: Draft, maxima: np.ndarray, items: int, places: Places, rng: np.random.Generator, share: int
) -> None:
    item = int(rng.integers(items))
    plans: list[tuple[int, int, Any, str, str, str]] = [
        (0, 9 + item, str(int(maxima[item]) + 3), "score_above_maximum", "reject_row", ""),
        (1, 7, "0", "stray_variant", "reject_row", "«0» is no variant"),
        (2, 7, "3", "stray_variant", "finding", "a variant that nobody else has"),
        (0, 9 + (item + 1) % items, "Х", "cyrillic_x", "repair", "not attempted"),
        (1, 9 + (item + 2) % items, "x", "lower_case_x", "repair", "not attempted"),
        (0, 4, ("н/а", "*")[share // 3 % 2], "no_journal_mark", "repair", "a word for no value"),
        (1, 4, "8", "journal_mark_out_of_range", "empty_with_warning", ""),
        (2, 5, "д", "unknown_sex", "empty_with_warning", ""),
        (2, 5, "Ж" if share % 2 else "М", "upper_case_sex", "repair", ""),
        (0, 6, '"А"', "quoted_class", "repair", ""),
        (1, 6, f" а{NBSP}", "spaces_around_class", "repair", ""),
        (2, 3, None, "missing_student_code", "reject_row", ""),
    ]
    for kind, column, value, fault, severity, note in plans:
        if kind != share % 3:
            continue
        rows = draft.sheets[0].rows
        # an X stands where a 0 stood, so that totals stay right
        is_x = fault in ("cyrillic_x", "lower_case_x")
        row = places.take(lambda r: not is_x or rows[r - 1][column] == "0")  # noqa: B023
        if row is None:
            continue
        new = str(rows[row - 1][5]).upper() if fault == "upper_case_sex" else value
        draft.put(row, column, new, fault, severity, note)
    row = places.take()
    if row:
        # the tail of the items is repeated where the textbook should stand
        cells = draft.sheets[0].rows[row - 1]
        extra = 5
        tail = cells[9 + items - extra : 9 + items]
        moved = [*cells[: 9 + items], *tail, cells[9 + items]]
        draft.sheets[0].rows[row - 1] = [*moved, *[None] * (len(cells) - len(moved))]
        draft.note(row, 9 + items, "shifted_row", "repair", "cells after the items moved right")
    row = places.take()
    if row and share % 2:
        cells = draft.sheets[0].rows[row - 1]
        draft.put(row, 8, str(int(cells[8]) + 2), "total_differs_from_items", "finding")


def vpr_2022(draft: Draft, sitting: Sitting, rng: np.random.Generator, share: int) -> None:
    """Faults of the export of 2022, on the sheet «Протокол»."""
    work = sitting.work
    items = len(work.items)
    last = 8 + items
    places = Places(rng, 2 + np.flatnonzero(sitting.present & ~sitting.omitted.any(axis=1)))
    for _ in range(_times(len(sitting))):
        item = int(rng.integers(items))
        plans: list[tuple[int, int, Any, str, str, str]] = [
            (0, 8 + item, int(work.maxima[item]) + 2, "score_above_maximum", "reject_row", ""),
            (1, 8 + item, "Х", "cyrillic_x", "repair", "not attempted"),
            (1, 7, 0, "stray_variant", "reject_row", "«0» is no variant"),
            (0, last + 2, "нет отметки", "no_journal_mark", "repair", "a word for no value"),
            (1, 0, "edu997999", "unknown_school", "finding", "not in the register: a placeholder"),
            (0, last, f"{work.grade}{NBSP}а", "spaces_inside_class", "repair", ""),
        ]
        for kind, column, value, fault, severity, note in plans:
            if kind != share % 2:
                continue
            rows = draft.sheets[1].rows
            is_x = fault == "cyrillic_x"
            row = places.take(lambda r: not is_x or rows[r - 1][column] in (0, "0"))  # noqa: B023
            if row is None:
                continue
            cells = rows[row - 1]
            if fault == "unknown_school":
                cells[4] = "edu997999 | Школа, которой нет в реестре"
            draft.put(row, column, value, fault, severity, note, sheet=1)
    if share == 0:
        row = places.take()
        if row:
            duplicate_row(draft, row, sheet=1)


def criterion_left_out(draft: Draft, sitting: Sitting, school: int, item: int) -> None:
    """One school leaves an item out of all its totals: one finding, not one a student."""
    work = sitting.work
    column = 8 + len(work.items) + 3
    first = 0
    for place in np.flatnonzero((sitting.school == school) & sitting.present).tolist():
        cells = draft.sheets[1].rows[place + 1]
        score = int(sitting.scores[place, item])
        if isinstance(cells[column], int):
            cells[column] -= score
            if score and not first:
                first = place + 2
    if first:
        draft.note(
            first,
            column,
            "criterion_left_out_of_totals",
            "finding",
            f"item {work.names[item]} in the whole school",
            1,
        )


def not_taught(sitting: Sitting, school: int, item: int) -> int:
    """A topic not taught yet in one class: its item was not given there. Returns the students concerned."""
    chosen = sitting.present & (sitting.school == school) & (sitting.class_index == 0)
    sitting.not_taught[chosen, item] = True
    sitting.omitted[chosen, item] = False
    sitting.total[chosen] -= sitting.scores[chosen, item]
    sitting.scores[chosen, item] = 0
    assert sitting.work.mark_from is not None
    sitting.mark[chosen] = sitting.work.mark(sitting.total[chosen])
    return int(chosen.sum())


def russian_date(value: date, form: int) -> str:
    """A date as people write it: five ways."""
    return (
        f"{value.day:02d}.{value.month:02d}.{value.year}",
        f"{value.day} {MONTHS[value.month - 1]} {value.year} г.",
        f"{value.year}/{value.month:02d}/{value.day:02d}",
        f"{value.day:02d}.{value.month:02d}.{value.year % 100:02d}",
        str((value - date(1899, 12, 30)).days),
    )[form % 5]


def dates_as_text(draft: Draft, column: int, rng: np.random.Generator, forms: tuple[int, ...]) -> None:
    """Write some dates of a column as text, each in another form; rows that have a fault stay as they are."""
    sheet = draft.sheets[0]
    taken = {fault.row for fault in draft.faults}
    taken |= {int(fault.note.split()[-1]) for fault in draft.faults if fault.fault == "duplicate_row"}
    rows = [
        number
        for number, cells in enumerate(sheet.rows, start=1)
        if number > sheet.header and number not in taken and isinstance(cells[column], date)
    ]
    for row, form in zip(rng.permutation(rows).tolist(), forms, strict=False):
        value = sheet.rows[row - 1][column]
        text = russian_date(value, form)
        draft.put(row, column, text, f"date_as_text_{form + 1}", "repair", value.isoformat())


def table_notes(draft: Draft, lines: tuple[str, ...], sheet: int = 0) -> None:
    """Notes under a table."""
    width = len(draft.sheets[sheet].rows[0])
    draft.sheets[sheet].rows.append([None] * width)
    for line in lines:
        number = _append(draft, [line, *[None] * (width - 1)], sheet)
        draft.note(number, 0, "note_under_table", "not_a_row", "", sheet)


def decimal_comma(draft: Draft, row: int, column: int) -> None:
    value = draft.sheets[0].rows[row - 1][column]
    draft.put(row, column, f"{float(value):.2f}".replace(".", ","), "decimal_comma", "repair", str(value))


def formula_without_value(draft: Draft, row: int, column: int) -> None:
    draft.put(row, column, Formula(f"C{row}-D{row}"), "formula_without_value", "empty_with_warning")


def error_cell(draft: Draft, row: int, column: int) -> None:
    draft.put(row, column, ErrorCell("#N/A"), "error_cell", "empty_with_warning")
