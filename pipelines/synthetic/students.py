"""Students and what they did: cohorts with lasting abilities, and one sitting of one work."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipelines.synthetic.arrays import position
from pipelines.synthetic.region import CORRECTIONAL, EVENING, SOCIAL_SLOPE, Region
from pipelines.synthetic.works import MA, RU, Work, respond

CLASS_SIZE = 25
LETTERS = np.array(list("абвгдежзиклмно"))
WITHIN_SD = 1.0


@dataclass(frozen=True)
class Cohort:
    """All who were in grade 1 in the same year. Arrays are by student, sorted by the school of entry."""

    start: int
    first_id: int
    school: np.ndarray
    is_male: np.ndarray
    russian: np.ndarray
    mathematics: np.ndarray
    diligence: np.ndarray

    def __len__(self) -> int:
        return len(self.school)


@dataclass
class Sitting:
    """Who sat one work in one year and what came out. Arrays are by student, sorted by school."""

    work: Work
    student_id: np.ndarray
    school: np.ndarray
    number: np.ndarray
    class_index: np.ndarray
    classes_n: np.ndarray
    is_male: np.ndarray
    theta: np.ndarray
    variant: np.ndarray
    is_absent: np.ndarray
    scores: np.ndarray
    omitted: np.ndarray
    not_taught: np.ndarray
    journal: np.ndarray
    total: np.ndarray
    mark: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return len(self.school)

    @property
    def present(self) -> np.ndarray:
        return ~self.is_absent

    @property
    def below(self) -> np.ndarray:
        """Below the minimum: mark «2», or the test score under its minimum."""
        if self.work.test_scores is not None:
            assert self.work.min_score is not None
            return self.present & (self.score < self.work.min_score)
        return self.present & (self.mark == 2)


class Students:
    """Cohorts made when they are asked for, each from its own generator."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.cohort = lru_cache(maxsize=None)(self._cohort)

    def _cohort(self, start: int) -> Cohort:
        region = self.region
        rng = region.rng("cohort", start)
        sizes = np.array([school.size for school in region.schools])
        counts = np.maximum(1, rng.poisson(sizes * np.exp(rng.normal(0, 0.06, len(sizes)))))
        school = np.repeat(np.arange(len(sizes)), counts)
        shared = rng.normal(0, WITHIN_SD, len(school)) * np.sqrt(0.78)
        own = rng.normal(0, WITHIN_SD, (2, len(school))) * np.sqrt(0.22)
        is_male = rng.random(len(school)) < 0.508
        place, _ = position(school)
        klass = rng.normal(0, 0.15, (len(sizes), 16))[school, np.minimum(place // CLASS_SIZE, 15)]
        return Cohort(
            start,
            (start - 1990) * 1_000_000,
            school,
            is_male,
            shared + own[0] + klass - np.where(is_male, 0.18, -0.18),
            shared + own[1] + klass + np.where(is_male, 0.04, -0.04),
            rng.normal(0, 1, len(school)),
        )

    def enrolled(self, year: int, grade: int) -> tuple[Cohort, np.ndarray, np.ndarray]:
        """The cohort, the places in it of those in this grade, and their schools, sorted by school."""
        region = self.region
        cohort = self.cohort(year - grade)
        moved = np.array(
            [s.successor if s.successor >= 0 and year > region.first else s.index for s in region.schools]
        )
        school = moved[cohort.school]
        last = np.array([s.last_grade for s in region.schools])
        keep = last[school] >= grade
        kinds = np.array([s.kind for s in region.schools])
        keep &= ~((kinds[school] == EVENING) & (grade < 9))
        if grade > 9:
            # who stays on to grade 10 is decided once, in grade 9's ability order
            keep &= 0.55 * (cohort.russian + cohort.mathematics) + 0.8 * cohort.diligence > 0.0
        places = np.flatnonzero(keep)
        order = np.argsort(school[places], kind="stable")
        return cohort, places[order], school[places][order]

    def enrolled_n(self, year: int, grade: int) -> np.ndarray:
        """Students of the grade by school."""
        _, _, school = self.enrolled(year, grade)
        return np.bincount(school, minlength=len(self.region.schools))

    def sit(
        self,
        work: Work,
        *,
        absent: float = 0.09,
        gain: float = 0.0,
        takers: float = 1.0,
        complement: bool = False,
    ) -> Sitting:
        """Let a grade sit a work. ``takers`` is the share that chose it; ``complement`` takes the rest."""
        region = self.region
        rng = region.rng("sitting", work.kind, work.subject, work.grade, work.year, work.window)
        cohort, places, school = self.enrolled(work.year, work.grade)
        kinds = np.array([s.kind for s in region.schools])
        keep = kinds[school] != CORRECTIONAL
        if takers < 1:
            ability = cohort.mathematics[places] + 0.7 * cohort.diligence[places]
            chosen = ability > np.quantile(ability, 1 - takers)
            keep &= ~chosen if complement else chosen
        places, school = places[keep], school[keep]
        is_russian = work.subject == RU
        own = (cohort.russian if is_russian else cohort.mathematics)[places]
        theta = (
            own
            + region.effect_in(work.year)[school]
            + SOCIAL_SLOPE * region.social[school]
            + region.subject_effect[school, 0 if is_russian else 1]
            + gain
        )
        theta = theta + self._manipulation_shift(work, school)
        n = len(theta)
        number, size = position(school)
        classes = np.maximum(1, -(-size // CLASS_SIZE))
        variant = rng.integers(0, 2, n) if work.kind == "ВПР" else np.zeros(n, int)
        is_absent = rng.random(n) < np.clip(
            absent + rng.normal(0, 0.03, len(region.schools))[school], 0.02, 0.25
        )
        scores = respond(rng, theta, work, variant)
        if work.kind == "ВПР":
            self._lift_to_boundary(work, school, scores, rng)
        difficulty = np.array([delta.mean() for delta in work.deltas])
        rank = np.argsort(np.argsort(difficulty)) / max(1, len(difficulty) - 1)
        omitted = (scores == 0) & (rng.random(scores.shape) < 0.02 + 0.12 * rank)
        scores[is_absent] = 0
        omitted[is_absent] = False
        journal = self._journal(work, theta, school, cohort, places, rng)
        total = scores.sum(axis=1).astype(int)
        mark = work.mark(total) if work.mark_from else np.zeros(n, int)
        if work.kind == "ОГЭ" and work.subject == MA:
            geometry = scores[:, 14:19].sum(axis=1) + scores[:, 22:25].sum(axis=1)
            mark = np.where((mark > 2) & (geometry < 2), 2, mark)
        score = work.test_scores[total] if work.test_scores is not None else total
        return Sitting(
            work,
            cohort.first_id + places,
            school,
            number + 1,
            number * classes // size,
            classes,
            cohort.is_male[places],
            theta,
            variant + 1,
            is_absent,
            scores,
            omitted,
            np.zeros(scores.shape, bool),
            journal,
            total,
            mark,
            score,
        )

    def _manipulation_shift(self, work: Work, school: np.ndarray) -> np.ndarray:
        """Schools that inflate their own marking do so in ВПР only."""
        if work.kind != "ВПР":
            return np.zeros(len(school))
        lift = np.array(
            [
                0.9 if kind == "inflated" else 1.1 if kind == "inflated_grade_4" and work.grade == 4 else 0.0
                for kind in self.region.manipulation
            ]
        )
        return lift[school]

    def _lift_to_boundary(
        self, work: Work, school: np.ndarray, scores: np.ndarray, rng: np.random.Generator
    ) -> None:
        """In schools with a peak, works just below «3» or «4» are given the missing points."""
        assert work.mark_from is not None
        peaks = np.array([kind == "peak" for kind in self.region.manipulation])
        for boundary in work.mark_from[:2]:
            total = scores.sum(axis=1)
            missing = boundary - total
            lifted = np.flatnonzero(
                peaks[school] & (missing >= 1) & (missing <= 3) & (rng.random(len(school)) < 0.85)
            )
            for student in lifted:
                room = np.flatnonzero(scores[student] < work.maxima)
                for _ in range(int(missing[student])):
                    item = room[rng.integers(len(room))]
                    if scores[student, item] < work.maxima[item]:
                        scores[student, item] += 1
                        continue
                    free = np.flatnonzero(scores[student] < work.maxima)
                    scores[student, free[0]] += 1

    def _journal(
        self,
        work: Work,
        theta: np.ndarray,
        school: np.ndarray,
        cohort: Cohort,
        places: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """The school's own mark before the work: kinder than the work, and blurred."""
        noise = rng.normal(0, 0.45, len(theta))
        sign = np.array([-1.0 if kind == "journal_reversed" else 1.0 for kind in self.region.manipulation])
        own = (theta - self.region.effect_in(work.year)[school] * 0.6) * sign[school]
        return 2 + np.searchsorted(
            np.array([-2.35, -0.50, 0.95]), own + 0.3 * cohort.diligence[places] + noise
        )


def class_name(grade: int, index: int, classes: int) -> str:
    """The usual name of a class: «5а», or «5» in a school with one class of the grade."""
    return f"{grade}{LETTERS[min(index, len(LETTERS) - 1)]}" if classes > 1 else f"{grade}"


def icc(values: np.ndarray, group: np.ndarray) -> float:
    """The intraclass correlation by analysis of variance."""
    labels, inverse = np.unique(group, return_inverse=True)
    n = np.bincount(inverse)
    mean = np.bincount(inverse, values) / n
    between = float((n * (mean - values.mean()) ** 2).sum() / (len(labels) - 1))
    within = float(((values - mean[inverse]) ** 2).sum() / (len(values) - len(labels)))
    size = (n.sum() - (n**2).sum() / n.sum()) / (len(labels) - 1)
    return (between - within) / (between + (size - 1) * within)
