"""Where the places of a journey lie: by airport, by the airport of a port's town, or by country.

Airports are those of `airportsdata` (MIT). UN/LOCODE takes the letters of IATA where a town has
them (UN/ECE Recommendation 16), so its last three letters name an airport of the same country
where there is one. Of any other place its country is known, and stands for it. Senders write
towns and countries by name too: `LAGOS` has the form of a place in Laos, and is none.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import airportsdata
import numpy as np

_LOCODE = re.compile(r"[A-Z]{2} ?[A-Z2-9]{3}")
# Ports and large towns of five letters that have no airport of their name, and would be read as
# places of another country.
_TOWNS = """
    ALGER ARHUS ARLES ARZEW BASEL BASRA BERNE CADIZ CHIBA CHIOS CORBY CORFU CREWE DELHI DERBY ESSEN
    GABES GAVLE GENOA GENUA GHENT GIJON IRBID IRBIL JEDDA LARNE LILLE LUTON MACAO MACAU MAINZ
    MARIN MEDAN MOERS MOKHA MOLDE MUKHA NACKA NANCY NATAL NEUSS NIMES PADUA PAITA PALMA PALOS PATRA
    PAVIA PEMBA REIMS ROUEN RUGBY SAKAI SANAA SIDON SIRTE SOEST SYROS TOURS VADUZ VENLO VICHY VIDIN
    VIZAG
"""
_CODES = {"MACAS"}  # Casablanca, whose airport of these letters is closed; a town in Ecuador too


@dataclass(frozen=True)
class Airport:
    """An airport: country (alpha-2), name of its time zone, degrees north and east, its town."""

    country: str
    zone: str
    latitude: float
    longitude: float
    town: str


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
        code: Airport(one["country"], one["tz"], one["lat"], one["lon"], one["city"])
        for code, one in airportsdata.load("IATA").items()
    }


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Alpha-2 by English name, in capitals."""
    text = files("riskprofile.reference").joinpath("countries_iso.json").read_text("utf-8")
    return {name.upper(): code for code, (_, name) in json.loads(text)["countries"].items()}


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """Names of towns and countries that could be codes, in capitals without blanks."""
    towns = ("".join(one.town.split()).upper() for one in airports().values())
    return frozenset((*towns, *_TOWNS.split(), *_countries())) - _CODES


def locode(text: str) -> str:
    """The five letters of a UN/LOCODE; empty for any other text, and for a name of five letters.

    Of what is both, the code counts where an airport bears it. A word with one capital is a name.

    >>> locode("ng los"), locode("NGAPP"), locode("LAGOS"), locode("Ngapp")
    ('NGLOS', 'NGAPP', '', '')
    """
    found = _LOCODE.fullmatch(text.strip().upper())
    code = found[0].replace(" ", "") if found else ""
    named = code in _names() or text.strip().istitle()
    return code if code and (not named or airport(code)) else ""


def airport(place: str) -> Airport | None:
    """By IATA code, or by UN/LOCODE where its last three letters are an airport there."""
    place = "".join(place.split()).upper()
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

    A country may stand as its code or its English name; the name of a town tells none.

    >>> country("IST"), country("DE HAM"), country("xk"), country("QQQ")
    ('TR', 'DE', 'XK', '')
    >>> country("Libya"), country("LAGOS")
    ('LY', '')
    """
    place = " ".join(place.split()).upper()
    if len(place) == 2:
        return place
    found = airport(place) if len(place) == 3 else None
    return found.country if found else locode(place)[:2] or _countries().get(place, "")


def position(place: str) -> Position | None:
    """Where a place lies, by IATA code, UN/LOCODE or country; None where nobody knows.

    >>> position("DEHAM"), position("GBFXT").exact, position("XAALD")
    (Position(latitude=53.6304, longitude=9.98823, exact=True), False, None)
    """
    found = airport(place)
    if found is not None:
        return Position(found.latitude, found.longitude, exact=True)
    return _middles().get(country(place))


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
