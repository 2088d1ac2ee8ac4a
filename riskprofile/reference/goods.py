"""What the goods columns of a view say, read once a table however many ask."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskprofile.reference import lawful, lexicon, wording
from riskprofile.reference.bags import Bag
from riskprofile.reference.once import once
from riskprofile.reference.text import per_distinct
from riskprofile.tables import TEXT, Column, Table


@once
def arms(items: Table) -> Table:
    """`lexicon.read` of the goods text beside the declared chapter."""
    return lexicon.read(items["goods_description"], items["hs2"])


@once
def plain(items: Table) -> Column:
    """The goods text, terms for arms in plain English (`lexicon.plain`)."""
    given = items["goods_description"]
    values = per_distinct(given, lexicon.plain, missing=pd.NA)
    return pd.Series(values, index=given.index, dtype=TEXT)


@once
def _words(items: Table) -> Bag:
    """The words of the distinct texts of `plain`."""
    return wording.cut(pd.factorize(plain(items))[1].tolist())


@once
def said(items: Table) -> Table:
    """`wording.measures` of the goods text."""
    return wording.measures(plain(items), _words(items))


@once
def fit(items: Table) -> Table:
    """`wording.declared_chapter` of the goods text and the declared chapter."""
    return wording.declared_chapter(plain(items), items["hs2"], _words(items))


@once
def settings(items: Table) -> Column:
    """How many lawful settings the goods text names (`lawful.named`)."""
    given = items["goods_description"]
    codes, distinct = pd.factorize(given)
    values = np.append(lawful.named(distinct.tolist()).astype("float64"), np.nan)
    return pd.Series(values[codes], index=given.index)


@once
def declared(items: Table) -> Table:
    """`lexicon.read` of what a traveller declared."""
    return lexicon.read(items["goods_declared"])
