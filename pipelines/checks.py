"""Asset checks. Pandera's verdict on a batch warns; a row that is lost stops the run."""

from __future__ import annotations

import dagster as dg

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
