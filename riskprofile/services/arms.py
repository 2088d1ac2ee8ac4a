"""The register of arms: old records come in, pieces are searched by marks and corrected."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from riskprofile.errors import InputError, RiskProfileError, UsageError
from riskprofile.files import digest_of, legible, unchanged
from riskprofile.intake import canonical
from riskprofile.intake import registers as intake
from riskprofile.intake.reader import RawChunk
from riskprofile.reference import marks
from riskprofile.reference.arms import DETAILS, FLAGS, MARKED, SEIZURES, answer, as_marked
from riskprofile.services.registers import Loaded, content
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store import arms as kept
from riskprofile.store.database import Store

OWN = "RP-"  # numbers that this program gives: imported ones may not begin so
LIMIT = 50
NOTHING = hashlib.sha256().hexdigest()  # of a file without a byte
TEXTS = ("authority", "arm_type", "part", "make", "model", "calibre", "serial")


@dataclass(frozen=True)
class Hit:
    """A piece that a search found: how its serial meets what was asked, and its columns.

    `grade` is one of `marks.GRADES`, or empty when no serial was asked.
    """

    grade: str
    number: str
    piece: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {"grade": self.grade, **self.piece}


def search(
    store: Store,
    actor: Actor,
    now: datetime,
    *,
    serial: str = "",
    make: str = "",
    model: str = "",
    limit: int = LIMIT,
) -> list[Hit]:
    """Pieces by a serial, a part of one, a make or a model, however they were spelled.

    Parameters
    ----------
    serial : str
        As read; `?` for each character that cannot be read. Part of one will do.
    limit : int
        At most so many, the best grade first, then the newest.
    """
    authorise(actor, "arms.look")
    form = marks.skeleton(serial)
    if serial and not marks.grams(form):
        raise UsageError("too little of the serial is known", do="Give two characters in a row")
    if not (form or make or model):
        raise UsageError("nothing is asked for", do="Give a serial, a make or a model")
    with store.read() as connection:
        makes = kept.named(connection, "make", marks.name_key(make)) if make else []
        models = kept.named(connection, "model", marks.name_key(model)) if model else []
        if (make and not makes) or (model and not models):
            rows = []
        elif form:
            # Columns by which a piece is judged first; the rest of it for what is shown.
            conditions = [kept.arms.c.make_key.in_(makes)] if makes else []
            conditions += [kept.arms.c.model_key.in_(models)] if models else []
            near = [
                (marks.GRADES.index(grade), one["id"])
                for one in kept.by_serial(connection, serial, conditions)
                if (grade := _grade(serial, one))
            ]
            near.sort(key=lambda one: one[0])
            rows = kept.by_id(connection, [one for _, one in near[:limit]])
        else:
            rows = kept.by_name(connection, makes, models, limit)
    found = [Hit(_grade(serial, row), row["number"], shown(row)) for row in rows]
    with store.write() as connection:
        asked = {"serial": serial, "make": make, "model": model, "found": len(found)}
        note(connection, actor, "arms.search", "arms", now, asked, office=actor.office)
    return found


def _grade(asked: str, row: Mapping[str, Any]) -> str:
    """How the mark of a piece that is most alike meets what is asked; empty where none does."""
    met = (marks.compare(asked, one) for one in kept.serials(row))
    return min(filter(None, met), key=marks.GRADES.index, default="")


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A piece as people and programs see it: the columns of `SEIZURES` that it has."""
    told = {"record_number": row["number"], **row, **(row["details"] or {})}
    told["event_on"] = row["event_on"].date().isoformat()
    return {name: told[name] for name in SEIZURES.names if told.get(name) not in (None, "")}


def cases(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The case of each row of the register: its case number, else its alert, else itself alone.

    Authorities number their cases each for itself: a number that several of these rows' have
    stands with whose it is. Pieces of an alert are of one case but where their numbers differ.
    """
    of_alert: dict[int, tuple[str, str]] = {}
    told = []
    for row in rows:
        number = str((row["details"] or {}).get("case_number") or "")
        told.append((number, " ".join(row["authority"].split())))
        if number and row["alert_id"]:
            of_alert.setdefault(row["alert_id"], told[-1])
    for place, row in enumerate(rows):
        first = of_alert.get(row["alert_id"])
        if first and told[place][0] in ("", first[0]):
            told[place] = first
    spelled: dict[str, dict[str, str]] = {}  # number: authority folded: as first written
    for number, whose in told:
        if whose:
            spelled.setdefault(number, {}).setdefault(whose.casefold(), whose)
    found = []
    for row, (number, whose) in zip(rows, told, strict=True):
        if not number:
            found.append(f"alert {row['alert_id']}" if row["alert_id"] else row["number"])
        elif whose and len(spelled[number]) > 1:
            found.append(f"{number} ({spelled[number][whose.casefold()]})")
        else:
            found.append(number)
    return found


def piece(store: Store, actor: Actor, number: str) -> dict[str, Any]:
    """One piece with what happened to it since: custody, photos, corrections.

    `replaced_at` says that a later examination did not find it: it counts nowhere.
    """
    authorise(actor, "arms.look")
    with store.read() as connection:
        row = one(connection, number)
        told = kept.events_of(connection, row["id"])
    gone = row["superseded_at"]
    replaced = {"replaced_at": gone.isoformat()} if gone else {}
    return {**shown(row), **replaced, "events": [_event(each) for each in told]}


def one(connection: Connection, number: str) -> dict[str, Any]:
    """The row of a piece, or an error that says what to do."""
    row = kept.by_number(connection, [number]).get(number)
    if row is None:
        raise InputError(
            f"the register has no record {number}", do="Look for it: riskprofile records search"
        )
    return row


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {"kind": row["kind"], "at": row["at"].isoformat(), "by": row["by"]}
    return {**told, **({"sha256": row["digest"]} if row["digest"] else {}), **(row["detail"] or {})}


# What its serial says of a piece whose marking was left open.
_UNSAID = {"": "unique", "none": "unmarked", "unknown": "unknown"}


def row_of(entry: Mapping[str, Any], actor: Actor, now: datetime, **more: Any) -> dict[str, Any]:
    """One entry of `SEIZURES` as the table holds it."""
    at = datetime.fromisoformat(str(entry["event_on"]))
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    details = {name: entry[name] for name in DETAILS if entry.get(name) is not None}
    if extra := entry.get("extra"):
        details["extra"] = extra
    serial = entry.get("serial") or ""
    return {
        "number": entry["record_number"],
        "event": entry["event"],
        "event_on": at,
        "year": at.year,
        "office": entry.get("office"),
        "country": entry.get("country"),
        "mode": entry.get("mode"),
        "kind": entry["kind"],
        **{name: entry.get(name) or "" for name in TEXTS},
        **{name: as_marked(entry.get(name) or "") for name in MARKED},
        "count": int(entry.get("count") or 1),
        "marking": entry.get("marking") or _UNSAID[answer(serial) if serial else "unknown"],
        **{name: bool(entry.get(name)) for name in FLAGS},
        "details": details,
        "content": content(entry),
        "recorded_by": actor.name,
        "recorded_at": now,
        **more,
    }


def load(
    store: Store, actor: Actor, path: Path, now: datetime, *, source: str = "", format: str = "auto"
) -> Loaded:
    """Take old records from any table (CSV, XLSX, JSON Lines, Parquet), in one transaction.

    A number that came with the same content before is a duplicate, amended since or not; with
    other content it is corrected, and the correction is kept with the piece.

    Parameters
    ----------
    source : str
        Whose records they are; fills `authority` where a row says nothing.
    """
    authorise(actor, "arms.keep")
    told = Loaded(SEIZURES.name, source, now)
    entries: list[dict[str, Any]] = []
    with unchanged(path):
        parts = intake.read(path, SEIZURES, format)
        for line, entry in told.entries(parts, SEIZURES, "authority", now):
            if str(entry["record_number"]).startswith(OWN):
                raise InputError(
                    f"record numbers that begin with {OWN} are given by this register",
                    where=f"{path.name}:{line}",
                    do="Correct it with riskprofile records amend, or number it otherwise",
                )
            entries.append(entry)
    with store.write(patience=60.0) as connection:
        kept.lock(connection)
        rows = {
            number: row_of(entry, actor, now)
            for number, entry in _numbered(connection, entries).items()
        }
        known = kept.by_number(connection, sorted(rows))
        kept.add(store, connection, [rows[number] for number in rows if number not in known])
        changed = [
            number for number, held in known.items() if held["content"] != rows[number]["content"]
        ]
        for number in changed:
            correct(connection, actor, known[number], rows[number], now)
        counts = told.counts(len(rows) - len(known) + len(changed))
        about = {**counts, "file": legible(path.name), "source": source}
        note(connection, actor, "arms.load", "arms", now, about)
    return told


def _numbered(
    connection: Connection, entries: Iterable[Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Entries of `SEIZURES` by the number under which each is kept; of one number the last.

    Who comes first with a number has it as it is; another authority's stands with whose it is,
    in capitals, so that its next file meets it however it spells itself. An entry that says
    nothing of an authority is taken for the first one's, and so is one that is that record
    in all but the authority: then this was wrong, and not the number. Not where the first one
    speaks in these entries too, or the other has the number already: then two are alike.
    """
    entries = list(entries)
    said = {(str(one["record_number"]), _authority(one)) for one in entries}
    asked = {number for number, _ in said} | {_apart(*one) for one in said}
    held = kept.by_number(connection, sorted(asked))
    owners = {number: _authority(row) for number, row in held.items()}
    found = {}
    for entry in entries:
        number, whose = str(entry["record_number"]), _authority(entry)
        owner = owners[number] = owners.get(number) or whose
        if whose not in ("", owner):
            two = _apart(number, whose) in held or (number, owner) in said
            if two or number not in held or not _is(entry, held[number]):
                number = _apart(number, whose)
        found[number] = {**entry, "record_number": number}
    return found


def _authority(row: Mapping[str, Any]) -> str:
    return " ".join((row.get("authority") or "").split()).upper()


def _apart(number: str, whose: str) -> str:
    return f"{number} ({whose})"


def _is(entry: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    """Whether it came so before, its authority amended since, or differs in the authority alone."""
    alike = (content(entry), content({**entry, "authority": held["authority"]}))
    return held["content"] in alike


def correct(
    connection: Connection,
    actor: Actor,
    held: Mapping[str, Any],
    row: Mapping[str, Any],
    now: datetime,
) -> None:
    """Put a row in the place of a piece's; what it said before stays with it."""
    before, after = shown(held), shown(row)
    kept.change(connection, held["id"], row)
    told = {"before": {n: v for n, v in before.items() if after.get(n) != v}}
    happened(connection, actor, held["id"], "amended", now, told)


def amend(
    store: Store, actor: Actor, number: str, changes: Mapping[str, str], now: datetime
) -> dict[str, int]:
    """Add to or correct a piece, as text under the names of its columns; empty takes away.

    What it said before stays with it. The file from which it came changes nothing of it again.

    Returns
    -------
    dict[str, int]
        The warnings of the piece as it stands now, by code, as a load counts them.
    """
    authorise(actor, "arms.keep")
    if wrong := sorted(set(changes) - set(SEIZURES.names) | set(changes) & {"record_number"}):
        raise UsageError(
            f"{wrong[0]} cannot be set", do=f"Columns: {', '.join(SEIZURES.names[1:])}"
        )
    with store.write() as connection:
        kept.lock(connection)
        held = one(connection, number)
        wanted = {name: written(value) for name, value in shown(held).items()} | dict(changes)
        texts = {name: value for name, value in wanted.items() if value}
        raw = pa.RecordBatch.from_pylist([{**texts, "source": "amend", "line": 1}])
        # What a file would leave out with a warning takes nothing away here.
        given = tuple((name,) for name, value in changes.items() if value.strip())
        strict = replace(SEIZURES, mandatory=SEIZURES.mandatory + given)
        table, rejected = canonical.parse(RawChunk(SEIZURES.name, raw), strict)
        if rejected:
            raise RiskProfileError(rejected[0].reason, where=number, do="Nothing was changed.")
        told = Loaded(SEIZURES.name, "", now)
        told.warn(table, SEIZURES, now)
        row = table.to_dict("records")[0]
        entry = intake.plain({str(name): value for name, value in row.items()}, SEIZURES)
        now_row = row_of(entry, actor, held["recorded_at"])
        # The content stays that of the file it came from: the same file again changes nothing.
        same = {name: held[name] for name in ("content", "recorded_by")}
        correct(connection, actor, held, {**now_row, **same}, now)
        about, detail = f"arms:{held['id']}", {"columns": sorted(changes)}
        note(connection, actor, "arms.amend", about, now, detail, office=held["office"])
    return told.warnings


def written(value: Any) -> str:
    """A value of a piece as a file and `amend` write it: yes or no, JSON, or the text itself."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def hand_over(
    store: Store, actor: Actor, number: str, giver: str, taker: str, now: datetime, seal: str = ""
) -> None:
    """One link of the chain of custody: who gave it to whom, under which seal.

    The first link names anyone; each next one begins where the last ended.
    """
    authorise(actor, "arms.keep")
    if not giver.strip() or not taker.strip():
        raise UsageError("who gives and who takes are missing", do="Name both posts")
    with store.write() as connection:
        row = one(connection, number)
        links = [
            each for each in kept.events_of(connection, row["id"]) if each["kind"] == "custody"
        ]
        if links and links[-1]["detail"]["taker"] != giver.strip():
            raise RiskProfileError(
                f"the chain of custody ended with {links[-1]['detail']['taker']}",
                where=number,
                do="Record the link that is missing first",
            )
        detail = {"giver": giver.strip(), "taker": taker.strip(), "seal": seal.strip()}
        happened(connection, actor, row["id"], "custody", now, detail)
        note(connection, actor, "arms.custody", f"arms:{row['id']}", now, office=row["office"])


def add_photo(
    store: Store, actor: Actor, number: str, path: Path, shows: str, now: datetime
) -> str:
    """Bind a photo to a piece by its SHA-256, which is returned; the file stays where it is."""
    authorise(actor, "arms.keep")
    try:
        shown = digest_of(path)
    except OSError as error:
        raise InputError(
            f"cannot be read ({(error.strerror or str(error)).lower()})",
            where=str(path),
            do="Check the path and its rights",
        ) from None
    if shown == NOTHING:
        raise InputError("the file is empty", where=str(path), do="Copy the photo here again")
    with store.write() as connection:
        row = one(connection, number)
        detail = {"file": legible(path.name), "shows": shows.strip()}
        happened(connection, actor, row["id"], "photo", now, detail, shown)
        about, told = f"arms:{row['id']}", {"sha256": shown}
        note(connection, actor, "arms.photo", about, now, told, office=row["office"])
    return shown


def happened(
    connection: Connection,
    actor: Actor,
    arms_id: int,
    kind: str,
    now: datetime,
    detail: dict[str, Any],
    digest: str = "",
) -> None:
    """Keep with a piece what happened to it, and who says so."""
    said = {"kind": kind, "at": now, "by": actor.name, "recorded_at": now}
    kept.add_event(connection, arms_id=arms_id, digest=digest, detail=detail, **said)
