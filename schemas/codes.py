"""Code lists and check digits. The lists are seeds of the dbt project: SQL and Python read the same rows."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SEEDS = Path(__file__).resolve().parent.parent / "dbt_project" / "seeds"


@dataclass(frozen=True)
class Code:
    code: str
    title_ru: str
    title_en: str


@functools.cache
def _rows(seed: str) -> tuple[dict[str, str], ...]:
    with (SEEDS / f"{seed}.csv").open(encoding="utf-8", newline="") as f:
        return tuple(csv.DictReader(f))


@functools.cache
def code_list(name: str) -> tuple[Code, ...]:
    """The codes of a list, in order; a region's own rows follow the common ones.

    Raises KeyError for a list that no seed has.
    """
    rows = [r for seed in ("code_list", "code_list_region") for r in _rows(seed) if r["list"] == name]
    if not rows:
        raise KeyError(f"no code list {name!r} in dbt_project/seeds/code_list.csv")
    return tuple(Code(r["code"], r["title_ru"], r["title_en"]) for r in rows)


@functools.cache
def codes(name: str) -> frozenset[str]:
    return frozenset(c.code for c in code_list(name))


@functools.cache
def aliases(name: str) -> dict[str, str]:
    """Spelling in lower case -> code: the codes themselves, their titles, and the seed of spellings."""
    found: dict[str, str] = {}
    for c in code_list(name):
        found |= {c.title_en.lower(): c.code, c.title_ru.lower(): c.code}
    for r in _rows("code_alias"):
        if r["list"] == name:
            found[r["alias"].lower()] = r["code"]
    return found | {c.code.lower(): c.code for c in code_list(name)}


def _weighted(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(d * w for d, w in zip(digits, weights, strict=False)) % 11 % 10


def inn_is_valid(value: str) -> bool:
    """Check digits of a ten- or twelve-digit ИНН."""
    if not (value.isascii() and value.isdigit()):
        return False
    d = [int(c) for c in value]
    if len(d) == 10:
        return d[9] == _weighted(d, (2, 4, 10, 3, 5, 9, 4, 6, 8))
    if len(d) == 12:
        first = _weighted(d, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8))
        second = _weighted(d, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8))
        return (d[10], d[11]) == (first, second)
    return False


def ogrn_is_valid(value: str) -> bool:
    """The check digit of a thirteen-digit ОГРН: the first twelve digits modulo 11, its last digit."""
    return (
        len(value) == 13
        and value.isascii()
        and value.isdigit()
        and int(value[:12]) % 11 % 10 == int(value[12])
    )


CHECK_DIGITS: dict[str, Callable[[str], bool]] = {"inn": inn_is_valid, "ogrn": ogrn_is_valid}
