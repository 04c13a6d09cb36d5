"""Alembic's entry: runs on the connection that `engines.core.migrate` hands over."""

from alembic import context

from engines.core.migrate import comparison_options

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    transactional_ddl=True,
    **comparison_options(),
)
with context.begin_transaction():
    context.run_migrations()
