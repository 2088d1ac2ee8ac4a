"""From a recipe to features and labels, cut where serving cuts.

History is built from the same declarations and answers as of the day of each row, so
no row sees its own day or a later one. The true probabilities of the generator are
never read here: they are for judging, in `benchmarks/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskprofile.history import Snapshot, view
from riskprofile.profiles import PROFILES, Profile
from riskprofile.scoring import rating
from riskprofile.tables import Column, Table
from training import lawful
from training.recipe import Recipe
from training.synth import generate

LENDING = 4  # one lawful row in so many may lend to lawful trade that looks alike
Progress = Callable[[str, int], None]


@dataclass
class Data:
    """Features (without the wording), descriptions, labels and times of every row.

    The generated rows in their order, then the lawful trade that looks alike (`lawful`), all
    of it within the period that is learnt from.
    """

    profile: Profile
    features: Table
    descriptions: Column
    groups: np.ndarray  # key of equal descriptions
    labels: np.ndarray  # 0 or 1
    times: Column
    protected: Table  # columns of groups (P1), for the card alone; never learnt from
    kinds: Column  # typology of each find, by which figures are told apart; never learnt from
    slices: Table  # columns by which the profile tells figures apart; never learnt from

    def during(self, since: str | None, until: str | None) -> np.ndarray:
        """Mask of the rows lodged from `since` on and before `until`."""
        mask = np.ones(len(self.labels), dtype=bool)
        if since:
            mask &= (self.times >= pd.Timestamp(since, tz="UTC")).to_numpy()
        if until:
            mask &= (self.times < pd.Timestamp(until, tz="UTC")).to_numpy()
        return mask


def make(recipe: Recipe, progress: Progress = lambda what, rows: None) -> Data:
    """Generate the declarations of a recipe, and of its further worlds; compute their features."""
    made = _world(recipe, recipe.data_seed, None, progress)
    further = [_world(recipe, seed, recipe.train_until, progress) for seed in recipe.worlds]
    return _together([made, *further]) if further else made


def _world(recipe: Recipe, seed: int, until: str | None, progress: Progress) -> Data:
    """One world, rated with the past that it has; its rows before `until`."""
    profile = PROFILES[recipe.profile]
    views: list[Table] = []
    events: list[Table] = []
    labels: list[np.ndarray] = []
    protected: list[Table] = []
    kinds: list[Column] = []
    slices: list[Table] = []
    pool: list[Table] = []
    done = 0
    for table, truth in _lodged(recipe, seed, until):
        seen = view(table, profile)
        views.append(seen)
        events.append(seen[[*profile.remembered, "time"]])
        labels.append(truth["label"].to_numpy("int8"))
        kinds.append(truth["typology"])
        protected.append(table[profile.protected("P1")])
        slices.append(table[list(profile.slices)])
        if recipe.lawful_trade:
            pool.append(_lenders(table, labels[-1], profile, recipe))
        done += len(seen)
        progress("declarations", done)
    history = Snapshot.from_views(events, finds=_finds(events, labels, recipe))
    if recipe.lawful_trade:
        # Beside the past, not in it: rows to learn from, whose texts nobody declared.
        lent = lawful.rows(pd.concat(pool, ignore_index=True), recipe.lawful_trade, recipe.seed)
        views.append(view(lent, profile))
        labels.append(np.zeros(len(lent), "int8"))
        kinds.append(pd.Series("", index=lent.index))
        protected.append(lent[profile.protected("P1")])
        slices.append(lent[list(profile.slices)])
    made: list[Table] = []
    done = 0
    for seen in views:
        made.append(rating.all_features(seen, history, profile).astype("float64"))
        done += len(seen)
        progress("features", done)
    return Data(
        profile=profile,
        features=pd.concat(made, ignore_index=True).drop(columns=list(recipe.drop)),
        descriptions=pd.concat([one[profile.title] for one in views], ignore_index=True),
        groups=pd.concat([one["goods_key"] for one in views], ignore_index=True)
        .fillna(0)
        .to_numpy(np.int64),
        labels=np.concatenate(labels),
        times=pd.concat([one["time"] for one in views], ignore_index=True),
        protected=pd.concat(protected, ignore_index=True),
        kinds=pd.concat(kinds, ignore_index=True),
        slices=pd.concat(slices, ignore_index=True),
    )


def _lodged(recipe: Recipe, seed: int, until: str | None) -> Iterator[tuple[Table, Table]]:
    """Declarations of one world and what is true of them, chunk by chunk, before `until`."""
    time = PROFILES[recipe.profile].time
    for chunk in generate(recipe.profile, recipe.rows, seed, start=recipe.start, days=recipe.days):
        early = np.ones(len(chunk.table), dtype=bool)
        if until:
            early = (chunk.table[time] < pd.Timestamp(until, tz="UTC")).to_numpy(dtype=bool)
        if not early.any():  # they come in order of time
            return
        yield (
            chunk.table[early].reset_index(drop=True),
            chunk.truth[early].reset_index(drop=True),
        )


def _together(made: list[Data]) -> Data:
    """Worlds one after the other; what judges is in the first alone."""

    def tables(name: str) -> Table:
        return pd.concat([getattr(one, name) for one in made], ignore_index=True)

    def arrays(name: str) -> np.ndarray:
        return np.concatenate([getattr(one, name) for one in made])

    return Data(
        profile=made[0].profile,
        features=tables("features"),
        descriptions=tables("descriptions"),
        groups=arrays("groups"),
        labels=arrays("labels"),
        times=tables("times"),
        protected=tables("protected"),
        kinds=tables("kinds"),
        slices=tables("slices"),
    )


def _lenders(table: Table, labels: np.ndarray, profile: Profile, recipe: Recipe) -> Table:
    """Lawful rows of the earlier period that may lend mass, value and parties."""
    early = table[profile.time] < pd.Timestamp(recipe.train_until, tz="UTC")
    return table[early.to_numpy() & (labels == 0)].iloc[::LENDING]


def _finds(events: list[Table], labels: list[np.ndarray], recipe: Recipe) -> list[Table]:
    """Past finds that an office would know: a share of the positives, some days later."""
    draw = np.random.default_rng(recipe.seed)
    found = []
    for one, label in zip(events, labels, strict=True):
        chosen = (draw.random(len(label)) < recipe.found) & (label == 1)
        if chosen.any():
            known = one[chosen]
            found.append(known.assign(time=known["time"] + pd.Timedelta(days=recipe.found_after)))
    return found
