"""Context, pairing and effect: Python steps between the later parts of the warehouse."""

import dagster as dg

from pipelines.assets.warehouse import POOL
from pipelines.checks import counted
from pipelines.resources import UrovenResource


def _warehouse(*names: str) -> list[dg.AssetKey]:
    return [dg.AssetKey(["warehouse", name]) for name in names]


@dg.asset(
    key=["programme", "context"],
    deps=_warehouse(
        "int_context_component",
        "int_context_result",
        "int_school_year",
        "context_outcome",
        "context_parameter",
    ),
    group_name="g_programme",
    kinds={"numpy", "parquet"},
    pool=POOL,
    description="The social index, results expected given context, and each school's result of the year.",
)
def context(uroven: UrovenResource) -> dg.MaterializeResult:
    from pipelines.programme_steps import run_context as step  # noqa: PLC0415

    settings = uroven.settings()
    return counted(step.run(settings.warehouse, settings.lake / "programme"))


@dg.asset(
    key=["programme", "pairing"],
    deps=_warehouse("int_peer_candidate", "municipality_neighbour", "context_parameter"),
    group_name="g_programme",
    kinds={"numpy", "parquet"},
    pool=POOL,
    description="Partners proposed for supported schools, with reasons; schools without one, with why.",
)
def pairing(uroven: UrovenResource) -> dg.MaterializeResult:
    from pipelines.programme_steps import run_pairing as step  # noqa: PLC0415

    settings = uroven.settings()
    return counted(step.run(settings.warehouse, settings.lake / "programme"))


@dg.asset(
    key=["programme", "effect"],
    deps=[
        ["programme", "context"],
        *_warehouse("int_peer_candidate", "int_supported_school", "context_parameter"),
    ],
    group_name="g_programme",
    kinds={"numpy", "parquet"},
    pool=POOL,
    description="Change of supported schools against matched ones, regression to the mean beside it.",
)
def effect(uroven: UrovenResource) -> dg.MaterializeResult:
    from pipelines.programme_steps import run_effect as step  # noqa: PLC0415

    settings = uroven.settings()
    return counted(step.run(settings.warehouse, settings.lake / "programme"))


ASSETS = [context, pairing, effect]
