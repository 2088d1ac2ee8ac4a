"""How long an officer waits: a full queue in a real browser, and fifty officers at once.

    python -m benchmarks.page [--alerts 10000] [--loads 15] [--clicks 30]
    python -m benchmarks.page --officers 50 [--seconds 60] [--batch ROWS]
    python -m benchmarks.page --officers 50 --turns 4

Makes a home with so many open alerts, starts the real page server in a process of its own
and drives it. Without `--officers`: one Chromium, a page loaded again and again (warm: the
first load is not counted) and rows clicked, each timed inside the browser until the list, or
the clicked alert with all its buttons, stands. With `--officers N`: N - 1 clients of the
server's own protocol and one Chromium, each an act every five seconds (open, claim, ask,
decide, next and previous), at moments spread evenly, and each page its own question for news
every second;
with `--batch` while the command line rates so many rows into the same database. With
`--turns N` all pages stand open and one client alone acts, N times each kind of act: what an
act costs the server, whatever else the machine does.

Prints medians and 95th percentiles of the time waited, the server's processor seconds an
act (which a busy machine changes less), errors, and the bytes of one act.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from app.installation import COOKIE
from app.lists import HEAD
from app.queue_list import ROW
from benchmarks import asking
from tests.browser.conftest import FLAGS, Served, chromium, serving
from tests.browser.protocol import Officer
from tests.faults.runs import crossings

NAME = "officer-14"
KINDS = 7  # acts of `acts` for one alert
EVERY = 5.0  # seconds between two acts of one officer
NEWS = 1.0  # between two questions for news, as `app/theme/news.js` has it
REASON = "An image will settle what is in the package"
LISTED = "() => document.querySelector('.rp-kpi') && document.querySelector('.rp-foot')"
LISTED += " && document.querySelector('[class*=st-key-list-] canvas')"
OPENED = "(want) => document.querySelector('.st-key-alert_head b')?.textContent === want"
OPENED += " && document.querySelector('[class*=st-key-do-refer-] button:enabled')"


def processor(pid: int) -> float:
    """Processor seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def late(times: list[float], share: float = 0.95) -> float:
    """The time within which this share of the acts ended."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


@contextmanager
def browsing(served: Served, name: str = NAME) -> Iterator[Any]:
    """A page of an officer in Chromium."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        raise SystemExit("Chromium is not installed: apt-get install --yes chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        token = served.token(name)
        context.add_cookies([{"name": COOKIE, "value": token, "url": served.url}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def load(page: Any, url: str) -> float:
    """Load the page; seconds until figures, list and footer stand."""
    started = time.monotonic()
    page.goto(url, wait_until="commit")
    page.wait_for_function(LISTED, polling="raf")
    return time.monotonic() - started


def click(page: Any, row: int) -> float:
    """Click a row of the list; seconds until its alert stands with all its buttons."""
    grid = page.locator("[class*=st-key-list-] [data-testid=stDataFrame]")
    cell = page.locator("[class*=st-key-list-] [role=row]").nth(row + 1).locator("[role=gridcell]")
    record = cell.nth(2).text_content().split()[0]
    started = time.monotonic()
    grid.click(position={"x": 240, "y": HEAD + ROW * row + ROW // 2})
    page.wait_for_function(OPENED, arg=record, polling="raf")
    return time.monotonic() - started


def alone(served: Served, loads: int, clicks: int) -> None:
    """One officer and a full queue."""
    pid = served.pid
    with browsing(served) as page:
        load(page, served.url)
        before = processor(pid)
        loaded = [load(page, served.url) for _ in range(loads)]
        per_load = (processor(pid) - before) / loads
        before, clicked = processor(pid), []
        for n in range(clicks):
            clicked.append(click(page, n % 8))
            page.wait_for_timeout(150)
        per_click = (processor(pid) - before) / clicks
    officer = Officer(served.url, served.token(NAME))
    officer.load()
    told = officer.received
    officer.close()
    row("warm page", loaded, per_load, "median at most 1 s")
    row("click to detail", clicked, per_click, "median at most 0.5 s")
    print(f"{'first page over the wire':24} {told / 1024:.0f} KB")


def row(name: str, times: list[float], cpu: float | None, bar: str) -> None:
    """One line of the table."""
    if not times:  # `--officers 1`, or fewer seconds than an act needs
        print(f"{name:24} {0:5} times")
        return
    used = "" if cpu is None else f"  processor {cpu:.3f} s"
    told = f"  ({bar})" if bar else ""
    print(
        f"{name:24} {len(times):5} times  median {median(times):.2f} s  p95 {late(times):.2f} s"
        f"{used}{told}"
    )


def acts(officer: Officer, mine: list[int]) -> Iterator[tuple[str, Callable[[], float]]]:
    """What an officer does, endlessly: rows of the list, each opened, claimed and decided."""
    while True:
        for at in mine:
            yield "open", lambda at=at: officer.click_row(at)  # type: ignore[misc]
            yield "claim", lambda: officer.press("claim")
            yield "ask", lambda: officer.press("do-scan")
            yield "decide", lambda: decide(officer)
            yield "news", officer.poll
            yield "next", lambda: officer.press("next")
            yield "previous", lambda: officer.press("prev")


def decide(officer: Officer) -> float:
    """Write the reason and send it: the slower of the two counts."""
    field = [one for one in officer.seen if one.startswith("reason-") and "-scan" in one][-1]
    return max(officer.write(field, REASON), officer.press("reason-save"))


def together(served: Served, officers: int, seconds: float, rows: int) -> None:
    """So many officers at once, and perhaps a batch."""
    took: list[tuple[str, float]] = []
    news: list[float] = []
    faults: list[str] = []
    clients = [Officer(served.url, served.token(NAME)) for _ in range(officers - 1)]
    for client in clients:
        client.load()
        client.press("more")  # more rows than officers: each has its own
    batch = None
    with tempfile.TemporaryDirectory() as folder, browsing(served) as page:
        load(page, served.url)
        if rows:
            batch = rating(served.folder, Path(folder), rows)
        before, began = processor(served.pid), time.monotonic()

        def work(number: int, client: Officer) -> None:
            due = began + EVERY * number / officers
            for name, act in acts(client, list(range(number, 150, officers - 1))):
                if name == "news":
                    continue
                try:
                    while (left := due - time.monotonic()) > NEWS:
                        news.append(client.poll())
                        time.sleep(NEWS)
                    time.sleep(max(0.0, left))
                    if due > began + seconds:
                        return
                    took.append((name, act()))
                except Exception as error:
                    faults.append(f"officer {number}, {name}: {type(error).__name__}: {error}")
                    return
                faults.extend(f"officer {number}, {name}: {one}" for one in client.faults)
                client.faults.clear()
                due += EVERY

        threads = [
            threading.Thread(target=work, args=(n, client)) for n, client in enumerate(clients)
        ]
        for thread in threads:
            thread.start()
        seen, due = [], began + EVERY
        while due < began + seconds:
            page.wait_for_timeout(max(0.0, due - time.monotonic()) * 1000)
            seen.append(click(page, len(seen) % 8))
            due += EVERY
        for thread in threads:
            thread.join()
        used = processor(served.pid) - before
        if batch is not None:
            ended = batch.poll()
            told = "still running" if ended is None else f"ended with {ended} before the officers"
            print(f"{'batch':24} {rows} rows, {told}")
            batch.terminate()
            batch.wait(60)
    for client in clients:
        client.close()
    bar = "p95 at most 2 s" if rows else "p95 at most 1 s"
    row("officers, all acts", [one for _, one in took], used / max(1, len(took) + len(seen)), bar)
    for name in dict.fromkeys(name for name, _ in took):
        row(f"  {name}", [one for kind, one in took if kind == name], None, bar)
    row("news, each second", news, None, bar)
    row("the one in Chromium", seen, None, bar)
    print(f"{'errors':24} {len(faults)}  (0)")
    for fault in faults[:10]:
        print(f"  {fault}")


def in_turn(served: Served, officers: int, turns: int) -> None:
    """What each kind of act costs the server while so many pages stand open."""
    clients = [Officer(served.url, served.token(NAME)) for _ in range(officers)]
    for client in clients:
        client.load()
        client.press("more")
    took: dict[str, list[float]] = {}
    used: dict[str, float] = {}
    work = acts(clients[0], list(range(0, 150, 3)))
    for n in range(KINDS * (turns + 1)):
        name, act = next(work)
        before = processor(served.pid)
        waited = act()
        time.sleep(0.05)  # what the server does after its answer is of this act
        if n >= KINDS:  # the first turn warms up
            took.setdefault(name, []).append(waited)
            used[name] = used.get(name, 0.0) + processor(served.pid) - before
    waits = [one for times in took.values() for one in times]
    row("all acts", waits, sum(used.values()) / len(waits), "at most 0.07 s of processor")
    for name, times in took.items():
        row(f"  {name}", times, used[name] / turns, "")
    for client in clients:
        client.close()
    print(f"{'errors':24} {len(clients[0].faults)}  (0)")


def rating(home: Path, folder: Path, rows: int) -> subprocess.Popen[bytes]:
    """The command line, rating so many crossings into the served database."""
    work = crossings(folder, rows)
    run = [sys.executable, "-c", "from riskprofile.cli import main; main()", "score"]
    options = ["--home", str(home), "--capacity", "20", "--max-bad-share", "1"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen([*run, str(work.file), *options], stdout=quiet, stderr=quiet)


def main() -> None:
    """Measure."""
    given = asking.asked(
        __doc__, alerts=10_000, loads=15, clicks=30, officers=0, seconds=60.0, turns=0, batch=0
    )
    filled = {"many": max(0, given.alerts - 11), "travellers": bool(given.batch)}
    with tempfile.TemporaryDirectory() as home, serving(Path(home), **filled) as served:
        if given.turns:
            in_turn(served, max(1, given.officers), given.turns)
        elif given.officers:
            together(served, given.officers, given.seconds, given.batch)
        else:
            alone(served, given.loads, given.clicks)


if __name__ == "__main__":
    main()
