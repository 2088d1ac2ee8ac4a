"""What a scenario is: how often each thing happens in one kind of trade.

A scenario only draws what a declaration shows. It does not decide a label: the risk
function (`factors.py`) reads the finished row and knows no scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np

from training.synth.hashing import Array

Side = Literal["lawful", "lookalike", "compliance", "fraud", "risky"]


@dataclass(frozen=True)
class Cluster:
    """Several declarations that belong together.

    `link` says what they share: `address` (one consignee address, senders differ), `parts`
    (the same, and each brings another part), `split` (one sender, one address, one text),
    `phone` (one sender telephone, names differ), `series` (one sender, address, lane and
    text over months), `building` (firms under one address). `members` is the least and the
    most; `days` how long it lasts.
    """

    link: Literal["address", "parts", "split", "phone", "series", "building"]
    members: tuple[int, int]
    days: float


@dataclass(frozen=True)
class Scenario:
    """One kind of trade. Every number from `excess` on is the probability of a thing.

    `share` is declarations in a thousand (clusters: clusters in a thousand declarations);
    `late` multiplies it in the last 30 % of days, `season` before the year's end.
    `key` names the typology that a risky scenario is written from.
    """

    name: str
    side: Side
    share: float
    modes: dict[str, float]
    consignee: dict[str, float]
    goods: dict[str, float]
    key: str = ""
    late: float = 1.0
    season: float = 1.0
    procedure: str = ""
    cluster: Cluster | None = None
    excess: float = 0.008  # heavier than the goods
    light: float = 0.02  # lighter than the goods
    price_low: float = 0.02
    price_high: float = 0.015
    freight_high: float = 0.02
    gift: float = 0.0
    vague: float = 0.05  # generic words instead of the goods' name
    cut_off: float = 0.0  # text in another script or spaced out
    licence: float = 0.0
    end_use: float = 0.0
    fresh: float = 0.12  # parties that never traded with each other
    absent: float = 0.015  # no consignee
    detour: float = 0.06  # more transit legs than the lane's usual route
    rare_lane: float = 0.04
    mismatch: float = 0.04  # code of another chapter than the words
    no_list: float = 0.08  # no quantity
    no_house: float = 0.12  # no house document
    part_mass: float = 0.0  # pieces of 5 to 400 g
    cover: float = 0.06  # plain cover words of a metal or tube pool
    tube_mass: float = 0.0  # pieces of 150 to 700 g
    bulk: float = 0.01  # far more pieces than usual
    sender_elsewhere: float = 0.06  # sender's country is not where it was posted
    other_address: float = 0.03  # a known consignee at another address
    gaps: float = 0.0  # further mandatory fields left blank
    off_trade: float = 0.15  # firm deals in goods outside its chapters
    known: float = 0.4  # a person who has received before
    items: float = 0.15  # more than one goods item
    sender: Literal["", "firm", "person", "family"] = ""


KNOBS = tuple(
    f.name
    for f in fields(Scenario)
    if f.type == "float" and f.name not in ("share", "late", "season")
)


@dataclass(frozen=True)
class Book:
    """All scenarios as arrays: `knobs[name][scenario]`, and cumulative choices."""

    scenarios: tuple[Scenario, ...]
    knobs: dict[str, Array] = field(repr=False)
    modes: Array = field(repr=False)  # cumulative, scenarios x 6
    consignee: Array = field(repr=False)  # cumulative, scenarios x 4
    goods: Array = field(repr=False)  # cumulative, scenarios x pools
    single: Array = field(repr=False)  # cumulative share by (late, season), 2 x 2 x scenarios
    clusters: Array = field(repr=False)  # clusters in a declaration by (late, season)

    @property
    def names(self) -> list[str]:
        """Names in order of their numbers."""
        return [scenario.name for scenario in self.scenarios]


def _cumulative(weights: list[dict[str, float]], names: tuple[str, ...]) -> Array:
    table = np.array([[row.get(name, 0.0) for name in names] for row in weights])
    unknown = {key for row in weights for key in row} - set(names)
    if unknown:
        raise ValueError(f"scenario with unknown choices {sorted(unknown)}")
    cumulative: Array = np.cumsum(table, axis=1) / table.sum(axis=1, keepdims=True)
    return cumulative


def choose(cumulative: Array, row: Array, u: Array) -> Array:
    """For each uniform number the choice of its row of cumulative shares."""
    chosen: Array = np.minimum((u[:, None] >= cumulative[row]).sum(axis=1), cumulative.shape[1] - 1)
    return chosen


def book(
    scenarios: tuple[Scenario, ...],
    modes: tuple[str, ...],
    pools: tuple[str, ...],
    enrichment: float,
    waves: Mapping[str, float],
) -> Book:
    """Scenarios as arrays; `enrichment` multiplies the share of the risky ones.

    `waves` multiplies the share of each scenario that it names.
    """
    single = np.zeros((2, 2, len(scenarios)))
    clusters = np.zeros((2, 2, len(scenarios)))
    for i, scenario in enumerate(scenarios):
        share = scenario.share * (enrichment if scenario.side == "risky" else 1.0)
        share *= waves.get(scenario.name, 1.0)
        for late in (0, 1):
            for season in (0, 1):
                now = share * (scenario.late if late else 1) * (scenario.season if season else 1)
                (clusters if scenario.cluster else single)[late, season, i] = now
    return Book(
        scenarios=scenarios,
        knobs={name: np.array([getattr(s, name) for s in scenarios]) for name in KNOBS},
        modes=_cumulative([s.modes for s in scenarios], modes),
        consignee=_cumulative(
            [s.consignee for s in scenarios], ("private", "business", "forwarder", "official")
        ),
        goods=_cumulative([s.goods for s in scenarios], pools),
        single=np.cumsum(single, axis=2) / single.sum(axis=2, keepdims=True),
        clusters=clusters / 1000.0,
    )
