"""The register of parties at work: frozen before a run, added to at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from riskprofile.history import Aliases, forms
from riskprofile.history.resolver import written
from riskprofile.profiles import PROFILES
from riskprofile.profiles.profile import Key
from riskprofile.store import batches, parties
from riskprofile.store.database import Store
from riskprofile.tables import Table


@dataclass(frozen=True)
class Register:
    """The register as it stood at a time. Hands on which keys are one, never a name."""

    url: str
    before: datetime

    def __call__(self, table: Table, keys: Sequence[Key]) -> Aliases:
        """Which keys of this table stand for another party's key.

        A row's answer depends on the row and the frozen register alone.
        """
        asked = forms(table, keys)
        if not asked:
            return Aliases()
        store = Store.open(self.url)
        try:
            with store.read() as connection:
                known = parties.entities(connection, list(asked), self.before)
                unknown = {key: form for key, form in asked.items() if key not in known}
                known |= parties.join(connection, unknown, self.before)
        finally:
            store.close()
        return Aliases({key: entity for key, entity in known.items() if key != entity})


def learn(store: Store, connection: Connection, batch_ids: Sequence[str], now: datetime) -> int:
    """Take the names and addresses of these batches into the register; how many joined one."""
    found: dict[int, tuple[str, str]] = {}
    for chunk in batches.chunks(connection, batch_ids, ("profile", "rows")):
        keys = PROFILES[chunk.profile].keys
        columns = written(keys)
        if columns:
            found |= forms(batches.from_bytes(chunk.rows, columns), keys)
    return parties.add(store, connection, found, now)
