"""Attacks on the scorecard: goods coded otherwise, loads split, declarations edited to pass."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from riskprofile.history import Snapshot, view
from riskprofile.profiles import PROFILES
from riskprofile.scoring import rating
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from riskprofile.tables import TEXT, Table
from tests.trust.told import Told
from training.synth import generate

PROFILE = PROFILES["shipment"]
ROWS, SEED = 40_000, 77
TRIES, NUDGE = 50, 0.20  # edits of one declaration; share that weight and value may be turned
EVADE, KEEP = 0.20, 0.80  # at most so many escape red; at least so many keep their lane


class Desk:
    """A past, an office that examines the top 5 % and scans the next 5 %, and risky rows in red."""

    def __init__(self) -> None:
        chunks = list(generate("shipment", ROWS, SEED, start="2025-01-01", days=200))
        table = pd.concat([one.table for one in chunks], ignore_index=True)
        risky = np.concatenate([one.truth["label"].to_numpy() for one in chunks]) == 1
        recent = (table["lodged_at"] >= table["lodged_at"].quantile(0.7)).to_numpy()
        self.card = artefacts.serving(CHECKOUT / "models", "shipment")
        seen = view(table[~recent], PROFILE)[[*PROFILE.remembered, "time"]]
        self.history = Snapshot.from_views([seen])
        self.lawful = table[recent & ~risky].reset_index(drop=True)
        self.cuts = np.quantile(self.points(self.lawful), [0.90, 0.95])
        found = table[recent & risky].reset_index(drop=True)
        self.red = found[self.lanes(found) == 2].reset_index(drop=True)

    def points(self, rows: Table) -> np.ndarray:
        """Points of each row."""
        values = rating.features(view(rows, PROFILE), self.history, PROFILE, self.card)
        return self.card.points(values).astype("float64")

    def lanes(self, rows: Table) -> np.ndarray:
        """0 green, 1 yellow, 2 red: by points, raised by what indicators of a row say."""
        lane = np.searchsorted(self.cuts, self.points(rows), side="left")
        single = [one for one in PROFILE.indicators if not one.over_batch]
        fired = rating.indicators(view(rows, PROFILE, codes=True), self.history, single)
        for one in single:
            raised = ("green", "yellow", "red").index(one.raises)
            lane = np.maximum(lane, np.where(fired.masks[one.key], raised, 0))
        return lane

    def some(self, count: int) -> Table:
        """So many risky rows in red, each as often as needed."""
        return self.red.iloc[np.arange(count) % len(self.red)].reset_index(drop=True)


@cache
def desk() -> Desk:
    """Made once in a process."""
    return Desk()


def swaps(count: int, _: Path) -> Told:
    """Risky goods under the code of a lawful row of another chapter: four of five keep their lane.

    Each row counts as one attempt; held is said of the whole, since the plan has a floor.
    """
    here, draw = desk(), np.random.default_rng(5)
    rows = here.some(count)
    codes = here.lawful["hs_code"].dropna()
    given = codes.iloc[draw.integers(0, len(codes), count)].reset_index(drop=True)
    same = (given.str[:2] == rows["hs_code"].str[:2]).to_numpy(dtype=bool, na_value=False)
    rows["hs_code"] = pd.array(given, dtype=TEXT)
    return _floor((here.lanes(rows) == 2) | same, KEEP, "keep their lane under another code")


def edits(count: int, _: Path) -> Told:
    """The greedy search: up to 50 edits of text, code, value and weight, the best kept each time.

    An edit says less, takes the words or the code of a lawful row, or turns value or weight
    by a fifth at most. A row escapes when nothing leaves it in red. At most a fifth may.

    Told beside: how many are left in red or yellow, where a person looks at the papers, when
    the search goes on after red until nothing brings a row up at all.
    """
    here, draw = desk(), np.random.default_rng(6)
    first = here.some(count)
    rows, best = first.copy(), here.points(first)
    kept, seen = np.ones(count, dtype=bool), np.ones(count, dtype=bool)
    for step in range(TRIES):
        tried = _edited(rows, first, here.lawful, step % len(EDITS), draw)
        points, lanes = here.points(tried), here.lanes(tried)
        better = seen & ((points < best) | (kept & (lanes < 2)) | (lanes < 1))
        for name in EDITED:
            rows[name] = rows[name].where(~better, tried[name])
        best = np.where(better, points, best)
        kept &= ~(better & (lanes < 2))
        seen &= ~(better & (lanes < 1))
    told = _floor(kept, 1 - EVADE, "stay in red")
    told.notes.append(f"{seen.mean():.1%} stay in red or yellow")
    return told


def _floor(kept: np.ndarray, floor: float, what: str) -> Told:
    """The floor is met or it is not; held then counts the rows that were kept."""
    told = Told(len(kept), len(kept) if kept.mean() >= floor else int(kept.sum()))
    if kept.mean() < floor:
        told.faults.append(f"{kept.mean():.1%} {what}, under {floor:.0%}")
    return told


# ------------------------------------------------------------------ edits of a declaration

EDITED = ("goods_description", "hs_code", "value", "gross_mass_kg", "net_mass_kg")
EDITS = ("shorter", "lawful words", "both lawful", "lawful code", "value", "weight", "lawful words")


def _edited(
    rows: Table, first: Table, lawful: Table, kind: int, draw: np.random.Generator
) -> Table:
    made = rows.copy()
    name = EDITS[kind]
    beside = lawful.iloc[draw.integers(0, len(lawful), len(rows))].reset_index(drop=True)
    if name == "shorter":
        made["goods_description"] = pd.array(
            [_less(one, draw) for one in rows["goods_description"]], dtype=TEXT
        )
    if name in ("lawful words", "both lawful"):
        made["goods_description"] = beside["goods_description"]
    if name in ("lawful code", "both lawful"):
        made["hs_code"] = beside["hs_code"]
    if name == "value":
        made["value"] = first["value"] * draw.uniform(1 - NUDGE, 1 + NUDGE, len(rows))
    if name == "weight":
        turned = draw.uniform(1 - NUDGE, 1 + NUDGE, len(rows))
        made["gross_mass_kg"] = first["gross_mass_kg"] * turned
        made["net_mass_kg"] = first["net_mass_kg"] * turned
    return made


def _less(said: Any, draw: np.random.Generator) -> Any:
    """One word less, while there are two."""
    words = [] if pd.isna(said) else str(said).split()
    if len(words) < 2:
        return said
    del words[int(draw.integers(0, len(words)))]
    return " ".join(words)
