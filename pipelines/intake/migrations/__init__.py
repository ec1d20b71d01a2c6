"""Migrations of the ledger (alembic): one file a change of its tables, in ``versions``."""
