"""Signs of each row, 0 to 1, from what it shows and what came before it.

`rows` holds what is behind the row (which words, which party), `blank` what is not shown;
a sign that needs a field that is not shown is 0.
"""

from __future__ import annotations

import numpy as np

from training.synth import goods as g
from training.synth import world as w
from training.synth.declarations import BUSINESS, FORWARDER, PRIVATE, Fields
from training.synth.goods import POOL, TERM, Goods
from training.synth.hashing import Array
from training.synth.memory import DAY, Memory
from training.synth.truth import Signs

WARM_UP_DAYS = 90  # before that nobody can know who is new


def step(x: Array, width: float) -> Array:
    """A smooth step from 0 to 1 at 0; what is missing (NaN) gives 0."""
    rise: Array = 1.0 / (1.0 + np.exp(-np.clip(x / width, -40, 40)))
    return np.where(np.isnan(x), 0.0, rise)


def _nearest(first: Array, second: Array) -> Array:
    """Of two deviations the one nearer to zero; where one is missing, the other."""
    one = np.where(np.isnan(first), np.inf, np.abs(first))
    two = np.where(np.isnan(second), np.inf, np.abs(second))
    nearest: Array = np.where(one <= two, first, second)
    return nearest


def _deviation(
    measure: Array,
    norm: Array,
    sd: Array | float,
    rows: tuple[Array, Array],
    usable: tuple[Array, Array],
) -> Array:
    """Standard deviations from the norm of the code or the words, whichever fits better."""
    by = [
        np.where(ok, (measure - norm[row]) / sd, np.nan)
        for row, ok in zip(rows, usable, strict=True)
    ]
    return _nearest(by[0], by[1])


def weights(rows: Fields, blank: dict[str, Array], goods: Goods) -> Signs:
    """Signs of mass, price and freight."""
    coded = ~blank["hs_code"] & (rows["code_length"] >= 4) & (goods.hs2[rows["code"]] != 0)
    named = ~np.isin(goods.term[rows["words"]], (TERM["vague"],)) & (goods.hs2[rows["words"]] != 99)
    lines = (rows["code"], rows["words"])
    usable = (coded, named)
    net = np.where(blank["net_mass_kg"], np.nan, rows["net"])
    gross = np.where(blank["gross_mass_kg"], np.nan, rows["gross"])
    mass = np.where(np.isnan(net), gross / 1.1, net)
    quantity = np.where(blank["quantity"] | ~rows["piece"], np.nan, rows["units"])
    packages = np.where(blank["package_count"], np.nan, rows["packages"])
    per_unit = np.log(mass / np.maximum(quantity, 1e-9))
    per_package = np.log(gross / np.maximum(packages, 1.0))
    household = goods.pool[rows["words"]] == POOL["household"]
    parcel = np.isin(rows["mode"], (w.POST, w.EXPRESS))
    z_unit = _deviation(per_unit, goods.mu_unit, g.SD_UNIT, lines, usable)
    cargo_sd = np.where(rows["piece"], 0.5, g.SD_PACKAGE)
    z_package = _deviation(per_package, goods.mu_package, cargo_sd, lines, usable)
    z_package = np.where(parcel, np.nan, z_package)
    z_box = (per_package - np.log(1.09 * g.HOUSEHOLD_PACKAGE_KG)) / g.SD_HOUSEHOLD
    z = np.where(household, z_box, np.where(np.isnan(z_unit), z_package, z_unit))
    excess = step(z - 2.6, 0.15)
    piece_mass = np.exp(np.where(household, np.nan, per_unit))
    part = step(np.log(piece_mass / 0.026), 0.1) * step(-np.log(piece_mass / 0.45), 0.1)
    tube = step(np.log(piece_mass / 0.14), 0.06) * step(-np.log(piece_mass / 0.72), 0.06)
    usd = np.where(blank["value"], np.nan, rows["value"] / rows["per_usd"])
    per_kg = np.log(np.maximum(usd, 0.01) / mass)
    z_price = _deviation(per_kg, goods.mu_price, g.SD_PRICE, lines, usable)
    freight = np.where(blank["freight_cost"], np.nan, rows["freight"] / rows["per_usd"])
    ratio = np.log(freight / np.maximum(usd, 0.01))
    return {
        "excess": excess,
        "off_norm": np.maximum(excess, step(-z - 2.6, 0.15)),
        "part_mass": part,
        "tube_mass": tube,
        "cheap": step(-z_price - 2.9, 0.2),
        "dear": step(z_price - 2.9, 0.2),
        "freight": step(ratio - np.log(4.0), 0.15),
        "heavy": step(np.log(gross / 15.0), 0.15),
        "bulk": step(np.log(np.maximum(quantity, 1.0) / 18.0), 0.2) * ~np.isnan(quantity),
    }


def words(rows: Fields, blank: dict[str, Array], goods: Goods) -> Signs:
    """Signs of the text, the code and the licence."""
    text = rows["words"]
    term, pool = goods.term[text], goods.pool[text]
    hs_known = ~blank["hs_code"] & (goods.hs2[rows["code"]] != 0)
    vague = term == TERM["vague"]
    general = pool == POOL["vague"]
    # where the words say nothing, the code says what class of goods it is
    by_code = np.where(general & hs_known, goods.pool[rows["code"]], pool)
    declared, named = goods.hs2[rows["code"]], goods.hs2[text]
    named_93 = np.isin(term, (TERM["strong"], TERM["weak"]))
    arms = (hs_known & (declared == 93)) | (term == TERM["strong"])
    licensed = rows["licence"] & (goods.hs2[rows["phrase"]] == 93)
    signs: Signs = {
        "vague": vague,
        "mismatch": hs_known & ~general & (declared != named) & (declared != 99) & (named != 99),
        "strong": term == TERM["strong"],
        "hint": term == TERM["hint"],
        "homonym": term == TERM["homonym"],
        "coded": term == TERM["code"],
        "uncoded": term != TERM["code"],
        "cover": np.where(term == TERM["cover"], 1.0, np.where(term == TERM["-"], 0.45, 0.0)),
        "itemised": term == TERM["list"],
        "not_arms_code": hs_known & (declared != 93) & named_93,
        "arms": arms,
        "licensed": licensed,
        "unlicensed": ~licensed,
        "half_list": np.where(blank["quantity"], 1.0, 0.45),
        "transit": rows["procedure"] >= 2,
        "by_road": rows["mode"] == w.ROAD,
        "by_air": np.isin(rows["mode"], (w.AIR, w.EXPRESS)),
    }
    for name in ("household", "metal", "tube", "machine", "toytool", "bulky", "industrial",
                 "newcover", "convertible"):  # fmt: skip
        signs[name] = by_code == POOL[name]
    signs["dual_use"] = arms | signs["convertible"] | signs["industrial"]
    return signs


def parties(rows: Fields, blank: dict[str, Array], goods: Goods, memory: Memory) -> Signs:
    """Signs of parties, routes and links, as of each row's time; feeds the memory."""
    header = np.flatnonzero(rows["item"] == 1)
    of = np.cumsum(rows["item"] == 1) - 1
    day = rows["seconds"] // DAY
    shown = ~blank["consignee"] & ~blank["consignor"]
    pair_slot, party_slot = rows["pair_slot"][header], rows["party_slot"][header]
    pair_before = memory.count(memory.pair, pair_slot, day[header])
    party_before = memory.count(memory.party, party_slot, day[header])
    decided = rows["pair_new"][header]
    warm = rows["seconds"] >= WARM_UP_DAYS * DAY
    pair_is_new = np.where(decided >= 0, decided == 1, pair_before == 0)[of]
    regular = (pair_before >= 3)[of] & shown
    party_before = party_before[of]
    private = (rows["ctype"] == PRIVATE) & ~blank["consignee_type"] & ~blank["consignee"]
    firm = (rows["ctype"] == BUSINESS) & ~blank["consignee_type"] & ~blank["consignee"]
    forwarder = (rows["ctype"] == FORWARDER) & ~blank["consignee_type"] & ~blank["consignee"]

    firms = len(memory.chapters)
    trader = np.where((rows["ctype"] == BUSINESS) & ~blank["consignee"], rows["party_slot"], -1)
    trader = np.where(trader < firms, trader, -1)
    chapter = np.where(blank["hs_code"], 0, goods.hs2[rows["code"]])
    new_trade = memory.trade_is_new(trader, chapter, day)

    # links are looked up for the first item of each declaration
    first = rows["item"] == 1
    kind = w.kind_of(rows["address"])
    linked = (
        first
        & ~blank["consignee_address"]
        & ~blank["consignee"]
        & np.isin(kind, (w.PERSON, w.BLOCK, w.OFFICE_BUILDING, w.DEALER))
    )
    role = goods.role[rows["words"]]
    bits = np.where(role > 0, 1 << role, 0)
    at_address = memory.addresses.look(
        np.where(linked, rows["address"], -1), rows["seconds"], rows["consignor"],
        rows["consignee"], bits,
    )  # fmt: skip
    phoned = (
        first
        & ~blank["consignor_phone"]
        & ~blank["consignor"]
        & np.isin(w.kind_of(rows["sender_phone"]), (w.STRANGER,))
    )
    by_phone = memory.phones.look(
        np.where(phoned, rows["sender_phone"], -1), rows["seconds"], rows["consignee"],
        rows["consignor"], bits,
    )  # fmt: skip
    kinds = goods.pool[rows["phrase"]]
    amount = np.where(blank["quantity"], np.nan, np.log(np.maximum(rows["units"], 1.0)))
    buyer = np.where(rows["dealer"] & ~blank["consignee"], rows["party_slot"], -1)
    beyond = memory.past_quantity(buyer, kinds, amount)
    tenants = np.clip(at_address["names"] / 2.0, 0.0, 1.0)
    private_block = (at_address["names"] >= 4) & private
    return {
        "private": private.astype(float),
        "firm": firm.astype(float),
        "forwarder": forwarder.astype(float),
        "new": (pair_is_new & shown & warm).astype(float),
        "regular": regular.astype(float),
        "absent": blank["consignee"].astype(float),
        "detour": (rows["detour"] & ~blank["route"]).astype(float),
        "rare": rows["rare"].astype(float),
        "gift": (rows["gift"] & ~blank["gift"]).astype(float),
        "no_house": (blank["house_document"]).astype(float),
        "elsewhere": (rows["sender_country"] != rows["export"]) & ~blank["consignor"],
        "off_trade": (new_trade & (party_before >= 5)).astype(float),
        "gaps": _gaps(blank),
        "senders": np.clip(at_address["others"] / 2.0, 0.0, 1.0)
        * np.where(private_block, 0.25, 1.0),
        "repeats": np.clip(at_address["same"] / 2.0, 0.0, 1.0),
        "roles": np.clip((at_address["roles"] - 1) / 2.0, 0.0, 1.0) * private,
        "phone_names": np.clip(by_phone["names"] / 2.0, 0.0, 1.0),
        "building": tenants * (kind == w.OFFICE_BUILDING),
        "new_address": (rows["moved"] & (party_before >= 1)
                        & ~blank["consignee_address"] & ~blank["consignee"]).astype(float),
        "beyond_past": step(beyond - np.log(8.0), 0.15),
        "after_find": np.zeros(len(first)),
        "role": role,
    }  # fmt: skip


def _gaps(blank: dict[str, Array]) -> Array:
    fields = ("consignor_address", "consignee_address", "country_of_origin", "package_type",
              "declarant_id", "value", "freight_cost", "hs_code", "quantity")  # fmt: skip
    missing = np.sum([blank[name] for name in fields], axis=0)
    many: Array = np.clip((missing - 3) / 2.0, 0.0, 1.0)
    return many


def combine(signs: Signs) -> Signs:
    """Signs that are made of others: what looks like a part, and either of two."""
    signs = {name: np.asarray(sign, dtype=np.float64) for name, sign in signs.items()}
    metal_part = np.maximum(signs["metal"], signs["industrial"]) * signs["part_mass"]
    tube_part = signs["tube"] * signs["tube_mass"]
    toy_excess = np.maximum(signs["toytool"], signs["newcover"]) * signs["excess"]
    named = np.maximum(signs["strong"], signs["hint"])
    partlike = np.maximum.reduce([metal_part, tube_part, toy_excess, named]) * signs["uncoded"]
    signs["partlike"] = partlike
    signs["partlike_or_excess"] = np.maximum(partlike, signs["excess"])
    signs["excess_or_vague"] = np.maximum(signs["excess"], 0.3 * signs["vague"])
    signs["excess_or_elsewhere"] = np.maximum(signs["excess"], 0.6 * signs["elsewhere"])
    odd = [signs[name] for name in ("detour", "rare", "off_trade", "vague", "mismatch")]
    signs["odd"] = np.maximum.reduce(odd)
    signs["arms_unlicensed"] = signs["arms"] * signs["unlicensed"]
    return signs
