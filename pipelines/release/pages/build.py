"""From the published database to a folder of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jinja2
from markupsafe import Markup

from pipelines.release.pages import places, quality, topics
from pipelines.release.pages.blocks import Page
from pipelines.release.pages.language import LANGUAGES, NO_BREAK_SPACE, Language
from pipelines.release.pages.warehouse import Published

#: Spaces at which no line may end: before a dash or a percent sign, after «№».
_GLUED = (" — ", " %", "№ ")
HERE = Path(__file__).parent / "templates"


class Made(NamedTuple):
    """What ``build_pages`` wrote."""

    pages: int
    bytes: int


def build_pages(
    database: Path,
    out: Path,
    schools: Set[str] | None = None,
    most_schools: int | None = None,
    languages: Sequence[Language] = LANGUAGES,
) -> Made:
    """Write every page in each language to ``out/ru`` and ``out/en``; ``schools`` keeps to a few of them.

    ``out/index.html`` leads to the Russian region page. Of more than ``most_schools`` schools none gets a
    page; neither do codes that the register lacks. Schools without a page are named without a link.
    """
    published = Published(database, schools, most_schools)
    try:
        render = _renderer(published)
        pages = size = 0
        for lang in languages:
            for make in _plan(published, lang):
                page = make()
                target = out / lang.code / page.path
                target.parent.mkdir(parents=True, exist_ok=True)
                pages, size = pages + 1, size + target.write_bytes(render(page, lang).encode())
        (out / "index.html").write_text(_FRONT, encoding="utf-8")
        return Made(pages, size)
    finally:
        published.close()


def _plan(published: Published, lang: Language) -> Iterator[Callable[[], Page]]:
    yield partial(places.region_page, published, lang)
    for municipality_id in published.municipalities:
        yield partial(places.municipality_page, published, lang, municipality_id)
    for school_id in published.paged:
        yield partial(places.school_page, published, lang, school_id)
    for make in (topics.programme_page, topics.methods_page, quality.quality_page):
        yield partial(make, published, lang)


def _renderer(published: Published) -> Callable[[Page, Language], str]:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined
    )
    template = environment.get_template("page.html.j2")
    css = Markup((HERE / "style.css").read_text(encoding="utf-8"))
    other = {LANGUAGES[0]: LANGUAGES[1], LANGUAGES[1]: LANGUAGES[0]}

    def render(page: Page, lang: Language) -> str:
        root = "../" * page.path.count("/")
        text = template.render(
            page=page,
            lang=lang,
            other=other[lang],
            other_href=f"{root}../{other[lang].code}/{page.path}",
            root=root,
            menu=places.menu(lang),
            css=css,
            release=published.release,
        )
        for glued in _GLUED:
            text = text.replace(glued, glued.replace(" ", NO_BREAK_SPACE, 1))
        return text

    return render


_FRONT = """<!DOCTYPE html>
<html lang="ru"><head><meta charset="utf-8"><title>Uroven</title>
<meta http-equiv="refresh" content="0; url=ru/index.html"></head>
<body><p><a href="ru/index.html">Русский</a> · <a href="en/index.html" lang="en">English</a></p></body></html>
"""
