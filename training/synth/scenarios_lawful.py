"""Lawful trade: the ordinary flow, and what resembles each typology and is not it.

The look-alikes follow the column "look-alikes and mitigation" of the typology table; with
the ordinary flow's own share they outnumber positives by more than twenty to one.
"""

from __future__ import annotations

from training.synth.scenarios import Cluster, Scenario

_CARGO = {"sea": 0.5, "air": 0.2, "road": 0.25, "rail": 0.05}
_PARCEL = {"post": 0.5, "express": 0.5}
_FIRM = {"business": 1.0}
_PERSON = {"private": 1.0}

ORDINARY = (
    # the first one is also what companion items of a multi-item declaration follow
    Scenario("trade", "lawful", 330, _CARGO, {"business": 0.97, "forwarder": 0.03},
             {"ordinary": 0.62, "bulky": 0.14, "machine": 0.07, "tube": 0.03, "metal": 0.04,
              "industrial": 0.04, "toytool": 0.05, "homonym": 0.01},
             items=0.24, part_mass=0.01, season=1.1),
    Scenario("export", "lawful", 45, _CARGO, _FIRM, {"ordinary": 0.8, "machine": 0.1, "bulky": 0.1},
             procedure="export", items=0.2),
    Scenario("transit", "lawful", 40, {"sea": 0.4, "road": 0.4, "rail": 0.1, "air": 0.1},
             {"business": 0.8, "forwarder": 0.2}, {"ordinary": 0.7, "bulky": 0.2, "machine": 0.1},
             procedure="transit", detour=0.12),
    Scenario("shop_parcel", "lawful", 190, _PARCEL, {"private": 0.92, "business": 0.08},
             {"ordinary": 0.55, "toytool": 0.2, "metal": 0.04, "tube": 0.03, "homonym": 0.05,
              "machine": 0.04, "bulky": 0.06, "hobby": 0.02, "newcover": 0.01},
             vague=0.1, fresh=0.7, gift=0.05, price_low=0.03, items=0.05, no_list=0.2, season=1.5),
    Scenario("firm_parcel", "lawful", 70, _PARCEL, _FIRM,
             {"ordinary": 0.6, "metal": 0.1, "industrial": 0.1, "toytool": 0.1, "tube": 0.05,
              "machine": 0.05},
             vague=0.08, fresh=0.25, part_mass=0.05, items=0.12),
    Scenario("family_parcel", "lawful", 45, _PARCEL, _PERSON,
             {"ordinary": 0.5, "toytool": 0.2, "household": 0.2, "bulky": 0.1}, gift=0.55,
             vague=0.12, no_list=0.35, price_low=0.05, sender="family", fresh=0.3, season=2.0,
             items=0.03),
    Scenario("diaspora_barrel", "lawful", 60, {"sea": 0.75, "air": 0.1, "road": 0.15},
             {"private": 0.9, "forwarder": 0.1},
             {"household": 0.93, "machine": 0.03, "toytool": 0.04}, sender="family", fresh=0.3,
             no_list=0.45, no_house=0.1, season=1.8, items=0.1, vague=0.04, gift=0.1),
    Scenario("removal", "lawful", 10, {"sea": 0.6, "road": 0.4}, _PERSON, {"household": 1.0},
             sender="person", fresh=0.95, no_list=0.3, items=0.2),
    Scenario("groupage", "lawful", 25, {"sea": 0.5, "air": 0.3, "road": 0.2},
             {"forwarder": 0.9, "business": 0.1},
             {"ordinary": 0.5, "bulky": 0.2, "machine": 0.1, "vague": 0.1, "household": 0.1},
             vague=0.12, no_house=0.15, items=0.4),
    Scenario("aid_and_state", "lawful", 6, {"sea": 0.5, "air": 0.4, "road": 0.1}, {"official": 1.0},
             {"ordinary": 0.7, "machine": 0.3}, fresh=0.3),
    Scenario("licensed_arms", "lawful", 5, {"sea": 0.3, "air": 0.4, "road": 0.2, "express": 0.1},
             {"business": 0.9, "official": 0.1},
             {"firearm": 0.35, "ammo": 0.3, "part": 0.2, "accessory": 0.1, "convertible": 0.05},
             licence=0.97, end_use=0.6, fresh=0.1, mismatch=0.01, vague=0.01, off_trade=0.0),
)  # fmt: skip

LOOKALIKES = (
    Scenario("distributor", "lookalike", 14, _CARGO, _FIRM, {"machine": 0.7, "toytool": 0.3},
             excess=0.02, fresh=0.08),
    Scenario("appliance_home", "lookalike", 14, {"sea": 0.4, "air": 0.2, "express": 0.4}, _PERSON,
             {"machine": 1.0}, fresh=0.7, excess=0.015, sender="firm"),
    Scenario("toy_or_tool_home", "lookalike", 18, _PARCEL, _PERSON,
             {"toytool": 0.9, "newcover": 0.1}, gift=0.25, fresh=0.75, excess=0.015, late=1.1),
    Scenario("fasteners_home", "lookalike", 12, _PARCEL, _PERSON, {"metal": 1.0}, fresh=0.75,
             part_mass=0.25, vague=0.03),
    Scenario("filters_home", "lookalike", 12, _PARCEL, _PERSON, {"tube": 1.0}, fresh=0.75,
             tube_mass=0.12, vague=0.03),
    Scenario("trade_metal", "lookalike", 10, {"express": 0.6, "air": 0.3, "post": 0.1}, _FIRM,
             {"metal": 0.6, "tube": 0.2, "industrial": 0.2}, vague=0.2, part_mass=0.25,
             tube_mass=0.1, fresh=0.2, cover=0.35),
    Scenario("hobby_parts", "lookalike", 8, _PARCEL, _PERSON,
             {"hobby": 0.6, "metal": 0.2, "industrial": 0.2}, fresh=0.5, part_mass=0.12),
    Scenario("other_trades_words", "lookalike", 22,
             {"sea": 0.2, "post": 0.3, "express": 0.3, "road": 0.2},
             {"private": 0.5, "business": 0.5}, {"homonym": 1.0}, fresh=0.45),
    Scenario("home_workshop", "lookalike", 6, {"express": 0.6, "road": 0.2, "sea": 0.2}, _PERSON,
             {"industrial": 1.0}, fresh=0.7),
    Scenario("heavy_gift", "lookalike", 5, _PARCEL, _PERSON,
             {"toytool": 0.5, "bulky": 0.3, "household": 0.2}, gift=0.95, fresh=0.5, excess=0.02,
             sender="family", price_low=0.08),
    Scenario("urgent_spares", "lookalike", 7, {"air": 0.5, "express": 0.5}, _FIRM,
             {"machine": 0.4, "industrial": 0.4, "metal": 0.2}, freight_high=0.6, fresh=0.1),
    Scenario("samples", "lookalike", 7, {"express": 0.7, "air": 0.3}, _FIRM,
             {"ordinary": 0.7, "metal": 0.3}, vague=0.25, price_low=0.25, freight_high=0.2,
             fresh=0.3),
    Scenario("sparse_trader", "lookalike", 10, {"road": 0.5, "sea": 0.3, "post": 0.2},
             {"private": 0.4, "business": 0.6}, {"ordinary": 0.7, "bulky": 0.3}, gaps=0.5,
             vague=0.3, fresh=0.4),
    Scenario("hub_route", "lookalike", 10, {"sea": 0.7, "air": 0.3}, _FIRM,
             {"ordinary": 0.6, "bulky": 0.4}, detour=0.5, fresh=0.1),
    Scenario("start_up", "lookalike", 12, _CARGO, _FIRM, {"bulky": 0.5, "ordinary": 0.5}, fresh=0.9,
             rare_lane=0.12),
    Scenario("to_order", "lookalike", 5, {"sea": 1.0}, _FIRM, {"ordinary": 0.6, "bulky": 0.4},
             absent=0.9),
    Scenario("new_line", "lookalike", 7, _CARGO, _FIRM, {"ordinary": 0.8, "machine": 0.2},
             off_trade=0.9, fresh=0.3),
    Scenario("wrong_code", "lookalike", 9, {"sea": 0.4, "express": 0.4, "air": 0.2},
             {"business": 0.7, "private": 0.3}, {"ordinary": 1.0}, mismatch=0.9),
    Scenario("return_empty", "lookalike", 5, {"road": 1.0}, _FIRM, {"ordinary": 0.4, "bulky": 0.6},
             price_low=0.6, detour=0.15, freight_high=0.3),
    Scenario("agency_address", "lookalike", 5, _PARCEL, _PERSON, {"toytool": 0.6, "ordinary": 0.4},
             other_address=0.6, known=0.9),
    Scenario("market_warehouse", "lookalike", 8, _PARCEL, _PERSON,
             {"toytool": 0.5, "metal": 0.2, "ordinary": 0.3}, sender_elsewhere=0.7, fresh=0.8),
    # clusters: shares are clusters
    Scenario("flat_block", "lookalike", 0.9, _PARCEL, _PERSON,
             {"toytool": 0.5, "ordinary": 0.4, "metal": 0.1}, fresh=0.8,
             cluster=Cluster("address", (6, 14), 28.0)),
    Scenario("web_orders", "lookalike", 1.6, _PARCEL, _PERSON,
             {"toytool": 0.4, "ordinary": 0.5, "metal": 0.1}, fresh=0.8,
             cluster=Cluster("address", (2, 4), 20.0)),
    Scenario("order_in_parts", "lookalike", 1.2, {"express": 0.6, "air": 0.4},
             {"private": 0.6, "business": 0.4},
             {"toytool": 0.4, "ordinary": 0.4, "machine": 0.1, "metal": 0.1},
             cluster=Cluster("split", (2, 5), 10.0)),
    Scenario("shipping_line_series", "lookalike", 1.0, {"sea": 0.6, "road": 0.4}, _FIRM,
             {"bulky": 0.6, "machine": 0.4}, cluster=Cluster("series", (3, 7), 90.0)),
    Scenario("parcel_agent_phone", "lookalike", 0.6, {"post": 0.2, "express": 0.8}, _PERSON,
             {"household": 0.4, "toytool": 0.3, "ordinary": 0.3}, sender="person",
             cluster=Cluster("phone", (3, 8), 30.0)),
    Scenario("family_firms", "lookalike", 0.5, {"sea": 0.5, "road": 0.5}, _FIRM,
             {"ordinary": 0.6, "bulky": 0.4}, cluster=Cluster("building", (3, 6), 40.0)),
    Scenario("gunsmith", "lookalike", 0.25, {"express": 0.7, "air": 0.3}, _FIRM,
             {"part": 0.8, "accessory": 0.2}, licence=0.98, end_use=0.5,
             cluster=Cluster("parts", (2, 5), 25.0)),
)  # fmt: skip

COMPLIANCE = (
    Scenario("licence_slip", "compliance", 7, {"sea": 0.2, "air": 0.4, "express": 0.4},
             {"business": 0.95, "private": 0.05}, {"firearm": 0.3, "ammo": 0.3, "part": 0.4},
             licence=0.25, end_use=0.2, fresh=0.15, mismatch=0.01, vague=0.02, off_trade=0.0),
    Scenario("sights_and_grips", "compliance", 18, {"post": 0.5, "express": 0.4, "air": 0.1},
             {"private": 0.75, "business": 0.25}, {"accessory": 1.0}, licence=0.05, fresh=0.6,
             vague=0.04),
    Scenario("air_guns", "compliance", 15, {"post": 0.3, "express": 0.4, "sea": 0.3},
             {"private": 0.6, "business": 0.4}, {"airgun": 1.0}, licence=0.1, fresh=0.5,
             vague=0.03),
    Scenario("alarm_retailer", "compliance", 5, {"road": 0.5, "sea": 0.3, "express": 0.2},
             {"business": 0.8, "private": 0.2}, {"convertible": 1.0}, licence=0.6, fresh=0.08,
             vague=0.02),
    Scenario("hunter_transit", "compliance", 4, {"air": 0.6, "road": 0.4},
             {"business": 0.6, "private": 0.4}, {"firearm": 0.6, "ammo": 0.4}, licence=0.92,
             procedure="transit", fresh=0.5),
)  # fmt: skip

FRAUD = (
    Scenario("undervaluation", "fraud", 12, {"sea": 0.5, "air": 0.2, "express": 0.3}, _FIRM,
             {"ordinary": 0.6, "toytool": 0.2, "bulky": 0.2}, price_low=0.9, fresh=0.3,
             mismatch=0.2),
    Scenario("short_weight", "fraud", 6, {"sea": 0.7, "road": 0.3}, _FIRM,
             {"ordinary": 0.5, "bulky": 0.5}, light=0.6, fresh=0.3, vague=0.2),
)  # fmt: skip

LAWFUL = ORDINARY + LOOKALIKES + COMPLIANCE + FRAUD
