"""A supervisor gives an alert to an officer of the office, also one that another holds."""

from __future__ import annotations

import pytest

from riskprofile.errors import Conflict, NotAllowed, UsageError
from riskprofile.services import assigning, identity, review
from riskprofile.services.identity import OWNER
from tests.services.bench import (
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    THERE,
    actions,
    later,
    put,
    row,
    taken,
)  # fmt: skip

PASSWORD = "four small brown lanterns"


@pytest.fixture
def staffed(store, cheap_passwords):
    """Accounts: ines and omar here, ana elsewhere, an operator, one who left."""
    people = (
        ("ines", "officer", HERE), ("omar", "officer", HERE), ("ana", "officer", THERE),
        ("gone", "officer", HERE), ("otto", "operator", None),
    )  # fmt: skip
    for name, role, office in people:
        identity.add_account(
            store, OWNER, name=name, role=role, office=office, password=PASSWORD, now=NOW
        )
    identity.disable_account(store, OWNER, "gone", NOW)
    return store


def test_officers_of_the_office_can_be_given_an_alert(staffed):
    assert assigning.officers(staffed, SARA) == ["ines", "omar"]


def test_an_assigned_alert_is_held_and_whoever_held_it_can_no_longer_decide(staffed):
    alert = taken(staffed)
    until = assigning.assign(staffed, SARA, alert, "omar", later(minutes=1))
    assert until == later(minutes=46)
    assert row(staffed, alert)["owner"] == "omar"
    with pytest.raises(Conflict, match="omar holds this alert"):
        review.decide(staffed, INES, alert, "scan", REASON, later(minutes=2))
    review.alert(staffed, OMAR, alert, later(minutes=2))
    review.decide(staffed, OMAR, alert, "scan", REASON, later(minutes=2))
    assert "alert.assign" in actions(staffed, alert)


def test_who_is_given_a_control_has_the_day_to_make_it(staffed):
    alert = taken(staffed)
    review.decide(staffed, INES, alert, "examine", REASON, NOW)
    until = assigning.assign(staffed, SARA, alert, "omar", later(hours=1))
    assert until == later(hours=25)


@pytest.mark.parametrize("name", ["ana", "otto", "gone", "nobody", ""])
def test_nobody_else_can_be_given_it(staffed, name):
    [alert] = put(staffed)
    with pytest.raises(UsageError):
        assigning.assign(staffed, SARA, alert, name, NOW)
    assert row(staffed, alert)["owner"] is None


def test_officers_assign_nothing_and_a_closed_alert_is_nobodys(staffed):
    alert = taken(staffed, lane="yellow")
    with pytest.raises(NotAllowed):
        assigning.assign(staffed, INES, alert, "omar", NOW)
    review.decide(staffed, INES, alert, "release", REASON, NOW)
    with pytest.raises(Conflict):
        assigning.assign(staffed, SARA, alert, "omar", NOW)
