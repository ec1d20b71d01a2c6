"""Uroven: files of schools and districts in, uniform regional statistics out."""

__version__ = "0.1.0"
