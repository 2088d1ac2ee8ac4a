"""What links the rows of one batch: shared addresses, split loads, parts that belong together.

An indicator here sees the whole batch as a set. It may raise a lane and never changes
points. Everything is grouping by opaque keys after one sort; a missing key joins nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskprofile.indicators.register import indicator
from riskprofile.reference import facts, lexicon
from riskprofile.tables import TEXT, Column, History, Indicator, Mask, Table

# The columns that these indicators and `related` read: what must be kept of a batch.
SHIPMENT_COLUMNS = (
    "declaration_id",
    "time",
    "transport_mode",
    "consignee_type",
    "consignor_key",
    "consignee_key",
    "consignee_name_key",
    "consignee_address_key",
    "consignee_phone_key",
    "consignor_phone_key",
    "goods_key",
    "goods_description",
    "hs4",
    "licence_number",
    "gross_mass_kg",
    "net_mass_kg",
    "quantity",
    "quantity_unit",
)
TRAVELLER_COLUMNS = ("crossing_id", "time", "party_key", "person_key", "vehicle_key", "bag_tags")

PARCELS = ("post", "express", "air")
POPULATION = 40.0  # parcels a year above which an address is a parcel shop, block or workplace
DELIVERY = ("consignee_address_key", "consignee_phone_key")
RECEIVER = (*DELIVERY, "consignee_key")


def bursts(items: Table, by: str, days: float) -> Column:
    """Number the rows that share a key and follow each other within `days`.

    Parameters
    ----------
    items : Table
        A batch with `time` and the key column.
    by : str
        An opaque key; rows without it or without a time belong to no burst.
    days : float
        The longest pause inside one burst.

    Returns
    -------
    Column
        Float: a number for each burst, NaN for none.
    """
    keyed = items[[by, "time"]].reset_index(drop=True).dropna()
    keyed = keyed.sort_values([by, "time"], kind="stable")
    other = keyed[by].ne(keyed[by].shift()).fillna(True).astype(bool)
    starts = other | (keyed["time"].diff() > days * facts.DAY)
    numbers = np.full(len(items), np.nan)
    numbers[keyed.index.to_numpy()] = starts.cumsum().to_numpy("float64")
    return pd.Series(numbers, index=items.index)


def distinct(of: Column, burst: Column, where: Mask | None = None) -> Column:
    """Distinct values of `of` in each row's burst; 0 where there is no burst."""
    pairs = pd.DataFrame({"burst": burst.to_numpy(), "of": of.array})
    if where is not None:
        pairs = pairs[where.to_numpy()]
    counts = pairs.dropna().drop_duplicates()["burst"].value_counts()
    return burst.map(counts).fillna(0.0).astype("float64")


def _crowded(items: Table, history: History, by: str) -> Mask:
    """Where so much goes to one address or number that many names there are ordinary."""
    here = distinct(items["declaration_id"], bursts(items, by, 365))
    return history.count(items, [by], days=365).fillna(0.0) + here > POPULATION


def _parcel(items: Table) -> Mask:
    return facts.fired(facts.is_one_of(items["transport_mode"], *PARCELS))


def _part_like(items: Table) -> Mask:
    grams = facts.piece_mass_g(items)
    small = facts.within(grams, *facts.SMALL_PART_G)
    tube = facts.within(grams, *facts.TUBE_G)
    return facts.fired(facts.any_of(small, tube))


@indicator(
    "A03_split_consignments",
    queue="trafficking",
    says="one of three or more parcels to one receiver within 14 days, of pieces with the mass "
    "of small parts",
    cleared_by="an order in several parcels from a shop, with one invoice",
    check="bring the related parcels together and compare their contents",
    over_batch=True,
    source="typology A03: Patagonia Express 2019",
)
def split_consignments(items: Table, history: History) -> Mask:
    """Three or more parcels by post, express or air to one address, number or private person.

    At least two of the parcels carry pieces with the mass of small parts, and either
    one sender sent them all or the names at the address differ. Firms are left out.
    """
    fired = pd.Series(False, index=items.index)
    parcel = _parcel(items) & ~facts.fired(
        facts.is_one_of(items["consignee_type"], "business", "forwarder", "official")
    )
    parts = parcel & _part_like(items)
    for by in RECEIVER:
        burst = bursts(items, by, 14).where(parcel)
        parcels = distinct(items["declaration_id"], burst)
        earlier = history.count(items, [by], days=14).fillna(0.0)
        senders = distinct(items["consignor_key"], burst)
        names = distinct(items["consignee_name_key"], burst)
        fired |= (
            parts
            & (parcels + earlier >= 3)
            & (distinct(items["declaration_id"], burst, parts) >= 2)
            & ((senders == 1) | (names >= 2))
            & ~_crowded(items, history, by)
        )
    return fired


@indicator(
    "E05_repeat_address_network",
    queue="trafficking",
    says="one of several parcels for three or more names at one address or telephone number "
    "within 90 days",
    cleared_by="a block of flats, a parcel shop, a workplace, a family",
    check="bring the related parcels together; whether their contents complete each other",
    over_batch=True,
    source="CBSA postal audit 2025; Sylvania Waters 2012; Dublin 2018",
)
def repeat_address_network(items: Table, history: History) -> Mask:
    """Three or more consignee names at one address or number, in this batch or before it.

    Names known there for longer than 90 days do not count, nor do addresses with more
    than 40 parcels a year; there must be two senders or more, because one shop that
    serves a village is no network, and the pieces have the mass of small parts.
    """
    fired = pd.Series(False, index=items.index)
    parcel = _parcel(items)
    for by in DELIVERY:
        burst = bursts(items, by, 90).where(parcel)
        new = history.count(items, [by, "consignee_name_key"]) == 0
        names = distinct(items["consignee_name_key"], burst, new) + history.partners(
            items, ["consignee_name_key"], [by], days=90
        ).fillna(0.0)
        senders = distinct(items["consignor_key"], burst) + history.partners(
            items, ["consignor_key"], [by], days=90
        ).fillna(0.0)
        fired |= parcel & (names >= 3) & (senders >= 2) & ~_crowded(items, history, by)
    return fired & _part_like(items)


# A firearm is complete with one of each; `lexicon.csv`, column `part`.
GROUPS = (
    frozenset({"frame", "receiver"}),
    frozenset({"slide", "bolt", "cylinder"}),
    frozenset({"barrel"}),
)


def _roles(text: Column) -> list[Mask]:
    """For each of `GROUPS`, where the text names a part of it; each distinct text once."""
    codes, texts = pd.factorize(text)
    parts = [lexicon.scan(str(one)).parts for one in texts]
    found = [np.array([not group.isdisjoint(own) for own in parts] + [False]) for group in GROUPS]
    return [pd.Series(has[codes], index=text.index) for has in found]


@indicator(
    "E10_complementary_parts",
    queue="trafficking",
    says="with other consignments to this receiver it makes a complete firearm: frame or "
    "receiver, slide or bolt, and barrel",
    cleared_by="a gunsmith or licensed shooter: the licence register",
    check="bring the related consignments together; look the receiver up in the licence register",
    raises="red",
    over_batch=True,
    source="Small Arms Survey, Dribs and Drabs 2016; Miami 2016; Trincity 2024",
)
def complementary_parts(items: Table, history: History) -> Mask:
    """Parts in two or more declarations to one address, number or consignee, without licence,
    that together hold frame or receiver, slide or bolt or cylinder, and barrel.

    From history: earlier parts of arms (HS 9305) with two other texts at the address
    in 90 days, where this is HS 9305 as well.
    """
    open_parts = items["licence_number"].isna()
    fired = pd.Series(False, index=items.index)
    linked = pd.Series(False, index=items.index)
    for by in RECEIVER:
        linked |= distinct(items["declaration_id"], bursts(items, by, 90)) >= 2
    roles = _roles(items["goods_description"].where(linked & open_parts))
    for by in RECEIVER:
        burst = bursts(items, by, 90)
        complete = pd.Series(True, index=items.index)
        any_part = pd.Series(False, index=items.index)
        for has in roles:
            any_part |= has
            complete &= distinct(items["declaration_id"], burst, has) >= 1
        apart = distinct(items["declaration_id"], burst, any_part) >= 2
        fired |= any_part & complete & apart
    texts = history.partners(items, ["goods_key"], ["consignee_address_key", "hs4"], days=90)
    openly = (items["hs4"] == "9305").fillna(False).astype(bool)
    return (fired | (openly & (texts >= 2))) & open_parts


@indicator(
    "T03_baggage_conduct",
    queue="trafficking",
    says="a bag tag of this traveller also stands on another booking within three days",
    cleared_by="a family on two bookings; a tag typed wrongly",
    check="reconcile tags, bags and owners at reclaim",
    stage="yard",
    over_batch=True,
    source="US-UK air passenger case 2010",
)
def tag_on_two_bookings(items: Table, history: History) -> Mask:
    """One bag tag on two bookings: bags exchanged, or carried for somebody else.

    Tag numbers come round again after months, so only three days are compared.
    """
    rows = items[["bag_tags", "time", "party_key"]].reset_index(drop=True)
    tagged = rows.assign(tag=rows["bag_tags"].astype(object).str.split("|")).explode("tag")
    tagged["tag"] = tagged["tag"].str.strip().replace("", None)
    tagged = tagged.dropna(subset=["tag", "party_key"])
    shared = distinct(tagged["party_key"], bursts(tagged, "tag", 3)) >= 2
    fired = pd.Series(False, index=rows.index)
    fired[tagged.index[shared.to_numpy()]] = True
    return fired.set_axis(items.index)


WHY = {
    "consignee_address_key": "same delivery address",
    "consignee_phone_key": "same delivery telephone",
    "consignor_phone_key": "same sender telephone",
    "consignee_key": "same consignee",
    "consignor_key": "same consignor",
    "goods_key": "same goods text",
    "party_key": "same booking",
    "person_key": "same traveller",
    "vehicle_key": "same vehicle",
}
NEAR = 5  # neighbours in time that a row is linked to, under one key
COMMON = 50  # rows that share a key beyond which it says nothing: a shop, a stock phrase


def related(items: Table) -> Table:
    """Pairs of rows of a batch that share an address, number, party or text.

    Parameters
    ----------
    items : Table
        A batch with any of the columns of `WHY`, and `time`.

    Returns
    -------
    Table
        `record`, `related` (labels of the index; the earlier row first) and `why`, the
        reasons joined by a vertical bar. Each row is linked to at most five others
        before and after it in time under one key, and keys shared by more than 50
        rows link nothing, so that the result grows with the rows and not with pairs.
    """
    found: list[Table] = []
    for by, why in WHY.items():
        if by not in items:
            continue
        rows = items[[by, "time"]].reset_index(drop=True).dropna(subset=[by])
        rows = rows.sort_values([by, "time"], kind="stable")
        size = rows.groupby(by)[by].transform("size")
        rows = rows[(size > 1) & (size <= COMMON)]
        keys, places = rows[by].to_numpy("int64"), rows.index.to_numpy()
        for step in range(1, NEAR + 1):
            same = keys[:-step] == keys[step:]
            pair = {"record": places[:-step][same], "related": places[step:][same]}
            found.append(pd.DataFrame(pair).assign(why=why))
    pairs = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    if pairs.empty:
        return pd.DataFrame({"record": [], "related": [], "why": pd.Series([], dtype=TEXT)})
    swap = pairs["record"] > pairs["related"]
    low, high = (
        pairs["related"].where(swap, pairs["record"]),
        pairs["record"].where(swap, pairs["related"]),
    )
    pairs = pairs.assign(record=low, related=high).drop_duplicates()
    pairs = pairs.groupby(["record", "related"], sort=True)["why"].agg("|".join).reset_index()
    labels = items.index.to_numpy()
    return pairs.assign(
        record=labels[pairs["record"].to_numpy()],
        related=labels[pairs["related"].to_numpy()],
        why=pairs["why"].astype(TEXT),
    )


SHIPMENT_INDICATORS: list[Indicator] = [
    split_consignments,
    repeat_address_network,
    complementary_parts,
]
TRAVELLER_INDICATORS: list[Indicator] = [tag_on_two_bookings]
INDICATORS: list[Indicator] = [*SHIPMENT_INDICATORS, *TRAVELLER_INDICATORS]
