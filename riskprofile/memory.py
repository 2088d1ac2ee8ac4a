"""The memory of long work: handed back between its parts, and not searched for garbage within."""

from __future__ import annotations

import ctypes
import gc
import mmap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa

# Arrow's own pool keeps what it once held: a chunk's peak would stay for the whole run.
pa.set_memory_pool(pa.system_memory_pool())

LARGE = 1 << 20  # bytes from which a block is one of its own
MANY = 100_000  # objects from which on cycles are looked for among them
SLACK = 32 << 20  # bytes of free memory that stay at hand between two parts
STATM = Path("/proc/self/statm")  # of Linux, in pages

_settled = False  # what the program holds is set apart
# Bytes that were its own when memory was last handed back, or less since. The first time all is.
_left = -SLACK


def _apart() -> None:
    """Let large blocks lie apart, so that each goes back to the system when it is freed, and the
    heap keep what the next part takes again.

    The C library of most Linux systems takes large ones from its heap once one was freed, up to
    32 MiB each, and what lies above them on the heap keeps them there. Others have no such call.
    """
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(-3, LARGE)  # M_MMAP_THRESHOLD
        library.mallopt(-1, SLACK)  # M_TRIM_THRESHOLD


_apart()


@contextmanager
def unswept() -> Iterator[None]:
    """Inside, cycles among objects are looked for where `give_back` is called, and nowhere else.

    Python's collector walks all that a program holds whenever that has grown by a fourth, and
    a run holds millions of texts that belong to no cycle: a sixth of its time went there.

    >>> with unswept():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    sweeps = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if sweeps:
            gc.enable()


def settle() -> None:
    """Set apart from garbage what a program holds by now, where it has not done so itself.

    What it has read to rate with stays to its end, and to look through it takes as long as to
    rate ten declarations alone. Inside `unswept` nothing is looked through, and nothing is done.
    It is asked once: to count what is set apart Python walks through all of it.
    """
    global _settled
    if gc.isenabled() and not _settled:
        _settled = True
        if not gc.get_freeze_count():
            gc.collect()
            gc.freeze()


def give_back() -> None:
    """Hand free memory back to the system: between the parts of long work, not within one.

    What a part allocated and freed stays with the process otherwise, in pieces that the next
    part does not fit into, and adds up to several times what is in use. But most of it the next
    part takes, and a page that went back costs 1.5 us to have again: of a run that hands all of it
    back after each part six a row. So it goes back where the process has `SLACK` more than after
    the last time.

    Inside `unswept`, where there are `MANY` objects more than the last time, cycles that came and
    went since are freed; what is older is not looked at. A chunk leaves some forty small objects in
    cycles, and to find them all that it left at hand would be walked, names and texts seen of late.
    """
    global _left
    if not gc.isenabled() and gc.get_count()[0] >= MANY:
        gc.collect(1)
    held = _own()
    if held is None or held > _left + SLACK:
        pa.default_memory_pool().release_unused()  # all of the heap: Arrow's pool is the system's
        _left = _own() or 0
    else:
        _left = min(_left, held)


def _own() -> int | None:
    """Bytes in memory that are this process's alone, files apart; None where nobody says."""
    try:
        _, resident, shared, *_ = map(int, STATM.read_bytes().split())
    except (OSError, ValueError):
        return None
    return (resident - shared) * mmap.PAGESIZE
