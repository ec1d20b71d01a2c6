"""Model, collecting workbook, dbt source and dictionary say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pipelines import docs
from pipelines.intake.grid import read_grid
from pipelines.intake.layouts import canonical, find_columns
from pipelines.intake.template import EXAMPLE_ITEMS, write_template
from pipelines.intake.text import fold
from pipelines.intake.validation import accepted_schema
from schemas import CONTRACTS, Contract

contracts = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda c: c.name)


@pytest.mark.parametrize(
    "path, text",
    [(docs.SOURCES, docs.source_yml), (docs.DICTIONARY, docs.data_dictionary)],
    ids=["yml", "md"],
)
def test_written_files_are_current(path: Path, text) -> None:
    assert path.read_text(encoding="utf-8") == text(), "run: python -m pipelines.docs"


@contracts
def test_headers_of_the_workbook_read_back(contract: Contract, tmp_path: Path) -> None:
    write_template(contract, tmp_path / "empty.xlsx")
    header = read_grid(tmp_path / "empty.xlsx").sheets[0].rows[0]
    read = find_columns(canonical(contract.name), [fold(c) for c in header])
    columns = list(dict.fromkeys([*contract.fields, "school_year"]))
    assert sorted(read) == sorted(columns)
    left = [c for i, c in enumerate(header) if i not in read.values()]
    assert left == (list(EXAMPLE_ITEMS) if contract.has_items else [])
    titles = {name: header[i] for name, i in read.items()}
    assert all(titles[name] == field.title_ru for name, field in contract.fields.items())


def _sources() -> dict[str, dict]:
    source = yaml.safe_load(docs.source_yml())["sources"]
    assert [s["name"] for s in source] == ["accepted"]
    return {t["name"]: t for t in source[0]["tables"]}


def test_every_contract_is_a_source() -> None:
    assert list(_sources()) == list(CONTRACTS)


@contracts
def test_source_has_the_accepted_columns(contract: Contract) -> None:
    table = _sources()[contract.name]
    named = {c["name"]: c for c in table["columns"]}
    assert list(named) == accepted_schema(contract).names
    assert {"file_id", "sheet", "row", "school_year"} <= set(named)
    for name, field in contract.fields.items():
        stored = re.sub(r"(_id|_no)?$", "_key", name, count=1) if field.person else name
        if name != "school_year":
            assert named[stored]["description"].startswith(f"{field.title_ru} — {field.title_en}")
        assert not field.person or name not in named
    meta = table["config"]["meta"]
    assert meta["dagster"]["asset_key"] == ["accepted", contract.name]
    assert f"/accepted/{contract.name}/*/*.parquet" in meta["external_location"]
    assert contract.grain in table["description"]


@contracts
def test_dictionary_has_the_fields(contract: Contract) -> None:
    text = docs.data_dictionary()
    section = text.split(f"\n## {contract.name}\n")[1].split("\n## ")[0]
    rows = [
        [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in section.splitlines()
        if line[:3] == "| `"
    ]
    assert [r[0].strip("`") for r in rows] == list(contract.fields)
    for cells, field in zip(rows, contract.fields.values(), strict=True):
        assert cells[1:3] == [field.title_ru, field.title_en]
        assert ("required" in cells[4], "key" in cells[4]) == (field.required, field.key)
        assert cells[5] == field.unit
        assert (f"codes-{field.codes}" in cells[7]) is bool(field.codes)
    assert all(f"`{name}`" in section for name in contract.relations)
    for name in {f.codes for f in contract.fields.values() if f.codes}:
        assert f'<a id="codes-{name}">' in text
