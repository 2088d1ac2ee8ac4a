"""Times, weights and codes as an officer reads them: those of every page and paper."""

from riskprofile.words.form import (
    CLIPPED,
    GLYPHS,
    clause,
    clip,
    clock,
    ended,
    headline,
    lane,
    reference,
    sentence,
    signed,
    span,
    time_left,
    value,
    zone_name,
)

__all__ = [
    "CLIPPED",
    "GLYPHS",
    "clause",
    "clip",
    "clock",
    "ended",
    "headline",
    "lane",
    "reference",
    "sentence",
    "signed",
    "span",
    "time_left",
    "value",
    "zone_name",
]
