"""The release: what readers get."""

from functools import partial

import dagster as dg

from pipelines.assets.accepted import RETURNED
from pipelines.assets.warehouse import POOL, TRANSLATOR, read_manifest
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
        description="A frozen, versioned directory: the warehouse, Parquet, and the link `current`.",
    )
    def release(context: dg.AssetExecutionContext, uroven: UrovenResource) -> dg.MaterializeResult:
        from pipelines import calendar  # noqa: PLC0415
        from pipelines.inputs import release_inputs  # noqa: PLC0415
        from pipelines.docs import release_texts  # noqa: PLC0415
        from pipelines.logs import peak_memory_mb  # noqa: PLC0415
        from pipelines.release import publish as p  # noqa: PLC0415
        from pipelines.release.contents import complete  # noqa: PLC0415
        from pipelines.release.postgres import publish_postgres  # noqa: PLC0415

        settings = uroven.settings()
        inputs = release_inputs(settings, uroven.ledger(), calendar.written(settings))
        tables = published_tables(read_manifest())
        made, counts = p.publish(
            settings.warehouse,
            settings.releases,
            settings.current,
            tables,
            inputs=inputs.input_hash,
            code_version=inputs.code_version,
        )
        context.log.info(f"release {made.release_id}: {sum(counts.values())} rows in {len(counts)} tables")
        return dg.MaterializeResult(
            metadata={
                "release_id": made.release_id,
                "path": dg.MetadataValue.path(str(settings.current / p.DATABASE)),
                "input_hash": made.input_hash,
                "rows": dg.MetadataValue.json(counts),
                "peak_memory_mb": peak_memory_mb(),
            }
        )

    return release
