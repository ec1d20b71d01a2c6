"""One inbox of works with known answers and of bad input, and the release that comes of it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pytest

from tests.conftest import Home, made_once, uroven
from tests.psychometrics.helpers import lsat6, simulate, simulate_01
from tests.scaling.works import Inbox, locality

#: Schools of the LSAT6 students: from two students up.
SIZES = (2, 3, 5, 8, 12, 20, 30, 40, 60, 80, 100, 120, 140, 180, 200)
BAD = {
    "all_right": "Физика",
    "disconnected": "Биология",
    "constant_total": "География",
    "few": "История",
    "no_key": "Обществознание",
    "link_missing": "Информатика",
    "drifted": "Химия",
}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240601)


def _order(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    matrix = lsat6()
    return matrix[rng.permutation(len(matrix))], np.repeat(np.arange(len(SIZES)), SIZES)


@pytest.fixture(scope="session")
def works_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A release of LSAT6 and of works that can't be scaled, each for a reason of its own."""
    rng = np.random.default_rng(11)
    inbox = Inbox(tmp_path_factory.mktemp("works") / "inbox", schools_n=len(SIZES))
    scores, school = _order(rng)
    inbox.students("Математика", scores, school=school)

    easy = simulate_01(rng, rng.normal(0, 1, 400), np.linspace(-1, 1, 6))
    easy[:, 2], easy[:, 3] = 1, 0
    inbox.students(BAD["all_right"], easy)

    parts = simulate_01(rng, rng.normal(0, 1, 600), np.linspace(-1, 1, 6))
    first = np.arange(600) < 300
    cells = [
        [*row[:3], "н/п", "н/п", "н/п"] if one else ["н/п", "н/п", "н/п", *row[3:]]
        for row, one in zip(parts, first, strict=True)
    ]
    inbox.students(BAD["disconnected"], cells, form=np.where(first, "1", "2"))

    inbox.students(BAD["constant_total"], [np.roll([1, 1, 0, 0], i % 4) for i in range(300)])
    inbox.students(BAD["few"], simulate_01(rng, rng.normal(0, 1, 50), np.linspace(-1, 1, 6)))

    letters = np.where(simulate_01(rng, rng.normal(0, 1, 300), np.linspace(-1, 1, 5)) == 1, "A", "B")
    inbox.students(BAD["no_key"], letters, maxima=[1] * 5)
    keys = [{"item": j, "position": j, "max_score": 1, "key": "" if j == 3 else "A"} for j in range(1, 6)]
    inbox.items(BAD["no_key"], keys)

    inbox.students(BAD["link_missing"], simulate_01(rng, rng.normal(0, 1, 300), np.linspace(-1, 1, 6)))
    inbox.registered(BAD["link_missing"], max_score=6, linked_to="РДР/Информатика/9/2019/final")

    _linked_years(inbox, rng)
    _small_years(inbox, rng)
    # girls (every other student, from the first) find item 2 harder than boys of the same ability, and
    # students of villages item 5
    girls = np.arange(3000) % 2 == 0
    rural = np.array([locality(i % inbox.schools_n) == "village" for i in range(3000)])
    delta = np.tile(np.linspace(-1.5, 1.5, 12), (3000, 1))
    delta[girls, 1] += 1.0
    delta[rural, 4] += 1.0
    chance = 1 / (1 + np.exp(delta - rng.normal(0, 1, (3000, 1))))
    inbox.students("Литература", (rng.random(chance.shape) < chance).astype(int))
    folder = str(inbox.close())
    return made_once(
        tmp_path_factory, "works_home", lambda home: uroven("run", "--inbox", folder, "--quiet", home=home)
    )


def _linked_years(inbox: Inbox, rng: np.random.Generator) -> None:
    """A reference year; a year linked to it, 30 points better; and one whose anchors drifted apart."""
    delta = np.linspace(-1.5, 1.5, 12)
    names = [{"item": j, "position": j, "max_score": 1, "anchor_item": f"Я{j}"} for j in range(1, 13)]
    for subject, year, shift, drift in (
        ("Химия", 2021, 0.0, np.zeros(12)),
        ("Химия", 2022, 0.3, np.zeros(12)),
        ("Химия", 2023, 0.0, np.where(np.arange(12) % 2, 1.0, -1.0)),
    ):
        scores = simulate_01(rng, rng.normal(shift, 1, 3000), delta + drift)
        inbox.students(subject, scores, year=year)
        inbox.items(subject, names, year=year)
        linked = {"is_reference": "true"} if year == 2021 else {"linked_to": "РДР/Химия/9/2021"}
        inbox.registered(subject, school_year=year, max_score=12, **linked)


def _small_years(inbox: Inbox, rng: np.random.Generator) -> None:
    """One form in three years, too few students to calibrate its longer items; the later ones do better."""
    names = [{"item": j, "position": j, "max_score": 2, "anchor_item": f"Р{j}"} for j in range(1, 9)]
    for year, shift in ((2021, 0.0), (2022, 0.3), (2023, 0.6)):
        steps = [[center - 0.5, center + 0.5] for center in np.linspace(-1, 1, 8)]
        scores = simulate(rng, rng.normal(shift, 1, 150), steps)
        inbox.students("Русский язык", scores, year=year, maxima=[2] * 8)
        inbox.items("Русский язык", names, year=year)
        linked = {"is_reference": "true"} if year == 2021 else {"linked_to": "РДР/Русский язык/9/2021"}
        inbox.registered("Русский язык", school_year=year, max_score=16, **linked)


@pytest.fixture(scope="session")
def works(works_home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(works_home.warehouse), read_only=True) as db:
        yield db
