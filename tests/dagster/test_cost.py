"""What keeps a run cheap does not change what it does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from dagster._core.storage.event_log.sqlite import sqlite_event_log

from pipelines import headless, resources
from pipelines.settings import Settings


def test_the_nodes_of_a_step_have_its_tag_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, names = Settings(home=tmp_path), {"dim_school", "unique_dim_school"}
    nodes = {name: SimpleNamespace(name=name, tags=["own"]) for name in (*names, "dim_item")}
    monkeypatch.setattr(resources, "parsed_project", lambda _: SimpleNamespace(nodes=nodes))

    def tagged() -> set[str]:
        return {name for name, node in nodes.items() if f"tag:{node.tags[-1]}" in chosen}

    with pytest.raises(RuntimeError), resources.selection(names, settings) as chosen:
        assert tagged() == names
        raise RuntimeError
    assert not tagged() and all(node.tags == ["own"] for node in nodes.values())


def test_dagster_keeps_one_engine_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("event_log.sqlite.sqlite_event_log", "runs.sqlite.sqlite_run_storage"):
        path = f"dagster._core.storage.{module}.create_engine"
        monkeypatch.setattr(path, sqlite_event_log.create_engine)
    monkeypatch.setattr(headless, "_ENGINES", {})
    headless.keep_engines()
    storage = sqlite_event_log.SqliteEventLogStorage(str(tmp_path))
    assert storage.has_table("event_logs") and not storage.has_table("no_such_table")
    with storage.index_connection() as one:
        pass
    with storage.index_connection() as other:
        assert one.engine is other.engine
    assert len(headless._ENGINES) == 1
