"""The documentation that a release carries: its dictionary, dbt's docs, and how to read and connect to it.

Every file opens from disk by itself: no server, no request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from pipelines.release.described import Column, PublishedTable

TEMPLATES = Path(__file__).parent / "pages" / "templates"
_VOLATILE = {"generated_at", "invocation_id", "invocation_started_at", "run_started_at", "user_id"}
_LOCAL = {"compiled_code", "compiled_path", "build_path", "root_path"}


def grains(manifest: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Each model's grain, from its ``unique_grain`` test."""
    out = {}
    for node in manifest["nodes"].values():
        test = node.get("test_metadata") or {}
        if test.get("name") == "unique_grain" and node.get("attached_node") in manifest["nodes"]:
            name = manifest["nodes"][node["attached_node"]]["name"]
            out[name] = tuple(test["kwargs"]["columns"])
    return out


def promised(manifest: Mapping[str, Any], names: Sequence[str]) -> list[PublishedTable]:
    """The named models as their contracts promise them, before anything was built."""
    keys = grains(manifest)
    models = {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    return [
        PublishedTable(
            name,
            models[name]["description"],
            tuple(
                Column(c["name"], (c["data_type"] or "").upper(), c["description"])
                for c in models[name]["columns"].values()
            ),
            keys.get(name, ()),
            None,
        )
        for name in sorted(names)
    ]


def write_docs(
    out: Path, tables: Sequence[PublishedTable], manifest: Mapping[str, Any], texts: Mapping[str, str]
) -> list[Path]:
    """Write ``index.html``, ``dictionary.html``, ``dbt.html`` and a page a text; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    css = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))
    markdown = MarkdownIt("commonmark").enable("table")
    pages = {"dictionary.html": environment.get_template("dictionary.html.j2").render(css=css, tables=tables)}
    links = [
        ("dictionary.html", "Таблицы выпуска — Tables of the release"),
        ("dbt.html", "dbt: модели и связи — Models"),
    ]
    for name, text in texts.items():
        title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), name)
        links.append((f"{name}.html", title))
        pages[f"{name}.html"] = environment.get_template("text.html.j2").render(
            css=css, title=title, body=Markup(markdown.render(text))
        )
    body = (
        Markup("<h1>Документация — Documentation</h1><ul>")
        + Markup("").join(Markup('<li><a href="{}">{}</a></li>').format(*pair) for pair in links)
        + Markup("</ul>")
    )
    pages["index.html"] = environment.get_template("text.html.j2").render(
        css=css, title="Документация", body=body
    )
    pages["dbt.html"] = dbt_docs(manifest)
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")
    return [out / name for name in sorted(pages)]


def dbt_docs(manifest: Mapping[str, Any]) -> str:
    """dbt's own documentation as one file, as ``dbt docs generate --static`` makes it.

    Times, invocation ids and local paths are left out, so that the same project gives the same file.
    """
    from dbt.task.docs import DOCS_INDEX_FILE_PATH  # noqa: PLC0415

    clean = _without(manifest, _VOLATILE | _LOCAL | {"created_at"})
    catalog: dict[str, Any] = {"metadata": {}, "nodes": {}, "sources": {}, "errors": None}
    page = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")
    for name, data in (("MANIFEST", clean), ("CATALOG", catalog)):
        text = json.dumps(data, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
        page = page.replace(f'"{name}.JSON INLINE DATA"', text)
    return page


def _without(value: Any, names: set[str]) -> Any:
    """The value with the named keys emptied at every depth."""
    if isinstance(value, Mapping):
        return {k: None if k in names else _without(v, names) for k, v in value.items()}
    return [_without(v, names) for v in value] if isinstance(value, list) else value
