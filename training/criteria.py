"""Written criteria into a scorecard that serves: at most 15 sentences with whole points.

What the Court of Justice asks of the assessment of passengers (C-817/19) is that criteria are
set beforehand, by people, and looked at again; so they are a file that a person reads. A
criterion holds when all its conditions hold; what is missing holds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from riskprofile.errors import InputError
from riskprofile.profiles import PROFILES, Profile
from riskprofile.scoring import artefact
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS, Bins, Criterion, Scorecard, Term
from riskprofile.services.fitting import VERSION
from training import folders

FILE = "criteria.json"
MOST = 15
LARGEST_POINTS = 500
RANGE = 2500  # points on either side of zero that the probability table covers


@dataclass(frozen=True)
class Condition:
    """One feature above a bound, or at most at it."""

    feature: str
    bound: float
    above: bool

    @property
    def says(self) -> str:
        """As in the table of a card."""
        return f"`{self.feature}` {'above' if self.above else 'at most'} {self.bound:g}"

    def holds(self, bins: Bins) -> np.ndarray:
        """Per bin of the feature; the bin of missing values holds nothing."""
        upper = np.append(bins.edges, np.inf)
        lower = np.append(-np.inf, bins.edges)
        inside = lower >= self.bound if self.above else upper <= self.bound
        return np.append(inside, False)


@dataclass(frozen=True)
class Written:
    """A file of criteria, checked."""

    profile: Profile
    version: str
    base: int
    written: date
    review_due: date
    criteria: tuple[tuple[Criterion, int, tuple[Condition, ...]], ...]


def read(path: Path) -> Written:
    """Criteria from their file.

    Raises
    ------
    InputError
        What is wrong with it, in one sentence.
    """
    try:
        told = json.loads(path.read_text("utf-8"))
        return _checked(told)
    except OSError as error:
        raise InputError(
            f"the criteria cannot be read ({error.strerror})", where=str(path), do="Check the name"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"these are not criteria ({error})",
            where=str(path),
            do="Start from the criteria.json of a shipped version",
        ) from error


def _checked(told: Mapping[str, Any]) -> Written:
    profile = PROFILES[told["profile"]]
    known = {feature.name for feature in profile.features}
    if not 1 <= len(told["criteria"]) <= MOST:
        raise ValueError(f"{len(told['criteria'])} criteria; between 1 and {MOST} are allowed")
    criteria = []
    for one in told["criteria"]:
        words = Criterion(**{name: one[name] for name in ("key", "says", "cleared_by", "source")})
        if not all(isinstance(word, str) and word.strip() for word in vars(words).values()):
            raise ValueError(f"{words.key} lacks its sentence, what clears it, or its source")
        conditions = tuple(_condition(when, known) for when in one["when"])
        if len({when.feature for when in conditions}) not in (1, 2) or len(conditions) > 2:
            raise ValueError(f"{words.key} reads other than one feature or two")
        if len({when.feature for when in conditions}) != len(conditions):
            raise ValueError(f"{words.key} names a feature twice")
        criteria.append((words, _whole(one["points"], words.key), conditions))
    if len({words.key for words, _, _ in criteria}) != len(criteria):
        raise ValueError("a key occurs twice")
    if not VERSION.fullmatch(version := str(told["version"])):  # a folder is named so
        raise ValueError(f"no version such as 2027.01.1-criteria: {version[:40]!r}")
    return Written(
        profile=profile,
        version=version,
        base=_whole(told["base"], "base", 2000),
        written=date.fromisoformat(told["written"]),
        review_due=date.fromisoformat(told["review_due"]),
        criteria=tuple(criteria),
    )


def _whole(value: Any, where: str, largest: int = LARGEST_POINTS) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < abs(value) <= largest:
        raise ValueError(f"the points of {where} are a whole number up to {largest}, not zero")
    return value


def _condition(told: Mapping[str, Any], known: set[str]) -> Condition:
    if told["feature"] not in known:
        raise ValueError(f"the profile has no feature {told['feature']}")
    [how] = set(told) - {"feature"}
    if how not in ("above", "at_most"):
        raise ValueError(f"{how} is not above or at_most")
    return Condition(told["feature"], float(told[how]), how == "above")


def scorecard(written: Written) -> Scorecard:
    """The tables that serve."""
    bounds: dict[str, set[float]] = {}
    for _, _, conditions in written.criteria:
        for one in conditions:
            bounds.setdefault(one.feature, set()).add(one.bound)
    bins = {name: Bins(np.array(sorted(edges))) for name, edges in bounds.items()}
    terms = []
    for words, points, conditions in written.criteria:
        holds = conditions[0].holds(bins[conditions[0].feature])
        for other in conditions[1:]:
            holds = np.logical_and.outer(holds, other.holds(bins[other.feature]))
        names = tuple(one.feature for one in conditions)
        terms.append(Term(names, (points * holds).astype(np.int32), words))
    odds = np.arange(-RANGE, RANGE + 1) / POINTS_PER_LOG_ODDS
    return Scorecard(
        profile=written.profile.name,
        version=written.version,
        digest="",
        base=written.base,
        bins=bins,
        terms=tuple(terms),
        wording=None,
        lowest=-RANGE,
        probabilities=np.round(1 / (1 + np.exp(-odds)), 9),
    )


def card(written: Written) -> str:
    """Markdown: the criteria as a table."""
    lines = [
        f"# Criteria {written.profile.name} {written.version}",
        "",
        "**Written by people, not learnt from data.** Set before any declaration was rated, each",
        "with its source and what clears it. Written on "
        f"{written.written}; to be looked at again until {written.review_due}.",
        "",
        f"Every declaration starts at {written.base} points. A criterion that holds adds its",
        "points; what is missing adds none. The sum is the rating, the reasons are its addends.",
        f"A point is 1/{POINTS_PER_LOG_ODDS} of log-odds as its authors judged them: no outcome",
        "stands behind the probability, and no page shows one.",
        "",
        "| | holds when | points | what clears it | source |",
        "|---|---|---|---|---|",
    ]
    for words, points, conditions in written.criteria:
        rule = " and ".join(one.says for one in conditions)
        lines.append(
            f"| {words.key} | {words.says} ({rule}) | {points:+d} | {words.cleared_by} "
            f"| {words.source} |"
        )
    lines += [
        "",
        "No criterion reads a protected column, a name, a country or a place. How they do beside",
        "the learnt scorecard: `python -m benchmarks.criteria`.",
        "",
    ]
    return "\n".join(lines)


def write(folder: Path) -> str:
    """Build the version in a folder from its `criteria.json`; its digest."""
    written = read(folder / FILE)
    made = scorecard(written)
    files = artefact.pack(made)
    files[FILE] = (folder / FILE).read_bytes()
    files["card.md"] = card(written).encode()
    files, digest = folders.sealed(files, made, "")
    folders.renew(folder, files)
    return digest
