"""The invented world: offices, places, lanes and parties.

Country and place codes are real and drawn uniformly by seed, so that no country carries
risk; every party is invented, computed from its number and never stored.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache

import numpy as np

from training.synth.goods import DATA
from training.synth.hashing import Array, pick, unit

MODES = ("sea", "air", "road", "rail", "post", "express")
SEA, AIR, ROAD, RAIL, POST, EXPRESS = range(6)

# code, name, time zone, country (user-assigned code of the invented union), daily controls
OFFICES = (
    ("XMPME", "Port Merrow sea terminal", "UTC", "XM", 60),
    ("XMPNO", "Port Norrast sea terminal", "UTC", "XM", 40),
    ("XMAIR", "Merrow airport", "UTC", "XM", 50),
    ("XMEXP", "Express hub Tallen", "UTC", "XM", 60),
    ("XMPST", "Postal exchange Tallen", "UTC", "XM", 60),
    ("XMBRE", "Eastbridge road post", "UTC", "XM", 30),
    ("XMBRS", "Southgate road post", "UTC", "XM", 30),
    ("XMRLW", "Corven rail terminal", "UTC", "XM", 15),
)
_BY_MODE = {SEA: (0, 1), AIR: (2, 2), ROAD: (5, 6), RAIL: (7, 7), POST: (4, 4), EXPRESS: (3, 3)}
OFFICE_CODES = np.array([office[0] for office in OFFICES], dtype=object)

# Kinds of party, kept in the top byte of a party's number.
IMPORTER, EXPORTER, PERSON, ONCE, FORWARDER, OFFICIAL, STRANGER, FAMILY, SHELL, DEALER = range(
    1, 11
)
# Kinds of address that several parties use.
BLOCK, OFFICE_BUILDING, MAILBOX = 20, 21, 22

SUPPLIERS = 8  # regular suppliers of one importer


def party(kind: int | Array, number: Array) -> Array:
    """The number of a party of one kind: int64."""
    numbered: Array = (np.int64(1) * kind << 48) + number.astype(np.int64)
    return numbered


def kind_of(parties: Array) -> Array:
    """The kind of each party number."""
    kinds: Array = parties >> 48
    return kinds


@dataclass(frozen=True)
class Pools:
    """How many repeat parties of each kind there are; grows with the rows, up to a bound."""

    importers: int
    exporters: int
    persons: int
    families: int
    forwarders: int
    dealers: int
    shells: int
    blocks: int

    @classmethod
    def of(cls, rows: int) -> Pools:
        """Pools for a set of so many rows."""

        def share(divisor: int, least: int, most: int) -> int:
            return int(np.clip(rows // divisor, least, most))

        return cls(
            importers=share(30, 300, 300_000),
            exporters=share(25, 300, 400_000),
            persons=share(10, 500, 1_000_000),
            families=share(60, 100, 150_000),
            forwarders=share(2000, 25, 300),
            dealers=share(3000, 20, 3_000),
            shells=share(2500, 20, 2_000),
            blocks=share(400, 40, 20_000),
        )


@dataclass(frozen=True)
class World:
    """Places, lanes and salts of one seed.

    A lane is a pair of export and destination country with its usual route. `served`
    gives the countries that each office clears for.
    """

    seed: int
    pools: Pools
    countries: Array
    ports: dict[str, tuple[Array, Array]]  # by kind: codes sorted by country, start of each
    lane_export: Array
    lane_destination: Array
    lane_hub: Array
    lane_cumulative: Array

    def salt(self, what: int) -> int:
        """A salt of this seed for one purpose."""
        return (self.seed * 1009 + what * 7919 + 17) % 2**40

    def place(self, kind: str, country: Array, u: Array) -> Array:
        """A place of one kind in each country (any place there, where it has none)."""
        codes, start = self.ports[kind]
        at = start[country] + np.floor(u * (start[country + 1] - start[country])).astype(int)
        chosen: Array = codes[at]
        return chosen


@cache
def _places() -> tuple[list[str], dict[str, tuple[Array, Array]]]:
    with (DATA / "places.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    countries = sorted({row["locode"][:2] for row in rows})
    ports: dict[str, tuple[Array, Array]] = {}
    for kind in ("sea", "air", "land"):
        codes: list[str] = []
        start = [0]
        for country in countries:
            own = [row for row in rows if row["locode"].startswith(country)]
            codes += [row["locode"] for row in own if row[kind] == "1"] or [
                row["locode"] for row in own
            ]
            start.append(len(codes))
        ports[kind] = (np.array(codes, dtype=object), np.array(start))
    return countries, ports


def make(seed: int, rows: int) -> World:
    """The world of one seed: lanes by a uniform draw over countries, Zipf by use."""
    countries, ports = _places()
    rng = np.random.default_rng([seed, 1])
    n_lanes = 700
    n = len(countries)
    destinations = rng.choice(n, size=18, replace=False)
    use = 1.0 / np.arange(1, n_lanes + 1) ** 0.8
    hubs = rng.choice(n, size=8, replace=False)
    return World(
        seed=seed,
        pools=Pools.of(rows),
        countries=np.array(countries, dtype=object),
        ports=ports,
        lane_export=rng.integers(0, n, n_lanes),
        lane_destination=destinations[rng.integers(0, len(destinations), n_lanes)],
        lane_hub=np.where(rng.random(n_lanes) < 0.35, hubs[rng.integers(0, 8, n_lanes)], -1),
        lane_cumulative=np.cumsum(use) / use.sum(),
    )


def offices(mode: Array, lane: Array) -> Array:
    """The office number that works each declaration: by mode, two sea and road ones by lane."""
    first = np.array([_BY_MODE[m][0] for m in range(6)])
    last = np.array([_BY_MODE[m][1] for m in range(6)])
    worked: Array = np.where(lane % 3 == 0, last[mode], first[mode])
    return worked


# --- names, addresses, telephones -----------------------------------------------------------

_WORDS: dict[str, list[str]] = json.loads((DATA / "names.json").read_text(encoding="utf-8"))
_HEADS = _WORDS["heads"]
_MIDDLES = _WORDS["middles"]
_TAILS = _WORDS["tails"]
_GIVEN = _WORDS["given"]
_TRADES = _WORDS["trades"]
_FORMS = _WORDS["forms"]
_FORMS_LONG = _WORDS["forms_long"]
_STREETS = _WORDS["streets"]


def _stems(ids: Array, salt: int) -> list[str]:
    a, b, c = pick(ids, salt, 32), pick(ids, salt + 1, 20), pick(ids, salt + 2, 26)
    return [
        _HEADS[i] + _MIDDLES[j] + _TAILS[k]
        for i, j, k in zip(a.tolist(), b.tolist(), c.tolist(), strict=True)
    ]


def is_private(parties: Array) -> Array:
    """Whether each party number is a person."""
    private: Array = np.isin(kind_of(parties), (PERSON, ONCE, STRANGER, FAMILY))
    return private


def names(world: World, parties: Array, variant: Array) -> list[str]:
    """The invented name of each party; `variant` asks for another spelling of it."""
    salt = world.salt(2)
    stems, seconds = _stems(parties, salt), _stems(parties, salt + 50)
    given = pick(parties, salt + 3, len(_GIVEN)).tolist()
    middle = pick(parties, salt + 4, 26).tolist()
    trade = pick(parties, salt + 5, len(_TRADES)).tolist()
    form = pick(parties, salt + 6, len(_FORMS)).tolist()
    made = []
    for person, stem, second, g, m, t, f, other in zip(
        is_private(parties).tolist(),
        stems,
        seconds,
        given,
        middle,
        trade,
        form,
        variant.tolist(),
        strict=True,
    ):
        if person:
            first = _GIVEN[g]
            made.append(f"{stem} {first}".upper() if other else f"{first} {chr(65 + m)}. {stem}")
        else:
            legal = _FORMS_LONG[f] if other else _FORMS[f]
            made.append(f"{stem} {second} {_TRADES[t]} {legal}".upper())
    return made


def addresses(world: World, place: Array, variant: Array) -> list[str]:
    """The invented address behind each address number."""
    salt = world.salt(3)
    street = pick(place, salt, len(_STREETS)).tolist()
    number = (pick(place, salt + 1, 240) + 1).tolist()
    town = _stems(place, salt + 2)
    code = (pick(place, salt + 5, 90_000) + 10_000).tolist()
    return [
        f"{_STREETS[s].upper()} {n}, {c} {t.upper()}" if v else f"{n} {_STREETS[s]}, {t} {c}"
        for s, n, t, c, v in zip(street, number, town, code, variant.tolist(), strict=True)
    ]


def phones(world: World, phone: Array, variant: Array) -> list[str]:
    """The invented telephone number behind each phone number's number (prefix 999)."""
    digits = pick(phone, world.salt(4), 10**8).tolist()
    return [
        f"00999 {d // 10**4:04d} {d % 10**4:04d}" if v else f"+999{d:08d}"
        for d, v in zip(digits, variant.tolist(), strict=True)
    ]


def codes(world: World, parties: Array) -> Array:
    """The registered code of each party; missing (None) where it has none for good.

    Nine of ten firms have one, three of a hundred persons.
    """
    share = np.where(is_private(parties), 0.03, 0.9)
    number = pick(parties, world.salt(5), 10**9).tolist()
    has = (unit(parties, world.salt(6)) < share).tolist()
    made = np.array([f"T{n:09d}" if h else None for n, h in zip(number, has, strict=True)])
    return made.astype(object)
