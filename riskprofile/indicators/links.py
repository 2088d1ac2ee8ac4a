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


class Near:
    """For each row those that share its key, of its own day (UTC) or up to so many days before it.

    History counts days likewise: rows of one file say of each other what they would say had they
    come day by day. Rows without the key or without a time are near none.

    Parameters
    ----------
    items : View
        A batch with `time` and the key column.
    by : str
        An opaque key.
    days : int
        How far back.
    """

    def __init__(self, items: View, by: str, days: int) -> None:
        keys, times = items[by], items["time"]
        rows = np.flatnonzero((keys.notna() & times.notna()).values)
        key, day = keys.values[rows], times.values[rows].astype("M8[D]").astype(np.int64)
        order = np.lexsort((day, key))
        self.size, self.order, key, day = len(items), rows[order], key[order], day[order]
        day -= day.min(initial=0)
        number = np.cumsum(np.diff(key, prepend=key[:1]) != 0)
        place = number * (day.max(initial=0) + days + 1) + day
        self.first = np.searchsorted(place, place)  # to which each row is near: from here
        self.after = np.searchsorted(place, place + days, "right")  # to before here

    def distinct(self, of: Column, where: Mask | None = None) -> Column:
        """Distinct values of `of` near each row, in rows that `where` holds of; 0 near none."""
        known = (of.notna() if where is None else of.notna() & where).flags()
        rows = np.flatnonzero(known[self.order])
        values = of.values[self.order[rows]]
        order = np.lexsort((rows, values))
        rows, values = rows[order], values[order]
        begins, ends = self.first[rows], self.after[rows]
        again = np.flatnonzero(values[1:] == values[:-1]) + 1
        # Where an earlier row with the value is near, it is counted.
        begins[again] = np.maximum(begins[again], ends[again - 1])
        size = len(self.order) + 1
        change = np.bincount(begins, minlength=size) - np.bincount(ends, minlength=size)
        return self._of_rows(np.cumsum(change)[:-1])

    def company(self, of: Mask) -> Mask:
        """Rows that one of these is near to, these among them."""
        told = np.append(0, np.cumsum(of.flags()[self.order]))
        return self._of_rows(told[self.after] > told[self.first])

    def _of_rows(self, told: np.ndarray) -> Column:
        made = np.zeros(self.size, told.dtype)
        made[self.order] = told
        return Column(made)


def _sharing(items: View, by: str, rows: Mask) -> tuple[np.ndarray, View]:
    """All that can be near these rows, and where it lies: who has a key of one of them.

    Few rows of a batch are of interest: the others need neither be sorted nor asked about.
    """
    keys, known = items[by].values, items[by].notna().values
    wanted = pd.unique(keys[known & rows.values])
    places = np.flatnonzero(known & pd.Index(keys).isin(wanted))
    return places, items.take(places)


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
        part, sent = Column(parts.values[places]), Column(parcel.values[places])
        near = Near(some, by, 14)
        split = (
            sent
            & (near.distinct(some["declaration_id"], part) >= 2)
            & (near.distinct(some["consignor_key"], sent) == 1)
        )
        if not split.any():
            continue
        earlier = history.count(some, [by, "consignor_key"], days=14).fillna(0.0)
        split &= near.distinct(some["declaration_id"], sent) + earlier >= 3
        fired[places] |= _uncrowded(some, history, by, part & near.company(split)).values
    return Column(fired)


def _newcomers(
    items: View, near: Near, history: History, of: str, by: str, least: int, where: Mask
) -> Mask:
    """Rows with so many values of `of` that first appeared with `by` within 90 days.

    In the batch or before it. What is new in the batch is asked where enough could be.
    """
    before = history.partners(items, [of], [by], days=90).fillna(0.0)
    may = where & (near.distinct(items[of]) + before >= least)
    if not may.any():
        return may
    new, asked = np.zeros(len(items), dtype=bool), np.flatnonzero(near.company(may).values)
    new[asked] = (history.count(items.take(asked), [by, of]) == 0).flags()
    return may & (near.distinct(items[of], Column(new)) + before >= least)


def _uncrowded(items: View, history: History, by: str, where: Mask) -> Mask:
    """Those of these rows whose address or number does not get so much in a year that many names
    there are ordinary.
    """
    kept = where.flags().copy()
    if where.any():
        places, some = _sharing(items, by, where)
        near = Near(some, by, 365)
        before = history.count(some, [by], days=365).fillna(0.0)
        crowded = near.distinct(some["declaration_id"]) + before > POPULATION
        kept[places] &= ~near.company(crowded).values
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
        part, near = Column(parts.values[places]), Near(some, by, 90)
        every = Column(np.ones(len(some), dtype=bool))
        several = _newcomers(some, near, history, "consignee_name_key", by, 3, every)
        several = _newcomers(some, near, history, "consignor_key", by, 2, several)
        fired[places] |= _uncrowded(some, history, by, part & near.company(several)).values
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
    sent, near = Column(parcel.values[places]), Near(some, by, 90)
    every = Column(np.ones(len(some), dtype=bool))
    several = _newcomers(some, near, history, "consignor_name_key", by, 3, every)
    fired = np.zeros(len(items), dtype=bool)
    fired[places] = _uncrowded(some, history, by, sent & near.company(several)).values
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
        places = np.flatnonzero((named & items[by].notna()).values)
        some = items.take(places)
        row, kind = _working_parts(some.text("part_kinds"))
        parts = some.only((by, "time", "declaration_id")).take(row)
        near = Near(parts, by, 90)
        whole = (near.distinct(kind) >= 3) & (near.distinct(parts["declaration_id"]) >= 2)
        fired[places[row[near.company(whole).values]]] = True
        before = history.partners(some, ["part_kinds"], [by], days=90).fillna(0.0)
        new = history.count(some, [by, "part_kinds"], days=90) == 0
        known = (before >= 2) & (before + new >= 3)
        fired[places] |= known.flags()
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
    near = Near(tagged, "tag", 3)
    persons = tagged["person_key"].fillna(tagged["party_key"])
    shared = (near.distinct(tagged["party_key"]) >= 2) & (near.distinct(persons) >= 2)
    fired = np.zeros(len(items), dtype=bool)
    fired[row[near.company(shared).values]] = True
    return Column(fired)


SHIPMENT_INDICATORS: list[Indicator] = [
    split_consignments,
    repeat_address_network,
    sender_identity_inconsistent,
    complementary_parts,
]
TRAVELLER_INDICATORS: list[Indicator] = [tag_on_two_bookings]
