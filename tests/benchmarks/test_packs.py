"""Two administrations of the generator: what one learnt of a wave helps the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from riskprofile.history import Snapshot, view
from riskprofile.profiles import SHIPMENT
from riskprofile.scoring import patterns, ranking, rating
from riskprofile.scoring.patterns import Case, InForce, Patterns
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import packs
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from riskprofile.tables import Table
from tests.scoring.toy import rank
from training.synth import generate

WAVE = "r_new_cover"
CARD = artefacts.serving(CHECKOUT / "models", SHIPMENT.name)


class Office(NamedTuple):
    """Declarations as they were rated, and what is true of them."""

    rows: Table
    points: np.ndarray
    fired: dict[str, np.ndarray]
    truth: pd.DataFrame


def office(seed: int, rows: int = 8_000) -> Office:
    """One block of the generator: it begins before the change, so the wave is made large."""
    [chunk] = generate(SHIPMENT.name, rows, seed, days=300, waves={WAVE: 5e5}, chunk_rows=rows)
    seen = view(chunk.table, SHIPMENT, codes=True)
    history = Snapshot.from_views([seen[[*SHIPMENT.remembered, "time"]]])
    values = rating.features(seen.drop(columns=list(SHIPMENT.codes)), history, SHIPMENT, CARD)
    alone = [one for one in SHIPMENT.indicators if not (one.over_batch or one.after_others)]
    fired = rating.indicators(seen, history, alone).masks
    return Office(chunk.table, CARD.points(values), fired, chunk.truth)


def list_of(here: Office, raised: np.ndarray, share: float) -> np.ndarray:
    """The rows that are examined: raised ones first, then by points."""
    none = np.zeros(len(raised), dtype=bool)
    ranked = rank(
        pd.DataFrame(
            {
                "record_id": [f"D{n:05d}" for n in range(len(raised))],
                "points": pd.array(here.points, dtype="Int64"),
                "to_red": raised,
                "to_yellow": none,
                **dict.fromkeys(ranking.QUEUES, none),
            }
        ),
        Capacity(share=share, random_share=0.0),
        seed=1,
    )
    chosen = ranked.loc[ranked["lane"] == "red", "record_id"]
    return np.isin(np.arange(len(raised)), chosen.str[1:].astype(int))


@pytest.mark.slow
def test_a_pack_of_one_office_raises_the_recall_of_another_on_its_typology() -> None:
    there, here = office(77), office(31)
    examined = np.flatnonzero(list_of(there, np.zeros(len(there.points), dtype=bool), 0.1))
    found = there.truth["label"].to_numpy() == 1
    parts = list(patterns.parts(there.rows, SHIPMENT, there.fired))
    senders = there.rows["consignor_name"].fillna("").tolist()
    cases = [Case(*parts[n], senders[n], int(there.points[n]), bool(found[n])) for n in examined]
    learnt = patterns.learn(cases, 10)
    assert all(one.finds >= 10 and (one.others is None or one.others >= 10) for one in learnt)

    reached = (here.truth["scenario"] == WAVE).to_numpy()
    held = [goods | others for goods, others in patterns.parts(here.rows, SHIPMENT, here.fired)]
    calm = np.flatnonzero(~reached)
    hits = [{str(n) for n in calm if held[n].issuperset(one.parts)} for one in learnt]
    chosen, _ = packs.narrow(hits, len(calm))
    fits = Patterns([InForce(learnt[place].parts, "a pack") for place in chosen])
    raised = fits(here.rows, SHIPMENT, here.fired).notna().to_numpy(dtype=bool)

    label = here.truth["label"].to_numpy() == 1
    typology = here.truth.loc[reached & label, "typology"].mode().iat[0]
    same = label & (here.truth["typology"] == typology).to_numpy()
    before = list_of(here, np.zeros(len(label), dtype=bool), 0.05)
    after = list_of(here, raised, 0.05)
    assert after.sum() == before.sum() > raised.sum() > 0
    told = before[same].mean(), after[same].mean()
    assert told[1] > told[0], told
