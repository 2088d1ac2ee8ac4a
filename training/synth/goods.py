"""Goods: what they are called, and what they usually weigh and cost.

Norms are drawn once from a hash of the code, so they are the same for every seed:
a heading has a weight, and what a scorecard learnt of it in one set holds in another.
The chapter table is of our own making, in the scale of published import data.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from training.synth.hashing import Array, normal

DATA = Path(__file__).parent / "data"

TERMS = ("-", "strong", "weak", "hint", "code", "list", "vague", "homonym", "cover")
ROLES = (
    "-",
    "frame",
    "slide",
    "barrel",
    "trigger",
    "magazine",
    "stock",
    "silencer",
    "conversion",
)

POOLS = (
    "ordinary",
    "household",
    "metal",
    "tube",
    "machine",
    "toytool",
    "bulky",
    "vague",
    "part",
    "firearm",
    "ammo",
    "convertible",
    "airgun",
    "accessory",
    "disguised",
    "homonym",
    "industrial",
    "newcover",
    "hobby",
)
POOL = {name: i for i, name in enumerate(POOLS)}
TERM = {name: i for i, name in enumerate(TERMS)}
ROLE = {name: i for i, name in enumerate(ROLES)}


SD_UNIT = 0.30  # of log kilograms a unit
SD_PRICE = 0.50  # of log USD a kilogram
SD_PACKAGE = 0.42  # of log kilograms a package, in cargo
SD_DENSITY = 0.35  # of log kilograms a cubic metre
HOUSEHOLD_PACKAGE_KG = 32.0
SD_HOUSEHOLD = 0.35


@dataclass(frozen=True)
class Goods:
    """The wording table and, for each of its rows, codes and norms (natural logs).

    One row per phrase. `text` and `hs6` are objects; the rest are numbers. `members`
    gives the rows of each pool, `weight` the cumulative share of each member.
    """

    text: Array
    hs6: Array
    hs4: Array
    hs2: Array
    pool: Array
    term: Array
    role: Array
    mu_unit: Array
    mu_price: Array
    mu_package: Array
    mu_density: Array
    unit: Array
    members: tuple[Array, ...]
    cumulative: tuple[Array, ...]
    covers: dict[int, Array]
    chapter_start: Array
    chapter_stop: Array
    chapter_rows: Array
    chapter_cumulative: Array

    def draw(self, pool: Array, u: Array) -> Array:
        """Rows of the wording table, one for each pool number and uniform number."""
        chosen = np.zeros(len(pool), dtype=np.int64)
        for code in np.unique(pool):
            rows = pool == code
            members, cumulative = self.members[code], self.cumulative[code]
            at = np.minimum(np.searchsorted(cumulative, u[rows]), len(members) - 1)
            chosen[rows] = members[at]
        return chosen

    def draw_chapter(self, chapter: Array, u: Array) -> Array:
        """Ordinary rows of the wording table within each chapter (0 where it has none)."""
        start, stop = self.chapter_start[chapter], self.chapter_stop[chapter]
        at = start + np.floor(u * np.maximum(stop - start, 1)).astype(np.int64)
        found: Array = self.chapter_rows[np.minimum(at, len(self.chapter_rows) - 1)]
        return found


def _phrases() -> list[tuple[str, str, str, str, str]]:
    rows = []
    for line in (DATA / "phrases.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pool, term, role, hs6, _language, texts = (part.strip() for part in line.split("|"))
        rows += [(pool, term, role, hs6, text.strip()) for text in texts.split(";") if text.strip()]
    return rows


def _csv(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _published() -> list[tuple[str, str, str, str, str]]:
    # Headings of each pool beside our own phrases: wider than the published covers, so that a
    # model learns the kind of goods and not a list of twenty codes.
    by_heading = {row["heading"]: row["pool"] for row in _csv("headings.csv")}
    with gzip.open(DATA / "wording.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        rows = []
        for row in csv.DictReader(stream):
            if row["hs6"].startswith("93"):
                continue  # chapter 93 is worded by our own phrases, whose terms are known
            pool = by_heading.get(row["hs6"][:4], "ordinary")
            rows.append((pool, "-", "-", row["hs6"], row["description"]))
    return rows


def _codes(hs6: Array) -> Array:
    numbers: Array = np.array([int(code) for code in hs6], dtype=np.int64)
    return numbers


@cache
def load() -> Goods:
    """The table, read once from the package's data."""
    own, published = _phrases(), _published()
    rows = own + published
    text = np.array([row[4] for row in rows], dtype=object)
    hs6 = np.array([row[3] for row in rows], dtype=object)
    numbers = _codes(hs6)
    hs4, hs2 = numbers // 100, numbers // 10000
    pool = np.array([POOL[row[0]] for row in rows])
    chapters = {int(row["chapter"]): row for row in _csv("chapters.csv")}
    by_row = [chapters[code] for code in hs2]
    unit_kg = {row["heading"]: float(row["kg_per_unit"]) for row in _csv("unit_mass.csv")}
    kg = np.array(
        [
            unit_kg.get(code[:4], float(row["kg_per_unit"]))
            for code, row in zip(hs6, by_row, strict=True)
        ]
    )
    unit_code = np.array([row["unit"] for row in by_row], dtype=object)
    piece = np.isin(unit_code, ("C62", "PR"))
    known = np.array([code[:4] in unit_kg for code in hs6])
    spread = np.where(known, 0.12, 0.5)
    mu_unit = np.log(kg) + np.where(
        piece, spread * normal(hs4, 11) + 0.06 * normal(numbers, 12), 0.0
    )
    usd = np.array([float(row["usd_per_kg"]) for row in by_row])
    mu_price = np.log(usd) + 0.4 * normal(hs4, 13) + 0.06 * normal(numbers, 14)
    per_package = np.clip(np.log(14.0) - mu_unit + 0.3 * normal(hs4, 15), 0.0, 6.0)
    mu_package = mu_unit + np.where(piece, per_package, np.log(22.0) + 0.2 * normal(hs4, 16))
    # Within a pool half of the draws are our own phrases, half published wording of its
    # headings; codes have a fixed popularity with a long tail.
    popularity = np.exp(1.1 * normal(numbers, 17) + 0.5 * normal(np.arange(len(rows)), 18))
    ours = np.arange(len(rows)) < len(own)
    # plain trade seldom writes the vague words of a pool; they come by the scenario's knob
    said_little = np.array([row[1] in ("vague", "cover") and row[0] != "vague" for row in rows])
    popularity = popularity * np.where(said_little, 0.02, 1.0)
    members, cumulative = [], []
    for code in range(len(POOLS)):
        within = np.flatnonzero(pool == code)
        weight = popularity[within].copy()
        mine = ours[within]
        if mine.any() and (~mine).any():
            weight[mine] = 0.55 / mine.sum() * popularity[within][mine].clip(0.005, 2.0)
            weight[~mine] *= 0.45 / weight[~mine].sum()
            weight[mine] *= 0.55 / weight[mine].sum()
        elif mine.any():
            weight = weight.clip(0.4, 2.5)
        members.append(within)
        cumulative.append(np.cumsum(weight) / weight.sum())
    base = np.flatnonzero(~ours)
    order = base[np.argsort(hs2[base], kind="stable")]
    start = np.searchsorted(hs2[order], np.arange(100), side="left")
    stop = np.searchsorted(hs2[order], np.arange(100), side="right")
    size = (stop - start) * np.exp(0.8 * normal(np.arange(100), 19))
    size[[0, 77, 93, 98, 99]] = 0.0
    return Goods(
        text=text,
        hs6=hs6,
        hs4=hs4,
        hs2=hs2,
        pool=pool,
        term=np.array([TERM[row[1]] for row in rows]),
        role=np.array([ROLE[row[2]] for row in rows]),
        mu_unit=mu_unit,
        mu_price=mu_price,
        mu_package=mu_package,
        mu_density=np.log(240.0) + 0.45 * normal(hs4, 20),
        unit=unit_code,
        members=tuple(members),
        cumulative=tuple(cumulative),
        covers={
            code: np.flatnonzero((pool == code) & said_little)
            for code in (POOL["metal"], POOL["tube"])
        },
        chapter_start=start,
        chapter_stop=stop,
        chapter_rows=order,
        chapter_cumulative=np.cumsum(size) / size.sum(),
    )
