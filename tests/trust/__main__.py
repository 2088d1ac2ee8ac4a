"""Every line of the fault and attack plan: tried of planned, held; nothing is left out.

    python -m tests.trust                  the quick set
    python -m tests.trust --full           with the plan's own numbers
    python -m tests.trust --lines A1 C7    some of them

A line is *held* when every attempt was held off and the planned number was made; *so far*
when every attempt was held off and fewer were made, or part of the line has no attack
yet; *missed* otherwise. The command fails when an attempt was not held off. Below its row
stands what was not held off, what is told beside, and what no attack tries yet.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.trust import apart
from tests.trust.lines import BY_KEY, LINES, Line
from tests.trust.told import Told

AT_ONCE = 2
QUICK, FULL = 840, 8 * 3600  # seconds of processor time that one line may take
WORDS = """held    all that is planned was tried, and held off
so far  all that was tried was held off: fewer than planned, or a part has no attack yet
missed  something got through, or nothing was tried"""


def one(key: str, count: int) -> int:
    """Make one attack here; its answer as JSON, last on stdout."""
    attack = BY_KEY[key].attack
    assert attack is not None
    # Asked to end, it stops its servers and lets go of its disks: they are of no group.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("asked to end"))
    with tempfile.TemporaryDirectory(prefix=f"trust-{key}-") as folder:
        told = attack(count, Path(folder))
    print(json.dumps(asdict(told), ensure_ascii=True))
    return 0


def attacked(line: Line, full: bool) -> Told:
    """Make one attack in a process of its own."""
    count = line.planned if full else line.quick
    command = [sys.executable, "-m", "tests.trust", "--one", line.key, "--count", str(count)]
    done = apart.run(command, FULL if full else QUICK)
    if done is None:
        return Told(faults=["did not come to its end"])
    if done.returncode:
        return Told(faults=[f"ended with {done.returncode}: {done.stderr.strip()[-300:]}"])
    return Told(**json.loads(done.stdout.strip().splitlines()[-1]))


@contextmanager
def _ended(pool: ThreadPoolExecutor) -> Iterator[None]:
    """Nothing goes on where this command is stopped."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        apart.end_all()
        raise


def tested(lines: list[Line]) -> dict[str, Told]:
    """Run the tests of all lines at once; what each line's came to."""
    wanted = sorted({test for line in lines for test in line.tests})
    found: dict[str, Told] = {line.key: Told() for line in lines}
    if not wanted:
        return found
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        apart.run([sys.executable, "-m", "tests.trust.cases", out.name, *wanted], FULL)
        content = Path(out.name).read_text("utf-8")
    outcomes: dict[str, str] = json.loads(content) if content else {}
    for line in lines:
        for test in line.tests:
            cases = {
                node: outcome
                for node, outcome in outcomes.items()
                if node == test or node.startswith((f"{test}::", f"{test}["))
            }
            if not any(outcome != "skipped" for outcome in cases.values()):
                found[line.key].faults.append(f"{test} was not run")
            for node, outcome in cases.items():
                if outcome != "skipped":
                    found[line.key].count(None if outcome == "passed" else f"{node} {outcome}")
    return found


def verdict(line: Line, told: Told) -> str:
    """`held`, `so far`, or `missed`."""
    if told.faults or told.held < told.tried or not told.tried:
        return "missed"
    return "held" if told.tried >= line.planned and not line.missing else "so far"


def row(line: Line, told: Told) -> str:
    """One line of the table."""
    share = f"{told.tried:,} of {line.planned:,}"
    return f"{line.key:<4}{line.what:<58}{share:>20}{told.held:>9,}  {verdict(line, told)}"


def below(line: Line, told: Told) -> list[str]:
    """What is said below the row of a line: three of its faults at most."""
    said = [f"not held off: {fault}" for fault in told.faults[:3]]
    said += [f"beside: {note}" for note in told.notes]
    return said + ([f"not attacked yet: {line.missing}"] if line.missing else [])


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.trust", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the plan's own numbers")
    parser.add_argument("--lines", nargs="*", metavar="LINE", choices=sorted(BY_KEY))
    parser.add_argument("--one", choices=sorted(BY_KEY), help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        return one(asked.one, asked.count)
    chosen = [line for line in LINES if not asked.lines or line.key in asked.lines]
    started = time.monotonic()
    counts: dict[str, int] = {}
    failed = False
    print("Rows come in their order, each once its tests and its attack are over.\n")
    print(f"{'':<4}{'attack':<58}{'tried of planned':>20}{'held':>9}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("asked to end"))
    with ThreadPoolExecutor(AT_ONCE) as pool, _ended(pool):
        tests = pool.submit(tested, chosen)
        attacks = {
            line.key: pool.submit(attacked, line, asked.full)
            for line in chosen
            if line.attack is not None
        }
        found = tests.result()
        for line in chosen:  # each row when it is known: the full set takes hours
            told = found[line.key]
            if line.key in attacks:
                answer = attacks[line.key].result()
                told = Told(
                    told.tried + answer.tried,
                    told.held + answer.held,
                    told.faults + answer.faults,
                    answer.notes,
                )
            print("\n      ".join([row(line, told), *below(line, told)]), flush=True)
            word = verdict(line, told)
            counts[word] = counts.get(word, 0) + 1
            failed = failed or bool(told.faults) or told.held < told.tried
    told_counts = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    print(f"\n{len(chosen)} lines in {time.monotonic() - started:.0f} s: {told_counts}")
    print(WORDS)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
