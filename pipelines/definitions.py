"""The Dagster code location."""

from pipelines.build import definitions

defs = definitions()
