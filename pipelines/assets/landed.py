"""Receiving files into the vault, and landing their rows as raw cell text."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from pipelines.partitions import SCHOOL_YEARS
from pipelines.resources import UrovenResource
from schemas import CONTRACTS

VAULT = dg.AssetKey(["vault", "files"])


def landed_key(contract: str) -> dg.AssetKey:
    return dg.AssetKey(["landed", contract])


@dg.asset(
    key=VAULT,
    group_name="a_receive",
    kinds={"file"},
    description="Every file of the inbox as it was sent, under its hash; the ledger knows each submission.",
)
def vault_files(context: dg.AssetExecutionContext, uroven: UrovenResource) -> dg.MaterializeResult:
    from pipelines.intake.vault import receive  # noqa: PLC0415
    from pipelines.logs import peak_memory_mb  # noqa: PLC0415

    receipt = receive(uroven.settings(), uroven.ledger())
    return dg.MaterializeResult(
        metadata={
            "peak_memory_mb": peak_memory_mb(),
            "new_n": len(receipt.new),
            "changed_n": len(receipt.changed),
            "known_n": receipt.known_n,
            "duplicates": receipt.duplicates[:50],
            "new": receipt.new[:50],
            "changed": receipt.changed[:50],
        }
    )


@dg.multi_asset(
    name="land",
    specs=[
        dg.AssetSpec(
            landed_key(name),
            deps=[VAULT],
            group_name="b_landed",
            kinds={"parquet"},
            description=f"{contract.title_ru} — raw cell text with file, sheet and row.",
        )
        for name, contract in CONTRACTS.items()
    ],
    partitions_def=SCHOOL_YEARS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    can_subset=True,
)
def land(context: dg.AssetExecutionContext, uroven: UrovenResource) -> Iterator[dg.MaterializeResult]:
    """New files are read whatever their years; of years chosen by hand the files are read again."""
    from pipelines.intake import stages  # noqa: PLC0415
    from pipelines.logs import peak_memory_mb  # noqa: PLC0415

    settings, ledger = uroven.settings(), uroven.ledger()
    years = [int(y) for y in context.partition_keys]
    again = years if len(years) < len(SCHOOL_YEARS.get_partition_keys()) else []

    def tell(path: str, result: object) -> None:
        reason = getattr(result, "message_ru", "")
        context.log.info(f"{path}: {reason or 'прочитан'}", extra={"file": path})

    results = stages.land(settings, ledger, again, tell)
    files, rows = Counter[str](), Counter[str]()
    for result in results:
        for r in result.readings:
            if r.contract and r.status == "read":
                files[r.contract] += 1
                rows[r.contract] += r.rows_read
    refused = sum(bool(r.rule) or any(x.status == "rejected" for x in r.readings) for r in results)
    for key in sorted(context.selected_asset_keys):
        name = key.path[-1]
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "files_read_n": files[name],
                "dagster/row_count": rows[name],
                "files_refused_n": refused,
                "peak_memory_mb": peak_memory_mb(),
            },
        )
