"""Times, weights and codes as an officer reads them: those of every page and paper."""

from riskprofile.words.form import (
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
    "GLYPHS", "clause", "clip", "clock", "ended", "headline", "lane", "reference", "sentence",
    "signed", "span", "time_left", "value", "zone_name",
]  # fmt: skip
