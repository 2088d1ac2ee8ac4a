"""A served home and a real Chromium. Without Chromium these tests skip, and say how to get it."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from app.installation import COOKIE
from riskprofile.services import govern, identity, settings
from riskprofile.services.settings import open_store
from riskprofile.store import practice
from tests.browser import home
from tests.browser.rest import NOTED, SLOW
from tests.conftest import LATE
from tests.services.bench import put_offices

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--headless=new",
    "--js-flags=--no-opt --no-maglev",  # no page of a test lives as long as optimising it pays
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "a long sentence to sign in"
SECOND = "test_l"  # where the second half of the tests of pages begins: about as much work
ENOUGH = 3  # tests that waited so long in vain: no page is drawn, and the others are not begun
# Name -> role. Two officers, because nobody confirms their own outcome.
PEOPLE = {
    "officer-14": "officer",
    "officer-09": "officer",
    "supervisor-03": "supervisor",
    "operator-02": "operator",
    "analyst-05": "analyst",
    "auditor-01": "auditor",
}


@pytest.hookimpl(wrapper=True)  # before xdist reads the marks
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    """Two of the processes that run the suite have these, each a browser and a server of its own.

    They wait for these half of their time: in one process they would be a chain that is longer
    than all else takes. xdist begins with the groups of most tests, and so with both halves.
    """
    if config.pluginmanager.hasplugin("xdist"):
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                half = 2 if item.path.name >= SECOND else 1
                item.add_marker(pytest.mark.xdist_group(f"browser-{half}"))
    return (yield)


@dataclass(frozen=True)
class Served:
    """A running page server."""

    url: str
    folder: Path
    pid: int

    def store(self) -> Any:
        """The database of the served home, to look at what was stored."""
        return open_store(settings.load({}, home=str(self.folder)))

    @cached_property
    def _kept(self) -> Any:
        """The same database, opened once for what every test does first."""
        return self.store()

    def close(self) -> None:
        """Let go of the database."""
        self._kept.close()

    def refill(self, **filled: Any) -> None:
        """Put the home back as it was; accounts and the audit chain stay."""
        (self.folder / practice.NAME).unlink(missing_ok=True)
        home.clear(self._kept)
        home.fill(self._kept, datetime.now(UTC), **filled)

    def token(self, name: str) -> str:
        """A new session of this person, as signing in gives it."""
        return identity.sign_in(self._kept, name, PASSWORD, "", datetime.now(UTC))


def chromium() -> str | None:
    """The installed Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for name in names if (found := shutil.which(name))), None)


@contextmanager
def serving(
    folder: Path, *, travellers: bool = False, empty: bool = False, **filled: Any
) -> Iterator[Served]:
    """Fill a home in `folder` and serve it from a process of its own.

    Parameters
    ----------
    travellers : bool
        Switch their profile on, so that crossings can be rated.
    empty : bool
        People and offices alone: no batch and no alert.
    """
    told, now = settings.load({}, home=str(folder)), datetime.now(UTC)
    store = open_store(told)
    put_offices(store, home.OFFICES)
    if not empty:
        home.fill(store, now, **filled)
    if travellers:
        govern.enable_profile(store, identity.OWNER, "traveller", "Border Act", "IA-7", now)
    for name, role in PEOPLE.items():
        office = home.OFFICE if role in ("officer", "supervisor") else None
        identity.add_account(
            store, identity.OWNER, name=name, role=role, office=office, password=PASSWORD, now=now
        )
    store.close()
    with own_port() as port, (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.serve", str(folder), str(port)],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        url = f"http://127.0.0.1:{port}"
        served = Served(url, folder, process.pid)
        with answering(process, url, folder / "server.log"), closing(served):
            yield served


@contextmanager
def own_port(address: str = "127.0.0.1") -> Iterator[int]:
    """A port on which a server may listen, and which the system gives to nobody else meanwhile."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers set it
        held.bind((address, 0))
        port = held.getsockname()[1]
        if sys.platform != "linux":  # elsewhere who holds it keeps the server away too
            held.close()
        yield port


@contextmanager
def answering(
    process: subprocess.Popen[bytes], url: str, log: Path, trusted: ssl.SSLContext | None = None
) -> Iterator[None]:
    """Wait until the page server answers, however busy the machine is; it ends with the block."""
    try:
        until = time.monotonic() + LATE
        while True:
            try:
                left = max(1.0, until - time.monotonic())
                urllib.request.urlopen(f"{url}/healthz", timeout=left, context=trusted).close()
                break
            except OSError:
                if time.monotonic() > until or process.poll() is not None:
                    said = log.read_text()[-2000:]
                    raise RuntimeError(f"the page server did not start: {said}") from None
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(SLOW / 1000)
        finally:
            process.kill()  # one that hangs would stay


class Lost:
    """The tests that failed after they had waited for a page as long as one may."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def note(self, name: str, *, failed: bool, seconds: float) -> None:
        """What became of a test."""
        if failed and seconds >= SLOW / 1000:
            self.names.append(name)

    def ask(self) -> None:
        """Fail where enough were lost: all the others together would wait for hours."""
        if len(self.names) >= ENOUGH:
            pytest.fail(f"not begun: pages are waited for in vain ({', '.join(self.names)})", False)


LOST = pytest.StashKey[Lost]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what was lost in this process, which has half of the tests of pages."""
    lost = item.config.stash.setdefault(LOST, Lost())
    report = yield
    lost.note(item.name, failed=report.failed, seconds=call.duration)
    return report


@pytest.fixture(autouse=True)
def worth_a_try(pytestconfig: pytest.Config) -> None:
    """A page that hangs costs minutes, whatever the number of tests."""
    pytestconfig.stash.setdefault(LOST, Lost()).ask()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browsers]:
    """One Chromium for all tests here: its driver keeps a loop running, which others could not."""
    path = chromium()
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install --yes chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=SLOW)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield Browsers(found)
        found.close()


class Browsers:
    """What officers sit at: each is used by one at a time, and comes back without a trace.

    A page that was used before has the scripts of ours compiled: it needs less than half of the
    processor time of a new one.
    """

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium
        self._free: dict[str, list[Any]] = {}

    @contextmanager
    def one(
        self,
        held: bool = False,
        color_scheme: str = "light",
        locale: str | None = None,
        **options: Any,
    ) -> Iterator[Any]:
        """A page that nobody uses, with these options of Playwright's `new_context`.

        Where what it draws is held up (`held`), it comes back to such tests alone: the driver
        cannot let go of a line, and would carry all that is drawn for others as well. The language,
        and light or dark, are wishes of who sits there: a page need not be new for them. Another
        window of the same has no wish of a language.
        """
        free = self._free.setdefault(repr((held, sorted(options.items()))), [])
        if free:
            context = free.pop()
        else:
            context = self._chromium.new_context(**options)
            context.add_init_script(NOTED)
        page = context.pages[0] if context.pages else context.new_page()
        if "viewport" in options:  # who had it before may have left a smaller window
            page.set_viewport_size(options["viewport"])
        page.emulate_media(color_scheme=color_scheme)
        line = context.new_cdp_session(page)
        if locale is not None:  # as `new_context` does it, for one page
            told = {"userAgent": "", "acceptLanguage": locale}
            line.send("Emulation.setUserAgentOverride", told)
            line.send("Emulation.setLocaleOverride", {"locale": locale})
        yield page
        for other in context.pages:
            if other is not page or not _emptied(page, line):
                other.close()
        context.clear_cookies()
        free.append(context)


def _emptied(page: Any, line: Any) -> bool:
    """Leave what is open for a page without scripts, and forget what it kept: whether it can.

    Nor is any address answered by a test that is over.
    """
    from playwright.sync_api import Error

    if not page.url.startswith("http"):
        return False
    origin = "/".join(page.url.split("/")[:3])
    kept = {"origin": origin, "storageTypes": "cookies,local_storage,indexeddb"}
    try:
        page.unroute_all()
        page.goto(f"{origin}/healthz", wait_until="commit")
        page.evaluate("sessionStorage.clear()")
        line.send("Storage.clearDataForOrigin", kept)
        line.detach()  # and the language is again as it was
    except Error:  # its server has ended
        return False
    return True


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One page server for all of them: starting it is what costs time."""
    with serving(tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture
def served(running: Served) -> Served:
    """The served home as it was filled at first, whatever a test before did to it."""
    running.refill()
    return running


@pytest.fixture
def visit(browser: Browsers, running: Served) -> Iterator[Any]:
    """Open a page of its own as somebody: `visit("officer-14")`; nobody is signed in for None.

    Nothing that a test does may break the scripts of the page: it would stand there empty.
    """
    with visiting(browser, running) as visit:
        yield visit


@contextmanager
def visiting(browser: Browsers, running: Served) -> Iterator[Any]:
    """What `visit` does, on a server of one's own."""
    opened = ExitStack()
    broken: list[str] = []

    def fails(told: Any) -> None:
        broken.append(str(told.error))

    def visit(name: str | None, path: str = "/", **options: Any) -> Any:
        size = {"width": 1366, "height": 768}
        page = opened.enter_context(browser.one(viewport=size, **options))
        page.set_default_timeout(SLOW)
        page.foreign = foreign = []
        own = (running.url, running.url.replace("http", "ws"), "data:", "blob:")

        def asked(request: Any) -> None:
            if not request.url.startswith(own):
                foreign.append(request.url)

        for event, heard in (("request", asked), ("weberror", fails)):  # of each of its windows
            page.context.on(event, heard)
            opened.callback(page.context.remove_listener, event, heard)
        if name is not None:
            token = running.token(name)
            page.context.add_cookies([{"name": COOKIE, "value": token, "url": running.url}])
        page.goto(running.url + path)
        return page

    with opened:
        yield visit
    assert broken == []
