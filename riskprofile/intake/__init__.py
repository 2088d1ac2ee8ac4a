"""Bytes to canonical tables and rejections; one file per format, a detector, a quarantine."""

from riskprofile.intake.archive import sources
from riskprofile.intake.detect import READERS, Chunk, detect, formats, read
from riskprofile.intake.reader import Offices, RawChunk, Reader, Rejection, Source

__all__ = [
    "READERS", "Chunk", "Offices", "RawChunk", "Reader", "Rejection", "Source", "detect", "formats",
    "read", "sources",
]  # fmt: skip
