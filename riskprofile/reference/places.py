"""Where the places of a journey lie: by airport, by the airport of a port's town, or by country.

Airports are those of `airportsdata` (MIT). UN/LOCODE takes the letters of IATA where a town has
them (UN/ECE Recommendation 16), so its last three letters name an airport of the same country
where there is one. Of any other place its country is known, and stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import airportsdata
import numpy as np


@dataclass(frozen=True)
class Airport:
    """An airport: country (alpha-2), name of its time zone, degrees north and east."""

    country: str
    zone: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Position:
    """Degrees north and east; `exact` is False where a country stands for its place."""

    latitude: float
    longitude: float
    exact: bool


@lru_cache(maxsize=1)
def airports() -> dict[str, Airport]:
    """All by IATA code."""
    return {
        code: Airport(one["country"], one["tz"], one["lat"], one["lon"])
        for code, one in airportsdata.load("IATA").items()
    }


def airport(place: str) -> Airport | None:
    """By IATA code, or by UN/LOCODE where its last three letters are an airport there."""
    place = place.strip().upper()
    if len(place) == 5:
        found = airports().get(place[2:])
        return found if found and found.country == place[:2] else None
    return airports().get(place)


def airport_country(place: str) -> str | None:
    """The country of an airport, alpha-2; nothing when it is not known.

    >>> airport_country("NBO"), airport_country("KENBO"), airport_country("XX9")
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


def country(place: str) -> str:
    """Where a place lies, by IATA code, UN/LOCODE or country; empty where nobody knows.

    >>> country("IST"), country("DE HAM"), country("xk"), country("QQQ")
    ('TR', 'DE', 'XK', '')
    """
    place = "".join(place.split()).upper()
    if len(place) == 3:
        found = airport(place)
        return found.country if found else ""
    return place[:2] if len(place) in (2, 5) else ""


def position(place: str) -> Position | None:
    """Where a place lies, by IATA code, UN/LOCODE or country; None where nobody knows.

    >>> position("DEHAM"), position("GBFXT").exact, position("XAALD")
    (Position(latitude=53.6304, longitude=9.98823, exact=True), False, None)
    """
    found = airport(place)
    if found is not None:
        return Position(found.latitude, found.longitude, exact=True)
    place = place.strip().upper()
    return _middles().get(place[:2]) if len(place) in (2, 5) else None


@lru_cache(maxsize=1)
def _middles() -> dict[str, Position]:
    """Of each country the airport that lies nearest to the middle of them all."""
    by_country: dict[str, list[Airport]] = {}
    for one in airports().values():
        by_country.setdefault(one.country, []).append(one)
    middles = {}
    for country, some in by_country.items():
        north, east = np.radians([(one.latitude, one.longitude) for one in some]).T
        at = np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
        nearest = some[int(np.argmax(at.mean(axis=1) @ at))]
        middles[country] = Position(nearest.latitude, nearest.longitude, exact=False)
    return middles
