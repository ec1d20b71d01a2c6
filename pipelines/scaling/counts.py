"""Score counts of one assessment from the build database, with items named as they are calibrated.

An item of one variant is another item in the next variant, unless the register says that they are common:
by an anchor code, or by listing it under «*» in a list that has items by variant. «Topic not taught» makes a
form of its own («1 без 8»), whose items are its variant's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.psychometrics import LeastSizes, ScoreCounts, score_counts

WITHOUT = " без "
OTHER_VARIANTS = "прочие варианты / other variants"
#: Kinds whose variants are spread over students at random, so that one population ties them together.
RANDOM_VARIANTS = frozenset({"ВПР", "ОГЭ", "ЕГЭ", "ГВЭ"})


@dataclass(frozen=True)
class AssessmentCounts:
    """`items` maps (form, item) to the name it is calibrated by; `anchors` are such names with a code."""

    assessment_id: str
    counts: ScoreCounts
    items: dict[tuple[str, str], str]
    anchors: tuple[str, ...]


def base_form(form: str) -> str:
    """The variant of a form: «1 без 8» is variant 1 without item 8."""
    return form.split(WITHOUT, maxsplit=1)[0]


def by_cohort(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The counts with each cohort as a group: students of variants that were not spread at random are unlike.

    One normal over unlike cohorts biases the items. Variants too small to be a group stand together.
    """
    variants = {form: base_form(form) for form in rows["form"].unique()}
    if kind in RANDOM_VARIANTS or len(set(variants.values())) == 1:
        return rows
    # every item of a form was given to all its students
    students = rows.groupby(["form", "item"], observed=True)["n"].sum().groupby("form", observed=True).max()
    size = students.groupby(variants).sum()
    small = set(size.index[size < LeastSizes().group])
    cohort = {form: OTHER_VARIANTS if v in small else v for form, v in variants.items()}
    return rows.assign(comparison_group=rows["form"].astype(str).map(cohort))


def item_names(pairs: list[tuple[str, str]], listed: pd.DataFrame) -> dict[tuple[str, str], str]:
    """(form, item) → the name it is calibrated by.

    `listed` has form, item, anchor_item, is_listed of one assessment; form «*» is all forms.
    """
    anchors = {
        (str(form), str(item)): str(code)
        for form, item, code in zip(listed["form"], listed["item"], listed["anchor_item"], strict=True)
        if isinstance(code, str) and code
    }
    own_lists = bool(((listed["form"] != "*") & listed["is_listed"]).any())
    common = set(listed.loc[(listed["form"] == "*") & listed["is_listed"], "item"]) if own_lists else set()
    variants = {base_form(form) for form, _ in pairs}
    names: dict[tuple[str, str], str] = {}
    taken: set[tuple[str, str]] = set()
    for form, item in pairs:
        base = base_form(form)
        code = next((anchors[key] for key in ((form, item), (base, item), ("*", item)) if key in anchors), "")
        plain = item if len(variants) == 1 or item in common else f"{base}:{item}"
        # a code given twice in one form names no item
        name = code if code and (form, code) not in taken else plain
        taken.add((form, name))
        names[form, item] = name
    return names


def assessment_counts(
    assessment_id: str, rows: pd.DataFrame, listed: pd.DataFrame, *, raw_is_total: bool = True
) -> AssessmentCounts:
    """Build the counts of one assessment; a comparison group is a group.

    `rows`: form, comparison_group, item, raw_score, item_score, n, omitted_n. `listed`: form, item,
    max_score, anchor_item, is_listed. Raises CountsError where the counts contradict each other.
    """
    form, item = (rows[name].astype("category").cat.remove_unused_categories() for name in ("form", "item"))
    forms, labels = (column.cat.categories.to_numpy(str) for column in (form, item))
    pair = form.cat.codes.to_numpy(np.int64) * len(labels) + item.cat.codes.to_numpy(np.int64)
    score = rows["item_score"].to_numpy(np.int64)
    used = np.unique(pair)
    pairs = [(str(forms[p // len(labels)]), str(labels[p % len(labels)])) for p in used]
    names = item_names(pairs, listed)
    seen = np.zeros(len(forms) * len(labels), np.int64)
    np.maximum.at(seen, pair, score)
    top = _maxima(dict(zip(pairs, seen[used].tolist(), strict=True)), listed, names)
    named = np.empty(len(seen), dtype=object)
    named[used] = [names[p] for p in pairs]
    counts = score_counts(
        form=forms[pair // len(labels)],
        group=rows["comparison_group"].to_numpy(str),
        item=named[pair].astype(str),
        raw=rows["raw_score"].to_numpy(np.int64),
        score=score,
        n=rows["n"].to_numpy(np.int64),
        omitted_n=rows["omitted_n"].to_numpy(np.int64),
        max_score=top,
        raw_is_total=raw_is_total,
    )
    codes = set(listed["anchor_item"].dropna())
    return AssessmentCounts(assessment_id, counts, names, tuple(n for n in counts.items if n in codes))


def _maxima(
    seen: dict[tuple[str, str], int], listed: pd.DataFrame, names: dict[tuple[str, str], str]
) -> dict[str, int]:
    """The maximum of each item: as listed, and never under the highest score `seen` of (form, item)."""
    stated = {
        (str(form), str(item)): int(top)
        for form, item, top in zip(listed["form"], listed["item"], listed["max_score"], strict=True)
        if top == top  # noqa: PLR0124 - NaN is no maximum
    }
    top: dict[str, int] = {}
    for (form, item), highest in seen.items():
        keys = ((form, item), (base_form(form), item), ("*", item))
        known = next((stated[key] for key in keys if key in stated), 0)
        name = names[form, item]
        top[name] = max(top.get(name, 0), known, highest)
    return top
