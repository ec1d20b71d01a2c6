"""The calendar as the warehouse sees it: what is to be sent, by whom and until when."""

import dagster as dg

from pipelines.assets.landed import VAULT
from pipelines.resources import UrovenResource

EXPECTED = dg.AssetKey(["calendar", "expected"])


@dg.asset(
    key=EXPECTED,
    deps=[VAULT],
    group_name="c_accepted",
    kinds={"parquet"},
    description="Submissions that the region's calendar asks for, with the last due date that has passed.",
)
def expected_submissions(uroven: UrovenResource) -> dg.MaterializeResult:
    from pipelines import calendar  # noqa: PLC0415

    table = calendar.write(uroven.settings(), (s.received_at for s in uroven.ledger().submissions()))
    return dg.MaterializeResult(
        metadata={"dagster/row_count": len(table), "as_of": str(table["as_of"][0]) if len(table) else ""}
    )
