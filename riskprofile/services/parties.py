"""The register of parties at work: frozen before a run, added to at its end."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from riskprofile.columns import View
from riskprofile.history import Aliases, finding, forms
from riskprofile.history.finding import Words
from riskprofile.history.learning import Asked, Parts, Said, among_themselves, apart
from riskprofile.history.register import Found
from riskprofile.history.resolver import written
from riskprofile.profiles import PROFILES
from riskprofile.profiles.profile import Key
from riskprofile.store import batches, parties
from riskprofile.store.database import Store
from riskprofile.store.parties import Blocks, KeySet
from riskprofile.store.spool import Held, Spool, unstreamed
from riskprofile.tables import Table

REMEMBERED = 1 << 15  # forms of late, and as many before them, that are not looked for again
# New forms up to which the connection stays for the next: to open one takes longer than to ask for
# so few. A chunk has more, and what its connection holds of the database would stay with it.
FEW = 64
TRAVEL = 1 << 19  # new forms, of some 125 bytes each, that are in memory to be sent to a worker

_AT_END, _MET = "at end", "met"

# Forms that were looked for last, and what was found: on the way to the end of the run.
Fresh = tuple[list[int], Words, list[Found | None]]


@dataclass
class _Memory:
    late: dict[int, Said] = field(default_factory=dict)
    before: dict[int, Said] = field(default_factory=dict)
    fresh: Fresh | None = None
    # Forms that nothing is alike to: most of a run, and each is there several times, far apart. Of
    # declarations that come alone they are not kept: it takes longer than to look for a few again.
    alone: KeySet = field(default_factory=KeySet)
    near: Blocks | None = None
    store: Store | None = None


@lru_cache(maxsize=4)
def _opened(url: str, thread: int) -> Store:
    """A database for all registers of a thread: what one made of its statements, all have.

    What another thread reads with when it is closed would stay open until garbage is looked for.
    """
    return Store.open(url)


class Strangers:
    """No register: each spelling is a party of its own."""

    def __call__(self, table: Table | View, keys: Sequence[Key]) -> Aliases:
        """None."""
        return Aliases()

    def asked(self, table: Table | View, keys: Sequence[Key]) -> Asked:
        """Nothing."""
        return Asked.of({})

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Register:
    """The register as it stood at a time. Hands on which keys are one, never a name."""

    url: str
    before: datetime
    _memory: _Memory = field(default_factory=_Memory, compare=False, repr=False)

    def __call__(self, table: Table | View, keys: Sequence[Key]) -> Aliases:
        """Which keys of this table stand for another party's key.

        A row's answer depends on the row and the frozen register alone.
        """
        asked = forms(table, keys)
        said = self._said(asked)
        stands = {key: _entity(key, one) for key in asked if (one := said[key]) is not None}
        return Aliases({key: entity for key, entity in stands.items() if key != entity})

    def asked(self, table: Table | View, keys: Sequence[Key]) -> Asked:
        """The parties of this table, and what is said of them, for the end of the run."""
        named = forms(table, keys)
        said = self._said(named)
        last, self._memory.fresh = self._memory.fresh, None
        fresh = Asked.of({}) if last is None else Asked.looked_for(*last)
        there = named.keys() & fresh.keys.tolist()
        if len(there) < len(fresh):
            fresh = fresh.take(np.flatnonzero([key in there for key in fresh.keys.tolist()]))
        others = [*named.keys() - there]
        if not others:
            return fresh
        met = [(key, *named[key]) for key in others]
        return Asked.concat([fresh, Asked.met(met, [*map(said.__getitem__, others)])])

    @property
    def store(self) -> Store:
        """The database, opened when it is first asked for."""
        store = self._memory.store
        if store is None:
            store = _opened(self.url, threading.get_ident())
            store.migrate()  # a later release may have changed it since
            self._memory.store = store
            weakref.finalize(self._memory, store.close)
        return store

    def forget(self) -> None:
        """All rows of the run are rated: what was said of single forms is not asked again."""
        self._memory.late, self._memory.before = {}, {}
        self._memory.fresh = self._memory.near = None
        self._memory.alone = KeySet()
        self.close()

    def close(self) -> None:
        """Give back its connection, until it asks again."""
        if self._memory.store is not None:
            self._memory.store.close()

    def _said(self, asked: dict[int, tuple[str, str]]) -> dict[int, Said]:
        """What is said of these forms, and of others."""
        memory = self._memory
        late, before = memory.late, memory.before
        new = [key for key in asked if key not in late]
        if new and len(late) >= REMEMBERED:
            # Others take their place: a thread that reads the old ones keeps them.
            late, before = {}, late
            memory.late, memory.before = late, before
            new = [*asked]
        late.update((key, before[key]) for key in new if key in before)
        unknown = {key: asked[key] for key in new if key not in late}
        if len(unknown) > FEW:
            left = memory.alone.lacking(np.array([*unknown], dtype=np.int64)).tolist()
            late.update(dict.fromkeys(unknown.keys() - {*left}))
            unknown = {key: unknown[key] for key in left}
        if unknown:
            store = self.store
            try:
                with store.read() as connection:
                    known = parties.entities(connection, list(unknown), self.before)
                    wanted = {key: form for key, form in unknown.items() if key not in known}
                    words = finding.words(wanted.values())
                    memory.near = memory.near or Blocks(self.before)
                    sought = parties.join(connection, words, memory.near)
            finally:
                if len(unknown) > FEW:
                    store.close()  # its connections; what it knows of its statements stays
            late.update(known)
            late.update(zip(wanted, sought, strict=True))
            if len(wanted) > FEW:
                alone = [key for key, one in zip(wanted, sought, strict=True) if one is None]
                memory.alone.add(np.array(alone, dtype=np.int64))
            memory.fresh = [*wanted], words, sought
        return late


def _entity(key: int, said: Said) -> int:
    """What a form stands for: itself, where nothing alike is known."""
    return said if isinstance(said, int) else key if said is None else said.entity


@dataclass(frozen=True)
class Kin:
    """Forms that the register did not hold, for any process to compare among themselves.

    So many as `TRAVEL` at most: of more, the process that stores them compares a part at a time.
    """

    asked: Asked

    def work(self, rater: object = None) -> dict[int, Found]:
        """What those stand for that are alike to another of these, by their place here."""
        with Spool() as spool:
            return among_themselves(Parts.of(self.asked, spool), parties.CROWDED)


class Heard(dict[int, Held]):
    """What a run keeps of the rows that it stored for its end, on file, by chunk: what the
    registers said of them, and what ranks them.

    `before` is how far other batches were when the run began (`store.batches.stood`).
    """

    def __init__(self, spool: Spool, before: Mapping[str, int] | None = None) -> None:
        super().__init__()
        self.spool, self.before = spool, before or {}

    def put(self, asked: Asked, at_end: bytes | None = None, met: np.ndarray | None = None) -> Held:
        """Write what was said of a chunk, before it is stored and has a number.

        Parameters
        ----------
        at_end : bytes, optional
            What ranks its rows, as `spool.streamed` has it.
        met : ndarray of int, optional
            Which of them are of declarations that were known before.
        """
        rows = asked.rows
        held = dict(self.spool.put(dict(zip(rows.schema.names, rows.columns, strict=True))))
        if at_end is not None:
            held |= {_AT_END: (self.spool.put_bytes(at_end), len(at_end))}
            held |= self.spool.put({_MET: pa.array(met, pa.int32())})
        return held

    def at_end(self, chunk_id: int) -> pa.Table | None:
        """What ranks the rows of a chunk; None of one that an earlier process stored."""
        if _AT_END not in self.get(chunk_id, {}):
            return None
        return unstreamed(self.spool.get_bytes(*self[chunk_id][_AT_END]))

    def met(self, chunk_id: int) -> np.ndarray:
        """Which rows of a chunk are of declarations that were known before it was stored."""
        made: np.ndarray = self._read(chunk_id, _MET).to_numpy()
        return made

    def aliases(self, chunk_id: int) -> Aliases:
        """Which keys of a chunk stand for another, as far as is known."""
        return apart(*(self._read(chunk_id, name).to_numpy() for name in ("keys", "entities")))

    def together(self, chunk_ids: Sequence[int]) -> Parts:
        """The forms of these chunks, each once, with their blocks."""
        size = sum(len(self._read(one, "keys")) for one in chunk_ids)
        return Parts.distinct(self.spool, map(self._asked, chunk_ids), size)

    def _asked(self, chunk_id: int) -> Asked:
        names = [name for name in self[chunk_id] if name not in (_AT_END, _MET)]
        return Asked(pa.record_batch({name: self._read(chunk_id, name) for name in names}))

    def _read(self, chunk_id: int, name: str) -> pa.Array:
        return self.spool.get(self[chunk_id], name).combine_chunks()


def heard(
    connection: Connection,
    batch_ids: Sequence[str],
    registers: Sequence[Register],
    known: Heard,
) -> Parts:
    """The names and addresses of these batches, and what the registers of the run said of them.

    The registers are all as of one time. `known` is what they said while the run stored its rows.
    """
    told: list[int] = []
    for chunk_id, name in batches.chunks(connection, batch_ids, ("id", "profile")):
        keys = PROFILES[name].keys
        columns = written(keys)
        if not columns:
            continue
        if chunk_id not in known:  # stored by a process that is gone
            rows = batches.rows_of(connection, chunk_id, columns)
            known[chunk_id] = known.put(registers[0].asked(rows, keys))
        told.append(chunk_id)
    return known.together(told)
