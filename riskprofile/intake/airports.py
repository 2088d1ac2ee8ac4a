"""Airports of carriers' messages: country, and local time brought to an offset."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import airportsdata


@lru_cache(maxsize=1)
def _airports() -> dict[str, tuple[str, str]]:
    """Country (alpha-2) and zone name by IATA code."""
    return {
        code: (airport["country"], airport["tz"])
        for code, airport in airportsdata.load("IATA").items()
    }


def _known(place: str) -> tuple[str, str] | None:
    """By IATA code, or by UN/LOCODE where its last three letters are an airport there."""
    place = place.strip().upper()
    if len(place) == 5:
        found = _airports().get(place[2:])
        return found if found and found[0] == place[:2] else None
    return _airports().get(place)


def country(place: str) -> str | None:
    """The country of an airport, alpha-2; nothing when it is not known.

    >>> country("NBO"), country("KENBO"), country("XX9")
    ('KE', 'KE', None)
    """
    found = _known(place)
    return found[0] if found else None


def local(moment: datetime, place: str) -> str:
    """ISO 8601 with the airport's offset at that time; naive when it is not known.

    >>> local(datetime(2026, 7, 1, 6, 30), "JFK"), local(datetime(2026, 7, 1, 6, 30), "XX9")
    ('2026-07-01T06:30:00-04:00', '2026-07-01T06:30:00')
    """
    found = _known(place)
    if found and found[1]:
        moment = moment.replace(tzinfo=ZoneInfo(found[1]))
    return moment.isoformat()
