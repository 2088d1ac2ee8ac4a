"""What one administration learnt of a wave, shared as a pack: does the other find more of it?

    python -m benchmarks.packs [--rows 60000] [--share 0.02] [--wave r_new_cover=20] [--json]

Two administrations of the generator, each with its own parties, lanes and days. A wave of one
typology, which neither scorecard was fitted on, has reached the first: it examines what its
own list selects, two officers confirm each outcome, and it exports a pack. It has not reached
the second yet, whose analyst takes the pack in, tries it on the second's own declarations and
accepts it. Then the wave comes, and the second rates the same declarations without the pack
and with it, at the same capacity.

Everything runs through the services that people use. The truth makes the outcomes of what was
examined, and judges; nothing is chosen by it. A thousand invented names stand in the first's
party names and goods texts: none may be in the pack. It ends with 1 unless recall on the
typology rises, no name is carried and every shared figure stands on at least 10 finds of at
least 10 senders.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select

from benchmarks import asking
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import blind, packing, packs, review, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.rights import Actor
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from training.synth import generate

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
INES, OMAR = Actor("ines", "officer"), Actor("omar", "officer")
ANNA, BRUNO = Actor("anna", "analyst"), Actor("bruno", "analyst")
START, DAYS = "2026-01-01", 300
FIRST, SECOND = 77, 31  # seeds of the two administrations; no scorecard was fitted with them
NAMES = 1_000
BESIDE = ["source", "line", "warnings"]


@dataclass(frozen=True)
class World:
    """Declarations of one administration, and what is true of each row."""

    rows: pd.DataFrame
    truth: pd.DataFrame

    def part(self, mask: np.ndarray) -> World:
        """Some of its rows."""
        return World(*(one[mask].reset_index(drop=True) for one in (self.rows, self.truth)))


def world(rows: int, seed: int, wave: tuple[str, float]) -> World:
    """Three hundred days; the wave is a scenario of the last third, so many times as common."""
    chunks = list(
        generate("shipment", rows, seed, start=START, days=DAYS, waves={wave[0]: wave[1]})
    )
    return World(
        pd.concat([one.table for one in chunks], ignore_index=True).drop(columns=BESIDE),
        pd.concat([one.truth for one in chunks], ignore_index=True),
    )


def invented(seed: int) -> list[str]:
    """A thousand names that are no word of anything."""
    chance = np.random.default_rng(seed)
    letters = chance.choice(list("bcdfghklmnprstvz"), (NAMES, 9))
    return ["".join(one) for one in letters]


def named(here: World, names: list[str]) -> World:
    """The names in every party's name, one to one, and in the goods of a thousand rows."""
    rows = here.rows.copy()
    for column in ("consignor_name", "consignee_name", "notify_name"):
        codes, distinct = pd.factorize(rows[column])
        new = np.array([f"{one} {names[at % NAMES]}" for at, one in enumerate(distinct)] + [None])
        rows[column] = pd.Series(new[codes], dtype=rows[column].dtype)
    finds = np.flatnonzero(here.truth["label"].to_numpy() == 1)
    rest = np.setdiff1d(np.flatnonzero(here.truth["late"].to_numpy()), finds)
    places = np.concatenate([finds, rest])[:NAMES]
    goods = rows["goods_description"].to_numpy(object, na_value="").copy()
    for at, place in enumerate(places):
        goods[place] = f"{goods[place]} for {names[at]}".strip()
    rows["goods_description"] = pd.Series(goods, dtype=rows["goods_description"].dtype)
    return World(rows, here.truth)


def rate(
    store: Store, home: settings.Settings, here: World, now: datetime, share: float | None
) -> None:
    """Rate these declarations; without a share they become history."""
    path = home.home / f"{now:%Y%m%d%H}.parquet"
    here.rows.to_parquet(path)
    options = Options(history=True) if share is None else Options(capacity=Capacity(share=share))
    screen(store, home, OWNER, [path], options, now)
    path.unlink()


def red(store: Store, since: datetime) -> pd.DataFrame:
    """What is to be examined: `id`, `declaration_id`, and whether a pack raised it."""
    table = Alert.__table__  # type: ignore[attr-defined]
    asked = select(table).where(table.c.lane == "red", table.c.created_at == since)
    with store.read() as connection:
        rows = connection.execute(asked.order_by(table.c.id)).mappings().all()
    return pd.DataFrame(
        {
            "id": [row["id"] for row in rows],
            "declaration_id": [row["declaration"][0]["declaration_id"] for row in rows],
            "raised": ["P01" in json.dumps(row["indicators"]) for row in rows],
            "told": [
                next((i["text"] for i in row["indicators"] or [] if i["key"][:3] == "P01"), "")
                for row in rows
            ],
        }
    )


def examine(store: Store, here: World, now: datetime) -> int:
    """Examine every red alert, as two officers would; how many were finds."""
    label = here.truth.groupby("declaration_id")["label"].max()
    finds = 0
    for one in red(store, now).itertuples():
        review.alert(store, INES, one.id, now, purpose="control of the day")
        review.claim(store, INES, one.id, now)
        review.decide(store, INES, one.id, "examine", "on the list of the day", now)
        found = bool(label[one.declaration_id])
        outcome = review.record_outcome(
            store, INES, one.id, "trafficking" if found else "nothing", now,
            methods=["opened"], items=[{"kind": "part", "part": "slide"}] if found else [],
        )  # fmt: skip
        review.confirm_outcome(store, OMAR, outcome, now)
        finds += found
    return finds


def made_home(folder: Path) -> settings.Settings:
    """An installation of its own."""
    told = settings.load({}, home=str(folder))
    settings.make_home(told)
    return told


def learnt(folder: Path, here: World, share: float) -> tuple[dict[str, Any], dict[str, int]]:
    """The first administration: history, a list, outcomes, a pack."""
    home = made_home(folder)
    store = settings.open_store(home)
    blind.set_share(store, OWNER, 0.0, NOW)  # its officers act as the list says
    late = here.truth["late"].to_numpy()
    rate(store, home, here.part(~late), NOW - timedelta(days=1), None)
    rate(store, home, here.part(late), NOW, share)
    finds = examine(store, here, NOW)
    pack = packing.export(store, home, ANNA, "Customs of Meridia", NOW)
    examined = len(red(store, NOW))
    fewest = fewest_senders(store, pack)
    store.close()
    return pack, {"examined": examined, "finds": finds, "fewest_senders": fewest}


def fewest_senders(store: Store, pack: dict[str, Any]) -> int:
    """Senders of the finds behind each shared figure, counted anew: the fewest."""
    with store.read() as connection:
        cases = [one for one in packing._cases(connection) if one["find"]]
    told = []
    for kind, (name, field) in HELD.items():
        for one in pack["content"][kind]:
            told.append(len({case["sender"] for case in cases if one[name] in case[field]}))
    for one in pack["content"]["patterns"]:
        wanted = set(one["parts"])
        having = [c for c in cases if wanted <= c["case"].goods | c["case"].others]
        told.append(len({case["sender"] for case in having}))
    return min(told, default=0)


def run(
    rows: int, share: float, wave: tuple[str, float], learnt_share: float = 0.05
) -> dict[str, Any]:
    """Both administrations, and what the pack changed for the second.

    `learnt_share` of its declarations the first examines, `share` the second.
    """
    names = invented(FIRST)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        pack, told = learnt(base / "a", named(world(rows, FIRST, wave), names), learnt_share)
        file = base / "pack.json"
        file.write_text(json.dumps(pack), encoding="utf-8")
        there = world(rows, SECOND, wave)
        late = there.truth["late"].to_numpy()
        turn = np.flatnonzero(late)[int(late.sum() * 0.3)]
        place = np.arange(len(late))
        reached = (there.truth["scenario"] == wave[0]).to_numpy()
        calm = late & (place < turn) & ~reached
        home = made_home(base / "b")
        store = settings.open_store(home)
        before, coming = NOW - timedelta(days=1), NOW + timedelta(days=1)
        rate(store, home, there.part(~late & ~reached), NOW - timedelta(days=2), None)
        rate(store, home, there.part(calm), before, share)
        store.close()
        wave_rows = there.part(late & (place >= turn))
        shutil.copytree(base / "b", base / "c")
        figures = {}
        for name, given in (("without", False), ("with", True)):
            home = made_home(base / ("c" if given else "b"))
            store = settings.open_store(home)
            if given:
                digest = packs.receive(store, BRUNO, file, pack["public_key"], NOW)
                tried = packs.try_out(store, BRUNO, digest, NOW)
                packs.decide(store, BRUNO, digest, True, "few of ours, and the wave is near", NOW)
            rate(store, home, wave_rows, coming, share)
            figures[name] = judged(red(store, coming), wave_rows, wave[0])
            store.close()
    text = json.dumps(pack, ensure_ascii=False).casefold()
    figured = [one for kind in SHARED for one in pack["content"][kind]]
    return {
        "learnt_from": told,
        "patterns": [one["parts"] for one in pack["content"]["patterns"]],
        "tried": {"declarations": tried.declarations, "flagged": tried.flagged,
                  "in_force": len(tried.in_force)},
        **figures,
        "names_carried": sum(name in text for name in names),
        "fewest_finds": min((one["finds"] for one in figured), default=0),
        "fewest_others": min((one["others"] for one in figured if one["others"]), default=0),
        "shared_figures": len(figured),
    }  # fmt: skip


# Of each kind of figure: the name of its value, and where a case holds such values.
HELD = {
    "indicators": ("key", "indicators"),
    "phrases": ("words", "phrases"),
    "lanes": ("lane", "lanes"),
    "modes": ("mode", "modes"),
    "evidence": ("term", "terms"),
}
SHARED = ("indicators", "phrases", "lanes", "modes", "evidence", "patterns")


def judged(listed: pd.DataFrame, here: World, scenario: str) -> dict[str, Any]:
    """Recall of the list on the wave, on its typology and on all, and the share of no find."""
    true = here.truth
    chosen = true["declaration_id"].isin(listed["declaration_id"]).to_numpy()
    found = true["label"].to_numpy() == 1
    wave = (true["scenario"] == scenario).to_numpy()
    typology = true.loc[wave & found, "typology"].mode().get(0, "none")
    same = (true["typology"] == typology).to_numpy()
    finds = set(true.loc[found, "declaration_id"])
    return {
        "examined": len(listed),
        "false_share": round(1 - sum(one in finds for one in listed["declaration_id"])
                             / max(len(listed), 1), 3),
        "typology": typology,
        "finds_of_the_typology": int((found & same).sum()),
        "recall_typology": round(float(chosen[found & same].mean()), 3),
        "recall_wave": round(float(chosen[found & wave].mean()), 3),
        "recall_all": round(float(chosen[found].mean()), 3),
        "raised_by_the_pack": int(listed["raised"].sum()),
        "told": next((one for one in listed["told"] if one), ""),
    }  # fmt: skip


def held(told: dict[str, Any]) -> bool:
    """Whether the pack helped, and carried nobody."""
    better = told["with"]["recall_typology"] > told["without"]["recall_typology"]
    fewest = min(told["fewest_finds"], told["learnt_from"]["fewest_senders"])
    return better and told["names_carried"] == 0 and fewest >= packing.LEAST


def main() -> None:
    """Print the figures; exit code 1 when the pack did not help or carried a name."""
    asked = asking.asked(__doc__, rows=60_000, share=0.02, wave="r_new_cover=20", json=False)
    name, _, times = asked.wave.partition("=")
    told = run(asked.rows, asked.share, (name, float(times or 1)))
    if asked.json:
        print(json.dumps(told))
    else:
        for key, value in told.items():
            print(f"{key}: {value}")
    raise SystemExit(not held(told))


if __name__ == "__main__":
    main()
