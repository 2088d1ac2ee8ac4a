"""Whether the reasons of a rating held: what those who looked say of each, and how often it did.

The answers measure the terms of a scorecard, nobody who gives them, and no label is made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from riskprofile.errors import RiskProfileError
from riskprofile.scoring.reasons import Reason
from riskprofile.services import blind, govern, tally
from riskprofile.services.queue_statements import seen_from
from riskprofile.services.rights import Actor, authorise
from riskprofile.store import batches, phrasings
from riskprofile.store.alert_tables import Alert, Label, Outcome, ReasonHeld
from riskprofile.store.database import Store
from riskprofile.store.many import among

_alert = Alert.__table__  # type: ignore[attr-defined]
_held = ReasonHeld.__table__  # type: ignore[attr-defined]
_label = Label.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]

ANSWERS = ("yes", "unclear", "no")
RAISING, LOWERING = 5, 2  # so many of the strongest reasons of each side are asked after


@dataclass(frozen=True)
class Held:
    """One term of a profile's scorecards: how often confirmed outcomes were asked, and said what.

    Of `asked`, nobody looked at those that are in none of the other three.
    """

    term: str
    asked: int
    held: int
    unclear: int
    not_held: int

    @property
    def known(self) -> int:
        """Answers that say yes or no."""
        return self.held + self.not_held

    @property
    def share(self) -> float:
        """Of the known answers those that say it held; NaN without any."""
        return self.held / self.known if self.known else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share that held, of those known; NaN where none is."""
        return tally.interval(self.held, self.known)

    @property
    def says(self) -> str:
        """In words."""
        if not self.known:
            return "nobody could tell"
        low, high = self.interval
        return (
            f"held in {self.held} of {self.known} "
            f"(95 % interval {100 * low:.0f} to {100 * high:.0f} of 100)"
        )

    def as_json(self) -> dict[str, Any]:
        """For a program; what is not known is null."""
        low, high = self.interval
        ends = {"low": low, "high": high} if self.known else {"low": None, "high": None}
        return asdict(self) | {k: v if v is None else round(v, 6) for k, v in ends.items()}


def asked(raising: Sequence[Reason], lowering: Sequence[Reason]) -> list[Reason]:
    """The reasons of an alert that an outcome is asked after, the strongest first.

    >>> [one["term"] for one in asked([{"term": "a", "points": 9}, {"term": "base", "points": 99}],
    ...                               [{"term": "b", "points": -12}])]
    ['b', 'a']
    """
    some = [*_strongest(raising)[:RAISING], *_strongest(lowering)[:LOWERING]]
    return _strongest(some)


def _strongest(reasons: Sequence[Reason]) -> list[Reason]:
    known = [one for one in reasons if one["term"] != "base"]
    return sorted(known, key=lambda one: -abs(one["points"]))


def answered(
    connection: Connection, alert: Mapping[str, Any], answers: Mapping[str, str] | None
) -> list[dict[str, Any]]:
    """What an alert is asked after, with `answer`, empty where nobody looked; see `of`.

    Nothing without `answers`, and of an alert that waits for an own view.

    Raises
    ------
    RiskProfileError
        An answer that there is not, or one about a reason that the alert is not asked after.
    """
    if answers is None:
        return []
    rows = [] if blind.waits(alert) else asked(*phrasings.told(connection, alert))
    terms = {one["term"] for one in rows}
    faults = [f"{term} is no reason that is asked after" for term in answers if term not in terms]
    faults += [
        f"unknown answer {said} to {term}: choose one of {', '.join(ANSWERS)}"
        for term, said in answers.items()
        if said not in ("", *ANSWERS)
    ]
    if faults:
        raise RiskProfileError(*faults, do="Ask after the reasons of this alert")
    return [
        {"term": one["term"], "points": one["points"], "answer": answers.get(one["term"], "")}
        for one in rows
    ]


def keep(connection: Connection, outcome_id: int, answered: Sequence[Mapping[str, Any]]) -> None:
    """Keep the answers with their outcome."""
    if answered:
        connection.execute(insert(_held), [{"outcome_id": outcome_id, **one} for one in answered])


def of(connection: Connection, outcome_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """What each outcome was asked after: `term`, `points`, `answer`, the strongest first."""
    rows = connection.execute(
        select(_held).where(among(_held.c.outcome_id, outcome_ids)).order_by(_held.c.id)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows.mappings():
        one = {name: row[name] for name in ("term", "points", "answer")}
        found.setdefault(row["outcome_id"], []).append(one)
    return found


def told(connection: Connection, alerts: Mapping[int, int]) -> dict[int, list[dict[str, Any]]]:
    """As `of`, with all that the alert said of each reason.

    Parameters
    ----------
    alerts : mapping
        The alert of each outcome.
    """
    found = of(connection, list(alerts))
    rows = select(_alert).where(among(_alert.c.id, {alerts[one] for one in found}))
    said: dict[int, dict[str, Reason]] = {}
    for alert in connection.execute(rows).mappings():
        sides = ([], []) if blind.waits(row := dict(alert)) else phrasings.told(connection, row)
        said[alert["id"]] = {one["term"]: one for side in sides for one in side}
    return {
        outcome: [{**said[alerts[outcome]].get(one["term"], {}), **one} for one in each]
        for outcome, each in found.items()
    }


def tallied(store: Store, profile: str, actor: Actor) -> list[Held]:
    """How often the terms of a profile held, the ones asked after most first.

    Of each alert its last confirmed outcome counts, whatever selected it. A person of one office
    sees the alerts of that office.

    Raises
    ------
    UsageError
        There is no such profile.
    """
    authorise(actor, "recall.look")
    govern.known_profile(profile)
    counted = (
        select(_held.c.term, _held.c.answer, func.count())
        .join(_label, _label.c.outcome_id == _held.c.outcome_id)
        .join(_outcome, _outcome.c.id == _held.c.outcome_id)
        .join(_alert, _alert.c.id == _outcome.c.alert_id)
        .where(_label.c.profile == profile, batches.counts(), *seen_from(actor.office))
        .group_by(_held.c.term, _held.c.answer)
    )
    sums: dict[str, dict[str, int]] = {}
    with store.read() as connection:
        for term, answer, count in connection.execute(counted):
            sums.setdefault(term, {})[answer] = int(count)
    lines = [
        Held(term, sum(said.values()), *(said.get(answer, 0) for answer in ANSWERS))
        for term, said in sums.items()
    ]
    return sorted(lines, key=lambda one: (-one.asked, one.term))
