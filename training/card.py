"""The card of a scorecard, made from its own data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskprofile.scoring import parts
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS
from riskprofile.tables import Table
from training import evaluate, fairness, lawful
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.fit import Fitted

INSPECTED = 0.05  # of the rows, for the figures by group


def card(fitted: Fitted) -> str:
    """Markdown: what it is for, on what it was learnt, how it does, what it cannot show."""
    recipe, scorecard = fitted.recipe, fitted.scorecard
    points = scorecard.points(fitted.test)
    labels = fitted.test_labels
    lines = [
        f"# Scorecard {recipe.profile} {recipe.version}",
        "",
        "**Scale: generator scale.** Learnt from synthetic declarations alone. Until an",
        "installation has 200 examined outcomes with 30 finds, pages show lane, rank and",
        "points, and no probability.",
        "",
        "## What it is for",
        "",
        f"Ranks {recipe.profile} declarations for the inspections that an office can make.",
        "It decides nothing: a named officer does. It reads no protected column, no name and",
        "no country or place code.",
        "",
        "## How it adds up",
        "",
        f"- base {scorecard.base} points; one point is 1/{POINTS_PER_LOG_ODDS} of log-odds",
        f"- {len(scorecard.terms)} terms over {len(scorecard.features)} features, of which "
        f"{sum(len(term.features) == 2 for term in scorecard.terms)} are pairs",
        f"- wording: {len(scorecard.wording.weights) if scorecard.wording else 0} words, pairs "
        "of words and pieces",
        "",
        "## What it was learnt from",
        "",
        f"- recipe.json beside this file; data digest {fitted.data_digest[:16]}",
        f"- {len(fitted.train):,} rows lodged before {recipe.train_until}, "
        f"{int(fitted.train_labels.sum()):,} of them positive",
        *_worlds(recipe),
        *_lent(recipe),
        "",
        "## How it does on the later, unseen period",
        "",
        f"{len(labels):,} rows lodged from {recipe.test_from} on, {int(labels.sum()):,} positive "
        f"({labels.mean():.2%}: enriched far above any natural prevalence).",
        "",
        "| inspected | recall | 95 % interval | of 100 examined, finds |",
        "|---|---|---|---|",
    ]
    for budget in evaluate.BUDGETS:
        recall = evaluate.recall_at(points, labels, budget)
        low, high = evaluate.interval(points, labels, budget, recipe.seed)
        examined = max(1, round(len(labels) * budget))
        finds = recall * labels.sum() / examined
        lines.append(
            f"| {budget:.1%} | {recall:.3f} | {low:.3f} to {high:.3f} | {100 * finds:.0f} |"
        )
    lines += ["", "## Beside others, on the same features and rows", "", *_beside(fitted, points)]
    if len(fitted.test_protected.columns):
        lines += ["", *by_group(fitted.test, points, labels, fitted.test_protected).splitlines()]
    chance = scorecard.probability(points)
    lines += [
        "",
        f"Mean score {chance.mean():.4f} against a positive share of {labels.mean():.4f} "
        "in that period.",
        "",
        "## What moves the points most",
        "",
        "| term | least | most |",
        "|---|---|---|",
    ]
    spread = sorted(scorecard.terms, key=lambda term: -int(np.ptp(term.table)))
    lines += [
        f"| {term.name} | {int(term.table.min()):+d} | {int(term.table.max()):+d} |"
        for term in spread[:25]
    ]
    lines += [
        "",
        "## What it cannot show",
        "",
        "- precision or prevalence at a real border: no public data set labels firearms",
        "  seizures at declaration level, and every positive here was made",
        "- anything about a country, a nationality or a person: these are not read",
        "- conduct that its columns do not carry; see docs/typologies.md",
        "- that the generator's world resembles an office's: load past declarations, record",
        "  outcomes, and judge it by the random control share",
        "",
    ]
    return "\n".join(lines)


def _worlds(recipe: Recipe) -> list[str]:
    """Which worlds of the generator it was learnt from, where there are several."""
    if not recipe.worlds:
        return []
    seeds = ", ".join(map(str, (recipe.data_seed, *recipe.worlds)))
    return [
        f"- of {1 + len(recipe.worlds)} worlds of the generator (seeds {seeds}), each rated with",
        "  its own past; the later rows of the first alone judge",
    ]


def _lent(recipe: Recipe) -> list[str]:
    """What was learnt of lawful trade that looks alike."""
    if not recipe.lawful_trade:
        return []
    said, worlds = len(lawful.texts()), 1 + len(recipe.worlds)
    made = recipe.lawful_trade * worlds
    return [
        f"- among them {made * said:,} rows of lawful trade that looks alike: {said} texts",
        f"  written from the guards of the typologies, each on {made} lawful rows; none positive",
    ]


def by_group(features: Table, points: np.ndarray, labels: np.ndarray, declared: Table) -> str:
    """The section on groups: proxies and false-positive ratios with 5 % inspected."""
    protected = fairness.grouped(declared, list(declared.columns))
    selected = parts.chosen(points, INSPECTED)
    found = fairness.groups(labels, selected, protected)
    return fairness.section(found, fairness.proxies(features, protected), ())


def _beside(fitted: Fitted, points: np.ndarray) -> list[str]:
    """A table of recalls, and in words where the scorecard is below."""
    labels = fitted.test_labels
    rows = {"this scorecard, in points": points.astype("float64"), **fitted.beside}
    budgets = (0.01, 0.05)
    recalls = {
        name: [evaluate.recall_at(scores, labels, budget) for budget in budgets]
        for name, scores in rows.items()
    }
    lines = ["| | 1 % inspected | 5 % inspected |", "|---|---|---|"]
    lines += [f"| {name} | {one:.3f} | {five:.3f} |" for name, (one, five) in recalls.items()]
    ours = recalls["this scorecard, in points"]
    lines.append("")
    for name in fitted.beside:
        for place, budget in enumerate(budgets):
            gap = 100 * (ours[place] - recalls[name][place])
            where = "below" if gap < -1 else "above" if gap > 1 else "level with"
            lines.append(f"- at {budget:.0%}: {where} {name} ({gap:+.1f} points of recall)")
    return lines
