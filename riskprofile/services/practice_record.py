"""What is kept of practice: a record of 30 days, for who practised and their trainer alone.

It lies in a store of its own (`store.practice`), and nothing here writes a row of the live one:
only that a trainer looked at somebody's record is audited there, as every look at a person is.
The trainer is a supervisor of the officer's office; of who sees every office, one who does too. The
record is no appraisal: it says what to practise next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, func, select

from riskprofile.errors import UsageError
from riskprofile.services.practice import CHOICES, SUBJECTS, known
from riskprofile.services.rights import ACTIONS, Actor, authorise, note
from riskprofile.services.viewing import SAME_LOOK
from riskprofile.store import practice as kept
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Account, Audit
from riskprofile.store.practice import Doubt
from riskprofile.words import Message

DO, LOOK = "practice.do", "practice.look"
SURE = ("unsure", "fairly", "sure")
ENOUGH = 4  # answers of a subject, before it can be the best
LONGEST = 500  # characters of a disagreement
SLOWEST = 600.0  # seconds: who took longer was away

_account = Account.__table__  # type: ignore[attr-defined]
_audit = Audit.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Line:
    """One subject: finds looked into, look-alikes let go, each of how many; median seconds."""

    subject: str
    caught: int
    finds: int
    let_go: int
    lawful: int
    seconds: float

    @property
    def share(self) -> float:
        """Both together: the share that fits, 0 to 1."""
        return (self.caught + self.let_go) / (self.finds + self.lawful)


@dataclass(frozen=True)
class Record:
    """30 days of one account: a line for each subject practised, in their order, and all at once.

    `best` and `next` are subjects, None while too little is known: the highest share of at least
    `ENOUGH` answers; and the lowest, or one that was never practised.
    """

    account: str
    lines: tuple[Line, ...]
    named: int
    held: int
    doubts: tuple[Doubt, ...]

    @property
    def best(self) -> str | None:
        """What they do best."""
        some = [one for one in self.lines if one.finds + one.lawful >= ENOUGH]
        return max(some, key=lambda one: one.share).subject if some else None

    @property
    def next(self) -> str | None:
        """What to practise next: a subject never practised, else the one with the lowest share."""
        if not self.lines:
            return None
        shares = {one.subject: one.share for one in self.lines}
        return min(SUBJECTS, key=lambda one: shares.get(one, -1.0))


def answer(
    home: Path,
    actor: Actor,
    case_id: str,
    choice: str,
    seconds: float,
    named: Mapping[str, bool],
    now: datetime,
    sure: str | None = None,
) -> None:
    """Keep what was chosen for one case.

    Parameters
    ----------
    named : mapping
        The reasons that were named, by key, and whether each is one of the case's.

    Raises
    ------
    UsageError
        There is no such case, choice or degree of being sure.
    """
    authorise(actor, DO)
    case = known().get(case_id)
    if case is None or choice not in CHOICES or sure not in (None, *SURE):
        raise UsageError("there is no such case or choice", where=case_id[:40])
    row = kept.Answer(
        account=actor.name,
        case_id=case.id,
        subject=case.subject,
        arms=case.arms,
        choice=choice,
        met=case.met(choice),
        seconds=min(max(0.0, seconds), SLOWEST),
        sure=sure or "",
        named=len(named),
        held=sum(named.values()),
        at=now,
    )
    kept.forget(home, upto=now - kept.DAYS)
    kept.keep(home, row)


def disagree(home: Path, actor: Actor, case_id: str, choice: str, text: str, now: datetime) -> None:
    """Keep for the trainer why the answer of a case seems wrong.

    Raises
    ------
    UsageError
        There is no such case or choice, or the text is empty or too long.
    """
    authorise(actor, DO)
    said = text.strip()
    if case_id not in known() or choice not in CHOICES:
        raise UsageError("there is no such case or choice", where=case_id[:40])
    if not 1 <= len(said) <= LONGEST:
        raise UsageError(Message("refusal.practice_words", n=LONGEST))
    kept.keep(home, Doubt(actor.name, case_id, choice, said, now))


def keep_round(home: Path, actor: Actor, state: str, now: datetime) -> None:
    """Keep the round that the actor is in, in place of the one before."""
    authorise(actor, DO)
    kept.keep(home, kept.Round(actor.name, state, now))


def round_of(home: Path, actor: Actor, now: datetime) -> str:
    """The round that the actor is in, as it was kept; nothing where there is none."""
    authorise(actor, DO)
    return next((one.state for one in kept.rounds(home, actor.name, now - kept.DAYS)), "")


def own(home: Path, actor: Actor, now: datetime) -> Record:
    """One's own record."""
    authorise(actor, DO)
    return _record(home, actor.name, now)


def of(store: Store, home: Path, actor: Actor, name: str, now: datetime) -> Record:
    """The record of somebody of the actor's office; the look is audited first, as one of an
    alert: again within `SAME_LOOK`, it is the same look.

    Raises
    ------
    NotAllowed
        The actor trains nobody.
    UsageError
        Nobody of that name, who practises, is of the actor's office.
    """
    authorise(actor, LOOK)
    with store.write() as connection:
        if name not in _trained(connection, actor):
            raise UsageError(
                Message("refusal.no_colleague"), where=name[:80], do=Message("refusal.do_colleague")
            )
        if not _known(connection, actor, f"account:{name}", now):
            note(connection, actor, LOOK, f"account:{name}", now, office=actor.office)
    return _record(home, name, now)


def _known(connection: Connection, actor: Actor, subject: str, now: datetime) -> bool:
    """Whether this look goes on with one that is audited."""
    asked = select(func.max(_audit.c.at)).where(
        _audit.c.subject == subject, _audit.c.action == LOOK, _audit.c.actor == actor.name
    )
    last = connection.execute(asked).scalar_one()
    return last is not None and timedelta() <= now - last < SAME_LOOK


def trained(store: Store, actor: Actor) -> list[str]:
    """Whose records the actor may see as their trainer, by name."""
    authorise(actor, LOOK)
    with store.read() as connection:
        return _trained(connection, actor)


def _trained(connection: Connection, actor: Actor) -> list[str]:
    asked = select(_account.c.name).where(
        _account.c.role.in_(sorted(ACTIONS[DO])),
        _account.c.disabled_at.is_(None),
        _account.c.name != actor.name,
    )
    if actor.office is not None:
        asked = asked.where(_account.c.office == actor.office)
    return list(connection.execute(asked.order_by(_account.c.name)).scalars())


def _record(home: Path, name: str, now: datetime) -> Record:
    since = now - kept.DAYS
    answers = kept.answers(home, name, since)
    by = {subject: [one for one in answers if one.subject == subject] for subject in SUBJECTS}
    return Record(
        account=name,
        lines=tuple(_line(subject, some) for subject, some in by.items() if some),
        named=sum(one.named for one in answers),
        held=sum(one.held for one in answers),
        doubts=tuple(kept.doubts(home, name, since)),
    )


def _line(subject: str, answers: Sequence[kept.Answer]) -> Line:
    finds = [one.met for one in answers if one.arms]
    lawful = [one.met for one in answers if not one.arms]
    return Line(
        subject,
        sum(finds),
        len(finds),
        sum(lawful),
        len(lawful),
        median(one.seconds for one in answers),
    )
