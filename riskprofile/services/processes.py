"""How the other processes of a run begin: as copies of one that read the program (`copied`).

Nothing of the program is read here, so that the command line can begin that one first: it reads
while the command line does.
"""

from __future__ import annotations

import signal
import sys
from multiprocessing import forkserver, get_all_start_methods, get_context, resource_tracker
from multiprocessing.context import BaseContext

# Asks a process to end; where it cannot be told who asks, it does end.
TO_END = {signal.SIGTERM} if hasattr(signal, "sigwaitinfo") else set()


def begun() -> BaseContext:
    """What processes begin by; what they are copies of is under way from here on.

    They are no copies of this one: a copy of a process with threads and an open database is not
    sound. Where the system copies none, each reads the program anew, which takes a second.
    """
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["__main__", "riskprofile.services.copied"])
    # What a killed run leaves is cleared away by a process that is begun with these warnings.
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    try:
        resource_tracker.ensure_running()  # it would let the signal through again
    finally:
        sys.warnoptions.pop()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*TO_END, signal.SIGINT})
    try:  # what asks all processes of a service or a job to end is for this one alone to answer
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context
