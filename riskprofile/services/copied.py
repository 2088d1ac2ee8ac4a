"""What the workers of a run are copies of (`processes.begun`): the program, read, what each profile
asks of the past, and the lexicon, which every one of them would find out for itself.

No thread of ours and no connection begins here: a copy of a process with those is not sound.
"""

from __future__ import annotations

import gc

_sweeps = gc.isenabled()
gc.disable()  # a program that is read leaves no garbage

from riskprofile.profiles import PROFILES  # noqa: E402
from riskprofile.reference import terms  # noqa: E402
from riskprofile.services import past, workers  # noqa: E402, F401

for _name in PROFILES:
    past.questions(_name)
terms.index()

# Else each worker would once walk through all of it, and have its pages as its own: 57 MB.
gc.freeze()
if _sweeps:
    gc.enable()
