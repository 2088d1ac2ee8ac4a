"""The audit chain: whatever is edited, removed or swapped is found at its record."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskprofile.errors import StoreError
from riskprofile.store import audit
from riskprofile.store.database import Store

NOW = datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path):
    """An empty store of either kind."""
    address = f"sqlite:///{tmp_path / 'riskprofile.db'}"
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres_url")
    opened = Store.open(address)
    yield opened
    opened.close()


def write(store: Store, count: int) -> None:
    with store.write() as connection:
        for n in range(count):
            detail = {"zone": "é", "n": n, "half": 0.1 + n}
            audit.append(
                connection,
                actor="ines",
                action="look",
                subject=f"alert:{n}",
                now=NOW,
                detail=detail,
            )


def check(store: Store, head: audit.Head | None = None) -> audit.Verdict:
    with store.read() as connection:
        return audit.verify(connection, head)


def run(store: Store, *statements: str) -> None:
    with store.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_an_untouched_chain_verifies_and_names_its_head(store):
    assert check(store) == audit.Verdict(True, 0, None, audit.Head(0, audit.START))
    write(store, 20)
    verdict = check(store)
    assert (verdict.ok, verdict.records, verdict.first_bad) == (True, 20, None)
    with store.read() as connection:
        assert audit.head(connection) == verdict.head


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE audit SET actor = 'omar' WHERE sequence = 7",
        "UPDATE audit SET detail = '{\"n\":6}' WHERE sequence = 7",
        "UPDATE audit SET purpose = 'other' WHERE sequence = 7",
        "UPDATE audit SET office = 'XMPME' WHERE sequence = 7",
        "UPDATE audit SET at = '2026-11-24 08:00:00.123457' WHERE sequence = 7",
        "UPDATE audit SET digest = previous WHERE sequence = 7",
        "DELETE FROM audit WHERE sequence = 7",
        "UPDATE audit SET sequence = 1000 WHERE sequence = 7",
    ],
)
def test_a_tampered_record_is_named(store, tamper):
    write(store, 20)
    run(store, tamper)
    verdict = check(store)
    assert not verdict.ok
    assert verdict.first_bad == 7


def test_two_swapped_records_are_found_at_the_first(store):
    write(store, 20)
    run(
        store,
        "UPDATE audit SET sequence = 100 WHERE sequence = 7",
        "UPDATE audit SET sequence = 7 WHERE sequence = 9",
        "UPDATE audit SET sequence = 9 WHERE sequence = 100",
    )
    assert check(store).first_bad == 7


def test_a_cut_end_shows_against_a_head_kept_elsewhere(store):
    write(store, 20)
    kept = check(store).head
    run(store, "DELETE FROM audit WHERE sequence > 15")
    assert check(store).ok
    assert check(store, kept).first_bad == 16


@pytest.mark.parametrize(("kept", "first"), [(12, 13), (8, 9), (0, 1)])
def test_a_cut_end_is_told_at_the_first_record_missing_though_words_of_a_later_are_here(
    store, kept, first
):
    with store.write() as connection:
        for n in range(20):
            audit.append(
                connection,
                actor="ines",
                action="look",
                subject="",
                now=NOW,
                purpose="x" * (n == 17),
            )
    head = check(store).head
    run(store, f"DELETE FROM audit WHERE sequence > {kept}")
    assert check(store).first_bad == first
    assert check(store, head).first_bad == first


def test_of_words_changed_and_words_gone_the_first_record_is_named(store):
    with store.write() as connection:
        for _ in range(9):
            audit.append(connection, actor="ines", action="look", subject="", now=NOW, purpose="x")
    run(
        store,
        "UPDATE audit_words SET words = 'y' WHERE sequence = 7",
        "DELETE FROM audit_words WHERE sequence = 4",
    )
    assert check(store).first_bad == 4


def test_a_chain_made_again_shows_against_a_head_kept_elsewhere(store):
    write(store, 5)
    kept = check(store).head
    run(store, "DELETE FROM audit")
    with store.write() as connection:
        for _ in range(9):
            audit.append(connection, actor="omar", action="look", subject="", now=NOW)
    assert check(store).ok
    assert check(store, kept).first_bad == 5


def test_an_older_head_still_fits_a_chain_that_grew(store):
    write(store, 5)
    kept = check(store).head
    write(store, 5)
    assert check(store, kept).ok


def test_what_is_undone_leaves_no_link(store):
    write(store, 2)
    with pytest.raises(KeyError), store.write() as connection:
        audit.append(connection, actor="ines", action="look", subject="", now=NOW)
        raise KeyError
    write(store, 1)
    assert check(store).records == 3
    assert check(store).ok


def test_a_link_is_written_in_a_write_transaction_alone(store):
    with pytest.raises(StoreError, match="write transaction"), store.read() as connection:
        audit.append(connection, actor="ines", action="look", subject="", now=NOW)


def test_many_writers_make_one_line(store):
    def writes():
        for _ in range(10):
            write(store, 1)

    threads = [threading.Thread(target=writes) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = check(store)
    assert verdict.ok and verdict.records == 40


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('aé"\\', max_size=3), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(detail=st.dictionaries(st.text("ab", max_size=2), json_values, max_size=3))
def test_any_detail_can_be_sealed(store, detail):
    with store.write() as connection:
        audit.append(connection, actor="ines", action="look", subject="", now=NOW, detail=detail)
    assert check(store).ok


def lengthen(store: Store, count: int) -> audit.Head:
    """So many links more, made as `append` makes them, but written in one go; the last."""
    rows = []
    with store.write() as connection:
        last = audit.head(connection)
        for n in range(last.sequence + 1, last.sequence + count + 1):
            fields = (n, "2026-11-24 08:00:00.123456", "ines", "look", f"alert:{n}", None, "", None)
            seal = audit.seal((*fields, last.digest))
            rows.append((n, NOW, *fields[2:], last.digest, seal))
            last = audit.Head(n, seal)
        names = ("sequence", "at", "actor", "action", "subject", "office", "purpose", "detail")
        store.insert_many(connection, "audit", (*names, "previous", "digest"), rows)
    return last


def spent(store: Store, last: audit.Head) -> float:
    """Seconds of processor time that it takes to check a chain that holds up to this link."""
    started = time.process_time()
    verdict = check(store, last)
    seconds = time.process_time() - started
    assert verdict == audit.Verdict(True, last.sequence, None, last)
    return seconds


def test_the_time_to_check_the_chain_grows_with_it_and_not_with_its_square(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'riskprofile.db'}")
    few = spent(store, lengthen(store, 10_000))
    many = spent(store, lengthen(store, 30_000))
    store.close()
    assert many < 10 * max(few, 0.01)  # of four times the links; its square takes sixteen


def test_the_words_of_more_entries_than_a_statement_has_parameters_are_read_and_forgotten(store):
    with store.write() as connection:
        words = {"actor": "ines", "action": "alert.note", "subject": "alert:1", "now": NOW}
        entry = audit.append(connection, **words, purpose="of a caller")
        many = [*range(entry, entry + 300_000)]
        assert audit.said(connection, many) == {entry: "of a caller"}
        audit.forget_noted(connection, many)
        assert audit.said(connection, many) == {}
