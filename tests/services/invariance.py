"""Who a person is, and what parties and countries are called, at full numbers.

    python -m tests.services.invariance [--travellers 2000] [--shipments 20000] [--json]

Travellers: every combination of the protected columns (P1) is dealt anew, in the past and in
what is rated. Shipments: identifiers, names, addresses, telephones, and all of them at once,
are renamed one to one; so are countries and places. Points that differ are counted, and must
be none. A small version of the same stands in `tests/services/test_invariance.py`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from riskprofile.history import Snapshot, view
from riskprofile.profiles import PROFILES, SHIPMENT, TRAVELLER, Profile
from riskprofile.reference import naming
from riskprofile.services.rater import POINTS, Rater
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from riskprofile.tables import TEXT, Table
from training.synth import generate

PARTIES = ("consignor", "consignee")
PARTS: dict[str, Callable[[str], str]] = {
    "id": naming.code,
    "name": naming.party,
    "address": naming.address,
    "phone": naming.phone,
}
COUNTRIES = (
    *("consignor_country", "consignee_country", "country_of_origin", "country_of_export"),
    "country_of_destination",
)
PLACES = ("port_of_loading", "port_of_discharge", "route", "customs_office")


def made(profile: str, rows: int) -> tuple[Table, Table]:
    """Past declarations and later ones, from the generator: as many of each."""
    chunks = generate(profile, 2 * rows, 21, start="2026-03-01", days=200)
    table = pd.concat([chunk.table for chunk in chunks], ignore_index=True)
    time = PROFILES[profile].time
    cut = table[time].sort_values().iloc[len(table) // 2].floor("D")
    return table[table[time] < cut].reset_index(drop=True), table[table[time] >= cut].reset_index(
        drop=True
    )


def rate(profile: Profile, past: Table, day: Table) -> Table:
    """Feature values, points and indicators of the later rows."""
    history = Snapshot.from_views([view(past, profile)[[*profile.remembered, "time"]]])
    card = artefacts.serving(CHECKOUT / "models", profile.name)
    log, _ = Rater(profile, card, history).rate(day)
    return log


def versions(profile: Profile, past: Table, day: Table) -> dict[str, Table]:
    """The same by every scorecard of the profile that the checkout ships."""
    history = Snapshot.from_views([view(past, profile)[[*profile.remembered, "time"]]])
    found = artefacts.versions(CHECKOUT / "models", profile.name)
    return {
        one.version: Rater(
            profile, artefacts.load(CHECKOUT / "models", profile.name, one.version), history
        ).rate(day)[0]
        for one in found
        if not one.fault
    }


def dealt(table: Table, names: tuple[str, ...], seed: int) -> Table:
    """Values of these columns dealt anew among the rows, each column by itself."""
    random = np.random.default_rng(seed)
    changed = {name: table[name].iloc[random.permutation(len(table))].array for name in names}
    return table.assign(**changed)


def renamed(
    table: Table, columns: tuple[str, ...], prefix: str, who: Callable[[str], str] = str
) -> Table:
    """The same table with everybody in these columns called something else, one to one.

    `who` says which writings are one party: those get one new name.
    """
    codes: dict[str, str] = {}

    def name(value: Any) -> Any:
        if pd.isna(value):
            return value
        return "|".join(
            codes.setdefault(who(part), f"{prefix}{len(codes):05d}")
            for part in str(value).split("|")
        )

    return table.assign(
        **{
            column: pd.array([name(value) for value in table[column]], dtype=TEXT)
            for column in columns
        }
    )


def of_parties(table: Table, part: str) -> Table:
    """Parties renamed by one part: id, name, address or phone."""
    columns = tuple(f"{party}_{part}" for party in PARTIES)
    if part in ("id", "name"):
        columns += ("declarant_id",) if part == "id" else ("notify_name",)
    return renamed(table, columns, "Q", PARTS[part])


def of_countries(table: Table) -> Table:
    """Every country gets the code of another; places get codes of no place."""
    names = sorted({code for column in COUNTRIES for code in table[column].dropna()})
    other = dict(zip(names, names[1:] + names[:1], strict=True))
    turned = table.assign(
        **{
            column: table[column].map(other, na_action="ignore").astype(TEXT)
            for column in COUNTRIES
        }
    )
    return renamed(turned, PLACES, "P")


def travellers(rows: int, deal: int = 0) -> Iterator[tuple[str, int]]:
    """Each combination of protected columns, and how many points differ with it.

    Another `deal` gives everybody other values again.
    """
    past, day = made(TRAVELLER.name, rows)
    day = day.iloc[:rows].reset_index(drop=True)
    before = versions(TRAVELLER, past, day)
    names = TRAVELLER.protected("P1")
    seed = 1_000 * deal
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            seed += 1
            after = versions(TRAVELLER, dealt(past, chosen, seed), dealt(day, chosen, -seed % 997))
            yield ", ".join(chosen), differ(before, after)


def shipments(rows: int) -> Iterator[tuple[str, int]]:
    """Each renaming, and how many points differ with it."""
    past, day = made(SHIPMENT.name, rows)
    day = day.iloc[:rows].reset_index(drop=True)
    before = versions(SHIPMENT, past, day)
    both = pd.concat([past, day], ignore_index=True)
    everything = both
    for part in PARTS:
        everything = of_parties(everything, part)
        yield f"parties: {part}", _again(before, of_parties(both, part), len(past))
    yield "parties: all of it", _again(before, everything, len(past))
    yield "countries and places", _again(before, of_countries(both), len(past))


def _again(before: dict[str, Table], both: Table, cut: int) -> int:
    after = versions(SHIPMENT, both[:cut], both[cut:].reset_index(drop=True))
    return differ(before, after)


def differ(before: dict[str, Table], after: dict[str, Table]) -> int:
    """Rows whose points differ, over all scorecards."""
    return sum(
        int(
            (
                ~(
                    one[POINTS].eq(after[version][POINTS]).fillna(False)
                    | (one[POINTS].isna() & after[version][POINTS].isna())
                )
            ).sum()
        )
        for version, one in before.items()
    )


def main() -> None:
    """Print one line for each change; exit code 1 when any point differs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--travellers", type=int, default=2_000)
    parser.add_argument("--shipments", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    told: dict[str, dict[str, int]] = {"traveller": {}, "shipment": {}}
    for name, many in travellers(asked.travellers):
        told["traveller"][name] = many
    for name, many in shipments(asked.shipments):
        told["shipment"][name] = many
        if not asked.json:
            print(f"{asked.shipments:,} shipments, {name}: {many} points differ", flush=True)
    total = sum(sum(one.values()) for one in told.values())
    if asked.json:
        print(json.dumps({"rows": vars(asked), "differ": total, "changes": told}))
    else:
        print(
            f"{asked.travellers:,} travellers, {len(told['traveller'])} combinations of protected "
            f"columns: {sum(told['traveller'].values())} points differ"
        )
    raise SystemExit(bool(total))


if __name__ == "__main__":
    main()
