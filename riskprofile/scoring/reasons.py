"""Reasons: the terms of the score themselves, as sentences with value and norm."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import numpy as np

from riskprofile.profiles import Profile
from riskprofile.scoring.scorecard import WORDING, Scorecard, Term
from riskprofile.tables import Feature, Table

Reason = dict[str, Any]
# What is said of the goods' words.
NO_DESCRIPTION = "no goods description"
LAWFUL = "the goods are worded as lawful goods usually are"
UNUSUAL = "the goods are worded unusually"
WORDED = "wording: "
_quoted = encode_basestring  # as `json.dumps` quotes when letters of any script may stand
_FORMS = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")
_PLACE = re.compile(r"\{value:[^}]*\}")
_END = re.compile(r"\s*:\s*…$")
START = "where every declaration starts"
YES_OR_NO = "0 or 1"  # the unit of a feature that is a fact or none
_INFINITE = {"inf", "-inf"}  # as Python writes them


def explain(
    values: Table, titles: list[str | None], profile: Profile, scorecard: Scorecard
) -> list[tuple[list[Reason], list[Reason]]]:
    """Reasons for and against of each row, strongest first; together they sum to the points.

    Parameters
    ----------
    values : Table
        The features of the rows, as rated (or from the feature log).
    titles : list of str or None
        The description that the text scorecard read.

    Returns
    -------
    list of (raising, lowering)
        Each reason is `{"term", "text", "points", "value", "norm"}`. Every non-zero
        term is there, and `base`.
    """
    written = as_json(values, titles, profile, scorecard)
    return [(json.loads(raising), json.loads(lowering)) for raising, lowering in written]


def as_json(
    values: Table, titles: list[str | None], profile: Profile, scorecard: Scorecard
) -> list[tuple[bytes, bytes]]:
    """What `explain` returns, as the JSON that is stored: compact, letters of any script as such.

    An alert has some ninety reasons, and of many alerts half are the same: each distinct one is
    written once, of sentences and numbers that are written once for each value of a feature.
    """
    contributions = scorecard.contributions(values)
    said = _Said(values, titles, profile, scorecard)
    pieces: list[str] = []  # each a reason; and its points and term
    points: list[int] = []
    terms: list[str] = []
    rows, numbers = [], []  # of each non-zero term of each row: the row, and its reason
    for place, term in enumerate(scorecard.terms):
        here = np.flatnonzero(contributions[:, place])
        if not len(here):
            continue
        first, of = said.distinct(term, here)
        rows.append(here)
        numbers.append(of + len(pieces))
        given = contributions[here[first], place].tolist()
        pieces += said.reasons(term, here[first], given)
        points += given
        terms += [term.name] * len(given)
    if scorecard.base:
        rows.append(np.arange(len(values)))
        numbers.append(np.full(len(values), len(pieces)))
        head, tail = _ends("base", START, "")
        pieces.append(f'{head}","points":{scorecard.base},"value":null{tail}')
        points.append(scorecard.base)
        terms.append("base")
    if not pieces:
        return [(b"[]", b"[]") for _ in range(len(values))]
    row, number = np.concatenate(rows), np.concatenate(numbers)
    against = np.array(points)[number] < 0
    places = {name: place for place, name in enumerate(sorted({*terms}))}
    by_name = np.array([places[name] for name in terms])
    strongest = np.lexsort((by_name, -np.abs(points)))
    rank = np.empty(len(pieces), dtype=np.int64)
    rank[strongest] = np.arange(len(pieces))
    side = 2 * row + against
    order = np.sort(side * len(pieces) + rank[number]) % len(pieces)
    written = [one.encode("utf-8", "surrogatepass") for one in pieces]
    listed = [written[one] for one in strongest[order].tolist()]
    cuts = np.cumsum(np.bincount(side, minlength=2 * len(values))).tolist()
    sides = [b"[%b]" % b",".join(listed[i:end]) for i, end in itertools.pairwise([0, *cuts])]
    return [*zip(sides[::2], sides[1::2], strict=True)]


def _ends(term: str, says: str, norm: str) -> tuple[str, str]:
    """What stands before the sentence of a reason, and after its value."""
    return f'{{"term":{_quoted(term)},"text":"{says}', f',"norm":{_quoted(norm)}}}'


class _Said:
    """Sentences and numbers of the features of some rows, written once for each value."""

    def __init__(
        self, values: Table, titles: list[str | None], profile: Profile, scorecard: Scorecard
    ) -> None:
        self.scorecard = scorecard
        self.features = {one.name: one for one in profile.features}
        places: dict[str | None, int] = {}
        self.title = np.array([places.setdefault(one, len(places)) for one in titles], np.int64)
        self.titles = [*places]
        self.codes: dict[str, np.ndarray] = {}
        self.values: dict[str, list[float]] = {}
        for name in scorecard.features:
            # As bits: 0.0 and -0.0 are told apart.
            bits = values[name].to_numpy("float64").view(np.int64)
            found, self.codes[name] = np.unique(bits, return_inverse=True)
            self.values[name] = found.view(np.float64).tolist()
        self.infinite = any(map(math.isinf, itertools.chain.from_iterable(self.values.values())))
        # By the code of a value; of the goods' words by that of the title, and by their sign.
        self._written: dict[str, tuple[list[str], list[str]]] = {}
        self._worded: dict[tuple[int, bool], str] = {}

    def distinct(self, term: Term, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first of these rows for each distinct reason of a term, and the reason of each."""
        both = np.zeros(len(rows), dtype=np.int64)
        for name in term.features:
            both = both * len(self.values[name]) + self.codes[name][rows]
        if WORDING in term.features:
            both = both * len(self.titles) + self.title[rows]
        _, first, of = np.unique(both, return_index=True, return_inverse=True)
        return first, of

    def reasons(self, term: Term, rows: np.ndarray, points: list[int]) -> list[str]:
        """The reason that a term is of each of these rows, with so many points."""
        norms = [self.scorecard.norms.get(name, "") for name in term.features]
        norm = norms[0] if len(norms) == 1 else "; ".join(filter(None, norms))
        says = f"{_quoted(term.criterion.says)[1:-1]}: " if term.criterion else ""
        head, tail = _ends(term.name, says, norm)
        given = [self._told(name, rows, points) for name in term.features]
        if len(given) == 1:
            texts, numerals = given[0]
        else:
            texts = [*map(" and ".join, zip(*(one[0] for one in given), strict=True))]
            several = map(",".join, zip(*(one[1] for one in given), strict=True))
            numerals = [f"[{one}]" for one in several]
        return [
            f'{head}{text}","points":{mine},"value":{numeral}{tail}'
            for text, mine, numeral in zip(texts, points, numerals, strict=True)
        ]

    def _told(self, name: str, rows: np.ndarray, points: list[int]) -> tuple[list[str], list[str]]:
        """What is said of a feature of these rows: its sentence without marks, and its number."""
        codes = self.codes[name][rows].tolist()
        if name not in self._written:
            self._written[name] = self._write(name)
        sentences, numerals = self._written[name]
        if name == WORDING:
            told = [*map(self._words, self.title[rows].tolist(), (one > 0 for one in points))]
        else:
            told = [sentences[code] for code in codes]
        found = [numerals[code] for code in codes]
        if self.infinite and not _INFINITE.isdisjoint(found):
            raise ValueError(f"{name} has a value that is no number that JSON holds")
        return told, found

    def _write(self, name: str) -> tuple[list[str], list[str]]:
        """The sentence without marks and the number of each value of a feature, by its code."""
        values = [None if math.isnan(one) else one for one in self.values[name]]
        numerals = ["null" if one is None else repr(one) for one in values]
        if name == WORDING:
            return [], numerals
        # Quoted before a number is put in, which holds nothing to quote.
        feature = self.features[name]
        return readings(replace(feature, reads=_quoted(feature.reads)[1:-1]), values), numerals

    def _words(self, title: int, raises: bool) -> str:
        """What is said of the words of a title, without marks."""
        known = self._worded.get((title, raises))
        if known is None:
            said = _wording(self.titles[title], self.scorecard, raises)
            known = self._worded[title, raises] = _quoted(said)[1:-1]
        return known


def reading(feature: Feature, value: float | None) -> str:
    """The sentence of one feature at a value; None is a value that is not known."""
    return readings(feature, [value])[0]


def readings(feature: Feature, values: Sequence[float | None]) -> list[str]:
    """Those of several values."""
    reads: str = feature.reads
    unknown = f"{without_value(reads)}: not known"
    if feature.unit == YES_OR_NO:
        fact = states_a_fact(reads)
        no = f"{reads}: no" if fact else reads.replace("{value:.0f}", "no")
        yes = reads.replace("{value:.0f}", "yes")
        return [unknown if one is None else yes if one else no for one in values]
    # By place: with a name a number takes twice the time.
    one, many = (numbered(reads, form).replace("{value", "{0").format for form in (True, False))
    forms = "[" in reads
    return [
        unknown if value is None else (one if forms and f"{value:.0f}" == "1" else many)(value)
        for value in values
    ]


@lru_cache(maxsize=4_096)
def numbered(reads: str, one: bool) -> str:
    """A sentence in the form for one, or for any other number: both stand in it as `[one|other]`.

    >>> numbered("{value:.0f} [stop|stops]", True), numbered("{value:.0f} [stop|stops]", False)
    ('{value:.0f} stop', '{value:.0f} stops')
    """
    return _FORMS.sub(lambda forms: forms[1 if one else 2], reads)


def states_a_fact(reads: str) -> bool:
    """Whether a sentence has no place for its value: as it stands, it says that something is so.

    >>> states_a_fact("goods are cheap and bulky"), states_a_fact("declared as gift: {value:.0f}")
    (True, False)
    """
    return not _PLACE.search(reads)


def without_value(reads: str) -> str:
    """The sentence of a feature whose value is not known, in whichever language it is.

    >>> without_value("{value:.1f} kg a package"), without_value("declared as gift: {value:.0f}")
    ('… kg a package', 'declared as gift')
    """
    return _END.sub("", _PLACE.sub("…", numbered(reads, False)))


def _wording(title: str | None, scorecard: Scorecard, raises: bool) -> str:
    if title is None or scorecard.wording is None:
        return NO_DESCRIPTION
    if not raises:
        return LAWFUL
    words = [word for word, weight in scorecard.wording.strongest(title) if weight > 0]
    if not words:
        return UNUSUAL
    return WORDED + ", ".join(f"“{word}”" for word in words)
