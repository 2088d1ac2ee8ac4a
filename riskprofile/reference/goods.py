"""What the goods columns of a view say, read once a table however many ask."""

from __future__ import annotations

import numpy as np

from riskprofile.columns import Column, Text, View
from riskprofile.reference import lawful, lexicon, wording
from riskprofile.reference.once import once


@once
def arms(items: View) -> View:
    """`lexicon.read` of the goods text beside the declared chapter."""
    read: View = lexicon.read(items["goods_description"], items["hs2"])
    return read


@once
def plain(items: View) -> Text:
    """The goods text, terms for arms in plain English: of two texts it may be the same."""
    given = items.text("goods_description")
    return Text(given.values, lexicon.plains(given.distinct))


@once
def said(items: View) -> View:
    """`wording.measures` of the goods text."""
    measured: View = wording.measures(plain(items))
    return measured


@once
def fit(items: View) -> View:
    """`wording.declared_chapter` of the goods text and the declared chapter."""
    fitted: View = wording.declared_chapter(plain(items), items["hs2"])
    return fitted


@once
def settings(items: View) -> Column:
    """How many lawful settings the goods text names (`lawful.named`)."""
    given = items.text("goods_description")
    return Column(given.spread(lawful.named(given.distinct).astype("float64"), np.nan))


@once
def declared(items: View) -> View:
    """`lexicon.read` of what a traveller declared."""
    read: View = lexicon.read(items["goods_declared"])
    return read
