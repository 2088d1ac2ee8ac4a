"""What Alembic runs: our connection, our transaction, our models."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from riskprofile.store import (  # noqa: F401  (registers the models)
    alert_tables,
    arms_tables,
    office_tables,
    run_tables,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
