"""What one kind of declaration holds: all that reading one takes, and nothing of rating it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

from riskprofile.tables import ColumnSpec, Kind

# The longest text of a column, in characters. What goods are called fills pages in some formats.
# The parts of a key stand together in the indexes of a database, which hold some 2,700 bytes.
KEY, TEXT, GOODS = 200, 500, 20_000
_ENDLESS = {"text", "place", "codes"}  # kinds that a sender could write as long as he likes


def column(
    name: str, kind: Kind, doc: str, protection: Literal["", "P1", "P2"] = "", **more: Any
) -> ColumnSpec:
    """A column of a declaration: its texts are no longer than `TEXT`, unless it says otherwise."""
    bound = {"longest": TEXT} if kind in _ENDLESS else {}
    return ColumnSpec(name, kind, doc, protection, **{**bound, **more})


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The columns of one kind of declaration, and which of them say what (a `tables.Layout`).

    `mandatory` lists alternatives: at least one column of each inner tuple must be
    present, or the row is quarantined.
    """

    name: str
    columns: tuple[ColumnSpec, ...]
    mandatory: tuple[tuple[str, ...], ...]
    time: str  # when it was lodged: history is as of this time
    due: str  # when it arrives: the countdown on the page
    office: str  # the column that says which office works it
    persons: bool = False  # rows are about persons: what the intake strips for them

    @property
    def stated(self) -> dict[str, Any]:
        """Its own fields by name: a profile states these first."""
        return {field.name: getattr(self, field.name) for field in fields(Declared)}

    @cached_property
    def by_name(self) -> Mapping[str, ColumnSpec]:
        """Column specifications by name."""
        return {column.name: column for column in self.columns}

    @property
    def names(self) -> list[str]:
        """Canonical column names, in the contract's order."""
        return [column.name for column in self.columns]
