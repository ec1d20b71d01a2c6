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


def test_dagster_keeps_its_connections_while_a_run_goes_on(tmp_path: Path) -> None:
    own = sqlite_event_log.create_engine
    with headless.kept_connections() as engines:
        storage = sqlite_event_log.SqliteEventLogStorage(str(tmp_path))
        assert storage.has_table("event_logs") and not storage.has_table("no_such_table")
        with storage.index_connection() as one:
            pass
        with storage.index_connection() as other:
            assert one.engine is other.engine
            assert other.exec_driver_sql("pragma synchronous").scalar() == 1
        assert len(engines) == 1 and (tmp_path / "index.db-wal").exists(), "no connection was kept"
    assert sqlite_event_log.create_engine is own
    assert not (tmp_path / "index.db-wal").exists(), "a connection was left open"
