"""Item parameters read back from the tables of the calibration."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.psychometrics import ItemBank


def stored_bank(items: pd.DataFrame) -> tuple[ItemBank, dict[str, tuple[str, ...]]]:
    """The bank of one assessment, and the items of each form that is scored.

    `items` are its rows of the table item; `intercepts` are written by `intercepts_text`.
    """
    known = items[items["intercepts"].notna()]
    texts = dict(zip(known["calibrated_as"], known["intercepts"], strict=True))
    values = [[float(v) for v in text.split()] for text in texts.values()]
    table = np.full((len(values), max(map(len, values))), np.inf)
    for j, own in enumerate(values):
        table[j, : len(own)] = own
    forms = {str(form): tuple(part["calibrated_as"]) for form, part in items.groupby("form")}
    return ItemBank(tuple(texts), table), forms


def intercepts_text(intercept: np.ndarray) -> str:
    """Intercepts of an item's scores 0…m in full precision; scores beyond the last in use are left out."""
    used = np.flatnonzero(np.isfinite(intercept))
    return " ".join(repr(float(v)) for v in intercept[: used[-1] + 1])
