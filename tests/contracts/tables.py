"""Mixed tables of any profile, made from its column specifications: what contracts run on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskprofile.history import Lookup, Snapshot, view
from riskprofile.history.lookup import NOTHING
from riskprofile.profiles import PROFILES, Profile
from riskprofile.reference.registers import REGISTERS
from riskprofile.services.registers import table as register_table
from riskprofile.tables import DTYPES, TEXT, ColumnSpec, Table

NOW = pd.Timestamp("2026-11-20 08:00", tz="UTC")
GOODS = (
    "plastic garden chairs",
    "Glock pistol slide, 7.62x39",
    "рistоl parts",
    "spare parts",
    "personal effects",
    "fuel filter OEM 1457434310",
    "барабан, ствол",
    "热熔胶枪",
    "steel parts, 50 pcs; tubes",
    "toner cartridge",
)
CODES = ("940370", "9305", "95", "732690", "842123", "8516600000", "930390", "630900")
PLACES = ("XAAAA", "XBBBB", "XCCCC", "XDDDD")
COUNTRIES = ("XA", "XB", "NA", "XK")
UNITS = {"quantity_unit": ("C62", "KGM", "H87"), "package_type": ("CT", "BX", "PK")}


def _values(column: ColumnSpec, n: int, chance: np.random.Generator) -> Any:
    if column.name in ("goods_description", "goods_declared"):
        return chance.choice(GOODS, n)
    if column.name in UNITS:
        return chance.choice(UNITS[column.name], n)
    pools = {
        "hs": CODES,
        "country": COUNTRIES,
        "place": PLACES,
        "currency": ("USD", "EUR"),
        "choice": column.choices,
    }
    if column.kind in pools:
        return chance.choice(pools[column.kind], n)
    if column.kind == "codes":
        return [f"{a}|{b}" for a, b in chance.choice(PLACES, (n, 2))]
    if column.kind == "int":
        return chance.integers(1, 30, n)
    if column.kind == "float":
        return np.exp(chance.normal(3, 1.5, n)).round(2)
    if column.kind == "bool":
        return chance.random(n) < 0.3
    if column.kind == "datetime":
        return NOW - pd.to_timedelta(chance.integers(0, 400 * 24, n), unit="h")
    if column.kind == "date":
        return [f"19{year}-05-07" for year in chance.integers(50, 99, n)]
    if column.kind == "json":
        return [None] * n
    return [f"{column.name}-{number}" for number in chance.integers(0, 9, n)]


def mixed(profile: Profile, n: int = 150, seed: int = 1, missing: float = 0.15) -> Table:
    """`n` rows with every column filled at random, a share of each missing, an odd index."""
    chance = np.random.default_rng(seed)
    index = pd.Index(chance.permutation(n) * 3 + 5)
    made: dict[str, pd.Series] = {}
    key = {*profile.declaration, profile.item, profile.time}
    for column in profile.columns:
        values = pd.Series(_values(column, n, chance), index=index)
        gone = chance.random(n) < (0.0 if column.name in key else missing)
        made[column.name] = values.astype(DTYPES.get(column.kind, TEXT)).mask(gone)
    made[profile.declaration[0]] = pd.Series([f"D{i}" for i in range(n)], index=index, dtype=TEXT)
    return pd.DataFrame(made)


def emptied(profile: Profile, n: int = 7) -> Table:
    """`n` rows with nothing but the columns that identify them."""
    table = mixed(profile, n)
    kept = {*profile.declaration, profile.item, profile.time}
    return table.assign(
        **{
            column.name: pd.Series(pd.NA, index=table.index).astype(column.dtype)
            if column.kind != "float"
            else np.nan
            for column in profile.columns
            if column.name not in kept
        }
    )


def past(profile: Profile, seed: int = 2, **shift: pd.Timedelta) -> Table:
    """What came before: 400 rows over 400 days, moved by `shift` when given."""
    table = mixed(profile, 400, seed)
    by = shift.get("later")
    return table if by is None else table.assign(**{profile.time: table[profile.time] + by})


def snapshot(profile: Profile, *tables: Table, beside: Lookup = NOTHING) -> Snapshot:
    """History of these tables, or of `past`."""
    views = [view(t, profile) for t in (tables or (past(profile),))]
    return Snapshot.from_views(views, registers=beside)


def registers(before: pd.Timestamp = NOW) -> Lookup:
    """Entries under the keys that `mixed` draws: some in force, some not."""
    numbers = range(9)
    licences = pd.DataFrame(
        {
            "licence_number": [f"licence_number-{n}" for n in numbers[:6]]
            + [f"firearm_licence-{n}" for n in numbers[:6]],
            "status": ["active", "revoked", None] * 4,
            "consignee_id": [f"consignee_id-{n}" for n in numbers[:6]] * 2,
            "hs_codes": ["9305", None, "93|9306"] * 4,
            "calibres": ["9x19mm", None, ".308"] * 4,
            "quantity": [5.0, 500.0, None] * 4,
            "valid_until": ["2026-06-30", "2030-01-01", None] * 4,
            "delivery_due": [None, "2025-12-01", "2030-01-01"] * 4,
        }
    )
    dealers = pd.DataFrame(
        {"dealer_id": [f"consignee_id-{n}" for n in numbers[:3]], "yearly_units": [1.0, 50.0, None]}
    )
    known = pd.DataFrame(
        {
            "party_id": [f"consignee_id-{n}" for n in numbers],
            "address": ["consignee_address-1"] * 5 + ["elsewhere"] * 4,
            "incorporated_at": ["2026-05-01", "2001-01-01", None] * 3,
            "activities": ["84|85", None, "95"] * 3,
        }
    )
    embargoes = pd.DataFrame(
        {"country": ["XB", "XC"], "starts_at": ["2026-01-01", "2020-01-01"], "goods": [None, "93"]}
    )
    given = {"licences": licences, "dealers": dealers, "parties": known, "embargoes": embargoes}
    return Lookup({kind: typed(kind, table) for kind, table in given.items()}, before)


def typed(kind: str, table: Table) -> Table:
    """Entries as the register types them; columns not given are missing."""
    spec = REGISTERS[kind]
    return register_table([dict(row.dropna()) for _, row in table.iterrows()], spec)


def renamed(table: Table, profile: Profile) -> Table:
    """The same table with every party and every place or country renamed one to one."""
    places = {old: f"Q{number}" for number, old in enumerate((*PLACES, *COUNTRIES))}
    out = table.copy()
    for column in profile.columns:
        if column.kind in ("country", "place"):
            out[column.name] = table[column.name].map(places).astype(TEXT)
        elif column.name == "route":
            pieces = table["route"].str.split("|")
            out["route"] = pd.Series(
                ["|".join(places[p] for p in one) if isinstance(one, list) else pd.NA
                 for one in pieces], index=table.index, dtype=TEXT,
            )  # fmt: skip
        elif column.protection == "P2" or column.name in PARTIES:
            out[column.name] = ("other " + table[column.name]).astype(TEXT)
    return out


PARTIES = ("consignor_id", "consignee_id", "declarant_id")


@dataclass(frozen=True)
class World:
    """A mixed batch and its history, and the variations that must not matter."""

    items: Table
    history: Snapshot
    later: Snapshot  # the same history, and what became known after the batch
    renamed: Table
    renamed_history: Snapshot
    bare: Table  # rows with nothing but what identifies them
    nothing: Snapshot


def worlds(*, codes: bool) -> dict[str, World]:
    """One world a profile, made once a module; `codes` as indicators see them."""
    made = {}
    for profile in PROFILES.values():
        before = past(profile)
        after = past(profile, seed=3, later=pd.Timedelta(days=500))
        made[profile.name] = World(
            items=view(mixed(profile), profile, codes=codes),
            history=snapshot(profile, before, beside=registers()),
            later=snapshot(profile, before, after, beside=registers()),
            renamed=view(renamed(mixed(profile), profile), profile, codes=codes),
            renamed_history=snapshot(profile, renamed(before, profile)),
            bare=view(emptied(profile), profile, codes=codes),
            nothing=snapshot(profile, before.iloc[:0]),
        )
    return made
