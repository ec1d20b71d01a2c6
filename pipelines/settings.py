"""Settings, from the environment and nowhere else (prefix ``UROVEN_``), in one frozen object."""

from __future__ import annotations

import base64
import datetime as dt
import os
import secrets
from pathlib import Path
from typing import Any

from pydantic import SecretStr
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
    release_reason: str = ""  # why a new release is made, where the versions of files and rules don't tell
    accept_jumps: str = ""  # why jumps against the current release are right: words kept in the release
    #: The region's calendar file, and the day it is (for tests, and to make a release of that day again).
    calendar: Path | None = None
    today: dt.date | None = None
    #: How long a run waits for another one over the same home, seconds.
    lock_seconds: float = 3600
    #: Where failures and missing submissions are told of, beside the log; nowhere by default.
    webhook_url: SecretStr | None = None
    mail_to: str = ""
    mail_from: str = "uroven@localhost"
    smtp_host: str = "localhost"
    smtp_port: int = 25
    smtp_starttls: bool = False
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    #: A release older than this many days while submissions were due fails its freshness check.
    fresh_days: int = 3
    #: A release of more schools than this has no page for each of them (a country's: hours of pages).
    school_pages: int = 3000
    workers: int = min(4, os.cpu_count() or 1)
    #: Memory of DuckDB in the steps from the accepted rows to the marts. What doesn't fit spills to a folder,
    #: beside the build database by default, that may grow so large.
    memory_limit: str = "4GB"
    spill: Path | None = None
    spill_limit: str = "100TB"
    file_seconds: int = 300
    file_bytes: int = 200_000_000
    unpacked_bytes: int = 2_000_000_000
    unpacked_ratio: float = 250.0
    cells: int = 60_000_000
    columns: int = 2_000
    #: Address space of a process that reads a file, bytes.
    file_memory: int = 4_000_000_000
    #: Marked workbooks hold what their senders wrote, names too: they are kept no longer than this.
    returned_days: int = 90
    #: 32 bytes in base64: files are encrypted in the vault (the text itself, or a file that holds it).
    vault_key: SecretStr | None = None
    vault_key_file: Path | None = None

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
    def logs(self) -> Path:
        return self.home.resolve() / "logs"

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

    def vault_secret(self) -> bytes | None:
        """The key that files in the vault are encrypted with; None where they are kept as they came.

        Raises ValueError for a key that is not 32 bytes in base64, FileNotFoundError for a lost key file.
        """
        text = self.vault_key.get_secret_value() if self.vault_key else None
        if text is None and self.vault_key_file:
            text = self.vault_key_file.read_text()
        if text is None:
            return None
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ValueError("UROVEN_VAULT_KEY is no key of 32 bytes in base64 (`openssl rand -base64 32`)")
        return key


def duckdb_config(database: Path) -> dict[str, Any]:
    """How a step opens a build database: what the environment allows of memory, and where the rest spills."""
    settings = Settings()
    return {
        "memory_limit": settings.memory_limit,
        "temp_directory": str((settings.spill or database.parent / "spill").resolve()),
        "max_temp_directory_size": settings.spill_limit,
    }
