"""Reasons: the terms of the score themselves, as sentences with value and norm."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from riskprofile.profiles import Profile
from riskprofile.scoring.scorecard import WORDING, Scorecard
from riskprofile.scoring.wording import Wording
from riskprofile.tables import Feature, Table

Reason = dict[str, Any]
# What is said of the goods' words.
NO_DESCRIPTION = "no goods description"
LAWFUL = "the goods are worded as lawful goods usually are"
UNUSUAL = "the goods are worded unusually"
WORDED = "wording: "
_FORMS = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")
_PLACE = re.compile(r"(?:10\^)?\{value:[^}]*\}")
_POWER = re.compile(r"10\^\{(value|0):[^}]*\}")
_END = re.compile(r"\s*:\s*…$")
START = "where every declaration starts"
YES_OR_NO = "0 or 1"  # the unit of a feature that is a fact or none
Forms = tuple[bool, str, str, str] | tuple[bool, str, str, str, str]


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
    said = Phrasing.of(profile, scorecard)
    return [said.told(one) for one in terms(values, titles, scorecard)]


def terms(values: Table, titles: list[str | None], scorecard: Scorecard) -> list[bytes]:
    """What differs between rows in the reasons of each; `Phrasing` has the rest.

    The values of the scorecard's features (float64, the lowest byte first; missing too where no
    term reads it that has points), the points of each term (int32, likewise), and in UTF-8 what is
    said of the goods' words where they lower, a zero byte, and where they raise.

    Raises
    ------
    ValueError
        A value is infinite.
    """
    points, read = scorecard.contributions(values), scorecard.reads
    held = values[[*scorecard.features]].to_numpy("float64", na_value=np.nan)
    held = np.where((points != 0).astype(np.float32) @ read > 0, held, np.nan)
    if np.isinf(held).any():
        raise ValueError("an infinite value is no number that JSON holds")
    worded = points[:, read[:, [name == WORDING for name in scorecard.features]].any(axis=1)]
    words = _worded(titles, worded, scorecard.wording)
    numbers = zip(held.astype("<f8", "C"), points.astype("<i4", "C"), words, strict=True)
    return [b"%b%b%b" % (held.tobytes(), mine.tobytes(), said) for held, mine, said in numbers]


def _worded(titles: list[str | None], points: np.ndarray, wording: Wording | None) -> list[bytes]:
    """What is said of the words of titles by the terms that have these points."""
    lowers: list[bool] = np.any(points < 0, axis=1).tolist()
    raises: list[bool] = np.any(points > 0, axis=1).tolist()
    known = [None if wording is None else title for title in titles]
    raising = [*dict.fromkeys(filter(None, itertools.compress(known, raises)))]
    words = dict(zip(raising, wording.strongest(raising) if wording else (), strict=True))
    said = []
    for title, down, up in zip(known, lowers, raises, strict=True):
        lowering = _wording(title, False, []) if down else ""
        raised = _wording(title, True, words.get(title or "", [])) if up else ""
        said.append(f"{lowering}\0{raised}".encode("utf-8", "surrogatepass"))
    return said


class Phrasing:
    """All that a release says of the terms of a scorecard, but for what differs between rows.

    `content` are JSON values: stored once, they tell what was said of a row as it was said then.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content
        self.features, self.terms = content["features"], content["terms"]
        self.base, self.joined = content["base"], content["and"]
        names = {name: place for place, name in enumerate(sorted(one[0] for one in self.terms))}
        self.names = np.array([names[one[0]] for one in self.terms])

    @classmethod
    def of(cls, profile: Profile, scorecard: Scorecard) -> Phrasing:
        """What this release says."""
        known, norms = profile.features_by_name, scorecard.norms
        place = {name: number for number, name in enumerate(scorecard.features)}
        said: list[list[Any]] = []
        for term in scorecard.terms:
            says = f"{term.criterion.says}: " if term.criterion else ""
            given = [norms.get(name, "") for name in term.features]
            norm = given[0] if len(given) == 1 else "; ".join(filter(None, given))
            said.append([term.name, says, norm, [place[name] for name in term.features]])
        # The goods' words have no forms: their sentence is the row's own.
        read = [None if name == WORDING else known[name] for name in scorecard.features]
        return cls(
            {
                "features": [one and forms(one.reads, one.unit, one.none) for one in read],
                "terms": [*said, ["base", START, "", []]],
                "base": scorecard.base,
                "and": " and ",
            }
        )

    def told(self, terms: bytes, most: int | None = None) -> tuple[list[Reason], list[Reason]]:
        """The reasons for and against of a row of which `terms` gave this; see `explain`.

        With `most` so many of those for, the strongest, and none of those against. Raises
        `ValueError` where it is damaged.
        """
        features, size = self.features, len(self.terms)
        held = np.frombuffer(terms, "<f8", len(features)).tolist()
        values = [None if value != value else value for value in held]
        begin = 8 * len(features)
        points = np.append(np.frombuffer(terms, "<i4", size - 1, begin), self.base)
        words = terms[begin + 4 * (size - 1) :].decode("utf-8", "surrogatepass")
        lowering, raising = words.split("\0", 1)
        # The strongest first, and of equal ones by name.
        some = (points if most is None else points > 0).nonzero()[0]
        strength = np.abs(points[some]) * size - self.names[some]
        order = some[np.argsort(-strength, kind="stable")][:most]
        texts = [""] * len(features)
        sides: tuple[list[Reason], list[Reason]] = ([], [])
        for place, mine in zip(order.tolist(), points[order].tolist(), strict=True):
            name, text, norm, read = self.terms[place]
            value: Any = None
            for number, of in enumerate(read):
                if not (said := texts[of]):
                    if features[of]:
                        said = texts[of] = _filled(features[of], values[of])
                    else:
                        said = raising if mine > 0 else lowering
                if number:
                    text, value = f"{text}{self.joined}{said}", [value, values[of]]
                else:
                    text, value = text + said, values[of]
            sides[mine < 0].append(
                {"term": name, "text": text, "points": mine, "value": value, "norm": norm}
            )
        return sides


def reading(feature: Feature, value: float | None) -> str:
    """The sentence of one feature at a value; None is a value that is not known."""
    return _filled(forms(feature.reads, feature.unit, feature.none), value)


@lru_cache(maxsize=4_096)
def forms(reads: str, unit: str, none: bool) -> Forms:
    """Of a feature, whether it is a fact or none, and its sentences where its value is not known,
    where there is none or one (nothing where that reads as any other), and where there are more;
    of one that tells of nothing at 0 (`Feature.none`), what it says there.
    """
    unknown = f"{without_value(reads)}: not known"
    if unit == YES_OR_NO:
        no = f"{reads}: no" if states_a_fact(reads) else reads.replace("{value:.0f}", "no")
        return True, unknown, no, reads.replace("{value:.0f}", "yes")
    # By place: with a name a number takes twice the time.
    one, many = (numbered(reads, form).replace("{value", "{0") for form in (True, False))
    told = False, unknown, one if one != many else "", many
    return (*told, f"{without_value(reads)}: no") if none else told


def _filled(forms: Forms, value: float | None) -> str:
    fact, unknown, one, many, *no = forms
    if value is None:
        return unknown
    if fact:
        return many if value else one
    if no and value <= 0:
        return no[0]
    value = shown(many, value)
    return plain(one if one and f"{value:.0f}" == "1" else many).format(value)


def shown(reads: str, value: float) -> float:
    """The value as a sentence says it: of a logarithm what it is of, in two figures.

    >>> shown("one of 10^{value:.1f} declarations", 3.3), shown("{value:.1f} kg a package", 3.3)
    (2000.0, 3.3)
    """
    return float(f"{10.0**value:.2g}") if "10^{" in reads else value


def plain(reads: str) -> str:
    """A sentence for the value that is `shown`: nobody reads 10^3.3.

    >>> plain("one of 10^{value:.1f} declarations")
    'one of {value:,.0f} declarations'
    """
    return _POWER.sub(r"{\1:,.0f}", reads)


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
