"""What registers say of a row: its licence, its parties, embargoes over its journey.

Each answer is about what the register states, never about what it leaves open: a licence
that names no receiver has no other receiver, and an empty register says nothing at all.
"""

from __future__ import annotations

import numpy as np

from riskprofile.columns import Column, Mask, Text, View, full
from riskprofile.reference import facts, naming
from riskprofile.reference.once import once
from riskprofile.reference.places import country
from riskprofile.tables import History

ENDED = ("suspended", "revoked", "closed")
YEAR = 365 * facts.DAY
CONSIGNEE = ("consignee_key", "consignee_name_key")


@once
def licence(items: View, history: History, number: str = "licence_number") -> View:
    """The entry of each row's licence; see `tables.Registers.entry`."""
    return history.registers.entry("licences", items, [number])


@once
def dealer(items: View, history: History) -> Column:
    """1 where the consignee may deal in firearms on the row's day, 0 where not.

    NaN while the register of dealers is empty or no consignee is named.
    """
    entry = history.registers.entry("dealers", items, CONSIGNEE)
    if not found(entry).any():
        return entry["found"]
    valid = ~_outside(items, entry)
    return entry["found"].where(entry["found"] != 1.0, valid.astype("float64"))


@once
def company(items: View, history: History) -> View:
    """The consignee's entry in the register of parties."""
    return history.registers.entry("parties", items, CONSIGNEE)


def found(entry: View) -> Mask:
    """Where a register has an entry."""
    return facts.fired(entry["found"])


def unknown_licence(items: View, history: History) -> Mask:
    """A number is given, and a register that holds licences does not have it."""
    return (licence(items, history)["found"] == 0.0) & items["licence_number"].notna()


def not_in_force(items: View, history: History, number: str = "licence_number") -> Mask:
    """The licence is suspended, revoked or closed, or the row's day is outside its dates."""
    entry = licence(items, history, number)
    known = found(entry)
    if not known.any():
        return known
    return known & (_outside(items, entry) | entry["status"].isin(ENDED))


def _outside(items: View, entry: View) -> Mask:
    early = items["time"] < entry["valid_from"]
    return early | (items["time"] >= entry["valid_until"] + facts.DAY)


def other_parties(items: View, history: History) -> Mask:
    """The licence names a sender, receiver or holder, and the row names another.

    A party is compared by code with a code and by name with a name; where only one side
    has either, nothing is said.
    """
    entry = licence(items, history)
    differ = full(len(items), False)
    for who in ("consignor", "consignee"):
        differ |= _differs(items, entry, [who], who)
    return differ | _differs(items, entry, ["consignor", "consignee"], "holder")


def _differs(items: View, entry: View, rows: list[str], licensed: str) -> Mask:
    """Whether none of the row's parties is the licensed one, where they can be compared."""
    comparable = agree = full(len(items), False)
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


def beyond_quantity(items: View, history: History) -> Mask:
    """More pieces than the licence has left, or with what came before more than it allows.

    What is left is what the register states, less what was declared since the day after that for
    which it first stated so: what it already knew of that day nobody can tell.
    """
    if not history.registers.holds("licences"):
        return full(len(items), False)
    entry = licence(items, history)
    pieces = items["licensed_pieces"]
    used = _declared(items, history)
    left = entry["balance"]
    if left.notna().any():
        stated = entry["stated_at"] + facts.DAY
        stated = stated.where(stated < items["time"], items["time"])
        left = left - (used - _declared(items.assign(time=stated), history))
    return (pieces > left) | (used + pieces > entry["quantity"])


def _declared(items: View, history: History) -> Column:
    """Pieces declared under each row's licence before its day, earlier versions of it apart."""
    return _sum(items, history, "licence_key") - _sum(items, history, "licensed_item_key")


def _sum(items: View, history: History, by: str) -> Column:
    before = history.norm(items, "licensed_pieces", [by])
    # A mean of pieces times their number is off in its last digits.
    return (before["n"] * before["mean"]).fillna(0.0).round(3)


def other_certificate(items: View, history: History) -> Mask:
    """Another end-use certificate than the licence's, or one that is overdue.

    Compared as licence numbers are: case, blanks and marks aside.
    """
    entry = licence(items, history)
    number, stated = items.text("end_use_certificate"), entry.text("end_use_certificate")
    other = Column((number.map(naming.licence) != stated.map(naming.licence)).flags())
    late = (items["time"] >= entry["end_use_due"] + facts.DAY) & entry["end_use_received"].isna()
    return other | late


def without_consent(items: View, history: History) -> Mask:
    """A licence for another journey: no transit licence, and a leg that did not consent.

    Legs are the countries of the declared route between its ends. Without a route, the
    licence must name no consent at all.
    """
    entry = licence(items, history)
    fired = (found(entry) & ~entry["licence_type"].isin(("transit",))).values.copy()
    if fired.any():
        legs = items.text("route").where(fired).tolist()
        consented = entry["transit_countries"].tolist()
        for row in np.flatnonzero(fired).tolist():
            fired[row] = _lacks(legs[row] or "", consented[row] or "")
    return Column(fired)


def _lacks(route: str, consented: str) -> bool:
    places = [country(part) or part for part in route.split("|") if part.strip()]
    between = set(places[1:-1]) - {*places[:1], *places[-1:]}
    given = {part.strip().upper() for part in consented.split("|") if part.strip()}
    return bool(between - given) if between else not given


def under_embargo(items: View, history: History) -> Mask:
    """Goods that an embargo covers, on their way to a place that it covers, on that day.

    Without a code, goods named as arms count as chapter 93. Where the journey begins does
    not count: an embargo is on what goes there.
    """
    fired = np.zeros(len(items), dtype=bool)
    if not history.registers.holds("embargoes"):
        return Column(fired)
    columns = ("country_of_destination", "consignee_country", "port_of_discharge")
    onward = items.text("route").map(lambda route: route.partition("|")[2])
    parts = [items[name].tolist() for name in columns] + [onward.tolist()]
    places = Text.of("|".join(one or "" for one in row) for row in zip(*parts, strict=True))
    covered = history.registers.embargoed(items, places)
    named, codes = facts.fired(facts.named_arms(items)).values, items["hs_code"].tolist()
    for row, goods in enumerate(covered.tolist()):
        if goods is None:
            continue
        prefixes = tuple(part.strip() for part in goods.split("|"))
        if codes[row] is None:
            fired[row] = named[row] and any(one.startswith("93") for one in prefixes)
        else:
            fired[row] = codes[row].startswith(prefixes)
    return Column(fired)


def controlled(items: View) -> Mask:
    """Goods of chapter 93, or under a licence."""
    arms = facts.fired(facts.is_one_of(items["hs2"], "93"))
    return arms | items["licence_number"].notna()


def young_or_ended(items: View, history: History) -> Mask:
    """The consignee's company is younger than a year, or had ended by the row's day."""
    entry = company(items, history)
    if not found(entry).any():
        return full(len(items), False)
    young = items["time"] < entry["incorporated_at"] + YEAR
    return young | (items["time"] >= entry["ceased_at"] + facts.DAY)


def established(items: View, history: History) -> Mask:
    """The consignee's company has stood for two years and has not ended."""
    entry = company(items, history)
    if not found(entry).any():
        return full(len(items), False)
    old = items["time"] >= entry["incorporated_at"] + 2 * YEAR
    return old & ~young_or_ended(items, history)
