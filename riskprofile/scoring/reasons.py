"""Reasons: the terms of the score themselves, as sentences with value and norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from riskprofile.profiles import Profile
from riskprofile.scoring.scorecard import WORDING, Scorecard, Term
from riskprofile.tables import Table

Reason = dict[str, Any]
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
    contributions = scorecard.contributions(values)
    columns = {name: values[name].to_numpy("float64").tolist() for name in scorecard.features}
    said = {feature.name: feature for feature in profile.features}
    known: dict[tuple[object, ...], Reason] = {}  # many rows share a value, and so a sentence
    made = []
    for row in range(len(values)):
        reasons = [_base(scorecard)] if scorecard.base else []
        for place in np.flatnonzero(contributions[row]).tolist():
            term, points = scorecard.terms[place], int(contributions[row, place])
            numbers = [_number(columns[name][row]) for name in term.features]
            title = titles[row] if WORDING in term.features else None
            key = (place, points > 0, title, repr(numbers))  # 0.0 and -0.0 are told apart
            if key not in known:
                sentences = [
                    _sentence(name, columns[name][row], titles[row], said, scorecard, points > 0)
                    for name in term.features
                ]
                norms = [scorecard.norms.get(name, "") for name in term.features]
                known[key] = {
                    "term": term.name,
                    "text": _text(term, sentences),
                    "points": 0,
                    "value": numbers[0] if len(numbers) == 1 else numbers,
                    "norm": norms[0] if len(norms) == 1 else "; ".join(filter(None, norms)),
                }
            reasons.append({**known[key], "points": points})
        reasons.sort(key=lambda reason: (-abs(reason["points"]), reason["term"]))
        made.append(
            (
                [reason for reason in reasons if reason["points"] > 0],
                [reason for reason in reasons if reason["points"] < 0],
            )
        )
    return made


def _base(scorecard: Scorecard) -> Reason:
    return {
        "term": "base",
        "text": "where every declaration starts",
        "points": scorecard.base,
        "value": None,
        "norm": "",
    }


def _text(term: Term, sentences: list[str]) -> str:
    """The values as sentences; of a written criterion its own sentence first."""
    values = " and ".join(sentences)
    return f"{term.criterion.says}: {values}" if term.criterion else values


def _sentence(
    name: str,
    value: float,
    title: str | None,
    said: dict[str, Any],
    scorecard: Scorecard,
    raises: bool,
) -> str:
    if name == WORDING:
        return _wording(title, scorecard, raises)
    if math.isnan(value):
        return f"{name.replace('_', ' ')} is not known"
    feature = said[name]
    reads: str = feature.reads
    if feature.unit == YES_OR_NO:
        return reads.replace("{value:.0f}", "yes" if value else "no")
    return reads.format(value=value)


def _wording(title: str | None, scorecard: Scorecard, raises: bool) -> str:
    if title is None or scorecard.wording is None:
        return "no goods description"
    if not raises:
        return "the goods are worded as lawful goods usually are"
    words = [word for word, weight in scorecard.wording.strongest(title) if weight > 0]
    if not words:
        return "the goods are worded unusually"
    return "wording: " + ", ".join(f"“{word}”" for word in words)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
