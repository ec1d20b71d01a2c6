"""A run killed inside its steps and started again gives the release that nothing disturbed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipelines.settings import ROOT
from pipelines.synthetic import write_region

from .torture import Kill, difference, finish, survive


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed") / "inbox"
    write_region(folder, schools=12, years=[2023])
    return folder


@pytest.fixture(scope="module")
def undisturbed(inbox: Path) -> Path:
    home = inbox.parent / "undisturbed"
    finish(inbox, home)
    return home


def test_kills_in_validation_and_in_sql_lose_nothing(inbox: Path, undisturbed: Path, tmp_path: Path) -> None:
    kills = [Kill("accept", 0.5), Kill("warehouse_before_scales", 1)]
    assert survive(inbox, undisturbed, tmp_path / "home", kills) == []


def test_a_run_with_nothing_new_begins_no_step(inbox: Path, undisturbed: Path) -> None:
    releases = sorted(p.name for p in (undisturbed / "releases").iterdir())
    assert finish(inbox, undisturbed) == []
    assert sorted(p.name for p in (undisturbed / "releases").iterdir()) == releases


def test_a_backup_restored_on_an_empty_machine_gives_the_same_release(
    inbox: Path, undisturbed: Path, tmp_path: Path
) -> None:
    home, empty_inbox = tmp_path / "restored", tmp_path / "inbox"
    empty_inbox.mkdir()
    deploy, secret = ROOT / "deploy", undisturbed / "secret"
    made = subprocess.run(
        [str(deploy / "backup.sh"), str(undisturbed), str(secret), str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    restore = [str(deploy / "restore.sh"), made.stdout.strip(), str(home), str(home / "secret")]
    subprocess.run(restore, check=True)
    before = sorted(p.name for p in (undisturbed / "releases").iterdir())
    assert finish(empty_inbox, home)
    assert difference(undisturbed, home) == []
    assert sorted(p.name for p in (home / "releases").iterdir()) == before
