"""What Alembic runs: our connection, our transaction, our models."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from riskprofile.store import arms_tables, tables  # noqa: F401  (registers the models)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
