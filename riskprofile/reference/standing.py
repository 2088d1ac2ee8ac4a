"""What registers say of a row: its licence, its parties, embargoes over its journey.

Each answer is about what the register states, never about what it leaves open: a licence
that names no receiver has no other receiver, and an empty register says nothing at all.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskprofile.reference import facts
from riskprofile.reference.once import once
from riskprofile.tables import Column, History, Mask, Table

ENDED = ("suspended", "revoked", "closed")
YEAR = 365 * facts.DAY
CONSIGNEE = ("consignee_key", "consignee_name_key")


@once
def licence(items: Table, history: History, number: str = "licence_number") -> Table:
    """The entry of each row's licence; see `tables.Registers.entry`."""
    return history.registers.entry("licences", items, [number])


@once
def dealer(items: Table, history: History) -> Column:
    """1 where the consignee may deal in firearms on the row's day, 0 where not.

    NaN while the register of dealers is empty or no consignee is named.
    """
    entry = history.registers.entry("dealers", items, CONSIGNEE)
    valid = ~_outside(items, entry)
    return entry["found"].where(entry["found"] != 1.0, valid.astype("float64"))


@once
def company(items: Table, history: History) -> Table:
    """The consignee's entry in the register of parties."""
    return history.registers.entry("parties", items, CONSIGNEE)


def found(entry: Table) -> Mask:
    """Where a register has an entry."""
    return facts.fired(entry["found"])


def unknown_licence(items: Table, history: History) -> Mask:
    """A number is given, and a register that holds licences does not have it."""
    return (licence(items, history)["found"] == 0.0) & items["licence_number"].notna()


def not_in_force(items: Table, history: History, number: str = "licence_number") -> Mask:
    """The licence is suspended, revoked or closed, or the row's day is outside its dates."""
    entry = licence(items, history, number)
    ended = entry["status"].isin(ENDED).fillna(False)
    return found(entry) & (_outside(items, entry) | ended.to_numpy(dtype=bool))


def _outside(items: Table, entry: Table) -> Mask:
    early = items["time"] < entry["valid_from"]
    return (early | (items["time"] >= entry["valid_until"] + facts.DAY)).fillna(False).astype(bool)


def other_parties(items: Table, history: History) -> Mask:
    """The licence names a sender, receiver or holder, and the row names another.

    A party is compared by code with a code and by name with a name; where only one side
    has either, nothing is said.
    """
    entry = licence(items, history)
    differ = pd.Series(False, index=items.index)
    for who in ("consignor", "consignee"):
        differ |= _differs(items, entry, [who], who)
    return differ | _differs(items, entry, ["consignor", "consignee"], "holder")


def _differs(items: Table, entry: Table, rows: list[str], licensed: str) -> Mask:
    """Whether none of the row's parties is the licensed one, where they can be compared."""
    comparable = pd.Series(False, index=items.index)
    agree = comparable.copy()
    for who in rows:
        name = items[f"{who}_name_key"]
        code = items[f"{who}_key"].where((items[f"{who}_key"] != name).fillna(True))
        for mine, theirs in (
            (code, entry[f"{licensed}_key"]),
            (name, entry[f"{licensed}_name_key"]),
        ):
            same = facts.known(mine == theirs)
            comparable |= same.notna()
            agree |= same == 1.0
    return comparable & ~agree


def beyond_quantity(items: Table, history: History) -> Mask:
    """More pieces than the licence has left, or with what came before more than it allows."""
    entry = licence(items, history)
    unit = items["quantity_unit"]
    pieces = items["quantity"].where(unit.isna() | unit.isin(facts.PIECE_UNITS))
    before = history.norm(items, "quantity", ["licence_number"])
    used = (before["n"] * before["mean"]).fillna(0.0)
    return (pieces > entry["balance"]) | (used + pieces > entry["quantity"])


def other_certificate(items: Table, history: History) -> Mask:
    """Another end-use certificate than the licence's, or one that is overdue."""
    entry = licence(items, history)
    number, stated = items["end_use_certificate"], entry["end_use_certificate"]
    other = (number.str.casefold() != stated.str.casefold()).fillna(False)
    late = (items["time"] >= entry["end_use_due"] + facts.DAY) & entry["end_use_received"].isna()
    return (other | late).astype(bool)


def without_consent(items: Table, history: History) -> Mask:
    """A licence for another journey: no transit licence, and a leg that did not consent.

    Legs are the countries of the declared route between its ends. Without a route, the
    licence must name no consent at all.
    """
    entry = licence(items, history)
    transit = (entry["licence_type"] == "transit").fillna(False).astype(bool)
    fired = (found(entry) & ~transit).to_numpy(dtype=bool, copy=True)
    legs = items["route"][fired].fillna("").tolist()
    consented = entry["transit_countries"][fired].fillna("").tolist()
    fired[fired] = np.array([*map(_lacks, legs, consented)], dtype=bool)
    return pd.Series(fired, index=items.index)


def _lacks(route: str, consented: str) -> bool:
    places = [part.strip()[:2] for part in route.split("|") if part.strip()]
    between = set(places[1:-1]) - {*places[:1], *places[-1:]}
    given = {part.strip() for part in consented.split("|") if part.strip()}
    return bool(between - given) if between else not given


def under_embargo(items: Table, history: History) -> Mask:
    """Goods that an embargo covers, on their way to a place that it covers, on that day.

    Without a code, goods named as arms count as chapter 93. Where the journey begins does
    not count: an embargo is on what goes there.
    """
    onward = items["route"].str.replace(r"^[^|]*\|?", "", regex=True)
    columns = ("country_of_destination", "consignee_country", "port_of_discharge")
    parts = [items[name].fillna("") for name in columns] + [onward.fillna("")]
    places = parts[0].str.cat(parts[1:], sep="|")
    covered = history.registers.embargoed(items, places)
    fired = pd.Series(False, index=items.index)
    named = facts.fired(facts.named_arms(items))
    for row in covered.index[covered.notna().to_numpy()]:
        prefixes = tuple(part.strip() for part in str(covered[row]).split("|"))
        code = items.at[row, "hs_code"]
        if pd.isna(code):
            fired[row] = bool(named[row]) and any(one.startswith("93") for one in prefixes)
        else:
            fired[row] = str(code).startswith(prefixes)
    return fired


def controlled(items: Table) -> Mask:
    """Goods of chapter 93, or under a licence."""
    arms = facts.fired(facts.is_one_of(items["hs2"], "93"))
    return arms | items["licence_number"].notna()


def young_or_ended(items: Table, history: History) -> Mask:
    """The consignee's company is younger than a year, or had ended by the row's day."""
    entry = company(items, history)
    young = items["time"] < entry["incorporated_at"] + YEAR
    return (young | (items["time"] >= entry["ceased_at"] + facts.DAY)).fillna(False).astype(bool)


def established(items: Table, history: History) -> Mask:
    """The consignee's company has stood for two years and has not ended."""
    entry = company(items, history)
    old = items["time"] >= entry["incorporated_at"] + 2 * YEAR
    return old.fillna(False).astype(bool) & ~young_or_ended(items, history)
