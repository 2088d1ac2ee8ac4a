"""Lawful trade that looks alike, to learn from: written from the guards of the typologies.

`lawful_trade.tsv` holds texts that the look-alike column of docs/typologies.md and the
everyday meanings of `homonyms.csv` call lawful: toys, nail guns, film props, licensed
dealers, car filters, wine barrels. What a text does not say (mass, value, parties) is lent
by a lawful row of the same mode and goods, as of that row's own day. None of the texts is
taken from what judges (`benchmarks/`).
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from riskprofile.tables import Table

TOGETHER = 0.25  # of the rows name two goods of one guard


class Lawful(NamedTuple):
    """One text, the guard it stands for, and the modes and code it comes under."""

    guard: str
    modes: tuple[str, ...]
    hs: str
    licensed: bool
    text: str


@lru_cache(maxsize=1)
def texts() -> tuple[Lawful, ...]:
    """Every text of the table, in its order."""
    with Path(__file__).with_name("lawful_trade.tsv").open(encoding="utf-8") as lines:
        return tuple(
            Lawful(
                row["guard"],
                tuple(row["modes"].split(",")),
                row["hs"],
                row["licence"] == "1",
                row["text"],
            )
            for row in csv.DictReader(lines, delimiter="\t")
        )


def rows(pool: Table, copies: int, seed: int) -> Table:
    """Each text `copies` times, on lawful rows that lend what it does not say.

    Parameters
    ----------
    pool : Table
        Lawful shipments, canonical columns.
    copies : int
        Rows of each text; 0 makes none.
    """
    listed = texts()
    random = np.random.default_rng([seed, 93])
    modes = pool["transport_mode"].fillna("").to_numpy(dtype=object)
    codes = pool["hs_code"].fillna("")
    headings, chapters = codes.str.slice(0, 4).to_numpy(), codes.str.slice(0, 2).to_numpy()
    hosts, said, chosen = [], [], []
    for one in listed:
        same = [other.text for other in listed if other.guard == one.guard and other is not one]
        for _ in range(copies):
            mode = modes == random.choice(one.modes)
            like = np.flatnonzero(mode & (headings == one.hs[:4]))
            if not len(like):
                like = np.flatnonzero(mode & (chapters == one.hs[:2]))
            hosts.append(int(random.choice(like if len(like) else np.flatnonzero(mode))))
            beside = same and random.random() < TOGETHER
            said.append(f"{one.text}; {random.choice(same)}" if beside else one.text)
            chosen.append(one)
    made = pool.iloc[hosts].reset_index(drop=True)
    made["goods_description"] = pd.array(said, dtype=pool["goods_description"].dtype)
    made["hs_code"] = pd.array([one.hs for one in chosen], dtype=pool["hs_code"].dtype)
    licences = [f"LT-{number:06}" if one.licensed else None for number, one in enumerate(chosen)]
    made["licence_number"] = pd.array(licences, dtype=pool["licence_number"].dtype)
    return made
