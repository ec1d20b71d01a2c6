"""What a layout is, and how a sheet is recognised as one.

A layout is a small TOML file in ``layouts/``: the signature of its header, where each field of its contract
stands, and what its rows may be besides data. The keys are described in docs/how_to.md. Every contract also
has a canonical layout, made here from the contract itself.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.intake.grid import Sheet
from pipelines.intake.text import fold, unitless
from schemas import CONTRACTS, Contract

FOLDER = Path(__file__).parent / "layouts"
#: How far down a sheet a header is looked for.
HEADER_SEARCH_ROWS = 40
#: Canonical files carry item columns headed ``item:NAME`` or ``item:NAME (MAX)``.
CANONICAL_ITEM = r"^(?:item|задание)\s*:\s*(?P<item>.+?)(?:\s*\((?P<max>\d+(?:[.,]\d+)?)\))?$"
#: Rows that any table may carry among its data: totals, and lines that sign it.
STRUCTURAL = r"^(итого|всего|средн(ие|ее|ий)|минимальная граница|исполнитель|составил|примечани[ея])\b"


class Matcher:
    """Compares a folded header cell with a name, ``~regex`` (found) or ``stem*`` (a word starts so).

    A name equals the cell with or without the unit behind it («Ставок, ед.»).
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if text.startswith("~"):
            self._pattern: re.Pattern[str] | None = re.compile(text[1:])
        elif "*" in text:
            words = [re.escape(fold(w.strip("*"))) for w in text.split()]
            self._pattern = re.compile(r"\b" + r"\w*\W+(?:\w+\W+)*?".join(words))
        else:
            self._pattern = None
            self._equal = fold(text)

    def __call__(self, cell: str) -> bool:
        return self.in_row({cell, unitless(cell)})

    def in_row(self, cells: AbstractSet[str]) -> bool:
        """Whether any of a row's cells fits; they are given with and without their units."""
        if self._pattern:
            return any(map(self._pattern.search, cells))
        return self._equal in cells


@dataclass(frozen=True)
class UnitRows:
    """Rows of a summary table that belong to another contract: told by a pattern in one column."""

    when: str
    column: int
    contract: str
    constants: dict[str, str]


@dataclass(frozen=True)
class Layout:
    """One way in which a file kind arrives. See docs/how_to.md for every key of the TOML file."""

    id: str
    contract: str
    title: str = ""
    header: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    sheet: str = ""
    header_rows: int = 1
    transpose: bool = False
    repeat: bool = False
    reject: dict[str, str] = field(default_factory=dict)
    ignore: bool = False
    constants: dict[str, str] = field(default_factory=dict)
    context: tuple[str, ...] = ()
    columns: dict[str, Any] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    split: dict[str, str] = field(default_factory=dict)
    items: str = ""
    items_stop: str = ""
    skip: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    fill_down: tuple[str, ...] = ()
    compose: dict[str, str] = field(default_factory=dict)
    person: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    melt: dict[str, Any] = field(default_factory=dict)
    pivot: dict[str, Any] = field(default_factory=dict)
    units: tuple[UnitRows, ...] = ()
    shift: dict[str, str] = field(default_factory=dict)
    inherit: bool = False
    join: str = ""
    no_words: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    key_scope: str = "school"
    namesakes: tuple[str, ...] = ()
    school_key: str = "id"
    year_offset: int = 0

    @functools.cached_property
    def signature(self) -> tuple[Matcher, ...]:
        return tuple(map(Matcher, self.header))

    @property
    def weight(self) -> float:
        """How much it tells that all of the signature was found."""
        return len(self.header) + len(self.titles) + 1.0

    @functools.cached_property
    def forbidden(self) -> tuple[Matcher, ...]:
        return tuple(map(Matcher, self.absent))


@dataclass
class Match:
    """A layout found on a sheet: the header's row (from 0) and how many cells told it."""

    layout: Layout
    row: int
    weight: float


def _load(path: Path) -> Layout:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    data["units"] = tuple(UnitRows(**unit) for unit in data.get("units", ()))
    for key in (
        "header",
        "absent",
        "titles",
        "context",
        "skip",
        "require",
        "fill_down",
        "no_words",
        "namesakes",
    ):
        data[key] = tuple(data.get(key, ()))
    if data.get("inherit"):
        data["columns"] = canonical(data["contract"]).columns | data.get("columns", {})
    return Layout(id=path.stem, **data)


@functools.cache
def layouts() -> tuple[Layout, ...]:
    """Every layout file, by name."""
    return tuple(_load(path) for path in sorted(FOLDER.glob("*.toml")))


def _wordless(contract: Contract) -> tuple[str, ...]:
    """Fields where a word can only be another column's: in a list of people, perhaps a name."""
    plain = (f for f in contract.fields.values() if not f.person)
    return tuple(f.name for f in plain if f.kind != "text" or f.codes or f.short)


@functools.cache
def canonical(contract: str) -> Layout:
    """The canonical layout of a contract: its field names or titles as headers."""
    model = CONTRACTS[contract]
    columns = {f.name: [f.name, f.title_ru, f.title_en, *f.synonyms] for f in model.fields.values()}
    columns.setdefault("school_year", ["school_year", "Учебный год", "Учебный год (год окончания)"])
    return Layout(
        id=f"canonical_{contract}",
        contract=contract,
        title=model.title_ru,
        columns=columns,
        items=CANONICAL_ITEM if model.has_items else "",
        skip=(STRUCTURAL,),
        person={f.name: [f.name] for f in model.fields.values() if f.person},
        masked=_wordless(model) if any(f.person for f in model.fields.values()) else (),
    )


@functools.cache
def _canonical_names(contract: str) -> dict[str, str]:
    """Folded header -> field."""
    names: dict[str, str] = {}
    for name, spellings in canonical(contract).columns.items():
        for spelling in spellings:
            if "*" not in spelling:
                names.setdefault(fold(spelling), name)
    return names


def find_columns(layout: Layout, header: Sequence[str]) -> dict[str, int]:
    """Field -> column (from 0). The first spelling that any header cell has wins; a cell serves one field."""
    found: dict[str, int] = dict(layout.positions)
    taken = set(found.values())
    for name, spellings in layout.columns.items():
        for spelling in [spellings] if isinstance(spellings, str) else spellings:
            matches = Matcher(spelling)
            index = next((i for i, c in enumerate(header) if c and i not in taken and matches(c)), None)
            if index is not None:
                found[name] = index
                taken.add(index)
                break
    return found


def _titles_match(layout: Layout, sheet: Sheet, row: int) -> bool:
    above = [c for r in sheet.rows[: row + 1] for c in r if c]
    return all(any(re.search(p, c, re.IGNORECASE) for c in above) for p in layout.titles)


def _names(cells: Iterable[str]) -> set[str]:
    """The folded cells of a row that are filled, with and without their units."""
    filled = {c for c in cells if c}
    return filled | set(map(unitless, filled))


def _fits(layout: Layout, sheet: Sheet, row: int, names: set[str]) -> bool:
    """Whether the cells of a row are the layout's header."""
    return (
        len(names) >= min(2, len(layout.header))
        and all(m.in_row(names) for m in layout.signature)
        and not any(m.in_row(names) for m in layout.forbidden)
        and _titles_match(layout, sheet, row)
    )


def _match_layout(layout: Layout, sheet: Sheet, rows: list[set[str]]) -> Match | None:
    if layout.sheet and not re.search(layout.sheet, sheet.name, re.IGNORECASE):
        return None
    found = next((row for row, names in enumerate(rows) if _fits(layout, sheet, row, names)), None)
    return None if found is None else Match(layout, found, layout.weight)


def stacked_layout(sheet: Sheet, row: int, contract: str) -> Layout | None:
    """The layout whose header stands in a row of a sheet that holds several tables, one under another."""
    names = _names(map(fold, sheet.rows[row]))
    known = [x for x in layouts() if x.repeat and x.contract == contract and _fits(x, sheet, row, names)]
    return max(known, key=lambda x: x.weight, default=None)


@dataclass
class Nearest:
    """Of an unrecognised sheet: the layout it resembles most, and what keeps it from being one."""

    title: str
    missing: list[str]
    extra: list[str]


def _match_canonical(
    contract: Contract, folded: list[list[str]], supplied: frozenset[str]
) -> tuple[Match | None, float, Nearest]:
    """The canonical match, and the row that comes nearest to one with its share of fitting columns."""
    names, share, nearest = _canonical_names(contract.name), 0.0, Nearest(contract.title_ru, [], [])
    needed = {f.name for f in contract.fields.values() if f.required}
    needed -= supplied & {*contract.context, "school_id"}
    item = re.compile(CANONICAL_ITEM) if contract.has_items else None
    for row, cells in enumerate(folded):
        filled = [c if c in names else unitless(c) for c in cells if c]
        known = {names[c] for c in filled if c in names}
        n_items = sum(bool(item.match(c)) for c in filled) if item else 0
        if not known and not n_items:
            continue
        missing = needed - known
        unknown = [c for c in filled if c not in names and not (item and item.match(c))]
        results = n_items or known & {"total", "score", "mark"}
        if not missing and (results or not contract.has_items) and len(known) + n_items >= len(unknown):
            weight = len(known) + n_items - 0.6 * len(unknown)
            return Match(canonical(contract.name), row, weight), 1.0, nearest
        fitting = (len(known) + n_items) / (len(known) + n_items + 2 * len(missing) + len(unknown))
        if fitting > share:
            titles = [f.title_ru for f in contract.fields.values() if f.name in missing]
            share, nearest = fitting, Nearest(contract.title_ru, titles, unknown)
    return None, share, nearest


def _folded(sheet: Sheet) -> list[list[str]]:
    return [[fold(c) if c else "" for c in row] for row in sheet.rows[:HEADER_SEARCH_ROWS]]


def recognise(
    sheet: Sheet, *, contract: str | None = None, supplied: Iterable[str] = ()
) -> tuple[Match | None, Nearest | None]:
    """The layout of a sheet, or the nearest one.

    ``contract`` (from a manifest) restricts the choice; ``supplied`` are fields that the manifest or the
    file's name states, so that no column needs to.
    """
    folded = _folded(sheet)
    rows, turned = [_names(row) for row in folded], transposed(sheet)
    columns = [_names(row) for row in _folded(turned)]
    found: list[Match] = []
    for layout in layouts():
        if contract and layout.contract != contract and not any(u.contract == contract for u in layout.units):
            continue
        lies = (turned, columns) if layout.transpose else (sheet, rows)
        if match := _match_layout(layout, *lies):
            found.append(match)
    near: list[tuple[float, Nearest]] = []
    for model in [CONTRACTS[contract]] if contract else CONTRACTS.values():
        canon, share, nearest = _match_canonical(model, folded, frozenset(supplied))
        if canon:
            found.append(canon)
        elif share:
            near.append((share, nearest))
    if found:
        best = max(found, key=lambda m: m.weight)
        stacked = [m for m in found if m.layout.repeat and m.layout.contract == best.layout.contract]
        # of several tables, one under another, the first begins the reading
        return min(stacked, key=lambda m: (m.row, -m.weight)) if best.layout.repeat else best, None
    return None, _nearest_of(near, folded, contract)


def _nearest_of(
    near: list[tuple[float, Nearest]], folded: list[list[str]], contract: str | None
) -> Nearest | None:
    rows = [[c for c in row if c] for row in folded]
    for layout in layouts():
        if (contract and layout.contract != contract) or layout.ignore or len(layout.signature) < 2:
            continue
        for cells in rows:
            hits = [any(m(c) for c in cells) for m in layout.signature]
            share = sum(hits) / len(hits)
            if share >= 0.4:
                missing = [
                    m.text.lstrip("~") for m, hit in zip(layout.signature, hits, strict=True) if not hit
                ]
                extra = [c for c in cells if not any(m(c) for m in layout.signature)]
                near.append((share, Nearest(layout.title, missing, extra)))
    return max(near, key=lambda n: n[0])[1] if near else None


def transposed(sheet: Sheet) -> Sheet:
    """The sheet with rows and columns exchanged."""
    width = max((len(r) for r in sheet.rows), default=0)
    if width > 200 or len(sheet.rows) > 2000:
        return Sheet(sheet.name, [], sheet.hidden)
    padded = [r + [""] * (width - len(r)) for r in sheet.rows]
    merges = [(c0, r0, c1, r1) for r0, c0, r1, c1 in sheet.merges]
    return Sheet(sheet.name, [list(c) for c in zip(*padded, strict=True)], sheet.hidden, merges)
