"""What the goods are, weigh and cost: one row per goods item."""

from __future__ import annotations

import numpy as np

from training.synth import goods as g
from training.synth.declarations import PRIVATE, Fields
from training.synth.goods import POOL, Goods
from training.synth.hashing import Array, unit
from training.synth.scenarios import Book, choose
from training.synth.world import AIR, EXPRESS, POST, SEA, World

FREIGHT_PER_KG = np.array([0.12, 3.5, 0.25, 0.15, 6.0, 8.0])  # USD, by mode
FREIGHT_LEAST = np.array([40.0, 30.0, 25.0, 30.0, 4.0, 12.0])
# Units of a currency for one USD: the scale of each, not a day's rate.
CURRENCIES = {
    "USD": 1.0,
    "EUR": 0.92,
    "GBP": 0.79,
    "CNY": 7.2,
    "JPY": 150.0,
    "TRY": 32.0,
    "INR": 83.0,
    "BRL": 5.1,
    "ZAR": 18.6,
    "NGN": 1450.0,
    "XOF": 605.0,
    "KES": 130.0,
    "AED": 3.67,
    "KRW": 1350.0,
    "MXN": 17.5,
    "PLN": 4.0,
    "CHF": 0.88,
    "CAD": 1.36,
}
_CODES = np.array(list(CURRENCIES), dtype=object)
_PER_USD = np.array(list(CURRENCIES.values()))


def expand(fields: Fields, counts: Array) -> Fields:
    """Declarations to goods items; `item` counts from 1, `driver` is the declared trade's."""
    of = np.repeat(np.arange(len(counts)), counts)
    rows = {name: column[of] for name, column in fields.items()}
    rows["declaration"] = of
    rows["item"] = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    return rows


def companions(rows: Fields, book: Book, rng: np.random.Generator) -> None:
    """Items beside the driver follow ordinary trade (scenario 0), under the same header."""
    n = len(rows["item"])
    size = np.bincount(rows["declaration"])[rows["declaration"]]
    driver = np.floor(unit(rows["serial"], 77) * size).astype(int) + 1
    other = rows["item"] != driver
    rows["driver"] = ~other
    household = rows["pool"] == POOL["household"]
    pool = choose(book.goods, np.zeros(n, dtype=int), rng.random(n))
    same = rng.random(n) < 0.5
    rows["pool"] = np.where(
        other,
        np.where(household, POOL["household"], np.where(same, rows["pool"], pool)),
        rows["pool"],
    )
    for name in (
        "excess",
        "light",
        "price_low",
        "price_high",
        "vague",
        "part_mass",
        "tube_mass",
        "bulk",
        "mismatch",
        "cover",
        "no_list",
        "off_trade",
        "cut_off",
    ):
        again = rng.random(n) < book.knobs[name][0]
        rows[name] = np.where(other, again, rows[name])


def goods_of(rows: Fields, world: World, goods: Goods, rng: np.random.Generator) -> None:
    """Choose the wording table's row behind each item (`phrase`), and the declared code's."""
    n = len(rows["item"])
    grouped = rows["cluster"] >= 0
    u = rng.random(n)
    u[grouped] = unit(rows["cluster"][grouped], world.salt(61))
    spread = grouped & (rows["pair_new"] == 1) & (rng.random(n) < 0.85)
    u[spread] = rng.random(int(spread.sum()))
    phrase = goods.draw(rows["pool"], u)
    # ordinary goods of a firm come from its chapters
    firm = (rows["pool"] == POOL["ordinary"]) & (rows["ctype"] == 1)
    favourite = np.select([(v := rng.random(n)) < 0.66, v < 0.86], [0, 1], default=2)
    own = unit(rows["importer"] * 3 + favourite, world.salt(62))
    chapter_u = np.where(rows["off_trade"], rng.random(n), own)
    chapter = np.searchsorted(goods.chapter_cumulative, chapter_u)
    phrase = np.where(firm, goods.draw_chapter(np.minimum(chapter, 99), rng.random(n)), phrase)
    # nothing over 25 kg a piece by post or express, nothing cheaper than 3 USD/kg by air
    parcel = np.isin(rows["mode"], (POST, EXPRESS))
    flown = np.isin(rows["mode"], (AIR, POST, EXPRESS))
    household = rows["pool"] == POOL["household"]
    for _ in range(4):
        unfit = parcel & (goods.mu_unit[phrase] > np.log(25.0))
        unfit |= flown & (goods.mu_price[phrase] < np.log(3.0))
        unfit &= ~household
        phrase[unfit] = goods.draw(rows["pool"][unfit], rng.random(int(unfit.sum())))
    # plain words that say little, where a pool has them
    for name, own in goods.covers.items():
        plain = rows["cover"] & (rows["pool"] == name)
        phrase[plain] = own[np.floor(u[plain] * len(own)).astype(int)]
    # each member of a set of parts brings another one
    parts = rows["parts"]
    if parts.any():
        member = np.flatnonzero(parts)
        for i in member.tolist():
            pool = goods.members[rows["pool"][i]]
            roles = np.unique(goods.role[pool])
            roles = roles[roles > 0]
            if len(roles):
                at = int(unit(rows["cluster"][i : i + 1], 71)[0] * 97) + int(rows["member"][i])
                these = pool[goods.role[pool] == roles[at % len(roles)]]
                phrase[i] = these[int(u[i] * len(these)) % len(these)]
    rows["phrase"] = phrase
    # vague words replace the goods' name, the code stays that of the goods
    metal = goods.pool[phrase] == POOL["metal"]
    vague_pool = np.where(metal & (rng.random(n) < 0.7), POOL["metal"], POOL["vague"])
    words = goods.draw(vague_pool, rng.random(n))
    vague = rows["vague"] & ~(
        (vague_pool == POOL["metal"]) & (goods.term[words] != g.TERM["vague"])
    )
    rows["words"] = np.where(vague, words, phrase)
    coded = phrase.copy()
    nothing = goods.hs2[coded] == 99
    general = (goods.pool[phrase] == POOL["vague"]) & nothing
    ordinary = np.full(n, POOL["ordinary"])
    coded[general] = goods.draw(ordinary[general], rng.random(int(general.sum())))
    other = goods.draw(ordinary, rng.random(n))
    wrong = rows["mismatch"] & (goods.hs2[other] != goods.hs2[phrase])
    # arms under another name: codes that arms are mistaken for, or passed off as
    arms = goods.hs2[phrase] == 93
    passed = np.where(rng.random(n) < 0.6, POOL["metal"], POOL["toytool"])
    other = np.where(arms, goods.draw(passed, rng.random(n)), other)
    rows["code"] = np.where(wrong, other, coded)
    rows["goods"] = np.where(general, coded, phrase)  # whose norms the goods really follow


def weigh(rows: Fields, goods: Goods, rng: np.random.Generator) -> None:
    """Packages, quantity, masses, volume, value and freight (in USD until `pay`)."""
    n = len(rows["item"])
    what, mode = rows["goods"], rows["mode"]
    parcel = np.isin(mode, (POST, EXPRESS))
    private = rows["ctype"] == PRIVATE
    household = rows["pool"] == POOL["household"]
    cargo_packages = np.exp(
        np.where(private, 1.2, np.array([4.3, 2.3, 3.9, 5.0, 0.5, 0.7])[mode])
        + np.where(private, 0.8, 1.1) * rng.standard_normal(n)
    )
    packages = np.maximum(np.rint(cargo_packages), 1)
    packages[parcel] = 1 + (rng.random(n) < 0.12)[parcel] * rng.integers(1, 4, n)[parcel]
    packages[household] = 1 + rng.geometric(0.3, n)[household]
    piece = np.isin(goods.unit[what], ("C62", "PR"))
    jitter = 0.30 * rng.standard_normal(n)
    per_package = np.exp(goods.mu_package[what] - goods.mu_unit[what] + jitter)
    units = np.maximum(np.rint(packages * per_package), 1)
    few = np.minimum(
        1 + rng.geometric(0.5, n), np.maximum(np.floor(24.0 / np.exp(goods.mu_unit[what])), 1)
    )
    small = np.exp(goods.mu_unit[what]) < 0.15  # fasteners come by the bag
    few = np.where(small, np.rint(np.exp(2.5 + 0.9 * rng.standard_normal(n))), few)
    few = np.where(rows["part_mass"] | rows["tube_mass"], 1 + rng.geometric(0.35, n), few)
    firm_parcel = parcel & ~private
    few = np.where(firm_parcel, few * (1 + rng.integers(0, 6, n)), few)
    units = np.where(parcel & piece, np.maximum(few, 1), units)
    units = np.where(
        private & ~parcel & piece & ~household,
        np.maximum(np.rint(packages * np.minimum(per_package, 2.0)), 1),
        units,
    )
    units = np.where(rows["bulk"], np.rint(units * np.exp(2.5 + 0.6 * rng.random(n))), units)
    packages = np.where(
        rows["bulk"] & ~parcel, np.rint(packages * np.exp(1.8 + 0.3 * rng.random(n))), packages
    )
    normal_unit = np.exp(goods.mu_unit[what] + g.SD_UNIT * rng.standard_normal(n))
    normal_unit = np.where(
        rows["part_mass"] & piece, np.exp(np.log(0.11) + 0.8 * rng.standard_normal(n)), normal_unit
    )
    normal_unit = np.where(
        rows["tube_mass"] & piece, np.exp(np.log(0.33) + 0.35 * rng.standard_normal(n)), normal_unit
    )
    net = np.where(
        piece,
        units * normal_unit,
        packages
        * np.exp(
            np.where(parcel, 0.0, goods.mu_package[what]) + g.SD_PACKAGE * rng.standard_normal(n)
        ),
    )
    box = g.HOUSEHOLD_PACKAGE_KG * np.exp(g.SD_HOUSEHOLD * rng.standard_normal(n))
    net = np.where(household, packages * box, net)
    sd = np.where(household, g.SD_HOUSEHOLD, np.where(parcel, g.SD_UNIT, g.SD_PACKAGE))
    heavier = np.exp(sd * (2.8 + 2.6 * rng.random(n)))
    lighter = np.exp(-sd * (2.8 + 2.0 * rng.random(n)))
    true_net = net.copy()
    net = net * np.where(rows["excess"], heavier, 1.0) * np.where(rows["light"], lighter, 1.0)
    tare = 0.04 + 0.10 * rng.random(n) + np.where(parcel, 0.06, 0.0)
    rows["net"], rows["gross"] = net, net * (1.0 + tare)
    rows["packages"] = packages
    rows["units"] = np.where(piece, units, net)
    rows["units"] = np.where(household, np.rint(packages * (4 + 8 * rng.random(n))), rows["units"])
    rows["piece"] = piece & ~household
    density = np.exp(goods.mu_density[what] + g.SD_DENSITY * rng.standard_normal(n))
    rows["volume"] = true_net * (1.0 + tare) / density
    per_kg = np.exp(goods.mu_price[what] + 0.85 * g.SD_PRICE * rng.standard_normal(n))
    usd = true_net * per_kg
    usd = usd * np.where(rows["price_low"], np.exp(-1.6 - 1.4 * rng.random(n)), 1.0)
    usd = usd * np.where(rows["price_high"], np.exp(1.6 + 1.4 * rng.random(n)), 1.0)
    rows["usd"] = np.maximum(usd, 0.5)
    freight = rows["gross"] * FREIGHT_PER_KG[mode] * np.exp(0.4 * rng.standard_normal(n))
    freight = np.maximum(freight, FREIGHT_LEAST[mode] * (0.7 + 0.6 * rng.random(n)))
    freight = np.where((mode == SEA) & private, freight * 1.6, freight)
    dear = np.exp(1.6 + 1.2 * rng.random(n))
    rows["freight"] = freight * np.where(rows["freight_high"], dear, 1.0)


def pay(rows: Fields, world: World, rng: np.random.Generator) -> None:
    """The currency of each declaration, and value and freight in it, rounded as written."""
    n = len(rows["item"])
    of = np.where(
        unit(rows["consignor"], world.salt(63)) < 0.5,
        0,
        np.floor(unit(rows["consignor"], world.salt(64)) * len(_CODES)).astype(int),
    )
    rows["currency"] = _CODES[of]
    rate = _PER_USD[of]
    value = rows["usd"] * rate
    gift_or_home = rows["gift"] | ((rows["ctype"] == PRIVATE) & (rng.random(n) < 0.4))
    step = 10.0 ** np.floor(np.log10(np.maximum(value, 1.0)))
    value = np.where(gift_or_home, np.maximum(np.rint(value / step * 2) / 2 * step, step), value)
    rows["value"] = np.round(value, 2)
    rows["freight"] = np.round(rows["freight"] * rate, 2)
    rows["per_usd"] = rate
    rows["volume"] = np.round(np.maximum(rows["volume"], 0.001), 3)
    for name in ("net", "gross"):
        digits = np.where(rows[name] < 10, 3, np.where(rows[name] < 1000, 1, 0))
        rounded = np.select(
            [digits == 3, digits == 1],
            [np.round(rows[name], 3), np.round(rows[name], 1)],
            default=np.rint(rows[name]),
        )
        rows[name] = np.maximum(rounded, 0.001)
    rows["air"] = rows["mode"] == AIR
