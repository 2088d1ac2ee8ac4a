"""The past of a profile, opened for a run: what is kept in files, and what came since.

The files lie in `history/PROFILE` of the home, a layer each (`history.layer_files`), and the
database vouches for them. A run opens those that fit what the database holds as of its beginning,
adds the chunks stored since, and takes out the rows that stopped counting since. So it knows
to the last bit what it would know had it read all of the past; when nothing fits, it does read
all of it, and says so. What came since is written as a layer of its own, made one with those
before it that are not several times larger, so that layers stay few.
"""

from __future__ import annotations

import hashlib
import logging
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from riskprofile import __version__
from riskprofile.columns import supposing, taken_apart
from riskprofile.errors import RiskProfileError, StoreError, why_full
from riskprofile.history import Aliases, Snapshot, layer_files, look, recalled, united
from riskprofile.history.layer import (
    CHUNK,
    NO_ROWS,
    POSITION,
    Layer,
    Question,
    Rows,
    as_one,
    joined,
    pairs_of,
    places,
)
from riskprofile.history.layer_files import Kept, Opened
from riskprofile.history.register import FUZZY
from riskprofile.profiles import PROFILES, Profile
from riskprofile.reference.hashing import distinct
from riskprofile.scoring import rating
from riskprofile.services.pairs import SHARED
from riskprofile.store import batches, parties, pasts
from riskprofile.store.database import Store
from riskprofile.store.spool import SEGMENT, Columns, Spool
from riskprofile.tables import Table

log = logging.getLogger("riskprofile.past")

HISTORY = "history"  # the folder of a home
LEAST = 20_000  # rows of past below which nothing is kept: they are read in half a second
WORTH = 1_000  # rows that came since from which they are written
MANY = 16  # chunks that came since from which they are: each is read by itself, half a millisecond
AT_HAND = 50_000  # rows that came since up to which they are in memory, 400 bytes each
APART = 4  # a layer that is more than so many times larger than the next is left alone
ABANDONED = 3_600.0  # seconds after which an unfinished file is nobody's
UNWRITTEN = ""  # the release of what lies on no file: to know it, every feature is asked


@dataclass(frozen=True)
class Folder:
    """Where a process looks for files of the past.

    Parameters
    ----------
    path : Path
        A folder of this host, `history` in its home; what lies in it is of its database.
    keep : bool
        Write what came since.
    compared : bool
        The files were compared with their digests by the process that began the run.
    most : int, optional
        Chunks that are read beside the files, at most: for who cannot wait for more.
    """

    path: Path
    keep: bool = False
    compared: bool = False
    most: int | None = None

    @property
    def place(self) -> str:
        """What the database calls it: no host sees another's files."""
        told = f"{platform.node()}:{self.path.resolve()}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]


class TooFar(RiskProfileError):
    """More of the past would have to be read anew than a `Folder` allows."""


@dataclass(frozen=True)
class _Known:
    """What the database says of a profile's past as of a time, read in one transaction."""

    generation: int
    past: batches.Past
    aliases: Aliases


def opened(
    store: Store, profile: Profile, before: datetime, folder: Folder | None
) -> tuple[Sequence[Layer], list[Table]]:
    """A profile's past as of `before`: its layers, the oldest first, and its finds.

    Raises
    ------
    TooFar
        The files hold less of it than the folder asks for.
    """
    with store.read() as connection:
        known = _Known(
            pasts.generation(connection, profile.name),
            batches.past(connection, profile.name, before),
            Aliases(parties.aliases(connection, before)),
        )
        found = batches.finds(connection, profile.name, before)
        finds = [united(recalled(one, profile), profile.keys, known.aliases) for one in found]
        chain: list[Opened] = []
        if folder is not None:
            vouched = pasts.vouched(connection, profile.name, folder.place)
            chain = _chain(folder, profile, vouched, known)
        spool = Spool(folder.path.parent if folder else None)
        new = _new(known, chain)
        if folder is not None and folder.most is not None and len(new) > folder.most:
            raise TooFar(f"{len(new)} chunks of the past are not on file")
        events = batches.events(connection, new)
        since = _since(profile, known, chain, events, spool)
    layers = [one.layer for one in chain]
    if since is None:
        return layers, finds
    if folder is not None and folder.keep and _worth(layers, *since):
        written = _written(store, folder, profile, before, known, chain, *since)
        if written is not None:
            return written, finds
    return [*layers, since[0]], finds


def sweep(store: Store, folder: Folder, *, unfinished: bool = False) -> None:
    """Remove files of the past that the database does not vouch for.

    With `unfinished`, those as well that another process may be writing: it will go without.
    """
    until = float("inf") if unfinished else time.time() - ABANDONED
    for name in PROFILES:
        if (folder.path / name).is_dir():
            # Nobody is between naming a file and vouching for it while this is held.
            with store.write(patience=120.0) as connection:
                pasts.hold(connection)
                vouched = pasts.vouched(connection, name, folder.place)
                layer_files.sweep(folder.path / name, vouched, until)


@cache
def questions(name: str) -> tuple[Question, ...]:
    """All that features and indicators of a profile ask of the past, and what answers need.

    Found by asking them about no row at all, and supposing that all they look for is in some.
    """
    profile = PROFILES[name]
    nothing = {one.name: pd.array([], dtype=one.dtype) for one in profile.columns}
    items = look(pd.DataFrame(nothing), profile, codes=True)
    history = Snapshot()
    with supposing():
        rating.all_features(items.without(profile.codes), history, profile)
        rating.indicators(items, history, profile.indicators)
    history.age(items)
    asked = history.questions
    asked += [pairs_of(one) for one in asked if one[0] == "partners"]
    asked += [("count", by) for by in SHARED if by in profile.remembered]  # to link alerts by
    return tuple(sorted(set(asked)))


def release(name: str) -> str:
    """What made a file: code that asks or remembers anything else does not read it."""
    said = (layer_files.MAGIC, __version__, PROFILES[name].remembered, questions(name))
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _chain(folder: Folder, profile: Profile, vouched: Sequence[str], known: _Known) -> list[Opened]:
    """The layers on file that fit what is known: all of them, or the first ones."""
    chain: list[Opened] = []
    for digest in vouched:
        try:
            made, place = release(profile.name), folder.path / profile.name
            one = layer_files.read(place, digest, made, compared=folder.compared)
            if not _fits(one.kept, known):
                raise layer_files.Unusable("holds what does not count as of this run")
        except layer_files.Unusable as why:
            left = f"{len(chain)} of {len(vouched)} files are used, the rest is read anew"
            # Who asks what an earlier run knew finds files of later ones: nobody need look at them.
            log.log(
                logging.WARNING if folder.most is None else logging.DEBUG,
                "history of %s: file %s %s; %s",
                profile.name,
                digest[:12],
                why,
                left,
            )
            break
        chain.append(one)
    return chain


def _fits(one: Kept, known: _Known) -> bool:
    """Whether all that a layer holds still counts, under the parties it was taken for."""
    return bool(
        np.isin(one.chunks, known.past.chunks).all()
        and np.isin(one.gone, known.past.gone).all()
        and np.array_equal(known.aliases(one.written), one.entities)
    )


def _new(known: _Known, chain: Sequence[Opened]) -> list[int]:
    """Ids of the chunks that no layer holds."""
    held = [one.kept.chunks for one in chain]
    left = np.setdiff1d(known.past.chunks, np.concatenate(held)) if held else known.past.chunks
    return [int(one) for one in left]


def _since(
    profile: Profile,
    known: _Known,
    chain: Sequence[Opened],
    events: Iterator[pa.Table],
    spool: Spool,
) -> tuple[Layer, Kept] | None:
    """What came and went since the layers on file; None when nothing did."""
    held = [one.kept.gone for one in chain]
    gone = np.setdiff1d(known.past.gone, np.concatenate(held)) if held else known.past.gone
    chunks = np.array(_new(known, chain), dtype=np.int64)
    if not len(chunks) and not len(gone):
        return None
    names = [one.name for one in profile.keys if one.family in FUZZY]
    said = [np.empty(0, dtype=np.int64)]
    parts: list[pa.Table] = []  # of rows that are not on file
    came = Columns(spool)
    for one in _alike(events):
        rows = _recalled(_standing(one, gone), profile)
        for name in [name for name in names if name in rows.column_names]:
            said_as = taken_apart(rows.column(name))
            said.append(distinct(said_as.values[said_as.notna().values]))
            keys = pa.chunked_array([pa.array(known.aliases(said_as.values), mask=said_as.gone)])
            rows = rows.set_column(rows.column_names.index(name), name, keys)
        if rows["time"].null_count:  # what has no time is unknown to history
            rows = rows.filter(rows["time"].is_valid())
        parts.append(rows)
        if len(came) or sum(map(len, parts)) > AT_HAND:
            for part in parts:  # a day may bring more than memory should hold
                came.add(part)
            parts.clear()
    written = distinct(np.concatenate(said))
    added = _rows(came) if len(came) else _at_hand(parts)
    layer = Layer(added, _taken([one.layer for one in chain], gone))
    entities = known.aliases(written)
    return layer, Kept(profile.name, UNWRITTEN, chunks, gone, written, entities)


def _alike(events: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Chunks of the same columns as one, up to so many rows as lie together on file."""
    held: list[pa.Table] = []
    rows = 0
    for one in events:
        if held and (one.schema != held[0].schema or rows + len(one) > SEGMENT):
            yield pa.concat_tables(held)
            held, rows = [], 0
        held.append(one)
        rows += len(one)
    if held:
        yield pa.concat_tables(held)


def _recalled(rows: pa.Table, profile: Profile) -> pa.Table:
    """Rows as they are remembered now."""
    if all(name in rows.column_names for name in profile.formerly):
        return rows
    return pa.Table.from_pandas(recalled(rows.to_pandas(), profile), preserve_index=False)


def _at_hand(parts: Sequence[pa.Table]) -> Rows:
    rows = as_one(parts) if parts else ()
    return Rows.held(rows) if len(rows) else NO_ROWS


def _rows(came: Columns) -> Rows:
    """Rows that lie on file, as past rows."""

    def read(names: Sequence[str], chosen: np.ndarray | None) -> pa.Table:
        held = {name: came.values(name, chosen) for name in names}
        for name, one in held.items():
            if pa.types.is_dictionary(one.type):
                held[name] = one.cast(one.type.value_type)
        return pa.table(held)

    return Rows(read, list(came), len(came))


def _standing(events: pa.Table, gone: np.ndarray) -> pa.Table:
    """The rows that count, which are mostly all: nothing is copied then."""
    stands = ~np.isin(places(events[CHUNK].to_numpy(), events[POSITION].to_numpy()), gone)
    return events if stands.all() else events.filter(pa.array(stands))


def _taken(layers: Sequence[Layer], gone: np.ndarray) -> Rows:
    """The rows of these layers that stopped counting, as they stand there."""
    taken = joined([(one.added, one.added.at(gone)) for one in layers])
    return Rows.of(taken.all()) if 0 < len(taken) <= AT_HAND else taken


def _worth(layers: Sequence[Layer], made: Layer, what: Kept) -> bool:
    """Whether what came since is worth a file."""
    came = len(made.added) + len(made.taken)
    return came >= (WORTH if layers else LEAST) or len(what.chunks) >= MANY


def _written(
    store: Store,
    folder: Folder,
    profile: Profile,
    before: datetime,
    known: _Known,
    chain: Sequence[Opened],
    made: Layer,
    what: Kept,
) -> Sequence[Layer] | None:
    """What came since on file, with the layers before it; None where it could not be kept."""
    left = list(chain)
    while left and len(left[-1].layer.added) <= APART * len(made.added):
        last = left.pop()
        made, what = last.layer.then(made), _both(last.kept, what)
    earlier = [one.layer for one in left]
    place, what = folder.path / profile.name, replace(what, release=release(profile.name))
    try:
        path, digest = layer_files.write(place, what, made, questions(profile.name), earlier)
        try:
            with store.write(patience=120.0) as connection:
                if not pasts.vouch(
                    connection,
                    profile.name,
                    folder.place,
                    [one.digest for one in left],
                    digest,
                    known.generation,
                    before,
                ):
                    return None
                layer_files.name(path, digest)
        finally:
            path.unlink(missing_ok=True)
        sweep(store, folder)
        return [*earlier, layer_files.read(place, digest, what.release, compared=True).layer]
    except (OSError, StoreError, layer_files.Unusable) as why:
        full = why_full(why) if isinstance(why, OSError) else None
        log.warning("history of %s is not kept: %s", profile.name, full[0] if full else why)
        return None


def _both(one: Kept, later: Kept) -> Kept:
    """What two layers cover together."""
    written, first = np.unique(np.concatenate([one.written, later.written]), return_index=True)
    return Kept(
        one.profile,
        later.release,
        np.union1d(one.chunks, later.chunks),
        np.union1d(one.gone, later.gone),
        written,
        np.concatenate([one.entities, later.entities])[first],
    )
