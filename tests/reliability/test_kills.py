"""A run killed inside its steps and started again, on an empty machine too, gives the undisturbed release."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pipelines.settings import ROOT
from tests.conftest import Home

from .torture import Kill, aftermath, began, finish, killed, start


def restored(home: Path, machine: Path) -> Path:
    """The home's backup, restored on a machine that has nothing."""
    deploy, target = ROOT / "deploy", machine / "home"
    backup = [str(deploy / "backup.sh"), str(home), str(home / "secret"), str(machine / "backups")]
    made = subprocess.run(backup, capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run([str(deploy / "restore.sh"), made, str(target), str(target / "secret")], check=True)
    return target


def test_a_restored_home_makes_the_same_release_whatever_is_killed(sample_home: Home, tmp_path: Path) -> None:
    inbox, home = tmp_path / "inbox", restored(sample_home.path, tmp_path)
    inbox.mkdir()
    assert sorted((home / "releases").iterdir()) == [home / (home / "current").readlink()]
    # the release that was unpacked proves nothing: it is made anew
    (home / "releases").rename(tmp_path / "unpacked")
    (home / "current").unlink()
    for kill in (Kill("accept", 0.5), Kill("warehouse_before_scales", 1)):
        assert killed(inbox, home, kill)
    first = start(inbox, home)
    assert began(first.stdout, None)
    second = start(inbox, home)
    (_, _), (said, _) = first.communicate(), second.communicate()
    assert (first.returncode, second.returncode) == (0, 0)
    assert f"уже идёт другой прогон (процесс {first.pid}" in said and "Ничего нового" in said
    assert aftermath(sample_home.path, home) == []
    assert finish(inbox, home) == []
