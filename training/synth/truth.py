"""What a truth is: log-odds as a sum of factors of signs, and who leads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from training.synth.hashing import Array

Signs = dict[str, Array]
Kind = Literal["single", "text", "pair", "three_way", "network", "clears"]


@dataclass(frozen=True)
class Factor:
    """One addend of the log-odds: `weight` times `strength(signs)` in [0, 1].

    `key` is the typology it belongs to ("" for what clears).
    """

    name: str
    key: str
    kind: Kind
    weight: float
    strength: Callable[[Signs], Array]


def all_of(*names: str) -> Callable[[Signs], Array]:
    """The product of signs: all of them together."""

    def strength(signs: Signs) -> Array:
        product: Array = signs[names[0]]
        for name in names[1:]:
            product = product * signs[name]
        return product

    return strength


def cheap_or_dear(*names: str) -> Callable[[Signs], Array]:
    """The larger of the two signs of a price, together with all others."""

    def strength(signs: Signs) -> Array:
        product: Array = np.maximum(signs["cheap"], signs["dear"])
        for name in names:
            product = product * signs[name]
        return product

    return strength


@dataclass(frozen=True)
class Truth:
    """The log-odds of a row with no sign (`base`), and the factors that add to it."""

    base: float
    factors: tuple[Factor, ...]

    @cached_property
    def kinds(self) -> Array:
        """Kind of each factor."""
        return np.array([factor.kind for factor in self.factors])

    @cached_property
    def keys(self) -> Array:
        """Typology of each factor."""
        return np.array([factor.key for factor in self.factors], dtype=object)

    def contributions(self, signs: Signs) -> Array:
        """Log-odds of every factor: rows x factors, float64."""
        columns = [factor.weight * factor.strength(signs) for factor in self.factors]
        table: Array = np.column_stack(columns)
        return table

    def replace(self, table: Array, name: str, strength: Array) -> None:
        """Put another strength of one factor into a table of contributions."""
        at = [factor.name for factor in self.factors].index(name)
        table[:, at] = self.factors[at].weight * strength

    def probability(self, table: Array) -> Array:
        """Probability of each row: the logistic function of base and contributions.

        Above even odds further factors count a third: papers alone never make a find
        certain. Added factor by factor, so that the sum has the same bits in any layout.
        """
        total = np.full(len(table), self.base)
        for column in table.T:
            total = total + column
        total = np.where(total > 0, total / 3.0, total)
        chance: Array = 1.0 / (1.0 + np.exp(-total))
        return chance

    def joint_share(self, table: Array) -> Array:
        """Share of the raising log-odds that three-way and network factors give: 0..1."""
        raising = np.maximum(table, 0.0)
        joint = raising[:, np.isin(self.kinds, ("three_way", "network"))].sum(axis=1)
        total = raising.sum(axis=1)
        share: Array = np.where(total > 0, joint / np.maximum(total, 1e-12), 0.0)
        return share

    def leading(self, table: Array, wanted: Array) -> Array:
        """The typology of each row: the wanted one when it raises, else the largest factor's."""
        raising = np.maximum(table, 0.0)
        main = self.keys[raising.argmax(axis=1)]
        held = ((raising > 0.25) & (self.keys[None, :] == wanted[:, None])).any(axis=1)
        named: Array = np.where(held, wanted, main)
        named[raising.max(axis=1) < 0.25] = ""
        return named

    def fired(self, table: Array) -> list[str]:
        """All typologies that raise each row by at least a quarter of a log-odds unit."""
        raising = (table > 0.25) & (self.keys[None, :] != "")
        return ["|".join(sorted(set(self.keys[row].tolist()))) for row in raising]
