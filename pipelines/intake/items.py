"""Item cells of student results -> scores, aligned over the files of one assessment.

A score matrix holds the score, ``OMITTED`` for «not attempted» (X) and ``ABSENT_ITEM`` for an item that the
student was not given. Each distinct (item, cell text) is judged once, whatever the number of students.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pandera.pandas as pa_check
import pyarrow as pa
from pandera.typing import Series

from pipelines.intake.text import clean, item_name, to_cyrillic

OMITTED, ABSENT_ITEM = -1, -2
#: Without a stated maximum, a score that fewer than this share of the answers reach is taken for a slip.
USUAL_SHARE = 0.005
_NOT_TAUGHT = re.compile(r"^(не\s*пройд(ено|ена)?\.?|н\s*/?\s*п\.?)$")
_PART = re.compile(r"^(\d{1,4})\((\d{1,4})\)$")


class ItemScore(pa_check.DataFrameModel):
    """A score of an item lies between 0 and the item's maximum."""

    score: Series[int] = pa_check.Field(ge=0)

    @pa_check.dataframe_check
    @classmethod
    def within_maximum(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["score"] <= frame["maximum"]


@dataclass(frozen=True)
class ReferenceItem:
    """What an item list (the contract ``assessment_items``) says of one item."""

    item: str
    max_score: float | None
    position: int | None
    key: str | None


@dataclass
class ItemColumn:
    """One item of an assessment; ``source`` says where the maximum came from."""

    item: str
    max_score: float
    source: str  # file | register | inferred | marks


@dataclass
class ScoredItems:
    """Scores (students × items), the items, and what was wrong: (students, item index, rule, text, limit).

    ``places`` says where an item stands among the items of a file: item set -> item index -> place.
    """

    scores: np.ndarray
    items: list[ItemColumn]
    faults: list[tuple[np.ndarray, int, str, str, str]] = field(default_factory=list)
    wrong_length: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    omitted_marks: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    not_taught_marks: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    totals_comparable: bool = True
    places: dict[str, dict[int, int]] = field(default_factory=dict)


def _names(item_set: str, reference: list[ReferenceItem]) -> list[tuple[str, float | None]]:
    """The items of a file under their own names: a bare position is named by the item list, if it has one."""
    by_position = {r.position: r.item for r in reference if r.position}
    out = []
    for name, maximum, position in json.loads(item_set):
        known = name or by_position.get(position, str(position))
        out.append((item_name(known), maximum))
    return out


def score_items(
    cells: pa.ListArray | pa.ChunkedArray, item_sets: np.ndarray, reference: list[ReferenceItem]
) -> ScoredItems:
    """Score the cells of one assessment's students.

    ``cells``: a list of texts a student; ``item_sets``: for each student the file's items as JSON (an object
    array). Students whose list does not fit their file's items are reported in ``wrong_length``.
    """
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    n = len(cells)
    sets = {s: _names(s, reference) for s in dict.fromkeys(item_sets) if s}
    order: dict[str, int] = {}
    for names in sets.values():
        for name, _ in names:
            order.setdefault(name, len(order))
    ref = {item_name(r.item): r for r in reference}
    lengths = cells.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    flat = cells.flatten().dictionary_encode()
    if isinstance(flat, pa.ChunkedArray):
        flat = flat.combine_chunks()
    texts = [clean(t or "") for t in flat.dictionary.to_pylist()]
    codes = flat.indices.fill_null(0).to_numpy(zero_copy_only=False)
    starts = np.concatenate([[0], np.cumsum(lengths)])[:-1]
    width = max(len(texts), 1)

    raw = np.full((n, len(order)), -1, dtype=np.int64)
    wrong = np.zeros(n, bool)
    for item_set, names in sets.items():
        rows = np.flatnonzero(item_sets == item_set)
        fits = (lengths[rows] == len(names)) | (lengths[rows] == 0)
        wrong[rows[~fits]] = True
        rows = rows[fits & (lengths[rows] > 0)]
        columns = np.array([order[name] for name, _ in names])
        raw[np.ix_(rows, columns)] = codes[starts[rows][:, None] + np.arange(len(names))]
    stated: dict[str, float] = {}
    for names in sets.values():
        for name, maximum in names:
            if maximum is not None:
                stated[name] = max(maximum, stated.get(name, 0))
    out = _judge(raw, list(order), texts, width, stated, ref, wrong)
    out.places = {s: {order[name]: k for k, (name, _) in enumerate(names)} for s, names in sets.items()}
    return out


def _judge(
    raw: np.ndarray, names: list[str], texts: list[str], width: int, stated: dict[str, float],
    ref: dict[str, ReferenceItem], wrong: np.ndarray,
) -> ScoredItems:  # fmt: skip
    n, scores = len(raw), np.full(raw.shape, ABSENT_ITEM, dtype=np.int16)
    out = ScoredItems(scores, [], wrong_length=wrong)
    out.omitted_marks, out.not_taught_marks = np.zeros(n, int), np.zeros(n, int)
    keyed = any(r.key for r in ref.values())
    judged: list[dict[int, int | str]] = []
    for j, name in enumerate(names):
        frequency = dict(enumerate(np.bincount(raw[:, j] + 1, minlength=width + 1)[1:].tolist()))
        words = {code: texts[code] for code, times in frequency.items() if times}
        values, maximum, source = _column_values(words, frequency, stated.get(name), ref.get(name), keyed)
        judged.append(values)
        out.items.append(ItemColumn(name, maximum, source))
    out.totals_comparable = all(item.source != "marks" for item in out.items)
    above = _above_maximum(judged, out.items)
    for j, (values, item) in enumerate(zip(judged, out.items, strict=True)):
        column, table = raw[:, j], np.full(width + 1, ABSENT_ITEM, dtype=np.int16)
        for code, value in values.items():
            rule = value if isinstance(value, str) else ""
            if (j, code) in above:
                rule = "score_above_usual" if item.source == "inferred" else "score_above_maximum"
            if rule:
                limit = f"{item.max_score:g}"
                out.faults.append((np.flatnonzero(column == code), j, rule, texts[code], limit))
            else:
                table[code] = value
            if value == OMITTED and texts[code]:
                out.omitted_marks += column == code
            elif value == ABSENT_ITEM and texts[code]:
                out.not_taught_marks += column == code
        scores[:, j] = table[column]
    return out


def _above_maximum(judged: list[dict[int, int | str]], items: list[ItemColumn]) -> set[tuple[int, int]]:
    """Pandera's verdict over the distinct scores of all items: the (item, code) pairs that break the rule."""
    found = [
        (j, code, value)
        for j, values in enumerate(judged)
        for code, value in values.items()
        if isinstance(value, int) and value >= 0
    ]
    frame = pd.DataFrame(
        {"score": [v for _, _, v in found], "maximum": [items[j].max_score for j, _, _ in found]}, dtype=float
    ).astype({"score": int})
    try:
        ItemScore.validate(frame, lazy=True)
    except pa_check.errors.SchemaErrors as errors:
        return {found[int(i)][:2] for i in errors.failure_cases["index"].dropna()}
    return set()


def _column_values(
    words: dict[int, str], frequency: dict[int, int], stated: float | None, known: ReferenceItem | None,
    keyed: bool,
) -> tuple[dict[int, int | str], float, str]:  # fmt: skip
    """Code -> score, OMITTED, ABSENT_ITEM or the name of the rule it breaks; the maximum and its source."""
    maximum = stated if stated is not None else (known.max_score if known else None)
    source = "file" if stated is not None else "register"
    if keyed:
        return _keyed_values(words, known, maximum)
    values: dict[int, int | str] = {}
    for code, text in words.items():
        values[code] = _value(text)
    plus = [c for c, t in words.items() if t == "+"]
    if maximum is None:
        digits = [v for v in values.values() if isinstance(v, int) and v >= 0]
        if plus:
            # «+» is full marks: one point more than the most that was given in figures
            maximum, source = float(max([*digits, 0]) + 1), "marks"
        else:
            maximum, source = _usual_maximum(values, frequency), "inferred"
    for code in plus:
        values[code] = int(maximum)
    return values, maximum, source


def _value(text: str) -> int | str:
    if text.isdecimal() and len(text) <= 4:
        return int(text)
    if not text:
        return ABSENT_ITEM
    lower = to_cyrillic(text.lower())
    if lower == "х":
        return OMITTED
    if _NOT_TAUGHT.match(lower):
        return ABSENT_ITEM
    if text in ("+",):
        return 0
    if text in ("-", "–", "—"):
        return 0
    if m := _PART.match(text):
        return int(m[1])
    if m := re.match(r"^(\d{1,4})[.,]0+$", text):
        return int(m[1])
    return "score_not_a_number"


def _usual_maximum(values: dict[int, int | str], frequency: dict[int, int]) -> float:
    digits = {c: v for c, v in values.items() if isinstance(v, int) and v >= 0}
    n = sum(frequency[c] for c in digits)
    usual = [v for c, v in digits.items() if n < 200 or frequency[c] >= USUAL_SHARE * n]
    return float(max([*usual, 1]))


def _keyed_values(
    words: dict[int, str], known: ReferenceItem | None, maximum: float | None
) -> tuple[dict[int, int | str], float, str]:
    """Chosen answers against the key; several letters in the key are each right. A blank is an omission."""
    full = int(maximum or 1)
    if known is None or not known.key:
        return dict.fromkeys(words, "no_key"), float(full), "register"
    right = {to_cyrillic(a.strip().upper()) for a in re.split(r"[,;/| ]+", known.key) if a.strip()}
    values: dict[int, int | str] = {}
    for code, text in words.items():
        answer = to_cyrillic(text.upper())
        values[code] = OMITTED if not text else (full if answer in right else 0)
    return values, float(full), "register"


def form_labels(scores: np.ndarray, variants: np.ndarray, items: list[ItemColumn]) -> np.ndarray:
    """The form of each student: the variant, less the items that others of the variant were given.

    A variant's form leaves out what nobody of it was given; «topic not taught» makes a form of its own.
    """
    labels = variants.astype(object).copy()
    missing = scores == ABSENT_ITEM
    for variant in dict.fromkeys(variants):
        rows = np.flatnonzero(variants == variant)
        given = ~missing[rows].all(axis=0)
        holes = missing[rows] & given
        for pattern in np.unique(holes[holes.any(axis=1)], axis=0):
            left_out = ", ".join(items[j].item for j in np.flatnonzero(pattern))
            same = rows[(holes == pattern).all(axis=1)]
            labels[same] = f"{variant} без {left_out}".strip()
    return labels
