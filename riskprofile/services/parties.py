"""The register of parties at work: frozen before a run, added to at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from riskprofile.history import Aliases, forms
from riskprofile.history.register import Found
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
    # What was found for each form that the register did not know.
    sought: dict[int, Found | None] = field(default_factory=dict, compare=False, repr=False)

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
                self.sought.clear()
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
                sought = parties.join(connection, unknown, self.before)
        finally:
            store.close()
        self.sought.update(sought)
        known |= {key: one.entity for key, one in sought.items() if one is not None}
        return {key: known.get(key, key) for key in asked}


def learn(
    store: Store,
    connection: Connection,
    batch_ids: Sequence[str],
    now: datetime,
    asked: Sequence[Register] = (),
) -> int:
    """Take the names and addresses of these batches into the register; how many joined one.

    What the registers `asked` while rating found, all as of one time, is not sought again.
    """
    sought = {key: one for each in asked for key, one in each.sought.items()}
    found: dict[int, tuple[str, str]] = {}
    for chunk in batches.chunks(connection, batch_ids, ("profile", "rows")):
        keys = PROFILES[chunk.profile].keys
        columns = written(keys)
        if columns:
            found |= forms(batches.from_bytes(chunk.rows, columns), keys)
    before = min((one.before for one in asked), default=now)
    return parties.add(store, connection, found, now, sought, before)
