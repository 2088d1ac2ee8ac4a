"""A program in a process of its own: what it used, and the most memory that it held."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# The first process only waits: also for what the program leaves behind, as the one that its
# workers are copies of. On Linux that is handed to it (PR_SET_CHILD_SUBREAPER).
_PROGRAM = """
import ctypes, os, sys
told = int(sys.argv.pop(1))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
if program := os.fork():
    code = 1
    while True:
        try:
            ended, status = os.wait()
        except ChildProcessError:
            os._exit(code)
        if ended == program:
            code = os.waitstatus_to_exitcode(status)
try:
    exec(sys.argv.pop(1))
finally:
    from benchmarks.apart import peak
    os.write(told, str(peak()).encode())
"""


@dataclass(frozen=True)
class Used:
    """What a process used, and all that began in it."""

    code: int
    said: str
    processor: float  # seconds
    clock: float  # seconds
    peak: float  # MiB that the process itself held at most


def peak() -> float:
    """The most memory that this process held, in MiB.

    `ru_maxrss` of a child counts what its parent held when it was started; `VmHWM` does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def run(program: str, *arguments: str, heard: bool = False) -> Used:
    """Run a Python program; with `heard`, what it prints is kept and not shown."""
    hear, tell = os.pipe()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(tell), program, *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        pass_fds=[tell],
        stdout=subprocess.PIPE if heard else None,
        text=True,
    )
    os.close(tell)
    said = process.stdout.read() if process.stdout is not None else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    clock = time.perf_counter() - began
    with os.fdopen(hear) as stream:
        held = float(stream.read() or "nan")
    if process.stdout is not None:
        process.stdout.close()
    return Used(process.returncode, said, used.ru_utime + used.ru_stime, clock, held)
