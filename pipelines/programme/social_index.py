"""The social index: oriented, standardised components of one region and year, weighed together.

In the spirit of composite school context indices (OECD/JRC Handbook on Constructing Composite Indicators,
2008); the weights are this project's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

WEIGHTINGS = ("equal", "pca", "given")


@dataclass(frozen=True)
class IndexRule:
    """How components are weighed: `weighting` is equal, pca or given; `least_components` a school must have;
    a standardised component counts at most `z_limit` either way.

    ValueError for an unknown weighting.
    """

    weighting: str = "equal"
    least_components: int = 2
    z_limit: float = 3.0

    def __post_init__(self) -> None:
        if self.weighting not in WEIGHTINGS:
            raise ValueError(f"weighting {self.weighting!r} is none of {', '.join(WEIGHTINGS)}")


def social_index(
    values: pd.DataFrame, orientation: pd.Series, weight: pd.Series, rule: IndexRule
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The index of the schools of one region and year, and the weights it was made with.

    `values`: schools × components, NaN where not known; `orientation` (1 or −1) and `weight` (used where they
    are given) by component. Each school counts once in means and sds (population sds).

    Returns schools (index as given): social_index (T-score, mean 50, sd 10, higher = more advantaged),
    social_index_percentile (0–100, mid-rank), quantile (1 least … 4 most advantaged), n_components; NaN where
    a school has too few components. And components: mean, sd, weight (Σ|weight| = 1), schools_n; a component
    that doesn't vary has weight 0.
    """
    names = list(values.columns)
    x = values.astype(float)
    mean, sd = x.mean(), x.std(ddof=0)
    varies = sd > 1e-9 * (1 + mean.abs())
    z = ((x - mean) / sd.where(varies)).mul(orientation.reindex(names), axis=1)
    z = z.clip(-rule.z_limit, rule.z_limit)
    weights = _weights(z, weight.reindex(names).astype(float), rule.weighting).where(varies, 0.0)
    weights /= weights.abs().sum() or 1.0
    table = pd.DataFrame({"mean": mean, "sd": sd, "weight": weights, "schools_n": x.notna().sum()})
    return _scores(z, weights, rule.least_components), table


def _weights(z: pd.DataFrame, given: pd.Series, weighting: str) -> pd.Series:
    if weighting == "pca":
        return _first_component(z)
    return given if weighting == "given" else pd.Series(1.0, index=z.columns)


def _first_component(z: pd.DataFrame) -> pd.Series:
    """Loadings of the first principal component, what is missing at its mean; their sum is not negative."""
    filled = z.dropna(axis=1, how="all").fillna(0.0)
    loadings = pd.Series(0.0, index=z.columns)
    if len(filled) > 1 and filled.shape[1]:
        vector = np.linalg.eigh(filled.to_numpy().T @ filled.to_numpy())[1][:, -1]
        loadings[filled.columns] = vector if vector.sum() >= 0 else -vector
    return loadings


def _scores(z: pd.DataFrame, weights: pd.Series, least: int) -> pd.DataFrame:
    used = z.loc[:, weights != 0]
    known = used.notna()
    n_components = known.sum(axis=1)
    total = (known * weights[used.columns].abs()).sum(axis=1)
    raw = (used.fillna(0.0) * weights[used.columns]).sum(axis=1) / total.where(total > 0)
    raw = raw.where(n_components >= least)
    spread = raw.std(ddof=0)
    index = 50 + 10 * (raw - raw.mean()) / spread if spread > 0 else raw * np.nan
    percentile = 100 * (raw.rank() - 0.5) / raw.count()
    return pd.DataFrame(
        {
            "social_index": index,
            "social_index_percentile": percentile,
            "quantile": np.minimum(np.floor(percentile / 25) + 1, 4),
            "n_components": n_components,
        }
    )
