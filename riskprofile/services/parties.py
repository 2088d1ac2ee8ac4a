"""The register of parties at work: frozen before a run, added to at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from riskprofile.history import Aliases, forms
from riskprofile.history.resolver import written
from riskprofile.profiles import PROFILES
from riskprofile.profiles.profile import Key
from riskprofile.store import batches, parties
from riskprofile.store.database import Store
from riskprofile.tables import Table

REMEMBERED = 1 << 18  # forms that were looked for and are remembered, about 30 MB


@dataclass(frozen=True)
class Register:
    """The register as it stood at a time. Hands on which keys are one, never a name."""

    url: str
    before: datetime
    _answers: dict[int, int] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, table: Table, keys: Sequence[Key]) -> Aliases:
        """Which keys of this table stand for another party's key.

        A row's answer depends on the row and the frozen register alone.
        """
        asked = forms(table, keys)
        known = {key: entity for key in asked if (entity := self._answers.get(key)) is not None}
        new = {key: form for key, form in asked.items() if key not in known}
        if new:
            found = self._looked_up(new)
            if len(self._answers) + len(found) > REMEMBERED:
                self._answers.clear()
            self._answers.update(found)
            known |= found
        return Aliases({key: entity for key, entity in known.items() if key != entity})

    def _looked_up(self, asked: dict[int, tuple[str, str]]) -> dict[int, int]:
        """What each of these forms stands for: itself, where nothing alike is known."""
        store = Store.open(self.url)
        try:
            with store.read() as connection:
                known = parties.entities(connection, list(asked), self.before)
                unknown = {key: form for key, form in asked.items() if key not in known}
                known |= parties.join(connection, unknown, self.before)
        finally:
            store.close()
        return {key: known.get(key, key) for key in asked}


def learn(store: Store, connection: Connection, batch_ids: Sequence[str], now: datetime) -> int:
    """Take the names and addresses of these batches into the register; how many joined one."""
    found: dict[int, tuple[str, str]] = {}
    for chunk in batches.chunks(connection, batch_ids, ("profile", "rows")):
        keys = PROFILES[chunk.profile].keys
        columns = written(keys)
        if columns:
            found |= forms(batches.from_bytes(chunk.rows, columns), keys)
    return parties.add(store, connection, found, now)
