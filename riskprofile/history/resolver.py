"""The view: what may be rated of a declaration, with identities and codes made opaque.

The one place that reads P2 columns. What leaves it is a key, present or absent, so
that a one-to-one renaming of parties or places changes nothing that rates.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from riskprofile.columns import Column, Text, View, column, like
from riskprofile.history.register import FUZZY, Aliases
from riskprofile.profiles import Profile
from riskprofile.profiles.profile import Key
from riskprofile.reference import lexicon, naming, wording
from riskprofile.reference.hashing import hash_texts
from riskprofile.reference.once import Recent, once
from riskprofile.tables import TEXT, Table

_WORDS = re.compile(r"\w+")
_FOLDED = bytes(
    ord(chr(code).lower()) if _WORDS.match(chr(code)) else ord(" ") for code in range(128)
).ljust(256)


def view(
    table: Table, profile: Profile, *, codes: bool = False, rates: Table | None = None
) -> Table:
    """`look`, as a pandas table."""
    return look(table, profile, codes=codes, rates=rates).table()


def look(
    table: Table | View, profile: Profile, *, codes: bool = False, rates: Table | None = None
) -> View:
    """What features may read of a canonical table; with `codes`, what indicators may.

    Parameters
    ----------
    table : Table or View
        Canonical columns of `profile`. A view is taken apart once, whoever asks it besides.
    codes : bool
        Add the country and place codes themselves. Features never see them.
    rates : Table, optional
        Exchange rates in use (`reference.rates.in_use`); the shipped sample without.

    Returns
    -------
    View
        Same index: visible columns, opaque `Int64` keys, measures, `goods_key` (the whole
        text), `named_key` (what it calls the goods) and `time`. P1 and P2 columns are not
        in it.
    """
    given = View.over(table)
    made: dict[str, Column] = {key.name: opaque(given, key) for key in profile.keys}
    made["goods_key"] = _hashed(given.text(profile.title), "goods", plain_words)
    made["named_key"] = _hashed(given.text(profile.title), "named", called)
    made.update(profile.measures(given, rates))
    made["time"] = given[profile.time]
    seen = given.only((*profile.visible, *(profile.codes if codes else ())))
    return seen.assign(**made)


def forms(table: Table | View, keys: Sequence[Key]) -> dict[int, tuple[str, str]]:
    """Family and normal form of every name and address of a table, by opaque key.

    For the register of parties alone: nothing that rates may see a form.
    """
    return _named(View.over(table), tuple(keys))


@once
def _named(given: View, keys: tuple[Key, ...]) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for family, columns in _written(keys).items():
        for name in columns:
            found |= {key: (family, form) for form, key in _keyed(given, family, name)}
    return found


def written(keys: Sequence[Key]) -> list[str]:
    """The columns that `forms` reads."""
    return [name for columns in _written(keys).values() for name in columns]


def _written(keys: Sequence[Key]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {family: [] for family in FUZZY}
    for key in keys:
        for name in key.columns if key.family in FUZZY else ():
            if not name.endswith("_id") and name not in found[key.family]:
                found[key.family].append(name)
    return {family: columns for family, columns in found.items() if columns}


Seen = TypeVar("Seen", Table, View)


def united(seen: Seen, keys: Sequence[Key], aliases: Aliases) -> Seen:
    """A view, or events, with the keys of one party made one."""
    if not len(aliases) or not len(seen):
        return seen
    columns = {}
    for key in keys:
        if key.family in FUZZY and key.name in seen:
            held = seen[key.name] if isinstance(seen, View) else column(seen[key.name])
            numbers = held.values if held.gone is None else np.where(held.gone, 0, held.values)
            columns[key.name] = like(seen, Column(aliases(numbers), held.gone))
    return seen.assign(**columns)


def recalled(events: Table, profile: Profile) -> Table:
    """Events as they are remembered now, also where a former release stored them."""
    made = {}
    for name, (former, read) in profile.formerly.items():
        if name not in events and former in events:
            held = events[former]
            made[name] = held if read is None else held.map(read, na_action="ignore").astype(TEXT)
    return events.assign(**made) if made else events


def opaque(given: View, key: Key) -> Column:
    """The key of each row: from the first column present, missing when none is."""
    made: Column | None = None
    for name in key.columns:
        # An id and a name that happen to be spelled alike are not the same party.
        family = f"{key.family}:id" if name.endswith("_id") else key.family
        text = given.text(name)
        here = text.keyed([number for _, number in _keyed(given, family, name)])
        made = here if made is None else made.fillna(here)
    assert made is not None  # a key has a column
    return made


def plain_words(texts: Sequence[str]) -> list[str]:
    """Case, accents' composition, punctuation and blanks set aside.

    >>> plain_words(["Steel  PINS, (samples)"])
    ['steel pins samples']
    """
    return [" ".join(_words(text)) for text in texts]


def _words(text: str) -> list[str]:
    if text.isascii():  # as it is composed; a fourth of the time
        return text.encode().translate(_FOLDED).decode().split()
    return _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())


def called(texts: Sequence[str]) -> list[str]:
    """What each text calls the goods, arms in plain English: however disguised or translated.

    >>> one, other = called(["p1stol slide, black", "corredera de pistola, black"])
    >>> one == other
    True
    """
    return wording.named(lexicon.plains(texts))


_NORMAL: dict[str, Callable[[str], str]] = {
    "party": naming.party,
    "party:id": naming.code,
    "person": str.strip,
    "locator": str.strip,
    "place": str.strip,
    "vehicle": lambda plate: re.sub(r"[\s-]", "", plate).upper(),
    "address": naming.address,
    "phone": naming.phone,
}


def _hashed(text: Text, family: str, normal: Callable[[Sequence[str]], list[str]]) -> Column:
    """64-bit keys of normalised text, worked out once per distinct value."""
    return text.keyed(hash_texts([f"{family}:{form}" for form in normal(text.distinct)]).tolist())


# By family, the normal form and the key of texts of late: parties recur, chunk for chunk.
_known: defaultdict[str, Recent[tuple[str, int]]] = defaultdict(lambda: Recent(1 << 13))


@once
def _keyed(given: View, family: str, name: str) -> list[tuple[str, int]]:
    """The normal form and the key of each distinct text of a column."""

    def tell(unknown: list[str]) -> Iterator[tuple[str, int]]:
        forms = [_NORMAL[family](text) for text in unknown]
        return zip(forms, hash_texts([f"{family}:{form}" for form in forms]).tolist(), strict=True)

    return _known[family].of(given.text(name).distinct, tell)
