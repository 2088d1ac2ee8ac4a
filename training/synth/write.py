"""`write`: a set as Parquet parts, the truth in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from training.synth.block import VERSION
from training.synth.generator import generate

PART_ROWS = 250_000
TRUTH = "truth"


def _silent(what: str, rows: int) -> None:
    """Tell nobody."""


def write(
    profile: str,
    rows: int,
    seed: int,
    out_folder: str | Path,
    *,
    start: str = "2025-01-01",
    days: int = 450,
    enrichment: float = 1.0,
    chunk_rows: int = PART_ROWS,
    progress: Callable[[str, int], None] = _silent,
) -> dict[str, Any]:
    """Write `declarations-NNNNN.parquet` and, under `truth/`, `truth-NNNNN.parquet`.

    One chunk is in memory at a time. The same arguments give the same bytes (same lock).
    The folder `truth/` holds what no model may read: keep it away from what is scored.

    Parameters
    ----------
    profile, rows, seed, start, days, enrichment
        As for `generate`.
    out_folder : str or Path
        Made when missing.
    chunk_rows : int
        Rows of a part.
    progress : callable
        Told `("declarations", rows so far)` after each part.

    Returns
    -------
    dict
        `profile, rows, positives, seed, version` and the file names by kind, as JSON values.
    """
    folder = Path(out_folder)
    (folder / TRUTH).mkdir(parents=True, exist_ok=True)
    declarations: list[str] = []
    truths: list[str] = []
    done, positives = 0, 0
    chunks = generate(
        profile, rows, seed, start=start, days=days, enrichment=enrichment, chunk_rows=chunk_rows
    )
    for part, chunk in enumerate(chunks):
        rows_path = folder / f"declarations-{part:05d}.parquet"
        truth_path = folder / TRUTH / f"truth-{part:05d}.parquet"
        for frame, path in ((chunk.table, rows_path), (chunk.truth, truth_path)):
            pq.write_table(
                pa.Table.from_pandas(frame, preserve_index=False), path, compression="zstd"
            )
        declarations.append(str(rows_path))
        truths.append(str(truth_path))
        done += len(chunk.table)
        positives += int(chunk.truth["label"].sum())
        progress("declarations", done)
    return {
        "profile": profile,
        "rows": done,
        "positives": positives,
        "seed": seed,
        "version": VERSION,
        "declarations": declarations,
        "truth": truths,
    }
