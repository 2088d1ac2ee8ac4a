"""The register of parties at work: frozen before a run, added to at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection

from riskprofile.history import Aliases, forms
from riskprofile.history.learning import Asked, among_themselves
from riskprofile.history.register import Found
from riskprofile.history.resolver import written
from riskprofile.profiles import PROFILES
from riskprofile.profiles.profile import Key
from riskprofile.store import batches, parties
from riskprofile.store.database import Store
from riskprofile.tables import Table

REMEMBERED = 1 << 18  # forms that were looked for and are remembered, about 60 MB


class Strangers:
    """No register: each spelling is a party of its own."""

    heard: Mapping[int, Asked] = MappingProxyType({})

    def __call__(self, table: Table, keys: Sequence[Key]) -> Aliases:
        """None."""
        return Aliases()

    def asked(self, table: Table, keys: Sequence[Key]) -> Asked:
        """Nothing."""
        return Asked.of({})


@dataclass(frozen=True)
class Register:
    """The register as it stood at a time. Hands on which keys are one, never a name.

    `heard` is what it said of the rows of chunks that this run stored, by the chunk's id.
    """

    url: str
    before: datetime
    heard: dict[int, Asked] = field(default_factory=dict, compare=False, repr=False)
    _answers: dict[int, int] = field(default_factory=dict, compare=False, repr=False)
    # What was found for each form that the register did not know.
    _sought: dict[int, Found | None] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, table: Table, keys: Sequence[Key]) -> Aliases:
        """Which keys of this table stand for another party's key.

        A row's answer depends on the row and the frozen register alone.
        """
        known = self._answered(forms(table, keys))
        return Aliases({key: entity for key, entity in known.items() if key != entity})

    def asked(self, table: Table, keys: Sequence[Key]) -> Asked:
        """The parties of this table, and what is said of them, for the end of the run."""
        named = forms(table, keys)
        known = self._answered(named)
        sought = {key: self._sought[key] for key in named if key in self._sought}
        return Asked.of(named, known, sought)

    def _answered(self, asked: dict[int, tuple[str, str]]) -> dict[int, int]:
        """What each of these forms stands for: itself, where nothing alike is known."""
        if len(self._answers) > REMEMBERED:
            self._answers.clear()
            self._sought.clear()
        new = {key: form for key, form in asked.items() if key not in self._answers}
        if new:
            store = Store.open(self.url)
            try:
                with store.read() as connection:
                    known = parties.entities(connection, list(new), self.before)
                    unknown = {key: form for key, form in new.items() if key not in known}
                    sought = parties.join(connection, unknown, self.before)
            finally:
                store.close()
            known |= {key: one.entity for key, one in sought.items() if one is not None}
            self._sought.update(sought)
            self._answers.update((key, known.get(key, key)) for key in new)
        return {key: self._answers[key] for key in asked}


@dataclass(frozen=True)
class Kin:
    """Forms that the register did not hold, for any process to compare among themselves."""

    asked: Asked

    def work(self, rater: object = None) -> dict[int, Found]:
        """What those stand for that are alike to another of these, by their place here."""
        return among_themselves(self.asked, parties.CROWDED)


def heard(connection: Connection, batch_ids: Sequence[str], registers: Sequence[Register]) -> Asked:
    """The names and addresses of these batches, and what the registers of the run said of them.

    The registers are all as of one time, and forget what they heard.
    """
    known = {chunk: one for each in registers for chunk, one in each.heard.items()}
    told: list[Asked] = []
    for chunk_id, name in batches.chunk_ids(connection, batch_ids):
        keys = PROFILES[name].keys
        columns = written(keys)
        if not columns:
            continue
        if chunk_id not in known:  # stored by a process that is gone
            rows = batches.rows_of(connection, chunk_id, columns)
            known[chunk_id] = registers[0].asked(rows, keys)
        told.append(known.pop(chunk_id))
    for each in registers:
        each.heard.clear()
    return Asked.together(told)
