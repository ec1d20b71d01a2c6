"""Code lists, the spellings that lead to them, and check digits."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from pipelines.intake.text import fold
from schemas import CONTRACTS
from schemas import codes as code_lists


def seed(name: str) -> list[dict[str, str]]:
    with (code_lists.SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


LISTS = list(dict.fromkeys(r["list"] for r in seed("code_list")))


def test_every_list_of_a_contract_exists() -> None:
    needed = {f.codes for c in CONTRACTS.values() for f in c.fields.values() if f.codes}
    assert needed <= set(LISTS)
    with pytest.raises(KeyError, match="no code list"):
        code_lists.code_list("no_such_list")


@pytest.mark.parametrize("name", ["code_list", "code_list_region", "code_alias"])
def test_seed_is_clean(name: str) -> None:
    text = (code_lists.SEEDS / f"{name}.csv").read_text(encoding="utf-8")
    wanted = "list,source,alias,code" if name == "code_alias" else "list,code,title_ru,title_en"
    assert text.splitlines()[0] == wanted
    for row in seed(name):
        assert all(v and v == v.strip() for v in row.values()), row


@pytest.mark.parametrize("name", LISTS)
def test_codes_and_titles_are_unique(name: str) -> None:
    rows = code_lists.code_list(name)
    for values in ([c.code for c in rows], [c.title_ru.lower() for c in rows], [c.title_en for c in rows]):
        assert [v for v, n in Counter(values).items() if n > 1] == []


@pytest.mark.parametrize("name", LISTS)
def test_spellings_lead_to_one_code(name: str) -> None:
    """Also in the form in which the reader compares them."""
    codes = {
        c.code: {c.code.lower(), c.title_ru.lower(), c.title_en.lower()} for c in code_lists.code_list(name)
    }
    own = {spelling: code for code, spellings in codes.items() for spelling in spellings}
    rows = [r for r in seed("code_alias") if r["list"] == name]
    for r in rows:
        assert r["code"] in codes, r
        assert r["alias"] == r["alias"].lower() and r["alias"] not in own, r
    assert [a for a, n in Counter(r["alias"] for r in rows).items() if n > 1] == []
    folded: dict[str, set[str]] = {}
    for spelling, code in code_lists.aliases(name).items():
        folded.setdefault(fold(spelling), set()).add(code)
    assert {spelling: found for spelling, found in folded.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    "name, spelling, code",
    [
        ("subject", "математика профильная", "Математика профильная"),
        ("subject", "математика (профиль)", "Математика профильная"),
        ("subject", "икт", "Информатика"),
        ("subject", "иностранные языки", "Иностранный язык"),
        ("subject", "01", "Русский язык"),
        ("subject", "22", "Математика базовая"),
        ("subject", "окр", "Окружающий мир"),
        ("kind", "всероссийская проверочная работа", "ВПР"),
        ("window", "входная", "input"),
        ("sex", "ж", "f"),
        ("sex", "male", "m"),
        ("item_level", "п", "advanced"),
        ("settlement_size", "5–10 тыс. чел", "3"),
        ("locality_type", "населенный пункт сельского типа (село, хутор, деревня и пр.)", "village"),
        ("parents_share", "почти все, значительное большинство", "most"),
        ("internet_speed", "до 25 мбит/с", "up_to_25"),
    ],
)
def test_spellings_of_the_sources(name: str, spelling: str, code: str) -> None:
    assert code_lists.aliases(name)[spelling] == code


@pytest.mark.parametrize(
    "value, valid",
    [
        ("7707083893", True),
        ("7707083894", False),
        ("0101001233", True),  # a region below 10: the leading zero belongs to the number
        ("101001233", False),  # the same after a spreadsheet has dropped it
        ("500100732259", True),
        ("500100732258", False),
        ("77070838930", False),
        ("77070838９3", False),
        ("", False),
    ],
)
def test_inn(value: str, valid: bool) -> None:
    assert code_lists.inn_is_valid(value) is valid


@pytest.mark.parametrize(
    "value, valid",
    [("1027700132195", True), ("1027700132196", False), ("102770013219", False), ("102770013219x", False)],
)
def test_ogrn(value: str, valid: bool) -> None:
    assert code_lists.ogrn_is_valid(value) is valid
