"""Conditions and rules of entry summary declarations that a reader can see broken.

A declaration that breaks one is read all the same: the row gets a warning that names what
is wrong, since a carrier in a hurry breaks them and so does one with something to hide.
Source: conditions C017, C019, C501, C514, C584 and rule TR0812 of the functional
specification of the EU's Import Control System, version 11.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from riskprofile.intake.rows import decimal
from riskprofile.intake.xml import Leaves

# Groups of a party at the header and at the item; parts by how their names begin.
HEADER_PARTIES = ("TRACONCO1", "TRACONCE1", "NOTPAR670", "PERLODSUMDEC", "TRACARENT601")
ITEM_PARTIES = ("TRACONCO2", "TRACONCE2", "PRTNOT640")
DETAILS = {"name": "Nam", "street": "Str", "postcode": "Po?st?Cod", "city": "Ci?ty?", "land": "Cou"}
LODGER = "PERLODSUMDEC/TINPLD1"
MODE, IDENTITY = "HEAHEA/TraModAtBorHEA76", "HEAHEA/IdeOfMeaOfTraCroHEA85"
ITEM_IDENTITY = "IDEMEATRAGI970/IdeMeaTraGIMEATRA971"
MODES = frozenset({"1", "2", "3", "4", "8", "10", "11"})
AIR, SHIPS = "4", {"1": r"\d{7}", "8": r"\d{8}"}  # number of a ship: IMO, or ENI inland
SPECIAL, UNNAMED = "SPEMENMT2/AddInfCodMT23", "10600"  # the consignee is the bearer of a bill
TOTAL_MASS = "HEAHEA/TotGroMasHEA307"
REFERENCE = re.compile(r"\d\d[A-Z]{2}[A-Z0-9]{13}\d")  # movement reference number
AMENDED = "HEAHEA/DocNumHEA5"


@dataclass(frozen=True)
class Facts:
    """What the rules of an item ask of the header."""

    own: str  # administration: the country of the lodger's number
    mode: str
    identity: str
    consignee: bool


def facts(leaves: Leaves) -> Facts:
    """The same, of a header."""
    return Facts(
        _first(leaves, LODGER)[:2],
        _first(leaves, MODE),
        _first(leaves, IDENTITY),
        any(path.startswith("TRACONCE1/") for path in leaves),
    )


def of_header(leaves: Leaves, mass: Decimal) -> list[str]:
    """Warnings for what a header breaks; `mass` is that of its items together."""
    found = facts(leaves)
    broken = _parties(leaves, HEADER_PARTIES, found.own)
    if not found.own:
        broken.append("lodger_missing")
    if found.mode and found.mode not in MODES:
        broken.append("mode_unknown")
    ship = SHIPS.get(found.mode)
    if found.identity and (
        found.mode == AIR
        or (ship and not any(re.fullmatch(form, found.identity) for form in SHIPS.values()))
    ):
        broken.append("conveyance_identity")
    total = decimal(_first(leaves, TOTAL_MASS))
    if total is not None and total < mass:
        broken.append("mass_total_short")
    amended = _first(leaves, AMENDED)
    if amended and not REFERENCE.fullmatch(amended):
        broken.append("reference_odd")
    return broken


def of_item(leaves: Leaves, found: Facts) -> list[str]:
    """Warnings for what an item breaks."""
    broken = _parties(leaves, ITEM_PARTIES, found.own)
    named = found.consignee or any(path.startswith("TRACONCE2/") for path in leaves)
    if not named and UNNAMED not in leaves.get(SPECIAL, []):
        broken.append("consignee_missing")
    if leaves.get(ITEM_IDENTITY) and (found.identity or found.mode == AIR):
        broken.append("conveyance_identity")
    return broken


def _first(leaves: Leaves, path: str) -> str:
    return next(iter(leaves.get(path, [])), "")


def _parties(leaves: Leaves, groups: Iterable[str], own: str) -> list[str]:
    """C501: a number of one's own stands alone; without it name and address are whole."""
    for group in groups:
        tags = [path.split("/", 1)[1] for path in leaves if path.startswith(f"{group}/")]
        if not tags:
            continue
        number = next((_first(leaves, f"{group}/{tag}") for tag in tags if tag[:3] == "TIN"), "")
        there = [part for part, form in DETAILS.items() if any(re.match(form, tag) for tag in tags)]
        domestic = bool(number and own and number[:2] == own)
        if bool(there) if domestic else len(there) < len(DETAILS):
            return ["party_details"]
    return []
