"""The code location: it loads, its graph follows the flow, and its checks stand where they should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from pipelines.assets.warehouse import read_manifest
from pipelines.headless import ensure_manifest
from pipelines.settings import ROOT, Settings
from schemas import CONTRACTS


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    ensure_manifest(Settings())
    from pipelines.definitions import defs as loaded  # noqa: PLC0415

    return loaded


def test_every_contract_is_landed_and_accepted(defs: dg.Definitions) -> None:
    keys = {tuple(key.path) for key in defs.resolve_asset_graph().get_all_asset_keys()}
    assert {("landed", name) for name in CONTRACTS} <= keys
    assert {("accepted", name) for name in CONTRACTS} <= keys


def test_each_accepted_table_has_its_checks_and_conservation_blocks(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for name in CONTRACTS:
        checks = {k.name for k in graph.asset_check_keys if k.asset_key == dg.AssetKey(["accepted", name])}
        assert {"pandera", "row_conservation"} <= checks
    specs = {s.key: s for a in defs.assets or [] for s in getattr(a, "check_specs", [])}
    blocking = [s for k, s in specs.items() if k.name == "row_conservation"]
    assert len(blocking) == len(CONTRACTS) and all(s.blocking for s in blocking)


def test_python_and_dbt_are_one_graph_from_the_vault_to_the_release(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    release = dg.AssetKey(["release", "current"])
    ancestors, todo = set(), [release]
    while todo:
        for parent in graph.get(todo.pop()).parent_keys:
            if parent not in ancestors:
                ancestors.add(parent)
                todo.append(parent)
    assert dg.AssetKey(["vault", "files"]) in ancestors
    assert dg.AssetKey(["accepted", "student_results"]) in ancestors
    assert dg.AssetKey(["warehouse", "fct_assessment_aggregate"]) in ancestors


def test_files_are_partitioned_by_school_year_and_run_as_one(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for layer in ("landed", "accepted"):
        node = graph.get(dg.AssetKey([layer, "staffing"]))
        assert node.partitions_def is not None and "2023" in node.partitions_def.get_partition_keys()
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


def test_only_one_step_at_a_time_writes_the_database(defs: dg.Definitions) -> None:
    pools = {a.op.name: a.op.pool for a in defs.assets or [] if isinstance(a, dg.AssetsDefinition)}
    assert {pools[n] for n in pools if n.startswith("warehouse_")} == {"duckdb_write"}


def test_definitions_validate(defs: dg.Definitions) -> None:
    dagster = Path(sys.executable).with_name("dagster")
    done = subprocess.run(
        [str(dagster), "definitions", "validate", "-w", str(ROOT / "workspace.yaml")],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_importing_the_code_location_opens_the_manifest_and_the_calendar_alone(defs: dg.Definitions) -> None:
    """Files that an import of ours opens, besides code: the dbt manifest, the calendar, the code lists."""
    script = (
        "import sys, dagster, dagster_dbt\n"
        "import pandera.pandas, pydantic_settings\n"
        f"root = {str(ROOT)!r}\n"
        "opened = []\n"
        "def hook(event, args):\n"
        "    if event == 'open' and isinstance(args[0], str) and args[0].startswith(root):\n"
        "        opened.append((args[0], args[1]))\n"
        "    if event in ('socket.connect', 'subprocess.Popen'):\n"
        "        opened.append((event, 'w'))\n"
        "sys.addaudithook(hook)\n"
        "import pipelines.definitions\n"
        "own = [o for o in opened if '/.venv/' not in o[0] and not o[0].endswith(('.py', '.pyc'))]\n"
        "own = [o for o in own if '__pycache__' not in o[0]]\n"
        "print(*sorted({f'{path}|{mode}' for path, mode in own}), sep='\\n')\n"
    )
    ensure_manifest(Settings(home=ROOT / "data"))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("UROVEN_")}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    names = {Path(line.split("|")[0]).name for line in done.stdout.split("\n") if line}
    assert names == {"manifest.json", "default.toml", "code_list.csv", "code_list_region.csv"}


def test_every_test_of_the_warehouse_is_a_check(defs: dg.Definitions) -> None:
    """One whose `dagster.ref` is none of the tables that it reads would run without being shown."""
    nodes = [n for n in read_manifest()["nodes"].values() if n["resource_type"] == "test"]
    tests = {n["name"] for n in nodes if n["depends_on"]["nodes"]}
    checks = {key.name for key in defs.resolve_asset_graph().asset_check_keys}
    assert len(tests) > 150 and not tests - checks
