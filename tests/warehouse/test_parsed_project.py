"""The parse that all homes share says of each home what a parse for that home would."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines import parsed_project as shared


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project of which no parse is kept, in a process that has parsed none."""
    copy = tmp_path / "project"
    shutil.copytree(shared.DBT_PROJECT, copy, ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr(shared, "DBT_PROJECT", copy)
    monkeypatch.setattr(shared, "_PARSED", {})
    return copy


def _differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two manifests differ otherwise than two parses of the same project do."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = (one.keys() | other.keys()) - {"metadata", "created_at"}
        return [d for k in keys for d in _differences(one.get(k), other.get(k), f"{where}/{k}")]
    if where.endswith(("/sources", "/depends_on/nodes")):  # dbt keeps what a model reads in a set
        one, other = sorted(one or []), sorted(other or [])
    return [] if one == other else [where]


def test_a_home_gets_what_its_own_parse_would_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = tmp_path / "its own озеро"
    shared.write_manifest(lake, tmp_path / "manifest.json")
    made = shared.parsed_project(lake)
    # a parse for this lake and no other
    monkeypatch.setattr(shared, "ANY_LAKE", str(lake))
    pickled, text = shared._parse()
    own = pickle.loads(pickled)
    ours = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert _differences(ours, json.loads(text)) == []
    assert all(str(lake) in str(source["relation_name"]) for source in ours["sources"].values())
    for key, source in own["sources"].items():
        assert made.sources[key].to_dict() | {"created_at": 0} == source.to_dict() | {"created_at": 0}


def test_a_parse_is_kept_for_its_code_and_no_other(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def parse() -> tuple[bytes, str]:
        made.append("parsed")
        return b"", str(len(made))

    monkeypatch.setattr(shared, "_parse", parse)
    assert [shared._parsed()[1], shared._parsed()[1]] == ["1", "1"]
    (kept,) = (project / "target").iterdir()
    kept.write_bytes(kept.read_bytes()[:-3])
    assert [shared._parsed()[1], shared._parsed()[1]] == ["2", "2"], "a damaged one is made anew"
    with (project / "seeds" / "assessment_rule.csv").open("a") as seed:
        seed.write("\n")
    shared.project_version.cache_clear()  # as another process finds it
    assert [shared._parsed()[1], shared._parsed()[1]] == ["3", "3"]
    assert not kept.exists(), "that of the earlier code is not kept for ever"
    shutil.rmtree(project / "target")
    (project / "target").write_text("no folder")
    assert [shared._parsed()[1], shared._parsed()[1]] == ["4", "5"], "what can't be kept is parsed each time"
