"""What links the rows of one batch: shared addresses, split loads, parts that belong together.

An indicator here sees the whole batch as a set. It may raise a lane and never changes
points. Everything is grouping by opaque keys after one sort; a missing key joins nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskprofile.columns import Column, Mask, Text, View
from riskprofile.indicators.register import indicator
from riskprofile.reference import facts, lexicon
from riskprofile.tables import History, Indicator

# What these indicators and the links of alerts read: what must be kept of a batch.
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
    "consignor_name_key",
    "goods_key",
    "part_kinds",
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


def bursts(items: View, by: str, days: float) -> Column:
    """Number the rows that share a key and follow each other within `days`.

    Parameters
    ----------
    items : View
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
    keys, times = items[by], items["time"]
    order = np.flatnonzero((keys.notna() & times.notna()).values)
    order = order[np.lexsort((times.values[order], keys.values[order]))]
    key, time = keys.values[order], times.values[order]
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (key[1:] != key[:-1]) | (np.diff(time) > days * facts.DAY)
    numbers = np.full(len(items), np.nan)
    numbers[order] = np.cumsum(starts)
    return Column(numbers)


def distinct(of: Column, burst: Column, where: Mask | None = None) -> Column:
    """Distinct values of `of` in each row's burst; 0 where there is no burst."""
    return _in_burst(_counts(of, burst, where), burst)


def _counts(of: Column, burst: Column, where: Mask | None = None) -> np.ndarray:
    """Distinct values by the number of the burst."""
    known = of.notna() & burst.notna()
    kept = (known if where is None else known & where).values
    number, value = burst.values[kept].astype(np.int64), of.values[kept]
    order = np.lexsort((value, number))
    number, value = number[order], value[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (number[1:] != number[:-1]) | (value[1:] != value[:-1])
    return np.bincount(number[first])


def _in_burst(counts: np.ndarray, burst: Column) -> Column:
    """What was counted by burst, in each row; 0 where there is no burst."""
    number = np.where(np.isnan(burst.values), 0, burst.values).astype(np.int64)
    padded = np.append(counts, 0).astype(np.float64)  # no burst has the number 0
    return Column(padded[np.minimum(number, len(counts))])


def _sharing(items: View, by: str, rows: Mask) -> tuple[np.ndarray, View]:
    """All that a burst of these rows can hold, and where it lies: who has a key of one of them.

    Few rows of a batch are of interest: the others need neither be sorted nor asked about.
    """
    keys, known = items[by].values, items[by].notna().values
    wanted = pd.unique(keys[known & rows.values])
    places = np.flatnonzero(known & pd.Index(keys).isin(wanted))
    return places, items.take(places)


def _crowded(items: View, history: History, by: str) -> Mask:
    """Where so much goes to one address or number that many names there are ordinary."""
    here = distinct(items["declaration_id"], bursts(items, by, 365))
    return history.count(items, [by], days=365).fillna(0.0) + here > POPULATION


def _parcel(items: View) -> Mask:
    return facts.fired(facts.is_one_of(items["transport_mode"], *PARCELS))


def _part_like(items: View) -> Mask:
    grams = facts.piece_mass_g(items)
    small = facts.within(grams, *facts.SMALL_PART_G)
    tube = facts.within(grams, *facts.TUBE_G)
    return facts.fired(facts.any_of(small, tube))


def _small_parts(items: View) -> Mask:
    return _parcel(items) & _part_like(items)


def _arms_parts(items: View) -> Mask:
    openly = items["licence_number"].isna() & items["hs4"].isin(("9305",))
    return items["part_kinds"].notna() | openly


@indicator(
    "A03_split_consignments",
    queue="trafficking",
    says="one of three or more parcels from one sender to one receiver within 14 days, of pieces "
    "with the mass of small parts",
    cleared_by="an order in several parcels from a shop, with one invoice",
    check="bring the related parcels together and compare their contents",
    over_batch=True,
    among=_small_parts,
    by=RECEIVER,
    source="typology A03: Patagonia Express 2019",
)
def split_consignments(items: View, history: History) -> Mask:
    """Three or more parcels of one sender to one address, number or private person.

    By post, express or air; at least two of them with pieces of the mass of small
    parts. Firms, parcel shops and blocks of flats are left out.
    """
    fired = np.zeros(len(items), dtype=bool)
    parcel = _parcel(items) & ~facts.fired(
        facts.is_one_of(items["consignee_type"], "business", "forwarder", "official")
    )
    parts = parcel & _part_like(items)
    for by in RECEIVER if parts.any() else ():
        places, some = _sharing(items, by, parts)
        part = Column(parts.values[places])
        burst = bursts(some, by, 14).where(parcel.values[places])
        split = (
            part
            & (distinct(some["declaration_id"], burst, part) >= 2)
            & (distinct(some["consignor_key"], burst) == 1)
        )
        if not split.any():
            continue
        earlier = history.count(some, [by, "consignor_key"], days=14).fillna(0.0)
        split &= distinct(some["declaration_id"], burst) + earlier >= 3
        fired[places] |= _uncrowded(some, history, by, split).values
    return Column(fired)


def _newcomers(items: View, history: History, of: str, by: str, least: int, where: Mask) -> Mask:
    """Rows with so many values of `of` that first appeared with `by` within 90 days.

    In the batch or before it. What is new in the batch is asked where enough could be.
    """
    before = history.partners(items, [of], [by], days=90).fillna(0.0)
    may = where & (distinct(items[of], bursts(items, by, 90)) + before >= least)
    enough = np.zeros(len(items), dtype=bool)
    if may.any():
        places, some = _sharing(items, by, may)
        new = history.count(some, [by, of]) == 0
        here = distinct(some[of], bursts(some, by, 90), new)
        enough[places] = (here + Column(before.values[places]) >= least).flags()
    return may & Column(enough)


def _uncrowded(items: View, history: History, by: str, where: Mask) -> Mask:
    """Those of these rows whose address or number is not crowded."""
    kept = where.flags().copy()
    if where.any():
        places, some = _sharing(items, by, where)
        kept[places] &= ~_crowded(some, history, by).flags()
    return Column(kept)


@indicator(
    "E05_repeat_address_network",
    queue="trafficking",
    says="one of several parcels for three or more names at one address or telephone number "
    "within 90 days, of pieces with the mass of small parts",
    cleared_by="a block of flats, a parcel shop, a workplace, a family",
    check="bring the related parcels together; whether their contents complete each other",
    over_batch=True,
    among=_small_parts,
    by=DELIVERY,
    source="CBSA postal audit 2025; Sylvania Waters 2012; Dublin 2018",
)
def repeat_address_network(items: View, history: History) -> Mask:
    """Three or more consignee names at one address or number, in this batch or before it.

    Names known there for longer than 90 days do not count, nor do addresses with more
    than 40 parcels a year; there must be two senders or more, because one shop that
    serves a village is no network, and the pieces have the mass of small parts.
    """
    fired, parts = np.zeros(len(items), dtype=bool), _small_parts(items)
    for by in DELIVERY if parts.any() else ():
        places, some = _sharing(items, by, parts)
        part = Column(parts.values[places])
        several = _newcomers(some, history, "consignee_name_key", by, 3, part)
        several = _newcomers(some, history, "consignor_key", by, 2, several)
        fired[places] |= _uncrowded(some, history, by, several).values
    return Column(fired)


@indicator(
    "E06_sender_identity_inconsistent",
    queue="trafficking",
    says="one sender's telephone stands beside three or more sender names within 90 days",
    cleared_by="a marketplace, parcel counter or family that shares one number",
    check="compare sender names, addresses and the drop-off point of the related parcels",
    over_batch=True,
    among=_parcel,
    by=("consignor_phone_key",),
    source="typology E06: Barbados courier ring (false identities), Melbourne 2013",
)
def sender_identity_inconsistent(items: View, history: History) -> Mask:
    """A sender's telephone with three or more new names, on few parcels, in batch or history.

    A number on more than 40 parcels a year is a shop or a counter, and does not fire.
    """
    by, parcel = "consignor_phone_key", _parcel(items)
    if not parcel.any():
        return parcel
    places, some = _sharing(items, by, parcel)
    sent = Column(parcel.values[places])
    several = _newcomers(some, history, "consignor_name_key", by, 3, sent)
    fired = np.zeros(len(items), dtype=bool)
    fired[places] = _uncrowded(some, history, by, several).values
    return Column(fired)


# Kinds of part of `lexicon.csv` that make or complete a firearm; not sights, grips, stocks.
WORKING_PARTS = frozenset(
    (
        *("frame", "receiver", "slide", "bolt", "cylinder", "barrel", "trigger", "firing pin"),
        *("pin", "spring", "magazine", "gas system", "set", "suppressor"),
    )
)


def part_kinds(goods: Text, licence: Column) -> Text:
    """Kinds of working part that a text names without licence, in order; else missing."""
    read = dict(zip(goods.distinct, lexicon.scans(goods.distinct), strict=True))
    return goods.where(licence.isna()).map(
        lambda one: "|".join(sorted(read[one].parts & WORKING_PARTS)) or None
    )


@indicator(
    "E10_complementary_parts",
    queue="trafficking",
    says="with other consignments to this receiver it brings three or more kinds of working part "
    "of a firearm",
    cleared_by="a gunsmith or licensed shooter: the licence register",
    check="bring the related consignments together; look the receiver up in the licence register",
    raises="red",
    over_batch=True,
    among=_arms_parts,
    by=RECEIVER,
    source="Small Arms Survey, Dribs and Drabs 2016; Miami 2016; Trincity 2024",
)
def complementary_parts(items: View, history: History) -> Mask:
    """Named parts in two or more declarations to one address, number or consignee, without
    licence, that together are three or more kinds: frame, slide, barrel, trigger and so on.

    From history: three or more sets of such kinds at the address, number or consignee
    within 90 days, this one among them; or earlier parts of arms (HS 9305) with two other
    texts at the address, where this is HS 9305 as well.
    """
    fired, named = np.zeros(len(items), dtype=bool), items["part_kinds"].notna()
    open_parts = items["licence_number"].isna()
    for by in RECEIVER if named.any() else ():
        places, some = _sharing(items, by, named)
        burst = bursts(some, by, 90).where(open_parts.values[places])
        several = distinct(some["declaration_id"], burst) >= 2
        row, kind = _working_parts(some.text("part_kinds").where(several))
        has = np.zeros(len(some), dtype=bool)
        has[row] = True
        enough = _in_burst(_counts(kind, Column(burst.values[row])), burst) >= 3
        together = distinct(some["declaration_id"], burst, Column(has)) >= 2
        before = history.partners(some, ["part_kinds"], [by], days=90).fillna(0.0)
        new = history.count(some, [by, "part_kinds"], days=90) == 0
        known = some["part_kinds"].notna() & (before >= 2) & (before + new >= 3)
        fired[places] |= (Column(has) & enough & together | known).flags()
    openly = open_parts & items["hs4"].isin(("9305",))
    if openly.any():
        places = np.flatnonzero(openly.values)
        texts = history.partners(
            items.take(places), ["goods_key"], ["consignee_address_key", "hs4"], days=90
        )
        fired[places] |= (texts >= 2).flags()
    return Column(fired)


def _working_parts(kinds: Text) -> tuple[np.ndarray, Text]:
    """A row for each kind of working part of those joined: where it stands, and the kind."""
    named = [one.split("|") for one in kinds.distinct]
    rows = [
        (row, kind)
        for row in np.flatnonzero(kinds.values >= 0).tolist()
        for kind in named[int(kinds.values[row])]
    ]
    return np.array([row for row, _ in rows], dtype=np.int64), Text.of(kind for _, kind in rows)


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
def tag_on_two_bookings(items: View, history: History) -> Mask:
    """One bag tag on two bookings: bags exchanged, or carried for somebody else.

    Tag numbers come round again after months, so only three days are compared. One traveller
    under two locators (of a carrier and its partner, of a passenger list and a booking, of a bag
    that is checked through) carries their own bag.
    """
    booked = items["party_key"].notna().values
    tags = [
        (row, tag.strip())
        for row, joined in enumerate(items["bag_tags"].tolist())
        for tag in (joined or "").split("|")
        if tag.strip() and booked[row]
    ]
    row = np.array([row for row, _ in tags], dtype=np.int64)
    known = items.only(("time", "party_key", "person_key")).take(row)
    tagged = known.assign(tag=Text.of(t for _, t in tags))
    burst = bursts(tagged, "tag", 3)
    persons = tagged["person_key"].fillna(tagged["party_key"])
    shared = (distinct(tagged["party_key"], burst) >= 2) & (distinct(persons, burst) >= 2)
    fired = np.zeros(len(items), dtype=bool)
    fired[row[shared.values]] = True
    return Column(fired)


SHIPMENT_INDICATORS: list[Indicator] = [
    split_consignments,
    repeat_address_network,
    sender_identity_inconsistent,
    complementary_parts,
]
TRAVELLER_INDICATORS: list[Indicator] = [tag_on_two_bookings]
