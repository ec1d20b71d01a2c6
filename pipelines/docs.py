"""What is written from contracts and layouts: the dbt sources, the dictionary of inputs, the list of formats.

``python -m pipelines.docs`` writes them anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from pipelines.intake.layouts import Layout, layouts
from pipelines.intake.validation import accepted_name, accepted_schema
from schemas import CONTRACTS, Contract, Field
from schemas import codes as code_lists
from schemas.base import LIMITS_EN

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "dbt_project" / "models" / "staging" / "_sources.yml"
DICTIONARY = ROOT / "docs" / "data_dictionary_inputs.md"
FORMATS = ROOT / "docs" / "formats.md"
SITE = ROOT / "dbt_project" / "target" / "docs"

_TYPES = {
    "string": "varchar",
    "int32": "integer",
    "int64": "bigint",
    "double": "double",
    "bool": "boolean",
    "date32[day]": "date",
    "list<item: int16>": "smallint[]",
}
_KINDS = {"text": "text", "int": "whole number", "number": "number", "date": "date", "bool": "yes or no"}
_COLUMNS = {
    "file_id": "The reading the row came from (file, sheet, contract)",
    "sheet": "Sheet of the workbook; empty for CSV",
    "row": "Row of the sheet, as Excel counts it",
    "school_year": "School year, by its ending year",
    "school_key": "Which code the sender used for the school: id, login, oge_code, ege_code or name",
    "scores": "Item scores by the position of the item in the assessment; "
    "null = not administered, -1 = not attempted",
    "total_recomputed": "Total of primary points, recomputed from the items",
}


def _describe(field: Field) -> str:
    facts = [f"{field.title_ru} — {field.title_en}", field.unit, ", ".join(field.limits(LIMITS_EN))]
    if field.codes:
        facts.append(f"codes: {field.codes}")
    if field.person:
        facts.append("keyed hash of what was sent")
    if field.sensitive:
        facts.append("sensitive: never published below a municipality")
    return "; ".join(f for f in facts if f)


def _columns(contract: Contract) -> list[dict[str, str]]:
    by_name = {accepted_name(n, f): f for n, f in contract.fields.items()}
    out = []
    for column in accepted_schema(contract):
        field = by_name.get(column.name)
        described = _COLUMNS[column.name] if field is None or column.name in _COLUMNS else _describe(field)
        out.append({"name": column.name, "description": described, "data_type": _TYPES[str(column.type)]})
    return out


def _source_table(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.name,
        "description": f"{contract.title_ru} — {contract.title_en}: {contract.grain}",
        "config": {
            "meta": {
                "dagster": {"asset_key": ["accepted", contract.name]},
                "external_location": "read_parquet('{{ env_var('UROVEN_LAKE', '../data/lake') }}/accepted/"
                f"{contract.name}/*/*.parquet', union_by_name=true)",
            }
        },
        "columns": _columns(contract),
    }


def source_yml() -> str:
    """The dbt sources: one table a contract."""
    source = {
        "name": "accepted",
        "description": "Rows that passed their contract, as Parquet: one folder a contract and school year",
        "tables": [_source_table(c) for c in CONTRACTS.values()],
    }
    body = yaml.safe_dump(
        {"version": 2, "sources": [source]}, allow_unicode=True, sort_keys=False, width=1000
    )
    return (
        f"# Written by `python -m pipelines.docs` from schemas/; change the contracts, not this file.\n{body}"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _markdown_table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(map(_cell, line))} |" for line in lines]


def _field_row(field: Field) -> list[str]:
    need = "key, required" if field.key and field.required else "key" if field.key else ""
    notes = [field.note_ru, "person: hashed on arrival" if field.person else ""]
    notes += ["sensitive" if field.sensitive else ""]
    notes += [f"also: {', '.join(f'«{s}»' for s in field.synonyms)}"] if field.synonyms else []
    return [
        f"`{field.name}`",
        field.title_ru,
        field.title_en,
        _KINDS[field.kind],
        need or ("required" if field.required else ""),
        field.unit,
        ", ".join(field.limits(LIMITS_EN)),
        f"[{field.codes}](#codes-{field.codes})" if field.codes else "",
        "; ".join(n for n in notes if n),
    ]


def _contract_section(contract: Contract) -> list[str]:
    key = ", ".join(f"`{name}`" for name in contract.key)
    lines = [f"## {contract.name}", "", f"{contract.title_ru} — {contract.title_en}.", ""]
    lines += [f"- Grain: {contract.grain}.", f"- Key, with the school year: {key}."]
    if contract.context:
        context = ", ".join(f"`{name}`" for name in contract.context)
        lines.append(f"- May be stated by the title, the file's name or the manifest: {context}.")
    if contract.has_items:
        lines.append("- Besides, a column for each item, headed `item:NAME` or `item:NAME (MAX)`.")
    if not contract.collected:
        lines.append("- Comes from other systems: people don't fill it in.")
    head = ["Field", "Title, ru", "Title, en", "Type", "Need", "Unit", "Limits", "Codes", "Notes"]
    lines += ["", *_markdown_table(head, map(_field_row, contract.fields.values())), ""]
    if contract.relations:
        lines += ["A row that breaks one of these is accepted with a warning:", ""]
        lines += [f"- `{name}`: {en} — {ru}" for name, (ru, en) in contract.relations.items()] + [""]
    return lines


def _used_lists() -> list[str]:
    names = (f.codes for c in CONTRACTS.values() for f in c.fields.values() if f.codes)
    return sorted({*names, "unit"})


def data_dictionary() -> str:
    """The dictionary of inputs, in Markdown: every contract, then every code list."""
    lines = [
        "<!-- Written by `python -m pipelines.docs` from schemas/; change the contracts, not this file. -->",
        "# Data dictionary: inputs",
        "",
        "A file may use field names, Russian or English titles, or one of the further headers in the notes. "
        "A fault in a key, a required field or a score rejects the row; any other fault empties the cell.",
        "",
        *(f"- [{c.name}](#{c.name}): {c.title_ru} — {c.title_en}" for c in CONTRACTS.values()),
        "- [Code lists](#code-lists)",
        "",
    ]
    for contract in CONTRACTS.values():
        lines += _contract_section(contract)
    lines += [
        "## Code lists",
        "",
        "Codes, titles and the spellings in `code_alias.csv` are all accepted.",
        "",
    ]
    for name in _used_lists():
        rows = [[f"`{c.code}`", c.title_ru, c.title_en] for c in code_lists.code_list(name)]
        lines += [
            f'### <a id="codes-{name}"></a>{name}',
            "",
            *_markdown_table(["Code", "ru", "en"], rows),
            "",
        ]
    return "\n".join(lines)


def formats() -> str:
    """Every layout that is recognised, by file kind."""
    lines = [
        "# File layouts",
        "",
        "Made by `make docs` from `pipelines/intake/layouts/`. A layout is recognised by its content, never",
        "by the folder. Besides these, every file kind has its canonical layout: a CSV or one-sheet workbook",
        "whose header is the contract's field names or Russian titles, as `uroven template` writes it.",
        "",
    ]
    for name, contract in CONTRACTS.items():
        known = [layout for layout in layouts() if layout.contract == name]
        if known:
            rows = [[f"`{x.id}`", x.title, "; ".join(x.header[:5]) or "—", _fate(x)] for x in known]
            table = _markdown_table(["Layout", "What it is", "Told by", "Taken"], rows)
            lines += [f"## {contract.title_ru} (`{name}`)", "", *table, ""]
    return "\n".join(lines)


def _fate(layout: Layout) -> str:
    return "refused, with the reason" if layout.reject else "known, of no use" if layout.ignore else "yes"


def release_texts() -> dict[str, str]:
    """The texts that a release keeps as pages: the dictionary of inputs, and the guides for its readers."""
    guides = ("connect", "methods")
    texts = {g: (ROOT / "docs" / f"{g}.md").read_text(encoding="utf-8") for g in guides}
    return {"inputs": data_dictionary(), "formats": formats(), **texts}


def write_site(out: Path) -> None:
    """The documentation of a release before there is one: tables as their contracts promise them."""
    from pipelines.assets.released import published_tables  # noqa: PLC0415
    from pipelines.assets.warehouse import read_manifest  # noqa: PLC0415
    from pipelines.release.dictionary import promised, write_docs  # noqa: PLC0415

    manifest = read_manifest()
    write_docs(out, promised(manifest, published_tables(manifest)), manifest, release_texts())


def main() -> None:
    for path, text in ((SOURCES, source_yml()), (DICTIONARY, data_dictionary()), (FORMATS, formats())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
    write_site(SITE)
    print((SITE / "index.html").relative_to(ROOT))


if __name__ == "__main__":
    main()
