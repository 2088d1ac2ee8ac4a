"""What a profile is: all that differs between one kind of declaration and another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from riskprofile.columns import Column, View
from riskprofile.layouts import Declared
from riskprofile.tables import Feature, Indicator, Table


def legs(route: str) -> float:
    """Places between the ends of a bar-joined route.

    >>> legs("XAAAA|XBBBB|XCCCC"), legs("XAAAA")
    (1.0, 0.0)
    """
    return max(route.count("|") - 1.0, 0.0)


@dataclass(frozen=True)
class Key:
    """An opaque key of the view, made from identities or codes.

    The first of `columns` that is present gives the key. Keys of one `family` are
    comparable: a party may be consignor here and consignee there.
    """

    name: str
    columns: tuple[str, ...]
    family: Literal["party", "address", "phone", "person", "vehicle", "place", "locator"]


@dataclass(frozen=True)
class Retention:
    """How long records are kept, in calendar months after they were received; None is never.

    `unflagged`: a record that nothing objective speaks against is deleted. `mask`: identities
    and protected columns of the rest are sealed; None takes the setting `mask_months`.
    `finds`: whether records with a find are masked too. `end`: everything is deleted.
    `sealed`: columns that masking seals beside identities: by these, files of others (a carrier's,
    an authority's) tell who it was.
    """

    unflagged: int | None = None
    mask: int | None = None
    finds: bool = False
    end: int | None = None
    sealed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Profile(Declared):
    """One kind of declaration: its columns, and features, indicators, history and lanes.

    `declaration` are the columns that identify one declaration, `item` the one that
    numbers its rows (empty: one row each).
    """

    declaration: tuple[str, ...]
    item: str
    title: str  # the column that heads an alert
    measures: Callable[[View, Table | None], dict[str, Column]]  # of rows and rates, by name
    visible: tuple[str, ...]  # canonical columns that features and indicators may read
    codes: tuple[str, ...]  # country and place codes: indicators alone read them
    keys: tuple[Key, ...]
    remembered: tuple[str, ...]  # columns of the view that history keeps
    # Of these: what a former release remembered instead, and how that is read; None is as it is.
    formerly: Mapping[str, tuple[str, Callable[[str], str | None] | None]] = field(
        default_factory=dict
    )
    linked: tuple[str, ...]  # columns of the view by which indicators link the rows of a run
    objective: tuple[str, ...]  # a row with none of these present gets no score
    slices: tuple[str, ...] = ()  # columns by which figures are told apart; nothing rates by them
    features: tuple[Feature, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    on_after_init: bool = False
    retention: Retention = Retention()

    @cached_property
    def features_by_name(self) -> Mapping[str, Feature]:
        """Features by name."""
        return {feature.name: feature for feature in self.features}

    @cached_property
    def silent(self) -> frozenset[str]:
        """Names of the features that mean nothing until past declarations are loaded."""
        return frozenset(one.name for one in self.features if one.silent_without_history)

    def protected(self, level: str) -> list[str]:
        """Names of the columns of class `"P1"` or `"P2"`."""
        return [column.name for column in self.columns if column.protection == level]
