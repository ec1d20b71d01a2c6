"""Scales between the two parts of the warehouse: from score counts to parameters, units, dynamics, signs.

Each asset reads the build database and writes Parquet; an assessment that breaks a gate is left without a
scale, with its reason, and doesn't stop the others.
"""

from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from pipelines.assets.warehouse import POOL
from pipelines.checks import counted
from pipelines.resources import UrovenResource

CALIBRATION = dg.AssetKey(["scales", "calibration"])


def _warehouse(*names: str) -> list[dg.AssetKey]:
    return [dg.AssetKey(["warehouse", name]) for name in names]


@dg.asset(
    key=CALIBRATION,
    deps=_warehouse("fct_item_score_count", "dim_assessment", "dim_item", "int_unit_score_count"),
    group_name="f_scales",
    kinds={"numpy", "parquet"},
    pool=POOL,
    check_specs=[
        dg.AssetCheckSpec(
            "gates",
            asset=CALIBRATION,
            description="Convergence and the other gates of each calibration; a failed one means no scale.",
        ),
        dg.AssetCheckSpec(
            "item_fit", asset=CALIBRATION, description="Items whose infit or outfit is outside 0.7–1.3."
        ),
        dg.AssetCheckSpec(
            "links", asset=CALIBRATION, description="Assessments that the register links are linked."
        ),
    ],
    description="Item parameters and scales of all assessments, from the score counts.",
)
def calibration(context: dg.AssetExecutionContext, uroven: UrovenResource) -> Iterator[Any]:
    from pipelines.logs import peak_memory_mb  # noqa: PLC0415
    from pipelines.scaling import run_calibration as step  # noqa: PLC0415
    from pipelines.scaling.tables import ensure_tables  # noqa: PLC0415

    settings = uroven.settings()
    scales = settings.lake / "scales"
    ensure_tables(scales)
    found = step.run(settings.warehouse, scales, context.log.info)
    yield dg.MaterializeResult(
        metadata={
            "assessments": dg.MetadataValue.md(step.summary(found)),
            "pictures": dg.MetadataValue.md(step.pictures(found)),
            "calibrated_n": sum(s.bank is not None for s in found.scaled.values()),
            "refused_n": len(found.refused),
            "peak_memory_mb": peak_memory_mb(),
        }
    )
    misfits, unlinked = step.misfits(found), step.unlinked(found)
    yield dg.AssetCheckResult(check_name="gates", passed=not found.refused, metadata=step.gate_figures(found))
    yield dg.AssetCheckResult(
        check_name="item_fit",
        passed=not misfits,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"misfit_n": len(misfits), "misfits": misfits[:50]},
    )
    yield dg.AssetCheckResult(
        check_name="links",
        passed=not unlinked,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"unlinked": unlinked},
    )


@dg.asset(
    key=["scales", "units"],
    deps=[CALIBRATION, *_warehouse("int_unit_score_count", "int_assessment_unit")],
    group_name="f_scales",
    kinds={"numpy", "parquet"},
    pool=POOL,
    description="Means of units on their scale with intervals; posterior spread and level shares.",
)
def units(uroven: UrovenResource) -> dg.MaterializeResult:
    from pipelines.scaling import run_units  # noqa: PLC0415

    settings = uroven.settings()
    return _written(uroven, run_units.run, region=settings.region, workers=settings.workers)


@dg.asset(
    key=["scales", "dynamics"],
    deps=[["scales", "units"], CALIBRATION, *_warehouse("dim_assessment", "int_unit_score_count")],
    group_name="f_scales",
    kinds={"numpy", "parquet"},
    pool=POOL,
    description="Change of schools, municipalities and the region over three years, with verdicts.",
)
def dynamics(uroven: UrovenResource) -> dg.MaterializeResult:
    from pipelines.scaling import run_dynamics  # noqa: PLC0415

    return _written(uroven, run_dynamics.run)


@dg.asset(
    key=["scales", "objectivity"],
    deps=_warehouse("int_unit_score_count", "int_student_result", "dim_assessment"),
    group_name="f_scales",
    kinds={"numpy", "parquet"},
    pool=POOL,
    description="Signs that a school's results call for further analysis.",
)
def objectivity(uroven: UrovenResource) -> dg.MaterializeResult:
    from pipelines.scaling import run_objectivity  # noqa: PLC0415

    return _written(uroven, run_objectivity.run, workers=uroven.settings().workers)


def _written(uroven: UrovenResource, run: Callable[..., dict[str, int]], **more: Any) -> dg.MaterializeResult:
    """Run a step from the build database to its tables; their numbers of rows are the metadata."""
    settings = uroven.settings()
    return counted(run(settings.warehouse, settings.lake / "scales", **more))


ASSETS = [calibration, units, dynamics, objectivity]
