"""`write`: a set as Parquet parts, the truth in a folder of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from training.synth.generator import generate

PART_ROWS = 250_000


@dataclass(frozen=True)
class Written:
    """What was written: rows, positives, and the files by kind."""

    rows: int
    positives: int
    declarations: list[Path]
    truth: list[Path]


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
) -> Written:
    """Write `declarations-NNNNN.parquet` and, under `truth/`, `truth-NNNNN.parquet`.

    One chunk is in memory at a time. The same arguments give the same bytes (same lock).
    The folder `truth/` holds what no model may read: keep it away from what is scored.

    Returns
    -------
    Written
        Rows, positives and paths.
    """
    folder = Path(out_folder)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    declarations, truths, done, positives = [], [], 0, 0
    chunks = generate(
        profile, rows, seed, start=start, days=days, enrichment=enrichment, chunk_rows=chunk_rows
    )
    for part, chunk in enumerate(chunks):
        rows_path = folder / f"declarations-{part:05d}.parquet"
        truth_path = folder / "truth" / f"truth-{part:05d}.parquet"
        for frame, path in ((chunk.table, rows_path), (chunk.truth, truth_path)):
            pq.write_table(
                pa.Table.from_pandas(frame, preserve_index=False), path, compression="zstd"
            )
        declarations.append(rows_path)
        truths.append(truth_path)
        done += len(chunk.table)
        positives += int(chunk.truth["label"].sum())
    return Written(done, positives, declarations, truths)
