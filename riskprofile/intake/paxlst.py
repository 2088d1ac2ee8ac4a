"""PAXLST passenger and crew lists (API): one row per traveller on the flight's crossing.

Everything is found by segment and qualifier, never by position in the message; the
tables here and in `paxlst_traveller` say which fills what. Source: UN/EDIFACT PAXLST
(D.02B and later) and the WCO/IATA/ICAO guidelines on advance passenger information.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_messages import EdifactReader, Message
from riskprofile.intake.edifact_times import moment, sent_on, time_in_date_slot, without_time
from riskprofile.intake.message_header import cancels_list, closes, of_edifact
from riskprofile.intake.paxlst_traveller import TRAVELLERS, Traveller
from riskprofile.intake.reader import Knowing
from riskprofile.intake.rows import Gather, decimal, journey, one_line
from riskprofile.intake.tokens import token
from riskprofile.intake.versions import REFERENCE, all_of, whole
from riskprofile.reference.places import airport_country, local

DEPARTURE, ARRIVAL = ("125", "189"), ("87", "232")  # LOC qualifier, DTM qualifier
ITINERARY = ("125", "92", "87", "130")  # LOC of the flight: origin, calls, arrival, last
MAIN_CARRIAGE = "20"  # TDT; second element service number, fifth carrier
MODES = {"1": "sea", "2": "rail", "3": "road", "4": "air"}  # TDT third element, UN/ECE Rec. 19
POSTS = {"sea": "seaport", "rail": "rail", "road": "land", "air": "airport"}
COUNTS = {"42": ("FL", "DDU"), "41": ("FM", "DDT")}  # CNT: travellers, crew; by NAD qualifier
TRANSIT = frozenset({"DDU", "DDT"})  # NAD qualifiers
SPEAKS_OF = {"266": "745"}  # BGM: what closes a flight tells of its passenger list
SENDER = "MS"  # NAD of the sender's contact
_KNOWN = "BGM RFF DTM NAD COM TDT LOC ATT MEA GEI FTX EMP NAT DOC CNT CTA GRP"
KNOWN = frozenset(_KNOWN.split())


class PaxlstReader(Knowing, EdifactReader):
    """Reads PAXLST messages.

    A flight that arrives in a country served (`Offices.countries`) is an entry, one that
    leaves from there an exit. Where none is known the direction stays missing, with a
    warning, and the crossing is the arrival.
    """

    name = "paxlst"
    profile = "traveller"
    types = ("PAXLST",)

    def write(self, message: Message, rows: Gather) -> None:
        """One row per traveller."""
        _Flight(message, self.offices.countries).rows(rows)


@dataclass
class _Call:
    """One LOC of the flight with the times that follow it."""

    qualifier: str
    place: str
    times: dict[str, Segment] = field(default_factory=dict)


class _Flight:
    """One message: the flight that all its travellers share, and their segments."""

    def __init__(self, message: Message, countries: frozenset[str]) -> None:
        self.message = message
        self.warnings = list(message.warnings)
        self.calls: list[_Call] = []
        self.travellers: list[list[Segment]] = []
        self.tdt: Segment | None = None
        self.list_kind = ""
        unknown: Counter[str] = Counter()
        group: list[Segment] | None = None
        for segment in message.segments:
            if segment.tag not in KNOWN:
                unknown[segment.tag] += 1
            if segment.tag == "NAD":
                group = [segment]
                if segment.get(1) in TRAVELLERS:
                    self.travellers.append(group)
                elif segment.get(1) != SENDER:
                    self.warnings.append("edifact_unknown_party")
            elif segment.tag == "CNT":
                self._count(segment)
            elif segment.tag == "TDT" or group is None:
                group = None
                self._flight(segment)
            else:
                group.append(segment)
        if unknown:
            self.warnings.append("edifact_unknown_segment")
        self.unknown = dict(unknown)
        self.sent = sent_on(message)
        self._cross(countries)

    def _flight(self, segment: Segment) -> None:
        if segment.tag == "BGM":
            self.list_kind = SPEAKS_OF.get(segment.get(1), segment.get(1))
        elif segment.tag == "TDT" and (self.tdt is None or self.tdt.get(1) != MAIN_CARRIAGE):
            self.tdt = segment
        elif segment.tag == "LOC" and segment.get(1) in ITINERARY:
            self.calls.append(_Call(segment.get(1), segment.get(2).upper()))
        elif segment.tag == "DTM" and self.calls:
            self.calls[-1].times.setdefault(segment.get(1), segment)

    def _count(self, segment: Segment) -> None:
        """CNT speaks of what it stands behind: compare with the travellers of its kind."""
        kinds = COUNTS.get(segment.get(1))
        declared = decimal(segment.get(1, 1))
        if kinds and declared is not None:
            found = sum(group[0].get(1) in kinds for group in self.travellers)
            if declared != found:
                self.warnings.append("edifact_cnt_count" + ("_short" if declared > found else ""))

    def _cross(self, countries: frozenset[str]) -> None:
        """Where and when the flight crosses the border of the countries served."""
        leave = [call for call in self.calls if call.qualifier == DEPARTURE[0]]
        land = [call for call in self.calls if call.qualifier == ARRIVAL[0]]
        entries = [call for call in land if airport_country(call.place) in countries]
        exits = [call for call in leave if airport_country(call.place) in countries]
        self.direction: str | None = None
        if entries:
            self.direction, call, wanted = "entry", entries[0], ARRIVAL[1]
        elif exits:
            self.direction, call, wanted = "exit", exits[-1], DEPARTURE[1]
        elif land or leave:
            call, wanted = (land[0], ARRIVAL[1]) if land else (leave[-1], DEPARTURE[1])
            self.warnings.append("direction_unknown")
        else:
            call, wanted = _Call("", ""), ARRIVAL[1]
        left = moment(leave[0].times.get(DEPARTURE[1]), self.sent) if leave else None
        self.departed = left
        at = moment(call.times.get(wanted), self.sent)
        if at is None and (segment := call.times.get(wanted)) is not None:
            at = time_in_date_slot(segment, left)
            self.warnings.append("time_in_date_slot" if at else "date_unreadable")
        elif without_time(call.times.get(wanted)):
            self.warnings.append("time_missing")
        self.crossing_point = call.place or None
        self.crossing_at = local(at, call.place) if at else None
        first = left or at
        self.day = first.date() if first else None

    def rows(self, rows: Gather) -> None:
        """Write every traveller; a list without any is a rejection."""
        header: dict[str, Any] = of_edifact(self.message)
        shared = self._shared()
        if self.day and self.service:
            flown = self._prefix().replace("-", "/")
            header[REFERENCE] = f"{self.message.type}/{flown}{self.list_kind}"
        if not self.travellers and REFERENCE in header and cancels_list(self.message):
            self._withdrawn(shared, header, rows)
        elif not self.travellers:
            rows.reject(
                "no_travellers",
                "the message lists nobody",
                line=self.message.place,
                record_id=self.message.reference,
            )
        people = [Traveller(group, self.sent or self.day) for group in self.travellers]
        parties = Counter(person.locator for person in people if person.locator)
        if closes(self.message) and self.message.whole and self.day:
            # Crew and passengers of a flight come in lists of their own.
            header |= all_of(self._prefix(), list=self.list_kind)
        told: dict[str, set[str]] = {}
        for way, apart in (each for person in people for each in _ways(person).items()):
            told.setdefault(way, set()).add(apart)
        for person in people:
            values = shared | person.values
            values["crossing_id"] = self._crossing_id(person, told)
            values["destination"] = person.values.get("destination") or shared["destination"]
            values["origin"] = person.values.get("origin") or shared["origin"]
            if person.kind in TRANSIT:
                values["direction"] = "transit"
            if person.locator:
                values["party_size"] = str(parties[person.locator])
            extra: dict[str, Any] = dict(header)
            if self.list_kind:
                extra["list"] = self.list_kind
            extra |= person.extra
            if self.unknown:
                extra["unknown_segments"] = self.unknown
            rows.row(
                values,
                line=person.place,
                warnings=(*self.warnings, *person.warnings),
                extra=extra,
            )

    def _withdrawn(
        self, shared: dict[str, str | None], header: dict[str, Any], rows: Gather
    ) -> None:
        """A list that is cancelled, and names nobody: one row, which withdraws all of it."""
        named = header[REFERENCE]
        columns = ("crossing_at", "crossing_point", "carrier", "service_number")
        values = {"crossing_id": named, **{column: shared[column] for column in columns}}
        extra = header | whole(named)
        rows.row(values, line=self.message.place, warnings=self.warnings, extra=extra)

    def _shared(self) -> dict[str, str | None]:
        tdt = self.tdt or Segment("TDT", [], 0)
        service = one_line(tdt.get(2))
        self.carrier = one_line(tdt.get(5)) or (service or "")[:2] or None
        self.service = service
        mode = MODES.get(tdt.get(3)[:1], "air")  # carriers by air leave it out
        places = [call.place for kind in ("125", "92", "87", "130") for call in self._of(kind)]
        in_order = [call.place for call in self.calls]
        return {
            "crossing_at": self.crossing_at,
            "crossing_point": self.crossing_point,
            "crossing_kind": POSTS[mode],
            "direction": self.direction,
            "transport_mode": mode,
            "carrier": self.carrier,
            "service_number": service,
            "origin": places[0] if places else None,
            "destination": places[-1] if places else None,
            "route": journey(in_order),
        }

    def _of(self, qualifier: str) -> list[_Call]:
        return [call for call in self.calls if call.qualifier == qualifier]

    def _crossing_id(self, person: Traveller, told: dict[str, set[str]]) -> str | None:
        """The same for every push of the same list: flight, day, and who, as a token."""
        ways = _ways(person)
        alone = next((way for way in ways if len(told[way]) == 1), None)
        who = alone or next(iter(ways), None)
        return self._prefix() + who if who else None

    def _prefix(self) -> str:
        """What the crossings of this flight and day begin with."""
        flight = (self.service or "").removeprefix(self.carrier or "").strip().lstrip("0")
        day = self.day.strftime("%Y%m%d") if self.day else ""
        return "-".join((self.carrier or "", flight, day, ""))


def _ways(person: Traveller) -> dict[str, str]:
    """Tokens of who this is, the surest first, each with what tells apart those who share it.

    Some senders give all of a booking one reference, such as its locator, which a list of one of
    them does not show; two of a name may have no birth date.
    """
    name, born = (person.values.get(column) or "" for column in ("name", "born"))
    document = person.values.get("person_ref") or ""
    ways = {}
    if person.reference and person.reference != person.locator:
        ways[token("reference", person.reference)] = token("", name, born) if name else document
    if name:
        ways[token("traveller", person.locator or "", name, born)] = born or document
    if document:
        ways[document] = ""
    return ways
