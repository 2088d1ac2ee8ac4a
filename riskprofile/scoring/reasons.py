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
# Rows whose reasons are told apart by one number, of term, values and title: below 2**63 for four
# thousand terms of all features, whatever these rows hold.
AT_ONCE = 4_096
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
    if len(values) > AT_ONCE:
        parts = [slice(start, start + AT_ONCE) for start in range(0, len(values), AT_ONCE)]
        each = (as_json(values[part], titles[part], profile, scorecard) for part in parts)
        return [*itertools.chain.from_iterable(each)]
    contributions = scorecard.contributions(values).T
    term, row = np.nonzero(contributions)
    points = contributions[term, row].astype(np.int64)
    said = _Said(values, titles, profile, scorecard)
    first, number = said.distinct(term, row)
    term, points = term[first], points[first]
    pieces = said.reasons(term, row[first], points)
    if scorecard.base:
        row = np.append(row, np.arange(len(values)))
        number = np.append(number, np.full(len(values), len(pieces)))
        head, tail = _ends("base", START, "")
        pieces.append(f'{head}","points":{scorecard.base},"value":null{tail}')
        term, points = np.append(term, len(scorecard.terms)), np.append(points, scorecard.base)
    # The strongest reason first, and of equal ones by name: on each side of each row.
    names = [*(one.name for one in scorecard.terms), "base"]
    places = {name: place for place, name in enumerate(sorted({*names}))}
    strongest = np.lexsort((np.array([places[one] for one in names])[term], -np.abs(points)))
    rank = np.empty(len(pieces), dtype=np.int64)
    rank[strongest] = np.arange(len(pieces))
    side, many = 2 * row + (points[number] < 0), max(len(pieces), 1)
    order = strongest[np.sort(side * many + rank[number]) % many]
    written = [one.encode("utf-8", "surrogatepass") for one in pieces]
    listed = [written[one] for one in order.tolist()]
    cuts = np.cumsum(np.bincount(side, minlength=2 * len(values))).tolist()
    sides = [b"[%b]" % b",".join(listed[i:end]) for i, end in itertools.pairwise([0, *cuts])]
    return [*zip(sides[::2], sides[1::2], strict=True)]


def _ends(term: str, says: str, norm: str) -> tuple[str, str]:
    """What stands before the sentence of a reason, and after its value."""
    return f'{{"term":{_quoted(term)},"text":"{says}', f',"norm":{_quoted(norm)}}}'


class _Said:
    """Sentences and numbers of the features of some rows, written once for each value.

    A term is told by its place in the scorecard, a feature by its place among those that it reads.
    """

    def __init__(
        self, values: Table, titles: list[str | None], profile: Profile, scorecard: Scorecard
    ) -> None:
        self.profile, self.scorecard = profile, scorecard
        places: dict[str | None, int] = {}
        self.title = np.array([places.setdefault(one, len(places)) for one in titles], np.int64)
        self.titles = [*places]
        # The distinct values of each feature, one feature after another, and which each row has.
        self.codes = np.empty((len(scorecard.features), len(values)), dtype=np.int64)
        self.values: list[float] = []
        self.starts = [0]
        held = values[[*scorecard.features]].to_numpy("float64", na_value=np.nan)
        for place, bits in enumerate(held.T.copy().view(np.int64)):  # 0.0 and -0.0 are told apart
            found, self.codes[place] = np.unique(bits, return_inverse=True)
            self.codes[place] += len(self.values)
            self.values += found.view(np.float64).tolist()
            self.starts.append(len(self.values))
        of = {name: place for place, name in enumerate(scorecard.features)}
        self.wording = of.get(WORDING, -1)
        # The first feature of each term and the last, which may be the same.
        read = [[of[term.features[end]] for term in scorecard.terms] for end in (0, -1)]
        self.read = np.array(read, dtype=np.int64)

    def distinct(self, term: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first of these terms of rows for each distinct reason, and the reason of each."""
        of = self.read[:, term]
        code, size = self.codes[of, row], len(self.values)
        title = np.where((of == self.wording).any(axis=0), self.title[row], 0)
        key = ((term * size + code[0]) * size + code[1]) * len(self.titles) + title
        _, first, number = np.unique(key, return_index=True, return_inverse=True)
        return first, number

    def reasons(self, term: np.ndarray, row: np.ndarray, points: np.ndarray) -> list[str]:
        """The reason that each of these terms is of its row, with so many points."""
        of = self.read[:, term]
        code, where = self.codes[of, row], of == self.wording
        numerals = ["null" if math.isnan(one) else repr(one) for one in self.values]
        values = [[numerals[one] for one in some] for some in code.tolist()]
        if any(not _INFINITE.isdisjoint(some) for some in values):
            raise ValueError("an infinite value is no number that JSON holds")
        sentences = self._sentences({*of.ravel().tolist()} - {self.wording})
        # Those of the goods' words by their title, and by whether they raise.
        worded = np.broadcast_to(2 * self.title[row] + (points > 0), of.shape)
        told, code[where] = np.unique(worded[where], return_inverse=True)
        code[where] += len(sentences)
        sentences += self._worded(told.tolist())
        texts = [[sentences[one] for one in some] for some in code.tolist()]
        ends = {place: self._ends(self.scorecard.terms[place]) for place in {*term.tolist()}}
        many = [len(one.features) > 1 for one in self.scorecard.terms]
        made = []
        for of, mine, text, value, other, second in zip(
            term.tolist(), points.tolist(), texts[0], values[0], texts[1], values[1], strict=True
        ):
            head, tail = ends[of]
            if many[of]:
                said = f'{text} and {other}","points":{mine},"value":[{value},{second}]'
            else:
                said = f'{text}","points":{mine},"value":{value}'
            made.append(f"{head}{said}{tail}")
        return made

    def _ends(self, term: Term) -> tuple[str, str]:
        """What stands around the sentence and the value of a term."""
        norms = [self.scorecard.norms.get(name, "") for name in term.features]
        norm = norms[0] if len(norms) == 1 else "; ".join(filter(None, norms))
        says = f"{_quoted(term.criterion.says)[1:-1]}: " if term.criterion else ""
        return _ends(term.name, says, norm)

    def _sentences(self, features: set[int]) -> list[str]:
        """The sentence of each value of these features, without marks; of the others none."""
        sentences, known = [""] * len(self.values), self.profile.features_by_name
        for place in features:
            one = known[self.scorecard.features[place]]
            some = slice(*self.starts[place : place + 2])
            values = [None if math.isnan(value) else value for value in self.values[some]]
            # Quoted before a number is put in, which holds nothing to quote.
            sentences[some] = readings(replace(one, reads=_quoted(one.reads)[1:-1]), values)
        return sentences

    def _worded(self, told: list[int]) -> list[str]:
        """What is said of the words of titles, without marks.

        Each is told by twice the place of its title, and one more where they raise.
        """
        wording = self.scorecard.wording
        titles = [None if wording is None else self.titles[one >> 1] for one in told]
        raising = [title for title, one in zip(titles, told, strict=True) if title and one & 1]
        words = dict(zip(raising, wording.strongest(raising) if wording else (), strict=True))
        return [
            _quoted(_wording(title, bool(one & 1), words.get(title or "", [])))[1:-1]
            for title, one in zip(titles, told, strict=True)
        ]


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


def _wording(title: str | None, raises: bool, strongest: list[tuple[str, int]]) -> str:
    """What is said of a title, of the words in it that weigh most."""
    if title is None:
        return NO_DESCRIPTION
    if not raises:
        return LAWFUL
    words = [word for word, weight in strongest if weight > 0]
    return WORDED + ", ".join(f"“{word}”" for word in words) if words else UNUSUAL
