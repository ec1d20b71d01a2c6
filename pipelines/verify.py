"""``uroven verify``: a release is made again from the vault in a home of its own, and compared by table."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from pipelines.release.publish import DATABASE
from pipelines.settings import Settings

#: Made anew with each release; all else must be the same.
OWN = ("meta_release", "dq_gate_result")


def rebuild(settings: Settings, home: Path) -> Path:
    """Run everything again in ``home``: the vault's files with their ledger, the persons' key, frozen scales.

    Returns the directory of the release made. Raises RuntimeError, with the end of the run's output, when the
    run fails.
    """
    home.mkdir(parents=True, exist_ok=True)
    shutil.copytree(settings.vault, home / "vault", symlinks=True)
    if not settings.ledger_url:
        shutil.copyfile(settings.home.resolve() / "ledger.sqlite", home / "ledger.sqlite")
    (home / "secret").write_bytes(settings.secret())
    (home / "secret").chmod(0o600)
    reference = settings.lake / "scales" / "reference"
    if reference.exists():
        shutil.copytree(reference, home / "lake" / "scales" / "reference")
    (home / "inbox").mkdir()
    environment = {
        **os.environ,
        "UROVEN_HOME": str(home),
        "UROVEN_INBOX": str(home / "inbox"),
        "UROVEN_SECRET_FILE": str(home / "secret"),
    }
    environment.pop("UROVEN_PUBLISH_URL", None)  # a rebuild is nobody's release
    command = [str(Path(sys.executable).with_name("uroven")), "run", "--home", str(home), "--inbox",
               str(home / "inbox"), "--quiet"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return (home / "current").resolve()


def compare(one: Path, other: Path) -> dict[str, int]:
    """Rows that stand in one release and not in the other, by table; nothing where a table is the same.

    A table that only one of them has counts all its rows.
    """
    out = {}
    with duckdb.connect() as db:
        db.execute(f"attach '{one / DATABASE}' as one (read_only)")
        db.execute(f"attach '{other / DATABASE}' as other (read_only)")
        tables: dict[str, set[str]] = {
            c: {r[0] for r in db.execute(
                "select table_name from duckdb_tables() where database_name = ? and schema_name = 'main'", [c]
            ).fetchall()}
            for c in ("one", "other")
        }  # fmt: skip
        for table in sorted((tables["one"] | tables["other"]) - set(OWN)):
            if table in tables["one"] and table in tables["other"]:
                sides = f'(from one.main."{table}" {{}} from other.main."{table}")'
                sql = f"select count(*) from ({sides.format('except all')} union all {_turned(table)})"  # noqa: S608
            else:
                where = "one" if table in tables["one"] else "other"
                sql = f'select count(*) from {where}.main."{table}"'  # noqa: S608
            n = (db.execute(sql).fetchone() or (0,))[0]
            if n:
                out[table] = n
    return out


def _turned(table: str) -> str:
    return f'(from other.main."{table}" except all from one.main."{table}")'


def verify(settings: Settings, release_id: str | None) -> dict[str, int]:
    """Rebuild and compare with the named release, or the current one.

    Raises FileNotFoundError when there is no such release, RuntimeError when the run fails.
    """
    release = settings.releases / release_id if release_id else settings.current.resolve()
    if not (release / DATABASE).exists():
        raise FileNotFoundError(f"нет выпуска {release.name}")
    with tempfile.TemporaryDirectory(prefix="verify-", dir=settings.home.resolve()) as folder:
        return compare(release, rebuild(settings, Path(folder) / "home"))
