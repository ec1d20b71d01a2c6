"""The scales in the graph: between the two parts of the warehouse, with their checks."""

from __future__ import annotations

import dagster as dg
import pytest

from pipelines.headless import ensure_manifest
from pipelines.settings import Settings

STEPS = ("calibration", "units", "dynamics", "objectivity")


@pytest.fixture(scope="module")
def graph() -> dg.AssetGraph:
    ensure_manifest(Settings())
    from pipelines.definitions import defs  # noqa: PLC0415

    return defs.resolve_asset_graph()


def ancestors(graph: dg.AssetGraph, key: dg.AssetKey) -> set[dg.AssetKey]:
    found: set[dg.AssetKey] = set()
    todo = [key]
    while todo:
        new = set(graph.get(todo.pop()).parent_keys) - found
        found |= new
        todo += new
    return found


def test_counts_come_before_and_marts_after(graph: dg.AssetGraph) -> None:
    counts, calibration = (
        dg.AssetKey(["warehouse", "fct_item_score_count"]),
        dg.AssetKey(["scales", "calibration"]),
    )
    assert counts in ancestors(graph, calibration)
    for mart, step in (
        ("fct_item_statistic", "calibration"),
        ("fct_score_scale", "calibration"),
        ("fct_assessment_aggregate", "units"),
        ("msr_dynamics", "dynamics"),
        ("fct_objectivity_flag", "objectivity"),
    ):
        assert dg.AssetKey(["scales", step]) in ancestors(graph, dg.AssetKey(["warehouse", mart]))
    release = ancestors(graph, dg.AssetKey(["release", "current"]))
    assert {dg.AssetKey(["scales", step]) for step in STEPS} <= release


def test_a_refused_calibration_is_a_red_check_that_does_not_stop_the_region(graph: dg.AssetGraph) -> None:
    key = dg.AssetKey(["scales", "calibration"])
    checks = {k.name: graph.get(k) for k in graph.asset_check_keys if k.asset_key == key}
    assert {"gates", "item_fit", "links"} <= set(checks)
    assert not checks["gates"].blocking
