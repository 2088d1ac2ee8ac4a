"""How fast messages are cut into segments, beside pydifact on the same bytes.

    python -m benchmarks.intake_speed

Both start from the bytes in memory and end with every segment, its elements split into
components; so ours also splits what it otherwise leaves until it is asked for. Each runs
in turns, and its best of some rounds counts: the others had to share the machine.
"""

from __future__ import annotations

import io
import re
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from pydifact.parser import Parser

from benchmarks import asking
from riskprofile.intake.edifact import tokenize

FIXTURES = Path(__file__).resolve().parents[1] / "tests" / "intake" / "fixtures"
BAR = 5.0  # times pydifact


def messages(file: Path, size: int) -> bytes:
    """One interchange of the file's messages, again and again up to about this many bytes."""
    data = file.read_bytes()
    start, end = re.search(rb"UNH", data), data.rfind(b"UNZ")
    if start is None or end < 0:
        raise ValueError(f"{file.name} holds no interchange of messages")
    body = data[start.start() : end]
    return data[: start.start()] + body * max(1, size // len(body)) + data[end:]


def ours(data: bytes, split: bool) -> int:
    """Segments by our tokenizer; `split` splits all their elements too."""
    count = 0
    for segment in tokenize(io.BytesIO(data), "memory"):
        if split:
            for number in range(1, len(segment.elements)):
                segment.components(number)
        count += 1
    return count


def theirs(data: bytes) -> int:
    """Segments by pydifact, which reads text."""
    return sum(1 for _ in Parser().parse(data.decode("iso8859-1")))


def best(call: Callable[[], int], rounds: int) -> tuple[float, int]:
    """The shortest processor time, in seconds, and what the call counted."""
    found = []
    for _ in range(rounds):
        started = time.process_time()
        count = call()
        found.append((time.process_time() - started, count))
    return min(found)


def main() -> int:
    asked = asking.asked(__doc__, size=1_000_000, rounds=5)
    warnings.simplefilter("ignore")  # pydifact says of most messages what it does not check
    print(
        f"{'messages':<22}{'segments':>10}{'ours/s':>12}{'split/s':>12}{'pydifact/s':>12}"
        f"{'ratio':>8}{'split':>8}"
    )
    worst = float("inf")
    for file in sorted(FIXTURES.glob("*.edi")):
        if not re.search(rb"UNZ", file.read_bytes()):
            continue  # X12
        data = messages(file, asked.size)
        plain, count = best(lambda data=data: ours(data, False), asked.rounds)
        split, _ = best(lambda data=data: ours(data, True), asked.rounds)
        other, counted = best(lambda data=data: theirs(data), asked.rounds)
        # A UNA is no segment to us, and one to some versions of pydifact.
        if abs(count - counted) > 1:
            raise AssertionError(f"{file.name}: {count} segments, pydifact finds {counted}")
        worst = min(worst, other / split)
        print(
            f"{file.name:<22}{count:>10,}{count / plain:>12,.0f}{count / split:>12,.0f}"
            f"{counted / other:>12,.0f}{other / plain:>7.1f}x{other / split:>7.1f}x"
        )
    print(f"at least {worst:.1f} times pydifact, all elements split; the bar is {BAR:g}")
    return 0 if worst >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
