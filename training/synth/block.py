"""Rows of the stream, and their truth: a block, which a seed of its own makes, or a chunk."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from riskprofile.tables import Table

BLOCK_ROWS = 10_000  # fixed: chunks of any size are cut from the same blocks
VERSION = 1  # raise it when the same seed should give other rows


@dataclass(frozen=True)
class SynthChunk:
    """Rows as a reader would yield them, and what is true of them.

    `table` has every canonical column of the profile; in a chunk `source`, `line`, `warnings` too.
    `truth` has one row for each, in the same order: the identifier (and `item_number` where
    the profile has items), `probability` (true, 0..1), `label` (0 or 1, drawn from it),
    `typology` (the one that leads, "" when no positive), `typologies`, `scenario`, `side`,
    `outcome`, `joint_share` (share of the raising log-odds that three-way and network
    factors give) and `natural_weight`. No model may read it.
    """

    table: Table
    truth: pd.DataFrame
