"""Who trades with whom, and since when: counts and ages from history, by opaque key."""

from __future__ import annotations

from riskprofile.columns import Column, View
from riskprofile.features.register import feature
from riskprofile.reference import facts
from riskprofile.tables import Feature, History

PAIR = ["consignor_key", "consignee_key"]


@feature(
    unit="days",
    reads="this consignee was first seen {value:.0f} [day|days] ago",
    norm="most traders are known for more than a year",
    monotone=-1,
    silent_without_history=True,
)
def consignee_age(items: View, history: History) -> Column:
    """Days since this consignee received anything; missing when new or not named.

    New importers are common in lawful trade, so this weighs little alone
    (typology S05, BIS red flags: little or no business background).
    """
    return facts.days_between(items["time"], history.first_seen(items, ["consignee_key"]))


@feature(
    unit="days",
    reads="this consignor was first seen {value:.0f} [day|days] ago",
    monotone=-1,
    silent_without_history=True,
)
def consignor_age(items: View, history: History) -> Column:
    """Days since this consignor sent anything; missing when new or not named (S05)."""
    return facts.days_between(items["time"], history.first_seen(items, ["consignor_key"]))


@feature(
    unit="days",
    reads="these two parties have traded for {value:.0f} [day|days]",
    monotone=-1,
    silent_without_history=True,
)
def pair_age(items: View, history: History) -> Column:
    """Days since this consignor first sent anything to this consignee.

    Missing when the pair is new: 0 would say "first seen today". Counted from
    lodgement, never from now, so an old declaration rated again keeps its value (S05).
    """
    return facts.days_between(items["time"], history.first_seen(items, PAIR))


@feature(
    unit="declarations in 30 days",
    reads="this consignee had {value:.0f} goods [item|items] in the last 30 days",
)
def consignee_count_30(items: View, history: History) -> Column:
    """Goods items of this consignee in 30 days: 0 when new, missing when not named.

    Both a burst after silence and a steady stream matter; the data decide (S05).
    """
    return history.count(items, ["consignee_key"], days=30)


@feature(
    unit="declarations in 365 days",
    reads="this consignee had {value:.0f} goods [item|items] in the last year",
    monotone=-1,
    silent_without_history=True,
)
def consignee_count_365(items: View, history: History) -> Column:
    """Goods items of this consignee in a year: 0 when new, missing when not named (S05)."""
    return history.count(items, ["consignee_key"], days=365)


@feature(
    unit="declarations in 365 days",
    reads="this consignor had {value:.0f} goods [item|items] in the last year",
    monotone=-1,
    silent_without_history=True,
)
def consignor_count_365(items: View, history: History) -> Column:
    """Goods items of this consignor in a year: 0 when new, missing when not named (S05)."""
    return history.count(items, ["consignor_key"], days=365)


@feature(
    unit="declarations in 365 days",
    reads="these two parties had {value:.0f} goods [item|items] together in the last year",
    monotone=-1,
    silent_without_history=True,
)
def pair_count_365(items: View, history: History) -> Column:
    """Goods items from this consignor to this consignee in a year; 0 when the pair is new.

    Known pairs clear most household cargo (S02, S05).
    """
    return history.count(items, PAIR, days=365)


@feature(
    unit="days",
    reads="this consignee's last declaration was {value:.0f} [day|days] ago",
    silent_without_history=True,
)
def consignee_gap(items: View, history: History) -> Column:
    """Days since the consignee's latest earlier declaration; missing when new.

    A company revived after long silence is a sign of S05; seasonal trade looks alike.
    """
    return facts.days_between(items["time"], history.last_seen(items, ["consignee_key"]))


@feature(
    unit="declarations in 365 days",
    reads="this declarant lodged {value:.0f} goods [item|items] in the last year",
    monotone=-1,
    silent_without_history=True,
)
def declarant_count_365(items: View, history: History) -> Column:
    """Goods items lodged by this declarant or agent in a year; missing without a code (S05)."""
    return history.count(items, ["declarant_key"], days=365)


@feature(unit="0 or 1", reads="consignee named: {value:.0f}", monotone=-1)
def consignee_named(items: View, history: History) -> Column:
    """1 when the declaration names a consignee or its code, else 0; never missing (S07)."""
    return facts.given(items["consignee_key"])


@feature(unit="0 or 1", reads="consignee has a trader code: {value:.0f}", monotone=-1)
def consignee_identified(items: View, history: History) -> Column:
    """1 when the consignee is given by code and not only by name, else 0; never missing.

    A party key made from a name equals the key of the name; one made from a code does not.
    """
    by_name = (items["consignee_key"] == items["consignee_name_key"]).fillna(False)
    return (items["consignee_key"].notna() & ~by_name).astype("float64")


@feature(unit="0 or 1", reads="consignee is a private person: {value:.0f}")
def consignee_private(items: View, history: History) -> Column:
    """1 for a private consignee, 0 for another kind, missing when not said (S02, E03)."""
    return facts.is_private(items)


@feature(unit="0 or 1", reads="consignee is a forwarder: {value:.0f}")
def consignee_forwarder(items: View, history: History) -> Column:
    """1 when a forwarder stands as consignee, 0 for another kind, missing when not said.

    Normal in groupage with house documents; without them it hides the receiver (A01).
    """
    return facts.is_one_of(items["consignee_type"], "forwarder")


@feature(
    unit="names in 90 days",
    reads="{value:.0f} consignee [name|names] first used this address in the last 90 days",
    monotone=1,
)
def names_at_address_90(items: View, history: History) -> Column:
    """Consignee names that first appeared at this address in 90 days; missing without one.

    Blocks of flats, parcel shops and workplaces look alike (E05, CBSA postal audit 2025).
    """
    return history.partners(items, ["consignee_name_key"], ["consignee_address_key"], days=90)


@feature(
    unit="senders in 90 days",
    reads="{value:.0f} [sender|senders] first sent to this address in the last 90 days",
    monotone=1,
)
def senders_at_address_90(items: View, history: History) -> Column:
    """Senders that first appeared at the delivery address in 90 days (A03, E05)."""
    return history.partners(items, ["consignor_key"], ["consignee_address_key"], days=90)


@feature(
    unit="senders in 90 days",
    reads="{value:.0f} [sender|senders] first used this consignee's telephone in the last 90 days",
    monotone=1,
)
def senders_at_phone_90(items: View, history: History) -> Column:
    """Senders that first appeared with the consignee's telephone in 90 days (A03, E05)."""
    return history.partners(items, ["consignor_key"], ["consignee_phone_key"], days=90)


@feature(
    unit="declarations in 14 days",
    reads="{value:.0f} goods [item|items] went to this address in the last 14 days",
)
def address_count_14(items: View, history: History) -> Column:
    """Goods items to this address in 14 days: one order in several parcels (A03)."""
    return history.count(items, ["consignee_address_key"], days=14)


@feature(
    unit="declarations in 90 days",
    reads="{value:.0f} goods [item|items] went to this address in the last 90 days",
)
def address_count_90(items: View, history: History) -> Column:
    """Goods items to this address in 90 days, whoever is named there (E05)."""
    return history.count(items, ["consignee_address_key"], days=90)


@feature(
    unit="names in 365 days",
    reads="{value:.0f} sender [name|names] first used this sender's telephone in the last year",
    monotone=1,
)
def sender_names_at_phone(items: View, history: History) -> Column:
    """Sender names that first appeared with the consignor's telephone in a year (E06).

    Marketplaces and parcel counters share a number lawfully.
    """
    return history.partners(items, ["consignor_name_key"], ["consignor_phone_key"], days=365)


@feature(
    unit="goods items",
    reads="past goods items of this consignee with none of this HS chapter: {value:.0f}",
    monotone=1,
    silent_without_history=True,
    none=True,
)
def past_without_these_goods(items: View, history: History) -> Column:
    """Length of the consignee's past, when none of it is in this HS chapter; else 0.

    Missing without a code or a consignee. General traders and new lines look alike
    (S06, BIS: does not fit the buyer's line of business).
    """
    same = history.count(items, ["consignee_key", "hs2"])
    past = history.count(items, ["consignee_key"])
    return past.where(same == 0, 0.0).where(same.notna())


@feature(unit="finds", reads="{value:.0f} confirmed [find|finds] with this consignee", monotone=1)
def finds_of_consignee(items: View, history: History) -> Column:
    """Confirmed finds with this consignee whose result was known before (S14)."""
    return history.finds(items, ["consignee_key"])


@feature(unit="finds", reads="{value:.0f} confirmed [find|finds] at this address", monotone=1)
def finds_at_address(items: View, history: History) -> Column:
    """Confirmed finds sent to this address whose result was known before (S14)."""
    return history.finds(items, ["consignee_address_key"])


@feature(unit="finds", reads="{value:.0f} confirmed [find|finds] with this consignor", monotone=1)
def finds_of_consignor(items: View, history: History) -> Column:
    """Confirmed finds with this consignor whose result was known before (S14)."""
    return history.finds(items, ["consignor_key"])


FEATURES: list[Feature] = [
    consignee_age,
    consignor_age,
    pair_age,
    consignee_count_30,
    consignee_count_365,
    consignor_count_365,
    pair_count_365,
    consignee_gap,
    declarant_count_365,
    consignee_named,
    consignee_identified,
    consignee_private,
    consignee_forwarder,
    names_at_address_90,
    senders_at_address_90,
    senders_at_phone_90,
    address_count_14,
    address_count_90,
    sender_names_at_phone,
    past_without_these_goods,
    finds_of_consignee,
    finds_at_address,
    finds_of_consignor,
]
