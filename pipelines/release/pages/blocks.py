"""What pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from markupsafe import Markup

Cell = str | Markup


@dataclass(frozen=True)
class Table:
    """A table; ``text_columns`` are aligned left, all others hold numbers.

    A ``folded`` one only repeats the picture or the words above it: it opens on a click and is not printed.
    """

    head: list[str]
    rows: list[list[Cell]]
    caption: str = ""
    text_columns: frozenset[int] = frozenset({0})
    folded: bool = False

    @property
    def lines(self) -> Iterator[tuple[Cell, Iterable[tuple[bool, Cell]]]]:
        """Each row as its first cell and the others, those with whether they hold text."""
        are_text = [j in self.text_columns for j in range(1, len(self.head))]
        return ((row[0], zip(are_text, row[1:], strict=True)) for row in self.rows)


@dataclass(frozen=True)
class Figure:
    """A picture with its heading, the words that say what it means, and the numbers under it."""

    title: str
    picture: Markup | None = None
    words: str = ""
    table: Table | None = None
    wide: bool = True


@dataclass(frozen=True)
class Fact:
    """One large number at the head of a page."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a page. ``missing`` says why there is nothing to show."""

    anchor: str
    title: str
    words: list[Cell] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    missing: str = ""


@dataclass(frozen=True)
class Page:
    """A page: ``path`` from the language's folder, ``trail`` the way to it as (title, path)."""

    path: str
    title: str
    kicker: str
    lead: list[Cell]
    sections: list[Section]
    trail: list[tuple[str, str]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
