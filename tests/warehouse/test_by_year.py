"""Only years whose inputs changed are made again, and the tables are those of a build from nothing."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import resources
from pipelines.parsed_project import parsed_project, project_version
from pipelines.resources import run_dbt
from pipelines.settings import ROOT, Settings

from .warehouse_lake import Lake

YEARS = (2021, 2022, 2023)
#: In the order of their making.
MODELS = (
    "int_student_result",
    "int_assessment_unit",
    "int_unit_score_count",
    "int_item_score_count",
    "int_assessment_quartile",
)
#: Seeds and views of the lake, which are there after the first build.
LASTING = ["--exclude", "path:models/staging", "path:seeds"]
SELECTED = ["--select", "+int_assessment_quartile", "+int_unit_score_count", "+fct_item_score_count"]
UNTESTED = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--no-write-json"]
MATHS = {"kind": "ВПР", "subject": "Математика", "grade": 4}
EXAM = {"kind": "ЕГЭ", "subject": "Физика", "grade": 11}
#: Kills the process as dbt has made a model; the home, the model and dbt's arguments follow.
KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.resources import run_dbt
from pipelines.settings import Settings
home, model, *arguments = sys.argv[1:]
def watch(event):
    if event["data"]["node_info"]["node_name"] == model:
        os.kill(os.getpid(), signal.SIGKILL)
run_dbt(arguments, Settings(home=Path(home)), watch)
"""
Rows = list[dict[str, Any]]


def _student(school: str, number: int, year: int, municipality: str = "Район 10") -> dict[str, Any]:
    scores = [(number + year) % 3 - 1, number % 2, (number * year) % 3]
    total = float(sum(max(s, 0) for s in scores))
    own = {"school_id": school, "student_key": f"{school}-{number}", "sex": "mf"[number % 2], "form": "1"}
    place = {"class_name": f"4{'АБ'[number % 2]}", "municipality": municipality, "attendance": "present"}
    return MATHS | own | place | {"scores": scores, "total": total, "total_recomputed": total}


def _school(code: str, municipality: str, since: int = 2010) -> dict[str, Any]:
    facts = {"school_id": code, "name": f"Школа {code}", "locality_type": "village", "status": "active"}
    district = {"municipality_id": municipality, "municipality_name": f"Район {municipality}"}
    return facts | district | {"valid_from": dt.date(since, 9, 1)}


class Region:
    """Accepted rows by contract and year, written as a lake; what changes is a change of ``rows``."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home)
        self.settings.build.mkdir(parents=True)
        schools = [("100001", "10"), ("100002", "20"), ("100003", "20")]
        self.rows: dict[tuple[str, int], Rows] = {
            ("school_register", 2021): [_school(*school) for school in schools],
            ("school_register", 2023): [],
            ("appeals", 2021): [],
        }
        scale = {"max_score": 5.0, "mark_3_from": 2.0, "mark_4_from": 3.0, "mark_5_from": 4.0}
        for year in YEARS:
            pupils = [_student(school, n, year) for school, _ in schools for n in range(6)]
            exams = [EXAM | {"school_id": s, "student_key": s, "total": 40.0} for s, _ in schools]
            sat = {"attendance": "present", "exam_date": dt.date(year, 6, 1), "score": 50.0}
            strangers = [_student("999999", n, year, "Район 20") for n in range(2) if year < 2023]
            self.rows["student_results", year] = [*pupils, *strangers, *(exam | sat for exam in exams)]
            self.rows["school_results", year] = [
                {"kind": "ОГЭ", "subject": "Химия", "grade": 9, "school_id": "100001", "tested_n": year % 9}
            ]
            self.rows["assessment_register", year] = [MATHS | scale]

    def write(self) -> None:
        lake = Lake(self.settings.lake)
        for (contract, year), rows in self.rows.items():
            lake.accept(contract, year, rows)
        items = [{"item": str(i), "position": i, "max_score": 2.0} for i in (1, 2, 3)]
        for year in YEARS:
            lake.items(year, [MATHS | item for item in items])
        lake.close()

    def build(self, *left_out: str) -> dict[str, set[int] | None]:
        """Model -> the years that were left as they were; None where the table was made as a whole."""
        self.write()
        result = run_dbt(["build", *UNTESTED, *SELECTED, *left_out], self.settings)
        assert result.success, result.exception or [r.message for r in result.result]
        code = {r.node.name: r.node.compiled_code for r in result.result if r.node.name in MODELS}
        kept = {name: re.search(r"school_year not in \(([^)]*)\)", sql) for name, sql in code.items()}
        return {name: {int(y) for y in m[1].split(",")} if m else None for name, m in kept.items()}

    def made_whole(self) -> Path:
        """A copy of the build database whose models by year were made as a whole."""
        copy = self.settings.build / "whole" / "warehouse.duckdb"
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(self.settings.warehouse, copy)
        whole = ["run", "--no-write-json", "--full-refresh", "--select", *MODELS, "fct_item_score_count"]
        assert run_dbt(whole, self.settings, database=copy).success
        return copy

    def made_of_nothing(self) -> Path:
        """Another build database of the same lake."""
        made = self.settings.build / "nothing" / "warehouse.duckdb"
        made.parent.mkdir()
        assert run_dbt(["build", *UNTESTED, *SELECTED], self.settings, database=made).success
        return made

    def by_hand(self, class_name: str) -> None:
        with duckdb.connect(str(self.settings.warehouse)) as db:
            db.execute(f"update int_student_result set class_name = {class_name}")  # noqa: S608


def _differing(one: Path, other: Path) -> list[str]:
    """Tables that two databases don't have row by row alike."""
    with duckdb.connect() as db:
        db.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        sql = "select table_name from duckdb_tables() where database_name = ? and schema_name = 'main'"
        names, others = ({n for (n,) in db.execute(sql, [base]).fetchall()} for base in ("one", "other"))
        assert set(MODELS) <= names
        found = names ^ others
        for name in names & others:
            a, b = f"from one.{name}", f"from other.{name}"
            sides = f"(({a}) except all ({b})) union all (({b}) except all ({a}))"
            shapes = [db.execute(f"describe {side}").fetchall() for side in (a, b)]
            if shapes[0] != shapes[1] or db.execute(f"select 1 from ({sides}) limit 1").fetchall():  # noqa: S608
                found.add(name)
    return sorted(found)


def all_keep(years: set[int] | None) -> dict[str, set[int] | None]:
    return dict.fromkeys(MODELS, years)


def _late_protocol(region: Region) -> None:
    region.rows["student_results", 2022] += [_student("100003", n, 2022) for n in range(6, 9)]


def _correction_and_appeal(region: Region) -> None:
    rows = region.rows["student_results", 2021]
    rows[0] |= {"scores": [2, 1, 2], "total": 5.0, "total_recomputed": 5.0}
    del rows[3]
    appeal = EXAM | {"school_id": "100001", "student_key": "100001", "total": 44.0, "score": 55.0}
    region.rows["appeals", 2021] = [appeal | {"exam_date": dt.date(2021, 6, 1), "state": "удовлетворена"}]


def _school_moves(region: Region) -> None:
    region.rows["school_register", 2023] = [_school("100002", "10", 2022)]


def _threshold(region: Region) -> None:
    region.rows["assessment_register", 2022][0]["mark_3_from"] = 1.0


def _strangers_elsewhere(region: Region) -> None:
    """An unregistered school is of the municipality that most of its rows name, whatever their year."""
    region.rows["student_results", 2022] += [_student("999999", n, 2022, "Район 10") for n in range(9, 30)]


def _withdrawal(region: Region) -> None:
    region.rows["student_results", 2023] = []
    region.rows["school_results", 2023] = []


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    made = Region(tmp_path_factory.mktemp("by_year"))
    assert made.build() == all_keep(None)
    return made


def test_models_by_year_read_only_what_the_fingerprint_covers(region: Region) -> None:
    manifest = parsed_project(region.settings.lake)
    by_year = {key for key, node in manifest.nodes.items() if node.config.materialized == "incremental"}
    assert {key.rpartition(".")[2] for key in by_year} == set(MODELS)
    mark = "model.uroven.int_year_input"
    covered = {mark, *manifest.nodes[mark].depends_on.nodes}
    seen: set[str] = set()
    left = sorted(by_year)
    while left:
        key = left.pop()
        if key in covered | seen or key.startswith("seed."):  # seeds are code
            continue
        assert not key.startswith("source."), key
        seen.add(key)
        left += manifest.nodes[key].depends_on.nodes


def test_only_what_changed_is_made_and_all_is_as_if_made_whole(region: Region) -> None:
    _late_protocol(region)
    region.by_hand("class_name || '!'")
    assert region.build(*LASTING) == all_keep({2021, 2023})
    # what was put into years that nothing came for is still there
    with duckdb.connect(str(region.settings.warehouse), read_only=True) as db:
        found = db.execute("select distinct school_year from int_student_result where class_name like '%!'")
        assert {year for (year,) in found.fetchall()} == {2021, 2023}
    region.by_hand("replace(class_name, '!', '')")
    _correction_and_appeal(region)
    _school_moves(region)
    assert region.build(*LASTING) == all_keep({2022})
    assert _differing(region.settings.warehouse, region.made_whole()) == []
    _strangers_elsewhere(region)
    assert region.build(*LASTING) == all_keep({2023})
    _threshold(region)
    _withdrawal(region)
    assert region.build(*LASTING) == all_keep({2021})
    assert _differing(region.settings.warehouse, region.made_of_nothing()) == []
    with duckdb.connect(str(region.settings.warehouse), read_only=True) as db:
        assert db.execute("select max(school_year) from int_student_result").fetchone() == (2022,)


def test_a_killed_build_leaves_no_year_that_only_seems_fresh(region: Region) -> None:
    """Killed between two models; then the change is taken back, and the file is again what it was.

    A table without its fingerprints, as an older version left it, is made as a whole.
    """
    rows = region.rows["student_results", 2022]
    region.rows["student_results", 2022] = rows[5:]
    region.write()
    arguments = ["build", *UNTESTED, *SELECTED, *LASTING, "--threads", "1"]
    command = [sys.executable, "-c", KILLED, str(region.settings.home), "int_student_result", *arguments]
    killed = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with duckdb.connect(str(region.settings.warehouse)) as db:
        db.execute("alter table int_item_score_count drop column year_input")
    region.rows["student_results", 2022] = rows
    kept = region.build(*LASTING)
    assert (kept["int_student_result"], kept["int_unit_score_count"]) == ({2021}, {2021, 2022})
    assert kept["int_item_score_count"] is None
    assert _differing(region.settings.warehouse, region.made_whole()) == []


def test_other_code_makes_all_anew(region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    shutil.copytree(resources.DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    versions = {resources._code_version()}
    for changed in ("seeds/assessment_rule.csv", "models/staging/stg_appeal.sql", "macros/wilson.sql"):
        with (project / changed).open("a") as file:
            file.write("\n")
        with monkeypatch.context() as patch:
            patch.setattr(resources, "DBT_PROJECT", project)
            project_version.cache_clear()  # as another process finds it
            versions.add(resources._code_version())
    assert len(versions) == 4
    monkeypatch.setattr(resources, "_code_version", lambda: "other")
    assert region.build(*LASTING) == all_keep(None)
