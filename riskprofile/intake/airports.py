"""Airports of carriers' messages: country, and local time brought to an offset."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from riskprofile.reference.places import airport


def country(place: str) -> str | None:
    """The country of an airport, alpha-2; nothing when it is not known.

    >>> country("NBO"), country("KENBO"), country("XX9")
    ('KE', 'KE', None)
    """
    found = airport(place)
    return found.country if found else None


def local(moment: datetime, place: str) -> str:
    """ISO 8601 with the airport's offset at that time; naive when it is not known.

    >>> local(datetime(2026, 7, 1, 6, 30), "JFK"), local(datetime(2026, 7, 1, 6, 30), "XX9")
    ('2026-07-01T06:30:00-04:00', '2026-07-01T06:30:00')
    """
    found = airport(place)
    if found and found.zone:
        moment = moment.replace(tzinfo=ZoneInfo(found.zone))
    return moment.isoformat()
