"""Trace requests: the package that goes out, the answer that comes back, what it establishes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from riskprofile.errors import Conflict, InputError, RiskProfileError, UsageError
from riskprofile.intake.codes import KNOWN_COUNTRIES
from riskprofile.reference import marks
from riskprofile.reference.trace_form import FORMS, TRACE
from riskprofile.services import arms
from riskprofile.services.printing import Page
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store import arms as kept
from riskprofile.store.arms_tables import ArmsTrace
from riskprofile.store.database import Store

_trace = ArmsTrace.__table__  # type: ignore[attr-defined]

NO_REQUEST = "none"  # the channel of what was established without one
CHANNELS = ("domestic", "iarms", "bilateral", "national_centre")
PHOTOS = "photos of the marks, SHA-256"
COUNTRIES = frozenset(KNOWN_COUNTRIES.to_pylist())
STATES = ("asked", "answered")
RESULTS = ("traced", "national", "other", "not_traced")


@dataclass(frozen=True)
class Asking:
    """What is stated with a request. Nothing here is about the person who held the piece."""

    channel: str
    to_country: str = ""
    authority: str = ""
    contact: str = ""
    use: str = ""
    handling: str = ""
    urgency: str = ""


def request(
    store: Store,
    actor: Actor,
    number: str,
    asking: Asking,
    now: datetime,
    write: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Make and record the package of a trace request, as JSON values.

    Parameters
    ----------
    write : function, optional
        Puts the package where it goes out from. When it fails, nothing was asked.

    Returns
    -------
    dict
        `id` of the request, `sections` of labelled values, `missing` (label and the forms
        that need it), `warnings`, `sha256` of the package without the id.

    Raises
    ------
    Conflict
        The same piece, or another with its make and serial, is being traced by the same
        channel at the same country.
    """
    authorise(actor, "arms.trace")
    if asking.channel not in CHANNELS:
        raise UsageError(f"unknown channel {asking.channel}", do=f"Give {', '.join(CHANNELS)}")
    _known(asking.to_country)
    with store.write() as connection:
        kept.lock(connection)
        row = _standing(connection, number)
        package = _package(connection, row, asking)
        identity = _identity(row, asking)
        if twin := connection.execute(
            select(_trace.c.id, kept.arms.c.number, _trace.c.asked_at)
            .join(kept.arms, kept.arms.c.id == _trace.c.arms_id)
            .where(_trace.c.identity == identity, _trace.c.state == "asked")
        ).first():
            raise Conflict(
                f"request {twin[0]} of {twin[2]:%Y-%m-%d} for {twin[1]} asks the same",
                do="Wait for its answer, or record it: riskprofile records trace answer",
            )
        text = json.dumps(package, ensure_ascii=False, sort_keys=True)
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        said = {"to_country": asking.to_country, "identity": identity, "package": digest}
        made = _entered(connection, row, actor, now, asking.channel, state="asked", **said)
        told = {"id": made, "requested_at": now.isoformat(), **package, "sha256": digest}
        if write is not None:
            write(told)
        _note(connection, actor, "arms.trace.ask", row, now, trace=made, package=digest)
    return told


def _package(connection: Connection, row: Mapping[str, Any], asking: Asking) -> dict[str, Any]:
    held = {**arms.shown(row), **{f"request.{n}": v for n, v in asdict(asking).items() if v}}
    events = kept.events_of(connection, row["id"])
    held["photos"] = [
        {"sha256": one["digest"], **one["detail"]} for one in events if one["kind"] == "photo"
    ]
    custody = [one["detail"]["taker"] for one in events if one["kind"] == "custody"]
    held["custody"] = custody[-1] if custody else None
    sections: dict[str, dict[str, Any]] = {}
    missing = []
    for one in TRACE:
        value = held.get(one.column)
        if value in (None, "", []) or (one.column == "marking" and value == "unknown"):
            if one.needed and not (one.column == "serial" and row["marking"] == "unmarked"):
                missing.append({"field": one.label, "needed_by": list(one.needed)})
        else:
            sections.setdefault(one.section, {})[one.label] = value
    serial = row["serial"]
    return {
        "form": "trace request",
        "record": row["number"],
        "channel": asking.channel,
        "to_country": asking.to_country,
        "sections": sections,
        "uncertain_characters": [
            at for at, letter in enumerate(serial, start=1) if letter == marks.UNSURE
        ],
        "missing": missing,
        "complete_for": [
            form for form in FORMS if not any(form in one["needed_by"] for one in missing)
        ],
    }


def _identity(row: Mapping[str, Any], asking: Asking) -> str:
    """What is asked of whom; a piece without a readable serial is only itself."""
    piece = [row["make_key"], row["serial_key"]]
    if not marks.grams(row["serial_key"]) or marks.UNSURE in row["serial_key"]:
        piece = [row["number"]]
    text = json.dumps([*piece, asking.channel, asking.to_country])
    return hashlib.sha256(text.encode()).hexdigest()


def answer(
    store: Store,
    actor: Actor,
    trace_id: int,
    result: str,
    now: datetime,
    *,
    pieces: int = 1,
    diversion: str = "",
    diversion_country: str = "",
    last_legal_country: str = "",
    reference: str = "",
    correct: str = "",
) -> None:
    """Record the answer to a request, once; or with a reason put another in its place.

    What the answer said before stays with the piece.

    Parameters
    ----------
    result : str
        `traced` abroad, established by `national` means, by `other` means, or `not_traced`.
    pieces : int
        How many of the record's pieces this answer establishes; none for `not_traced`.
    diversion : str
        Where it left the legal market, in words without names of persons.
    correct : str
        Why an answer that stands was wrong; also of what was established without a request.
    """
    authorise(actor, "arms.trace")
    told = _answer(result, pieces, diversion, diversion_country, last_legal_country, reference)
    with store.write() as connection:
        kept.lock(connection)
        trace = connection.execute(select(_trace).where(_trace.c.id == trace_id)).mappings().first()
        if trace is None:
            raise InputError(
                f"there is no trace request {trace_id}", do="See riskprofile records trace list"
            )
        stands = trace["state"] != "asked"
        if stands and not correct.strip():
            raise Conflict(
                f"request {trace_id} is answered already: {trace['result']}",
                do="If that was wrong, or another answer came, say why: --correct",
            )
        if not stands and correct.strip():
            raise UsageError(f"request {trace_id} has no answer yet", do="Leave out --correct")
        if result == "traced" and trace["channel"] == NO_REQUEST:
            raise UsageError("traced is the answer to a request", do="Give national or other")
        row = _of(connection, trace["arms_id"])
        _room(connection, row, told["pieces"] - trace["pieces"])
        if stands:
            before = {name: trace[name] for name in told if trace[name]}
            detail = {"trace": trace_id, "why": correct.strip(), "before": before}
            arms.happened(connection, actor, row["id"], "answer", now, detail)
        connection.execute(
            update(_trace)
            .where(_trace.c.id == trace_id)
            .values(state="answered", answered_at=now, answered_by=actor.name, **told)
        )
        _note(connection, actor, "arms.trace.answer", row, now, trace=trace_id, result=result)


def establish(
    store: Store,
    actor: Actor,
    number: str,
    result: str,
    now: datetime,
    *,
    pieces: int = 1,
    diversion: str = "",
    diversion_country: str = "",
    reference: str = "",
) -> int:
    """Record that an origin or context was established without a request; the entry's id.

    Raises
    ------
    Conflict
        A later examination did not find the piece: it counts nowhere.
    """
    authorise(actor, "arms.trace")
    if result == "traced":
        raise UsageError("traced is the answer to a request", do="Give national or other")
    told = _answer(result, pieces, diversion, diversion_country, "", reference)
    with store.write() as connection:
        kept.lock(connection)
        row = _standing(connection, number)
        _room(connection, row, told["pieces"])
        told |= {"state": "answered", "answered_at": now, "answered_by": actor.name}
        made = _entered(connection, row, actor, now, NO_REQUEST, **told)
        _note(connection, actor, "arms.trace.answer", row, now, trace=made, result=result)
    return made


def _entered(
    connection: Connection,
    row: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    channel: str,
    **said: Any,
) -> int:
    """Enter what is asked of a piece, or is known of it; the entry's id."""
    held: dict[str, Any] = {"arms_id": row["id"], "channel": channel, "pieces": 0}
    held |= dict.fromkeys(("to_country", "identity", "package", "result", "diversion"), "")
    held |= {"reference": "", "asked_by": actor.name, "asked_at": now, **said}
    return int(connection.execute(insert(_trace).values(held).returning(_trace.c.id)).scalar_one())


def traces(store: Store, actor: Actor, state: str = "") -> list[dict[str, Any]]:
    """Requests and what came back, the newest first; of one state when it is given."""
    authorise(actor, "arms.look")
    if state not in ("", *STATES):
        raise UsageError(f"unknown state {state}", do=f"Give {' or '.join(STATES)}")
    asked = select(_trace, kept.arms.c.number).join(kept.arms, kept.arms.c.id == _trace.c.arms_id)
    if state:
        asked = asked.where(_trace.c.state == state)
    with store.read() as connection:
        rows = connection.execute(asked.order_by(_trace.c.id.desc())).mappings().all()
    hidden = ("arms_id", "identity")
    return [{name: row[name] for name in row if name not in hidden} for row in rows]


def _answer(
    result: str, pieces: int, diversion: str, where: str, last: str, reference: str
) -> dict[str, Any]:
    if result not in RESULTS:
        raise UsageError(f"unknown result {result}", do=f"Give {', '.join(RESULTS)}")
    _known(where)
    _known(last)
    if pieces < 1:
        raise UsageError("pieces is a whole number from 1", do="Give how many are established")
    return {
        "result": result,
        "pieces": 0 if result == "not_traced" else pieces,
        "diversion": diversion.strip(),
        "diversion_country": where or None,
        "last_legal_country": last or None,
        "reference": reference.strip(),
    }


def _known(country: str) -> None:
    if country and country not in COUNTRIES:
        raise UsageError(f"{country} is no ISO 3166 alpha-2 code", do="Give two capitals: XK, NO")


def _room(connection: Connection, row: Mapping[str, Any], pieces: int) -> None:
    held = connection.execute(
        select(func.coalesce(func.sum(_trace.c.pieces), 0)).where(_trace.c.arms_id == row["id"])
    ).scalar_one()
    # A recount may leave fewer than were established: to take some back is always right.
    if pieces > 0 and int(held) + pieces > row["count"]:
        raise RiskProfileError(
            f"{held} of {row['count']} pieces are established already"
            if held
            else f"{pieces} pieces are more than are recorded: {row['count']}",
            where=row["number"],
            do="Give no more than are left; with not_traced when none is",
        )


def _standing(connection: Connection, number: str) -> dict[str, Any]:
    """The row of a piece that counts."""
    row = arms.one(connection, number)
    if row["superseded_at"] is not None:
        raise Conflict(f"{number} was replaced by a later examination")
    return row


def _of(connection: Connection, arms_id: int) -> dict[str, Any]:
    asked = select(kept.arms).where(kept.arms.c.id == arms_id)
    return dict(connection.execute(asked).mappings().one())


def _note(
    connection: Connection,
    actor: Actor,
    action: str,
    row: Mapping[str, Any],
    now: datetime,
    **detail: Any,
) -> None:
    note(connection, actor, action, f"arms:{row['id']}", now, detail, office=row["office"])


def as_pdf(package: Mapping[str, Any]) -> bytes:
    """The package as pages to print or send; it says the same as the JSON."""
    page = Page(f"Trace request {package['id']}", datetime.fromisoformat(package["requested_at"]))
    page.fields(
        [
            ("record", package["record"]),
            ("channel", package["channel"]),
            ("asked of", package["to_country"] or "not named"),
            ("requested", package["requested_at"]),
            ("SHA-256 of the package", package["sha256"]),
        ]
    )
    for section, values in package["sections"].items():
        page.heading(section.capitalize())
        page.fields([(label, _said(one)) for label, one in values.items() if label != PHOTOS])
        for one in values.get(PHOTOS, []):
            page.line(f"photo {one['sha256']} {one['file']} {one['shows']}")
    if package["uncertain_characters"]:
        places = ", ".join(map(str, package["uncertain_characters"]))
        page.line(f"characters of the serial that cannot be read (?): {places}")
    page.heading("Missing")
    page.fields([(one["field"], ", ".join(one["needed_by"])) for one in package["missing"]])
    if not package["missing"]:
        page.line("nothing")
    return page.bytes()


def _said(value: Any) -> Any:
    return ("no", "yes")[value] if isinstance(value, bool) else value
