"""Which scorecard serves: proposed, signed by two people, promoted in one step, rolled back in one.

What an installation promotes lies in its database with the signatures over it, and is
checked from those very bytes before every use. A signature covers the manifest, which
lists the digest of every file: tables, wording, recipe, card, gates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from riskprofile.errors import (
    Conflict,
    PolicyError,
    ScorecardError,
    ScorecardMissing,
    UsageError,
)
from riskprofile.profiles import PROFILES
from riskprofile.scoring import artefact
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import identity, scorecards, signing
from riskprofile.services.rights import REASON_LENGTH, Actor, authorise, note
from riskprofile.services.scorecards import SIGNATURES as SIGNATURES  # pages ask for it here
from riskprofile.services.signing import Signature
from riskprofile.store import artefacts, audit, switches
from riskprofile.store.database import Store, serialise
from riskprofile.store.office_tables import Approval, Promotion, StoredScorecard
from riskprofile.words import Message

_card = StoredScorecard.__table__  # type: ignore[attr-defined]
_approval = Approval.__table__  # type: ignore[attr-defined]
_promotion = Promotion.__table__  # type: ignore[attr-defined]

GATES, RECIPE = "gates.json", "recipe.json"
GROUPS = "groups of people"
GATE_NAMES = (
    *("recall by typology, generator", "recall by slice, own outcomes", "labellers"),
    *("monotone terms", "inputs", GROUPS, "calibration", "size"),
)


@dataclass(frozen=True)
class Gate:
    """One check before promotion, as it was measured when the scorecard was made."""

    name: str
    held: bool
    value: str
    bound: str
    waived_by: str = ""
    waiver: str = ""

    @property
    def lets_pass(self) -> bool:
        """It held, or somebody waived it by name and reason."""
        return self.held or bool(self.waived_by.strip() and self.waiver.strip())


@dataclass(frozen=True)
class Signed:
    """What a signature led to: who has signed, and whether the scorecard serves now."""

    profile: str
    version: str
    digest: str
    signed_by: tuple[str, ...]
    serves: bool


@dataclass(frozen=True)
class Back:
    """What a rollback led to: the version that it took off, whether that served, what serves."""

    taken: str
    served: bool
    scorecard: Scorecard


@dataclass(frozen=True)
class Known:
    """One scorecard of this installation: shipped or proposed, what it lacks, whether it serves."""

    profile: str
    version: str
    digest: str
    origin: str  # shipped or proposed
    serves: bool
    signed_by: tuple[str, ...] = ()
    proposed_by: str = ""
    proposed_at: datetime | None = None
    fault: str = ""
    promoted: bool = False  # it was promoted once: it is neither proposed nor signed again
    beside: str = ""  # the version that its gates were measured beside, where its recipe says
    overtaken: bool = False  # that one serves no more: what the gates say is not of today
    signatures: tuple[Signature, ...] = ()  # those that verify, of `signed_by`


def propose(store: Store, actor: Actor, folder: Path, now: datetime, models: Path) -> str:
    """Take the scorecard of a folder into the database; its digest. It does not serve.

    Raises
    ------
    ScorecardError
        It is damaged, made for other features, or a gate was not measured.
    PolicyError
        A gate did not hold, and nobody waived it by name and reason.
    Conflict
        Another scorecard has this version, it was promoted before, or its gates were measured
        beside one that does not serve now.
    """
    authorise(actor, "model.propose")
    files = artefacts.read(folder)
    card = artefact.parse(files, str(folder))
    _expected(card)
    _require_gates(files, str(folder))
    values = {"profile": card.profile, "version": card.version, "digest": card.digest}
    with store.write() as connection:
        serialise(connection, audit.CHAIN_LOCK)  # of two who propose it at once one does
        there = connection.execute(
            select(_card.c.digest).where(_card.c.digest == card.digest)
        ).scalar()
        if there is not None:
            _require_new(connection, card)
            return card.digest
        _require_beside(connection, models, card, files)
        try:
            connection.execute(
                insert(_card).values(
                    files=artefacts.to_archive(files),
                    proposed_by=actor.name,
                    proposed_at=now,
                    **values,
                )
            )
        except IntegrityError:
            raise Conflict(
                Message("refusal.proposed_before", profile=card.profile, version=card.version),
                do=Message("refusal.do_new_version"),
            ) from None
        about, office = f"scorecard:{card.profile}", actor.office
        note(connection, actor, "model.propose", about, now, values, office=office)
    return card.digest


def sign(
    store: Store,
    actor: Actor,
    password: str,
    profile: str,
    version: str,
    now: datetime,
    models: Path,
    *,
    shown: str | None = None,
) -> Signed:
    """Sign a proposed scorecard; with the second person's signature it serves, at once.

    Parameters
    ----------
    password : str
        Of the account: it opens the person's key, which is made at the first signature.
    shown : str, optional
        The digest that this person was shown: nothing else is signed.

    Raises
    ------
    NotAllowed, SignInRefused
        No right to it, or not the password.
    ScorecardError
        The bytes are not what was proposed, or not what was shown.
    Conflict
        This person has signed it already, it was promoted before, or its gates were measured beside
        one that does not serve now.
    """
    authorise(actor, "model.promote")
    identity.confirm_password(store, actor, password, now)
    with store.write() as connection:
        serialise(connection, audit.CHAIN_LOCK)  # nobody else signs or promotes meanwhile
        row = scorecards.stored(connection, profile, version)
        files = artefacts.from_archive(row["files"], f"scorecard {profile} {version}")
        card = artefacts.parsed(files, profile, version, f"scorecard {profile} {version}")
        if card.digest != row["digest"]:
            raise ScorecardError(f"scorecard {profile} {version} is not what was proposed")
        if shown not in (None, card.digest):
            raise ScorecardError(
                f"scorecard {profile} {version} is not what was shown: its digest is "
                f"{card.digest[:12]} now",
                do="Nothing was signed. Look at it again, and into the audit",
            )
        _expected(card)
        _require_gates(files, f"scorecard {profile} {version}")
        _require_new(connection, card)
        if actor.name in signing.names(connection, card.digest):
            raise Conflict(
                Message("refusal.signed"),
                do=Message("refusal.do_another_signs"),
                holder=actor.name,
            )
        _require_beside(connection, models, card, files)
        signer_id, secret = signing.key(connection, actor, password, now)
        connection.execute(
            insert(_approval).values(
                digest=card.digest,
                signer_id=signer_id,
                account=actor.name,
                role=actor.role,
                signature=secret.sign(signing.statement(profile, version, card.digest)).hex(),
                at=now,
            )
        )
        values = {"profile": profile, "version": version, "digest": card.digest}
        about, office = f"scorecard:{profile}", actor.office
        note(connection, actor, "model.sign", about, now, values, office=office)
        names = tuple(
            one.account for one in signing.valid(connection, profile, version, card.digest)
        )
        serves = len(names) >= SIGNATURES
        if serves:
            _serve(connection, actor, values, "promote", "", now)
    return Signed(profile, version, card.digest, names, serves)


def rollback(
    store: Store,
    actor: Actor,
    profile: str,
    reason: str,
    now: datetime,
    models: Path,
    shown: str = "",
) -> Back:
    """Take the newest promotion off: what lies under it serves. One person may: it is the way to
    safety.

    Where written criteria come first, a learnt scorecard lies on top and does not serve until a law
    for it is named: it is taken off all the same, and what serves stays. `Back` says so.

    Parameters
    ----------
    shown : str, optional
        The version that this person was shown as what comes (`behind`): to no other is gone back.

    Raises
    ------
    UsageError
        The reason is too short.
    Conflict
        Nothing was promoted here, so there is nothing to go back from; or another version would
        come than was shown.
    """
    authorise(actor, "model.rollback")
    if len(reason.strip()) < REASON_LENGTH:
        raise UsageError(Message("refusal.reason_back", n=REASON_LENGTH))
    with store.write() as connection:
        serialise(connection, audit.CHAIN_LOCK)  # of two at once the second sees what came
        pile = scorecards.pile(connection, profile)
        if not pile:
            # One that is damaged serves nobody, and says so.
            scorecards.current(connection, models, profile)
            raise Conflict(Message("refusal.not_promoted"))
        taken, its_digest = pile.pop()
        learnt = switches.learnt(connection, profile)
        if pile:
            version, digest = pile[-1]
            card = scorecards.checked(connection, profile, version, digest)
        else:
            card = artefacts.serving(models, profile, learnt=learnt)
        if shown not in ("", card.version):
            raise Conflict(
                Message("refusal.back_moved", version=card.version), do=Message("refusal.do_again")
            )
        try:
            served = scorecards.current(connection, models, profile).digest == its_digest
        except ScorecardError:  # damaged: it serves nobody, and was the one to go back from
            served = True
        values = {"profile": profile, "version": card.version, "digest": card.digest}
        _serve(connection, actor, values, "rollback", reason.strip(), now)
        return Back(taken, served, scorecards.current(connection, models, profile))


def behind(store: Store, actor: Actor, models: Path, profile: str) -> str | None:
    """The version that a rollback would come to; None where nothing was promoted here."""
    authorise(actor, "model.look")
    with store.read() as connection:
        pile = scorecards.pile(connection, profile)
        if not pile:
            return None
        if len(pile) > 1:
            return pile[-2][0]
        learnt = switches.learnt(connection, profile)
        return artefacts.serving(models, profile, learnt=learnt).version


def serving(store: Store, models: Path, profile: str) -> Scorecard:
    """The scorecard that serves a profile: the newest promotion, else what the release ships.

    Where written criteria come first, nothing learnt serves, signed or not, until the
    administration has named a law for it.

    Raises
    ------
    ScorecardError
        It is missing, altered, unsigned or malformed. Nothing else serves in its place.
    """
    with store.read() as connection:
        return scorecards.current(connection, models, profile)


def rated_by(
    connection: Connection, models: Path, profile: str, version: str, digest: str
) -> Scorecard:
    """The scorecard of that digest, which rated something once; checked like one that serves.

    Raises
    ------
    ScorecardMissing
        It is not here, and never was promoted here: a former release shipped it.
    ScorecardError
        It is altered, or was taken out of the database. It says what to restore.
    """
    try:
        return scorecards.found(connection, models, profile, version, digest)
    except ScorecardError as error:
        what, where = error.what, error.where
        promoted = select(_promotion.c.id).where(
            _promotion.c.digest == digest, _promotion.c.kind == "promote"
        )
        if connection.execute(promoted.limit(1)).first() is not None:
            do = "Restore the database from its backup"
            if isinstance(error, ScorecardMissing):
                what, where = "it is not in the database any more", ""
            where = where or f"scorecard {profile} {version}"
        elif isinstance(error, ScorecardMissing):
            raise
        else:
            do = "Restore the folder of that version"
        raise ScorecardError(what, where=where, do=do) from error


def known(store: Store, actor: Actor, models: Path) -> list[Known]:
    """Every scorecard, shipped and proposed, with who signed it and its fault if it has one."""
    authorise(actor, "model.look")
    told = []
    for profile in PROFILES:
        try:
            current = serving(store, models, profile).digest
        except ScorecardError:
            current = ""
        told += [
            Known(
                profile, one.version, one.digest, "shipped", one.digest == current, fault=one.fault
            )
            for one in artefacts.versions(models, profile)
        ]
        with store.read() as connection:
            rows = connection.execute(
                select(_card).where(_card.c.profile == profile).order_by(_card.c.proposed_at)
            ).mappings()
            for row in rows.all():
                fault, base = "", ("", "")
                signed = signing.valid(connection, profile, row["version"], row["digest"])
                try:
                    named = (profile, row["version"], row["digest"])
                    base = _beside(scorecards.bytes_checked(connection, *named)[1])
                except ScorecardError as error:
                    fault = str(error)
                told.append(
                    Known(
                        profile,
                        row["version"],
                        row["digest"],
                        "proposed",
                        row["digest"] == current,
                        tuple(one.account for one in signed),
                        row["proposed_by"],
                        row["proposed_at"],
                        fault,
                        scorecards.was_promoted(connection, row["digest"]),
                        base[0],
                        row["digest"] != current and base[1] not in ("", current),
                        signed,
                    )
                )
    return told


def files_of(
    store: Store, actor: Actor, profile: str, version: str, models: Path | None = None
) -> dict[str, bytes]:
    """The files of a proposed scorecard, checked: card, gates, recipe, tables.

    With the folder `models`, those of what the release ships as well.
    """
    authorise(actor, "model.look")
    with store.read() as connection:
        if models is not None and not scorecards.is_proposed(connection, profile, version):
            artefacts.load(models, profile, version)
            return artefacts.read(models / profile / version)
        row = scorecards.stored(connection, profile, version)
        return scorecards.bytes_checked(connection, profile, version, row["digest"])[1]


def gates(files: Mapping[str, bytes], where: str) -> list[Gate]:
    """The gates that were measured for a scorecard.

    Raises
    ------
    ScorecardError
        There are none, or they cannot be read.
    """
    fault = _unmeasured(f"{GATES} is missing or unreadable: nobody measured whether this", where)
    try:
        listed = json.loads(files[GATES])["gates"]
        told = [Gate(**one) for one in listed]
    except (KeyError, TypeError, ValueError) as error:
        raise fault from error
    if not told or not all(isinstance(one.held, bool) for one in told):
        raise fault
    return told


def _unmeasured(what: str, where: str) -> ScorecardError:
    return ScorecardError(
        f"{what} may serve",
        where=where,
        do="Propose what `riskprofile-train fit` made of confirmed outcomes: it measures them. "
        "What was fitted by a recipe serves only where a release ships it",
    )


def _require_new(connection: Connection, card: Scorecard) -> None:
    """What was promoted once served, or serves: it is signed no second time."""
    if not scorecards.was_promoted(connection, card.digest):
        return
    raise Conflict(
        Message("refusal.promoted", profile=card.profile, version=card.version),
        do=Message("refusal.do_card_version"),
    )


def _require_gates(files: Mapping[str, bytes], where: str) -> None:
    measured = gates(files, where)
    if lacking := [name for name in GATE_NAMES if name not in {one.name for one in measured}]:
        raise _unmeasured(f"nobody measured {lacking[0]!r}, which decides whether this", where)
    if closed := [one for one in measured if not one.lets_pass]:
        raise PolicyError(
            *(
                Message("refusal.gate", name=one.name, value=one.value, bound=one.bound)
                for one in closed
            ),
            do=Message("refusal.do_gate"),
        )


def _beside(files: Mapping[str, bytes]) -> tuple[str, str]:
    """Version and digest of the one that its gates were measured beside; empty if not told."""
    try:
        told = json.loads(files[RECIPE])
        return str(told["from_version"]), str(told["from_digest"])
    except (KeyError, TypeError, ValueError):
        return "", ""


def require_beside(store: Store, models: Path, folder: Path) -> None:
    """Refuse a candidate whose gates were measured beside one that does not serve now.

    Raises
    ------
    ScorecardError
        It is damaged.
    Conflict
        Another serves.
    """
    files = artefacts.read(folder)
    with store.read() as connection:
        _require_beside(connection, models, artefact.parse(files, str(folder)), files)


def _require_beside(
    connection: Connection, models: Path, card: Scorecard, files: Mapping[str, bytes]
) -> None:
    """Another may have been promoted since a fit: its gates say nothing beside what serves now.

    What is damaged rates nothing until another takes its place: it counts by the digest it had.
    """
    version, digest = _beside(files)
    if not digest:
        return
    try:
        now = scorecards.current(connection, models, card.profile)
    except ScorecardError:
        if digest in scorecards.served(connection, models, card.profile):
            return
        raise
    if digest != now.digest:
        raise Conflict(
            Message(
                "refusal.measured_beside",
                profile=card.profile,
                version=card.version,
                beside=version,
                serving=now.version,
            ),
            do=Message("refusal.do_fit"),
        )


def _expected(card: Scorecard) -> None:
    if card.profile not in PROFILES:
        raise ScorecardError(f"there is no profile {card.profile}")
    card.expect([feature.name for feature in PROFILES[card.profile].features])


def _serve(
    connection: Connection,
    actor: Actor,
    values: Mapping[str, str],
    kind: str,
    reason: str,
    now: datetime,
) -> None:
    connection.execute(
        insert(_promotion).values(kind=kind, by=actor.name, reason=reason, at=now, **values)
    )
    about, office = f"scorecard:{values['profile']}", actor.office
    note(connection, actor, f"model.{kind}", about, now, values, office=office, purpose=reason)


def promotions(store: Store, actor: Actor, profile: str) -> list[Promotion]:
    """What served since when, the newest first."""
    authorise(actor, "model.look")
    with store.read() as connection:
        rows = connection.execute(
            select(_promotion)
            .where(_promotion.c.profile == profile)
            .order_by(_promotion.c.id.desc())
        )
        return [Promotion(**row._mapping) for row in rows]
