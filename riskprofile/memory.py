"""The memory of long work: handed back between its parts, and not searched for garbage within."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

# Arrow's own pool keeps what it once held: a chunk's peak would stay for the whole run.
pa.set_memory_pool(pa.system_memory_pool())


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


def give_back() -> None:
    """Hand free memory back to the system: between the parts of long work, not within one.

    What a part allocated and freed stays with the process otherwise, in pieces that the next
    part does not fit into, and adds up to several times what is in use. Inside `unswept`, cycles
    that came and went since the last time are freed; what is older is not looked at.
    """
    if not gc.isenabled():
        gc.collect(1)
    pa.default_memory_pool().release_unused()
