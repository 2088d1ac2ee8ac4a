"""Cases of practice from the generator: a committed file that teaches people and fits nothing.

    python -m training.practice_cases riskprofile/services/practice_made.json

Each case is one generated declaration with what is usual for its heading, what is true of it, and
its twin: the other of the pair that looks like it. Every party is invented and left out. What was
found and what clears a case is told in our own words, by subject: the generator knows the truth of
a row and no story.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from riskprofile.columns import View
from riskprofile.history import Snapshot
from riskprofile.profiles import SHIPMENT
from riskprofile.reference.rates import per_usd
from riskprofile.scoring.ranking import DEFAULT_SHARE
from riskprofile.services.rater import POINTS, Rater
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from riskprofile.tables import Table
from training.synth import generate

ROWS, SEED, START, DAYS = 150_000, 20_261, "2025-06-01", 200
ENRICHED = 12.0  # a natural stream of this length holds too few finds of some subjects
EACH = 7  # pairs of each subject
FEWEST = 30  # lawful rows of a heading, before its usual values are told; else those of its chapter
MIDDLE = (0.1, 0.9)  # between these shares of lawful rows lies what is usual
STREAM = 20_000  # rows of the natural stream that is cut
LIKELY = 0.5  # true probability from which a find is a lesson and no accident

_NAMED = r"[\x20-\x7e]*[A-Za-z]{3}[\x20-\x7e]* [\x20-\x7e]*[A-Za-z]{4}[\x20-\x7e]*"

# Subject -> typologies of its finds, scenarios of its lawful look-alikes, and the words of both.
SUBJECTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, str], tuple[str, str]]] = {
    "household": (
        ("S02_household_effects_cover",),
        ("diaspora_barrel", "removal", "family_parcel"),
        ("pistols and magazines", "wrapped among the household goods"),
        ("household goods to a private person", "the receiver's list, which names each package"),
    ),
    "bulky": (
        ("S03_bulky_low_value_cover", "S04_weight_norm_mismatch"),
        ("trade", "start_up", "new_line", "to_order", "distributor"),
        ("rifles and their ammunition", "behind the goods at the door"),
        ("goods such as have covered arms", "the importer's books, with like loads before"),
    ),
    "machines": (
        ("A02_machine_or_appliance_host", "E07_toy_tool_electronics_cover"),
        ("appliance_home", "toy_or_tool_home", "heavy_gift", "urgent_spares"),
        ("a pistol, taken apart", "inside, where the machine is hollow"),
        ("a thing with room inside", "its bill, and the mass in its maker's sheet"),
    ),
    "parts": (
        ("E01_small_metal_parts", "E03_residential_industrial_goods", "E10_complementary_parts"),
        ("fasteners_home", "trade_metal", "samples", "home_workshop"),
        ("slides and trigger parts", "among plain metal parts"),
        ("small pieces of metal", "the order, with size and standard, of one who works metal"),
    ),
    "tubes": (
        ("E02_tube_filter_trap_cover",),
        ("filters_home", "home_workshop", "hobby_parts"),
        ("parts of silencers", "a threaded tube and its cups, under the name of something else"),
        ("a tube or a filter", "the bill, which names maker and part"),
    ),
    "words": (
        ("X02_firearm_lexicon",),
        ("other_trades_words",),
        ("arms, their parts or ammunition", "openly in the box, under a code of another trade"),
        ("a word that also names arms", "the words beside it, or the bill, of another trade"),
    ),
    "licence": (
        ("E09_controlled_term_no_licence", "D01_licence_missing", "D04_licence_content_mismatch",
         "D06_convertible_bulk", "D03_quantity_exceeds_market"),
        ("licensed_arms", "gunsmith", "hunter_transit", "alarm_retailer"),
        ("firearms or ammunition beyond any licence", "openly; no licence covers them"),
        ("firearms, or what looks like them", "a licence, or a law that asks for none"),
    ),
}  # fmt: skip

PIECES = ("C62", "PR")
# Whoever was named still is, by no name.
NAMED = {"consignor_name": "a sender", "consignee_name": "a receiver", "notify_name": "a third"}
# What of a generated row a case shows and is rated by: no name, address or telephone.
DECLARED = (
    "goods_description", "hs_code", "transport_mode", "procedure", "quantity", "quantity_unit",
    "package_type", "package_count", "gross_mass_kg", "net_mass_kg", "value", "currency",
    "freight_cost", "gift", "consignee_type", "consignor_id", "consignee_id", "consignor_country",
    "consignee_country", "country_of_origin", "country_of_export", "country_of_destination",
    "port_of_loading", "port_of_discharge", "route", "house_document", "declarant_id",
    "licence_number", "licence_type", "end_use_certificate",
)  # fmt: skip


def main() -> None:
    """Write the file that is named."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("out", type=Path)
    out: Path = asked.parse_args().out
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in cases())
    about = json.dumps({"about": ABOUT, "bounds": bounds()}, ensure_ascii=False)
    out.write_text(f'{about[:-1]}, "cases": [\n{lines}\n]}}\n', "utf-8")


ABOUT = (
    f"Made up: drawn from the generator (training.practice_cases, seed {SEED}). No party, "
    "declaration or find in it is real. It teaches people; nothing is fitted on it."
)


def cases() -> list[dict[str, Any]]:
    """All cases, pair by pair: the find first, then what is lawful and looks like it."""
    table, truth = _drawn()
    table = table.assign(heading=table["hs_code"].str[:4], usd_kg=_usd_per_kg(table))
    lawful = table[(truth["label"] == 0).to_numpy()]
    made: list[dict[str, Any]] = []
    for subject, (keys, scenarios, found, cleared) in SUBJECTS.items():
        risky = (truth["label"] == 1) & (truth["probability"] >= LIKELY)
        finds = table[(risky & truth["typology"].isin(keys)).to_numpy()]
        alike = table[((truth["label"] == 0) & truth["scenario"].isin(scenarios)).to_numpy()]
        for n, (find, twin) in enumerate(_pairs(finds, alike), start=1):
            names = (f"made-{subject}-{n}f", f"made-{subject}-{n}l")
            for row, arms, name, other in (
                (find, True, *names),
                (twin, False, *reversed(names)),
            ):
                what, how = found if arms else cleared
                made.append(
                    {
                        "id": name,
                        "arms": arms,
                        "subject": subject,
                        "twin": other,
                        "declared": _declared(row),
                        "usual": _usual(row, lawful),
                        "what": what,
                        "how": how,
                    }
                )
    return made


def bounds() -> dict[str, Any]:
    """From how many points the scorecard that ships makes red, and yellow, of a natural stream.

    Rated as cases are, without any past; cut where a list of `DEFAULT_SHARE` ends, and of twice
    as many (`scoring.ranking`).
    """
    card = artefacts.serving(CHECKOUT / "models", SHIPMENT.name)
    rater = Rater(SHIPMENT, card, Snapshot())
    points = np.concatenate(
        [
            rater.rate(chunk.table)[0][POINTS].to_numpy("float64")
            for chunk in generate("shipment", STREAM, SEED, start=START, days=DAYS)
        ]
    )
    red, yellow = (np.quantile(points, 1 - n * DEFAULT_SHARE) for n in (1, 2))
    return {"digest": card.digest, "red": int(np.ceil(red)), "yellow": int(np.ceil(yellow))}


def _drawn() -> tuple[Table, pd.DataFrame]:
    chunks = list(generate("shipment", ROWS, SEED, start=START, days=DAYS, enrichment=ENRICHED))
    table = pd.concat([one.table for one in chunks], ignore_index=True)
    truth = pd.concat([one.truth for one in chunks], ignore_index=True)
    single = (~table["declaration_id"].duplicated(keep=False)).to_numpy()
    worded = table["goods_description"].notna().to_numpy() & table["hs_code"].notna().to_numpy()
    # A lesson names its goods, in letters that most who practise read.
    named = table["goods_description"].fillna("").str.fullmatch(_NAMED).to_numpy(bool)
    kept = single & worded & named & table["net_mass_kg"].notna().to_numpy()
    return table[kept].reset_index(drop=True), truth[kept].reset_index(drop=True)


def _pairs(finds: Table, alike: Table) -> Iterable[tuple[pd.Series, pd.Series]]:
    """Finds of different words, each with a lawful row as near to it as there is."""
    taken: set[str] = set()
    made = 0
    for _, find in finds.iterrows():
        words = str(find["goods_description"]).lower()
        if made == EACH or words in taken:
            continue
        free = alike[~alike["goods_description"].str.lower().isin(taken)]
        near = (
            4 * (free["heading"] == find["heading"]).to_numpy()
            + 2 * (free["heading"].str[:2] == find["heading"][:2]).to_numpy()
            + (free["transport_mode"] == find["transport_mode"]).to_numpy()
        )
        if len(near) == 0:
            return
        twin = free.iloc[int(near.argmax())]
        taken |= {words, str(twin["goods_description"]).lower()}
        made += 1
        yield find, twin


def _declared(row: Mapping[str, Any]) -> dict[str, str]:
    named = {name: said for name, said in NAMED.items() if not pd.isna(row[name])}
    return {name: _text(row[name]) for name in DECLARED if not pd.isna(row[name])} | named


def _text(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return f"{value:.10g}"
    return str(value)


def _usual(row: Mapping[str, Any], lawful: Table) -> dict[str, Any]:
    """Of lawful rows of the same goods: ranges, and on how many of 100 a thing is so.

    `piece` (kilograms), `package` (kilograms) and `value` (in the row's currency, for its mass)
    are the lower and the upper end; `consignee_type` the most frequent kind and how many of 100;
    `licence_number` on how many of 100 one is stated.
    """
    same = lawful[lawful["heading"] == row["heading"]]
    if len(same) < FEWEST:
        same = lawful[lawful["heading"].str[:2] == row["heading"][:2]]
    if len(same) < FEWEST:
        return {}
    told: dict[str, Any] = {
        "piece": _range(
            (same["net_mass_kg"] / same["quantity"])[same["quantity_unit"].isin(PIECES)]
        ),
        "package": _range(same["gross_mass_kg"] / same["package_count"].astype("float64")),
        "licence_number": _share(same["licence_number"].notna()),
    }
    kinds = same["consignee_type"].value_counts(normalize=True)
    if len(kinds):
        told["consignee_type"] = [str(kinds.index[0]), round(100 * float(kinds.iloc[0]))]
    price = _range(same["usd_kg"])
    own = row["usd_kg"]
    if price and not pd.isna(own) and not pd.isna(row["value"]):
        rate = float(row["value"]) / own  # what a kilogram of a dollar each would be declared at
        told["value"] = [_round(end * rate) for end in price]
    return {name: one for name, one in told.items() if one is not None}


def _range(values: pd.Series) -> list[float] | None:
    known = values.astype("float64")
    known = known[np.isfinite(known)]
    if len(known) < FEWEST:
        return None
    return [_round(float(known.quantile(end))) for end in MIDDLE]


def _share(said: pd.Series) -> int:
    return round(100 * float(said.mean()))


def _round(value: float) -> float:
    return float(f"{value:.2g}")


def _usd_per_kg(table: Table) -> np.ndarray:
    """US dollars a kilogram, at the sample's latest rates; NaN where it cannot be told."""
    given = View.over(table)
    worth = given["value"] / per_usd(given.text("currency"), given["lodged_at"])
    made: np.ndarray = worth.numbers() / table["net_mass_kg"].to_numpy("float64", na_value=np.nan)
    return made


if __name__ == "__main__":
    main()
