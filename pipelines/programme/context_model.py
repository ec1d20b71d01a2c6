"""Expected result given context: weighted least squares of school means, with its diagnostics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, shapiro
from statsmodels.regression.linear_model import OLS, WLS, RegressionResultsWrapper
from statsmodels.stats.diagnostic import het_breuschpagan
from statsmodels.stats.outliers_influence import OLSInfluence, variance_inflation_factor
from statsmodels.tools import add_constant

#: An observation is influential above 4/n (Bollen & Jackman 1990).
COOK = 4.0


@dataclass(frozen=True)
class ContextFit:
    """The regression of one assessment.

    `model`: schools_n, terms_n, r_squared, adjusted_r_squared, residual_sd (of a school of mean weight,
    points), f_p_value, normality_p_value (Shapiro–Wilk on weighted residuals), heteroscedasticity_p_value
    (Breusch–Pagan), largest_leverage, largest_cook, influential_n, largest_vif.
    `coefficients`: by term estimate, se, robust_se (HC3), p_value, ci_low, ci_high, vif (NaN for the
    constant).
    `schools`: by school observed, expected, residual, residual_se, se_basis, ci_low, ci_high (of the
    residual), leverage, cook.
    """

    model: dict[str, float]
    coefficients: pd.DataFrame
    schools: pd.DataFrame


def fit_context(
    result: pd.Series, covariates: pd.DataFrame, weight: pd.Series, sampling_se: pd.Series, least_schools: int
) -> ContextFit | None:
    """Regress school means on context; None where fewer than `least_schools` are complete.

    All arguments have one row per school: `result` and `sampling_se` in points of the assessment's scale (se
    NaN where it is not known), `covariates` numeric (those that don't vary are left out), `weight` ≥ 0: the
    reliability of the mean, or its number of students where reliabilities are unknown or all zero.

    A residual's se has the sampling error of the school's own mean and the error of the fitted line; its
    interval tells whether these students did better than expected, not whether the school stands out from
    the spread between schools. Where the sampling error is unknown it is the residual error of the regression
    (`se_basis` residual instead of sampling), which is larger.
    """
    whole = result.notna() & covariates.notna().all(axis=1) & (weight > 0)
    y, w, own = (s[whole].astype(float) for s in (result, weight, sampling_se))
    x = covariates[whole].astype(float)
    x = x.loc[:, [name for name in x if x[name].nunique() > 1]]
    if len(y) < least_schools or not len(x.columns) or y.nunique() < 2:
        return None
    design = add_constant(x)
    if np.linalg.matrix_rank(design.to_numpy()) < design.shape[1]:
        return None
    fitted = WLS(y, design, weights=w / w.mean()).fit()
    influence = _influence(fitted)
    return ContextFit(
        model=_diagnostics(fitted, influence, design),
        coefficients=_coefficients(fitted, design),
        schools=_residuals(fitted, design, own, influence),
    )


def _influence(fitted: RegressionResultsWrapper) -> pd.DataFrame:
    """Leverage and Cook's distance by school, from the weighted problem."""
    weighted = OLS(fitted.model.wendog, fitted.model.wexog).fit()
    found = OLSInfluence(weighted)
    return pd.DataFrame(
        {"leverage": found.hat_matrix_diag, "cook": found.cooks_distance[0]}, index=fitted.resid.index
    )


def _diagnostics(
    fitted: RegressionResultsWrapper, influence: pd.DataFrame, design: pd.DataFrame
) -> dict[str, float]:
    return {
        "schools_n": int(fitted.nobs),
        "terms_n": int(fitted.df_model),
        "r_squared": float(fitted.rsquared),
        "adjusted_r_squared": float(fitted.rsquared_adj),
        "residual_sd": float(np.sqrt(fitted.mse_resid)),
        "f_p_value": float(fitted.f_pvalue),
        "normality_p_value": float(shapiro(fitted.wresid)[1]),
        "heteroscedasticity_p_value": float(het_breuschpagan(fitted.wresid, design)[1]),
        "largest_leverage": float(influence["leverage"].max()),
        "largest_cook": float(influence["cook"].max()),
        "influential_n": int((influence["cook"] > COOK / fitted.nobs).sum()),
        "largest_vif": float(_vif(design).max()),
    }


def _vif(design: pd.DataFrame) -> pd.Series:
    """Variance inflation by term, NaN for the constant."""
    x = design.to_numpy()
    return pd.Series(
        [np.nan] + [variance_inflation_factor(x, i) for i in range(1, x.shape[1])], index=design.columns
    )


def _coefficients(fitted: RegressionResultsWrapper, design: pd.DataFrame) -> pd.DataFrame:
    interval = fitted.conf_int()
    return pd.DataFrame(
        {
            "estimate": fitted.params,
            "se": fitted.bse,
            "robust_se": fitted.HC3_se,
            "p_value": fitted.pvalues,
            "ci_low": interval[0],
            "ci_high": interval[1],
            "vif": _vif(design),
        }
    )


def _residuals(
    fitted: RegressionResultsWrapper,
    design: pd.DataFrame,
    sampling_se: pd.Series,
    influence: pd.DataFrame,
) -> pd.DataFrame:
    x = design.to_numpy()
    line = np.einsum("ij,jk,ik->i", x, fitted.cov_params().to_numpy(), x)
    known = bool(sampling_se.notna().all())
    if known:
        se = np.sqrt(sampling_se**2 + line)
    else:
        se = np.sqrt(fitted.mse_resid / fitted.model.weights * (1 - influence["leverage"]))
    half = norm.ppf(0.975) * se
    return pd.DataFrame(
        {
            "observed": fitted.fittedvalues + fitted.resid,
            "expected": fitted.fittedvalues,
            "residual": fitted.resid,
            "residual_se": se,
            "se_basis": "sampling" if known else "residual",
            "ci_low": fitted.resid - half,
            "ci_high": fitted.resid + half,
        }
    ).join(influence)
