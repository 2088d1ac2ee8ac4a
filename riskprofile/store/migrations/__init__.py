"""Schema versions. `REVISIONS` lists them in order; the last one is what this code needs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

REVISIONS = (
    "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011",
    "0012", "0013", "0014", "0015", "0016", "0017", "0018", "0019", "0020", "0021",
    "0022", "0023", "0024", "0025", "0026", "0027", "0028", "0029", "0030", "0031", "0032",
)  # fmt: skip


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database to a version, inside the caller's transaction: all or nothing."""
    # Alembic is slow to import, and a database that is up to date never needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
