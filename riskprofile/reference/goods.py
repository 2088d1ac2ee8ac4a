"""What the goods columns of a view say, read once a table however many ask."""

from __future__ import annotations

from riskprofile.reference import lexicon, wording
from riskprofile.reference.once import once
from riskprofile.tables import Table


@once
def arms(items: Table) -> Table:
    """`lexicon.read` of the goods text beside the declared chapter."""
    return lexicon.read(items["goods_description"], items["hs2"])


@once
def said(items: Table) -> Table:
    """`wording.measures` of the goods text."""
    return wording.measures(items["goods_description"])


@once
def fit(items: Table) -> Table:
    """`wording.declared_chapter` of the goods text and the declared chapter."""
    return wording.declared_chapter(items["goods_description"], items["hs2"])


@once
def declared(items: Table) -> Table:
    """`lexicon.read` of what a traveller declared."""
    return lexicon.read(items["goods_declared"])
