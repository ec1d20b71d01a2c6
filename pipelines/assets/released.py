"""The release: what readers get."""

from functools import partial

import dagster as dg

from pipelines.assets.accepted import RETURNED
from pipelines.assets.warehouse import POOL, TRANSLATOR, read_manifest
from pipelines.checks import release_checks
from pipelines.resources import UrovenResource


def published_tables(manifest: dict) -> list[str]:
    """The marts that are published: all but those whose meta says otherwise."""
    out = []
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["fqn"][1] == "marts":
            meta = {**node.get("meta", {}), **node.get("config", {}).get("meta", {})}
            if meta.get("publish", True):
                out.append(node["name"])
    return sorted(out)


def mart_keys() -> list[dg.AssetKey]:
    manifest = read_manifest()
    marts = [
        n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["fqn"][1] == "marts"
    ]
    return sorted(TRANSLATOR.get_asset_key(n) for n in marts)


def release_asset() -> dg.AssetsDefinition:
    """The release asset, downstream of every mart; the senders' workbooks come first."""

    @dg.asset(
        key=["release", "current"],
        deps=[*mart_keys(), RETURNED],
        group_name="i_release",
        kinds={"duckdb", "parquet"},
        pool=POOL,
        check_specs=release_checks(),
        description="A frozen, versioned directory: the warehouse, Parquet, and the link `current`.",
    )
    def release(context: dg.AssetExecutionContext, uroven: UrovenResource) -> dg.MaterializeResult:
        from pipelines import calendar  # noqa: PLC0415
        from pipelines.docs import release_texts  # noqa: PLC0415
        from pipelines.inputs import release_inputs  # noqa: PLC0415
        from pipelines.logs import peak_memory_mb  # noqa: PLC0415
        from pipelines.release import publish as p  # noqa: PLC0415
        from pipelines.release.contents import complete  # noqa: PLC0415
        from pipelines.release.make import Stopped, make_release  # noqa: PLC0415
        from pipelines.release.postgres import publish_postgres  # noqa: PLC0415

        settings = uroven.settings()
        inputs = release_inputs(settings, uroven.ledger(), calendar.written(settings))
        manifest = read_manifest()
        tables = published_tables(manifest)
        try:
            made = make_release(
                settings.warehouse,
                settings.releases,
                settings.current,
                tables,
                inputs=inputs.input_hash,
                code_version=inputs.code_version,
                region=settings.region,
                reason=settings.release_reason,
                accept_jumps=settings.accept_jumps,
                workers=settings.workers,
                complete=partial(
                    complete,
                    manifest=manifest,
                    texts=release_texts(),
                    school_pages=settings.school_pages,
                    workers=settings.workers,
                ),
            )
        except Stopped as stopped:
            raise dg.Failure(str(stopped)) from stopped
        if settings.publish_url:
            publish_postgres(settings.current / p.DATABASE, settings.publish_url)
        release_id, counts = made.release.release_id, made.rows
        context.log.info(f"release {release_id}: {sum(counts.values())} rows in {len(counts)} tables")
        for table in made.unruled:
            context.log.warning(f"{table} is not published: publication_rule.csv has no rule for it")
        return dg.MaterializeResult(
            metadata={
                "release_id": release_id,
                "path": dg.MetadataValue.path(str(settings.current / p.DATABASE)),
                "input_hash": made.release.input_hash,
                "rows": dg.MetadataValue.json(counts),
                "peak_memory_mb": peak_memory_mb(),
            },
            check_results=[
                dg.AssetCheckResult(passed=True, check_name="attack"),
                dg.AssetCheckResult(
                    passed=not made.warnings,
                    check_name="gate",
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"warnings": dg.MetadataValue.json(made.warnings)},
                ),
            ],
        )

    return release
