"""The dbt project as assets, in parts with Python steps between. Only they write the build database."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from pipelines import ahead
from pipelines.assets.accepted import ITEMS_KEY, LEDGER
from pipelines.resources import DbtInProcess, UrovenResource
from pipelines.settings import Settings

#: One writer of the build database at a time.
POOL = "duckdb_write"
#: The parts of the dbt project by their tags, in the order of the flow.
PARTS = ("before_scales", "after_scales", "after_context", "after_programme")
RESULTS = dg.AssetKey(["warehouse", ahead.RESULTS])
_GROUPS = {
    "staging": "e_staging",
    "intermediate": "f_intermediate",
    "scales": "f_scales",
    "context": "g_programme",
    "exams": "g_programme",
    "identification": "g_programme",
    "programme": "g_programme",
    "pairing": "g_programme",
    "marts": "h_marts",
}


class Translator(DagsterDbtTranslator):
    """dbt models under ``warehouse/NAME``; sources are the accepted tables; groups follow the flow."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        name = dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] != "source":
            return dg.AssetKey(["warehouse", name])
        key = dbt_resource_props.get("meta", {}).get("dagster", {}).get("asset_key")
        if key:
            return dg.AssetKey(key)
        if dbt_resource_props["source_name"] == "accepted" or name == ITEMS_KEY.path[-1]:
            return dg.AssetKey(["accepted", name])
        return LEDGER

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        folder = dbt_resource_props.get("fqn", ["", ""])[1]
        return _GROUPS.get(folder, "e_seeds")


TRANSLATOR = Translator(
    settings=DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_duplicate_source_asset_keys=True)
)


def read_manifest() -> dict[str, Any]:
    """The parsed dbt project of the home that the environment names.

    Raises FileNotFoundError, with what to do, where the project was not parsed yet.
    """
    path = Settings().manifest
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run `uroven parse` (as `make env` does) for this home")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def warehouse_assets() -> list[dg.AssetsDefinition]:
    """The dbt assets by the parsed manifest."""
    manifest = read_manifest()

    def part(name: str, select: str, exclude: str | None = None) -> dg.AssetsDefinition:
        @dbt_assets(
            manifest=manifest,
            select=select,
            exclude=exclude,
            name=name,
            dagster_dbt_translator=TRANSLATOR,
            pool=POOL,
        )
        def build(
            context: dg.AssetExecutionContext, uroven: UrovenResource, dbt: DbtInProcess
        ) -> Iterator[Any]:
            settings = uroven.settings()
            ahead.load_gate()
            yield from dbt.build(context, settings, manifest, TRANSLATOR)
            if RESULTS in context.selected_asset_keys:
                ahead.begin(settings.warehouse, settings.workers)

        return build

    tags = {tag for node in manifest["nodes"].values() for tag in node.get("tags", [])}
    return [part(f"warehouse_{name}", f"tag:{name}") for name in PARTS if name in tags]
