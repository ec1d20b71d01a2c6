"""Shared fixtures: the real files, where they are, and one finished run over the sample region."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from pipelines.settings import ROOT

#: What takes longest starts first, and what makes a home before what waits for it.
FIRST = (
    "end_to_end/test_sample_region.py",
    "end_to_end/test_real_region.py",
    "end_to_end/test_corrections.py",
    "context/test_published_data.py",
    "reliability/test_kills.py",
    "scaling/test_bad_input.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of ``FIRST``, then the others in the order of their folders."""
    order = {ROOT / "tests" / name: n for n, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


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


def build_only(inbox: Path, home: Path) -> Home:
    """The build database of an inbox, in a process of its own; no release of it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("UROVEN_", "DAGSTER_"))}
    environment |= {"UROVEN_INBOX": str(inbox), "UROVEN_HOME": str(home)}
    command = [sys.executable, "-m", "tests.build_only"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return Home(home, done.stdout, done.returncode)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Home]) -> Home:
    """A home that all processes of this test run share: the first that asks makes it, the others wait."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home, note = base / name, base / f"{name}.json"
    with FileLock(f"{note}.lock"):
        if not note.exists():
            home.mkdir()
            made = make(home)
            note.write_text(json.dumps({"output": made.output, "code": made.code}))
    return Home(home, **json.loads(note.read_text()))


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The release of the committed sample region."""
    inbox = str(ROOT / "raw_samples")
    return made_once(tmp_path_factory, "sample", lambda home: uroven("run", "--inbox", inbox, home=home))


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
    inbox = str(real_data / "region")
    return made_once(tmp_path_factory, "region", lambda home: uroven("run", "--inbox", inbox, home=home))


@pytest.fixture(scope="session")
def region(region_home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(region_home.warehouse), read_only=True) as db:
        yield db


@pytest.fixture(scope="session")
def published_build(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The build database of published data: keyed tests, a country's exam, schools with their context."""
    from tests.published_inbox import write_inbox  # noqa: PLC0415

    def make(home: Path) -> Home:
        return build_only(write_inbox(tmp_path_factory.mktemp("published") / "inbox", real_data), home)

    return made_once(tmp_path_factory, "published", make)
