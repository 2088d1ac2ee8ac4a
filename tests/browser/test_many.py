"""Several officers at once over the page server's own protocol: the small form of the benchmark."""

from __future__ import annotations

from threading import Thread

from benchmarks.page import acts
from tests.browser.protocol import Officer
from tests.browser.test_pages import owners


def test_officers_at_work_at_once_each_open_claim_and_decide_without_a_fault(served):
    officers = [Officer(served.url, served.token("officer-14")) for _ in range(3)]
    faults: list[str] = []

    def work(officer: Officer, row: int) -> None:
        try:
            officer.load()
            for _, (_, act) in zip(range(7), acts(officer, [row]), strict=False):
                act()
        except Exception as error:
            faults.append(f"{type(error).__name__}: {error}")
        faults.extend(officer.faults)

    threads = [Thread(target=work, args=(one, n)) for n, one in enumerate(officers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for officer in officers:
        officer.close()
    assert faults == []
    held = {f"PX-2026-{104417 + 85 * row}": "officer-14" for row in range(3)}
    assert owners(served) == held
