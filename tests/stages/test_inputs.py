"""What a release depends on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines import inputs
from pipelines.intake.vault import open_ledger
from pipelines.settings import ROOT, Settings


def test_a_change_of_the_programme_steps_is_a_new_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("programme", "programme_steps"):
        shutil.copytree(ROOT / "pipelines" / folder, tmp_path / "pipelines" / folder)
    monkeypatch.setattr(inputs, "ROOT", tmp_path)
    settings = Settings(home=tmp_path / "home")
    ledger = open_ledger(settings)
    expected = pa.table({"unit_id": ["a"]})

    def found() -> str:
        return inputs.release_inputs(settings, ledger, expected).input_hash

    before = found()
    assert found() == before
    with (tmp_path / "pipelines" / "programme" / "pairing.py").open("a") as code:
        code.write("# other\n")
    assert found() != before
