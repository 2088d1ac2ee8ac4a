"""`generate`: a stream of canonical tables and their truth, in chunks of any size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import pandas as pd

from riskprofile.errors import UsageError
from riskprofile.tables import TEXT, Table
from training.synth import shipments, travellers
from training.synth.block import SynthChunk


class _Blocks(Protocol):
    def __call__(
        self,
        rows: int,
        seed: int,
        *,
        start: str,
        days: int,
        enrichment: float,
        waves: Mapping[str, float],
    ) -> Iterator[SynthChunk]: ...


PROFILES: dict[str, _Blocks] = {"shipment": shipments.blocks, "traveller": travellers.blocks}


def generate(
    profile: str,
    rows: int,
    seed: int,
    *,
    start: str = "2025-01-01",
    days: int = 450,
    enrichment: float = 1.0,
    waves: Mapping[str, float] | None = None,
    chunk_rows: int = 50_000,
) -> Iterator[SynthChunk]:
    """Synthetic declarations in order of time.

    Parameters
    ----------
    profile : str
        A key of `PROFILES`.
    rows : int
        How many rows in all.
    seed : int
        Same seed, rows, start, days, enrichment and waves: same rows, for any `chunk_rows`.
    start : str
        First day, UTC.
    days : int
        How many days the rows are spread over; patterns change in the last 30 %.
    enrichment : float
        Multiplies the share of risky trade. At 1 about 0.8 % of rows are positives;
        `natural_weight` takes metrics back to natural prevalence.
    waves : mapping of str to float, optional
        By the name of a scenario, what multiplies its share: a wave that one office sees.
    chunk_rows : int
        Rows of each chunk but the last.

    Yields
    ------
    SynthChunk
        `chunk_rows` rows of table and truth.

    Raises
    ------
    UsageError
        For an unknown profile or numbers below 1.
    """
    if profile not in PROFILES:
        raise UsageError(
            f"no generator for profile {profile!r}", do=f"Use one of {', '.join(PROFILES)}."
        )
    if rows < 1 or days < 1 or chunk_rows < 1 or enrichment <= 0:
        raise UsageError(
            "rows, days and chunk rows start at 1, and enrichment above 0",
            do="Give larger numbers.",
        )
    tables: list[pd.DataFrame] = []
    truths: list[pd.DataFrame] = []
    held = 0
    line = 1
    blocks = PROFILES[profile](
        rows, seed, start=start, days=days, enrichment=enrichment, waves=waves or {}
    )
    for block in blocks:
        tables.append(block.table)
        truths.append(block.truth)
        held += len(block.table)
        while held >= chunk_rows:
            table, truth = _joined(tables), _joined(truths)
            yield _chunk(table.iloc[:chunk_rows], truth.iloc[:chunk_rows], profile, line)
            tables, truths = [table.iloc[chunk_rows:]], [truth.iloc[chunk_rows:]]
            held -= chunk_rows
            line += chunk_rows
    if held:
        yield _chunk(_joined(tables), _joined(truths), profile, line)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _chunk(table: Table, truth: pd.DataFrame, profile: str, line: int) -> SynthChunk:
    table, truth = table.reset_index(drop=True), truth.reset_index(drop=True)
    n = len(table)
    return SynthChunk(
        table.assign(
            source=pd.Series([f"synthetic-{profile}"] * n, dtype=TEXT),
            line=range(line, line + n),
            warnings=pd.Series([None] * n, dtype=TEXT),
        ),
        truth,
    )
