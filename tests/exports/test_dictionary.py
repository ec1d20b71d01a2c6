"""The documentation that a release carries opens from disk by itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.release.dictionary import dbt_docs, grains, promised, write_docs

MANIFEST = {
    "metadata": {"generated_at": "2024-01-01", "project_name": "uroven"},
    "nodes": {
        "model.a": {
            "name": "dim_a",
            "resource_type": "model",
            "description": "Таблица — Table; one row per a",
            "compiled_code": "select * from '/home/someone/lake'",
            "columns": {"a": {"name": "a", "data_type": "varchar", "description": "Код </script> — Code"}},
        },
        "test.a": {
            "resource_type": "test",
            "test_metadata": {"name": "unique_grain", "kwargs": {"columns": ["a"]}},
            "attached_node": "model.a",
        },
    },
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_docs(
        tmp_path, promised(MANIFEST, ["dim_a"]), MANIFEST, {"connect": "# Connecting\n\n| a |\n|---|\n| 1 |"}
    )
    return tmp_path


def test_grains_come_from_the_tests_of_the_models() -> None:
    assert grains(MANIFEST) == {"dim_a": ("a",)}


def test_the_dictionary_names_tables_columns_and_keys(site: Path) -> None:
    text = (site / "dictionary.html").read_text(encoding="utf-8")
    assert "Таблица" in text and "Table; one row per a" in text
    assert "Ключ — Key: <code>a</code>" in text
    assert "</script>" not in text


def test_links_of_the_front_page_lead_somewhere(site: Path) -> None:
    links = re.findall(r'href="([^"]+)"', (site / "index.html").read_text(encoding="utf-8"))
    assert len(links) == 3
    assert all((site / link).exists() for link in links)


def test_tables_of_the_texts_become_tables(site: Path) -> None:
    assert "<td>1</td>" in (site / "connect.html").read_text(encoding="utf-8")


def test_dbt_docs_hold_the_project_and_no_path_or_time() -> None:
    page = dbt_docs(MANIFEST)
    assert "INLINE DATA" not in page
    assert "dim_a" in page
    assert "/home/someone" not in page and "2024-01-01" not in page
    assert "Код <\\/script>" in page
    assert page == dbt_docs(MANIFEST)
