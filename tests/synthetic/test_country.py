"""A country written as accepted Parquet is what intake would have left."""

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from benchmarks.country import exponent
from benchmarks.lake import PLANS, YEAR, write_country
from pipelines.intake import stages
from pipelines.intake.validation import accepted_schema, item_schema
from pipelines.settings import DBT_PROJECT, Settings, duckdb_config
from schemas import CONTRACTS


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(home=tmp_path_factory.mktemp("country"))


@pytest.fixture(scope="module")
def country(settings):
    return write_country(settings, 24)


def accepted(settings, name):
    return stages.part_path(settings, "accepted", name, YEAR)


def test_each_table_has_the_columns_of_its_contract(settings, country):
    written = {
        path.parts[-3] for path in (settings.lake / "accepted").glob(f"*/school_year={YEAR}/*.parquet")
    }
    assert written >= {"student_results", "school_register", "staff", "social_passport", stages.ITEMS}
    for name in written:
        schema = item_schema() if name == stages.ITEMS else accepted_schema(CONTRACTS[name])
        assert pq.read_schema(accepted(settings, name)).equals(schema)


def test_results_add_up(settings, country):
    with duckdb.connect() as db:
        db.execute(f"create view r as from '{accepted(settings, 'student_results')}'")
        found = db.execute(
            """select count(*), sum(len(scores)), count(distinct school_id),
                count(*) filter (list_sum(list_transform(scores, lambda s: greatest(s, 0))) <> total),
                count(*) filter ((attendance = 'present') <> (scores is not null)),
                count(*) - count(distinct (kind, subject, grade, student_key))
            from r"""
        ).fetchall()
    results, scores, schools, wrong, contradictory, repeated = found[0]
    assert (results, scores) == (country.results, country.item_scores)
    assert schools == 23  # the correctional school sits none of the works
    assert (wrong, contradictory, repeated) == (0, 0, 0)


def test_every_work_has_its_items_and_is_registered(settings, country):
    items = pq.read_table(accepted(settings, stages.ITEMS))
    works = set(zip(*(items[c].to_pylist() for c in ("kind", "subject", "grade")), strict=True))
    assert works == {(p.kind, p.subject, p.grade) for p in PLANS}
    assert len(pq.read_table(accepted(settings, "assessment_register"))) == len(PLANS)
    assert len(items) == sum(len(p.items.split()) for p in PLANS)


def test_codes_of_regions_do_not_meet(tmp_path):
    from benchmarks import lake  # noqa: PLC0415

    settings = Settings(home=tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake, "REGION_SCHOOLS", 24)
        assert write_country(settings, 48).regions == 2
    register = pq.read_table(accepted(settings, "school_register"))
    for column in ("school_id", "oge_code", "inn"):
        assert len(pc.unique(register[column])) == len(register)
    assert len(pc.unique(register["municipality_name"])) == len(pc.unique(register["municipality_id"]))


def test_the_exponent_of_growth_is_the_slope_in_logs():
    assert exponent([600, 6000], [10, 100]) == 1.0
    assert exponent([600, 1200, 2400], [1, 4, 16]) == 2.0
    assert exponent([600], [1]) is None


def test_dbt_sets_where_to_spill_once():
    """A folder that DuckDB has spilled to can't be set again, and dbt repeats ``settings`` for each model."""
    build = yaml.safe_load((DBT_PROJECT / "profiles.yml").read_text())["uroven"]["outputs"]["build"]
    limits = set(duckdb_config(DBT_PROJECT / "warehouse.duckdb"))
    assert limits <= set(build["config_options"]) and not limits & set(build.get("settings", {}))


def test_memory_and_spilling_are_settings(tmp_path, monkeypatch):
    database = tmp_path / "build" / "warehouse.duckdb"
    assert duckdb_config(database)["temp_directory"] == str(tmp_path / "build" / "spill")
    for name, value in (("MEMORY_LIMIT", "1GB"), ("SPILL", str(tmp_path / "s")), ("SPILL_LIMIT", "2GB")):
        monkeypatch.setenv(f"UROVEN_{name}", value)
    config = duckdb_config(database)
    with duckdb.connect(config=config) as db:
        found = db.execute(
            "select current_setting('memory_limit'), current_setting('temp_directory'),"
            " current_setting('max_temp_directory_size')"
        ).fetchall()
    assert found == [("953.6 MiB", str(tmp_path / "s"), "1.8 GiB")]
