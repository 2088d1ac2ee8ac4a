"""The register of arms in the database: pieces, and where to look for their marks.

Marks are found through runs of three characters of their skeleton, so that a search asks
an index and never walks the register, however long it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from riskprofile.reference import marks
from riskprofile.store.arms_tables import Arms, ArmsEvent, ArmsGram, ArmsName, ArmsTrace
from riskprofile.store.database import Store, serialise
from riskprofile.store.many import among

arms = Arms.__table__  # type: ignore[attr-defined]
grams = ArmsGram.__table__  # type: ignore[attr-defined]
names = ArmsName.__table__  # type: ignore[attr-defined]
events = ArmsEvent.__table__  # type: ignore[attr-defined]
traces = ArmsTrace.__table__  # type: ignore[attr-defined]

ARMS_LOCK = 7008  # PostgreSQL advisory lock: ids are given out here, one writer at a time
COMMON = 20_000  # a run that more pieces hold says too little to begin with
CANDIDATES = 500
BESIDE = 5_000
SEEN = (arms.c.id, arms.c.number, arms.c.serial, arms.c.details)
COLUMNS = tuple(column.name for column in arms.columns)


def lock(connection: Connection) -> None:
    """One writer of the register at a time."""
    serialise(connection, ARMS_LOCK)


def add(store: Store, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> list[int]:
    """Add pieces with their forms for finding; their ids. Call `lock` before.

    Each row has the columns of `arms` but `id` and those that end in `_key`.
    """
    first = int(connection.execute(select(func.coalesce(func.max(arms.c.id), 0))).scalar_one()) + 1
    made, runs, spelled = [], [], set()
    for number, row in enumerate(rows, start=first):
        full = {**row, **keys(row), "id": number}
        made.append(tuple(full.get(name) for name in COLUMNS))
        runs += [(gram, number) for gram in _runs(full)]
        spelled |= {
            (kind, full[f"{kind}_key"]) for kind in ("make", "model") if full[f"{kind}_key"]
        }
    store.insert_many(connection, "arms", COLUMNS, made)
    store.insert_many(connection, "arms_gram", ("gram", "arms_id"), runs)
    _spelled(connection, spelled)
    return list(range(first, first + len(made)))


def serials(row: Mapping[str, Any]) -> list[str]:
    """What a piece is marked with: its serial, and those on slide, barrel or bolt."""
    elsewhere = (row["details"] or {}).get("serial_elsewhere") or ""
    return [row["serial"], *filter(None, str(elsewhere).split("|"))]


def _runs(row: Mapping[str, Any]) -> list[str]:
    return sorted(frozenset().union(*(marks.grams(marks.skeleton(one)) for one in serials(row))))


def keys(row: Mapping[str, Any]) -> dict[str, str]:
    """The forms under which a piece is found."""
    return {
        "serial_key": marks.skeleton(row["serial"]),
        "make_key": marks.name_key(row["make"]),
        "model_key": marks.name_key(row["model"]),
    }


def change(connection: Connection, arms_id: int, values: Mapping[str, Any]) -> None:
    """Put values in place of a piece's, and its forms for finding anew. Call `lock` before."""
    was = connection.execute(select(*SEEN).where(arms.c.id == arms_id)).mappings().one()
    connection.execute(update(arms).where(arms.c.id == arms_id).values(**values))
    row = connection.execute(select(arms).where(arms.c.id == arms_id)).mappings().one()
    found = keys(dict(row))
    connection.execute(update(arms).where(arms.c.id == arms_id).values(**found))
    _forget_runs(connection, arms_id, _runs(dict(was)))
    runs = [{"gram": one, "arms_id": arms_id} for one in _runs(dict(row))]
    if runs:
        connection.execute(insert(grams), runs)
    _spelled(
        connection,
        {(kind, found[f"{kind}_key"]) for kind in ("make", "model") if found[f"{kind}_key"]},
    )


def _spelled(connection: Connection, wanted: set[tuple[str, str]]) -> None:
    known = {(row.kind, row.key) for row in connection.execute(select(names))}
    if fresh := sorted(wanted - known):
        connection.execute(insert(names), [{"kind": kind, "key": key} for kind, key in fresh])


def by_number(connection: Connection, numbers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Pieces by their numbers."""
    asked = select(arms).where(among(arms.c.number, numbers))
    return {row["number"]: dict(row) for row in connection.execute(asked).mappings()}


def named(connection: Connection, kind: str, key: str) -> list[str]:
    """The makes or models of the register that a name may stand for."""
    known = connection.execute(select(names.c.key).where(names.c.kind == kind)).scalars()
    return sorted(one for one in known if marks.alike_name(key, one))


def by_serial(
    connection: Connection, serial: str, conditions: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """`id`, `number` and marks (see `serials`) of pieces that may bear this one, most alike first.

    The rare runs of what is asked decide which pieces are looked at: at most `CANDIDATES`,
    or, where make or model decide as well, those among `BESIDE` that have them.
    """
    form = marks.skeleton(serial)
    wanted = sorted(marks.grams(form))
    inner = [one for one in wanted if "^" not in one and "$" not in one]
    if not wanted:
        return []
    held = _held(connection, wanted)
    rare = [one for one in inner or wanted if held[one] <= COMMON]
    if rare:
        # One unread or wrong character spoils three runs; the others must be there.
        least = max(1, min(len(rare) // 2, len(rare) - 3))
        # The edges of a part are not those of the mark: they only bring the whole ones first.
        rare += [one for one in wanted if one not in inner + rare and held[one] <= COMMON]
        shared = (
            select(grams.c.arms_id, func.count().label("shared"))
            .where(grams.c.gram.in_(rare))
            .group_by(grams.c.arms_id)
            .having(func.count() >= least)
            .order_by(func.count().desc(), grams.c.arms_id.desc())
        )
        found = shared.limit(BESIDE if conditions else CANDIDATES).subquery()
        asked = (
            select(*SEEN)
            .join(found, found.c.arms_id == arms.c.id)
            .where(arms.c.superseded_at.is_(None), *conditions)
            .order_by(found.c.shared.desc(), arms.c.id.desc())
            .limit(CANDIDATES)
        )
    else:
        # All of it is common: every run of it must be there, from the rarest on.
        every = sorted(inner or wanted, key=lambda one: held[one])
        first = grams.alias()
        chain: Any = first
        where = [first.c.gram == every[0]]
        for one in every[1:]:
            also = grams.alias()
            chain = chain.join(also, (also.c.arms_id == first.c.arms_id) & (also.c.gram == one))
        asked = (
            select(*SEEN)
            .select_from(chain.join(arms, arms.c.id == first.c.arms_id))
            .where(*where, arms.c.superseded_at.is_(None), *conditions)
            .limit(CANDIDATES)
        )
    return [dict(row) for row in connection.execute(asked).mappings()]


def _held(connection: Connection, runs: Sequence[str]) -> dict[str, int]:
    """How many pieces hold each run, counted up to one more than `COMMON`."""
    held: dict[str, int] = {}
    for at in range(0, len(runs), 50):
        counts = []
        for one in runs[at : at + 50]:
            some = select(grams.c.arms_id).where(grams.c.gram == one).limit(COMMON + 1).subquery()
            counts.append(select(func.count()).select_from(some).scalar_subquery())
        told = connection.execute(select(*counts)).one()
        held |= dict(zip(runs[at : at + 50], told, strict=True))
    return held


def by_id(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Pieces by their ids, in that order."""
    asked = select(arms).where(among(arms.c.id, ids))
    found = {row["id"]: dict(row) for row in connection.execute(asked).mappings()}
    return [found[one] for one in ids if one in found]


def by_name(
    connection: Connection, makes: Sequence[str], models: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    """Pieces of these makes and models by key, the newest of each first; empty is any."""
    found: dict[int, dict[str, Any]] = {}
    column, wanted = (arms.c.model_key, models) if models else (arms.c.make_key, makes)
    for key in wanted:
        asked = select(arms).where(column == key, arms.c.superseded_at.is_(None))
        if models and makes:
            asked = asked.where(arms.c.make_key.in_(makes))
        rows = connection.execute(asked.order_by(arms.c.id.desc()).limit(limit)).mappings()
        found |= {row["id"]: dict(row) for row in rows}
    return [found[one] for one in sorted(found, reverse=True)[:limit]]


def add_event(connection: Connection, **values: Any) -> int:
    """One thing that happened to a piece; its id."""
    made = connection.execute(insert(events).values(**values).returning(events.c.id))
    return int(made.scalar_one())


def events_of(connection: Connection, arms_id: int) -> list[dict[str, Any]]:
    """What happened to a piece, in the order of time."""
    asked = select(events).where(events.c.arms_id == arms_id).order_by(events.c.at, events.c.id)
    return [dict(row) for row in connection.execute(asked).mappings()]


def forget(connection: Connection, before: datetime) -> int:
    """Remove pieces whose event, entry and last act all lie up to a time; how many.

    A piece with a request that is not answered stays. What was said of them in the audit
    chain stays as well.
    """
    lock(connection)
    later = select(events.c.arms_id).where(events.c.recorded_at > before)
    answered = func.coalesce(traces.c.answered_at, traces.c.asked_at)
    open_or_later = select(traces.c.arms_id).where(
        (traces.c.state == "asked") | (answered > before)
    )
    due = select(*SEEN).where(
        arms.c.event_on <= before,
        arms.c.recorded_at <= before,
        arms.c.id.not_in(later),
        arms.c.id.not_in(open_or_later),
    )
    found = connection.execute(due).mappings().all()
    for row in found:
        _forget_runs(connection, row["id"], _runs(dict(row)))
    ids = [row["id"] for row in found]
    for column in (events.c.arms_id, traces.c.arms_id, arms.c.id):
        connection.execute(delete(column.table).where(among(column, ids)))
    return len(found)


def _forget_runs(connection: Connection, arms_id: int, held: Sequence[str]) -> None:
    # By run and piece, as the index is ordered: by piece alone would walk all of it.
    where = (grams.c.gram.in_(held), grams.c.arms_id == arms_id)
    connection.execute(delete(grams).where(*where))


def of_alert(connection: Connection, alert_id: int, *, gone: bool = False) -> list[dict[str, Any]]:
    """The pieces that count of one alert, in the order in which they were entered.

    With `gone`, instead of these, those that a later examination did not find, the newest first.
    """
    asked = select(arms).where(arms.c.alert_id == alert_id)
    if gone:
        asked = asked.where(arms.c.superseded_at.is_not(None)).order_by(arms.c.id.desc())
    else:
        asked = asked.where(arms.c.superseded_at.is_(None)).order_by(arms.c.id)
    return [dict(row) for row in connection.execute(asked).mappings()]


def take_concealment(connection: Connection, alert_id: int, words: Collection[str]) -> None:
    """Take out of the pieces of an alert, and of what they said before, these words about how
    they were hidden. What the register was given instead stays."""
    words = {_spaced(one) for one in words}
    for row in connection.execute(select(arms).where(arms.c.alert_id == alert_id)).mappings():
        if (left := _without(row["details"], words)) is not None:
            connection.execute(update(arms).where(arms.c.id == row["id"]).values(details=left))
        for event in events_of(connection, row["id"]):
            told = event["detail"] or {}
            if (left := _without(told.get("before"), words)) is not None:
                values = {"detail": {**told, "before": left}}
                connection.execute(update(events).where(events.c.id == event["id"]).values(values))


def _spaced(text: str) -> str:
    """Words alone: whoever amends a piece takes the blanks around what is written in it."""
    return " ".join(text.split())


def _without(details: Any, words: Collection[str]) -> dict[str, Any] | None:
    if not details or _spaced(details.get("concealment") or "") not in words:
        return None
    return {name: value for name, value in details.items() if name != "concealment"}


def supersede(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Take out pieces that a later examination did not find again."""
    connection.execute(update(arms).where(among(arms.c.id, ids)).values(superseded_at=now))
