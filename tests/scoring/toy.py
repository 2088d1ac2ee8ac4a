"""A scorecard small enough to add up by hand, and a list small enough to be in memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from riskprofile.scoring.ranking import Capacity, Ranking
from riskprofile.scoring.scorecard import Bins, Scorecard, Term
from riskprofile.scoring.wording import Wording
from riskprofile.tables import Table


def scorecard() -> Scorecard:
    """Base 10; freight_ratio up to 1, above 1, missing: 0, 30, -5; a pair with transit_legs."""
    return Scorecard(
        profile="shipment",
        version="toy",
        digest="",
        base=10,
        bins={
            "freight_ratio": Bins(np.array([1.0])),
            "transit_legs": Bins(np.array([0.0, 1.0])),
            "wording": Bins(np.array([0.5])),
        },
        terms=(
            Term(("freight_ratio",), np.array([0, 30, -5], dtype=np.int32)),
            Term(
                ("freight_ratio", "transit_legs"),
                np.array([[0, 1, 2, 0], [0, 7, 9, 0], [0, 0, 0, 0]], dtype=np.int32),
            ),
            Term(("wording",), np.array([-20, 40, 0], dtype=np.int32)),
        ),
        wording=Wording("goods_description", 0, {"pins": 1024, "|samp": 100}),
        lowest=-100,
        probabilities=np.linspace(0.0, 1.0, 301),
        norms={"freight_ratio": "0.01 to 0.4"},
    )


def rank(
    declarations: Table,
    capacity: Capacity,
    seed: int,
    lists: Mapping[str, Capacity] | None = None,
    floor: int | None = None,
) -> Table:
    """Declarations in any order as one part (`Ranking`), in rank order."""
    ordered = declarations.sort_values("record_id", kind="stable", ignore_index=True)
    (placed,) = Ranking.of([ordered], capacity, seed, lists, floor).placed([ordered])
    return placed.sort_values("rank", ignore_index=True)
