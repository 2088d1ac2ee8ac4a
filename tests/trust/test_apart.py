"""What runs a line ends all that the line began, and counts its work and not the clock."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.trust import apart

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no groups of processes")
# A line begins a process, says which, and then waits for it or works for ever.
LINE = """
import signal, subprocess, sys
{first}
one = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(str(one.pid))
{then}
"""
LEFT = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"  # as one that hangs


def alive(process: int) -> bool:
    try:  # one that ended, and whose parent is gone, may not be asked after yet
        told = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return told.rpartition(")")[2].split()[0] not in "ZX"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="nothing tells of its processes")
@pytest.mark.parametrize(
    ("first", "then", "work"),
    [
        pytest.param("", "one.wait()", 1e9, id="still"),
        pytest.param(LEFT, "one.wait()", 1e9, id="still, and deaf"),
        pytest.param("", "while True: pass", 0.2, id="too much work"),
        pytest.param("", "sys.exit(0)", 1e9, id="ended, and left one behind"),
    ],
)
def test_no_process_of_a_line_outlives_it(tmp_path, first, then, work):
    said = tmp_path / "child"
    command = [sys.executable, "-c", LINE.format(first=first, then=then), str(said)]
    assert apart.run(command, work, still=2.0, leave=1.0) is None
    for _ in range(500):
        if not alive(int(said.read_text())):
            break
        time.sleep(0.02)
    assert not alive(int(said.read_text()))


def test_a_line_that_works_longer_than_one_look_comes_to_its_end():
    program = "import time\nwhile time.process_time() < 2.5: pass\nprint('done')"
    done = apart.run([sys.executable, "-c", program], 1e9, still=2.0)
    assert done is not None
    assert (done.returncode, done.stdout) == (0, "done\n")
