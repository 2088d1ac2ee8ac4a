"""What a page that hangs costs the suite: some minutes, not one for each of its tests; and that
none breaks unseen.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import conftest
from tests.browser.conftest import ENOUGH, SLOW, Browsers, Lost, Served, visiting


def test_after_some_tests_that_waited_in_vain_no_other_is_begun():
    lost, long = Lost(), SLOW / 1000
    for number in range(ENOUGH):
        lost.ask()
        lost.note(f"quick {number}", failed=True, seconds=long / 2)  # it found what is wrong
        lost.note(f"slow {number}", failed=False, seconds=2 * long)
        lost.ask()
        lost.note(f"hangs {number}", failed=True, seconds=long)
    with pytest.raises(pytest.fail.Exception, match=r"in vain \(hangs 0, hangs 1, hangs 2"):
        lost.ask()


def test_a_server_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conftest, "SLOW", 100)
    deaf = "import signal, http.server as h; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    deaf += "h.HTTPServer(('127.0.0.1', int(__import__('sys').argv[1])),"
    deaf += "h.SimpleHTTPRequestHandler).serve_forever()"
    (tmp_path / "healthz").touch()
    with conftest.own_port() as port, (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", deaf, f"{port}"], cwd=tmp_path, stdout=log, stderr=log
        )
        with (
            pytest.raises(subprocess.TimeoutExpired),
            conftest.answering(process, f"http://127.0.0.1:{port}", tmp_path / "log"),
        ):
            pass
    assert process.wait() < 0


def test_what_breaks_in_another_window_of_a_page_is_not_overlooked(
    browser: Browsers, running: Served
):
    told = pytest.raises(AssertionError, match="a lantern fell")
    with told, visiting(browser, running) as visit:
        other = visit(None, "/healthz").context.new_page()
        with other.expect_event("pageerror"):
            other.evaluate("() => { setTimeout(() => { throw new Error('a lantern fell') }) }")
