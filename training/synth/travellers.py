"""Travellers, block by block: bookings, travellers on them, signs, truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from riskprofile.profiles import TRAVELLER
from training.synth import goods as g
from training.synth import paper, seasons, wording
from training.synth import travel_scenarios as ts
from training.synth import world as w
from training.synth.block import BLOCK_ROWS, VERSION, SynthChunk
from training.synth.goods import POOL, TERM, Goods
from training.synth.hashing import Array, mix, pick, unit
from training.synth.memory import DAY, Window
from training.synth.scenarios import choose
from training.synth.signs import step
from training.synth.travel_factors import TRAVELLER_TRUTH
from training.synth.truth import Signs

Fields = dict[str, Array]

NATURAL = 1.0 / 1e5  # positives among travellers: a design choice of the statistics
ENRICHED = 0.0066  # the generator's own at enrichment 1, measured over 200,000 rows
ADULT_YEARS = (18, 85)
_POSTS = np.array(["XMAIR", "XMPME", "XMBRE", "XMRLW"], dtype=object)
_MODES = np.array(["air", "sea", "road", "rail"], dtype=object)
_PLACES = ("air", "sea", "land", "land")
_VEHICLES = np.array(["car", "van", "truck", "coach", "motorcycle"], dtype=object)
TRIP_DAYS = 90
COMPANION, CIRCLES, HIRED, OWN = 29, 30, 40, 41  # further kinds of party number


def bookings(
    world: w.World,
    book: ts.TripBook,
    rng: np.random.Generator,
    seconds: Array,
    late: Array,
    serial: Array,
) -> Fields:
    """Each booking's trip, people, lane and conduct."""
    n = len(seconds)
    trip = np.where(
        late,
        np.searchsorted(book.share[1], rng.random(n), side="right"),
        np.searchsorted(book.share[0], rng.random(n), side="right"),
    )
    trip = np.minimum(trip, len(book.trips) - 1)
    fields: Fields = {"seconds": seconds, "trip": trip, "serial": serial}
    for name, share in book.knobs.items():
        fields[name] = rng.random(n) < share[trip]
    kind = choose(book.kinds, trip, rng.random(n))
    people = np.array([t.people for t in book.trips])[trip]
    pool = max(world.pools.persons, 200)
    circles = {"commuter": pool // 20, "crew": pool // 20, "flyer": pool // 120}
    person = np.where(
        (people == "pool") | (rng.random(n) < 0.25),
        w.party(w.PERSON, np.floor(pool * rng.random(n) ** 1.4).astype(np.int64)),
        w.party(w.ONCE, serial),
    )
    for kind_of_circle, (name, circle) in enumerate(circles.items(), start=CIRCLES):
        member = np.floor(max(circle, 20) * rng.random(n)).astype(np.int64)
        person = np.where(people == name, w.party(kind_of_circle, member), person)
    repeat = people != "once"
    u = np.where(fields["same_route"] & repeat, unit(person, world.salt(41)), rng.random(n))
    lane = np.minimum(np.searchsorted(world.lane_cumulative, u), len(world.lane_cumulative) - 1)
    kind = np.where(
        fields["same_route"] & repeat, choose(book.kinds, trip, unit(person, world.salt(42))), kind
    )
    nights = np.array([t.nights for t in book.trips])[trip]
    lead = np.array([t.lead for t in book.trips])[trip]
    driven = (kind == ts.LAND) | ((kind == ts.SEAPORT) & (rng.random(n) < 0.4))
    hired = pick(serial, world.salt(43), max(world.pools.shells * 4, 40))
    vehicle = np.where(fields["hire"], w.party(HIRED, hired), w.party(OWN, person % 2**40))
    fields |= {
        "kind": kind,
        "person": person,
        "lane": lane,
        "driven": driven,
        "vehicle": vehicle,
        "nights": np.round(nights * np.exp(0.7 * rng.standard_normal(n))),
        "lead": np.maximum(lead, 0.2) * np.exp(0.8 * rng.standard_normal(n)),
        "outward": rng.random(n) < 0.46,
        "size": np.where(fields["party"], 2 + rng.geometric(0.55, n) - 1, 1),
    }
    return fields


def _rows(fields: Fields, size: int) -> Fields:
    """Bookings to travellers, cut to `size` rows; companions are other people."""
    of = np.repeat(np.arange(len(fields["size"])), fields["size"])[:size]
    rows = {name: column[of] for name, column in fields.items()}
    rows["booking"] = of
    first = np.concatenate([[True], of[1:] != of[:-1]])
    position = np.arange(len(of)) - np.maximum.accumulate(np.where(first, np.arange(len(of)), 0))
    rows["position"] = position
    friend = mix(rows["person"], 57).astype(np.int64) >> 17
    companion = w.party(COMPANION, (np.abs(friend) + position) % 2**45)
    rows["person"] = np.where(position == 0, rows["person"], companion)
    return rows


def _bags(rows: Fields, book: ts.TripBook, rng: np.random.Generator) -> None:
    n = len(rows["trip"])
    mean = np.array([t.bags for t in book.trips])[rows["trip"]]
    bags = np.minimum(rng.poisson(mean), 6)
    bags = np.where(rows["heavy"], np.maximum(bags, 1), bags)
    each = np.where(
        rows["heavy"], 25 + 12 * rng.random(n), np.exp(2.6 + 0.35 * rng.standard_normal(n))
    )
    rows["bags"] = bags
    rows["bag_mass"] = np.round(bags * np.minimum(each, 42), 1)
    rows["tags"] = np.where(
        rows["tags_off"] & (bags > 0),
        np.maximum(bags + np.where(rng.random(n) < 0.6, -1, 1), 0),
        bags,
    )


def _blank(rows: Fields, rng: np.random.Generator) -> dict[str, Array]:
    """What is not shown: by kind of post and chance, never by trip."""
    n = len(rows["trip"])
    shares = {
        "checked_bags": (0.05, 0.3, 0.5, 0.5), "bag_mass_kg": (0.12, 0.45, 0.55, 0.7),
        "bag_tags": (0.1, 0.8, 1.0, 1.0), "stay_nights": (0.15, 0.25, 0.25, 0.3),
        "booked_at": (0.06, 0.15, 1.0, 0.3), "ticket_type": (0.05, 0.1, 1.0, 0.2),
        "payment_method": (0.12, 0.2, 1.0, 0.35), "itinerary_changes": (0.1, 0.4, 1.0, 0.6),
        "party_ref": (0.05, 0.1, 0.7, 0.4), "route": (0.1, 0.3, 0.35, 0.4),
        "firearms_declared": (0.45, 0.5, 0.45, 0.5), "person_ref": (0.04, 0.06, 0.08, 0.1),
        "vehicle_ref": (1.0, 0.1, 0.06, 1.0),
    }  # fmt: skip
    return {name: rng.random(n) < np.array(chance)[rows["kind"]] for name, chance in shares.items()}


def signs(
    rows: Fields, blank: dict[str, Array], goods: Goods, trips: Window, vehicles: Window
) -> Signs:
    """Signs of each crossing in [0, 1], from what it shows and earlier crossings."""
    regular = ~np.isin(w.kind_of(rows["person"]), (w.ONCE, COMPANION)) & ~blank["person_ref"]
    role = np.zeros(len(regular), dtype=np.int64)
    seen = trips.look(
        np.where(regular, rows["person"], -1), rows["seconds"], rows["lane"], rows["lane"], role
    )
    shown = rows["driven"] & ~blank["vehicle_ref"]
    drivers = vehicles.look(
        np.where(shown, rows["vehicle"], -1), rows["seconds"], rows["person"], rows["person"], role
    )
    mass = np.where(blank["bag_mass_kg"] | blank["checked_bags"], np.nan, rows["bag_mass"])
    nights = np.where(blank["stay_nights"], np.nan, rows["nights"])
    per_bag = mass / np.maximum(rows["bags"], 1)
    said = rows["said"]
    term = np.where(said, goods.term[rows["words"]], -1)
    pool = np.where(said, goods.pool[rows["words"]], -1)
    declared = ~blank["firearms_declared"]
    arms = declared & (rows["firearms"] > 0)
    licensed = arms & rows["licence"]
    beyond = declared & ((rows["firearms"] > 2) | (rows["rounds"] > 400))
    found: Signs = {
        "trips": np.clip((seen["same"] - 1) / 3.0, 0.0, 1.0),
        "drivers": np.clip((drivers["others"] - 1) / 2.0, 0.0, 1.0),
        "heavy": step(per_bag - 23.5, 0.6),
        "short": step(2.5 - nights, 0.25),
        "tags": ~blank["bag_tags"] & ~blank["checked_bags"] & (rows["tags"] != rows["bags"]),
        "one_way": rows["one_way"] & ~blank["ticket_type"],
        "cash": rows["cash"] & ~blank["payment_method"],
        "booked_late": np.where(blank["booked_at"], 0.0, step(3.0 - rows["lead"], 0.3)),
        "changed": rows["changed"] & ~blank["itinerary_changes"],
        "detour": rows["detour"] & ~blank["route"],
        "arms": arms,
        "unlicensed": ~licensed,
        "licensed": licensed & ~beyond,
        "beyond_permit": beyond,
        "part_words": (term == TERM["strong"]) & (pool != POOL["firearm"]),
        "hint": term == TERM["hint"],
        "replica": np.isin(pool, (POOL["convertible"], POOL["airgun"])),
        "homonym": term == TERM["homonym"],
        "host": np.isin(pool, (POOL["toytool"], POOL["machine"])),
        "family": (rows["size"] >= 3) & ~blank["party_ref"],
    }  # fmt: skip
    return {name: np.asarray(sign, dtype=np.float64) for name, sign in found.items()}


def _protected(rows: Fields, world: w.World) -> dict[str, Array]:
    """P1 columns: of the person's number alone, so that they say nothing of the trip."""
    who = rows["person"]
    country = world.countries
    years = pick(who, world.salt(51), ADULT_YEARS[1] - ADULT_YEARS[0]) + 1940
    months, dates = pick(who, world.salt(52), 12) + 1, pick(who, world.salt(53), 28) + 1
    nation = pick(who, world.salt(54), len(country))
    lives = np.where(
        unit(who, world.salt(55)) < 0.8, nation, pick(who, world.salt(56), len(country))
    )
    born = [
        f"{y:04d}-{m:02d}-{d:02d}"
        for y, m, d in zip(years.tolist(), months.tolist(), dates.tolist(), strict=True)
    ]
    number = pick(who, world.salt(57), 10**8).tolist()
    columns = {
        "born": np.array(born, dtype=object),
        "sex": np.array(["F", "M", "X"], dtype=object)[
            np.searchsorted([0.495, 0.99], unit(who, world.salt(58)))],
        "nationality": country[nation],
        "document_type": np.array(["P", "I", "V"], dtype=object)[
            np.searchsorted([0.8, 0.97], unit(who, world.salt(59)))],
        "document_number": np.array([f"XM{v:08d}" for v in number], dtype=object),
        "document_issuer": country[nation],
        "residence": country[lives],
    }  # fmt: skip
    for k, name in enumerate(columns):
        gone = unit(who, world.salt(60 + k)) < 0.06
        columns[name] = columns[name].astype(object)
        columns[name][gone] = None
    return columns


def _columns(
    rows: Fields,
    blank: dict[str, Array],
    world: w.World,
    calendar: seasons.Calendar,
    goods: Goods,
    rng: np.random.Generator,
) -> dict[str, Array]:
    n = len(rows["trip"])
    kind, outward = rows["kind"], rows["outward"]
    home = world.lane_destination[rows["lane"]]
    abroad = world.lane_export[rows["lane"]]
    here, there = np.empty(n, dtype=object), np.empty(n, dtype=object)
    way = np.empty(n, dtype=object)
    other = np.floor(rng.random(n) * len(world.countries)).astype(int)
    for code, place in enumerate(_PLACES):
        at = kind == code
        here[at] = world.place(place, home[at], unit(rows["lane"][at], 44))
        there[at] = world.place(place, abroad[at], unit(rows["lane"][at], 45))
        way[at] = world.place(place, other[at], rng.random(int(at.sum())))
    origin, destination = np.where(outward, here, there), np.where(outward, there, here)
    hub = world.lane_hub[rows["lane"]]
    hubs = world.place("air", np.maximum(hub, 0), unit(rows["lane"], 46))
    route = [
        "|".join([a, *([h] if has and k == ts.AIRPORT else []), *([x] if off else []), b])
        for a, b, h, x, has, off, k in zip(
            origin.tolist(), destination.tolist(), hubs.tolist(), way.tolist(),
            (hub >= 0).tolist(), rows["detour"].tolist(), kind.tolist(), strict=True)
    ]  # fmt: skip
    carrier = pick(rows["lane"], world.salt(47), 20)
    service = pick(rows["lane"] * 4 + kind, world.salt(48), 9000) + 100
    token = mix(rows["person"], world.salt(49))
    times = calendar.times(rows["seconds"])
    tags = [
        "|".join(f"{(k * 7 + i * 13) % 10**6:06d}" for i in range(int(m))) or None
        for k, m in zip((token % np.uint64(10**6)).tolist(), rows["tags"].tolist(), strict=True)
    ]
    serial = rows["serial"] * 10 + rows["position"]
    stated = rows["driven"] & ~blank["vehicle_ref"]
    plates = pick(rows["vehicle"], world.salt(50), 10**7)
    no_bags = blank["checked_bags"]
    ticket = np.where(rows["one_way"], "one_way", "return").astype(object)
    ticket = np.where(unit(serial, 87) < 0.02, "open", ticket)
    paid = np.where(rows["cash"], "cash", "card").astype(object)
    paid = np.where(~rows["cash"] & (unit(serial, 88) < 0.12), "other", paid)
    texts = wording.write(
        goods, rows["words"], rows["person"], np.zeros(n, bool), world.salt(89), rng
    )

    def shown(values: Array | list[str | None], gone: Array) -> Array:
        column = np.array(values, dtype=object)
        column[gone] = None
        return column

    numbers = {
        "itinerary_changes": (np.where(rows["changed"], 2, (unit(serial, 90) < 0.15) * 1),
                              blank["itinerary_changes"]),
        "checked_bags": (rows["bags"], no_bags),
        "stay_nights": (rows["nights"], blank["stay_nights"]),
        "bag_mass_kg": (rows["bag_mass"], blank["bag_mass_kg"]),
        "firearms_declared": (rows["firearms"], blank["firearms_declared"]),
        "ammunition_declared": (rows["rounds"], blank["firearms_declared"]),
        "party_size": (rows["size"], blank["party_ref"]),
    }  # fmt: skip
    columns = {
        "crossing_id": np.array([f"XC{s:013d}" for s in serial.tolist()], dtype=object),
        "crossing_at": times,
        "crossing_point": np.where(
            (kind == ts.LAND) & (rows["lane"] % 3 == 0), "XMBRS", _POSTS[kind]),
        "crossing_kind": np.array(ts.KINDS, dtype=object)[kind],
        "direction": np.where(unit(rows["serial"], 86) < 0.08, "transit",
                              np.where(outward, "exit", "entry")),
        "transport_mode": _MODES[kind],
        "carrier": shown([f"XT{c:02d}" for c in carrier.tolist()], rows["driven"]),
        "service_number": shown([f"XT{c:02d}{s}" for c, s in zip(
            carrier.tolist(), service.tolist(), strict=True)], rows["driven"]),
        "origin": origin, "destination": destination,
        "route": shown(list(route), blank["route"]),
        "person_ref": shown([f"P{t:016x}" for t in token.tolist()], blank["person_ref"]),
        "name": np.array(w.names(world, w.party(w.PERSON, rows["person"] % 2**47),
                                 rng.random(n) < 0.04), dtype=object),
        "party_ref": shown([f"B{v:08d}" for v in pick(
            rows["serial"], world.salt(85), 10**8).tolist()], blank["party_ref"]),
        "booked_at": np.where(blank["booked_at"], np.iinfo("int64").min,
                              times - (rows["lead"] * DAY * 1e6).astype(np.int64)),
        "ticket_type": shown(ticket, blank["ticket_type"]),
        "payment_method": shown(paid, blank["payment_method"]),
        "bag_tags": shown(tags, blank["bag_tags"]),
        "vehicle_ref": shown([f"XM{p:07d}" for p in plates.tolist()], ~stated),
        "vehicle_kind": shown(_VEHICLES[np.searchsorted(
            [0.75, 0.87, 0.93, 0.97], unit(rows["vehicle"], 84))], ~rows["driven"]),
        "firearm_licence": shown([f"FL{v:07d}" for v in pick(
            rows["person"], world.salt(83), 10**7).tolist()],
            ~(rows["licence"] & (rows["firearms"] > 0)) | blank["firearms_declared"]),
        "goods_declared": shown(list(texts), ~rows["said"]),
    }  # fmt: skip
    for name, (values, gone) in numbers.items():
        columns[name] = np.where(gone, np.nan, values.astype(float))
    return columns | _protected(rows, world)


def blocks(
    rows: int, seed: int, *, start: str, days: int, enrichment: float, waves: Mapping[str, float]
) -> Iterator[SynthChunk]:
    """All blocks in order of time; the same for the same arguments."""
    world = w.make(seed, rows)
    goods = g.load()
    book = ts.book(g.POOLS, enrichment, waves)
    calendar = seasons.make(start, days)
    trips, vehicles = Window.empty(TRIP_DAYS), Window.empty()
    done, number = 0, 0
    while done < rows:
        size = min(BLOCK_ROWS, rows - done)
        rng = np.random.default_rng([VERSION, seed, number, 2])
        span = done / rows, (done + size) / rows
        seconds = calendar.seconds(span[0] + (span[1] - span[0]) * np.sort(rng.random(size)))
        serial = np.int64(number) * BLOCK_ROWS + np.arange(size)
        head = bookings(world, book, rng, seconds, calendar.late(seconds), serial)
        yield _finish(_spread(head, size), world, goods, book, calendar, (trips, vehicles), rng,
                      enrichment)  # fmt: skip
        done += size
        number += 1


def _spread(head: Fields, size: int) -> Fields:
    """As many bookings as fill the block, their times over the whole of it."""
    kept = int(np.searchsorted(np.cumsum(head["size"]), size)) + 1
    stride = np.floor(np.arange(kept) * (size / kept)).astype(int)
    fields = {name: column[:kept] for name, column in head.items()}
    fields["seconds"] = head["seconds"][stride]
    return _rows(fields, size)


def _finish(
    rows: Fields,
    world: w.World,
    goods: Goods,
    book: ts.TripBook,
    calendar: seasons.Calendar,
    windows: tuple[Window, Window],
    rng: np.random.Generator,
    enrichment: float,
) -> SynthChunk:
    n = len(rows["trip"])
    _bags(rows, book, rng)
    arms = rows["arms"] & (rng.random(n) < 0.9)
    many = arms & rows["many_arms"]
    rows["firearms"] = np.where(arms, 1 + (rng.random(n) < 0.25), 0) + np.where(
        many, rng.integers(2, 6, n), 0
    )
    rows["rounds"] = np.where(arms, rng.integers(0, 200, n), 0) + np.where(
        many, rng.integers(200, 900, n), 0
    )
    pool = choose(book.goods, rows["trip"], rng.random(n))
    rows["words"] = goods.draw(pool, rng.random(n))
    rows["said"] = rows["says"] & (rng.random(n) < 0.95)
    blank = _blank(rows, rng)
    columns = _columns(rows, blank, world, calendar, goods, rng)
    table = TRAVELLER_TRUTH.contributions(signs(rows, blank, goods, *windows))
    chance = TRAVELLER_TRUTH.probability(table)
    label = rng.random(n) < chance
    side = np.array([t.side for t in book.trips], dtype=object)[rows["trip"]]
    wanted = np.array([t.key for t in book.trips], dtype=object)[rows["trip"]]
    typologies = np.full(n, "", dtype=object)
    typologies[label] = TRAVELLER_TRUTH.fired(table[label])
    enriched = min(ENRICHED * enrichment, 0.9)
    truth = pd.DataFrame({
        "crossing_id": pd.Series(columns["crossing_id"], dtype="str"),
        "probability": chance,
        "label": label.astype("int8"),
        "typology": pd.Series(
            np.where(label, TRAVELLER_TRUTH.leading(table, wanted), ""), dtype="str"),
        "typologies": pd.Series(typologies, dtype="str"),
        "scenario": pd.Series(
            np.array([t.name for t in book.trips], dtype=object)[rows["trip"]], dtype="str"),
        "side": pd.Series(side, dtype="str"),
        "outcome": pd.Series(np.where(label, "trafficking", np.where(
            side == "compliance", "compliance", "nothing")), dtype="str"),
        "joint_share": TRAVELLER_TRUTH.joint_share(table),
        "natural_weight": np.where(
            label, NATURAL / enriched, (1 - NATURAL) / (1 - enriched)),
        "late": calendar.late(rows["seconds"]),
    })  # fmt: skip
    dtypes = {column.name: column.dtype for column in TRAVELLER.columns}
    return SynthChunk(paper.frame(columns, TRAVELLER.names, dtypes), truth)
