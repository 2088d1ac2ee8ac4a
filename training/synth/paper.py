"""What the declaration finally shows: codes, documents, gaps and errors.

Gaps and errors depend on the mode, the writer and chance, never on the scenario; what a
scenario leaves out (`absent`, `no_list`, `no_house`, `gaps`) also happens in lawful trade.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.synth import wording
from training.synth import world as w
from training.synth.declarations import PROCEDURES, Fields
from training.synth.goods import POOL, Goods
from training.synth.hashing import Array, pick, unit

CONSIGNEE_TYPES = np.array(["private", "business", "forwarder", "official"], dtype=object)
# Chance that a field is missing: by mode (sea, air, road, rail, post, express).
_MISSING = {
    "consignor_address": (0.12, 0.10, 0.2, 0.2, 0.25, 0.08),
    "consignor_phone": (0.5, 0.4, 0.6, 0.7, 0.6, 0.2),
    "consignee_address": (0.08, 0.06, 0.12, 0.15, 0.03, 0.02),
    "consignee_phone": (0.45, 0.35, 0.6, 0.7, 0.45, 0.1),
    "notify_name": (0.3, 0.6, 0.95, 0.9, 1.0, 1.0),
    "declarant_id": (0.05, 0.06, 0.08, 0.05, 0.5, 0.1),
    "consignee_type": (0.04, 0.04, 0.05, 0.05, 0.06, 0.04),
    "country_of_origin": (0.06, 0.06, 0.08, 0.05, 0.2, 0.05),
    "port_of_loading": (0.03, 0.03, 0.3, 0.2, 0.5, 0.2),
    "port_of_discharge": (0.03, 0.03, 0.3, 0.2, 0.5, 0.2),
    "route": (0.25, 0.3, 0.5, 0.4, 0.85, 0.6),
    "house_document": (0.25, 0.2, 0.6, 0.6, 0.9, 0.5),
    "conveyance": (0.05, 0.05, 0.1, 0.1, 0.7, 0.4),
    "hs_code": (0.03, 0.04, 0.04, 0.03, 0.28, 0.08),
    "package_type": (0.03, 0.04, 0.05, 0.04, 0.3, 0.1),
    "package_count": (0.02, 0.02, 0.03, 0.02, 0.05, 0.02),
    "quantity": (0.15, 0.15, 0.15, 0.15, 0.18, 0.12),
    "gross_mass_kg": (0.02, 0.02, 0.03, 0.02, 0.03, 0.02),
    "net_mass_kg": (0.2, 0.25, 0.2, 0.15, 0.55, 0.45),
    "volume_m3": (0.45, 0.5, 0.85, 0.8, 0.97, 0.7),
    "value": (0.05, 0.04, 0.05, 0.03, 0.05, 0.03),
    "freight_cost": (0.25, 0.2, 0.4, 0.4, 0.2, 0.12),
    "gift": (0.6, 0.5, 0.6, 0.6, 0.05, 0.15),
    "seal_numbers": (0.15, 0.6, 0.4, 0.2, 1.0, 1.0),
}
_PACKAGES = np.array(["CT", "PX", "BX", "PK", "CR", "BG", "DR", "PC"], dtype=object)
# ISO 6346: letters count from 10 and leave out the multiples of eleven.
_LETTER = {chr(65 + i): 10 + i + (i >= 1) + (i >= 11) + (i >= 21) for i in range(26)}


def _container(number: int) -> str:
    """An invented container number with its ISO 6346 check digit."""
    body = f"XM{chr(65 + number % 26)}U{number // 26 % 10**6:06d}"
    total = sum((_LETTER.get(c) or int(c)) * 2**i for i, c in enumerate(body))
    return f"{body}{total % 11 % 10}"


def _item(number: int, country: str) -> str:
    """An S10 postal item number with its check digit."""
    digits = f"{number % 10**8:08d}"
    total = sum(int(d) * f for d, f in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = 11 - total % 11
    return f"CX{digits}{0 if check == 10 else 5 if check == 11 else check}{country}"


def _text(values: Array, missing: Array) -> Array:
    shown = values.astype(object)
    shown[missing] = None
    return shown


def gaps(rows: Fields, world: w.World, rng: np.random.Generator) -> dict[str, Array]:
    """Which fields each item leaves blank: mode, writer's care and chance."""
    n = len(rows["item"])
    care = np.array([0.5, 1.0, 1.7])[pick(rows["agent"], world.salt(70), 3)]
    header = np.flatnonzero(rows["item"] == 1)
    of = np.cumsum(rows["item"] == 1) - 1
    by_item = {
        "hs_code",
        "package_type",
        "package_count",
        "quantity",
        "gross_mass_kg",
        "net_mass_kg",
        "volume_m3",
        "value",
    }
    blank = {}
    for name, shares in _MISSING.items():
        chance = np.minimum(np.array(shares)[rows["mode"]] * care, 1.0)
        if name in by_item:
            blank[name] = rng.random(n) < chance
        else:
            blank[name] = (rng.random(len(header)) < chance[header])[of]
    left_out = rows["gaps"]
    for name in (
        "consignor_address",
        "consignee_address",
        "country_of_origin",
        "package_type",
        "declarant_id",
        "value",
        "freight_cost",
    ):
        blank[name] |= left_out & (rng.random(len(header)) < 0.6)[of]
    blank["quantity"] |= rows["no_list"]
    blank["house_document"] |= rows["no_house"] & (rng.random(len(header)) < 0.97)[of]
    blank["hs_code"] &= rng.random(n) > 0.02
    blank["consignor"] = (rng.random(len(header)) < 0.02)[of]
    blank["consignee"] = rows["absent"].copy()
    return blank


def errors(rows: Fields, rng: np.random.Generator) -> None:
    """Mass in another unit, a decimal place lost: a few in a thousand, on all sides."""
    n = len(rows["item"])
    slip = rng.random(n)
    factor = np.select([slip < 0.0008, slip < 0.0016, slip < 0.002], [10.0, 0.1, 1000.0], 1.0)
    rows["net"] = rows["net"] * factor
    rows["gross"] = rows["gross"] * np.where(rng.random(n) < 0.7, factor, 1.0)
    swapped = rng.random(n) < 0.003
    rows["net"], rows["gross"] = (
        np.where(swapped, rows["gross"], rows["net"]),
        np.where(swapped, rows["net"], rows["gross"]),
    )


def _route(
    rows: Fields, world: w.World, loading: Array, discharge: Array, n: int, rng: np.random.Generator
) -> Array:
    hub = world.lane_hub[rows["lane"]]
    hub = np.where(rows["rare"] | (rows["cluster"] >= 0), -1, hub)
    first = np.floor(rng.random(n) * len(world.countries)).astype(int)
    second = np.floor(rng.random(n) * len(world.countries)).astype(int)
    legs = rng.random(n)
    kind = np.where(rows["mode"] == w.AIR, 1, np.where(rows["mode"] == w.SEA, 0, 2))
    hub_place, one, two = (np.empty(n, dtype=object) for _ in range(3))
    for code, name in enumerate(("sea", "air", "land")):
        at = kind == code
        some = rng.random(int(at.sum()))
        hub_place[at] = world.place(name, np.maximum(hub[at], 0), some)
        one[at] = world.place(name, first[at], some)
        two[at] = world.place(name, second[at], some)
    made = []
    for a, b, h, x, y, has, off, leg in zip(
        loading.tolist(),
        discharge.tolist(),
        hub_place.tolist(),
        one.tolist(),
        two.tolist(),
        (hub >= 0).tolist(),
        rows["detour"].tolist(),
        legs.tolist(),
        strict=True,
    ):
        way = [a]
        if has:
            way.append(h)
        if off:
            way.append(x)
            if leg < 0.4:
                way.append(y)
        way.append(b)
        made.append("|".join(p for i, p in enumerate(way) if i == 0 or p != way[i - 1]))
    return np.array(made, dtype=object)


def table(
    rows: Fields,
    world: w.World,
    goods: Goods,
    calendar_times: Array,
    blank: dict[str, Array],
    rng: np.random.Generator,
) -> dict[str, Array]:
    """The canonical columns of each item, as numpy arrays (None or NaN where missing)."""
    n = len(rows["item"])
    header = np.flatnonzero(rows["item"] == 1)
    of = np.cumsum(rows["item"] == 1) - 1
    head = {name: column[header] for name, column in rows.items()}
    m = len(header)
    drawn: dict[str, Array] = {}
    mode = head["mode"]
    serial = head["serial"]
    number = pick(serial, world.salt(71), 10**9)
    country = world.countries

    def put(name: str, values: Array, missing: Array | None = None) -> None:
        gone = np.zeros(m, dtype=bool) if missing is None else missing[header]
        drawn[name] = _text(values, gone)[of]

    none = np.zeros(m, dtype=bool)
    post = mode == w.POST
    loading, discharge = np.empty(m, dtype=object), np.empty(m, dtype=object)
    for code, names in (
        ("sea", (w.SEA,)),
        ("air", (w.AIR, w.EXPRESS, w.POST)),
        ("land", (w.ROAD, w.RAIL)),
    ):
        at = np.isin(mode, names)
        loading[at] = world.place(code, head["export"][at], unit(head["lane"][at], 72))
        discharge[at] = world.place(code, head["destination"][at], unit(head["lane"][at], 73))
    put(
        "declaration_id",
        np.array([f"{26000000 + s % 10**12}" for s in serial.tolist()], dtype=object),
    )
    put("procedure", np.array(PROCEDURES, dtype=object)[head["procedure"]])
    put("transport_mode", np.array(w.MODES, dtype=object)[mode])
    put("customs_office", w.OFFICE_CODES[head["office"]])
    documents = [
        _item(v, country[c]) if p else f"XM{k}{v:09d}"
        for v, p, c, k in zip(
            number.tolist(),
            post.tolist(),
            head["export"].tolist(),
            np.array(["BL", "AW", "CM", "CI", "", "EX"])[mode].tolist(),
            strict=True,
        )
    ]
    put("transport_document", np.array(documents, dtype=object))
    put(
        "house_document",
        np.array([f"H{v:09d}" for v in number.tolist()], dtype=object),
        blank["house_document"],
    )
    carrier = np.array([f"XC{c:02d}" for c in range(72)], dtype=object)[head["carrier"]]
    put("carrier", carrier)
    trip = pick(head["seconds"] // 86400 * 100 + head["carrier"], world.salt(74), 9000) + 1000
    put(
        "conveyance",
        np.array([f"{c}{t}" for c, t in zip(carrier, trip.tolist(), strict=True)], dtype=object),
        blank["conveyance"],
    )
    for side, who, place, phone in (
        ("consignor", "consignor", "consignor", "sender_phone"),
        ("consignee", "consignee", "address", "phone"),
    ):
        variant = rng.random(m) < 0.07
        gone = blank[side]
        registered = w.codes(world, head[who])
        drawn[f"{side}_id"] = _text(registered, gone[header] | (rng.random(m) < 0.03))[of]
        put(f"{side}_name", np.array(w.names(world, head[who], variant), dtype=object), gone)
        put(
            f"{side}_address",
            np.array(w.addresses(world, head[place], rng.random(m) < 0.12), dtype=object),
            blank[f"{side}_address"] | gone,
        )
        put(
            f"{side}_phone",
            np.array(w.phones(world, head[phone], rng.random(m) < 0.12), dtype=object),
            blank[f"{side}_phone"] | gone,
        )
    put("consignor_country", country[head["sender_country"]], blank["consignor"])
    put("consignee_country", country[head["destination"]], blank["consignee"])
    put(
        "consignee_type",
        CONSIGNEE_TYPES[head["ctype"]],
        blank["consignee_type"] | blank["consignee"],
    )
    notify = w.names(
        world,
        np.where(
            head["absent"] | (rng.random(m) < 0.3),
            w.party(w.FORWARDER, head["agent"]),
            head["consignee"],
        ),
        none,
    )
    put("notify_name", np.array(notify, dtype=object), blank["notify_name"])
    put(
        "declarant_id",
        np.array([f"D{a:04d}" for a in head["agent"].tolist()], dtype=object),
        blank["declarant_id"],
    )
    put("country_of_origin", country[head["origin"]], blank["country_of_origin"])
    put("country_of_export", country[head["export"]])
    put("country_of_destination", country[head["destination"]])
    put("port_of_loading", loading, blank["port_of_loading"])
    put("port_of_discharge", discharge, blank["port_of_discharge"])
    put("route", _route(head, world, loading, discharge, m, rng), blank["route"])
    boxed = (mode == w.SEA) | (mode == w.RAIL)
    boxes = np.array([_container(v) for v in number.tolist()], dtype=object)
    drawn["container_numbers"] = _text(boxes, ~boxed | (rng.random(m) < 0.04))[of]
    put(
        "seal_numbers",
        np.array([f"S{v % 10**7:07d}" for v in number.tolist()], dtype=object),
        blank["seal_numbers"],
    )
    _items(drawn, rows, world, goods, blank, rng)
    drawn["lodged_at"] = calendar_times
    travel = np.array([12.0, 1.5, 2.0, 5.0, 6.0, 1.5])[mode] * np.exp(0.5 * rng.standard_normal(m))
    before = rng.random(m) < 0.85
    wait = np.where(before, travel, -rng.random(m) * 3.0) * 86400e6
    drawn["arrival_at"] = calendar_times + wait.astype(np.int64)[of]
    drawn["arrival_missing"] = (rng.random(m) < np.where(post, 0.4, 0.06))[of]
    drawn["item_number"] = rows["item"]
    assert len(drawn["declaration_id"]) == n
    return drawn


def _items(
    drawn: dict[str, Array],
    rows: Fields,
    world: w.World,
    goods: Goods,
    blank: dict[str, Array],
    rng: np.random.Generator,
) -> None:
    n = len(rows["item"])
    writer = np.where(np.isin(rows["mode"], (w.POST, w.EXPRESS)), rows["consignor"], rows["agent"])
    drawn["goods_description"] = np.array(
        wording.write(goods, rows["words"], writer, rows["cut_off"], world.salt(80), rng),
        dtype=object,
    )
    length = np.array([6, 6, 6, 8, 8, 10, 10, 4])[pick(rows["agent"], world.salt(81), 8)]
    length = np.where(rng.random(n) < 0.9, length, 6)
    tail = pick(rows["serial"] + rows["item"], world.salt(82), 100)
    hs = [
        (f"{c}{t // 10}0{t % 10}0")[:k]
        for c, t, k in zip(
            goods.hs6[rows["code"]].tolist(), tail.tolist(), length.tolist(), strict=True
        )
    ]
    vague_code = goods.hs2[rows["code"]] == 0
    drawn["hs_code"] = _text(np.array(hs, dtype=object), blank["hs_code"] | vague_code)
    rows["code_length"] = np.where(blank["hs_code"], 0, length)
    household = rows["pool"] == POOL["household"]
    kind = np.where(
        household,
        np.array([6, 2, 0, 3])[rng.integers(0, 4, n)],
        pick(goods.hs4[rows["goods"]], 83, 6),
    )
    kind = np.where(rows["mode"] == w.POST, 7, kind)
    drawn["package_type"] = _text(_PACKAGES[kind], blank["package_type"])
    for name, source in (
        ("package_count", "packages"),
        ("quantity", "units"),
        ("gross_mass_kg", "gross"),
        ("net_mass_kg", "net"),
        ("volume_m3", "volume"),
        ("value", "value"),
        ("freight_cost", "freight"),
    ):
        drawn[name] = np.where(blank[name], np.nan, rows[source].astype(float))
    code = np.where(household, "C62", goods.unit[rows["goods"]].astype(object))
    drawn["quantity_unit"] = _text(code, blank["quantity"])
    drawn["currency"] = _text(rows["currency"], blank["value"] & blank["freight_cost"])
    said = rows["gift"] & ~blank["gift"]
    drawn["gift"] = _text(said, blank["gift"])
    arms = goods.hs2[rows["phrase"]] == 93
    licensed = rows["licence"] & arms
    permit = pick(rows["serial"], world.salt(84), 10**6)
    drawn["licence_number"] = _text(
        np.array([f"XML-{p:06d}" for p in permit.tolist()], dtype=object), ~licensed
    )
    drawn["licence_type"] = _text(
        np.array(["import", "export", "transit", "transit"], dtype=object)[rows["procedure"]],
        ~licensed | (rng.random(n) < 0.1),
    )
    drawn["end_use_certificate"] = _text(
        np.array([f"EUC{p:06d}" for p in permit.tolist()], dtype=object), ~(rows["end_use"] & arms)
    )


def frame(columns: dict[str, Array], names: list[str], dtypes: dict[str, object]) -> pd.DataFrame:
    """Arrays to a canonical table: contract order and dtypes, missing is missing."""
    made = {}
    missing_arrival = columns.get("arrival_missing")
    for name in names:
        dtype = dtypes[name]
        values = columns.get(name)
        if values is None:
            size = len(next(iter(columns.values())))
            made[name] = pd.Series([None] * size, dtype=dtype)
        elif name in ("lodged_at", "arrival_at", "crossing_at", "booked_at"):
            times = pd.Series(values.astype("datetime64[us]")).dt.tz_localize("UTC").astype(dtype)
            if name == "arrival_at" and missing_arrival is not None:
                times = times.mask(missing_arrival)
            made[name] = times
        else:
            if str(dtype) == "Int64":
                made[name] = pd.Series(pd.array(values, dtype="Float64")).astype("Int64")
            else:
                made[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(made)
