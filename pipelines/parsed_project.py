"""The dbt project, parsed once for all homes of this checkout.

A parse takes seconds and says the same for each home but where its lake lies. So it is kept in
``dbt_project/target/`` for the code it was made of, and each home puts its own lake in.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import threading
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pipelines import files
from pipelines.collector import loading
from pipelines.settings import DBT_PROJECT

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

#: Stands for the lake of any home in the parse that is kept.
ANY_LAKE = "/lake-of-this-home"
#: Whose change may change what a parse says.
_PACKAGES = ("dbt-core", "dbt-adapters", "dbt-common", "dbt-duckdb")
#: Parsed projects of this process, by their lakes. One thread loads them, others wait for it.
_PARSED: dict[Path, Manifest] = {}
_LOADING = threading.Lock()


@cache
def project_version(project: Path) -> str:
    """A hash of the project's own files, as this process found them first."""
    from pipelines.release.publish import project_hash  # noqa: PLC0415

    return project_hash(project)


def common_flags(target: Path) -> list[str]:
    """Where dbt finds the project and writes; its events are handed on, so it keeps no log of its own."""
    return [
        "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
        "--target-path", str(target), "--log-path", str(target),
        "--log-level", "none", "--log-level-file", "none", "--no-use-colors",
    ]  # fmt: skip


def parsed_project(lake: Path) -> Manifest:
    """The project as parsed for a home whose lake is this. One object a lake: who changes it restores it.

    Raises RuntimeError with dbt's own message where the project can't be parsed.
    """
    with _LOADING:
        if lake not in _PARSED:
            with loading():
                _PARSED[lake] = _of(pickle.loads(_parsed()[0]), str(lake))
        return _PARSED[lake]


def write_manifest(lake: Path, path: Path) -> None:
    """dbt's ``manifest.json`` of a home, for Dagster's graph and the documentation; raises as the parse."""
    text = _parsed()[1].replace(ANY_LAKE, json.dumps(str(lake))[1:-1])
    files.write_text(path, text)


def _parsed() -> tuple[bytes, str]:
    """The fields of the manifest as parsed for ``ANY_LAKE``, pickled, and its ``manifest.json``.

    Its fields and not itself: how dbt 1.11 pickles a manifest, the fields come back in one another's places.
    """
    from pipelines.release.publish import input_hash  # noqa: PLC0415

    packages = [f"{name} {version(name)}" for name in _PACKAGES]
    made_of = input_hash([project_version(DBT_PROJECT), files.digest([Path(__file__)]), *packages])
    kept = DBT_PROJECT / "target" / f"parsed-{made_of[:16]}.pickle"
    try:
        # no less trusted than the code beside it: who can write the one can write the other
        return pickle.loads(kept.read_bytes())  # type: ignore[no-any-return]
    except Exception:  # not there, or damaged: of damage pickle raises what it likes
        parsed = _parse()
    with suppress(OSError):  # a checkout that can't be written is parsed each time
        for other in kept.parent.glob("parsed-*.pickle"):
            other.unlink(missing_ok=True)
        with files.whole(kept) as partial:
            partial.write_bytes(pickle.dumps(parsed))
    return parsed


def _parse() -> tuple[bytes, str]:
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    before = os.environ.get("UROVEN_LAKE")
    os.environ["UROVEN_LAKE"] = ANY_LAKE
    try:
        with TemporaryDirectory() as target:
            result = dbtRunner().invoke(["parse", *common_flags(Path(target))])
            if not result.success:
                raise RuntimeError(f"dbt parse failed: {result.exception}")
            manifest: Any = result.result
            # those with an underscore are lookups, made anew when first asked for
            public = [f.name for f in dataclasses.fields(manifest) if not f.name.startswith("_")]
            text = (Path(target) / "manifest.json").read_text(encoding="utf-8")
            return pickle.dumps({name: getattr(manifest, name) for name in public}), text
    finally:
        if before is None:
            del os.environ["UROVEN_LAKE"]
        else:
            os.environ["UROVEN_LAKE"] = before


def _of(parsed: dict[str, Any], lake: str) -> Manifest:
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415

    def here(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: here(v) for k, v in value.items()}
        return value.replace(ANY_LAKE, lake) if isinstance(value, str) else value

    manifest = Manifest(**parsed)
    for source in manifest.sources.values():
        source.meta, source.config.meta = here(source.meta), here(source.config.meta)
        source.unrendered_config = here(source.unrendered_config)
        source.relation_name = here(source.relation_name)
    manifest.build_flat_graph()
    return manifest
