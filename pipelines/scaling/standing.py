"""The relative scale: standing within the region, year, subject and grade, where items give no scale.

Randomly spread variants are equated by their percentile ranks: under random groups a score of one variant is
worth the score of another that has the same rank (Kolen & Brennan 2014, ch. 2), so standing is counted within
the variant. Other works' variants, and variants of a few students, stand with all students' results.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipelines.psychometrics import Message, percentile_ranks, percentile_scale, t_scores, z_scores

#: Students that a variant's own ranks need: as many as the least of a provisional calibration [local].
LEAST_VARIANT_N = 100
Rows = list[dict[str, Any]]


def relative_scale(
    assessment: str, results: pd.DataFrame, *, random_variants: bool
) -> tuple[Rows, list[Message]]:
    """Percentile, z, T and 500 + 100·Φ⁻¹(percentile) by variant and result, and findings.

    `results` has variant, result_score, n. One variant, or none that is large enough: all stand together.
    """
    size = results.groupby("variant")["n"].sum()
    equated = random_variants and len(size) > 1
    large = set(size.index[size >= LEAST_VARIANT_N]) if equated else set()
    together = _standing(results.groupby("result_score")[["n"]].sum().reset_index())
    rows: Rows = []
    for variant, part in results.groupby("variant", sort=True):
        own = part.sort_values("result_score")
        scale = _standing(own) if variant in large else together
        placed = own.merge(scale, on="result_score")
        rows += [{**row, "assessment_id": assessment} for row in placed.to_dict("records")]  # type: ignore[dict-item]
    small = size[~size.index.isin(large)] if equated else size[:0]
    return rows, [_not_equated(str(variant), int(n)) for variant, n in small.items()]


def _standing(results: pd.DataFrame) -> pd.DataFrame:
    """Of each result: percentile, z_score, t_score, scale_score; NaN where all results are one."""
    score, n = results["result_score"].to_numpy(float), results["n"].to_numpy(float)
    mean = float(np.average(score, weights=n))
    sd = float(np.sqrt(np.average((score - mean) ** 2, weights=n)))
    z = z_scores(score, mean, sd) if sd > 0 else np.full(len(score), np.nan)
    return pd.DataFrame(
        {
            "result_score": results["result_score"].to_numpy(),
            "percentile": 100 * percentile_ranks(n),
            "z_score": z,
            "t_score": t_scores(z),
            "scale_score": percentile_scale(n) if sd > 0 else np.nan,
        }
    )


def _not_equated(variant: str, n: int) -> Message:
    return Message(
        "variant_not_equated",
        variant,
        f"Вариант «{variant}»: участников {n}, нужно не менее {LEAST_VARIANT_N}; "
        "результаты сравниваются со всеми, как есть",
        f"Variant '{variant}': {n} students, at least {LEAST_VARIANT_N} needed; "
        "its results stand with all as they are",
    )
