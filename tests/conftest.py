"""Shared fixtures: the real files, where they are, and one finished run over the sample region."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import ROOT


@dataclass(frozen=True)
class Home:
    """A home after ``uroven run``, and what the command printed."""

    path: Path
    output: str
    code: int

    @property
    def warehouse(self) -> Path:
        return self.path / "current" / "warehouse.duckdb"


def uroven(*arguments: str, home: Path, check: int | None = 0) -> Home:
    """Run the command as its user would, in a process of its own."""
    command = [str(Path(sys.executable).with_name("uroven")), *arguments, "--home", str(home)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("UROVEN_", "DAGSTER_"))}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=ROOT)
    if check is not None:
        assert done.returncode == check, done.stdout[-3000:] + done.stderr[-3000:]
    return Home(home, done.stdout, done.returncode)


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The release of the committed sample region."""
    home = tmp_path_factory.mktemp("sample")
    return uroven("run", "--inbox", str(ROOT / "raw_samples"), home=home)


@pytest.fixture(scope="session")
def sample(sample_home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The released warehouse of the sample region, read only."""
    with duckdb.connect(str(sample_home.warehouse), read_only=True) as db:
        yield db


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files; tests that need it skip without it."""
    folder = os.environ.get("UROVEN_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("UROVEN_REAL_DATA names no folder of real files")
    return Path(folder)


@pytest.fixture(scope="session")
def region_home(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The release of the real region's files."""
    home = tmp_path_factory.mktemp("region")
    return uroven("run", "--inbox", str(real_data / "region"), home=home)


@pytest.fixture(scope="session")
def region(region_home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(region_home.warehouse), read_only=True) as db:
        yield db
