"""What a declaration shares with others of the last 90 days, and with earlier finds.

For the officer's page, never for points. Everything is joined by opaque keys, one sort or
one comparison at a time; a key that many share links nothing. In a run the batch is taken
as a set; the past is the history frozen before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection

from riskprofile.columns import Text, View, column, isoformat, spans
from riskprofile.history import Snapshot
from riskprofile.history.layer import CHUNK, POSITION
from riskprofile.profiles import Profile
from riskprofile.reference import hashing
from riskprofile.services import pairs
from riskprofile.services.identifiers import OFFICE, RECORD, TITLE
from riskprofile.services.pairs import SAID, SHARED, Numbers, Rows, nearest
from riskprofile.services.rater import Rater
from riskprofile.store import batches
from riskprofile.store.spool import Columns
from riskprofile.tables import Table

SHOWN = pairs.NEAREST // 2  # related records of one alert
ALIKE = 3  # earlier finds of one alert
FACETS = 3  # in which an earlier find must agree
PARTY = (
    *("consignor_key", "consignee_key", "consignee_address_key", "consignee_phone_key"),
    *("person_key", "vehicle_key"),
)
LIKE = "like an earlier find in "
# Facet -> groups of columns: one group that agrees in all its columns is enough.
FACET: dict[str, tuple[tuple[str, ...], ...]] = {
    "goods": (("goods_key",), ("hs4",)),
    "route": (("origin_key", "destination_key", "transport_mode"), ("route_key",)),
    "party": tuple((name,) for name in PARTY),
    "document": (("carrier",), ("licence_key",), ("house_document",)),
}
READ = frozenset(
    (
        *SHARED,
        *(name for said in pairs.COMPARED.values() for _, name, _ in said),
        *(name for ways in FACET.values() for way in ways for name in way),
    )
)
_AT = [CHUNK, POSITION]
_ROW, _NUMBER = "_row", "_number"  # of a row in the run; of its declaration
COPIED = 1 << 15  # rows of alerts that are set in the order of their groups at once, some 10 MB

Related = dict[str, str]  # by reference: JSON as it is stored
# Pairs, the nearest of a record first; why each is one; and finds (`_finds`).
Found = tuple[np.ndarray, list[str], Table]
# Reference, title, time (ISO 8601) and office of a row.
Shown = tuple[str, str, str, str | None]


@dataclass(frozen=True)
class Around:
    """What the alerts of a run are linked by, on file, a group of them at a time.

    Parameters
    ----------
    linked : Columns
        The rows of the run.
    declared : Columns
        The references of its declarations.
    own : Columns
        What is asked of the rows of alerts, with `_ROW` and `_NUMBER`: those of the first group,
        then those of the second, and so on; `starts` says where each begins, and the end.
    pairs : pairs.Records
        What they share with rows of the run, by group.
    """

    linked: Columns
    declared: Columns
    own: Columns
    starts: np.ndarray
    pairs: pairs.Records

    def mine(self, group: int) -> View:
        """The rows of the alerts of a group, in the order of the run, with their references."""
        first, end = self.starts[group : group + 2]
        mine = self.own.view(np.arange(first, end))
        distinct, of = np.unique(mine[_NUMBER].values, return_inverse=True)
        return mine.assign(**{RECORD: Text(of, self.declared.values(RECORD, distinct).to_pylist())})

    def links(self, group: int) -> Links:
        """What is to be found of a group: it takes a third of the time that links take."""
        mine = self.mine(group)
        whole = mine.instead(**{name: mine[name] for name in mine})
        return Links(whole, self.pairs.of(group))

    def shown(self, mine: View, linked: np.ndarray) -> dict[int, Shown]:
        """What a page shows of the others of these pairs, rows of the run, by where they lie.

        Parameters
        ----------
        linked : ndarray of `pairs.PAIR`
            With the rows `mine`.
        """
        rows, first = np.unique(linked["other"], return_index=True)
        some = linked[first]
        distinct, of = np.unique(some["number"], return_inverse=True)
        times = mine["time"].values[_at(mine, some)].astype("M8[us]") + some["after"]
        told = zip(
            self.declared.values(RECORD, distinct).take(pa.array(of)).to_pylist(),
            [title or "" for title in self.linked.values(TITLE, rows).to_pylist()],
            isoformat(times),
            self.linked.values(OFFICE, rows).to_pylist(),
            strict=True,
        )
        return dict(zip(some["place"].tolist(), told, strict=True))


@dataclass(frozen=True)
class Links:
    """What the rows of alerts are linked by, for any process that has the run's rater.

    Parameters
    ----------
    mine : View
        Those of a group (`Around.mine`).
    pairs : ndarray of `pairs.PAIR`
        What they share with rows of the run.
    """

    mine: View
    pairs: np.ndarray

    def work(self, rater: Rater) -> Found:
        """The pairs that a page may show, the nearest first, and why; finds like these rows."""
        linked, links = _linked(self.mine, self.pairs, rater.history)
        return linked, links, _finds(self.mine, rater.history.found)


def around(linked: Columns, numbers: Numbers, groups: np.ndarray, declared: Columns) -> Around:
    """What alerts are linked by in a run.

    A few segments of a few columns are in memory at a time, and some hundred thousand pairs.

    Parameters
    ----------
    linked : Columns
        What links the rows of the run, in their order: of `READ` what it has, `time`, titles and
        offices, and where each row lies, as `CHUNK` and `POSITION`.
    numbers : Numbers
    groups : ndarray of int
        Of each declaration, by its number, the group of alerts that it is linked with, from 0 in
        the order in which they are asked for; -1 where it became no alert.
    declared : Columns
        `RECORD` of each declaration, by its number.
    """
    own, starts = _own(linked, numbers, groups)
    return Around(linked, declared, own, starts, pairs.found(linked, numbers, groups))


def _own(linked: Columns, numbers: Numbers, groups: np.ndarray) -> tuple[Columns, np.ndarray]:
    """The rows of alerts by group, and where each group begins: as `Around` has them."""
    rows, of = [], []
    for some in linked.segments():
        group = groups[numbers(some)]
        rows.append(some[group >= 0].astype(np.int32))
        of.append(group[group >= 0])
    group = np.concatenate(of)
    alerts = np.concatenate(rows)[np.argsort(group, kind="stable")]
    del rows, of  # they are there once more
    names = [name for name in linked if name in READ or name in ("time", *_AT)]
    own = Columns(linked.spool)
    for start in range(0, len(alerts), COPIED):
        some, back = np.unique(alerts[start : start + COPIED], return_inverse=True)
        held = {name: linked.values(name, some) for name in names}
        held |= {_ROW: pa.array(some), _NUMBER: pa.array(numbers(some))}
        own.add(pa.table(held).take(pa.array(back)))
    return own, np.append(0, np.cumsum(np.bincount(group)))


def related(
    connection: Connection, profile: Profile, run: Around, group: int, found: Found
) -> Related:
    """Records around each alert of a group, and finds like it, in words for its page.

    `found` is what `Links.work` made of it.

    Returns
    -------
    Related
        A list of `record_id, title, at, office, link, outcome` for each that has any, finds
        first, then those that share most, the nearest in time before others.
    """
    mine = run.mine(group)
    linked, links, finds = found
    known = run.shown(mine, linked[linked["other"] >= 0])
    places = hashing.distinct(np.concatenate([linked["place"], finds["place"].to_numpy(np.int64)]))
    elsewhere = [place for place in places.tolist() if place not in known]
    known |= _declared(connection, profile, elsewhere)
    told: dict[str, list[str]] = {}
    like = finds[RECORD].tolist(), finds["place"].tolist(), finds["link"].tolist()
    _tell(told, known, like, ALIKE, "trafficking")
    records = mine.text(RECORD).take(_at(mine, linked)).tolist()
    _tell(told, known, (records, linked["place"].tolist(), links), SHOWN, None)
    return {record: f"[{','.join(others)}]" for record, others in told.items()}


def _tell(
    told: dict[str, list[str]],
    known: Mapping[int, Shown],
    rows: tuple[list[str], list[int], list[str]],
    limit: int,
    outcome: str | None,
) -> None:
    """Add what is known of the first others of each record, as JSON: each is told of once.

    `rows` are records, which stand together, with the place of another and the link to it.
    """
    last, seen = None, set[str]()
    quoted, ending = encode_basestring, "null" if outcome is None else encode_basestring(outcome)
    for record, place, link in zip(*rows, strict=True):
        if record != last:
            last, seen = record, {record}
        if len(seen) > limit or place not in known:
            continue
        of, title, at, office = known[place]
        if of in seen:
            continue
        seen.add(of)
        told.setdefault(record, []).append(
            f'{{"record_id":{quoted(of)},"title":{quoted(title)},"at":{quoted(at)}'
            f',"office":{"null" if office is None else quoted(office)}'
            f',"link":{quoted(link)},"outcome":{ending}}}'
        )


def _linked(mine: View, run: np.ndarray, history: Snapshot) -> tuple[np.ndarray, list[str]]:
    """One record of `pairs.PAIR` for each pair that a page may show, the nearest first, and why.

    Parameters
    ----------
    run : ndarray of `pairs.PAIR`
        Those with rows of the run.
    """
    key = run["said"] & -run["said"]  # what a pair says first: the key that it shares
    record = mine.text(RECORD).values[_at(mine, run)]
    # The pairs of one declaration with several rows may have been found in several parts.
    few = nearest((record << len(SHARED)) + key, np.abs(run["after"]), run["place"])
    found = np.concatenate([run[few], *_before(mine, history)])
    record = mine.text(RECORD).values[_at(mine, found)]
    place, apart, said = found["place"], np.abs(found["after"]), found["said"]
    # Each reason once a pair, in the order in which it came up first: key by key, the run's first.
    stage = 2 * (said & -said).astype(np.int64) + (found["other"] < 0)
    order = np.lexsort(((stage << 44) + apart, place, record))  # 90 days are below 2**43
    pair = np.cumsum(hashing.starts(record[order], place[order]))
    bits = said[order].astype("<i4").view(np.uint8).reshape(-1, 4)
    step, why = np.nonzero(np.unpackbits(bits, axis=1, bitorder="little"))
    once = np.sort(np.unique(pair[step] * len(SAID) + why, return_index=True)[1])
    each, why = order[step[once]], why[once]
    starts = np.flatnonzero(hashing.starts(record[each], place[each]))
    n = np.diff(starts, append=len(each))
    closest = np.minimum.reduceat(apart[each], starts) if len(each) else apart
    of = each[starts]
    ranked = np.lexsort((place[of], closest, -n, record[of]))
    numbers = hashing.distinct(mine[_NUMBER].values)
    ranked = ranked[_shown(record[of[ranked]], found["number"][of[ranked]], numbers)]
    # Few sequences of reasons are told of many pairs: each as a number, four bits a reason.
    rank = np.arange(len(each)) - np.repeat(starts, n)
    told = np.bitwise_or.reduceat((why + 1) << (4 * rank), starts) if len(each) else each
    distinct, which = np.unique(told[ranked], return_inverse=True)
    links = np.array([_words(one) for one in distinct.tolist()], dtype=object)
    return found[of[ranked]], links[which].tolist()


def _words(told: int) -> str:
    """Reasons in words.

    >>> _words(0x21)
    'same delivery address, same delivery telephone'
    """
    return ", ".join(SAID[(told >> bits & 15) - 1] for bits in range(0, told.bit_length(), 4))


def _at(mine: View, found: np.ndarray) -> np.ndarray:
    """Where the rows of alerts of these pairs stand in `mine`."""
    return np.searchsorted(mine[_ROW].values, found["row"])


def _before(mine: View, history: Snapshot) -> Iterator[np.ndarray]:
    """Records of `pairs.PAIR` with rows of the past, a key at a time."""
    given = {by: (mine[by].values, mine[by].notna().values) for by in SHARED if by in mine}
    asked = {
        by: _few(history, by, hashing.distinct(keys[has])) for by, (keys, has) in given.items()
    }
    compared = [name for by in given for _, name, _ in pairs.COMPARED.get(by, ())]
    names = list(dict.fromkeys((*given, "time", *_AT, *compared)))
    table = history.sharing(asked, names)
    if CHUNK not in table:
        return
    own = _rows(mine, mine[_ROW].values, mine[_NUMBER].values)
    nowhere = np.full(len(table), -1)
    past = _rows(View(dict(table.items()), table.index), nowhere, nowhere)
    for by in [name for name in given if name in past.seen]:
        keys, has = given[by]
        mine_at = np.flatnonzero(has & np.isin(keys, asked[by]))
        held, rows = past.seen[by], np.flatnonzero(past.seen[by].notna().values)
        few, starts, sharing = pairs.shared(held.values[rows], least=1)
        at, first, size = pairs.having(few, starts, keys[mine_at])
        other = rows[sharing[spans(first, size)]]
        yield pairs.kept(by, own, np.repeat(mine_at[at], size), past, other)


def _few(history: Snapshot, by: str, keys: np.ndarray) -> np.ndarray:
    """Those of these keys that link: no row of the past is read for one that many have there."""
    many = history.many(by, keys)
    return keys[(many > 0) & (many <= pairs.COMMON)]


def _rows(view: View, rows: np.ndarray, numbers: np.ndarray) -> Rows:
    times, where = pairs.microseconds(view["time"]), pairs.places(view[CHUNK], view[POSITION])
    return Rows(times, where, rows, numbers, view)


def _shown(record: np.ndarray, number: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Which pairs a page may show: those up to the twelfth other declaration of the run.

    What comes after them need not be read. `record` is sorted and `own` the number of each.
    """
    counts = (number >= 0) & (number != own[record])
    pair = record * (number.max(initial=0) + 2) + number + 1
    first = np.zeros(len(record), dtype=bool)
    first[np.unique(pair, return_index=True)[1]] = True
    told = np.cumsum(first & counts)
    begin = np.flatnonzero(hashing.starts(record))
    before = np.repeat(told[begin] - (first & counts)[begin], np.diff(begin, append=len(record)))
    made: np.ndarray = told - (first & counts) - before < SHOWN
    return made


def _finds(seen: View, finds: Table) -> Table:
    """Earlier finds that agree in three facets, the nearest first: `RECORD`, `place` and `link`."""
    nothing = pd.DataFrame({RECORD: [], "place": np.empty(0, dtype=np.int64), "link": []})
    if not len(seen) or not len(finds) or CHUNK not in finds:
        return nothing
    mine = seen.table()
    agree = {
        facet: np.any([_agree(mine, finds, group) for group in groups], axis=0)
        for facet, groups in FACET.items()
    }
    number = np.sum(list(agree.values()), axis=0)
    known = finds["time"].to_numpy()[None, :] < mine["time"].to_numpy()[:, None]
    rows, columns = np.nonzero((number >= FACETS) & known)
    if not len(rows):
        return nothing
    names = list(agree)
    said = [
        LIKE + ", ".join(name for name in names if agree[name][row, column])
        for row, column in zip(rows, columns, strict=True)
    ]
    told = pd.DataFrame(
        {
            RECORD: mine[RECORD].to_numpy()[rows],
            "place": pairs.places(column(finds[CHUNK]), column(finds[POSITION]))[columns],
            "link": said,
            "n": number[rows, columns],
            "time": finds["time"].to_numpy()[columns],
        }
    )
    order = told.sort_values([RECORD, "n", "time"], ascending=[True, False, False], kind="stable")
    return order[[RECORD, "place", "link"]]


def _agree(mine: Table, finds: Table, group: Sequence[str]) -> np.ndarray:
    """Which rows agree with which finds in all these columns; what is missing never does."""
    both = np.ones((len(mine), len(finds)), dtype=bool)
    for name in group:
        if name not in mine or name not in finds:
            return np.zeros_like(both)
        joined = pd.concat([mine[name].astype(object), finds[name].astype(object)])
        codes = pd.factorize(joined)[0]
        one, other = codes[: len(mine), None], codes[None, len(mine) :]
        both &= (one == other) & (one >= 0)
    return both


def _declared(connection: Connection, profile: Profile, places: Sequence[int]) -> dict[int, Shown]:
    """Reference, title, time and office of rows by where they lie; removed ones are left out."""
    columns = [RECORD, profile.title, profile.time, profile.office]
    found: dict[int, Shown] = {}
    wanted = hashing.distinct(np.array(places, dtype=np.int64))
    chunks, starts = np.unique(wanted >> 32, return_index=True)
    ends = np.append(starts, len(wanted))[1:]
    for chunk, start, end in zip(chunks.tolist(), starts, ends, strict=True):
        some = wanted[start:end]
        cells = batches.cells(connection, chunk, columns, some & (2**32 - 1))
        for place, record, title, at, office in zip(some.tolist(), *cells, strict=False):
            if at is not None:  # otherwise removed by retention
                found[place] = record, title or "", at.isoformat(), office
    return found
