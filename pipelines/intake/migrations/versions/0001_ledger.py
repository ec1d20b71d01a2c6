"""The ledger's first tables: submissions, readings, counts of rows and rules."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "submission",
        sa.Column("submission_id", sa.Integer, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("file_id", sa.String(16), nullable=False),
        sa.Column("hints", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("replaced_by", sa.Integer),
    )
    op.create_index("ix_submission_path", "submission", ["path"])
    op.create_index("ix_submission_file_id", "submission", ["file_id"])
    op.create_table(
        "reading",
        sa.Column("file_id", sa.String(16), primary_key=True),
        sa.Column("reader_version", sa.String(16), nullable=False),
        sa.Column("result", sa.Text, nullable=False),
    )
    op.create_table(
        "row_count",
        sa.Column("file_id", sa.String(16), primary_key=True),
        sa.Column("sheet", sa.Text, primary_key=True),
        sa.Column("contract", sa.String(40), primary_key=True),
        sa.Column("school_year", sa.Integer, primary_key=True),
        sa.Column("rows_read", sa.Integer, nullable=False),
        sa.Column("rows_accepted", sa.Integer, nullable=False),
        sa.Column("rows_rejected", sa.Integer, nullable=False),
    )
    op.create_table(
        "rule_count",
        sa.Column("file_id", sa.String(16), primary_key=True),
        sa.Column("sheet", sa.Text, primary_key=True),
        sa.Column("contract", sa.String(40), primary_key=True),
        sa.Column("school_year", sa.Integer, primary_key=True),
        sa.Column("rule_id", sa.String(40), primary_key=True),
        sa.Column("severity", sa.String(12), primary_key=True),
        sa.Column("n", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    for table in ("rule_count", "row_count", "reading", "submission"):
        op.drop_table(table)
