"""A command in processes of its own, of which none outlives it.

It may do so much work, told by processor time, and may not stand still: how long that takes on
the clock depends on what else the machine does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STILL = 300.0  # seconds on the clock without work: no line waits that long for anything
LEAVE = 60.0  # seconds to stop a server and to let go of a small disk, once asked to end
LEAST = 0.01  # share of a time that is worked: a process that waits for its end beats too

_under_way: set[subprocess.Popen[str]] = set()


def run(
    command: list[str], work: float, still: float = STILL, leave: float = LEAVE
) -> subprocess.CompletedProcess[str] | None:
    """What a command came to; None where it was ended, with every process of its group.

    `work` are the seconds of processor time that its processes may take together, looked at every
    `still` seconds; it is ended too when they took hardly any meanwhile. From SIGTERM it has
    `leave` seconds to go.
    """
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,
    )
    _under_way.add(process)
    begun, before = time.monotonic(), 0.0
    try:
        while True:
            try:
                out, err = process.communicate(timeout=still)
            except subprocess.TimeoutExpired:
                told = worked(process.pid)
                taken = time.monotonic() - begun if told is None else told
                # What is taken by one that ended, and that nobody asked after, is told no more.
                if abs(taken - before) < LEAST * still or taken > work:
                    return None
                before = taken
            else:
                return subprocess.CompletedProcess(command, process.returncode, out, err)
    finally:
        _under_way.discard(process)
        _end([process], leave)


def end_all(leave: float = LEAVE) -> None:
    """End all that is under way: what a keyboard asks to end is of another group."""
    _end(list(_under_way), leave)


def _end(those: list[subprocess.Popen[str]], leave: float) -> None:
    for one in those:
        one.terminate()
    until = time.monotonic() + leave
    for one in those:
        with contextlib.suppress(subprocess.TimeoutExpired):
            one.wait(max(0.0, until - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        one.wait()
        for pipe in (one.stdout, one.stderr):
            if pipe:
                pipe.close()


def worked(group: int) -> float | None:
    """Seconds of processor time that a group took, with what ended in it; None if untold."""
    if not Path("/proc/self/stat").exists():
        return None
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            told = path.read_text(errors="replace").rpartition(")")[2].split()
            if int(told[2]) == group:
                ticks += sum(map(int, told[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")
