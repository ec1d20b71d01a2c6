"""Report pages: nothing leaves the machine, nothing is unreadable, nothing hidden is shown."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from pipelines.intake.rules import RULES
from pipelines.release.pages import build_pages, charts, words
from pipelines.release.pages.language import LANGUAGES, Language
from pipelines.release.pages.words import slug
from tests.published import make_release, promised_tables
from tests.region_made import HIDDEN, LARGE, SMALL, UNKNOWN, region

RU, EN = LANGUAGES
STYLE = Path(charts.__file__).parent / "templates" / "style.css"


class Outline(HTMLParser):
    """What a check needs of a page: tags with attributes, heading levels, links, visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    build_pages(make_release(folder / "warehouse.duckdb", region()), folder / "out")
    return folder / "out"


def all_pages(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*.html") if p.parent != folder)


def test_every_page_stands_in_both_languages(pages: Path) -> None:
    ru, en = ({p.relative_to(pages / x) for p in (pages / x).rglob("*.html")} for x in ("ru", "en"))
    assert ru == en
    assert {Path("index.html"), Path("programme.html"), Path("methods.html"), Path("quality.html")} <= ru
    assert Path(f"school/{LARGE}.html") in ru
    assert Path("municipality/101.html") in ru


def test_no_request_leaves_and_no_script_runs(pages: Path) -> None:
    for path in all_pages(pages):
        text = path.read_text(encoding="utf-8")
        outline = Outline(text)
        assert not outline.all("script", "link", "iframe", "img", "object", "embed", "form"), path
        for attributes in (a for _, a in outline.tags):
            assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset")], (
                path
            )
            href = attributes.get("href") or "#"
            assert not re.match(r"[a-z]+:|//", href), (path, href)
        assert "url(" not in text and "@import" not in text, path


def assert_links_lead_somewhere(folder: Path) -> None:
    for path in all_pages(folder):
        outline = Outline(path.read_text(encoding="utf-8"))
        ids = {a["id"] for _, a in outline.tags if a.get("id")}
        for link in outline.all("a"):
            target, _, anchor = (link["href"] or "").partition("#")
            assert (path.parent / target).exists() if target else anchor in ids, (path, link)


def test_links_lead_to_pages_and_sections_that_exist(pages: Path) -> None:
    assert_links_lead_somewhere(pages)


def test_a_code_that_the_register_lacks_has_no_page(pages: Path) -> None:
    assert not (pages / "ru" / "school" / f"{UNKNOWN}.html").exists()
    assert UNKNOWN not in section(pages / "ru" / "municipality" / "101.html", "schools")
    assert f"{UNKNOWN} (not in the register)" in section(pages / "en" / "programme.html", "list")
    assert "Кодов, которых нет в реестре: 1" in section(pages / "ru" / "index.html", "places")


def test_signs_are_told_without_a_verdict(pages: Path) -> None:
    school = section(pages / "ru" / "school" / f"{LARGE}.html", "signs")
    assert "Признак ничего не доказывает" in school
    assert "Проверок 2, найдено признаков 1. Ещё 1 скрыто" in school
    assert "средний балл заметно выше региона официальная методика 1 из 1 ВПР: математика, 5 кл." in school
    assert "пик" not in school and "местный 0 из 1 —" in school
    place = section(pages / "en" / "index.html", "signs")
    assert "A sign proves nothing" in place and "75" in place and "at least one sign 20 5 25%" in place


def test_signs_of_few_schools_stay_hidden(pages: Path) -> None:
    text = section(pages / "ru" / "municipality" / "101.html", "signs")
    assert "Скрыто, потому что школ мало" in text and not re.search(r"\d", text)


def test_no_line_ends_before_a_dash_or_a_percent_sign(pages: Path) -> None:
    for path in all_pages(pages):
        text = "".join(Outline(path.read_text(encoding="utf-8")).text)
        assert not re.search(r" (?:— |%)|\d кл\.|№ ", text), path


def test_pages_speak_to_screen_readers(pages: Path) -> None:
    for path in all_pages(pages):
        outline = Outline(path.read_text(encoding="utf-8"))
        assert outline.all("html")[0]["lang"] == path.relative_to(pages).parts[0]
        levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1, path
        assert all(b <= a + 1 for a, b in pairwise(levels)), path
        assert all(len(a.get("aria-label") or "") > 20 for a in outline.all("svg")), path
        assert all(a.get("scope") for a in outline.all("th")), path
        ids = [a["id"] for _, a in outline.tags if a.get("id")]
        assert len(ids) == len(set(ids)), path


def test_pages_are_small(pages: Path) -> None:
    assert max(p.stat().st_size for p in all_pages(pages)) < 500_000


def test_a_suppressed_school_shows_no_number_and_says_why(pages: Path) -> None:
    text = (pages / "ru" / "school" / f"{HIDDEN}.html").read_text(encoding="utf-8")
    assert "скрыто" in text
    section = text[text.index('id="results"') : text.index('id="dynamics"')]
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", section)
    unit_cells = [c for c in cells if re.search(r"\d", c)]
    assert set(unit_cells) <= {"20", "500", f"17,0{chr(160)}%"}, "only the maximum and the region's numbers"


def test_a_small_school_shows_only_whether_the_minimum_was_reached(pages: Path) -> None:
    text = (pages / "ru" / "school" / f"{SMALL}.html").read_text(encoding="utf-8")
    marks = text[text.index('id="marks"') :]
    marks = marks[: marks.index("</section>")]
    assert "МБОУ" not in marks
    assert re.search(r"ниже минимума 42, достигли минимума 58", marks)


def test_names_cannot_carry_markup(pages: Path) -> None:
    for path in all_pages(pages):
        assert "<b>школа</b>" not in path.read_text(encoding="utf-8")


def test_words_say_what_is_established(pages: Path) -> None:
    large = section(pages / "ru" / "school" / f"{LARGE}.html", "results")
    assert "Выше региона: математика, 5 кл." in large
    english = section(pages / "en" / "school" / f"{LARGE}.html", "results")
    assert "Above the region: mathematics, grade 5" in english


def section(path: Path, anchor: str) -> str:
    text = path.read_text(encoding="utf-8")
    part = text[text.index(f'<section id="{anchor}"') :]
    return " ".join(" ".join(Outline(part[: part.index("</section>")]).text).split())


def test_a_label_comes_with_its_reason_and_how_sure_it_is(pages: Path) -> None:
    small = section(pages / "ru" / "school" / f"{SMALL}.html", "identification")
    assert "30 % дважды" in small and "с учётом погрешности не подтверждено" in small and "62 %" in small
    assert "ВПР: математика, 5 кл., 2022/23" in small and "41,7" in small and "≥ 30" in small
    hidden = section(pages / "en" / "school" / f"{HIDDEN}.html", "identification")
    assert "excluded from the list: Evening school" in hidden


def test_context_says_whether_the_result_is_as_expected(pages: Path) -> None:
    large = section(pages / "ru" / "school" / f"{LARGE}.html", "context")
    assert "Условия объясняют 31 % различий" in large and "в пределах погрешности" in large
    assert "Голубая полоса" in section(pages / "ru" / "school" / f"{LARGE}.html", "results")


def test_indicators_say_why_there_is_no_number(pages: Path) -> None:
    text = section(pages / "ru" / "school" / f"{SMALL}.html", "indicators")
    assert "цель не достигнута, в пределах погрешности" in text
    assert "Не прислано: " in text and "Скрыто — " in text


def test_files_partners_and_the_effect_are_told(pages: Path) -> None:
    assert "Ожидалось 2, не прислано 1" in section(pages / "ru" / "school" / f"{SMALL}.html", "files")
    assert "Лицей № 1" in section(pages / "ru" / "school" / f"{SMALL}.html", "partners")
    assert "the same district" in section(pages / "en" / "programme.html", "pairs")
    assert "0 из 1 сравнений" in section(pages / "ru" / "programme.html", "effect")


def test_no_english_page_keeps_russian_words_of_its_own(pages: Path) -> None:
    names = {
        "МБОУ",
        "Дальний",
        "ВПР",
        "Русский",
        "школа",
        "Лицей",
        "ООШ",
        "СОШ",
        "Тихое",
        "район",
        "Математика",
    }
    for path in (pages / "en").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        explained = r'<section id="abbreviations".*?</section>|<a class="switch".*?</a>'
        body = "".join(Outline(re.sub(explained, "", text, flags=re.DOTALL)).text)
        assert set(re.findall(r"[А-Яа-яё]{3,}", body)) <= names, path


def test_a_release_that_lacks_tables_still_makes_pages_that_say_so(tmp_path: Path) -> None:
    needed = {"dim_assessment", "dim_municipality", "dim_school", "fct_assessment_aggregate"}
    database = make_release(tmp_path / "w.duckdb", {}, without=promised_tables().keys() - needed)
    made = build_pages(database, tmp_path / "out")
    assert made.pages == 8
    assert "потому что" in (tmp_path / "out" / "ru" / "index.html").read_text(encoding="utf-8")


def test_a_release_of_very_many_schools_has_no_page_for_each(tmp_path: Path) -> None:
    database = make_release(tmp_path / "warehouse.duckdb", region())
    build_pages(database, tmp_path / "out", most_schools=1)
    made = {
        p.relative_to(tmp_path / "out" / "ru").as_posix() for p in (tmp_path / "out" / "ru").rglob("*.html")
    }
    assert "index.html" in made and not any(name.startswith("school") for name in made)
    assert_links_lead_somewhere(tmp_path / "out")
    assert "Лицей № 1" in section(tmp_path / "out" / "ru" / "index.html", "places")


def test_the_same_release_makes_the_same_bytes(tmp_path: Path, pages: Path) -> None:
    database = make_release(tmp_path / "warehouse.duckdb", region())
    build_pages(database, tmp_path / "out")
    for path in all_pages(tmp_path / "out"):
        assert path.read_bytes() == (pages / path.relative_to(tmp_path / "out")).read_bytes(), path


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2)."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "paper", 7.0),
        ("soft", "paper", 4.5),
        ("soft", "wash", 4.5),
        ("accent", "paper", 4.5),
        ("accent", "wash", 4.5),
        ("paper", "m2", 4.5),
        ("ink", "m3", 4.5),
        ("ink", "m4", 4.5),
        ("paper", "m5", 4.5),
        ("accent", "pale", 3.0),
        ("edge", "paper", 3.0),
        ("m4", "paper", 3.0),
        ("other", "paper", 3.0),
        ("warm", "paper", 3.0),
    ],
)
def test_colours_can_be_told_apart(front: str, back: str, least: float) -> None:
    palette = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", STYLE.read_text(encoding="utf-8")))
    assert contrast(palette[front], palette[back]) >= least


@pytest.mark.parametrize(
    ("language", "value", "digits", "text"),
    [
        (RU, 1234567.0, 0, "1\u202f234\u202f567"),
        (RU, 2.675, 2, "2,68"),
        (RU, -0.04, 1, "0,0"),
        (RU, -1.25, 1, "\u22121,3"),
        (EN, 1234.5, 1, "1,234.5"),
        (EN, None, 1, "—"),
        (EN, 1000000, 0, "1,000,000"),
    ],
)
def test_numbers_as_people_write_them(
    language: Language, value: float | None, digits: int, text: str
) -> None:
    assert language.number(value, digits) == text


@pytest.mark.parametrize(
    ("n", "text"), [(1, "1 школа"), (3, "3 школы"), (11, "11 школ"), (21, "21 школа"), (112, "112 школ")]
)
def test_plurals(n: int, text: str) -> None:
    assert RU.plural(n, ("школа", "школы", "школ"), ("school", "schools")) == text


@pytest.mark.parametrize(("low", "high"), [(0, 100), (476.2, 541.9), (-3, 0.5), (0.1, 0.2), (5, 5), (0, 0)])
def test_ticks_cover_what_is_drawn(low: float, high: float) -> None:
    marks = charts.ticks(low, high)
    assert marks[0] <= low and marks[-1] >= high
    assert 2 <= len(marks) <= 8
    assert len(set(marks)) == len(marks)


def test_a_break_cuts_the_line_and_a_gap_stays_a_gap() -> None:
    years = [charts.YearPoint(2021, 1.0), charts.YearPoint(2022, 2.0), charts.YearPoint(2024, 2.0)]
    assert charts.trend(years, RU, "ряд").count('class="series"') == 1
    years[1] = charts.YearPoint(2022, 2.0, breaks=True)
    drawn = charts.trend(years, RU, "ряд")
    assert drawn.count('class="series"') == 0
    assert drawn.count('class="break"') == 1


def test_a_limit_of_zero_is_on_the_axis() -> None:
    drawn = charts.intervals([charts.IntervalRow("а", 30.0, 20.0, 40.0)], RU, "т", limit=0)
    assert re.search(r'class="tick"[^>]*>0<', drawn)


def test_years_that_do_not_compare_are_not_joined(tmp_path: Path) -> None:
    rows = region()
    verdict = {"unit_type": "region", "unit_id": "region", "kind": "ВПР", "subject": "Математика", "grade": 5}
    rows["msr_dynamics"] = [
        {**verdict, "end_year": 2023, "verdict": "not_comparable", "break_flag": False, "change_kind": "none"}
    ]
    build_pages(make_release(tmp_path / "w.duckdb", rows), tmp_path / "out", schools=set())
    text = (tmp_path / "out" / "ru" / "index.html").read_text(encoding="utf-8")
    part = text[text.index('<section id="dynamics"') :]
    part = part[: part.index("</section>")]
    assert "годы несравнимы" in part and 'class="break"' in part and 'class="series"' not in part


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "менее 1 %"), (0.004, "менее 1 %"), (0.62, "62\u00a0%"), (0.996, "более 99 %"), (None, "—")],
)
def test_a_probability_is_never_certain(value: float | None, text: str) -> None:
    assert RU.probability(value) == text


def test_a_missing_value_is_not_drawn_as_zero() -> None:
    drawn = charts.intervals([charts.IntervalRow("а", None), charts.IntervalRow("б", 3.0, 2.0, 4.0)], RU, "т")
    assert drawn.count("<circle") == 1


def test_codes_become_file_names_that_need_no_quoting() -> None:
    assert slug("990100") == "990100"
    assert re.fullmatch(r"[A-Za-z0-9_-]+", slug("Район 02/а"))
    assert slug("a_b") != slug("a b")


def test_the_first_page_of_a_school_says_the_main_things(pages: Path) -> None:
    large = section(pages / "ru" / "school" / f"{LARGE}.html", "essentials")
    assert "ВПР: математика, 5 кл." in large and "выше" in large and "мало лет для вывода" in large
    hidden = section(pages / "ru" / "school" / f"{HIDDEN}.html", "essentials")
    assert "участников слишком мало" in hidden
    text = " ".join("".join(Outline((pages / "ru" / "school" / f"{HIDDEN}.html").read_text()).text).split())
    assert "исключена" in text[: text.index("Главное")]


def test_an_excluded_school_is_not_counted_as_listed(pages: Path) -> None:
    text = (pages / "ru" / "programme.html").read_text(encoding="utf-8")
    facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", text))
    assert facts["в перечне, подтверждено"] == "0"
    assert facts["в перечне по оценке"] == "1"
    assert "не включено по исключению или решению: 1" in text


def test_the_quality_page_speaks_in_words(tmp_path: Path) -> None:
    database = make_release(tmp_path / "w.duckdb", region())
    with duckdb.connect(str(database)) as db:
        db.execute(
            """CREATE TABLE dq_gate_result AS SELECT 'fct_assessment_aggregate' AS frame,
            'distribution' AS kind, 'passed' AS outcome,
            'доля ниже минимума, %: должно быть от 0 до 100' AS message_ru,
            'share below the minimum, %: must be 0 to 100' AS message_en
            UNION ALL SELECT 'rows', 'jump', 'warned', 'строк стало меньше', 'rows were lost'"""
        )
    build_pages(database, tmp_path / "out", schools=set())
    text = section(tmp_path / "out" / "ru" / "quality.html", "gate")
    assert "должно быть от 0 до 100" in text and "пройдена" in text
    assert "строк стало меньше все таблицы" in text
    assert "_" not in text and "rows" not in text


def test_codes_are_told_by_the_titles_of_the_release(tmp_path: Path) -> None:
    rows = region()
    insufficient = {"status": "insufficient", "missing_conditions": "ЕГЭ-Математика базовая-11"}
    rows["fct_school_identification"][0].update(insufficient)
    database = make_release(tmp_path / "w.duckdb", rows)
    with duckdb.connect(str(database)) as db:
        db.execute(
            """CREATE TABLE dim_code AS SELECT 'subject' AS list, 'Математика базовая' AS code,
            'Математика базовая' AS title_ru, 'Mathematics, basic level' AS title_en"""
        )
    build_pages(database, tmp_path / "out", schools={SMALL})
    english = section(tmp_path / "out" / "en" / "school" / f"{SMALL}.html", "identification")
    assert "nothing this year of: ЕГЭ: mathematics, basic level, grade 11" in english


@pytest.mark.parametrize("lang", [RU, EN])
def test_every_intake_rule_has_a_title_without_place_holders(lang: Language) -> None:
    titles = [words.rule_title(lang, rule) for rule in RULES]
    assert all(t and not re.search(r"[{}…]|^\W*$", t) for t in titles), titles
    assert words.RULE_TITLES.keys() <= RULES.keys()


def test_tables_beside_their_chart_are_folded(pages: Path) -> None:
    text = (pages / "ru" / "school" / f"{LARGE}.html").read_text(encoding="utf-8")
    results = text[text.index('<section id="results"') : text.index('<section id="below"')]
    assert results.count("<svg") == results.count("<details") == results.count("<table") > 0
