"""How a case of practice is rated: by the scorecard that serves, in memory, with nothing stored.

It is the same pure code that rates a declaration (`rater.Rater`), with no past, no registers and
no watch list: of each party nothing is known, and what needs a past is missing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

import pyarrow as pa
from sqlalchemy import select

from riskprofile.history import Snapshot
from riskprofile.intake import canonical
from riskprofile.intake.reader import RawChunk
from riskprofile.layouts import SHIPMENT as LAYOUT
from riskprofile.profiles import SHIPMENT
from riskprofile.reference import lexicon
from riskprofile.scoring import reasons
from riskprofile.scoring.scorecard import WORDING, Scorecard
from riskprofile.services import practice, promotion, speaking
from riskprofile.services.practice import Case
from riskprofile.services.queue_statements import SEEN
from riskprofile.services.rater import FIRED, POINTS, Rater
from riskprofile.services.rights import Actor, authorise
from riskprofile.store.alert_tables import Alert
from riskprofile.store.database import Store
from riskprofile.words import Words

FOR, AGAINST, FIRING, OTHERS = 3, 3, 2, 3  # reasons to choose from, of each kind
LEAST = 8  # points of a term that is worth naming
LONGEST = 110  # characters of a sentence to choose: a longer one is read by nobody
LANES = ("green", "yellow", "red")

GAPS = "X04_missing_or_inconsistent_fields"  # of a report: it leaves out what was declared
# What every declaration states; then also what a report leaves out. That it names no party does not
# mean that there was none: what is asked of an absent one would fire on every published case.
STATED_BY_ALL = {"item_number": "1", "lodged_at": "2026-01-15T09:00:00Z"}
STATED = {**STATED_BY_ALL, "consignor_id": "sender", "consignee_id": "receiver"}
_alert = Alert.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Bounds:
    """From how many points a list makes red and yellow; None where it is not known."""

    red: int | None = None
    yellow: int | None = None


@dataclass(frozen=True)
class Rating:
    """What the scorecard says of one case.

    `reasons` and `against` are as of an alert, and sum to `points` with `base` among them; `signs`
    are keys of the indicators that fired. `lane` is None where no bound is known, and no sign
    raises it.
    """

    version: str
    points: int
    lane: str | None
    bounds: Bounds
    reasons: list[dict[str, Any]]
    against: list[dict[str, Any]]
    signs: tuple[str, ...]
    marks: list[tuple[int, int]]

    @property
    def said(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The reasons for and against that speak of what was declared, strongest first.

        All others speak of a past, or of what a report leaves out; with the base they are `rest`.
        """
        return [*filter(_known, self.reasons)], [*filter(_known, self.against)]

    @property
    def rest(self) -> int:
        """Points of the base and of all terms that are not among `said`."""
        return self.points - sum(int(one["points"]) for side in self.said for one in side)


@dataclass(frozen=True)
class Choice:
    """A sentence that may be named as a reason before the decision; `held` is told after it."""

    key: str
    text: str
    held: bool


def rate(store: Store, models: Path, actor: Actor, case: Case) -> Rating:
    """Rate a case by the scorecard that serves; nothing is written anywhere.

    Raises
    ------
    NotAllowed
        Who asks does not practise.
    ScorecardError
        None serves.
    """
    authorise(actor, "practice.do")
    card = promotion.serving(store, models, SHIPMENT.name)
    begins = _bounds(store, actor, card)
    points, raising, lowering, fired = _rated(_Served(card), case.id)
    raises = [one.raises for one in SHIPMENT.indicators if one.key in fired and one.raises]
    return Rating(
        version=card.version,
        points=points,
        lane=_lane(points, begins, raises),
        bounds=begins,
        reasons=raising,
        against=lowering,
        signs=fired,
        marks=[(start, end) for start, end, _ in lexicon.marks(case.declared["goods_description"])],
    )


def choices(say: Words, case: Case, rating: Rating) -> list[Choice]:
    """Sentences to choose reasons from, in an order that tells nothing.

    The strongest terms on either side and signs that fired, then signs that did not fire. Of the
    wording only that it counts is said: what it says is the rating's own view.
    """
    held: dict[str, str] = {}
    weighs = False
    for terms, most in zip(rating.said, (FOR, AGAINST), strict=True):
        strong = [one for one in terms if abs(one["points"]) >= LEAST]
        weighs = weighs or any(one["term"] == WORDING for one in strong)
        plain = [one for one in strong if WORDING not in _features(one)]
        told = speaking.reasons(say, SHIPMENT.name, plain)
        short = [one for one in told if len(str(one["text"])) <= LONGEST]
        held |= {str(one["term"]): str(one["text"]) for one in short[:most]}
    fitting = [*dict.fromkeys((*rating.signs, *case.signs))]
    known = practice.signs(say, case, fitting[:FIRING])
    held |= {str(one["key"]): str(one["text"]) for one in known}
    draw = random.Random(case.id)  # noqa: S311 -- an order, no secret
    others = practice.signs(say, case, _unfired(case, rating, draw))
    made = [Choice(key, text, True) for key, text in held.items()]
    made.append(Choice(WORDING, say("practice.wording"), weighs))
    made += [Choice(str(one["key"]), str(one["text"]), False) for one in others]
    draw.shuffle(made)
    return made


def _known(term: Mapping[str, Any]) -> bool:
    """Whether a term reads a value, each of its features; the base reads none."""
    value = term["value"]
    return None not in value if isinstance(value, list) else value is not None


def _features(term: Mapping[str, Any]) -> list[str]:
    return str(term["term"]).split(" x ")


def _unfired(case: Case, rating: Rating, draw: random.Random) -> list[str]:
    """Some signs that did not fire, do not fit, and ask for nothing that was not declared."""
    some = [
        one.key
        for one in SHIPMENT.indicators
        if one.key not in (GAPS, *rating.signs, *case.signs)
        and not one.over_batch
        and all(name in case.declared for _, name, _, _ in Formatter().parse(one.says) if name)
    ]
    return draw.sample(some, min(OTHERS, len(some)))


class _Served:
    """A scorecard that is known by its digest, so that what it says of a case is kept."""

    def __init__(self, card: Scorecard) -> None:
        self.card = card

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Served) and other.card.digest == self.card.digest

    def __hash__(self) -> int:
        return hash(self.card.digest)


Said = tuple[int, list[dict[str, Any]], list[dict[str, Any]], tuple[str, ...]]


@lru_cache(maxsize=256)
def _rated(served: _Served, case_id: str) -> Said:
    """Points, reasons for and against, and the keys of the signs that fired."""
    case, card = practice.known()[case_id], served.card
    columns = {**(STATED_BY_ALL if case.twin else STATED), **case.declared}
    read = pa.RecordBatch.from_pylist([{**columns, "source": "practice", "line": 1}])
    table, _ = canonical.told(RawChunk(SHIPMENT.name, read), LAYOUT)
    log, _ = Rater(SHIPMENT, card, Snapshot()).rate(table)
    title = case.declared[SHIPMENT.title]
    ((raising, lowering),) = reasons.explain(log, [title], SHIPMENT, card)
    fired = tuple(
        one.key
        for one in SHIPMENT.indicators
        if f"{FIRED}{one.key}" in log
        and bool(log[f"{FIRED}{one.key}"].iloc[0])
        and (case.twin or one.key != GAPS)
    )
    return int(log[POINTS].iloc[0]), raising, lowering, fired


def _bounds(store: Store, actor: Actor, card: Scorecard) -> Bounds:
    """Those of the newest list of the office that this scorecard rated, else as it ships."""
    asked = (
        select(_alert.c.red_from, _alert.c.yellow_from)
        .where(_alert.c.profile == SHIPMENT.name, _alert.c.model_version == card.version)
        .where(_alert.c.red_from.is_not(None), SEEN)
        .order_by(_alert.c.id.desc())
        .limit(1)
    )
    if actor.office is not None:
        asked = asked.where(_alert.c.office == actor.office)
    with store.read() as connection:
        found = connection.execute(asked).first()
    if found is not None:
        return Bounds(found.red_from, found.yellow_from)
    shipped = practice.bounds()
    if shipped["digest"] == card.digest:
        return Bounds(shipped["red"], shipped["yellow"])
    return Bounds()


def _lane(points: int, begins: Bounds, raises: Sequence[str]) -> str | None:
    """The lane by points, or a higher one that a sign raises to."""
    if begins.red is None and not raises:
        return None
    made = [lane for lane, least in (("red", begins.red), ("yellow", begins.yellow))
            if least is not None and points >= least]  # fmt: skip
    return max(["green", *made, *raises], key=LANES.index)
