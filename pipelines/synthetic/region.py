"""The region: municipalities, schools, their social context and what is planted in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import NormalDist

import numpy as np

from pipelines.synthetic import names
from pipelines.synthetic.arrays import position

NAMED_AFTER = " имени первых учителей»"
ORDINARY, EVENING, CORRECTIONAL = "ordinary", "evening", "correctional"
SOCIAL_SLOPE = 0.17
EFFECT_SD = 0.17
COHORT_SD = 0.08
REGION_LINE = f"reg990000 | {names.REGION_NAME}"
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Municipality:
    """A municipality with its codes: МСУ, АТЕ, ОКТМО and the code of the federal system (``m056``)."""

    index: int
    code: str
    name: str
    town: str
    msu: int
    oktmo: str

    @property
    def federal(self) -> str:
        return f"reg99_m{self.index + 12:03d}"


@dataclass(frozen=True)
class School:
    """A school. ``digits`` are the six that its logins share."""

    index: int
    digits: str
    municipality: int
    kind: str
    form: str
    locality: str
    settlement: str
    name: str
    full_name: str
    oge_code: str
    ege_code: str
    inn: str
    ogrn: str
    last_grade: int
    size: float
    new_name: str = ""
    successor: int = -1

    @property
    def sch(self) -> str:
        return f"sch{self.digits}"

    @property
    def edu(self) -> str:
        return f"edu{self.digits}"


@dataclass
class Region:
    """What is fixed before anybody is tested. Arrays are by school; ``effect`` by school and year."""

    years: tuple[int, ...]
    seed: int
    municipalities: list[Municipality]
    schools: list[School]
    social: np.ndarray
    effect: np.ndarray
    low_reason: list[str]
    resilient: np.ndarray
    high: np.ndarray
    manipulation: list[str]
    difficult: np.ndarray
    subject_effect: np.ndarray
    improving: np.ndarray = field(default_factory=lambda: np.array([]))

    @cached_property
    def first(self) -> int:
        return self.years[0]

    def rng(self, *key: int | str) -> np.random.Generator:
        """A generator of its own for each purpose, so that adding one doesn't move the others."""
        words = [
            sum(ord(c) * 131**i for i, c in enumerate(k)) % 2**31 if isinstance(k, str) else k for k in key
        ]
        return np.random.default_rng([self.seed, *words])

    def is_open(self, school: School, year: int) -> bool:
        """A merged school is open in the first year only."""
        return school.successor < 0 or year <= self.first

    def open_schools(self, year: int) -> list[School]:
        return [school for school in self.schools if self.is_open(school, year)]

    def name(self, school: School, year: int) -> str:
        return school.new_name if school.new_name and year > self.first else school.name

    def effect_in(self, year: int) -> np.ndarray:
        return self.effect[:, max(0, min(year - self.first, self.effect.shape[1] - 1))]


def _sizes(count: int) -> np.ndarray:
    """Students per grade: evenly spread quantiles of a lognormal, so that small regions look large."""
    quantiles = (np.arange(count) + 0.5) / count
    normal = np.array([_NORMAL.inv_cdf(q) for q in quantiles])
    if count < 60:
        return np.r_[np.clip(19.0 * np.exp(0.80 * normal[:-1]), 4, 30), 56]
    return np.clip(20.5 * np.exp(0.88 * normal), 4, 300)


def _spread(order: np.ndarray) -> np.ndarray:
    """Ranks turned into normal quantiles."""
    ranks = np.argsort(np.argsort(order, kind="stable"), kind="stable")
    return np.array([_NORMAL.inv_cdf((rank + 0.5) / len(order)) for rank in ranks])


def _municipalities(count: int) -> list[Municipality]:
    towns = [Municipality(0, "01", f"город {names.CAPITAL}", names.CAPITAL, 101, "99701000")]
    for number in range(1, count):
        towns.append(
            Municipality(
                number,
                f"{number + 1:02d}",
                names.district_name(number - 1),
                names.town_name(number - 1),
                101 + number,
                f"99{600 + number:03d}000",
            )
        )
    return towns


def _digits(index: int, count: int) -> str:
    """The six digits of the logins: spread out while there is room for it."""
    step = max(1, min(7, 9_000 // count))
    return f"{990_100 + index * step}" if count <= 9_000 else f"{100_000 + index}"


def _title(form: str, number: int, locality: str, settlement: str) -> tuple[str, str]:
    long = {
        "СОШ": "Средняя общеобразовательная школа",
        "ООШ": "Основная общеобразовательная школа",
        "Гимназия": "Гимназия",
        "Лицей": "Лицей",
        "ВСОШ": "Вечерняя (сменная) общеобразовательная школа",
        "СКОШ": "Специальная (коррекционная) общеобразовательная школа",
    }[form]
    place = {"capital": "г.", "city": "г.", "town": "г.", "settlement": "пгт.", "village": "с."}[locality]
    which = f" № {number}" if number else ""
    head = "Муниципальное бюджетное общеобразовательное учреждение"
    return f"МБОУ «{form}{which}» {place} {settlement}", f"{head} «{long}{which}» {place} {settlement}"


def build_region(schools: int, years: Sequence[int], seed: int, size_factor: float = 1.0) -> Region:
    """Lay out the region: who is where, how large, in what conditions, and what is planted."""
    if schools < 12:
        raise ValueError("a region has at least 12 schools")
    span = tuple(sorted(set(years)))
    if not span:
        raise ValueError("at least one school year")
    rng = np.random.default_rng([seed, 1])
    districts = _municipalities(max(5, round(schools / 9)) if schools < 60 else max(7, round(schools / 10)))
    in_town = max(4, round(0.3 * schools))
    where = np.r_[np.zeros(in_town, int), np.sort(1 + np.arange(schools - in_town) % (len(districts) - 1))]
    # the larger schools are in town
    sizes = size_factor * _sizes(schools)
    weight = np.where(where == 0, 1.1, 0.0) + rng.normal(0, 0.9, schools)
    size = np.empty(schools)
    size[np.argsort(weight, kind="stable")] = sizes
    seats = position(where)[0].tolist()
    locality = [
        "capital" if m == 0 else ("town" if seat == 0 else "settlement" if seat == 1 else "village")
        for m, seat in zip(where, seats, strict=True)
    ]
    if len(districts) > 6:
        locality = [
            "city" if loc == "town" and m % 6 == 1 else loc for loc, m in zip(locality, where, strict=True)
        ]
    kinds = [ORDINARY] * schools
    evening, correctional = in_town - 1, in_town - 2
    kinds[evening], kinds[correctional] = EVENING, CORRECTIONAL
    size[evening], size[correctional] = 9.0, 7.0
    bonus = {"capital": 0.5, "city": 0.3, "town": 0.2, "settlement": -0.2, "village": -0.45}
    social = _spread(np.array([bonus[loc] for loc in locality]) + rng.normal(0, 0.8, schools))
    social[evening] = -1.6

    ordinary = np.array([kind == ORDINARY for kind in kinds])
    # one small school is merged into its neighbour after the first year
    district_last = [i for i in range(schools - 1) if where[i] > 0 and where[i] == where[i + 1]]
    merged = min(district_last, key=lambda i: size[i])
    successor = merged + 1
    renamed = next(i for i in range(in_town) if ordinary[i] and size[i] < size.max())
    special = {merged, successor, renamed}

    effect = rng.normal(0, EFFECT_SD, schools)
    manipulation = [""] * schools
    low_reason = [""] * schools
    resilient, high, improving = (np.zeros(schools, bool) for _ in range(3))

    def pick(count: int, good: np.ndarray, least: float) -> list[int]:
        free = [
            i for i in np.flatnonzero(good & ordinary & (size >= least))
            if i not in special and not (manipulation[i] or low_reason[i] or resilient[i] or high[i])
        ]  # fmt: skip
        chosen = sorted(rng.choice(free, size=min(count, len(free)), replace=False).tolist()) if free else []
        return [int(i) for i in chosen]

    third_low = np.quantile(social, 1 / 3)
    everything = np.ones(schools, bool)
    # marks are seen best in the larger schools, so these are chosen first
    big = min(52.0, float(size.max()))
    # the largest school first: a peak at a boundary needs many works to be seen
    for i in pick(max(1, round(0.02 * schools)), everything, big):
        manipulation[i] = "peak"
    lows = max(5, round(0.13 * schools))
    for i in pick(lows // 2, social <= np.quantile(social, 0.5), 13):
        low_reason[i] = "social_context"
    for i in pick(
        lows - lows // 2, (social > np.quantile(social, 0.2)) & (social < np.quantile(social, 0.85)), 13
    ):
        low_reason[i] = "teaching"
    for i in pick(max(2, round(0.06 * schools)), social <= third_low, 10):
        resilient[i] = True
    for i in pick(max(2, round(0.06 * schools)), social > third_low, 10):
        high[i] = True
    for kind, least in (("inflated", 10.0), ("inflated_grade_4", 10.0), ("journal_reversed", 9.0)):
        for i in pick(max(1, round(0.02 * schools)), everything, least):
            manipulation[i] = kind
    for i in pick(1, everything, 4):
        low_reason[i] = "teaching"  # one small school, for which the year's data are too few
    effect[evening] = -1.2
    for i in range(schools):
        if resilient[i]:
            effect[i] = 0.65
        elif high[i]:
            effect[i] = 0.60
        elif low_reason[i] == "social_context":
            effect[i] = -1.00
        elif low_reason[i]:
            effect[i] = -1.10
        elif manipulation[i]:
            effect[i] = -0.15

    by_year = np.repeat(effect[:, None], len(span), axis=1)
    lows_list = [i for i in range(schools) if low_reason[i]]
    # some low schools recover under the programme, and some fall only in the last year
    for i in lows_list[:: 2 if len(lows_list) < 9 else 3]:
        improving[i] = True
        by_year[i] += 0.45 * np.arange(len(span))
    for i in pick(max(1, round(0.01 * schools)), (social < 0.6) & (social > -1.2), 11):
        low_reason[i] = "decline"
        by_year[i, -1] -= 1.1
    by_year += rng.normal(0, COHORT_SD, by_year.shape)

    made: list[School] = []
    town_number = 0
    for i in range(schools):
        district = districts[where[i]]
        form, number = "СОШ", 0
        settlement = district.town
        if kinds[i] == EVENING:
            form, number = "ВСОШ", 1
        elif kinds[i] == CORRECTIONAL:
            form, number = "СКОШ", 2
        elif where[i] == 0:
            town_number += 1
            number = town_number
            form = "Гимназия" if town_number == 2 else "Лицей" if town_number == 4 else "СОШ"
        elif locality[i] in ("town", "city"):
            number = 1
        elif locality[i] == "settlement":
            settlement = names.village_name(i - in_town)
        else:
            form = "ООШ" if size[i] < 12 else "СОШ"
            settlement = names.village_name(i - in_town)
        name, full = _title(form, number, locality[i], settlement)
        new_name = ""
        if i == renamed:
            new_name = name.replace("»", NAMED_AFTER)
        serial = seats[i] + 1
        made.append(
            School(
                i,
                _digits(i, schools),
                int(where[i]),
                kinds[i],
                form,
                locality[i],
                settlement,
                name,
                full,
                f"{where[i] + 1:03d}{serial:03d}",
                f"{district.msu}{serial:03d}",
                names.inn(1000 + i),
                names.ogrn(2000 + i * 3),
                9 if form in ("ООШ", "СКОШ") else 11,
                float(size[i]),
                new_name,
                successor if i == merged else -1,
            )
        )
    difficult = social <= np.quantile(social, 0.25)
    return Region(
        span,
        seed,
        districts,
        made,
        social,
        by_year,
        low_reason,
        resilient,
        high,
        manipulation,
        difficult,
        rng.normal(0, 0.10, (schools, 2)),
        improving,
    )
