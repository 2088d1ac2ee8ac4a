"""Declarations of the generator as they are rated: their past, and what is true of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from riskprofile.history import Snapshot, view
from riskprofile.profiles import Profile
from riskprofile.tables import Table
from training.synth import generate


@dataclass(frozen=True)
class World:
    """Rows in their order; history holds them all, and tells each row of the days before it."""

    seen: Table  # what features see
    declared: Table  # the columns that were asked for
    truth: Table  # read for judging alone
    history: Snapshot


def world(
    profile: Profile, rows: int, seed: int, declared: Sequence[str] = (), **when: Any
) -> World:
    """So many rows of a seed; `when` is of `generate`."""
    views, kept, truths = [], [], []
    for chunk in generate(profile.name, rows, seed, **when):
        views.append(view(chunk.table, profile))
        kept.append(chunk.table[list(declared)])
        truths.append(chunk.truth)
    seen = pd.concat(views, ignore_index=True)
    history = Snapshot.from_views([seen[[*profile.remembered, "time"]]])
    return World(
        seen, pd.concat(kept, ignore_index=True), pd.concat(truths, ignore_index=True), history
    )
