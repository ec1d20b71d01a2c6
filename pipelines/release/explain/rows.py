"""The rows behind a measure, from the view ``int_evidence``, as plain nested dictionaries.

A *node* is a school (or a municipality, or a programme, for facts that belong to no school): its numerator
and denominator, its ``sources`` (file, sheet, contract, assessment) with their rows, and in ``rests_on`` the
measures it is made of, each with sources of its own.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

Node = dict[str, Any]

_OWNER = ["school_id", "municipality_id", "programme"]
_REFERRED = ["refers_measure_id", "refers_assessment_id", "refers_year", "refers_period"]
_SOURCE = ["contract", "file_id", "sheet", "assessment_id"]


@dataclass(frozen=True)
class Measure:
    """What is walked back: a measure of a school year and period, of one assessment where it has several.

    ``schools``: whose rows. ``territory``: which facts that belong to no school, as a condition on
    ``municipality_id`` and ``programme`` with ``$unit_id``.
    """

    measure_id: str
    school_year: int
    period: str = "year"
    assessment_id: str | None = None
    schools: frozenset[str] = field(default_factory=frozenset)
    territory: str = "false"
    unit_id: str = ""


def agrees(a: float | None, b: float | None) -> bool:
    """Whether two sums are the same up to the rounding of floating point."""
    return a is None or b is None or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-7)


class Evidence:
    """Reads evidence from an open build database."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self.db = db
        self._read: dict[Measure, pd.DataFrame] = {}

    def nodes(self, measure: Measure) -> list[Node]:
        """The nodes of a measure, in the order of their ids."""
        rows = self._rows(measure)
        referred = rows[rows["refers_measure_id"].notna()]
        below = {
            key: {n["school_id"]: n for n in self.nodes(self._referred(measure, key))}
            for key, _ in _groups(referred, _REFERRED)
        }
        out = []
        for owner, part in _groups(rows, _OWNER):
            names = dict(zip(_OWNER, owner, strict=True))
            is_row = part["refers_measure_id"].isna()
            out.append(
                {
                    **names,
                    "name": self.name(names),
                    **_sums(part),
                    "sources": self._sources(part[is_row]),
                    "rests_on": [
                        self._reference(key, refers, below[key].get(names["school_id"]))
                        for key, refers in _groups(part[~is_row], _REFERRED)
                    ],
                }
            )
        return out

    def totals(self, measure: Measure) -> list[Node]:
        """As :meth:`nodes`, but of each file and sheet only how many rows it has and what they add up to."""
        nodes = self.nodes(measure)
        for node in nodes:
            for source in node["sources"]:
                del source["rows"]
        return nodes

    def name(self, owner: dict[str, str | None]) -> str:
        """What people call a school, a municipality or a programme."""
        for kind, names in (("school_id", self._schools), ("municipality_id", self._municipalities)):
            if found := owner.get(kind):
                return names.get(found, "")
        return owner.get("programme") or ""

    def _rows(self, measure: Measure) -> pd.DataFrame:
        """Rows of ``int_evidence``; all assessments of a measure at once: planning takes the longest."""
        whole = replace(measure, assessment_id=None)
        if whole not in self._read:
            self._read[whole] = self._read_rows(whole)
        rows = self._read[whole]
        return rows if measure.assessment_id is None else rows[rows["assessment_id"] == measure.assessment_id]

    def _read_rows(self, measure: Measure) -> pd.DataFrame:
        parameters: dict[str, Any] = {
            "measure_id": measure.measure_id,
            "school_year": measure.school_year,
            "period": measure.period,
            "schools": sorted(measure.schools),
        }
        if "$unit_id" in measure.territory:
            parameters["unit_id"] = measure.unit_id
        return self.db.execute(
            f"""
            select school_id, municipality_id, programme, assessment_id, contract, file_id, sheet, source_row,
                   refers_measure_id, refers_assessment_id, refers_year, refers_period,
                   coalesce(numerator, 0) as numerator, coalesce(denominator, 0) as denominator
            from int_evidence
            where measure_id = $measure_id and school_year = $school_year and period = $period
                and (school_id in (select unnest($schools)) or (school_id is null and {measure.territory}))
            order by all
            """,  # noqa: S608  (the territory is one of this package's own conditions)
            parameters,
        ).df()

    @staticmethod
    def _referred(measure: Measure, key: tuple[Any, ...]) -> Measure:
        measure_id, assessment_id, year, period = key
        return replace(
            measure,
            measure_id=measure_id,
            assessment_id=assessment_id,
            school_year=int(year),
            period=period,
            territory="false",
        )

    @staticmethod
    def _reference(key: tuple[Any, ...], part: pd.DataFrame, found: Node | None) -> Node:
        measure_id, assessment_id, year, period = key
        return {
            "measure_id": measure_id,
            "assessment_id": assessment_id,
            "school_year": int(year),
            "period": period,
            "adds": _sums(part),
            "numerator": found["numerator"] if found else None,
            "denominator": found["denominator"] if found else None,
            "sources": found["sources"] if found else [],
            "rests_on": found["rests_on"] if found else [],
        }

    def _sources(self, rows: pd.DataFrame) -> list[Node]:
        out = []
        for (contract, file_id, sheet, assessment_id), part in _groups(rows, _SOURCE):
            file_name, sha256 = self._files.get(str(file_id), ("", ""))
            out.append(
                {
                    "contract": contract,
                    "file_id": file_id,
                    "file_name": file_name,
                    "sha256": sha256,
                    "sheet": sheet,
                    "assessment_id": assessment_id,
                    "rows_n": len(part),
                    **_sums(part),
                    "rows": [
                        {"row": int(row), "numerator": numerator, "denominator": denominator}
                        for row, numerator, denominator in zip(
                            part["source_row"], part["numerator"], part["denominator"], strict=True
                        )
                    ],
                }
            )
        return sorted(out, key=lambda s: (-s["denominator"], s["contract"], s["file_name"], s["sheet"] or ""))

    @functools.cached_property
    def _files(self) -> dict[str, tuple[str, str]]:
        rows = self.db.execute(
            "select file_id, arg_max(file_name, submission_id), arg_max(sha256, submission_id) "
            "from stg_submission group by file_id"
        ).fetchall()
        return {file_id: (name, sha256) for file_id, name, sha256 in rows}

    @functools.cached_property
    def _schools(self) -> dict[str, str]:
        return dict(
            self.db.execute(
                "select school_id, coalesce(short_name, school_name) from int_school where is_latest"
            ).fetchall()
        )

    @functools.cached_property
    def _municipalities(self) -> dict[str, str]:
        return dict(self.db.execute("select municipality_id, name from dim_municipality").fetchall())


def _sums(rows: pd.DataFrame) -> dict[str, float]:
    return {"numerator": math.fsum(rows["numerator"]), "denominator": math.fsum(rows["denominator"])}


def _groups(rows: pd.DataFrame, columns: list[str]) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """The groups in order, their keys with None for what is missing."""
    import pandas as pd  # noqa: PLC0415

    key: Any
    for key, part in rows.groupby(columns, dropna=False):
        yield tuple(None if pd.isna(value) else value for value in key), part
