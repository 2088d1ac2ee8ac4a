"""Who sends what kind of trade to whom, when and by which way: one row per declaration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.synth import world as w
from training.synth.goods import POOL, POOLS
from training.synth.hashing import Array, mix, pick, unit
from training.synth.scenarios import KNOBS, Book, choose
from training.synth.seasons import Calendar

Fields = dict[str, Array]

PRIVATE, BUSINESS, FORWARDER, OFFICIAL = range(4)
PROCEDURES = ("import", "export", "transit", "transhipment")
# Importers are sorted by trade: number modulo 20 names the pool, the rest trade in chapters.
_TRADES = {
    POOL[name]: i
    for i, name in enumerate(
        ("machine", "tube", "metal", "industrial", "toytool", "bulky"), start=1
    )
}
_NEW_FIRM = 12


@dataclass
class Plan:
    """Declarations that were decided earlier and are due later: members of clusters."""

    seconds: Array
    scenario: Array
    cluster: Array
    member: Array

    @classmethod
    def empty(cls) -> Plan:
        """Nothing is due."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, none, none)

    def where(self, mask: Array) -> Plan:
        """The members that a mask selects."""
        return Plan(self.seconds[mask], self.scenario[mask], self.cluster[mask], self.member[mask])

    def plus(self, other: Plan) -> Plan:
        """Both, in order."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Plan(*(np.concatenate(pair) for pair in pairs))


def new_clusters(
    book: Book, calendar: Calendar, rng: np.random.Generator, seconds: Array, first: int
) -> Plan:
    """Clusters that begin among the declarations at `seconds`: all their members.

    Parameters
    ----------
    seconds : Array
        Times of this block's declarations, ascending.
    first : int
        A number that no cluster of an earlier block has.
    """
    late = int(calendar.late(seconds[:1])[0])
    busy = int(calendar.season(seconds[:1])[0])
    counts = rng.poisson(book.clusters[late, busy] * len(seconds))
    scenario = np.repeat(np.arange(len(counts)), counts)
    if len(scenario) == 0:
        return Plan.empty()
    kinds = [book.scenarios[i].cluster for i in scenario]
    least = np.array([kind.members[0] if kind else 1 for kind in kinds])
    most = np.array([kind.members[1] if kind else 1 for kind in kinds])
    days = np.array([kind.days if kind else 0.0 for kind in kinds])
    members = rng.integers(least, most + 1)
    start = seconds[rng.integers(0, len(seconds), len(scenario))]
    number = first + np.arange(len(scenario))
    owner = np.repeat(np.arange(len(scenario)), members)
    member = np.arange(len(owner)) - np.repeat(np.cumsum(members) - members, members)
    offset = rng.random(len(owner)) * days[owner] * 86400.0
    offset[member == 0] = 0.0
    plan = Plan(start[owner] + offset.astype(np.int64), scenario[owner], number[owner], member)
    return plan.where(plan.seconds < calendar.days * 86400)


def _supplier(world: w.World, importer: Array, slot: Array) -> Array:
    return pick(importer * w.SUPPLIERS + slot, world.salt(20), world.pools.exporters)


def header(
    world: w.World,
    book: Book,
    rng: np.random.Generator,
    seconds: Array,
    scenario: Array,
    cluster: Array,
    member: Array,
    serial: Array,
) -> Fields:
    """Parties, lane, mode and the things that happen, for each declaration.

    `serial` is a number that no other declaration of the set has. Party and address
    numbers are those of `world`; `pair_slot` and `party_slot` are places in the memory of
    what was seen (-1: never comes again).
    """
    n = len(seconds)
    pools = world.pools
    grouped = cluster >= 0
    salt = world.salt(30)

    def shared(purpose: int) -> Array:
        """Uniform numbers; members of one cluster get the same."""
        free: Array = rng.random(n)
        free[grouped] = unit(cluster[grouped], salt + purpose)
        return free

    fields: Fields = {
        "seconds": seconds,
        "scenario": scenario,
        "cluster": cluster,
        "member": member,
        "serial": serial,
    }
    for name in KNOBS:
        fields[name] = rng.random(n) < book.knobs[name][scenario]
    fields["known_person"] = fields.pop("known")
    mode = choose(book.modes, scenario, shared(1))
    ctype = choose(book.consignee, scenario, shared(2))
    pool = choose(book.goods, scenario, shared(3))
    link = np.array([s.cluster.link if s.cluster else "" for s in book.scenarios])[scenario]
    sender = np.array([s.sender for s in book.scenarios])[scenario]
    given = np.array([s.procedure for s in book.scenarios])[scenario]
    procedure = np.where(given == "export", 1, np.where(given == "transit", 2, 0))
    procedure[(given == "") & (rng.random(n) < 0.015)] = 2
    procedure[(procedure == 2) & (rng.random(n) < 0.15)] = 3

    # consignees
    consignee = w.party(w.ONCE, serial)
    party_slot = np.full(n, -1)
    pair_slot = np.full(n, -1)
    fresh = fields["fresh"]
    firm = ctype == BUSINESS
    importer = np.floor(pools.importers * shared(4) ** 2.2).astype(np.int64)
    trade = np.zeros(len(POOLS), dtype=np.int64)
    for code, position in _TRADES.items():
        trade[code] = position
    residue = np.where(trade[pool] > 0, trade[pool], 7 + (importer % 13))
    moved = np.minimum(importer - importer % 20 + residue, pools.importers - 1)
    importer = np.where(fields["off_trade"], importer, moved)
    slot = np.floor(w.SUPPLIERS * shared(5) ** 1.6).astype(np.int64)
    dealer = firm & (np.array([s.off_trade == 0.0 for s in book.scenarios])[scenario])
    new_firm = firm & fresh & (shared(6) < 0.5) & ~dealer
    consignee[firm] = w.party(w.IMPORTER, importer[firm])
    party_slot[firm] = importer[firm]
    kept = firm & ~fresh & ~grouped
    pair_slot[kept] = importer[kept] * w.SUPPLIERS + slot[kept]
    dealers = np.floor(pools.dealers * shared(7) ** 1.5).astype(np.int64)
    consignee[dealer] = w.party(w.DEALER, dealers[dealer])
    base = pools.importers
    party_slot[dealer] = base + dealers[dealer]
    pairs = pools.importers * w.SUPPLIERS
    both = dealer & ~fresh & ~grouped
    pair_slot[both] = pairs + dealers[both] * w.SUPPLIERS + slot[both]
    consignee[new_firm] = w.party(_NEW_FIRM, np.where(grouped, cluster, serial)[new_firm])
    party_slot[new_firm] = -1
    pair_slot[new_firm] = -1
    base, pairs = base + pools.dealers, pairs + pools.dealers * w.SUPPLIERS

    person = ctype == PRIVATE
    number = np.floor(pools.persons * shared(8) ** 2.0).astype(np.int64)
    regular = person & (fields["known_person"] | grouped)
    consignee[regular] = w.party(w.PERSON, number[regular])
    party_slot[regular] = base + number[regular]
    favourite = regular & ~fresh & ~grouped
    pair_slot[favourite] = pairs + number[favourite] * 3 + slot[favourite] % 3
    base, pairs = base + pools.persons, pairs + pools.persons * 3

    family = person & (sender == "family") & ~fresh & ~grouped
    kin = np.floor(pools.families * shared(9) ** 1.3).astype(np.int64)
    consignee[family] = w.party(w.FAMILY, 2 * kin[family] + 1)
    party_slot[family] = base + kin[family]
    pair_slot[family] = pairs + kin[family]
    base, pairs = base + pools.families, pairs + pools.families

    agent = ctype == FORWARDER
    forwarder = np.floor(pools.forwarders * shared(10) ** 1.5).astype(np.int64)
    consignee[agent] = w.party(w.FORWARDER, forwarder[agent])
    party_slot[agent] = base + forwarder[agent]
    state = ctype == OFFICIAL
    agency = np.floor(40 * shared(11)).astype(np.int64)
    consignee[state] = w.party(w.OFFICIAL, agency[state])
    party_slot[state] = base + pools.forwarders + agency[state]

    # consignors
    anyone = np.floor(pools.exporters * rng.random(n) ** 1.5).astype(np.int64)
    exporter = np.where(firm & ~fresh, _supplier(world, importer, slot), anyone)
    exporter = np.where(dealer & ~fresh, _supplier(world, dealers + 10**7, slot), exporter)
    market = np.floor(pools.exporters / 4 * rng.random(n) ** 2.0).astype(np.int64)
    exporter = np.where(person, market, exporter)
    liked = pick(number * 3 + slot % 3, world.salt(21), pools.exporters)
    exporter = np.where(favourite, liked, exporter)
    consignor = w.party(w.EXPORTER, exporter)
    private_sender = (
        person
        & ((sender == "person") | (sender == "family") | ((sender == "") & (rng.random(n) < 0.2)))
        & ~favourite
    )
    consignor[private_sender] = w.party(w.STRANGER, serial[private_sender])
    consignor[family] = w.party(w.FAMILY, 2 * kin[family])
    private_sender |= family

    # clusters
    pair_new = np.full(n, -1)  # 1 or 0 where the cluster decides it
    steady = grouped & np.isin(link, ("series", "split"))
    one = unit(cluster, salt + 40)
    people = private_sender & steady
    consignor[steady] = w.party(
        w.EXPORTER, np.floor(pools.exporters * one[steady] ** 1.5).astype(np.int64)
    )
    consignor[people] = w.party(w.STRANGER, cluster[people] + 2**40)
    pair_new[steady] = member[steady] == 0
    pair_new[grouped & ~steady] = 1
    address, phone = consignee.copy(), consignee.copy()
    sender_phone = consignor.copy()
    several = grouped & (link == "address")
    names_differ = several & (unit(cluster, salt + 41) < 0.5)
    consignee[names_differ] = w.party(w.ONCE, serial[names_differ])
    party_slot[names_differ] = -1
    address[several] = w.party(w.PERSON, number[several])
    ring = grouped & (link == "phone")
    consignee[ring] = w.party(w.ONCE, serial[ring])
    party_slot[ring] = -1
    address[ring], phone[ring] = consignee[ring], consignee[ring]
    sender_phone[ring] = w.party(w.STRANGER, cluster[ring] + 2**41)
    house = grouped & (link == "building")
    shell = pick(cluster * 16 + member, world.salt(22), pools.shells)
    consignee[house] = w.party(w.SHELL, shell[house])
    party_slot[house] = -1
    pair_new[house] = 1
    phone[house] = consignee[house]
    address[house] = w.party(w.OFFICE_BUILDING, cluster[house])

    # a person or once-only consignee may live in a block, which has many names
    in_block = person & ~grouped & ~family & (unit(consignee, world.salt(23)) < 0.10)
    block = pick(consignee, world.salt(24), pools.blocks)
    address[in_block] = w.party(w.BLOCK, block[in_block])
    moved_to = fields["other_address"] & (person | firm) & ~grouped
    address[moved_to] = w.party(w.MAILBOX, serial[moved_to])

    # lanes: a firm's supplier and a family keep theirs
    kept_lane = np.where(pair_slot >= 0, unit(pair_slot, world.salt(25)), shared(12))
    lane = np.minimum(
        np.searchsorted(world.lane_cumulative, kept_lane), len(world.lane_cumulative) - 1
    )
    export, destination = world.lane_export[lane], world.lane_destination[lane]
    n_countries = len(world.countries)
    somewhere = np.floor(n_countries * shared(13)).astype(np.int64)
    rare = fields["rare_lane"] & ~grouped
    export = np.where(rare, somewhere, export)
    outward = procedure == 1
    export, destination = (
        np.where(outward, destination, export),
        np.where(outward, export, destination),
    )
    origin = np.where(shared(14) < 0.7, export, np.floor(n_countries * shared(15)).astype(int))
    sender_country = np.where(
        fields["sender_elsewhere"], np.floor(n_countries * rng.random(n)).astype(int), export
    )
    consignor, consignee = (
        np.where(outward, consignee, consignor),
        np.where(outward, consignor, consignee),
    )
    address = np.where(outward, consignee, address)
    sender_phone = np.where(outward, consignor, sender_phone)
    phone = np.where(outward, consignee, phone)
    fields |= {
        "mode": mode,
        "ctype": ctype,
        "pool": pool,
        "procedure": procedure,
        "lane": lane,
        "rare": rare,
        "export": export,
        "destination": destination,
        "origin": origin,
        "sender_country": sender_country,
        "consignor": consignor,
        "consignee": consignee,
        "address": address,
        "phone": phone,
        "sender_phone": sender_phone,
        "pair_slot": pair_slot,
        "party_slot": party_slot,
        "pair_new": pair_new,
        "importer": importer,
        "person_number": number,
        "private_sender": private_sender,
        "moved": moved_to,
        "dealer": dealer,
        "parts": grouped & (link == "parts"),
        "agent": pick(np.where(firm, importer, serial), world.salt(26), 40 + pools.forwarders),
        "carrier": pick(mix(lane, world.salt(27)), 3, 12) + 12 * mode,
        "office": w.offices(mode, lane),
    }
    return fields


def slots(world: w.World) -> tuple[int, int]:
    """How many party and pair slots the memory needs."""
    pools = world.pools
    parties = pools.importers + pools.dealers + pools.persons + pools.families
    pairs = (pools.importers + pools.dealers) * w.SUPPLIERS + pools.persons * 3 + pools.families
    return parties + pools.forwarders + 40, pairs
