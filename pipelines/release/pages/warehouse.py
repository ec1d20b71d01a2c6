"""The published database, read once into memory and indexed by unit.

A release may lack a table, or have it empty: ``rows`` is then empty and the page says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.release.described import open_published

Row = dict[str, Any]
Unit = tuple[str, str]


class Published:
    """Rows of the published tables as dictionaries, in the order of their columns (so: repeatable).

    ``schools`` keeps to the pages of a few schools; of more than ``most_schools`` schools none has a page.
    """

    def __init__(
        self, database: Path, schools: Set[str] | None = None, most_schools: int | None = None
    ) -> None:
        self._wanted, self._most = schools, most_schools
        self._db = open_published(database)
        self._read: dict[tuple[str, str], list[Row]] = {}
        self._tables = {r[0] for r in self._db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}

    @cached_property
    def table_comments(self) -> dict[str, str]:
        """Comments of the tables, Russian then English."""
        found = self._db.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
        return {table: comment for table, comment in found if comment}

    def close(self) -> None:
        self._db.close()

    def rows(self, table: str, where: str = "true") -> list[Row]:
        """Rows of a table in its order, read once; none where the release has no such table."""
        if (table, where) not in self._read:
            self._read[table, where] = self.query(table, f'SELECT * FROM "{table}" WHERE {where}')  # noqa: S608
        return self._read[table, where]

    def query(self, table: str, sql: str) -> list[Row]:
        """Rows of a query on one table, or none where the release has no such table."""
        if table not in self._tables:
            return []
        result = self._db.execute(sql)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    @cached_property
    def release(self) -> Row:
        return self.rows("meta_release")[0]

    @cached_property
    def assessments(self) -> dict[str, Row]:
        return {r["assessment_id"]: r for r in self.rows("dim_assessment")}

    @cached_property
    def schools(self) -> dict[str, Row]:
        """The latest known state of each school."""
        return {r["school_id"]: r for r in self.rows("dim_school", "is_latest")}

    @cached_property
    def registered(self) -> dict[str, Row]:
        """Schools of the register; the others only stand in for a code that it lacks."""
        return {i: school for i, school in self.schools.items() if not school["is_placeholder"]}

    @cached_property
    def paged(self) -> dict[str, Row]:
        """Schools that have a page of their own."""
        if self._most is not None and len(self.registered) > self._most:
            return {}
        return {i: s for i, s in self.registered.items() if self._wanted is None or i in self._wanted}

    @cached_property
    def municipalities(self) -> dict[str, Row]:
        return {r["municipality_id"]: r for r in self.rows("dim_municipality")}

    @cached_property
    def schools_of(self) -> dict[str, list[Row]]:
        """Schools of the register by municipality, in the order of their names."""
        out = defaultdict(list)
        for school in self.registered.values():
            out[school["municipality_id"]].append(school)
        return {m: sorted(s, key=_by_name) for m, s in out.items()}

    @cached_property
    def region_id(self) -> str:
        rows = self.query(
            "fct_assessment_aggregate",
            "SELECT max(unit_id) AS id FROM fct_assessment_aggregate WHERE unit_type = 'region'",
        )
        return (rows and rows[0]["id"]) or "region"

    @cached_property
    def results(self) -> dict[Unit, list[Row]]:
        """Results of all students of schools, municipalities and the region, by unit."""
        return by_unit(self.rows("fct_assessment_aggregate", "subgroup = 'all' AND unit_type <> 'class'"))

    @cached_property
    def result(self) -> dict[tuple[str, str, str], Row]:
        """One result by (unit type, unit, assessment)."""
        return {
            (r["unit_type"], r["unit_id"], r["assessment_id"]): r for rs in self.results.values() for r in rs
        }

    @cached_property
    def school_results(self) -> dict[str, list[Row]]:
        """Results of schools by assessment."""
        return group(
            (r for (kind, _), rs in self.results.items() if kind == "school" for r in rs), "assessment_id"
        )

    @cached_property
    def years(self) -> list[int]:
        return sorted({a["school_year"] for a in self.assessments.values()})

    @cached_property
    def last_year(self) -> int | None:
        """The newest school year with results of the region."""
        years = [r["school_year"] for r in self.results.get(("region", self.region_id), [])]
        return max(years, default=None)

    @cached_property
    def identification_year(self) -> int | None:
        """The newest school year for which the list of low results was drawn up."""
        rows = self.query(
            "fct_school_identification", "SELECT max(school_year) AS year FROM fct_school_identification"
        )
        return rows[0]["year"] if rows else None

    @cached_property
    def main_rule(self) -> str | None:
        """The rule by which the list is shown first: the official one, where the release says which it is."""
        low = [r for r in self.rows("dim_identification_rule") if r["purpose"] == "low"]
        official = sorted(r["rule_id"] for r in low if r["basis"] == "official")
        rows = self.query(
            "fct_school_identification",
            "SELECT DISTINCT rule_id FROM fct_school_identification WHERE purpose = 'low'",
        )
        used = {r["rule_id"] for r in rows}
        return next((r for r in official if r in used), min(used, default=None))

    def rows_of_municipality(self, municipality_id: str) -> list[Row]:
        """What was to be sent by the municipality's schools."""
        return self.of("dq_completeness", "municipality_id").get(municipality_id, [])

    def context_assessment(self, school_id: str | None) -> str | None:
        """The newest assessment with an expected result; of a school where it has one. Exams come first."""
        rows = self.of("fct_school_expected_result", "school_id").get(school_id, []) if school_id else []
        found = {r["assessment_id"] for r in rows} or self.of("fct_school_expected_result", "assessment_id")
        order = {"ОГЭ": 1, "ЕГЭ": 2}
        return max(
            found,
            key=lambda i: (self.assessments[i]["school_year"], -order.get(self.assessments[i]["kind"], 3), i),
            default=None,
        )

    def social_index(self, school_year: int) -> dict[str, float]:
        """The social index of schools in a year."""
        return {
            r["school_id"]: r["social_index"]
            for r in self.of("fct_school_context", "school_year").get(school_year, [])
            if r.get("social_index") is not None
        }

    @cached_property
    def drawn(self) -> dict[tuple[str, ...], Any]:
        """What many pages show alike, drawn once; the keys are those of whoever draws."""
        return {}

    @cached_property
    def indexes(self) -> dict[tuple[str, ...], dict[Any, list[Row]]]:
        return {}

    def of(self, table: str, column: str, where: str = "true") -> dict[Any, list[Row]]:
        """Rows of a table by the values of a column; a large one is read only ``where`` it is shown."""
        key = (table, column, where)
        if key not in self.indexes:
            self.indexes[key] = group(self.rows(table, where), column)
        return self.indexes[key]

    def of_unit(self, table: str, unit: Unit) -> list[Row]:
        key = (table, "unit")
        if key not in self.indexes:
            self.indexes[key] = by_unit(self.rows(table))
        return self.indexes[key].get(unit, [])


def in_year(school_year: int | None) -> str:
    """SQL: a row is of the school year; none is where there is no year."""
    return "false" if school_year is None else f"school_year = {school_year}"


def group(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    out = defaultdict(list)
    for row in rows:
        out[row[column]].append(row)
    return dict(out)


def by_unit(rows: Iterable[Row]) -> dict[Unit, list[Row]]:
    out = defaultdict(list)
    for row in rows:
        out[row["unit_type"], row["unit_id"]].append(row)
    return dict(out)


def _by_name(school: Row) -> tuple[str, str]:
    return (school["short_name"] or school["name"] or "", school["school_id"])
