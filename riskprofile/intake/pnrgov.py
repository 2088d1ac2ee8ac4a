"""PNRGOV passenger name records: one row per traveller of a booking, on the flight sent for.

A booking is everything from one SRC to the next; `pnrgov_booking` and `pnrgov_document`
say which segment and qualifier fills what. Source: the IATA PADIS implementation guide of
PNRGOV, versions 11.1 to 17.1. Written from that guide: no sample with a licence that
allows copying is known.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_messages import EdifactReader, Message
from riskprofile.intake.edifact_scope import numeral
from riskprofile.intake.edifact_times import sent_on
from riskprofile.intake.message_header import of_edifact
from riskprofile.intake.paxlst_traveller import tags_from
from riskprofile.intake.pnrgov_booking import CANCELLED, Booking, Leg, Person, stamp
from riskprofile.intake.pnrgov_document import untitled
from riskprofile.intake.reader import Knowing
from riskprofile.intake.rows import Gather, decimal, joined, journey, number, one_line, plain
from riskprofile.intake.sensitive import sensitive
from riskprofile.intake.tokens import token
from riskprofile.intake.versions import CANCEL, FUNCTION, REFERENCE, WHOLE, all_of, whole
from riskprofile.reference.places import airport_country, local

KILOGRAMS = {"700": "1", "701": "0.45359237"}  # TBD third component, behind pieces and mass
FULL = "22"  # MSG: all active bookings of the flight; one that left it is not in it
SURFACE, OPEN = "ARNK", "OPEN"  # in place of a flight number
_KNOWN = """
    ABI ADD APD DAT EBD EQN FAR FOP FTI IFT LTS MON MSG ORG PTK RCI REF RPI SAC SRC SSD SSR TBD
    TIF TKT TRA TRI TVL TXD
"""
KNOWN = frozenset(_KNOWN.split())


class PnrgovReader(Knowing, EdifactReader):
    """Reads PNRGOV messages.

    A flight that arrives in a country served (`Offices.countries`) is an entry, one that
    leaves from there an exit. Where none is known the direction stays missing, with a
    warning, and the crossing is the arrival.
    """

    name = "pnrgov"
    profile = "traveller"
    types = ("PNRGOV",)

    def write(self, message: Message, rows: Gather) -> None:
        """One row per traveller of a booking."""
        _Push(message, self.offices.countries).rows(rows)


class _Push:
    """One message: the flight it is sent for, and the bookings on it."""

    def __init__(self, message: Message, countries: frozenset[str]) -> None:
        self.message = message
        self.header: dict[str, Any] = of_edifact(message)
        self.warnings = list(message.warnings)
        self.sent = sent_on(message)
        self.bookings: list[Booking] = []
        self.tvl: Segment | None = None
        unknown: Counter[str] = Counter()
        for segment in message.segments:
            if segment.tag not in KNOWN:
                unknown[segment.tag] += 1
            if segment.tag == "SRC":
                self.bookings.append(Booking(segment, self.sent))
            elif self.bookings:
                self.bookings[-1].add(segment)
            elif segment.tag == "TVL" and self.tvl is None:
                self.tvl = segment
        self.counted = False  # EQN of the flight counts as many bookings as there are
        for segment in message.segments:
            if segment.tag == "SRC":
                break
            if segment.tag == "EQN" and message.whole:
                self._count(segment)
        if unknown:
            self.warnings.append("edifact_unknown_segment")
        self.unknown = dict(unknown)
        self._cross(countries)

    def _count(self, eqn: Segment) -> None:
        """EQN of the flight counts its bookings."""
        declared = decimal(eqn.get(1))
        self.counted = declared == len(self.bookings)
        if declared is not None and declared != len(self.bookings):
            more = declared > len(self.bookings)
            self.warnings.append("edifact_eqn_count" + ("_short" if more else ""))

    def _cross(self, countries: frozenset[str]) -> None:
        """Where and when the flight crosses the border of the countries served."""
        tvl = self.tvl or Segment("TVL", [], self.message.place)
        self.flight = Leg.of(tvl)
        landed = stamp(tvl.get(1, 2) or tvl.get(1), tvl.get(1, 3))
        self.direction: str | None = None
        place, at, clock = self.flight.destination, landed, tvl.get(1, 3)
        if airport_country(self.flight.destination) in countries:
            self.direction = "entry"
        elif airport_country(self.flight.origin) in countries:
            self.direction = "exit"
            place, at, clock = self.flight.origin, self.flight.departs, tvl.get(1, 1)
        else:
            self.warnings.append("direction_unknown")
        if at is None:
            self.warnings.append("date_unreadable")
        elif not clock:
            self.warnings.append("time_missing")
        self.crossing_point = place or None
        self.crossing_at = local(at, place) if at else None
        self.day = self.flight.departs or at

    def rows(self, rows: Gather) -> None:
        """Write every traveller; a message, or a group, that names nobody is a rejection."""
        if self.day and self.flight.number:
            flown = self._prefix().replace("-", "/").rstrip("/")
            self.header[REFERENCE] = named = f"{self.message.type}/{flown}"
            full = [each.get(1, 1) for each in self.message.segments if each.tag == "MSG"]
            if self.counted and full[:1] == [FULL]:
                self.header |= all_of(self._prefix(), **{WHOLE: named})
        cancelled = self.header.get(FUNCTION) == CANCEL and REFERENCE in self.header
        if not self.bookings and cancelled:
            self._cancelled(rows)
        elif not self.bookings:
            rows.reject(
                "no_travellers",
                "the message holds no booking",
                line=self.message.place,
                record_id=self.message.reference,
            )
        for booking in self.bookings:
            booking.finish()
            if booking.left:
                self._withdrawn(booking, rows)
            elif not booking.people:
                rows.reject(
                    "no_travellers",
                    "the booking names nobody: it is of a group without names",
                    line=booking.place,
                    record_id=booking.locator or None,
                )
            if not booking.people:
                continue
            shared, common, leg = self._shared(booking)
            for person in booking.people:
                values, extra = dict(shared), dict(common)
                values["crossing_id"] = self._crossing_id(booking, person)
                values["payment_method"] = person.payment or booking.payment or None
                warnings = [*self.warnings, *person.notes]
                _names(person, values, extra)
                _documents(person, values, extra, warnings)
                _bags(person, leg, values, warnings)
                rows.row(values, line=person.place, warnings=warnings, extra=extra)

    def _cancelled(self, rows: Gather) -> None:
        """A flight that is cancelled, and no booking: one row, which withdraws all of them."""
        named = self.header[REFERENCE]
        values = {
            "crossing_id": named,
            "crossing_at": self.crossing_at,
            "crossing_point": self.crossing_point,
            "carrier": self.flight.carrier or None,
        }
        extra = self.header | whole(named)
        rows.row(values, line=self.message.place, warnings=self.warnings, extra=extra)

    def _withdrawn(self, booking: Booking, rows: Gather) -> None:
        """A booking that nobody is left in: one row, which withdraws all of its crossings."""
        values = {
            "crossing_id": self._crossing_id(booking, None),
            "crossing_at": self.crossing_at,
            "crossing_point": self.crossing_point,
            "carrier": self.flight.carrier or None,
            "party_ref": booking.locator,
        }
        extra: dict[str, Any] = {**self.header, FUNCTION: CANCEL}
        extra |= all_of(self._prefix(), party_ref=booking.locator)
        rows.row(values, line=booking.place, warnings=self.warnings, extra=extra)

    def _shared(self, booking: Booking) -> tuple[dict[str, str | None], dict[str, Any], int | None]:
        """What all travellers of a booking have in common, and which leg is this flight."""
        flown = [
            (at, leg) for at, leg in enumerate(booking.legs) if leg.air and leg.number != SURFACE
        ]
        at, here = next(((at, leg) for at, leg in flown if self._same(leg)), (None, None))
        stops = [place for _, leg in flown for place in (leg.origin, leg.destination) if place]
        service = self.flight.carrier + self.flight.number
        values: dict[str, str | None] = {
            "crossing_at": self.crossing_at,
            "crossing_point": self.crossing_point,
            "crossing_kind": "airport",
            "direction": self.direction,
            "transport_mode": "air",
            "carrier": self.flight.carrier or None,
            "service_number": service or None,
            "origin": stops[0] if stops else self.flight.origin or None,
            "destination": stops[-1] if stops else self.flight.destination or None,
            "route": journey(stops or [self.flight.origin, self.flight.destination]),
            "party_ref": booking.locator or None,
            "party_size": str(len(booking.people)),
            "booked_at": _utc(booking.booked),
            "ticket_type": _ticket([leg for _, leg in flown]),
            "itinerary_changes": str(booking.changes) if booking.history else None,
        }
        extra: dict[str, Any] = dict(self.header)
        if here and here.status in CANCELLED:
            extra[FUNCTION] = CANCEL  # of this crossing
        if here and here.carrier + here.number not in ("", service):
            extra["marketing"] = here.carrier + here.number
        if booking.changed:
            extra["changed_at"] = _utc(booking.changed)
        if booking.agency and not sensitive(booking.agency):
            extra["agency"] = booking.agency
        if booking.dropped:
            extra["dropped"] = booking.dropped
        if self.unknown:
            extra["unknown_segments"] = self.unknown
        return values, extra, at

    def _same(self, leg: Leg) -> bool:
        """Whether a leg is the flight of the message, under whichever number."""
        flight = self.flight
        return (leg.origin, leg.destination) == (flight.origin, flight.destination) and (
            leg.departs is None
            or flight.departs is None
            or leg.departs.date() == flight.departs.date()
        )

    def _crossing_id(self, booking: Booking, person: Person | None) -> str | None:
        """The same for every push: flight, day, and who in which booking, as a token."""
        who = ""
        if person:
            who = person.reference or f"{person.surname}/{untitled(person.given)}"
        if not booking.locator and not who.strip("/"):
            return None
        return self._prefix() + token("booking", booking.locator, who)

    def _prefix(self) -> str:
        """What the crossings of this flight and day begin with."""
        day = self.day.strftime("%Y%m%d") if self.day else ""
        return "-".join((self.flight.carrier, self.flight.number.lstrip("0"), day, ""))


def _utc(at: datetime | None) -> str | None:
    return at.replace(tzinfo=UTC).isoformat() if at else None


def _ticket(legs: list[Leg]) -> str | None:
    """Open when a leg has no flight yet, a return when the journey ends where it began."""
    if not legs:
        return None
    if any(leg.number == OPEN for leg in legs):
        return "open"
    start, end = legs[0].origin, legs[-1].destination
    if len(legs) > 1 and start and end:
        home, last = airport_country(start), airport_country(end)
        abroad = any(airport_country(leg.destination) != home for leg in legs)
        if start == end or (home and home == last and abroad):
            return "return"
    return "one_way"


def _names(person: Person, values: dict[str, str | None], extra: dict[str, Any]) -> None:
    """As on the document, else as booked without its title."""
    document = next((one for one in person.documents if one.get("surname")), None)
    booked = (one_line(person.surname) or "", untitled(person.given))
    surname, given = (document["surname"], document.get("given", "")) if document else booked
    values["name"] = ", ".join(part for part in (surname, given) if part) or None
    as_sent = one_line(f"{person.surname}/{person.given}".strip("/"))
    if (
        as_sent
        and not sensitive(as_sent)
        and as_sent != "/".join(part for part in (surname, given) if part)
    ):
        extra["name_as_booked"] = as_sent
    extra["role"] = "infant" if person.kind == "IN" else "passenger"


def _documents(
    person: Person, values: dict[str, str | None], extra: dict[str, Any], warnings: list[str]
) -> None:
    """The first document with a number; another one goes to `extra`."""
    if not values["name"]:
        warnings.append("name_missing")
    best = next((one for one in person.documents if one.get("number")), None)
    for one in [best, *person.documents] if best else person.documents:
        for name in ("born", "sex", "nationality"):
            values[name] = values.get(name) or one.get(name)
    if not values.get("born") and any(one.get("unreadable") for one in person.documents):
        warnings.append("date_unreadable")
    values["residence"] = person.residence or None
    if best is None:
        return
    for name in ("type", "number", "issuer"):
        values[f"document_{name}"] = best.get(name)
    if not best.get("type"):
        warnings.append("document_without_type")
    if best.get("issuer"):
        values["person_ref"] = token("person", best["issuer"], best["number"])
    if best.get("expires"):
        extra["document_expires"] = best["expires"]
    kept = ("type", "number", "expires", "issuer")
    others: dict[str, dict[str, str]] = {}
    for one in person.documents:
        if one.get("number") not in (None, best["number"]):
            others[one["number"]] = {name: one[name] for name in kept if name in one}
    if others:
        extra["documents"] = list(others.values())


def _bags(
    person: Person, leg: int | None, values: dict[str, str | None], warnings: list[str]
) -> None:
    """Of the leg that crosses; of no other one added to it, since they are the same bags."""
    tbd = person.bags.get(leg) if leg is not None else None
    if tbd is None:
        return
    pieces = 0
    for at in range(1, len(tbd.elements)):
        parts = [part.strip() for part in tbd.components(at)]
        if len(parts) == 3 and parts[2] in {*KILOGRAMS, "702"}:
            values["checked_bags"] = number(parts[0])
            pieces = int(parts[0]) if parts[0].isdecimal() and len(parts[0]) < 4 else 0
            mass, factor = decimal(numeral(parts[1])), decimal(KILOGRAMS.get(parts[2]))
            if mass is not None and factor is not None:
                values["bag_mass_kg"] = plain(mass * factor)
            elif parts[1]:
                warnings.append("unit_unknown" if factor is None else "mass_unreadable")
    firsts: list[str] = []
    tags: list[str] = []
    for at in range(1, len(tbd.elements)):
        parts = [*(part.strip() for part in tbd.components(at)), "", "", ""]
        if re.fullmatch(r"\d{5,10}", parts[1], re.ASCII) and re.fullmatch(r"\w{2,3}", parts[0]):
            first = parts[1] if len(parts[1]) == 10 else parts[0] + parts[1]
            firsts.append(first)
            run = int(parts[2]) if re.fullmatch(r"\d{1,2}", parts[2], re.ASCII) else 1
            tags += tags_from(first, run)
    # The third component counts tags, or numbers them: never more tags than bags.
    values["bag_tags"] = joined(tags if not pieces or len(tags) <= pieces else firsts)
