"""The results of a run whole in memory, and results put where they are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from riskprofile.services import results
from riskprofile.services.lanes import Ranked
from riskprofile.store.database import Store
from riskprofile.tables import Table


def table(store: Store, ranked: Sequence[Ranked], reasons: results.Reasons) -> Table:
    """All results of a run that is small."""
    return pd.concat(results.parts(store, ranked, reasons), ignore_index=True)


def write(given: Iterable[Table], out: Path) -> None:
    """Results in a file of their own, as `score --out` puts them."""
    with results.laid(given, out) as place:
        assert place is not None
        place()
