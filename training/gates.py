"""What must hold before a scorecard may be proposed, each measured, each with its figure.

The labeller check asks of every person whether what they found fits what the others'
outcomes lead to expect, in every slice. One who calls harmless what others find, or the
reverse, is named: false labels on one route hardly move an overall figure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import nbinom, norm, poisson

from riskprofile.profiles import PROFILES
from riskprofile.scoring import artefact
from riskprofile.scoring.parts import LEAST, SLICE, chosen, masks
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS, WORDING, Scorecard
from riskprofile.services.promotion import GROUPS, Gate
from riskprofile.tables import Table
from training import evaluate, fairness
from training.compile import worst_step
from training.refit import monotone, refit, weights_of

MOST_LOST = 0.10  # recall of a slice
LEAST_BY_LABELLER = 5  # outcomes of one person in one slice
RARE = 1e-3  # chance of one false name in a whole check
MEDIAN = math.pi / 2  # how many times as uncertain as a mean the middle one of several is
MANY = 10.0  # expected finds from which a normal tail is used
BANDS, BAND_NAMES = (-0.01, 0.1, 0.3, 1.01), ("low", "middle", "high")  # chances of a find
LARGEST = 4 * 2**20  # bytes of the files that serve
MOST_TERMS = 400
FIFTHS = 5  # parts of the outcomes by score, in which finds are set beside it
BUDGETS = (0.01, 0.05)


@dataclass(frozen=True)
class Slice:
    """Recall of two scorecards in one part of the rows, at one share inspected."""

    name: str
    positives: int
    before: float
    after: float

    @property
    def lost(self) -> float:
        """Recall given up."""
        return self.before - self.after


def slices(
    before: np.ndarray, after: np.ndarray, labels: np.ndarray, groups: Table, budget: float
) -> list[Slice]:
    """Recall of each group's positives when `budget` of all rows is inspected.

    Parameters
    ----------
    before, after : arrays
        Points of the two scorecards, rows as in `groups`.
    groups : Table
        One column a way of telling rows apart; missing is a group of its own.
    """
    taken = [chosen(points, budget) for points in (before, after)]
    told = []
    positive = labels == 1
    for where, mask in masks(groups):
        found = mask & positive
        if (count := int(found.sum())) >= LEAST:
            told.append(
                Slice(where, count, float(taken[0][found].mean()), float(taken[1][found].mean()))
            )
    return told


def recall_gate(
    name: str,
    before: np.ndarray,
    after: np.ndarray,
    labels: np.ndarray,
    groups: Table,
) -> Gate:
    """No slice loses more than 10 points of recall, at 1 % and at 5 % inspected."""
    measured = [
        (budget, one) for budget in BUDGETS for one in slices(before, after, labels, groups, budget)
    ]
    bound = f"at most {100 * MOST_LOST:.0f} points"
    if not measured:
        positives = int(labels.sum())
        few = "1 positive" if positives == 1 else f"{positives} positives"
        return Gate(name, True, f"not assessable: {few}", bound)
    budget, worst = max(measured, key=lambda one: one[1].lost)
    told = (
        f"{worst.name} loses {100 * worst.lost:.1f} points at {budget:.0%} inspected "
        f"({worst.before:.2f} to {worst.after:.2f}, {worst.positives} positives)"
    )
    scarce = sum(0 < int(labels[mask].sum()) < LEAST for _, mask in masks(groups))
    if scarce:
        parts = "1 part" if scarce == 1 else f"{scarce} parts"
        told += f"; not assessable: {parts} with under {LEAST} finds"
    return Gate(name, worst.lost <= MOST_LOST, told, bound)


@dataclass(frozen=True)
class Misfit:
    """A person whose outcomes in one slice are not what the others' lead to expect."""

    labeller: str
    where: str
    outcomes: int
    finds: int
    expected: float
    chance: float

    def __str__(self) -> str:
        """In words."""
        return (
            f"{self.labeller}, {self.where}: {self.finds} finds in {self.outcomes} outcomes where "
            f"{self.expected:.1f} were to be expected"
        )


def labellers(card: Scorecard, labels: Table) -> list[Misfit]:
    """People whose outcomes do not fit, the least likely first; empty when all fit."""
    people = sorted({str(one) for one in labels["officer"].dropna()})
    groups = labels[[name for name in labels if name.startswith(SLICE)]]
    found = labels["value"].to_numpy("float64")
    owned: dict[str, np.ndarray] = {}
    chances: dict[str, np.ndarray] = {}
    for person in people:
        own = (labels["officer"] == person).fillna(False).to_numpy(dtype=bool)
        others = labels[~own].reset_index(drop=True)
        if own.sum() < LEAST_BY_LABELLER or not len(others):
            continue
        owned[person] = own
        chances[person] = _chances(refit(card, others, "check").scorecard, labels, others)
    told: list[tuple[int, Misfit]] = []
    tests = [0, 0]  # over all or by score; by slice: each kind has half of the chance
    for person, own in owned.items():
        chance = chances[person]
        bands = pd.DataFrame({"score": _bands(chance)})
        odds, doubts = {}, {}
        for name in BAND_NAMES:
            odds[name], doubts[name] = _odds_of_others(name, person, owned, chances, found)
        chance = _moved(chance, bands["score"].map(odds).to_numpy("float64"))
        for where, mask in [*masks(bands), *list(masks(groups))[1:]]:
            here = mask & own
            count = int(here.sum())
            if count < LEAST_BY_LABELLER:
                continue
            kind = int(not where.startswith(("all", "score ")))
            tests[kind] += 1
            finds, expected = int(found[here].sum()), float(chance[here].sum())
            each = chance * (1 - chance)
            spread = float(each[here].sum())
            doubt = sum(
                float(each[here & (bands["score"] == name)].sum()) ** 2 * doubts[name]
                for name in BAND_NAMES
            )
            if not kind:  # the others' odds hold the person's own finds, the other way round
                twice = (len(owned) / max(len(owned) - 1, 1)) ** 2
                doubt = twice * doubt + (twice - 1) * spread
            rare = _tail(finds, expected, spread, doubt)
            told.append((kind, Misfit(person, where, count, finds, expected, rare)))
    named = [one for kind, one in told if one.chance < RARE / 2 / max(tests[kind], 1)]
    return sorted(named, key=lambda one: one.chance)


def _bands(chance: np.ndarray) -> np.ndarray:
    made: np.ndarray = np.asarray(pd.cut(chance, BANDS, labels=BAND_NAMES).astype(str))
    return made


def _odds_of_others(
    band: str,
    person: str,
    owned: dict[str, np.ndarray],
    chances: dict[str, np.ndarray],
    found: np.ndarray,
) -> tuple[float, float]:
    """How many times the odds that the rest foretold each other person's finds came to, here; and
    the variance of its logarithm.

    A scorecard fits the outcomes it was fitted on better than those of somebody else, so what is
    foretold of a person is off in a way that is the same for everybody. The middle one of the
    others is taken: one of them who labels falsely moves it little. Few finds of few people say
    little of it, and people who differ among themselves less.
    """
    told, sampled = [], []
    for other, own in owned.items():
        if other == person:
            continue
        here = own & (_bands(chances[other]) == band)
        finds, expected = found[here].sum(), chances[other][here].sum()
        missed, clean = here.sum() - finds, here.sum() - expected
        told.append(((finds + 1) / (missed + 1)) / ((expected + 1) / (clean + 1)))
        sampled.append(1 / (finds + 1) + 1 / (missed + 1))
    if not told:
        return 1.0, 0.0
    apart = float(np.var(np.log(told), ddof=1)) if len(told) > 1 else 0.0
    of_one = max(float(np.mean(sampled)), apart)
    return float(np.median(told)), of_one / len(told) * (MEDIAN if len(told) > 2 else 1.0)


def _moved(chance: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Chances whose odds are so many times as large."""
    made: np.ndarray = chance * odds / (1 - chance + chance * odds)
    return made


def labeller_gate(card: Scorecard, labels: Table) -> Gate:
    """Nobody's outcomes stand against those of all others."""
    bound = f"a chance of at least {RARE:g} over the whole check"
    enough = labels["officer"].value_counts() >= LEAST_BY_LABELLER
    if enough.sum() < 2:
        told = f"not assessable: {enough.sum()} people with {LEAST_BY_LABELLER} outcomes or more"
        return Gate("labellers", True, told, bound)
    found = labellers(card, labels)
    if not found:
        return Gate("labellers", True, "every person's outcomes fit the others'", bound)
    return Gate("labellers", False, "; ".join(str(one) for one in found[:3]), bound)


def monotone_gate(card: Scorecard) -> Gate:
    """More of what may only raise the points never lowers them."""
    worst, where = 0, ""
    for name, direction in monotone(card).items():
        if (step := worst_step(name, direction, card.terms)) < worst:
            worst, where = step, name
    told = f"{where} falls by {-worst} points" if where else "every step goes its way"
    return Gate("monotone terms", not where, told, "no step against its way")


def inputs_gate(card: Scorecard) -> Gate:
    """It reads features of its profile alone, which see no protected column, name or code."""
    known = {one.name for one in PROFILES[card.profile].features} | {WORDING}
    strange = sorted(set(card.features) - known)
    told = f"reads {strange[0]}" if strange else f"{len(card.features)} features of the profile"
    return Gate("inputs", not strange, told, "features of the profile alone")


def groups_gate(card: Scorecard, features: Table, labels: np.ndarray, declared: Table) -> Gate:
    """No group of people bears more or fewer false positives than the others, beyond bounds.

    Parameters
    ----------
    declared : Table
        Protected columns of the same rows, which nothing that rates reads; none for goods.
    """
    name = GROUPS
    bound = f"{fairness.LOW:g} to {fairness.HIGH:g} times those of all others"
    if not len(declared.columns):
        return Gate(name, True, "these declarations hold no protected column", bound)
    inspected = chosen(card.points(features), BUDGETS[-1])
    protected = fairness.grouped(declared, list(declared.columns))
    found = fairness.groups(labels, inspected, protected)
    judged = [one for one in found if one.judged]
    if not judged:
        return Gate(name, True, "not assessable: every group is too small", bound)
    worst = max(judged, key=lambda one: abs(math.log(max(one.ratio, 1e-9))))
    told = (
        f"{worst.column} {worst.level} bears {worst.ratio:.2f} times the false positives of all "
        f"others at {BUDGETS[-1]:.0%} inspected; {len(judged)} groups are large enough to judge"
    )
    return Gate(name, not fairness.outside(found), told, bound)


def calibration_gate(card: Scorecard, labels: Table) -> Gate:
    """Finds beside the mean score in each fifth of the score, where it shows probabilities.

    Over all outcomes the two agree whatever the scorecard, since its probabilities were fitted to
    these outcomes with a level and a slope of their own: only parts can tell that they are off.
    Outcomes count alike, however they were selected: by what was declared and by chance alone.
    The fit weighed them, so its level is as unsure as the few that weigh most make it.
    """
    name, bound = "calibration", f"a chance of at least {RARE:g} over all fifths of the score"
    if not card.examined:
        return Gate(name, True, "shows no probability yet", bound)
    if not len(labels):
        return Gate(name, True, "not assessable: no outcome yet", bound)
    score = card.probability(card.points(labels))
    found = labels["value"].to_numpy("float64")
    each, level = score * (1 - score), _doubt_of_level(score, weights_of(labels))
    cuts = np.unique(np.quantile(score, np.arange(1, FIFTHS) / FIFTHS))
    fifth = np.searchsorted(cuts, score)
    measured = []
    for part in np.unique(fifth):
        here = fifth == part
        finds, expected = int(found[here].sum()), float(score[here].sum())
        spread = float(each[here].sum())
        where = f"{score[here].min():.1%} to {score[here].max():.1%}"
        told = f"{finds} finds in {here.sum()} outcomes where {expected:.1f} were to be expected"
        rare = _tail(finds, expected, spread, spread**2 * level)
        measured.append((rare, f"score {where}: {told}"))
    rarest, worst = min(measured)
    return Gate(name, rarest * len(measured) >= RARE, worst, bound)


def _doubt_of_level(score: np.ndarray, weights: np.ndarray) -> float:
    """Variance, in log-odds, of a level fitted with weights beyond that of one without."""
    each = score * (1 - score)
    if not each.any():
        return 0.0
    return float((weights**2 * each).sum() / (weights * each).sum() ** 2 - 1 / each.sum())


def size_gate(card: Scorecard) -> Gate:
    """Small enough to be read, signed and loaded at once."""
    size = sum(len(content) for content in artefact.pack(card).values())
    told = f"{len(card.terms)} terms, {size / 2**20:.1f} MB"
    held = len(card.terms) <= MOST_TERMS and size <= LARGEST
    return Gate("size", held, told, f"{MOST_TERMS} terms, {LARGEST / 2**20:.0f} MB")


def _chances(model: Scorecard, labels: Table, others: Table) -> np.ndarray:
    """How likely each row's find is by what the others found, with their own share of finds."""
    eta = model.points(labels) / POINTS_PER_LOG_ODDS
    of_others = model.points(others) / POINTS_PER_LOG_ODDS
    finds = others["value"].to_numpy("float64")
    if 0 < finds.sum() < len(finds):
        intercept, slope = evaluate.calibration_of_few(model.points(others), finds)
        eta = intercept + slope * eta
    elif len(of_others):
        missed = len(finds) - finds.sum()
        eta = np.full(len(eta), math.log((finds.sum() + 0.5) / (missed + 0.5)))
    made: np.ndarray = 1 / (1 + np.exp(-eta))
    return made


def _tail(finds: int, expected: float, spread: float, doubt: float) -> float:
    """How rare so few or so many finds are, where what is expected has a variance of its own.

    Poisson for few, which is wider than the truth, and negative binomial where `doubt` widens
    it; from `MANY` expected on a normal tail with the spread of the rows' own chances, half as
    wide again: a model is never exact.
    """
    if expected >= MANY:
        # Nothing is surer than half an outcome: chances are rounded, and some to 0 or 1.
        off = abs(finds - expected) / math.sqrt(max(1.5**2 * spread + doubt, 0.25))
        return float(2 * norm.sf(off))
    if doubt > 1e-6 * expected:  # with less the two are one, and its figures are no more exact
        count = nbinom(expected**2 / doubt, expected / (expected + doubt))
    else:
        count = poisson(expected)
    low, high = count.cdf(finds), count.sf(finds - 1)
    return float(min(1.0, 2 * min(low, high)))
