"""Reasons: the terms of the score themselves, as sentences with value and norm."""

from __future__ import annotations

import itertools
import json
import math
import re
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
) -> list[tuple[str, str]]:
    """What `explain` returns, as the JSON that is stored: compact, letters of any script as such.

    An alert has some seventy reasons, and of many alerts half are the same: each distinct one is
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
        return [("[]", "[]") for _ in range(len(values))]
    row, number = np.concatenate(rows), np.concatenate(numbers)
    against = np.array(points)[number] < 0
    places = {name: place for place, name in enumerate(sorted({*terms}))}
    by_name = np.array([places[name] for name in terms])
    strongest = np.lexsort((by_name, -np.abs(points)))
    rank = np.empty(len(pieces), dtype=np.int64)
    rank[strongest] = np.arange(len(pieces))
    listed = [pieces[one] for one in number[np.lexsort((rank[number], against, row))].tolist()]
    cuts = np.cumsum(np.bincount(2 * row + against, minlength=2 * len(values))).tolist()
    sides = [f"[{','.join(listed[start:end])}]" for start, end in itertools.pairwise([0, *cuts])]
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
        # Quoted before a number is put in, which holds nothing to quote.
        self.features = {
            one.name: replace(one, reads=_quoted(one.reads)[1:-1])
            for one in profile.features
            if one.name in scorecard.features
        }
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
        # By the code of a value; of the goods' words by that of the title, and by their sign.
        self._sentences: dict[str, dict[Any, str]] = {name: {} for name in scorecard.features}
        self._numerals: dict[str, dict[int, str]] = {name: {} for name in scorecard.features}

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
        sentences, numerals = self._sentences[name], self._numerals[name]
        values = self.values[name]
        for code in set(codes) - numerals.keys():
            value = values[code]
            if math.isinf(value):
                raise ValueError(f"{value} is no number that JSON holds")
            numerals[code] = "null" if math.isnan(value) else repr(value)
            if name != WORDING:
                known = None if math.isnan(value) else value
                sentences[code] = reading(self.features[name], known)
        keys: list[Any] = codes
        if name == WORDING:
            keys = [*zip(self.title[rows].tolist(), (one > 0 for one in points), strict=True)]
            for key in set(keys) - sentences.keys():
                said = _wording(self.titles[key[0]], self.scorecard, key[1])
                sentences[key] = _quoted(said)[1:-1]
        return [sentences[key] for key in keys], [numerals[code] for code in codes]


def reading(feature: Feature, value: float | None) -> str:
    """The sentence of one feature at a value; None is a value that is not known."""
    reads: str = feature.reads
    if value is None:
        return f"{without_value(reads)}: not known"
    if feature.unit == YES_OR_NO:
        if not value and states_a_fact(reads):
            return f"{reads}: no"
        return reads.replace("{value:.0f}", "yes" if value else "no")
    if "[" in reads:
        reads = numbered(reads, f"{value:.0f}" == "1")
    return reads.format(value=value)


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
