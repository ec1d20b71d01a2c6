"""The works (tests): items with Rasch and partial-credit parameters, mark scales, score scales.

Difficulties stand on one logit scale. A work is drawn with free difficulties and then shifted as a whole
until the wished share of students stays below its minimum. The region's diagnostic works share common items
over the years and the windows, and are never shifted by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

_NORMAL = NormalDist()
RU, MA, MA_PROFILE, MA_BASE = "Русский язык", "Математика", "Математика профильная", "Математика базовая"


@dataclass(frozen=True)
class Work:
    """One work of one year. ``deltas[j]`` are the step difficulties of item j, ``shift`` adds per variant."""

    kind: str
    subject: str
    grade: int
    year: int
    window: str
    items: tuple[str, ...]
    names: tuple[str, ...]
    maxima: np.ndarray
    deltas: tuple[np.ndarray, ...]
    shift: np.ndarray
    mark_from: tuple[int, int, int] | None
    min_score: int | None
    short: int
    levels: tuple[str, ...]
    skills: tuple[str, ...]
    anchors: tuple[str, ...]
    test_scores: np.ndarray | None = None

    @property
    def max_score(self) -> int:
        return int(self.maxima.sum())

    def mark(self, totals: np.ndarray) -> np.ndarray:
        """The mark 2–5 of a primary score."""
        assert self.mark_from is not None
        return 2 + np.searchsorted(np.array(self.mark_from), totals, side="right")


@dataclass(frozen=True)
class Plan:
    """What every year's work of a kind has in common."""

    kind: str
    subject: str
    grade: int
    items: str
    mark_from: tuple[int, int, int] | None = None
    min_score: int | None = None
    short: int = 0
    below: float = 0.09
    mean: float = 0.0
    scale: tuple[tuple[int, int], ...] = ()


def _ones(first: int, last: int) -> str:
    return " ".join(f"{n}:1" for n in range(first, last + 1))


VPR = (
    Plan("ВПР", MA, 4,
         "1:1 2:1 3:2 4:1 5.1:1 5.2:1 6.1:1 6.2:1 7:1 8:2 9.1:1 9.2:1 10:2 11:2 12:2", (6, 10, 15)),
    Plan(
        "ВПР", RU, 4,
        "1К1:4 1К2:3 2:3 3.1:1 3.2:3 4:2 5:1 6:2 7:3 8:2 9:1 10:1 "
        "11:2 12.1:1 12.2:2 13.1:1 13.2:2 14:1 15.1:2 15.2:1",
        (14, 24, 33),
    ),
    Plan("ВПР", MA, 5,
         "1:1 2:1 3:1 4:1 5:1 6:2 7:2 8:2 9:2 10:2 11.1:1 11.2:1 12.1:1 12.2:1 14:1", (7, 11, 15)),
    Plan(
        "ВПР", RU, 5,
        "1К1:4 1К2:3 1К3:2 2К1:3 2К2:3 2К3:3 2К4:3 3:2 4.1:3 4.2:2 5.1:2 5.2:1 "
        "6.1:2 6.2:1 7.1:2 7.2:1 8:2 9:2 10:2 11:1 12:1",
        (18, 29, 39),
    ),
    Plan("ВПР", MA, 6, "1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1 9:2 10:1 11:2 12:1 13:2", (6, 10, 14)),
    Plan(
        "ВПР", RU, 6,
        "1К1:4 1К2:3 1К3:2 2К1:3 2К2:3 2К3:4 2К4:3 3.1:1 3.2:1 4:2 5:2 6:2 7.1:1 "
        "7.2:2 8.1:2 8.2:2 9:2 10:3 11:2 12.1:2 12.2:2 13:2 14:1",
        (25, 35, 45),
    ),
)  # fmt: skip
FORM_WORK = Plan("ВПР", "Английский язык", 8, "1:5 2:5 3:5 4К1:4 4К2:4 4К3:4 4К4:3", (13, 20, 26))
F1_WORK = Plan(
    "ВПР",
    "Окружающий мир",
    4,
    "1:2 2:2 3.1:2 3.2:1 3.3:3 4:2 5:1 6.1:1 6.2:1 6.3:2 7.1:1 7.2:2 8К1:1 "
    "8К2:1 8К3:1 9.1:1 9.2:1 9.3:1 10.1:2 10.2К1:2 10.2К2:1 10.2К3:1",
    (8, 18, 27),
)
OGE = (
    Plan(
        "ОГЭ", RU, 9,
        _ones(2, 8) + " ИК1:2 ИК2:3 ИК3:2 СК1:2 СК2:3 СК3:2 СК4:2 ГК1:2 ГК2:2 ГК3:2 ГК4:2 ФК1:2",
        (15, 23, 29), 15, 7, 0.05,
    ),
    Plan("ОГЭ", MA, 9, _ones(1, 19) + " 20:2 21:2 22:2 23:2 24:2 25:2", (8, 15, 22), 8, 19, 0.085),
)  # fmt: skip
EGE = (
    Plan(
        "ЕГЭ", RU, 11,
        _ones(1, 7) + " 8:3 " + _ones(9, 15) + " 16:3 " + _ones(17, 25)
        + " 26:4 К1:1 К2:6 К3:1 К4:1 К5:2 К6:2 К7:3 К8:3 К9:2 К10:2 К11:1 К12:1",
        None, 24, 26, 0.012, 0.6,
        scale=((0, 0), (10, 24), (16, 36), (45, 78), (58, 100)),
    ),
    Plan(
        "ЕГЭ", MA_PROFILE, 11, _ones(1, 11) + " 12:2 13:3 14:2 15:2 16:3 17:4 18:4",
        None, 27, 11, 0.09, 0.9,
        scale=((0, 0), (5, 27), (12, 64), (20, 80), (31, 100)),
    ),
    Plan("ЕГЭ", MA_BASE, 11, _ones(1, 21), (7, 12, 17), 7, 21, 0.05, 0.25),
)  # fmt: skip
RDR_ITEMS, RDR_COMMON = 14, 9
RDR_WINDOWS = ("input", "interim", "final")
RDR_GAIN = {"input": 0.0, "interim": 0.20, "final": 0.45}
RDR_SUBJECT, RDR_GRADE = MA, 9
RDR_MIN = 6
CHOICE_ITEMS = 12


def respond(rng: np.random.Generator, theta: np.ndarray, work: Work, variant: np.ndarray) -> np.ndarray:
    """Draw item scores by the partial credit model; ``variant`` counts from 0."""
    scores = np.zeros((len(theta), len(work.items)), np.int8)
    for j, delta in enumerate(work.deltas):
        ability = theta - work.shift[variant, j]
        if len(delta) == 1:
            scores[:, j] = rng.random(len(theta)) < 1 / (1 + np.exp(delta[0] - ability))
            continue
        steps = np.arange(len(delta) + 1)
        logits = ability[:, None] * steps - np.r_[0.0, np.cumsum(delta)]
        weight = np.exp(logits - logits.max(axis=1, keepdims=True))
        bounds = np.cumsum(weight, axis=1)
        scores[:, j] = (rng.random(len(theta))[:, None] * bounds[:, -1:] > bounds[:, :-1]).sum(axis=1)
    return scores


def expected_total(theta: float, deltas: tuple[np.ndarray, ...]) -> float:
    """The expected primary score at an ability."""
    total = 0.0
    for delta in deltas:
        logits = theta * np.arange(len(delta) + 1) - np.r_[0.0, np.cumsum(delta)]
        weight = np.exp(logits - logits.max())
        total += float(weight @ np.arange(len(delta) + 1) / weight.sum())
    return total


def _steps(rng: np.random.Generator, maximum: int, centre: float) -> np.ndarray:
    spread = np.sort(rng.normal(0, 0.55, maximum)) if maximum > 1 else np.zeros(1)
    return centre + spread - spread.mean()


def _calibrated(deltas: list[np.ndarray], plan: Plan, minimum: int) -> tuple[np.ndarray, ...]:
    """Shift all steps so that the wished share of students is expected below the minimum."""
    quantile = plan.mean + 1.12 * _NORMAL.inv_cdf(plan.below)
    low, high = -8.0, 8.0
    for _ in range(50):
        middle = (low + high) / 2
        if expected_total(quantile, tuple(delta + middle for delta in deltas)) > minimum - 0.5:
            low = middle
        else:
            high = middle
    return tuple(delta + low for delta in deltas)


def _levels(deltas: tuple[np.ndarray, ...]) -> tuple[str, ...]:
    centre = np.array([delta.mean() for delta in deltas])
    return tuple("П" if value > np.quantile(centre, 0.75) else "Б" for value in centre)


_SKILLS = {
    RU: ("орфография", "пунктуация", "морфология", "синтаксис", "работа с текстом", "речевая деятельность"),
    MA: ("вычисления", "текстовые задачи", "геометрия", "алгебра", "данные и вероятность", "рассуждение"),
}


def draw(plan: Plan, year: int, rng: np.random.Generator) -> Work:
    """A new work by its plan: new items every year, two variants that are not quite equal."""
    pairs = [part.split(":") for part in plan.items.split()]
    maxima = np.array([int(maximum) for _, maximum in pairs])
    minimum = plan.min_score if plan.mark_from is None else plan.mark_from[0]
    if plan.scale:
        minimum = plan.scale[1][0]
    assert minimum is not None
    centres = np.sort(rng.normal(0, 0.9, len(pairs))) * 0.6 + rng.normal(0, 0.55, len(pairs))
    deltas = _calibrated(
        [_steps(rng, int(m), float(c)) for m, c in zip(maxima, centres, strict=True)], plan, minimum
    )
    shift = np.zeros((2, len(pairs)))
    moved = rng.choice(len(pairs), max(1, len(pairs) // 6), replace=False)
    shift[1, moved] = rng.normal(0, 0.3, len(moved))
    test_scores = None
    if plan.scale:
        primary, official = zip(*plan.scale, strict=True)
        test_scores = np.floor(np.interp(np.arange(maxima.sum() + 1), primary, official) + 0.5).astype(int)
    skills = _SKILLS[RU if plan.subject == RU else MA]
    return Work(
        plan.kind, plan.subject, plan.grade, year, "",
        tuple(str(n) for n in range(1, len(pairs) + 1)), tuple(name for name, _ in pairs),
        maxima, deltas, shift, plan.mark_from, plan.min_score, plan.short,
        _levels(deltas), tuple(skills[n * len(skills) // len(pairs)] for n in range(len(pairs))),
        ("",) * len(pairs), test_scores,
    )  # fmt: skip


def diagnostic(year: int, window: str, seed: int, gap: bool) -> Work:
    """The region's diagnostic work: nine items of a common bank and five of its own, on the bank's scale.

    With ``gap``, one anchor has become much easier than it was (it leaked), as real anchors do.
    """
    bank = np.random.default_rng([seed, 77])
    common = bank.normal(0.0, 0.9, RDR_COMMON)
    rng = np.random.default_rng([seed, 78, year, RDR_WINDOWS.index(window)])
    own = rng.normal(0.1, 0.9, RDR_ITEMS - RDR_COMMON)
    maxima = np.array([1] * 7 + [2] * 2 + [1] * 3 + [2] * 2)
    steps = [bank.normal(0, 0.4) for _ in range(RDR_COMMON)]
    deltas: list[np.ndarray] = []
    for j in range(RDR_ITEMS):
        centre = float(common[j]) if j < RDR_COMMON else float(own[j - RDR_COMMON])
        if gap and j == 3:
            centre -= 1.1
        half = 0.35 + abs(steps[j]) / 2 if j < RDR_COMMON else 0.45
        deltas.append(np.array([centre]) if maxima[j] == 1 else np.array([centre - half, centre + half]))
    anchors = tuple(f"РДР-МА9-{j + 1:02d}" if j < RDR_COMMON else "" for j in range(RDR_ITEMS))
    skills = tuple(_SKILLS[MA][j % 6] for j in range(RDR_ITEMS))
    names = tuple(str(j + 1) for j in range(RDR_ITEMS))
    return Work(
        "РДР", RDR_SUBJECT, RDR_GRADE, year, window, names, names, maxima, tuple(deltas),
        np.zeros((2, RDR_ITEMS)), (RDR_MIN, 10, 14), RDR_MIN, RDR_ITEMS, _levels(tuple(deltas)), skills,
        anchors,
    )  # fmt: skip


def choice(year: int, seed: int) -> tuple[Work, tuple[str, ...]]:
    """A diagnostic work of multiple choice: cells hold the chosen letters, the register of items the key."""
    rng = np.random.default_rng([seed, 79, year])
    names = tuple(str(j + 1) for j in range(CHOICE_ITEMS))
    deltas = tuple(np.array([d]) for d in np.sort(rng.normal(-0.4, 0.8, CHOICE_ITEMS)))
    keys = (*("ABCD"[k] for k in rng.integers(0, 4, CHOICE_ITEMS - 1)), "AC")
    work = Work(
        "РДР", RU, 8, year, "input", names, names, np.ones(CHOICE_ITEMS, int), deltas,
        np.zeros((2, CHOICE_ITEMS)),
        (5, 8, 11), 5, CHOICE_ITEMS, _levels(deltas), tuple(_SKILLS[RU][j % 6] for j in range(CHOICE_ITEMS)),
        ("",) * CHOICE_ITEMS,
    )  # fmt: skip
    return work, keys
