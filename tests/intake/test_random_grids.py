"""Whatever stands in a file: nothing is raised, and no row is lost or counted twice."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.intake.grid import Sheet, UnreadableFile, read_grid
from pipelines.intake.layouts import canonical, layouts, recognise
from schemas import CONTRACTS
from tests.intake.intake_files import check

HEADERS = sorted(
    {s for c in CONTRACTS for f in canonical(c).columns.values() for s in f if "*" not in s}
    | {s for x in layouts() for s in x.header if not s.startswith("~")}
    | {"item:1 (2)", "item:2", "1 (2б)", "балл за 1", "a-1-grade"}
)
cells = st.one_of(
    st.sampled_from(
        ["", " ", "\u00a0", "X", "х", "не пройд.", "отсутствовал", "0", "1", "2,5", "-3", "1e9",
            "99999999999999999999",
         "#REF!", "=A1", "sch990001", "edu990001", "ВПР", "Математика", "2023", "2022/23", "05.03.2023",
             "да", "нет",
         "Итого", "+--2", "1(2)0(3)", "м", "input", "course", "leaders", "много"]
    ),
    st.text(max_size=6),
    st.integers(-5, 50).map(str),
)  # fmt: skip
#: Contracts whose headers a file may carry, so that rows come to be judged.
known = st.sampled_from(sorted(CONTRACTS)).map(
    lambda c: [*CONTRACTS[c].fields, *(["item:1 (2)", "item:2"] if CONTRACTS[c].has_items else [])]
)
headers = st.one_of(known, st.lists(st.sampled_from(HEADERS), min_size=1, max_size=12))
STATED = {"kind": "ВПР", "subject": "Математика", "grade": "4", "school_year": "2023", "school_id": "990001"}
quick = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@quick
@given(header=headers, data=st.data(), stated=st.booleans(), above=st.integers(0, 2))
def test_rows_read_are_accepted_or_rejected(
    header: list[str], data: st.DataObject, stated: bool, above: int
) -> None:
    body = data.draw(st.lists(st.lists(cells, max_size=len(header) + 2), max_size=6))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([["Заголовок"]] * above + [header, *body])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_text(out.getvalue(), encoding="utf-8")
        # that rows read = accepted + rejected is asserted for every file that is checked
        found = check(path, stated=STATED if stated else {})
    for reading in found.reading.readings:
        assert reading.status in ("read", "rejected", "ignored")
        assert reading.status != "rejected" or (reading.rule and reading.message_ru and reading.message_en)
    rows = {(f["sheet"], f["row"]) for f in found.findings() if f["severity"] in ("error", "superseded")}
    rejected = sum(int(v.counts["rows_rejected"].sum()) for v in found.results.values())
    assert len(rows) <= rejected <= len(rows) * 12, "whatever is rejected has a finding"


@quick
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe"]),
)
def test_any_bytes_are_read_or_refused(content: bytes, start: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.xlsx"
        path.write_bytes(start + content)
        try:
            read_grid(path)
        except UnreadableFile as error:
            assert error.rule and error.message_ru and error.message_en


@quick
@given(st.lists(st.lists(st.sampled_from([*HEADERS, "", "1"]), max_size=8), max_size=8))
def test_recognition_never_fails(rows: list[list[str]]) -> None:
    match, near = recognise(Sheet("Лист", rows))
    assert match is None or near is None


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_header_alone_is_no_table(tmp_path: Path, contract: str) -> None:
    path = tmp_path / "file.csv"
    path.write_text(",".join([*CONTRACTS[contract].fields, "item:1"]) + "\n", encoding="utf-8")
    assert check(path, stated=STATED | {"contract": contract}).refusals() == ["no_table"]
