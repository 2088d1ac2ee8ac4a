"""Dates and times of EDIFACT messages, by their length; impossible ones are missing."""

from __future__ import annotations

import re
from datetime import date, datetime

from riskprofile.intake.edifact import Segment
from riskprofile.intake.edifact_messages import Message


def sent_on(message: Message) -> date | None:
    """The day of the interchange, as UNB says."""
    if message.unb is None:
        return None
    found = _parts(message.unb.get(4), None)
    return found.date() if found else None


def sent_at(message: Message) -> datetime | None:
    """The moment of the interchange, as UNB says; naive, nothing without its time."""
    if message.unb is None or len(message.unb.get(4, 1)) != 4:
        return None
    return _parts(message.unb.get(4) + message.unb.get(4, 1), sent_on(message))


def _parts(text: str, sent: date | None) -> datetime | None:
    """By length: yymmdd, ccyymmdd, yymmddHHMM, ccyymmddHHMM; impossible ones are missing."""
    if not re.fullmatch(r"\d{6}|\d{8}|\d{10}|\d{12}|\d{14}", text, re.ASCII):
        return None
    if len(text) in (6, 10):
        text = f"{(sent.year if sent else 2000) // 100:02d}{text}"
    text = text.ljust(14, "0")
    year = int(text[:4])
    month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(4, 14, 2))
    try:
        found = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    return found if 1900 <= year < 2200 else None


def moment(segment: Segment | None, sent: date | None) -> datetime | None:
    """The moment of a DTM, naive; two-digit years are of the message's century."""
    return _parts(segment.get(1, 1), sent) if segment is not None else None


def without_time(segment: Segment | None) -> bool:
    """Whether a DTM holds a day only."""
    return segment is not None and len(segment.get(1, 1)) in (6, 8)


def time_in_date_slot(segment: Segment, departed: datetime | None) -> datetime | None:
    """An arrival given as a time alone, read on the day of departure."""
    found = re.fullmatch(r"([01]\d|2[0-3])([0-5]\d)", segment.get(1, 1), re.ASCII)
    if not found or departed is None:
        return None
    return departed.replace(hour=int(found[1]), minute=int(found[2]), second=0)


def birth_date(text: str, sent: date | None) -> str | None:
    """A date of birth; two digits take the latest century not after the message.

    >>> birth_date("350101", date(2026, 11, 24)), birth_date("250101", date(2026, 11, 24))
    ('1935-01-01', '2025-01-01')
    """
    if len(text) != 6:
        found = _parts(text, sent)
        return found.date().isoformat() if found else None
    if sent is None:
        return None  # no day to judge the century by
    for century in (sent.year // 100, sent.year // 100 - 1):
        found = _parts(f"{century:02d}{text}", sent)
        if found and found.date() <= sent:
            return found.date().isoformat()
    return None
