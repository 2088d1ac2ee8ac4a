"""One block of the stream: rows that a seed of their own makes, and their truth."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from riskprofile.tables import Table

BLOCK_ROWS = 10_000  # fixed: chunks of any size are cut from the same blocks
VERSION = 1  # raise it when the same seed should give other rows


@dataclass
class Block:
    """`table` is what the product reads; `truth` is what no model may."""

    table: Table
    truth: pd.DataFrame
