"""Validation: landed text becomes accepted rows, findings, and workbooks for the senders."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipelines import ahead
from pipelines.assets.landed import landed_key
from pipelines.checks import REJECTED_SHARE, conservation_spec, counted, pandera_spec
from pipelines.partitions import SCHOOL_YEARS
from pipelines.resources import UrovenResource
from schemas import CONTRACTS

if TYPE_CHECKING:
    from pipelines.intake.ledger import Snapshot

LEDGER = dg.AssetKey(["ledger", "submissions"])
RETURNED = dg.AssetKey(["returned", "workbooks"])
#: Corrections of item lists may decide on those of results: two rounds settle both, the third finds it so.
MOST_ROUNDS = 3
ITEMS_KEY = dg.AssetKey(["accepted", "student_result_items"])


def accepted_key(contract: str) -> dg.AssetKey:
    return dg.AssetKey(["accepted", contract])


def _spec(name: str) -> dg.AssetSpec:
    contract = CONTRACTS[name]
    deps = [landed_key(name)] + ([accepted_key("assessment_items")] if contract.has_items else [])
    return dg.AssetSpec(
        accepted_key(name),
        deps=deps,
        group_name="c_accepted",
        kinds={"parquet", "pandera"},
        description=f"{contract.title_ru} — {contract.grain}.",
        metadata={"dagster/column_schema": _columns(name)},
    )


def _columns(name: str) -> dg.TableSchema:
    from pipelines.intake.validation import accepted_name  # noqa: PLC0415

    fields = CONTRACTS[name].fields.values()
    return dg.TableSchema(
        [dg.TableColumn(accepted_name(f.name, f), f.kind, f"{f.title_ru} — {f.title_en}") for f in fields]
    )


def in_order(names: set[str]) -> list[str]:
    """Item lists before the results that are scored by them."""
    return sorted(names, key=lambda n: (CONTRACTS[n].has_items, n))


@dg.multi_asset(
    name="accept",
    specs=[
        *(_spec(name) for name in CONTRACTS),
        dg.AssetSpec(
            ITEMS_KEY,
            deps=[landed_key("student_results"), accepted_key("assessment_items")],
            group_name="c_accepted",
            kinds={"parquet"},
            description="The items of the year's assessments, by the position of their scores.",
        ),
    ],
    check_specs=[spec for name in CONTRACTS for spec in (pandera_spec(name), conservation_spec(name))],
    partitions_def=SCHOOL_YEARS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    can_subset=True,
)
def accept(context: dg.AssetExecutionContext, uroven: UrovenResource) -> Iterator[Any]:
    from pipelines.intake import stages  # noqa: PLC0415
    from pipelines.logs import peak_memory_mb  # noqa: PLC0415

    settings, ledger = uroven.settings(), uroven.ledger()
    ahead.load_dbt(settings.lake)
    stages.ensure_empty_tables(settings)
    chosen = {int(y) for y in context.partition_keys}
    selected = {key.path[-1] for key in context.selected_asset_keys}
    if ITEMS_KEY.path[-1] in selected:
        selected = (selected - {ITEMS_KEY.path[-1]}) | {"student_results"}
    done: dict[tuple[str, int], stages.Partition] = {}
    snapshot: Snapshot | None = ledger.snapshot()
    for _ in range(MOST_ROUNDS):  # again where a correction turned out to be wholly rejected
        if snapshot is None:
            break
        landed, kept = stages.landed_years(snapshot), stages.accepted_years(settings)
        for name in in_order(selected):
            years = sorted((landed.get(name, set()) | kept.get(name, set())) & chosen)
            for part in stages.accept_each(settings, ledger, name, years, snapshot):
                year = part.school_year
                done[name, year] = part
                if part.worked:
                    context.log.info(
                        f"{name} {year}: прочитано {part.rows_read}, принято {part.rows_accepted}, "
                        f"отклонено {part.rows_rejected}",
                        extra={
                            "contract": name,
                            "school_year": year,
                            "rows_read": part.rows_read,
                            "rows_accepted": part.rows_accepted,
                            "rows_rejected": part.rows_rejected,
                        },
                    )
        snapshot = stages.resettled(settings, ledger)
    for name in in_order(selected):
        parts = [part for (contract, _), part in done.items() if contract == name]
        read, accepted = sum(p.rows_read for p in parts), sum(p.rows_accepted for p in parts)
        rejected = sum(p.rows_rejected for p in parts)
        figures = {"rows_read": read, "dagster/row_count": accepted, "rows_rejected": rejected}
        if accepted_key(name) in context.selected_asset_keys:
            preview = stages.preview(settings, name, sorted(p.school_year for p in parts))
            yield dg.MaterializeResult(
                asset_key=accepted_key(name),
                metadata={
                    **figures,
                    "peak_memory_mb": peak_memory_mb(),
                    "preview": dg.MetadataValue.md(preview),
                    "years": [p.school_year for p in parts],
                },
            )
            yield dg.AssetCheckResult(
                asset_key=accepted_key(name),
                check_name="pandera",
                passed=rejected <= REJECTED_SHARE * read,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={**figures, "rules": dg.MetadataValue.md(stages.rule_table(ledger, name, chosen))},
            )
            yield dg.AssetCheckResult(
                asset_key=accepted_key(name),
                check_name="row_conservation",
                passed=all(p.conserved for p in parts),
                metadata=figures,
            )
        if name == "student_results" and ITEMS_KEY in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=ITEMS_KEY)


@dg.asset(
    key=LEDGER,
    deps=[accepted_key(name) for name in CONTRACTS],
    group_name="c_accepted",
    kinds={"parquet"},
    description="Submissions, readings and counts of rules, as SQL sees them.",
)
def ledger_tables(uroven: UrovenResource) -> dg.MaterializeResult:
    from pipelines.intake import stages  # noqa: PLC0415

    return counted(stages.export_ledger(uroven.settings(), uroven.ledger()))


@dg.asset(
    key=RETURNED,
    deps=[LEDGER],
    group_name="d_returned",
    kinds={"excel"},
    description="Each sender's own workbook with its faults marked and explained in Russian.",
)
def returned_workbooks(context: dg.AssetExecutionContext, uroven: UrovenResource) -> dg.MaterializeResult:
    from pipelines.intake import stages  # noqa: PLC0415
    from pipelines.logs import peak_memory_mb  # noqa: PLC0415

    written = stages.return_workbooks(
        uroven.settings(), uroven.ledger(), lambda path, n: context.log.info(f"{path}: замечаний {n}")
    )
    return dg.MaterializeResult(
        metadata={"written_n": len(written), "written": written[:50], "peak_memory_mb": peak_memory_mb()}
    )
