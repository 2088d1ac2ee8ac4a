"""`python -m tests.trust.cases OUT NODE...`: run these tests; outcome of each case as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest


class Recorder:
    """Keeps the worst outcome of each case."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of set-up, call and tear-down, what is not passed counts."""
        node = report.nodeid.split("@", 1)[0]
        if report.outcome != "passed" or node not in self.outcomes:
            self.outcomes[node] = report.outcome


def main(out: str, *nodes: str) -> int:
    """Run them, write the outcomes."""
    recorder = Recorder()
    code = pytest.main(["-q", "-m", "", "--timeout=1200", *nodes], plugins=[recorder])
    Path(out).write_text(json.dumps(recorder.outcomes), "utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
