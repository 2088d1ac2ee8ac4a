"""How often alerts were right: every alert is in one of four states, and the sums are exact.

The random control share is no alert and is left out: what it says is in `services.evidence`. So is
what an officer raised by hand: what is found on it counts neither for the list nor against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import func, select

from riskprofile.profiles import PROFILES
from riskprofile.scoring import control
from riskprofile.services import govern
from riskprofile.services.queue_statements import seen_from
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.alert_tables import BY_HAND, Alert, Decision, Outcome
from riskprofile.store.database import Store
from riskprofile.store.versions import REMOVED

_alert = Alert.__table__  # type: ignore[attr-defined]
_decision = Decision.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]

# confirmed: a find of trafficking, confirmed by a second person. refuted: examined and
# confirmed, and it was none. unresolved: somebody has worked on it, and no confirmed
# examination stands. not_reviewed: nobody has.
STATES = ("confirmed", "refuted", "unresolved", "not_reviewed")
FEW = 20  # examined: of fewer no share is told but by its interval
NONE = "none"  # an alert on which no indicator fired, a slice with nothing declared


@dataclass(frozen=True)
class Line:
    """Alerts of one kind by state. `low` and `high`: 95 % interval of `right`; NaN unexamined."""

    by: str  # all, scorecard, indicator, or the name of a slice
    name: str
    alerts: int
    confirmed: int
    refuted: int
    unresolved: int
    not_reviewed: int

    @property
    def examined(self) -> int:
        """Alerts of which it is known whether they were right."""
        return self.confirmed + self.refuted

    @property
    def adds_up(self) -> bool:
        """Whether each alert is in one state."""
        return self.alerts == self.examined + self.unresolved + self.not_reviewed

    @property
    def right(self) -> float:
        """Share of the examined alerts that were right."""
        return self.confirmed / self.examined if self.examined else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of `right`."""
        return interval(self.confirmed, self.examined)

    @property
    def says(self) -> str:
        """In words."""
        if not self.examined:
            return f"none of {self.alerts} alerts was examined"
        low, high = self.interval
        if self.examined < FEW:
            return (
                f"{self.confirmed} right of {self.examined} examined, too few to say of 100 "
                f"(95 % interval {100 * low:.0f} to {100 * high:.0f}; {self.alerts} alerts)"
            )
        return (
            f"of 100 alerts {100 * self.right:.0f} are right (95 % interval {100 * low:.0f} to "
            f"{100 * high:.0f}; {self.examined} of {self.alerts} examined)"
        )

    def as_json(self) -> dict[str, Any]:
        """For a program; what is not known is null."""
        low, high = self.interval
        figures = {"right": self.right, "low": low, "high": high}
        known = {k: None if np.isnan(v) else round(v, 6) for k, v in figures.items()}
        return {**asdict(self), **known}


def interval(part: int, whole: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; NaN of nothing."""
    if not whole:
        return float("nan"), float("nan")
    share = part / whole
    low, high = control.wilson(share, whole)
    # Exact at both ends, where the last bit of a root would stand on the wrong side.
    return float(min(low, share)), float(max(high, share))


def state_of(decided: bool, outcome: str | None, confirmed: bool, is_open: bool) -> str:
    """The one state of an alert, from its standing decision and its last outcome."""
    if outcome is None:
        return "unresolved" if decided else "not_reviewed"
    if not confirmed or outcome == "not_examined" or is_open:  # open: it was opened again
        return "unresolved"
    return "confirmed" if outcome == "trafficking" else "refuted"


def lines(counted: Iterable[tuple[str, Mapping[str, Iterable[str]]]]) -> list[Line]:
    """The ledger of alerts, each given as its state and the names it has in every way of telling.

    An alert with several indicators stands in a line of each; in all other ways of telling
    alerts apart it stands in one line, so that these lines sum to the first.
    """
    sums: dict[tuple[str, str], dict[str, int]] = {("all", "all"): dict.fromkeys(STATES, 0)}
    for state, names in counted:
        for by, given in {"all": ["all"], **names}.items():
            for name in dict.fromkeys(given):
                sums.setdefault((by, name), dict.fromkeys(STATES, 0))[state] += 1
    return [
        Line(by, name, sum(states.values()), **states)
        for (by, name), states in sorted(
            sums.items(), key=lambda one: (one[0][0] != "all", one[0][0], one[0][1])
        )
    ]


def tally(store: Store, profile: str, actor: Actor, *, declared: bool = True) -> list[Line]:
    """How often the alerts of a profile were right: in all, by scorecard, indicator, slice.

    Slices are the office, the lane, and what the profile tells figures apart by. A person of
    one office sees the alerts of that office.

    Parameters
    ----------
    declared : bool
        Also by the slices that are declared: for them every declaration is read, which takes most
        of the time.

    Raises
    ------
    UsageError
        There is no such profile.
    """
    authorise(actor, "recall.look")
    govern.known_profile(profile)
    last = (
        select(_outcome.c.alert_id, func.max(_outcome.c.id).label("id"))
        .group_by(_outcome.c.alert_id)
        .subquery()
    )
    decided = (
        select(_decision.c.id)
        .where(_decision.c.alert_id == _alert.c.id, _decision.c.undone_at.is_(None))
        .correlate(_alert)
        .exists()
    )
    asked = (
        select(
            *[_alert.c[n] for n in ("state", "office", "lane", "model_version", "driver")],
            _alert.c.indicators,
            *([_alert.c.declaration] if declared else ()),
            _outcome.c.outcome,
            _outcome.c.confirmed_at,
            decided.label("decided"),
        )
        .select_from(
            _alert.outerjoin(last, last.c.alert_id == _alert.c.id).outerjoin(
                _outcome, _outcome.c.id == last.c.id
            )
        )
        .where(_alert.c.profile == profile, _alert.c.state.in_(("open", "closed", REMOVED)))
        .where(_alert.c.selected_by.not_in(("random", BY_HAND)), *seen_from(actor.office))
        .order_by(_alert.c.id)
        .execution_options(yield_per=1_000)
    )
    with store.read() as connection:
        return lines(
            (
                state_of(
                    bool(row["decided"]),
                    row["outcome"],
                    row["confirmed_at"] is not None,
                    row["state"] != "closed",
                ),
                _names(row, profile),
            )
            for row in connection.execute(asked).mappings()
        )


def _names(row: Mapping[Any, Any], profile: str) -> dict[str, list[str]]:
    told = {
        "scorecard": [row["model_version"]],
        "indicator": [one["key"] for one in row["indicators"] or []] or [NONE],
        "office": [row["office"] or NONE],
        "lane": [row["lane"]],
    }
    if "declaration" not in row:
        return told
    kind = PROFILES[profile]
    declared = row["declaration"] or []
    driver: Mapping[str, Any] = declared[0] if declared else {}
    for one in declared:
        if kind.item and one.get(kind.item) == row["driver"]:
            driver = one
    for name in kind.slices:
        if name != kind.office:
            told[name] = [str(driver.get(name) or NONE)]
    return told
