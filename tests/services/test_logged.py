"""A run read back: small, and the same as its chunks hold it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskprofile.services import logged
from riskprofile.services.identifiers import OFFICE


def a_part(rows: int, office: str, fired: list[int]) -> logged._Part:
    records = [f"D{number}" for number in range(rows)]
    items = pd.DataFrame({"record_id": records, "batch_id": "b", OFFICE: office})
    return logged._Part(items, {"fired:A": np.array(fired, dtype=np.int64)})


def test_parts_keep_their_order_and_indicators_stand_by_the_rows_where_they_fired() -> None:
    items, flags = logged._together([a_part(2, "XM", [1]), a_part(3, "XN", [0, 2])])
    assert items["record_id"].tolist() == ["D0", "D1", "D0", "D1", "D2"]
    assert items[OFFICE].tolist() == ["XM", "XM", "XN", "XN", "XN"]
    assert flags["fired:A"].tolist() == [1, 2, 4]
