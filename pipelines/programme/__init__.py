"""Context, pairing and programme effect on frames and arrays: knows no Dagster, no DuckDB, no files."""

from .composite import OutcomeSet, yearly_results
from .context_model import ContextFit, fit_context
from .effect import EffectRule, ProgrammeEffect, programme_effect
from .pairing import PairingRule, propose_pairs
from .social_index import IndexRule, social_index

__all__ = [
    "ContextFit",
    "EffectRule",
    "IndexRule",
    "OutcomeSet",
    "PairingRule",
    "ProgrammeEffect",
    "fit_context",
    "programme_effect",
    "propose_pairs",
    "social_index",
    "yearly_results",
]
