"""The memory of long work: handed back between its parts, and not searched for garbage within."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

# Arrow's own pool keeps what it once held: a chunk's peak would stay for the whole run.
pa.set_memory_pool(pa.system_memory_pool())

LARGE = 1 << 20  # bytes from which a block is one of its own
MANY = 100_000  # objects from which on cycles are looked for among them

_settled = False  # what the program holds is set apart


def _none(_: int) -> int:
    return 0


_trimmed = _none


def _apart() -> None:
    """Let large blocks lie apart, so that each goes back to the system when it is freed.

    The C library of most Linux systems takes them from its heap once one was freed, up to
    32 MiB each, and what lies above them on the heap keeps them there. Others have no such call.
    """
    global _trimmed
    try:
        library = ctypes.CDLL(None)
        library.mallopt(-3, LARGE)  # M_MMAP_THRESHOLD
        _trimmed = library.malloc_trim
    except (OSError, AttributeError, TypeError):
        return


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


def give_back(heap: bool = False) -> None:
    """Hand free memory back to the system: between the parts of long work, not within one.

    What a part allocated and freed stays with the process otherwise, in pieces that the next
    part does not fit into, and adds up to several times what is in use. Inside `unswept`, where
    there are `MANY` objects more than the last time, cycles that came and went since are freed;
    what is older is not looked at. A chunk leaves some forty small objects in cycles, and to find
    them all that it left at hand would be walked, names and texts seen of late.

    Parameters
    ----------
    heap : bool
        Also what lies free among what is in use. It takes some hundredths of a second, and what
        works on takes it back at once: for where one kind of work ends.
    """
    if not gc.isenabled() and gc.get_count()[0] >= MANY:
        gc.collect(1)
    pa.default_memory_pool().release_unused()
    if heap:
        _trimmed(0)
