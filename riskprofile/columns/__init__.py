"""The columns of a view: what features and indicators compute with, and are given.

Of many rows a column is an array (`column`, and `text` for texts), of one row alone a value of
Python's own (`alone`). A table is taken apart into them in `view`.
"""

from riskprofile.columns.alone import Flag, Moment, Number, Whole, Word, alone, full, reckoned
from riskprofile.columns.column import TIME, Array, Column, Mask, spans, supposing
from riskprofile.columns.text import TEXT, Text, factorize, isoformat
from riskprofile.columns.view import View, arrays, column, like, taken_apart, told

__all__ = [
    "TEXT", "TIME", "Array", "Column", "Flag", "Mask", "Moment", "Number", "Text", "View", "Whole",
    "Word", "alone", "arrays", "column", "factorize", "full", "isoformat", "like", "reckoned",
    "spans", "supposing", "taken_apart", "told",
]  # fmt: skip
