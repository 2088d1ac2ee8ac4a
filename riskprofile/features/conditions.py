"""What combinations are made of: measures that count, and conditions that hold or do not.

A condition is 1 yes, 0 no, NaN unknown. A measure is in times the usual, pieces, names or a
ratio.
"""

from __future__ import annotations

from collections.abc import Callable

from riskprofile.columns import Column, Mask, View, full
from riskprofile.reference import facts, goods, nomenclature, norms
from riskprofile.reference.facts import is_one_of
from riskprofile.reference.once import once
from riskprofile.tables import History

Part = Callable[[View, History], Column]
PAIR = ("consignor_key", "consignee_key")
ENDS = ("export_key", "destination_key")
DEAR = 0.5  # freight over value from which it is out of proportion (A04)
RARE = 0.002  # share of a destination's declarations below which two ends are rare (S10)


# Measures: what is counted.


@once
def heavy(items: View, history: History) -> Column:
    return norms.times(norms.mass_departure(items, history))


@once
def heavy_package(items: View, history: History) -> Column:
    return norms.times(norms.package_departure(items, history))


@once
def cheap(items: View, history: History) -> Column:
    return norms.times(-norms.price_departure(items, history))


@once
def odd_price(items: View, history: History) -> Column:
    return norms.times(norms.price_departure(items, history).abs())


@once
def odd_mass(items: View, history: History) -> Column:
    return norms.times(norms.mass_departure(items, history).abs())


def freight(items: View, history: History) -> Column:
    return items["freight_ratio"]


@once
def pieces(items: View, history: History) -> Column:
    return facts.pieces(items).fillna(items["package_count"].astype("float64"))


@once
def beyond_own(items: View, history: History) -> Column:
    past = history.norm(items, "log_quantity", ["consignee_key", "hs4"])
    own = past["mean"].where(past["n"] >= 3.0)
    return norms.times(items["log_quantity"] - own).fillna(0.0)


def names_at_address(items: View, history: History) -> Column:
    return history.partners(items, ("consignee_name_key",), ("consignee_address_key",), 90)


def one(items: View, history: History) -> Column:
    return full(len(items), 1.0)


# Conditions: 1 yes, 0 no, NaN unknown.


@once
def private(items: View, history: History) -> Column:
    return facts.is_private(items)


@once
def firm(items: View, history: History) -> Column:
    return is_one_of(items["consignee_type"], "business", "forwarder")


@once
def new_pair(items: View, history: History) -> Column:
    fresh = (history.count(items, PAIR) == 0).astype("float64")
    named = items["consignor_key"].notna() & items["consignee_key"].notna()
    return (fresh * facts.history_known(items, history)).where(named, 0.0)


@once
def new_consignee(items: View, history: History) -> Column:
    fresh = (history.count(items, ("consignee_key",)) <= 1).astype("float64")
    named = items["consignee_key"].notna()
    return (fresh * facts.history_known(items, history)).where(named, 0.0)


@once
def new_sender(items: View, history: History) -> Column:
    fresh = (history.count(items, ("consignor_key",)) <= 1).astype("float64")
    named = items["consignor_key"].notna()
    return (fresh * facts.history_known(items, history)).where(named, 0.0)


@once
def nobody(items: View, history: History) -> Column:
    return facts.absent(items["consignee_key"])


@once
def vague(items: View, history: History) -> Column:
    return goods.said(items)["vague"].fillna(1.0)


@once
def unnumbered(items: View, history: History) -> Column:
    return 1.0 - goods.said(items)["numbered"].fillna(0.0)


@once
def unlisted(items: View, history: History) -> Column:
    return (goods.said(items)["itemised"].fillna(0.0) < 3.0).astype("float64")


@once
def parcel(items: View, history: History) -> Column:
    return is_one_of(items["transport_mode"], "post", "express", "air")


@once
def flown(items: View, history: History) -> Column:
    return is_one_of(items["transport_mode"], "air", "express")


@once
def road(items: View, history: History) -> Column:
    return is_one_of(items["transport_mode"], "road", "rail")


@once
def gift(items: View, history: History) -> Column:
    return facts.known(items["gift"]).fillna(0.0)


@once
def dear(items: View, history: History) -> Column:
    return (items["freight_ratio"] >= DEAR).astype("float64").where(items["freight_ratio"].notna())


@once
def detour(items: View, history: History) -> Column:
    """More legs than the ends usually take: at least half a leg, so that hubs are learnt (S09)."""
    usual = history.norm(items, "route_legs", ENDS)
    more = items["route_legs"] - usual["mean"].where(usual["n"] >= 10.0)
    return (more > 0.5).astype("float64").where(items["route_legs"].notna(), 0.0)


@once
def rare_ends(items: View, history: History) -> Column:
    both = history.count(items, ENDS)
    there = history.count(items, ("destination_key",))
    rare = (both + 0.5) / (there + 1.0) < RARE
    return rare.astype("float64").where(there >= 100.0, 0.0)


@once
def rare_goods(items: View, history: History) -> Column:
    """Goods of the heading never seen between these ends, where two at least were expected."""
    both = history.count(items, ("hs4", *ENDS))
    ends = history.count(items, ENDS)
    heading = history.count(items, ("hs4",))
    every = history.count(items, ("transport_mode",))
    expected = ends * heading / every.where(every > 0)
    rare = (both == 0) & (expected >= 2.0)
    return rare.astype("float64").where(both.notna(), 0.0)


@once
def other_code(items: View, history: History) -> Column:
    """Words that seldom bear this heading; of new words, what the table of wording says (X01)."""
    same = history.count(items, norms.WORDS)
    both = history.count(items, (*norms.WORDS, "hs4"))
    share = both / same.where(same >= norms.WORDS_KNOWN)
    rank = goods.fit(items)["rank"]
    by_table = (rank > 3.0).astype("float64").where(rank.notna())
    return (share < 0.2).astype("float64").where(share.notna(), by_table).fillna(0.0)


@once
def new_trade(items: View, history: History) -> Column:
    same = history.count(items, ("consignee_key", "hs2"))
    past = history.count(items, ("consignee_key",))
    return ((same == 0) & (past >= 3.0)).astype("float64")


@once
def thin_papers(items: View, history: History) -> Column:
    names = ("consignor_address_key", "consignee_address_key", "origin_key", "value", "hs_code",
             "quantity", "package_type", "freight_cost")  # fmt: skip
    return (facts.missing(items, names) >= 4.0).astype("float64")


@once
def new_address(items: View, history: History) -> Column:
    past = history.count(items, ("consignee_key",))
    here = history.count(items, ("consignee_key", "consignee_address_key"))
    return ((past >= 1.0) & (here == 0)).astype("float64").where(here.notna(), 0.0)


@once
def hidden_receiver(items: View, history: History) -> Column:
    forwarder = is_one_of(items["consignee_type"], "forwarder").fillna(0.0)
    hidden = facts.any_of(forwarder, facts.absent(items["consignee_key"]))
    return hidden * facts.absent(items["house_document"])


@once
def small_part(items: View, history: History) -> Column:
    mass = facts.piece_mass_g(items)
    low, high = facts.SMALL_PART_G
    return mass.between(low, high).astype("float64").where(mass.notna())


@once
def tube_mass(items: View, history: History) -> Column:
    mass = facts.piece_mass_g(items)
    low, high = facts.TUBE_G
    return mass.between(low, high).astype("float64").where(mass.notna())


@once
def part_mass(items: View, history: History) -> Column:
    return facts.any_of(small_part(items, history), tube_mass(items, history)).fillna(0.0)


@once
def seldom_private(items: View, history: History) -> Column:
    heading = history.count(items, ("hs4",))
    kind = history.count(items, ("hs4", "consignee_type"))
    return ((kind / heading.where(heading >= 20.0)) < 0.1).astype("float64")


def arms(items: View, history: History) -> Column:
    return facts.named_arms(items)


@once
def arms_words(items: View, history: History) -> Column:
    """Words that mean arms and little else, under a code of other goods."""
    said = goods.arms(items)
    hidden = said["controlled"] & ~said["lawful"] & ~nomenclature.arms(items)
    return (hidden & ~nomenclature.near_arms(items)).astype("float64")


@once
def convertible(items: View, history: History) -> Column:
    said = goods.arms(items)
    worded = (said["convertible"] & ~said["lawful"]).astype("float64")
    return facts.any_of(facts.in_class(items, nomenclature.convertible), worded)


@once
def unlicensed(items: View, history: History) -> Column:
    return facts.absent(items["licence_number"])


@once
def licensed(items: View, history: History) -> Column:
    return facts.given(items["licence_number"])


@once
def passing(items: View, history: History) -> Column:
    return is_one_of(items["procedure"], "transit", "transhipment")


def of_class(belongs: Callable[[View], Mask]) -> Part:
    return lambda items, history: facts.in_class(items, belongs)


machine = of_class(nomenclature.machine_host)
small_host = of_class(nomenclature.small_host)
household = of_class(nomenclature.household)
bulky = of_class(nomenclature.bulky_cheap)
metal = of_class(nomenclature.generic_metal)
tube = of_class(nomenclature.tube_or_filter)


def signs(*parts: Part) -> Part:
    """How many of several further signs stand beside: 1 and one for each."""

    def count(items: View, history: History) -> Column:
        met = [part(items, history).fillna(0.0) for part in parts]
        return 1.0 + sum(met[1:], met[0])

    return count
