"""Context, pairing and programme effect on frames and arrays: knows no Dagster, no DuckDB, no files."""

from .composite import OutcomeSet, yearly_results
from .context_model import ContextFit, fit_context
from .social_index import IndexRule, social_index

__all__ = [
    "ContextFit",
    "IndexRule",
    "OutcomeSet",
    "fit_context",
    "social_index",
    "yearly_results",
]
