"""Watch lists of an office, matched as parties are: who is on one is told, never how they write.

Beside the resolver the one place that reads names: what it hands on is which list and entry,
in which column, and how sure. Indicators see that, features never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from riskprofile.history import finding, register
from riskprofile.profiles import Profile
from riskprofile.reference import naming
from riskprofile.tables import TEXT, Column, Table

KINDS: dict[str, Callable[[str], str]] = {
    "name": naming.party,
    "address": naming.address,
    "phone": naming.phone,
    "code": naming.code,
}
FAMILY = {"name": "party", "address": "address"}  # kinds that are compared by likeness as well
WATCH = "watch"  # the column that indicators see


@dataclass(frozen=True)
class Entry:
    """One entry in force: `form` is the normal form of its kind."""

    id: int
    list: str
    kind: str
    form: str


class Watch:
    """The entries in force when a rating began. Which those are, the caller decides."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        entries = [*entries]
        self._exact: dict[tuple[str, str], list[Entry]] = {}
        self._near: dict[int, list[Entry]] = {}
        for entry in entries:
            self._exact.setdefault((entry.kind, entry.form), []).append(entry)
        alike = [entry for entry in entries if entry.kind in FAMILY]
        placed = finding.blocks([(FAMILY[entry.kind], entry.form) for entry in alike])
        for entry, blocks in zip(alike, placed, strict=True):
            for block in blocks:
                self._near.setdefault(block, []).append(entry)

    def __len__(self) -> int:
        return len(self._exact)

    def __call__(self, table: Table, profile: Profile) -> Column:
        """What matches in each row, in words without a name; missing where nothing does."""
        told = pd.Series(pd.NA, index=table.index, dtype=object)
        for column, kind in columns(profile).items():
            codes, distinct = pd.factorize(table[column])
            texts = [KINDS[kind](str(value)) for value in distinct.tolist()]
            places: list[list[int]] = [[] for _ in texts]
            if kind in FAMILY and self._near:
                places = finding.blocks([(FAMILY[kind], form) for form in texts])
            found = [
                self._said(column, kind, form, blocks)
                for form, blocks in zip(texts, places, strict=True)
            ]
            here = pd.Series([found[code] if code >= 0 else None for code in codes], told.index)
            both = here.notna() & told.notna()
            told = told.where(told.notna(), here)
            told = told.where(~both, told.astype(str) + "; " + here.astype(str))
        return told.astype(TEXT)

    def _said(self, column: str, kind: str, form: str, blocks: Iterable[int]) -> str | None:
        sure = dict.fromkeys(self._exact.get((kind, form), ()), 1.0)
        for block in blocks:
            for entry in self._near.get(block, ()):
                likeness = register.alike(FAMILY[kind], form, entry.form)
                if likeness >= register.SURE[FAMILY[kind]]:
                    sure.setdefault(entry, likeness)
        ranked = sorted(sure.items(), key=lambda one: (-one[1], one[0].list, one[0].id))
        how = [
            f"list {entry.list}, entry {entry.id}, by {column} "
            + ("written the same" if likeness == 1.0 else f"written alike ({likeness:.2f} of 1)")
            for entry, likeness in ranked
        ]
        return "; ".join(how) or None


def columns(profile: Profile) -> dict[str, str]:
    """The columns that are compared, and the kind of entry that each is compared with."""
    kinds = {"address": "address", "phone": "phone", "person": "code", "vehicle": "code"}
    found: dict[str, str] = {}
    for key in profile.keys:
        for name in key.columns:
            kind = kinds.get(key.family)
            if key.family == "party":
                kind = "code" if name.endswith("_id") else "name"
            if kind is not None:
                found[name] = kind
    # A person's name is nobody's key, and may stand on a list all the same.
    others = [name for name in profile.protected("P2") if name not in found]
    return found | dict.fromkeys(others, "name")
