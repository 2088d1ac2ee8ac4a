"""A database for one run that keeps nothing: `--no-store` and `--dry-run` take the same road."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import delete, insert, select

from riskprofile.files import passing_folder
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Office, Setting

COPIED = (Office.__table__, Setting.__table__)  # type: ignore[attr-defined]


@contextmanager
def scratch_database(real: Store) -> Iterator[tuple[Store, str]]:
    """A temporary database with the offices and switches of the real one, gone afterwards."""
    with passing_folder() as folder:
        url = f"sqlite:///{folder / 'run.db'}"
        store = Store.open(url)
        try:
            for table in COPIED:
                with real.read() as connection:
                    rows = [dict(row._mapping) for row in connection.execute(select(table))]
                with store.write() as connection:
                    connection.execute(delete(table))
                    if rows:
                        connection.execute(insert(table), rows)
            yield store, url
        finally:
            store.close()
