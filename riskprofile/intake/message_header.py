"""What a message says of itself: what it does to earlier ones, and when it was made.

Both stand in `extra` of every record of EDIFACT and X12 under the names of `versions`, so
that versions of the same declaration or traveller can be folded. Sources: UN/EDIFACT code
list 1225, the WCO/IATA/ICAO PAXLST guide, the IATA PNRGOV guide, X12 elements 353 and 580.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile
from typing import Any

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_messages import Message
from riskprofile.intake.edifact_times import moment, sent_at, sent_on, without_time
from riskprofile.intake.versions import (
    CANCEL,
    EDIFACT_FUNCTIONS,
    FUNCTION,
    ORIGINAL,
    REFERENCE,
    REPLACE,
    WHOLE,
    all_of,
    version,
)

# UN/EDIFACT 1225: BGM third element; MSG of PNRGOV, whose 22 and 141 are of PADIS
MESSAGE_FUNCTIONS = {
    **EDIFACT_FUNCTIONS,
    "7": "original",  # duplicate: the same once more
    "31": "original",  # copy
    "35": "original",  # sent again without a change
    "14": "original",  # advance notification
    "22": "original",  # final transmission; of PNRGOV: all bookings of a flight
    "47": "original",  # definitive
    "2": "update",  # addition
    "141": "update",  # of PNRGOV: bookings that changed
    "17": "cancel",  # to be reissued
    "19": "change",  # by the seller
    "33": "change",  # in the heading
    "36": "change",  # in the detail
    "18": "replace",  # reissue
    "20": "replace",  # heading only
    "21": "replace",  # detail and summary only
    "29": "confirmation",  # accepted without amendment
    "34": "confirmation",  # accepted with amendment
    "42": "confirmation",  # by specific means
}
ON_BOARD = "CLOB"
# PAXLST: BGM second element, and GEI second element where a carrier puts it there
LIST_UPDATES = {
    "CP": "change",  # data of passengers
    "RP": "change",  # reduction in party
    "XR": "cancel",  # reservation
    "CL": "confirmation",  # flight closed
    ON_BOARD: "confirmation",  # closed, those on board
    "CLNB": "cancel",  # closed, those not on board
}
# X12 element 353: B2A first element and its like
PURPOSES = {
    "00": "original",
    "07": "original",  # duplicate
    "15": "original",  # sent again
    "22": "original",  # information copy
    "02": "update",  # addition
    "01": "cancel",
    "03": "cancel",  # deletion
    "17": "cancel",  # to be reissued
    "04": "change",
    "05": "replace",
    "18": "replace",  # reissue
    "06": "confirmation",
}
# X12 element 580: M13 third element, of the bill behind it
AMENDMENTS = {
    "A": "update",  # add a bill
    "B": "change",  # add an in-bond movement
    "C": "change",  # add a broker
    "D": "cancel",  # delete a bill
    "N": "change",  # delete a second notify party
    "R": "replace",  # a new quantity
    "S": "change",  # add a second notify party
}
PREPARED = "137"  # DTM
EARLIER = "ACW"  # RFF: the message that this one speaks of
_HELD = frozenset(["CNI", "GID", "EQD", "UNS"])  # the first of them ends what the report says
_HEADED = "NAD TDT EQD CNI GID RFF DOC PAC UNS SRC"  # the first of them ends the heading
_GROUPS = frozenset(_HEADED.split())
_ZONED = re.compile(r"(\d{12}|\d{14})(?:([+-])(\d\d)(\d\d)|Z|UTC|GMT)")


def of_edifact(message: Message) -> dict[str, str]:
    """`message_function` and `message_at`; a code that no table knows is named instead.

    A message without any code is an original: of lists that replace each other, the time
    says which is the last.
    """
    codes: list[tuple[str, str | None]] = []
    made: datetime | None = None
    day: datetime | None = None
    sent = sent_on(message)
    for segment in message.segments:
        if segment.tag in _GROUPS:
            break
        codes += _codes(segment, message.type)
        if segment.tag == "DTM" and segment.get(1) == PREPARED:
            found = _zoned(segment.get(1, 1)) or moment(segment, sent)
            if without_time(segment):
                day = day or found
            else:
                made = made or found
    # A day alone gives way to the day and time of the interchange.
    at = made or sent_at(message) or day
    return _header(codes, at.isoformat() if at else None)


def of_report(message: Message) -> dict[str, Any]:
    """The same, and `message_reference`, of a message that holds many declarations.

    One that replaces another is complete of what came with that reference.
    """
    header: dict[str, Any] = {**of_edifact(message), **_reference(message)}
    named = header.get(REFERENCE)
    if named and message.whole and header.get(FUNCTION) == REPLACE:
        header |= all_of("", **{WHOLE: named})
    return header


def _reference(message: Message) -> dict[str, str]:
    """Its type, its sender, and the number of BGM.

    A message that speaks of an earlier one names that (RFF ACW), and belongs to it.
    """
    number = earlier = ""
    for segment in takewhile(lambda segment: segment.tag not in _HELD, message.segments):
        if segment.tag == "BGM":
            number = segment.get(2)
        elif segment.tag == "RFF" and segment.get(1) == EARLIER:
            earlier = segment.get(1, 1)
    sender = message.unb.get(2) if message.unb else ""
    known = earlier or number
    return {REFERENCE: f"{message.type}/{sender}/{known}"} if known else {}


def cancels_list(message: Message) -> bool:
    """Whether a passenger list is cancelled itself, not those on it alone."""
    return any(
        segment.tag == "BGM"
        and segment.get(2) not in LIST_UPDATES
        and MESSAGE_FUNCTIONS.get(segment.get(3)) == CANCEL
        for segment in message.segments
    )


def closes(message: Message) -> bool:
    """Whether a passenger list names all who are on board of a flight that is closed."""
    heading = takewhile(lambda segment: segment.tag not in _GROUPS, message.segments)
    return message.type == "PAXLST" and any(
        code == ON_BOARD for segment in heading for code, _ in _codes(segment, message.type)
    )


def of_x12(segments: Iterable[Segment], made: str | None) -> dict[str, str]:
    """The same of a transaction set; `made` is the time of its functional group."""
    codes = [
        (segment.get(1), PURPOSES.get(segment.get(1)))
        for segment in segments
        if segment.tag == "B2A"
    ]
    return _header(codes, made)


def _header(codes: list[tuple[str, str | None]], made: str | None) -> dict[str, str]:
    said = [(code, meaning) for code, meaning in codes if code]
    known = next((meaning for _, meaning in said if meaning), None)
    if known or not said:
        return version(known or ORIGINAL, made)
    return {"message_function_code": said[0][0], **version(None, made)}


def _codes(segment: Segment, kind: str) -> list[tuple[str, str | None]]:
    """What one segment says of the function, and what that means."""
    if segment.tag == "BGM":
        listed = segment.get(2)  # a number of the message, a code in passenger lists alone
        update = LIST_UPDATES.get(listed) if kind == "PAXLST" else None
        found = [(listed, update)] if update else []
        return [*found, (segment.get(3), MESSAGE_FUNCTIONS.get(segment.get(3)))]
    if segment.tag == "MSG":
        return [(segment.get(1, 1), MESSAGE_FUNCTIONS.get(segment.get(1, 1)))]
    if segment.tag == "GEI" and segment.get(2) in LIST_UPDATES:
        return [(segment.get(2), LIST_UPDATES[segment.get(2)])]
    return []


def _zoned(text: str) -> datetime | None:
    found = _ZONED.fullmatch(text)
    if not found:
        return None
    digits, sign, hours, minutes = found.groups()
    zone = f"{sign}{hours}:{minutes}" if sign else "+00:00"
    stamp = digits.ljust(14, "0")
    try:
        return datetime.fromisoformat(f"{stamp[:8]}T{stamp[8:]}{zone}")
    except ValueError:
        return None
