"""How people travel: lawful trips, what resembles each typology, and the risky variants.

As for shipments a scenario only draws what a crossing shows; it decides no label, and no
protected column is drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np

from training.synth.hashing import Array

KINDS = ("airport", "seaport", "land", "rail")
AIRPORT, SEAPORT, LAND, RAIL = range(4)


@dataclass(frozen=True)
class Trip:
    """One kind of trip. Numbers from `heavy` on are probabilities, unless they say more.

    `share` is bookings in a thousand. `people` is where travellers come from: `once` (a
    person seldom seen again), `pool` (one of many repeat travellers) or a small circle of
    frequent ones (`commuter`, `crew`, `flyer`). `nights` is the median stay, `lead` the median days
    between booking and crossing.
    """

    name: str
    side: Literal["lawful", "lookalike", "compliance", "risky"]
    share: float
    kinds: dict[str, float]
    people: Literal["once", "pool", "commuter", "crew", "flyer"] = "once"
    key: str = ""
    late: float = 1.0
    party: float = 0.25  # more than one traveller
    nights: float = 6.0
    lead: float = 30.0
    same_route: float = 0.0  # keeps to one route
    heavy: float = 0.05  # bags of 25 to 40 kg each
    bags: float = 0.9  # mean checked bags
    one_way: float = 0.08
    cash: float = 0.05
    changed: float = 0.06
    tags_off: float = 0.015
    detour: float = 0.06
    hire: float = 0.05  # vehicle that many drive
    arms: float = 0.0
    many_arms: float = 0.02  # of those with arms: more than a permit covers
    licence: float = 0.0
    goods: dict[str, float] = field(default_factory=dict)
    says: float = 0.1  # goods are declared


KNOBS = tuple(f.name for f in fields(Trip) if f.name in {
    "party", "same_route", "heavy", "one_way", "cash", "changed", "tags_off", "detour", "hire",
    "arms", "many_arms", "licence", "says"})  # fmt: skip
_AIR = {"airport": 1.0}
_LAND = {"land": 1.0}
_WORDS = {"household": 0.4, "toytool": 0.3, "bulky": 0.3}

TRIPS = (
    Trip("holiday", "lawful", 230, {"airport": 0.8, "seaport": 0.2}, party=0.5, nights=8),
    Trip("family_visit", "lawful", 130, {"airport": 0.7, "land": 0.2, "rail": 0.1}, party=0.5,
         nights=16, heavy=0.2, bags=1.8, says=0.3, goods=_WORDS),
    Trip("business", "lawful", 120, {"airport": 0.8, "rail": 0.2}, people="pool", party=0.1,
         nights=2, lead=12, bags=0.4, same_route=0.4),
    Trip("commuter", "lawful", 140, {"land": 0.8, "rail": 0.2}, people="commuter", party=0.1,
         nights=0, same_route=1.0, bags=0.1, heavy=0.01),
    Trip("shopper", "lawful", 80, _LAND, people="pool", party=0.4, nights=0, same_route=0.8,
         bags=0.3, says=0.25, goods=_WORDS),
    Trip("driver", "lawful", 50, _LAND, people="crew", party=0.05, nights=1, same_route=0.6,
         hire=0.6, bags=0.3),
    Trip("air_crew", "lawful", 25, _AIR, people="crew", party=0.0, nights=1, bags=1.0, lead=20,
         same_route=0.3),
    Trip("ferry", "lawful", 50, {"seaport": 1.0}, party=0.5, nights=3, hire=0.1),
    Trip("train", "lawful", 60, {"rail": 1.0}, people="pool", party=0.2, nights=3),
    Trip("connecting", "lawful", 35, _AIR, party=0.3, nights=0.3, detour=0.4),
    Trip("small_trader", "lookalike", 25, {"airport": 0.8, "land": 0.2}, people="flyer", nights=4,
         same_route=0.85, heavy=0.3, bags=2.5, says=0.5, cash=0.2,
         goods={"bulky": 0.5, "toytool": 0.3, "metal": 0.2}),
    Trip("moving_abroad", "lookalike", 14, _AIR, nights=90, one_way=0.9, heavy=0.5, bags=2.5,
         says=0.3, goods={"household": 1.0}),
    Trip("last_minute", "lookalike", 14, _AIR, lead=1, one_way=0.5, cash=0.35, nights=5),
    Trip("hunter", "lookalike", 10, {"airport": 0.5, "land": 0.5}, party=0.5, nights=5,
         arms=0.95, many_arms=0.05, licence=0.96, heavy=0.3, bags=1.5, says=0.6,
         goods={"firearm": 0.5, "ammo": 0.2, "accessory": 0.3}),
    Trip("shooting_team", "lookalike", 3, _AIR, party=0.9, nights=5, arms=0.95, many_arms=0.15,
         licence=0.97, heavy=0.5, bags=2.0, says=0.8, goods={"firearm": 0.6, "ammo": 0.4}),
    Trip("collector", "lookalike", 6, {"airport": 0.6, "land": 0.4}, nights=4, says=0.95,
         goods={"airgun": 0.4, "convertible": 0.3, "accessory": 0.3}, heavy=0.15),
    Trip("film_or_toy", "lookalike", 8, {"airport": 0.7, "land": 0.3}, nights=6, says=0.95,
         goods={"homonym": 0.6, "toytool": 0.4}, heavy=0.2),
    Trip("craftsman", "lookalike", 12, {"land": 0.7, "airport": 0.3}, people="pool", nights=2,
         same_route=0.5, heavy=0.35, bags=1.5, says=0.5,
         goods={"metal": 0.3, "tube": 0.2, "industrial": 0.3, "machine": 0.2}),
    Trip("hire_car", "lookalike", 15, _LAND, nights=4, hire=0.95, party=0.5),
    Trip("lost_tags", "lookalike", 8, _AIR, party=0.7, tags_off=0.8, bags=2.0),
    # compliance: an owner's own gun, undeclared or without its paper, is not trafficking
    Trip("own_gun_transit", "compliance", 6, {"land": 0.6, "airport": 0.4}, nights=3, arms=0.9,
         licence=0.15, detour=0.2, says=0.2, goods={"accessory": 0.6, "ammo": 0.4}),
    Trip("permit_slip", "compliance", 3, {"airport": 0.6, "land": 0.4}, nights=5, arms=0.95,
         many_arms=0.3, licence=0.8, party=0.4),
    # risky
    Trip("r_trips", "risky", 7.6, _AIR, people="flyer", key="T02_short_frequent_trips", nights=1,
         same_route=0.97, heavy=0.9, bags=2.2, cash=0.3, lead=4, party=0.1),
    Trip("r_bags", "risky", 3.9, _AIR, key="T03_baggage_conduct", nights=1, tags_off=0.8,
         heavy=0.8, bags=2.5, party=0.5, lead=4, cash=0.3),
    Trip("r_permit", "risky", 4.7, {"airport": 0.6, "land": 0.4}, key="T04_sport_permit_misuse",
         arms=0.98, many_arms=0.95, licence=0.7, nights=1.2, party=0.3, one_way=0.3,
         late=1.4),
    Trip("r_replica", "risky", 5.1, {"airport": 0.6, "land": 0.4}, key="T05_replica_deactivated",
         says=0.98, goods={"convertible": 0.8, "airgun": 0.2}, heavy=0.8, bags=2.0, nights=1.5,
         people="pool", same_route=0.6),
    Trip("r_one_way", "risky", 4, _AIR, key="T03_baggage_conduct", one_way=0.95, cash=0.9,
         lead=1, heavy=0.85, bags=2.2, changed=0.4, detour=0.3),
    Trip("r_host", "risky", 5.4, {"airport": 0.7, "land": 0.3},
         key="E07_toy_tool_electronics_cover", says=0.98,
         goods={"toytool": 0.6, "machine": 0.4}, heavy=0.9, bags=2.0, nights=1.2),
    Trip("r_parts", "risky", 6, {"airport": 0.6, "land": 0.4}, key="E10_complementary_parts",
         says=0.98, goods={"disguised": 0.6, "part": 0.4}, nights=1.5, people="pool",
         same_route=0.7, late=1.4),
    Trip("r_words", "risky", 2.2, {"airport": 0.6, "land": 0.4}, key="X02_firearm_lexicon",
         says=0.99, goods={"part": 0.6, "ammo": 0.4}, nights=3),
    Trip("r_vehicle", "risky", 12, _LAND, people="crew", key="L02_uneconomic_or_route_mismatch",
         hire=0.95, nights=0.3, detour=0.8, heavy=0.7, bags=2.0, same_route=0.7),
)  # fmt: skip


@dataclass(frozen=True)
class TripBook:
    """All trips as arrays: probabilities, cumulative choices and shares by period."""

    trips: tuple[Trip, ...]
    knobs: dict[str, Array]
    kinds: Array
    goods: Array
    share: Array  # 2 (before, after the change) x trips, cumulative


def book(pools: tuple[str, ...], enrichment: float, waves: Mapping[str, float]) -> TripBook:
    """The trips as arrays; `enrichment` multiplies the share of the risky, `waves` of some."""
    share = np.array(
        [
            [
                t.share
                * waves.get(t.name, 1.0)
                * (enrichment if t.side == "risky" else 1.0)
                * (t.late if late else 1.0)
                for t in TRIPS
            ]
            for late in (0, 1)
        ]
    )
    kinds = np.array([[t.kinds.get(kind, 0.0) for kind in KINDS] for t in TRIPS])
    words = [t.goods or {"household": 0.5, "toytool": 0.25, "bulky": 0.25} for t in TRIPS]
    goods = np.array([[row.get(pool, 0.0) for pool in pools] for row in words])
    return TripBook(
        trips=TRIPS,
        knobs={name: np.array([getattr(t, name) for t in TRIPS]) for name in KNOBS},
        kinds=np.cumsum(kinds, axis=1) / kinds.sum(axis=1, keepdims=True),
        goods=np.cumsum(goods, axis=1) / goods.sum(axis=1, keepdims=True),
        share=np.cumsum(share, axis=1) / share.sum(axis=1, keepdims=True),
    )
