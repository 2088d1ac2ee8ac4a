"""Messages that update: which version of a record each row of a chunk is.

Versions of one key fold into one record. The newest counts, by the time of its message,
else by the arrival of its file; an older one that comes late is kept beside it. The same content
again is a duplicate. A cancellation withdraws what was declared before it, and closes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from riskprofile.intake.versions import CANCEL, FUNCTION, REFERENCE, SENT
from riskprofile.services.identifiers import CONTENT, ITEM, RECORD
from riskprofile.store.versions import Key, Known, Message, Newest, Said, Waiting
from riskprofile.tables import Table


@dataclass
class Folded:
    """What each row of a chunk is, by position; and what it does to what is stored.

    A row is a duplicate unless `keep`; it `counts` when it is the newest of its key and
    not withdrawn; `late` marks versions that are already superseded as they come in, `replaces`
    those that take the place of another, and `repeats` those of them that follow it in one file,
    where no message says that it is an update.
    """

    keep: np.ndarray
    counts: np.ndarray
    late: np.ndarray
    replaces: np.ndarray
    repeats: np.ndarray
    versions: np.ndarray
    renewed: list[Key] = field(default_factory=list)  # stored versions that end here
    confirmed: dict[Key, Message] = field(default_factory=dict)  # said again, and later
    later: dict[int, Message] = field(default_factory=dict)  # the same of rows of this chunk
    cancelled: dict[str, datetime | None] = field(default_factory=dict)
    restored: list[str] = field(default_factory=list)  # declared again after a cancellation
    changed: list[str] = field(default_factory=list)  # more, or else, is declared than was before
    outdated: int = 0  # rows that something else has overtaken before they came

    def same(self, other: Folded) -> bool:
        """Whether the rows of one chunk are the same in both."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return all(
            bool((one == its).all()) if isinstance(one, np.ndarray) else one == its
            for one, its in pairs
        )


def fold(table: Table, known: Known, arrived: Sequence[datetime]) -> Folded:
    """Compare the rows of an identified table, in order, with what is known.

    `known` takes in what it learns, so that the chunks after this one can be compared
    before this one is stored. `arrived` says of each row when the file came in that it was in.

    Most declarations come once, and each of their items once: these wait together, and are looked
    at again where another chunk has them too. The others are compared row by row.
    """
    n, records, items = len(table), table[RECORD].tolist(), table[ITEM].tolist()
    known.meet(set(records))
    made = Folded(
        keep=np.ones(n, dtype=bool),
        counts=np.ones(n, dtype=bool),
        late=np.zeros(n, dtype=bool),
        replaces=np.zeros(n, dtype=bool),
        repeats=np.zeros(n, dtype=bool),
        versions=np.ones(n, dtype=np.int64),
    )
    of_record: dict[str, list[Key]] = {}
    for key, one in known.items.items():
        one.place = None
        of_record.setdefault(key[0], []).append(key)
    declared = set(of_record)
    met = _met(table, records, items, declared.union(known.withdrawn))
    several = [place for place, record in enumerate(records) if record in met]
    rows = zip(several, _rows(table.iloc[several]), strict=True) if several else ()
    for place, (record, item, content, function, at, message) in rows:
        key, said = (record, item), Said(at, arrived[place])
        if key not in known.items:
            known.items[key] = Newest()
            of_record.setdefault(record, []).append(key)
        one = known.items[key]
        if content == one.content:
            made.keep[place] = False
            if at is not None and (one.said.at is None or at > one.said.at):
                one.said = said
                if one.place is None:
                    made.confirmed[key] = (at, message)
                else:
                    made.later[one.place] = (at, message)
            continue
        if at is not None and (content, at) in one.seen:
            made.keep[place] = False
            continue
        one.version += 1
        made.versions[place] = one.version
        if at is not None:
            one.seen.add((content, at))
        if (
            one.rated
            or said.before(one.said)
            or (record in known.withdrawn and said.before(known.withdrawn[record]))
        ):
            made.counts[place], made.late[place] = False, True
            made.outdated += 1
            continue
        if one.here:
            made.repeats[place] = at is None and one.content is not None and function != CANCEL
        if one.place is not None:
            made.counts[one.place], made.late[one.place] = False, True
        elif one.version > 1:
            made.renewed.append(key)
            made.confirmed.pop(key, None)
        made.replaces[place] = one.content is not None
        one.content, one.said, one.place, one.here = content, said, place, True
        if function == CANCEL:
            made.counts[place] = False
            made.cancelled[record], known.withdrawn[record] = at, said
            others = [known.items[other] for other in of_record[record] if other != key]
            declared_then = sum(one.content is not None for one in others)
            if standing := sum([_stands(one, said, made) for one in others]):
                made.restored.append(record)
                if made.replaces[place] or standing < declared_then:
                    made.changed.append(record)
            elif record in made.restored:
                made.restored.remove(record)
            continue
        if record in known.withdrawn and record not in made.restored:
            made.restored.append(record)
        if record in declared:
            made.changed.append(record)
    made.changed = list(dict.fromkeys(made.changed))
    told = records, items, table[CONTENT].tolist(), _times(table), arrived
    known.waiting.append(Waiting(set(records) - met, told))
    return made


def _met(table: Table, records: Sequence[str], items: Sequence[int], before: set[str]) -> set[str]:
    """The declarations of this chunk that were there `before`, have an item twice, or cancel."""
    met = before.intersection(records)
    met.update(table.loc[table[FUNCTION] == CANCEL, RECORD])
    if len({*zip(records, items, strict=True)}) < len(records):
        counts = Counter(zip(records, items, strict=True))
        met.update(record for (record, _), many in counts.items() if many > 1)
    return met


def _rows(table: Table) -> zip[tuple[str, int, int, str, datetime | None, str | None]]:
    return zip(
        table[RECORD].tolist(),
        table[ITEM].tolist(),
        table[CONTENT].tolist(),
        table[FUNCTION].tolist(),
        _times(table),
        table[REFERENCE].to_numpy(object, na_value=None).tolist(),
        strict=True,
    )


def _times(table: Table) -> Sequence[datetime | None]:
    """When the message of each row was sent, where that is said."""
    sent = table[SENT]
    if sent.isna().all():
        return [None] * len(table)
    return [None if pd.isna(value) else value.to_pydatetime() for value in sent]


def _stands(one: Newest, said: Said, made: Folded) -> bool:
    """Whether another item of the declaration is said after the cancellation, which comes late.

    One said before it is withdrawn: said again, it is news.
    """
    if said.before(one.said):
        return one.content is not None
    one.content = None
    if one.place is not None:
        made.counts[one.place] = False
    return False
