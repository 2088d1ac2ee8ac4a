"""The combinations that published typologies name: pairs and triples, never a single flag.

Each is a graded number from 0 to 1: the product of its parts, every part scaled to
0..1. One part known to be absent makes it 0; an unknown part makes it unknown. Boosted
tables of single features and pairs cannot find a three-way rule, so it is written here.
Where the cut should be learnt and a weight or price be read, `combinations` counts instead.
"""

from __future__ import annotations

from functools import partial

from riskprofile.columns import Column, View, full
from riskprofile.features import conditions as on
from riskprofile.features.conditions import PAIR
from riskprofile.features.register import feature
from riskprofile.reference import facts, goods, nomenclature, norms
from riskprofile.reference.facts import all_of, any_of, ramp, within
from riskprofile.reference.once import once
from riskprofile.tables import Feature, History

UNIT = "0 to 1"
together = partial(feature, unit=UNIT, monotone=1)


@once
def _host_excess(items: View, history: History) -> Column:
    """Mass above the goods' norm, by unit or by package: 0 at 1 deviation, 1 at 4."""
    return ramp(norms.excess(items, history), 1.0, 4.0)


@once
def _private_or_new(items: View, history: History) -> Column:
    """1 for a private consignee, else how new the consignee is."""
    return any_of(facts.is_private(items), facts.novelty(items, history, ("consignee_key",)))


@once
def _unfamiliar(items: View, history: History) -> Column:
    """1 where sender and receiver are no known pair, falling to 0 at five declarations."""
    return 1.0 - facts.familiarity(items, history, PAIR)


@once
def _unspecific(items: View) -> Column:
    """1 where the text names no standard, thread or part number; NaN without a text."""
    return 1.0 - goods.said(items)["numbered"]


@once
def _small_part(items: View) -> Column:
    return within(facts.piece_mass_g(items), *facts.SMALL_PART_G)


@once
def _tube_mass(items: View) -> Column:
    return within(facts.piece_mass_g(items), *facts.TUBE_G)


@once
def _heavy_package(items: View, history: History) -> Column:
    return ramp(norms.z_score(items, history, "log_kg_per_package"), 1.0, 4.0)


@together(
    reads="host goods, private or new consignee and more mass than usual, together: {value:.2f}"
)
def host_weight_excess(items: View, history: History) -> Column:
    """Machine, appliance, toy, tool or electronics x private or new consignee x mass excess.

    The excess over the goods' norm is the signal; distributors clear the rest (A02, E07).
    """
    host = any_of(
        facts.in_class(items, nomenclature.machine_host),
        facts.in_class(items, nomenclature.small_host),
    )
    return all_of(host, _private_or_new(items, history), _host_excess(items, history))


@together(
    reads="household goods, private consignee, heavy packages, no itemised list and no known "
    "pair, together: {value:.2f}"
)
def household_weight_outlier(items: View, history: History) -> Column:
    """Household class x private x mass a package x text not itemised x pair not known.

    Lawful diaspora cargo is huge: a known pair, an itemised list or a normal package
    clears it (S02, S04).
    """
    listed = ramp(goods.said(items)["itemised"], 1.0, 4.0)
    counted = facts.given(items["quantity"])
    return all_of(
        facts.in_class(items, nomenclature.household),
        facts.is_private(items),
        _heavy_package(items, history),
        1.0 - any_of(listed, 0.5 * counted),
        _unfamiliar(items, history),
    )


@together(reads="unnamed metal pieces of 5 to 400 g by parcel to a private consignee: {value:.2f}")
def metal_pieces_to_a_home(items: View, history: History) -> Column:
    """Generic metal x mass of a small part x private x parcel x no standard named x not known.

    Thread codes, standards and part numbers clear do-it-yourself goods (E01, E03).
    """
    return all_of(
        facts.in_class(items, nomenclature.generic_metal),
        _small_part(items),
        facts.is_private(items),
        on.parcel(items, history),
        _unspecific(items),
        _unfamiliar(items, history),
    )


@together(
    reads="tubes or filters of 150 to 700 g a piece to a private consignee, no part number: "
    "{value:.2f}"
)
def tubes_to_a_home(items: View, history: History) -> Column:
    """Tube or filter x mass of a silencer tube x private x parcel x no part number (E02).

    Car filters carry makers' numbers, plumbing its threads.
    """
    return all_of(
        facts.in_class(items, nomenclature.tube_or_filter),
        _tube_mass(items),
        facts.is_private(items),
        on.parcel(items, history),
        _unspecific(items),
        _unfamiliar(items, history),
    )


@together(
    reads="bulky cheap goods, a new importer and value or mass outside the usual: {value:.2f}"
)
def bulky_cover(items: View, history: History) -> Column:
    """Cheap bulky class x importer novelty x value below or mass above the norm (S03)."""
    cheap = ramp(-norms.z_score(items, history, "log_value_per_kg"), 1.0, 4.0)
    return all_of(
        facts.in_class(items, nomenclature.bulky_cheap),
        facts.novelty(items, history, ("consignee_key",)),
        any_of(cheap, _host_excess(items, history)),
    )


@together(reads="a gift or low value, and far more mass than usual: {value:.2f}")
def gift_too_heavy(items: View, history: History) -> Column:
    """Gift, or under USD 500, x parcel x mass excess (E04).

    Real gifts dominate, so mass decides.
    """
    low = 1.0 - ramp(items["value_usd"], 100.0, 500.0)
    return all_of(
        any_of(facts.known(items["gift"]), 0.7 * low),
        on.parcel(items, history),
        _host_excess(items, history),
    )


@together(reads="a vague text, parties new to each other and goods rare on the lane: {value:.2f}")
def vague_new_and_rare(items: View, history: History) -> Column:
    """Vague wording x pair novelty x rarity of the goods on the lane (S01, S05, S10)."""
    said = goods.said(items)
    vague = any_of(said["vague"], said["generic"])
    ends = ("origin_key", "destination_key", "transport_mode")
    alike = history.count(items, ("hs4", *ends))
    lane = history.count(items, ends)
    rarity = 1.0 - ramp(alike / (alike + 20.0), 0.0, 0.5)
    known = facts.history_known(items, history)
    return all_of(
        vague,
        facts.novelty(items, history, PAIR),
        any_of(rarity * known, (1.0 - ramp(lane, 0.0, 50.0)) * known),
    )


@together(
    reads="a forwarder or nobody as consignee, no house document, and vague, household or "
    "heavy goods: {value:.2f}"
)
def hidden_receiver(items: View, history: History) -> Column:
    """Receiver not shown x no house document x goods that say little or weigh too much (A01)."""
    forwarder = facts.is_one_of(items["consignee_type"], "forwarder")
    unclear = any_of(
        goods.said(items)["vague"],
        0.7 * facts.in_class(items, nomenclature.household),
        _host_excess(items, history),
        full(len(items), 0.2),
    )
    return all_of(
        any_of(
            forwarder,
            facts.absent(items["consignee_key"]),
        ),
        facts.absent(items["house_document"]),
        unclear,
    )


@together(
    reads="arms, parts or ammunition without a licence, for a private or new consignee: {value:.2f}"
)
def arms_unlicensed_and_new(items: View, history: History) -> Column:
    """Arms by code or words x no licence number x private or new consignee (E09, D01).

    Half of it stays for a known firm: late papers of lawful dealers.
    """
    someone = any_of(_private_or_new(items, history), full(len(items), 0.0))
    return all_of(facts.named_arms(items), on.unlicensed(items, history), 0.5 + 0.5 * someone)


@together(
    reads="pieces like small parts to an address with several new names or senders: {value:.2f}"
)
def parts_to_a_shared_address(items: View, history: History) -> Column:
    """Part-like mass or class x new names or senders at the address or number (E05, E10, A03).

    Falls with all that the address receives: parcel shops and blocks of flats.
    """
    spread = []
    for by in ("consignee_address_key", "consignee_phone_key"):
        names = history.partners(items, ("consignee_name_key",), (by,), 90)
        senders = history.partners(items, ("consignor_key",), (by,), 90)
        crowd = 1.0 - ramp(history.count(items, (by,), 365), 15.0, 60.0)
        spread.append(any_of(ramp(names, 0.0, 3.0), ramp(senders, 1.0, 4.0)) * crowd)
    part = any_of(
        _small_part(items),
        _tube_mass(items),
        facts.named_arms(items),
        0.5
        * any_of(
            facts.in_class(items, nomenclature.generic_metal),
            facts.in_class(items, nomenclature.tube_or_filter),
        ),
    )
    return all_of(part, any_of(*spread))


@together(reads="arms or ammunition in transit without an authorisation number: {value:.2f}")
def arms_in_transit_unlicensed(items: View, history: History) -> Column:
    """Arms by code or words x transit or transhipment x no licence number (D05)."""
    unlicensed = on.unlicensed(items, history)
    return all_of(on.passing(items, history), unlicensed, facts.named_arms(items))


@together(
    reads="blank-firing, alarm, air or gas weapons in number for a new or private buyer: "
    "{value:.2f}"
)
def convertibles_in_number(items: View, history: History) -> Column:
    """Convertible class x quantity, from 3 to 50 pieces x private or new buyer (D06).

    Sports starters, film rental and dog training buy a few.
    """
    return all_of(
        facts.in_class(items, nomenclature.convertible),
        ramp(on.pieces(items, history), 3.0, 50.0),
        any_of(_private_or_new(items, history), full(len(items), 0.2)),
    )


@together(
    reads="by air, freight dear beside the value, and mass above or value below the usual: "
    "{value:.2f}"
)
def dear_freight_for_cheap_goods(items: View, history: History) -> Column:
    """Air or express x freight near or above value x cheap or heavy goods x pair not known.

    Urgent spares and samples of known pairs clear it (A04).
    """
    cheap = ramp(-norms.z_score(items, history, "log_value_per_kg"), 0.5, 3.0)
    return all_of(
        on.flown(items, history),
        ramp(items["freight_ratio"], 0.3, 1.2),
        any_of(cheap, _host_excess(items, history)),
        _unfamiliar(items, history),
    )


@together(
    reads="a well-known consignee at a new address, and pieces like small parts or too much "
    "mass: {value:.2f}"
)
def known_name_at_a_new_address(items: View, history: History) -> Column:
    """Consignee with a past x address never used by them x part-like mass or excess (E08).

    Holiday flats, workplaces and parcel lockers look alike, hence the third part.
    """
    past = ramp(history.count(items, ("consignee_key",)), 0.0, 3.0)
    here = history.count(items, ("consignee_key", "consignee_address_key"))
    return all_of(
        past,
        (here == 0).astype("float64").where(here.notna()),
        any_of(_small_part(items), _tube_mass(items), _host_excess(items, history)),
        on.parcel(items, history),
    )


FEATURES: list[Feature] = [
    host_weight_excess,
    household_weight_outlier,
    metal_pieces_to_a_home,
    tubes_to_a_home,
    bulky_cover,
    gift_too_heavy,
    vague_new_and_rare,
    hidden_receiver,
    arms_unlicensed_and_new,
    parts_to_a_shared_address,
    arms_in_transit_unlicensed,
    convertibles_in_number,
    dear_freight_for_cheap_goods,
    known_name_at_a_new_address,
]
