"""Settings, from the environment and nowhere else (prefix ``UROVEN_``), in one frozen object."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = ROOT / "dbt_project"


class Settings(BaseSettings):
    """Where things lie and what a run may cost. Paths may be relative to the working directory."""

    model_config = SettingsConfigDict(env_prefix="UROVEN_", frozen=True, extra="ignore")

    home: Path = Path("data")
    inbox: Path | None = None
    secret_file: Path | None = None
    ledger_url: str | None = None
    publish_url: str | None = None
    region: str = "region"
    workers: int = min(4, os.cpu_count() or 1)
    memory_limit: str = "4GB"
    file_seconds: int = 300
    file_bytes: int = 200_000_000
    unpacked_bytes: int = 2_000_000_000
    cells: int = 60_000_000

    @property
    def inbox_path(self) -> Path:
        return (self.inbox or self.home / "inbox").resolve()

    @property
    def vault(self) -> Path:
        return self.home.resolve() / "vault"

    @property
    def lake(self) -> Path:
        return self.home.resolve() / "lake"

    @property
    def build(self) -> Path:
        return self.home.resolve() / "build"

    @property
    def warehouse(self) -> Path:
        return self.build / "warehouse.duckdb"

    @property
    def dbt_target(self) -> Path:
        """dbt's own files: each home has its own, so that runs over several homes don't meet in them."""
        return self.home.resolve() / "dbt"

    @property
    def manifest(self) -> Path:
        return self.dbt_target / "manifest.json"

    @property
    def returned(self) -> Path:
        return self.home.resolve() / "returned"

    @property
    def releases(self) -> Path:
        return self.home.resolve() / "releases"

    @property
    def current(self) -> Path:
        return self.home.resolve() / "current"

    @property
    def database_url(self) -> str:
        """The ledger's SQLAlchemy URL."""
        return self.ledger_url or f"sqlite:///{self.home.resolve() / 'ledger.sqlite'}"

    def secret(self) -> bytes:
        """The key of the persons' hashes; made once, mode 0600, where no file is configured.

        Raises FileNotFoundError when a configured file does not exist: a new key would break every
        student's thread through the years.
        """
        path = self.secret_file or self.home.resolve() / "secret"
        if not path.exists():
            if self.secret_file:
                raise FileNotFoundError(f"UROVEN_SECRET_FILE={path} does not exist")
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as f:
                f.write(secrets.token_hex(32))
        return path.read_bytes().strip()
