"""What the workers of a run are copies of (`processes.begun`): the program, read, what each profile
asks of the past, the lexicon and the scorecards that ship. It has rated some rows as well: what is
made when the first are rated, every worker would make for itself.

No thread of ours and no connection begins here: a copy of a process with those is not sound.
"""

from __future__ import annotations

import gc

_sweeps = gc.isenabled()
gc.disable()  # a program that is read leaves no garbage

from contextlib import suppress  # noqa: E402

import pandas as pd  # noqa: E402

from riskprofile.history import Snapshot  # noqa: E402
from riskprofile.profiles import PROFILES, Profile  # noqa: E402
from riskprofile.reference import terms  # noqa: E402
from riskprofile.services import past, settings, workers  # noqa: E402, F401
from riskprofile.services.rater import Rater  # noqa: E402
from riskprofile.store import artefacts, table_bytes  # noqa: E402
from riskprofile.tables import TEXT  # noqa: E402

SOME = 100  # rows: more than are each read alone


def _rehearse(profile: Profile) -> None:
    """Rate rows whose every text is a term of the lexicon, and which state nothing else."""
    said = [one.text for one in terms.terms()[:SOME]]
    columns = {
        one.name: pd.Series(said if one.dtype == TEXT else None, range(SOME), one.dtype)
        for one in profile.columns
    }
    card = artefacts.serving(settings.CHECKOUT / "models", profile.name)
    log, events, _ = Rater(profile, card, Snapshot()).heard(pd.DataFrame(columns))
    for made in (log, events):
        table_bytes.stored(made)


terms.index()
for _profile in PROFILES.values():
    past.questions(_profile.name)
    with suppress(Exception):  # nothing can begin without it; a run says itself what is wrong
        _rehearse(_profile)

# Else each worker would once walk through all of it, and have its pages as its own: 57 MB.
gc.freeze()
if _sweeps:
    gc.enable()
