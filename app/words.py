"""The catalogue of words, as every page reads it."""

from riskprofile.words import DEFAULT, LANGUAGES, Words, choose, of

__all__ = ["DEFAULT", "LANGUAGES", "Words", "choose", "of"]
