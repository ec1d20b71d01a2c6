"""The release step around suppression: rules cover the marts, leaks stop it, releases compare."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

from pipelines.release import control
from pipelines.release.diff import diff
from pipelines.release.gate import judgement
from pipelines.release.hierarchy import KEYS, Limits, suppress
from pipelines.release.make import Stopped, stop_if_recovered
from pipelines.release.retention import clean
from pipelines.settings import DBT_PROJECT
from pipelines.verify import compare
from tests.published import publish_file
from tests.release.regions import region

MARTS = DBT_PROJECT / "models" / "marts"


def _marts() -> dict[str, list[str]]:
    """Published marts and their columns, by their descriptions."""
    out = {}
    for path in MARTS.glob("*/*.yml"):
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
            if model.get("config", {}).get("meta", {}).get("publish", True):
                out[model["name"]] = [c["name"] for c in model["columns"]]
    return out


def test_every_published_mart_has_a_rule() -> None:
    assert not set(_marts()) - set(control.read_rules())


def test_rules_name_columns_that_are_there() -> None:
    marts = _marts()
    for table, rules in control.read_rules().items():
        for rule in rules:
            named = rule.columns.removeprefix("* except").split() + rule.status_columns.split()
            assert not set(named) - set(marts[table]), (table, rule.columns)


@pytest.mark.parametrize(
    "column", ["disabled_pct", "school_register_pct", "special_needs_pct", "not_native_pct"]
)
def test_sensitive_groups_are_hidden_for_schools(column: str) -> None:
    rules = control.read_rules()["fct_school_context"]
    assert any(r.rule == "sensitive" and column in r.columns.split() for r in rules)


@pytest.fixture
def frames() -> duckdb.DuckDBPyConnection:
    """Catalogues ``build`` and ``out`` as the release step sees them, with one region's results."""
    rows = region(3)
    db = duckdb.connect()
    db.execute("attach ':memory:' as build")
    db.execute("attach ':memory:' as out")
    db.register("frame", rows.assign(school_year=2021).drop(columns=["locality_group", "max_score"]))
    db.register("works", rows[["assessment_id", "max_score"]].drop_duplicates())
    db.execute("create table build.dim_assessment as from works")
    db.register(
        "places", rows.query("unit_type == 'school'")[["school_id", "locality_group"]].drop_duplicates()
    )
    db.execute("create table build.fct_assessment_aggregate as from frame")
    db.execute("create table build.int_school_year as select *, 2021 as school_year from places")
    shown = control.aggregate_rows(db)
    status = suppress(shown, Limits())
    for layer, columns in (("row", ["tested_n"]), ("below", ["below_min_n"]), ("marks", ["mark_3_n"])):
        shown[columns] = shown[columns].astype("Int64").mask(status[layer] != "F", axis=0)
    whole = (status["row"] == "F") & (shown["tested_n"] >= Limits().small_group)
    shown[["p25", "p50", "p75"]] = shown[["p25", "p50", "p75"]].where(whole, axis=0)
    db.register("shown", shown.drop(columns=["locality_group", "max_score"]))
    db.execute("create table out.fct_assessment_aggregate as from shown")
    return db


def test_a_release_without_leaks_passes_the_attack(frames: duckdb.DuckDBPyConnection) -> None:
    with stop_if_recovered(frames, Limits()):
        pass


def test_a_release_with_a_planted_leak_is_stopped(frames: duckdb.DuckDBPyConnection) -> None:
    frames.execute(
        f"""update out.fct_assessment_aggregate as o set tested_n = b.tested_n
        from build.fct_assessment_aggregate as b
        where o.unit_type = 'class' and b.tested_n < 10
            and {" and ".join(f"o.{k} = b.{k}" for k in KEYS)}"""  # noqa: S608
    )
    with pytest.raises(Stopped, match="восстанавливаются"), stop_if_recovered(frames, Limits()):
        pass


def test_a_marked_table_hides_values_and_says_why() -> None:
    db = duckdb.connect()
    db.execute("attach ':memory:' as build")
    db.execute("attach ':memory:' as out")
    db.execute(f"attach ':memory:' as {control.ASIDE}")
    db.execute("create table build.t (k integer, base integer, part integer)")
    db.execute("insert into build.t values (1, 9, 3), (2, 20, 0), (3, 20, 20), (4, 20, 5), (5, 40, 0)")
    db.execute("create table out.t (k integer, base integer, part integer)")
    rule = control.Rule("t", "part", "share", "t.base", "t.part", "", "", "доля")
    costs = control._write_table(db, "t", ["k", "base", "part"], [rule], Limits())
    assert db.execute("select k, part, obs_status, conf_status from out.t order by k").fetchall() == [
        (1, None, "Q", "A"), (2, None, "Q", "A"), (3, None, "Q", "A"), (4, 5, "A", "F"), (5, 0, "A", "F")
    ]  # fmt: skip
    assert costs == [("t", "part", "доля", 5, 3, 0)]


def _release(folder: Path, values: pd.DataFrame, files: list[tuple[str, str, str]], inputs: str) -> Path:
    """A tiny release: a cube, the files behind it, and what they tell of: file, school, assessment."""
    build = folder / f"{inputs}.duckdb"
    with duckdb.connect(str(build)) as db:
        db.register("cube", values)
        db.execute(
            """create table rpt_statistic as select 'school' as unit_type, school as unit_id, 'mean_score' as
            indicator_id, 2021 as school_year, '' as period, 'a' as assessment_id, 'all' as subgroup,
            v as obs_value, 'A' as obs_status, null::double as numerator, null::double as denominator,
            null::double as ci_low, null::double as ci_high from cube"""
        )
        db.execute("create table dq_submission (file_id varchar, file_name varchar, "
                   "submission_state varchar, rows_accepted int, rows_rejected int)")  # fmt: skip
        db.execute("create table brg_submission_content (file_id varchar, contract varchar, school_year int, "
                   "assessment_id varchar, school_id varchar)")  # fmt: skip
        db.execute("create table dim_school (school_id varchar, municipality_id varchar)")
        for file_id, school, work in files:
            db.execute(
                "insert into dq_submission values (?, ? || '.xlsx', 'active', 10, 0)", [file_id, file_id]
            )
            db.execute("insert into brg_submission_content values (?, 'student_results', 2021, ?, ?)",
                       [file_id, work, school])  # fmt: skip
    tables = ["rpt_statistic", "dq_submission", "brg_submission_content", "dim_school"]
    publish_file(build, folder / "releases", folder / "current", tables, inputs=inputs, code_version="c",
            rule_versions='{"seeds": {}}')  # fmt: skip
    return (folder / "current").resolve()


def test_diff_names_the_file_that_changed_each_number(tmp_path: Path) -> None:
    old = pd.DataFrame({"school": ["1", "2"], "v": [10.0, 20.0]})
    files = [("f1", "1", "a"), ("f2", "2", "a")]
    first = _release(tmp_path, old, files, "aaaaaaaa1")
    late = [
        ("late", "2", "a"),
        ("staff of all", "2", ""),
        ("other work", "2", "b"),
        ("other school", "1", "a"),
    ]
    second = _release(tmp_path, old.assign(v=[10.0, 25.0]), [*files, *late], "bbbbbbbb2")
    changed = diff(first, second)
    assert changed[["unit_id", "old_value", "new_value", "cause"]].values.tolist() == [
        ["2", 20.0, 25.0, "late.xlsx (новый файл)"]
    ]
    differing = {table: rows for table, (rows, _) in compare(first, second).items()}
    assert differing == {"brg_submission_content": 4, "dq_submission": 4, "rpt_statistic": 2}
    assert diff(first, first).empty and compare(first, first) == {}


def test_clean_keeps_the_newest_and_never_touches_the_current(tmp_path: Path) -> None:
    values = pd.DataFrame({"school": ["1"], "v": [1.0]})
    made = [_release(tmp_path, values, [("f", "1", "a")], f"{i}aaaaaaaa").name for i in range(4)]
    current = tmp_path / "current"
    current.unlink()
    current.symlink_to(Path("releases") / made[0], target_is_directory=True)
    assert clean(tmp_path / "releases", current, keep=2) == [made[1]]
    assert sorted(p.name for p in (tmp_path / "releases").iterdir()) == [made[0], *made[2:]]
    with pytest.raises(ValueError, match="не меньше 1"):
        clean(tmp_path / "releases", current, keep=0)


@pytest.fixture
def plausible() -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    db.execute("attach ':memory:' as out")
    db.execute(
        """create table out.fct_assessment_aggregate as select 'region' as unit_type, 'r' as unit_id, 'a' as
        assessment_id, 'all' as subgroup, 100 as tested_n, 95.0::double as participation_pct, 10.0 as
        below_min_pct, 12.0 as mean_score, 11.0 as ci_low, 13.0 as ci_high, 'A' as obs_status"""
    )
    db.execute("create table out.dim_assessment as select 'a' as assessment_id, 20.0 as max_score")
    db.execute("create table out.dq_suppression as select 't' as table_name, 'value' as column_name, "
               "10 as values_n, 1 as primary_n, 0 as secondary_n")  # fmt: skip
    return db


def test_a_first_release_is_only_warned_and_a_later_one_is_stopped(
    plausible: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert {r.outcome for r in judgement(plausible, None)()} == {"passed"}
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as db:
        db.register("now", plausible.execute("from out.fct_assessment_aggregate").df())
        db.execute(
            "create table fct_assessment_aggregate as select * replace (35.0 as below_min_pct) from now"
        )
    failed = [r for r in judgement(plausible, tmp_path)() if r.outcome == "failed"]
    assert [r.column_name for r in failed] == ["moved"] and "изменилась" in failed[0].message_ru
    assert "— a участников 100 → 100 (-25)" in failed[0].message_ru
    vouched = [r for r in judgement(plausible, tmp_path, "сверено с протоколами")() if r.outcome != "passed"]
    assert [(r.column_name, r.outcome) for r in vouched] == [("moved", "warned")]
    assert vouched[0].message_ru.endswith("(принято: сверено с протоколами)")
    plausible.execute("update out.fct_assessment_aggregate set participation_pct = 130")
    assert [r.column_name for r in judgement(plausible, None)() if r.outcome == "warned"] == [
        "participation_pct"
    ]


@pytest.mark.parametrize(("before_n", "outcome"), [(40, "warned"), (60, "failed")])
def test_a_share_of_few_students_that_moves_with_the_rest_of_them_only_warns(
    plausible: duckdb.DuckDBPyConnection, tmp_path: Path, before_n: int, outcome: str
) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as db:
        db.register("now", plausible.execute("from out.fct_assessment_aggregate").df())
        db.execute(
            "create table fct_assessment_aggregate as "  # noqa: S608
            f"select * replace (35.0 as below_min_pct, {before_n} as tested_n) from now"
        )
    (moved,) = [r for r in judgement(plausible, tmp_path)() if r.outcome != "passed"]
    assert (moved.column_name, moved.outcome) == ("moved", outcome)
    assert f"участников {before_n} → 100" in moved.message_ru


def test_a_region_that_never_sent_results_is_not_stopped_for_that(
    plausible: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as db:
        db.register("now", plausible.execute("from out.fct_assessment_aggregate").df())
        db.execute("create table fct_assessment_aggregate as from now")
    plausible.execute("delete from out.fct_assessment_aggregate")
    stopped = [r.message_ru for r in judgement(plausible, tmp_path)() if r.outcome == "failed"]
    assert "нет ни одного результата региона" in stopped
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as db:
        db.execute("delete from fct_assessment_aggregate")
    assert {r.outcome for r in judgement(plausible, tmp_path)()} == {"passed"}


def test_rules_are_valid_sql_on_every_mart() -> None:
    """All rules, on empty marts made of their descriptions: a wrong column or expression fails here."""
    db = duckdb.connect()
    db.execute("attach ':memory:' as build")
    db.execute("attach ':memory:' as out")
    tables = []
    for path in MARTS.glob("*/*.yml"):
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
            columns = ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in model["columns"])
            db.execute(f"create table build.{model['name']} ({columns})")
            tables.append(model["name"])
    for seed in ("programme_indicator", "context_component"):
        path = DBT_PROJECT / "seeds" / f"{seed}.csv"
        db.execute(f"create table build.{seed} as from read_csv('{path}', header = true)")
    db.execute(
        "create table build.int_school_year (school_id varchar, school_year int, locality_group varchar)"
    )
    rules = control.read_rules()
    wanted = control.publishable(tables, rules)
    control.write_frames(db, wanted, rules, Limits())
    made = {
        r[0]
        for r in db.execute("select table_name from duckdb_tables() where database_name = 'out'").fetchall()
    }
    assert made == {*wanted, "dq_suppression"}
