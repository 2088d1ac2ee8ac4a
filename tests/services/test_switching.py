"""The pause of rating: seen at once, and never without a reason."""

from __future__ import annotations

import pytest

from riskprofile.errors import UsageError
from riskprofile.services import switching
from riskprofile.store.database import Store
from tests.services.bench import NOW, SARA, later, of_two_at_once


def test_the_pause_is_seen_at_once_and_survives_a_restart(store):
    assert switching.paused(store) is None
    switching.pause(store, SARA, "drift of the weights", NOW)
    again = Store.open(f"sqlite:///{store.where}")
    found = switching.paused(again)
    again.close()
    assert found == switching.Paused(NOW, "sara", "drift of the weights")
    switching.resume(store, SARA, later(hours=1))
    assert switching.paused(store) is None


@pytest.mark.parametrize("why", ["", "    ", "why"])
def test_a_pause_for_which_nobody_said_why_is_refused(store, why):
    """Whoever is refused while rating is paused is told why."""
    with pytest.raises(UsageError, match="reason"):
        switching.pause(store, SARA, why, NOW)
    assert switching.paused(store) is None


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_of_two_who_pause_at_once_the_second_stands(any_store: Store) -> None:
    def pause(who: str) -> None:
        switching.pause(any_store, SARA, f"drift of the weights, {who}", NOW)

    for _ in range(2):  # where there is no pause yet, and where there is
        assert of_two_at_once(any_store, pause) == []
    assert switching.paused(any_store) is not None
