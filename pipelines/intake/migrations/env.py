"""alembic's entry: migrates over the connection that :func:`pipelines.intake.migration.upgrade` hands in."""

from alembic import context

from pipelines.intake.ledger import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
