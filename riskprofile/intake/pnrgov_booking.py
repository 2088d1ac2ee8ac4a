"""One booking of a PNRGOV message: its travellers, legs, documents, bags and payments.

Only what the tables name is read. Service requests other than travel documents, remarks,
free text, contact details and card numbers are never looked into: they can tell of health
or belief, so they are counted and dropped. Source: the IATA PADIS implementation guide of
PNRGOV, and AIRIMP for travel documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from riskprofile.intake.edifact import Segment
from riskprofile.intake.pnrgov_document import ADDRESS, document, holder

DOCUMENTS, ADDRESSES = "DOCS", "DOCA"  # SSR: the only ones that are read
PAYMENTS = {"CA": "cash", "CC": "card"}  # FOP first component; all others "other"
OLD_PAYMENT = "2"  # FOP second component: one that was replaced
CHANGED = "700"  # DAT: last change of the booking, UTC
CHECK_IN = "C"  # RCI third component: a reference of the station, no locator
GROUP = "G"  # TIF: name of a group, no traveller
INFANT = "IN"  # TIF
CANCELLED_ITEM = "X"  # SAC third element
CANCELLED = frozenset({"HX", "XX", "UN"})  # status of RPI and SSR (AIRIMP)
DROPPED = frozenset({"IFT", "LTS", "ADD"})  # free text and contact details

_STAMP = re.compile(r"\d{6} (\d{4}(\d\d)?)?", re.ASCII)


def stamp(day: str, clock: str = "") -> datetime | None:
    """ddmmyy and HHMM or HHMMSS, naive; impossible ones are missing.

    >>> stamp("270513", "1430"), stamp("310213")
    (datetime.datetime(2013, 5, 27, 14, 30), None)
    """
    if not _STAMP.fullmatch(f"{day} {clock}"):
        return None
    clock = clock or "0000"
    year = 2000 + int(day[4:])
    try:
        return datetime(year, int(day[2:4]), int(day[:2]), int(clock[:2]), int(clock[2:4]))
    except ValueError:
        return None


@dataclass
class Leg:
    """One product of the itinerary, and its status."""

    origin: str
    destination: str
    carrier: str
    number: str
    departs: datetime | None
    status: str = ""
    air: bool = True

    @classmethod
    def of(cls, tvl: Segment) -> Leg:
        """From a TVL."""
        return cls(
            tvl.get(2).strip().upper(),
            tvl.get(3).strip().upper(),
            tvl.get(4).strip().upper(),
            tvl.get(5).strip().upper(),
            stamp(tvl.get(1), tvl.get(1, 1)),
        )


@dataclass
class Person:
    """One traveller (TIF of the booking itself), with what the booking says of them."""

    place: int
    surname: str
    given: str
    kind: str
    reference: str
    documents: list[dict[str, str]] = field(default_factory=list)
    residence: str = ""
    payment: str = ""
    bags: dict[int, Segment] = field(default_factory=dict)  # TBD by leg
    notes: list[str] = field(default_factory=list)


class Booking:
    """One SRC group, segment by segment; `finish` gives documents to their holders.

    `read_` and a tag is how such segments are read.
    """

    def __init__(self, src: Segment, sent: date | None) -> None:
        self.place, self.sent = src.place, sent
        self.locator = self.agency = self.payment = ""
        self.booked: datetime | None = None
        self.changed: datetime | None = None
        self.people: list[Person] = []
        self.legs: list[Leg] = []
        self.history = self.changes = self.dropped = 0
        self._where = "booking"
        self.group = False
        self._action = ""
        self._counted = False
        self._now: Person | None = None
        self._by_reference: dict[str, Person] = {}
        self._documents: list[tuple[dict[str, str], Person | None]] = []

    @property
    def left(self) -> bool:
        """Whether nobody is in it any more: no name, no group, and no leg that stands."""
        standing = [leg for leg in self.legs if leg.status not in CANCELLED]
        return bool(self.locator) and not (self.people or self.group or standing)

    def add(self, segment: Segment) -> None:
        """Take what one segment says."""
        tag = segment.tag
        if tag in ("ABI", "SAC"):
            self._where = "history"
        if tag in DROPPED:
            self.dropped += 1
        elif self._where == "history":
            self._past(segment)
        elif reader := getattr(self, "read_" + tag.lower(), None):
            reader(segment)

    def _past(self, segment: Segment) -> None:
        """History: how many of its entries cancel a flight; nothing else of it is kept."""
        if segment.tag == "ABI":
            self.history, self._counted, self._action = self.history + 1, False, ""
        elif segment.tag == "SAC":
            self._action = segment.get(3)
        elif segment.tag == "TVL" and self._action == CANCELLED_ITEM and not self._counted:
            self.changes, self._counted = self.changes + 1, True
        elif segment.tag == "SSR":
            self.dropped += 1

    def read_rci(self, segment: Segment) -> None:
        if self._where != "booking" or self.locator:
            return  # of a leg, or of a booking that was split off
        for number in range(1, len(segment.elements)):
            parts = [*segment.components(number), "", "", "", "", ""]
            if parts[1] and (parts[2] != CHECK_IN or not self.locator):
                self.locator = parts[1].strip().upper()
                self.booked = stamp(parts[3], parts[4]) or self.booked
            if parts[1] and parts[2] != CHECK_IN:
                return

    def read_dat(self, segment: Segment) -> None:
        for number in range(1, len(segment.elements)):
            if segment.get(number) == CHANGED and self._where == "booking":
                self.changed = stamp(segment.get(number, 1), segment.get(number, 2))

    def read_org(self, segment: Segment) -> None:
        if self._where == "booking" and not self.agency:
            self.agency = segment.get(2).strip()

    def read_tif(self, segment: Segment) -> None:
        reference = segment.get(2, 2).strip()
        if self._where == "check-in":
            self._now = self._by_reference.get(reference) or self._now
        elif self._where == "booking" and GROUP in (segment.get(1, 1), segment.get(2, 1)):
            self.group = True
        elif self._where == "booking":
            self._now = Person(
                segment.place, segment.get(1), segment.get(2), segment.get(2, 1), reference
            )
            if segment.note:
                self._now.notes.append(segment.note)
            self.people.append(self._now)
            if reference:
                self._by_reference.setdefault(reference, self._now)

    def read_tvl(self, segment: Segment) -> None:
        shared = not segment.get(1) and not segment.get(2) and not segment.get(3)
        if not (shared and self.legs and segment.get(5)):  # the same leg as its operator numbers it
            self.legs.append(Leg.of(segment))
        self._where, self._now = "leg", None

    def read_rpi(self, segment: Segment) -> None:
        if self.legs:
            self.legs[-1].status = segment.get(2).strip().upper()

    def read_msg(self, segment: Segment) -> None:
        """A business function in the itinerary: the product before it is no flight."""
        if self.legs and segment.get(1):
            self.legs[-1].air = False

    def read_eqn(self, _: Segment) -> None:
        self._where = "split"  # travellers that left for a booking of their own

    def read_tri(self, segment: Segment) -> None:
        self._where = "check-in"
        self._now = self._by_reference.get(segment.get(2, 3).strip())

    def read_tbd(self, segment: Segment) -> None:
        if self._now and self._where == "check-in":
            self._now.bags.setdefault(len(self.legs) - 1, segment)

    def read_fop(self, segment: Segment) -> None:
        """The kind alone: amounts, card numbers and their expiry are never looked at."""
        for number in range(1, len(segment.elements)):
            kind = segment.get(number).strip().upper()
            if kind and segment.get(number, 1) != OLD_PAYMENT:
                payment = PAYMENTS.get(kind, "other")
                self.payment = self.payment or payment
                if self._now and not self._now.payment:
                    self._now.payment = payment
                return

    def read_ssr(self, segment: Segment) -> None:
        kind = segment.get(1).strip().upper()
        if kind not in (DOCUMENTS, ADDRESSES) or segment.get(1, 1) in CANCELLED:
            self.dropped += 1
            return
        person = self._by_reference.get(segment.get(2, 2).strip())
        if person is None and self._where == "booking":
            person = self._now
        if person is None and len(self.people) == 1:
            person = self.people[0]
        text = "".join(segment.components(1)[8:])
        if kind == DOCUMENTS:
            self._documents.append((document(text, self.sent), person))
        elif person and (home := ADDRESS.fullmatch(text.strip().upper())):
            person.residence = home[1]

    def finish(self) -> None:
        """Each document to the traveller whose name it bears, else to whom it stood under.

        Carriers write the documents of infants under the adult who holds them.
        """
        named: dict[str, list[Person]] = {}
        for person in self.people:
            named.setdefault(holder(person.surname, person.given), []).append(person)
        infants = [person for person in self.people if person.kind == INFANT]
        for found, under in self._documents:
            same = named.get(holder(found.get("surname", ""), found.get("given", "")), [])
            bearer = under
            if len(same) == 1:
                bearer = same[0]
            elif found.get("infant"):
                bearer = infants[0] if len(infants) == 1 else None
            if bearer is not None:
                bearer.documents.append(found)
