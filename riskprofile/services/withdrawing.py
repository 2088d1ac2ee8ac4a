"""What a message withdraws: by naming it, or by being complete and not naming it.

A cancellation may name its declaration in part: it finds the one that fits. A message that
replaces a declaration withdraws the items that it lacks, and a list of all on board the
crossings that it lacks. Both are settled when a file is read to its end, and so are
reports, manifests and flights that are cancelled as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from riskprofile.intake.reader import Rejection
from riskprofile.intake.versions import (
    CANCEL,
    FUNCTION,
    ORIGINAL,
    REFERENCE,
    REPLACE,
    SCOPE,
    SENT,
    WHOLE,
)
from riskprofile.profiles import PROFILES, Profile
from riskprofile.services.identifiers import ASSUMED, ITEM, MESSAGE, RECORD
from riskprofile.store import versions, withdrawals
from riskprofile.tables import SOURCE_COLUMNS, Table

REASONS = {
    "cancellation_unmatched": "the cancellation names no declaration that is known here",
    "cancellation_ambiguous": "the cancellation fits {count} declarations: it needs its office,"
    " carrier or date",
    "cancellation_of_nothing": "nothing is known here that came with {message}, which the message"
    " cancels as a whole",
}


def named_in_part(table: Table, profile: Profile) -> np.ndarray:
    """Rows of an identified table that cancel, hold no goods, and may not name all of their key."""
    found: np.ndarray = ((table[FUNCTION] == CANCEL) & table[SCOPE].isna()).to_numpy(dtype=bool)
    if len(profile.declaration) < 2:
        return np.zeros(len(table), dtype=bool)
    for group in profile.mandatory[1:] if found.any() else ():
        found = found & table[list(group)].isna().all(axis=1).to_numpy(dtype=bool)
    return found


def cancelled_whole(table: Table) -> np.ndarray:
    """Rows of an identified table that cancel all that came with their reference."""
    mask: np.ndarray = (table[SCOPE].notna() & table[REFERENCE].notna()).to_numpy(dtype=bool)
    if mask.any():
        mask = mask & (table[FUNCTION] == CANCEL).to_numpy(dtype=bool)
    for place in np.flatnonzero(mask):
        mask[place] = set(json.loads(table[SCOPE].iloc[place])) == {WHOLE}
    return mask


def resolve(
    table: Table, profile: Profile, asked: np.ndarray, known: Iterable[str]
) -> tuple[Table, list[Rejection]]:
    """Give each asked cancellation the id of the one declaration that it fits.

    `known` are ids of declarations here that begin as the asked ones do. One that names its
    whole key stays what it is, known or not. Rows that fit none or several are set aside.
    """
    first, *others = profile.declaration
    by_first: dict[str, list[str]] = {}
    for one in sorted({*known, *table.loc[~asked, RECORD]}):
        by_first.setdefault(one.rpartition("@")[0], []).append(one)
    rejected: list[Rejection] = []
    ids, keep = table[RECORD].tolist(), np.ones(len(table), dtype=bool)
    for place in np.flatnonzero(asked):
        row = table.iloc[place]
        candidates = by_first.get(row[first], [])
        if ids[place] in candidates:
            continue
        parts = ids[place].rpartition("@")[2].split("/")
        assumed = ASSUMED in str(row["warnings"])
        given = [not (pd.isna(row[name]) or (name == profile.time and assumed)) for name in others]
        fits = [one for one in candidates if _fits(one, parts, given)]
        if len(fits) == 1:
            ids[place] = fits[0]
        elif not all(given):
            keep[place] = False
            code = "cancellation_ambiguous" if fits else "cancellation_unmatched"
            rejected.append(_rejection(row, profile, code, len(fits)))
    table = table.assign(**{RECORD: pd.Series(ids, index=table.index, dtype=table[RECORD].dtype)})
    return table[keep].reset_index(drop=True), rejected


def _fits(record: str, parts: list[str], given: list[bool]) -> bool:
    own = record.rpartition("@")[2].split("/")
    return len(own) == len(parts) == len(given) and all(
        mine == other for mine, other, said in zip(own, parts, given, strict=True) if said
    )


def _rejection(row: pd.Series, profile: Profile, code: str, count: int = 0) -> Rejection:
    """The row as it was declared, so that what it lacks can be filled in."""
    assumed = ASSUMED in str(row["warnings"])
    cells = {
        name: row[name].isoformat() if hasattr(row[name], "isoformat") else str(row[name])
        for name in profile.names
        if not pd.isna(row[name]) and not (name == profile.time and assumed)
    }
    said = json.loads(cells.get("extra", "{}"))
    for key in MESSAGE:
        if not pd.isna(row[key]):
            said[key] = row[key].isoformat() if key == SENT else row[key]
    said.pop(SCOPE, None)
    if code == "cancellation_of_nothing":
        said[SCOPE] = {WHOLE: row[REFERENCE]}
    if profile.item:
        cells.pop(profile.item, None)
    cells["extra"] = json.dumps(said, ensure_ascii=False)
    raw = json.dumps(cells, ensure_ascii=False)
    first, *others = profile.declaration
    column = others[0] if others and SCOPE not in said else None
    reason = REASONS[code].format(count=count, message=row[REFERENCE])
    source, line = (row[name] for name in SOURCE_COLUMNS[:2])
    return Rejection(str(source), int(line), code, reason, row[first], column, raw)


@dataclass
class Complete:
    """What the newest complete message said of one thing: when, and all that it named."""

    at: datetime | None
    named: set[str | int] = field(default_factory=set)


@dataclass
class Absences:
    """What the messages of one file are complete of, gathered chunk by chunk."""

    items: dict[tuple[str, str], Complete] = field(default_factory=dict)  # profile, record
    messages: dict[tuple[str, str], datetime | None] = field(default_factory=dict)  # cancelled
    references: set[tuple[str, str]] = field(default_factory=set)  # of what the file declares
    scopes: dict[tuple[str, str], Complete] = field(default_factory=dict)  # profile, scope
    unread: set[str] = field(default_factory=set)  # declarations with a row set aside
    unknown: bool = False  # a row was set aside that names no declaration
    part: bool = False  # rows put right come without the others of their message

    def hear(self, profile: str, table: Table, rejected: Iterable[Rejection]) -> None:
        """Take in a chunk as it was read, known before or not."""
        for one in rejected:
            self.unknown |= not one.record_id
            self.unread.add(one.record_id or "")
        plain = table[REFERENCE].isna() & table[SCOPE].isna() & (table[FUNCTION] == ORIGINAL)
        if plain.all() and not self.items:  # as in most chunks: it says nothing of other rows
            return
        declared = table.loc[table[FUNCTION] != CANCEL, REFERENCE].dropna().unique()
        self.references |= {(profile, reference) for reference in declared}
        replaced = table[FUNCTION] == REPLACE
        told = (replaced | table[SCOPE].notna()).to_numpy(dtype=bool)
        if self.items or replaced.any():  # what is declared after that is not lacked
            told |= (table[FUNCTION] != CANCEL).to_numpy(dtype=bool)
        told &= ~cancelled_whole(table)
        if self.part:
            told &= (table[FUNCTION] == CANCEL).to_numpy(dtype=bool)
        for record, item, function, at, scope in table.loc[
            told, [RECORD, ITEM, FUNCTION, SENT, SCOPE]
        ].itertuples(index=False, name=None):
            sent = None if pd.isna(at) else at.to_pydatetime()
            if function == REPLACE:
                self._add(self.items, (profile, record), sent, int(item))
            elif (
                function != CANCEL
                and (said := self.items.get((profile, record)))
                and (sent is None or said.at is None)  # else its time tells
            ):
                said.named.add(int(item))
            if not pd.isna(scope):
                named = "" if function == CANCEL else record
                self._add(self.scopes, (profile, scope), sent, named)

    def cancel(
        self, connection: Connection, profile: Profile, table: Table, asked: np.ndarray
    ) -> tuple[Table, list[Rejection]]:
        """Take in what is cancelled as a whole, known before or not.

        Returns
        -------
        table, rejected
            The table without those of the `asked` rows that cancel what nothing came with,
            in the database or earlier in this file; and these rows.
        """
        names = set(table.loc[asked, REFERENCE])
        known = withdrawals.messages(connection, profile.name, names)
        known |= {one for one in names if (profile.name, one) in self.references}
        unknown = asked & ~table[REFERENCE].isin(list(known)).to_numpy(dtype=bool)
        code = "cancellation_of_nothing"
        rejected = [_rejection(row, profile, code) for _, row in table[unknown].iterrows()]
        self._cancel(profile.name, table[asked & ~unknown])
        return table[~unknown].reset_index(drop=True), rejected

    def again(self, connection: Connection, profile: Profile, table: Table) -> None:
        """The same of a chunk that is stored: what was set aside then is not there."""
        asked = table[cancelled_whole(table)]
        if len(asked):
            stored = versions.known(connection, profile.name, asked[RECORD]).withdrawn
            self._cancel(profile.name, asked[asked[RECORD].isin(list(stored))])

    def _cancel(self, profile: str, table: Table) -> None:
        for reference, at in table[[REFERENCE, SENT]].itertuples(index=False, name=None):
            sent, key = None if pd.isna(at) else at.to_pydatetime(), (profile, reference)
            before = self.messages.get(key, sent)
            self.messages[key] = max(sent, before) if sent and before else None

    @staticmethod
    def _add(
        held: dict[tuple[str, str], Complete],
        key: tuple[str, str],
        at: datetime | None,
        named: str | int,
    ) -> None:
        one = held.setdefault(key, Complete(at))
        if at is not None and one.at is not None and at < one.at:
            return
        if at != one.at:
            one.at, one.named = at, set()
        one.named.add(named)

    def __bool__(self) -> bool:
        return bool(self.items or self.scopes or self.messages or self.references)

    def settle(
        self, connection: Connection, batch_id: str, later: versions.Later
    ) -> tuple[dict[str, list[str]], int]:
        """Withdraw what was not named, and what was cancelled as a whole, in whatever order
        the two came in.

        Where a row could not be read, it may be the one that is missed: then nothing is
        withdrawn for its absence. `later` is what came in after this file.

        Returns
        -------
        gone, overtaken
            By profile the declarations of which nothing is left; and how many rows were
            cancelled with all of their message before they came.
        """
        gone: dict[str, list[str]] = {}
        overtaken = 0
        since: dict[datetime, versions.Later] = {}  # what came in after these times
        for (profile, reference), at in self.messages.items():
            found, _ = withdrawals.of_message(connection, profile, batch_id, reference, at, later)
            gone.setdefault(profile, []).extend(found)
        for profile in {profile for profile, _ in self.references}:
            asked = {reference for of, reference in self.references if of == profile}
            for reference, at, arrived in withdrawals.ended(connection, profile, asked):
                if arrived not in since:
                    since[arrived] = versions.later(connection, arrived)
                found, rows = withdrawals.of_message(
                    connection, profile, batch_id, reference, at, since[arrived]
                )
                gone.setdefault(profile, []).extend(found)
                overtaken += rows
        if self.unknown:
            return gone, overtaken
        replaced: dict[str, dict[str, Complete]] = {}
        for (profile, record), said in self.items.items():
            if record.rpartition("@")[0] not in self.unread and record not in self.unread:
                replaced.setdefault(profile, {})[record] = said
        for profile, of in replaced.items():
            named = {record: said.named for record, said in of.items()}
            for record in withdrawals.lacking(connection, profile, named):
                kept, at = named[record], of[record].at
                if withdrawals.items(connection, profile, batch_id, record, kept, at, later):
                    gone.setdefault(profile, []).append(record)
        for (profile, scope), said in self.scopes.items():
            where = json.loads(scope)
            prefix = str(where.pop("records", ""))
            if not (prefix or where.get(WHOLE)) or (WHOLE in where and self.unread):
                continue
            found = withdrawals.records(
                connection,
                profile,
                batch_id,
                prefix,
                {str(name): str(value) for name, value in where.items()},
                {*said.named, *self.unread},
                said.at,
                PROFILES[profile].names,
                later,
            )
            gone.setdefault(profile, []).extend(found)
        return gone, overtaken
