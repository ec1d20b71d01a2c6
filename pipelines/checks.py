"""Asset checks. Pandera's verdict on a batch warns; a row that is lost stops the run."""

import datetime as dt
from collections.abc import Mapping

import dagster as dg

from pipelines.resources import UrovenResource

#: Rows are rejected in every campaign; more than this share of a file kind is worth a look.
REJECTED_SHARE = 0.1


def pandera_spec(contract: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        "pandera",
        asset=dg.AssetKey(["accepted", contract]),
        description=(
            "Shape, types, ranges and codes of the rows. Rejected rows go back to their sender; "
            f"warns when they are over {REJECTED_SHARE:.0%}."
        ),
    )


def conservation_spec(contract: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        "row_conservation",
        asset=dg.AssetKey(["accepted", contract]),
        blocking=True,
        description="Rows read = rows accepted + rows rejected, for each file, sheet and contract.",
    )


RELEASE = dg.AssetKey(["release", "current"])


@dg.asset_check(
    asset=RELEASE,
    name="fresh",
    description="The release took in the last due date of the calendar and every file of the inbox, "
    "UROVEN_FRESH_DAYS after they came at the latest.",
)
def release_is_fresh(uroven: UrovenResource) -> dg.AssetCheckResult:
    from pipelines import calendar  # noqa: PLC0415
    from pipelines.intake.vault import look  # noqa: PLC0415
    from pipelines.status import release_as_of  # noqa: PLC0415

    settings, submissions = uroven.settings(), uroven.ledger().submissions()
    patience = dt.timedelta(days=settings.fresh_days)
    last = max((s.received_at.date() for s in submissions), default=None)
    today = calendar.today(settings, last)
    called_for = calendar.as_of(calendar.load(settings), today - patience)
    released = release_as_of(settings)
    waiting = [
        a.name
        for a in (look(settings, submissions) if settings.inbox_path.is_dir() else ())
        if not a.is_known and dt.datetime.fromtimestamp(a.stat.st_mtime, dt.UTC).date() < today - patience
    ]
    return dg.AssetCheckResult(
        passed=released is not None and released >= called_for and not waiting,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "released_as_of": str(released),
            "called_for": str(called_for),
            "waiting_n": len(waiting),
            "waiting": waiting[:20],
        },
    )


def release_checks() -> list[dg.AssetCheckSpec]:
    """What must hold before anything is published; the release step itself stops where it does not."""
    release = dg.AssetKey(["release", "current"])
    return [
        dg.AssetCheckSpec(
            "attack",
            asset=release,
            blocking=True,
            description="No hidden number can be worked out from the published ones (linear programming).",
        ),
        dg.AssetCheckSpec(
            "gate",
            asset=release,
            blocking=True,
            description="Completeness, distributions, jumps since the last release; a first one only warns.",
        ),
    ]


def counted(rows: Mapping[str, int]) -> dg.MaterializeResult:
    """A step's result: the rows of each table it wrote, and the peak memory of its process."""
    from pipelines.logs import peak_memory_mb  # noqa: PLC0415

    metadata = {f"{table}_n": n for table, n in rows.items()}
    return dg.MaterializeResult(metadata={**metadata, "peak_memory_mb": peak_memory_mb()})
