"""What BI tools want in the database itself: declared keys, and views whose columns have readable names.

Schema ``ru`` holds a view a table with Russian column names, schema ``en`` with English ones, both taken
from the column comments. Both functions write to a database that is not yet sealed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from pipelines.release.described import Column, described, literal, quoted

#: Where a comment goes on to explain, its title ends.
_TITLE_END = re.compile(r"[:;(]|, где ")
_LONGEST_TITLE = 60
#: A larger table gets no key: its index would outweigh the table itself and slow every publication.
LARGEST_KEYED = 25_000


def declare_keys(database: Path, grains: Mapping[str, Sequence[str]]) -> dict[str, bool]:
    """Declare each table's grain as its key: table -> whether it became a primary key.

    A grain with nulls can't be a primary key: it gets a unique index, which allows them. Tables over
    ``LARGEST_KEYED`` rows stay without. Raises ValueError where rows repeat: such a table must not be
    published.
    """
    primary = {}
    with duckdb.connect(str(database)) as db:
        for table, columns in sorted(grains.items()):
            names = ", ".join(map(quoted, columns))
            empty = " OR ".join(f"{quoted(c)} IS NULL" for c in columns)
            rows, nulls = db.execute(
                f"SELECT count(*), count(*) FILTER ({empty}) FROM {quoted(table)}"  # noqa: S608
            ).fetchall()[0]
            if rows > LARGEST_KEYED:
                continue
            primary[table] = not nulls
            try:
                if primary[table]:
                    db.execute(f"ALTER TABLE {quoted(table)} ADD PRIMARY KEY ({names})")
                else:
                    db.execute(f"CREATE UNIQUE INDEX {quoted(f'key_{table}')} ON {quoted(table)} ({names})")
            except duckdb.ConstraintException as fault:
                raise ValueError(f"{table}: rows repeat its key ({', '.join(columns)})") from fault
    return primary


def label_views(database: Path) -> int:
    """Create the views of schemas ``ru`` and ``en``; returns how many."""
    tables = described(database)
    with duckdb.connect(str(database)) as db:
        for language in ("ru", "en"):
            db.execute(f"CREATE SCHEMA {language}")
            for table in tables:
                names = column_titles(table.columns, language)
                selected = ", ".join(
                    f"{quoted(c.name)} AS {quoted(title)}"
                    for c, title in zip(table.columns, names, strict=True)
                )
                view = f"{language}.{quoted(table.name)}"
                db.execute(f"CREATE VIEW {view} AS SELECT {selected} FROM main.{quoted(table.name)}")  # noqa: S608
                db.execute(f"COMMENT ON VIEW {view} IS {literal(getattr(table, f'title_{language}'))}")
    return 2 * len(tables)


def column_titles(columns: Sequence[Column], language: str) -> list[str]:
    """A readable and unique name for each column: the start of its comment, else the column's own name."""
    titles = [_title(getattr(c, f"title_{language}")) or c.name for c in columns]
    folded = [t.casefold() for t in titles]
    return [
        f"{t} ({c.name})" if folded.count(f) > 1 else t
        for t, f, c in zip(titles, folded, columns, strict=True)
    ]


def _title(text: str) -> str:
    title = _TITLE_END.split(text, maxsplit=1)[0].strip()
    return title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1].rstrip() + "…"
