"""One run over a file, as the command line does it, and the floor under it.

`benchmarks.pipeline` measures both in processes of their own, which open nothing beside what
they do: peaks and times are those of the product, and of the floor.
"""

from __future__ import annotations

import atexit
import gc
import sys
import warnings
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from riskprofile.intake.detect import CHUNK_ROWS
from riskprofile.profiles import SHIPMENT
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import results, settings
from riskprofile.services.ending import Place
from riskprofile.services.identity import OWNER
from riskprofile.services.lanes import Ranked
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.steps import Step
from riskprofile.store import artefacts

PAST, DAY = datetime(2026, 6, 20, 8, tzinfo=UTC), datetime(2026, 7, 1, 8, tzinfo=UTC)
CAPACITY = Capacity(share=0.01)
CHUNK = 50_000  # rows of a read of the floor
SMALL = 2_500  # rows of a chunk of the run that is killed and resumed


def rate(
    folder: Path,
    url: str,
    file: str,
    workers: str,
    scheduler: str = "",
    resume: str = "",
    out: str = "",
) -> None:
    """One run, as the command line does it. The past is loaded when nothing is known.

    `out` names a file that gets its results, with the reasons of alerts.
    """
    home = settings.load({}, home=folder / "home", database_url=url)
    store = settings.open_store(home)
    history = file == "past.csv"
    options = Options(
        profile="shipment",
        capacity=CAPACITY,
        history=history,
        workers=int(workers),
        scheduler=scheduler,
        resume=bool(resume),
        chunk_rows=SMALL if resume else CHUNK_ROWS,
    )

    def laid(ranked: list[Ranked], step: Step) -> AbstractContextManager[Place | None]:
        return results.laid(results.parts(store, ranked, "alerts", step), folder / out)

    now = PAST if history else DAY
    screen(store, home, OWNER, [folder / file], options, now, written=laid if out else None)
    store.close()


def floor(folder: Path, file: str, how: str) -> None:
    """Read the file as pandas does and rate as many rows: `F1`, `F2`, or `read` alone."""
    values = np.load(folder / "values.npy", mmap_mode="r")
    model, columns = joblib.load(folder / "floor.joblib") if how == "F1" else (None, [])
    card = artefacts.serving(settings.CHECKOUT / "models", SHIPMENT.name)
    at = 0
    # The bare read guesses types, and says of long files that blocks of them differ.
    warnings.simplefilter("ignore", pd.errors.DtypeWarning)
    for chunk in pd.read_csv(folder / file, chunksize=CHUNK):
        some = np.asarray(values[np.arange(at, at + len(chunk)) % len(values)])
        at += len(chunk)
        if model is not None:
            model.predict_proba(some[:, columns])
        elif how == "F2":
            card.points(pd.DataFrame(some, columns=list(card.features)))


def main() -> None:
    """What runs in a process of its own: `rate` or `floor`, and what that takes."""
    atexit.register(gc.freeze)  # as the command line
    what, folder, *more = sys.argv[1:]
    {"rate": rate, "floor": floor}[what](Path(folder), *more)


if __name__ == "__main__":
    main()
