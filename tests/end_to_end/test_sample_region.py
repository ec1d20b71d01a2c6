"""The sample region from the inbox to the release, as its users see it."""

from __future__ import annotations

import gzip
import html
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import openpyxl

from pipelines.settings import ROOT
from tests.conftest import Home, uroven


def test_the_run_prints_what_was_read_rejected_and_published(sample_home: Home) -> None:
    for word in ("Прочитано и отклонено", "student_results", "Опубликовано таблиц", "warehouse.duckdb"):
        assert word in sample_home.output


def test_every_file_of_the_inbox_is_in_the_release(sample: duckdb.DuckDBPyConnection) -> None:
    inbox = ROOT / "raw_samples"
    sent = {p.relative_to(inbox).as_posix() for p in inbox.rglob("*") if p.is_file()}
    known = {r[0] for r in sample.execute("select distinct file_name from dq_submission").fetchall()}
    assert known == sent


def test_rows_read_are_rows_accepted_and_rejected(sample: duckdb.DuckDBPyConnection) -> None:
    lost = sample.execute("from dq_submission where rows_read != rows_accepted + rows_rejected").fetchall()
    assert lost == []


def test_rejected_files_say_why(sample: duckdb.DuckDBPyConnection) -> None:
    silent = "from dq_submission where verdict in ('rejected', 'duplicate') and coalesce(reason, '') = ''"
    assert sample.execute(silent).fetchall() == []


def test_every_table_and_column_is_described(sample: duckdb.DuckDBPyConnection) -> None:
    tables = "select table_name from duckdb_tables() where coalesce(comment, '') = ''"
    columns = """select table_name, column_name from duckdb_columns()
                 where not internal and schema_name = 'main' and coalesce(comment, '') = ''"""
    assert sample.execute(tables).fetchall() == []
    assert sample.execute(columns).fetchall() == []


def test_no_student_stands_in_the_release(sample: duckdb.DuckDBPyConnection) -> None:
    found = sample.execute(
        "select table_name from duckdb_columns() where not internal and column_name like '%student_key%'"
    ).fetchall()
    assert found == []


def test_senders_get_their_workbooks_back_in_a_private_folder(sample_home: Home) -> None:
    returned = sample_home.path / "returned"
    assert stat.S_IMODE(returned.stat().st_mode) == 0o700
    workbooks = sorted(returned.rglob("*.xlsx"))
    assert workbooks
    for path in workbooks:
        assert openpyxl.load_workbook(path, read_only=True).sheetnames[0] == "Ошибки"


def test_a_rerun_makes_no_new_release_and_strict_tells_of_rejected_rows(sample_home: Home) -> None:
    before = sorted(p.name for p in (sample_home.path / "releases").iterdir())
    inbox = str(ROOT / "raw_samples")
    again = uroven("run", "--inbox", inbox, "--strict", "--quiet", home=sample_home.path, check=None)
    assert again.code == 2
    assert sorted(p.name for p in (sample_home.path / "releases").iterdir()) == before


def test_without_an_inbox_nothing_is_released(tmp_path: Path) -> None:
    done = uroven("run", "--inbox", str(tmp_path / "nowhere"), home=tmp_path / "home", check=1)
    assert "UROVEN_INBOX" in done.output
    assert not (tmp_path / "home" / "current").exists()


def test_no_planted_name_stands_outside_the_vault_and_the_returned_workbooks(
    sample_home: Home, tmp_path: Path
) -> None:
    """Names and documents of the sample's exam protocols, looked for in every byte of the home."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    from pipelines.synthetic import write_region  # noqa: PLC0415

    write_region(tmp_path / "inbox", truth=tmp_path / "truth")
    persons = pq.read_table(tmp_path / "truth" / "persons.parquet").to_pylist()
    words = {p["surname"] for p in persons if p["surname"]}
    words |= {f"{p['series']} {p['number']}" for p in persons if p["number"]}
    names = {w for w in words if len(w) >= 6}
    assert names
    looks_like_one = re.compile(r"[А-ЯЁа-яё-]{6,}|\d{4} \d{6}")
    with duckdb.connect() as db:
        for path in sample_home.path.rglob("*"):
            inside = path.relative_to(sample_home.path).parts
            if path.is_file() and inside[0] not in ("vault", "returned"):
                for table in _readable(path, db):
                    assert not names.intersection(looks_like_one.findall(table.decode(errors="ignore"))), path


def _readable(path: Path, db: duckdb.DuckDBPyConnection) -> Iterator[bytes]:
    """What a file says, unpacked: the rows of Parquet and DuckDB, the parts of archives, else its bytes."""
    if path.suffix in (".parquet", ".duckdb"):
        tables = [f"read_parquet('{path}')"]
        if path.suffix == ".duckdb":
            db.execute(f"attach or replace '{path}' as kept (read_only)")
            names = "select schema_name, table_name from duckdb_tables() where database_name = 'kept'"
            tables = [f'kept."{schema}"."{name}"' for schema, name in db.execute(names).fetchall()]
        for table in tables:
            yield "\n".join(map(str, db.execute(f"from {table}").fetchall())).encode()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield html.unescape(archive.read(name).decode("utf-8", "replace")).encode()
    else:
        data = path.read_bytes()
        yield gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def test_the_search_for_names_reads_packed_files(tmp_path: Path) -> None:
    name = "Скрытнова".encode()
    with duckdb.connect(str(tmp_path / "a.duckdb")) as db:
        db.execute("create table t as select 'Скрытнова' as v")
        db.execute("copy t to '" + str(tmp_path / "a.parquet") + "'")
    workbook = openpyxl.Workbook()
    workbook.worksheets[0]["A1"] = "Скрытнова"
    workbook.save(tmp_path / "a.xlsx")
    (tmp_path / "a.gz").write_bytes(gzip.compress(name))
    with duckdb.connect() as db:
        for path in tmp_path.iterdir():
            assert any(name in part for part in _readable(path, db)), path
