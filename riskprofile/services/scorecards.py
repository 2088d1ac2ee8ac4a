"""The scorecards of an installation as they are stored, and which of them serves: each checked.

Nothing here is taken at its word: the bytes are held against their digest, that against the
signatures, and what serves against the audit chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from riskprofile.errors import ScorecardError
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import signing
from riskprofile.store import artefacts, switches
from riskprofile.store.office_tables import Audit, Promotion, StoredScorecard

_card = StoredScorecard.__table__  # type: ignore[attr-defined]
_promotion = Promotion.__table__  # type: ignore[attr-defined]
_audit = Audit.__table__  # type: ignore[attr-defined]

SERVED = ("model.promote", "model.rollback")
SIGNATURES = 2  # of different people


def current(connection: Connection, models: Path, profile: str) -> Scorecard:
    """The scorecard that serves a profile; see `promotion.serving`."""
    newest = _promoted(connection, profile)
    learnt = switches.learnt(connection, profile)
    if newest is None:
        return artefacts.serving(models, profile, learnt=learnt)
    card = found(connection, models, profile, newest["version"], newest["digest"])
    if artefacts.written_first(models, profile):
        ships = card.digest in artefacts.trusted()
        if ships or not (learnt or card.written):
            return artefacts.serving(models, profile, learnt=learnt)
    return card


def served(connection: Connection, models: Path, profile: str) -> set[str]:
    """The digest that what serves had when it came to serve, whatever became of it."""
    newest = _promoted(connection, profile)
    if newest is not None and not (
        artefacts.written_first(models, profile) and newest["digest"] in artefacts.trusted()
    ):
        return {newest["digest"]}
    learnt = switches.learnt(connection, profile)
    return artefacts.shipped(models, profile, learnt=learnt)


def _promoted(connection: Connection, profile: str) -> Mapping[str, Any] | None:
    """The newest promotion, as the audit chain saw it; none where what ships serves."""
    newest = (
        connection.execute(
            select(_promotion)
            .where(_promotion.c.profile == profile)
            .order_by(_promotion.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    _require_told(connection, profile, newest["digest"] if newest else None)
    return None if newest is None else dict(newest)


def _require_told(connection: Connection, profile: str, digest: str | None) -> None:
    """What serves is what the audit chain saw promoted last: no row was taken out or put back."""
    told = connection.execute(
        select(_audit.c.detail)
        .where(_audit.c.subject == f"scorecard:{profile}")
        .where(_audit.c.action.in_(SERVED))
        .order_by(_audit.c.sequence.desc())
        .limit(1)
    ).first()
    last = None if told is None else dict(told[0] or {}).get("digest")
    if last != digest:
        raise ScorecardError(
            f"the {profile} scorecard that serves is not the one promoted last",
            do="Nothing was rated. Run `riskprofile audit verify`, and restore the database",
        )


def found(
    connection: Connection, models: Path, profile: str, version: str, digest: str
) -> Scorecard:
    """The scorecard of that digest, stored or shipped, checked."""
    there = connection.execute(select(_card.c.digest).where(_card.c.digest == digest)).scalar()
    if there is not None:
        return checked(connection, profile, version, digest)
    card = artefacts.load(models, profile, version)
    if card.digest != digest:
        raise ScorecardError(
            f"scorecard {profile} {version} is not the one that rated this (digest "
            f"{digest[:12]}, found {card.digest[:12]})",
            where=str(models),
            do="Restore the folder of that version",
        )
    return card


def checked(connection: Connection, profile: str, version: str, digest: str) -> Scorecard:
    """A stored scorecard whose bytes are whole and signed by two people."""
    card, _ = bytes_checked(connection, profile, version, digest)
    if len(signing.valid(connection, profile, version, digest)) < SIGNATURES:
        raise ScorecardError(
            f"scorecard {profile} {version} is not signed by {SIGNATURES} people",
            do="Nothing was rated with it. Roll back, and look into the audit",
        )
    return card


def bytes_checked(
    connection: Connection, profile: str, version: str, digest: str
) -> tuple[Scorecard, dict[str, bytes]]:
    """A stored scorecard, and its files, which are those that were signed."""
    where = f"scorecard {profile} {version}"
    content = connection.execute(select(_card.c.files).where(_card.c.digest == digest)).scalar()
    files = artefacts.from_archive(bytes(content or b""), where)
    try:
        card = artefacts.parsed(files, profile, version, where)
    except ScorecardError as error:  # of a folder it would say to restore that
        raise ScorecardError(error.what, where=where, do=artefacts.RESTORE) from error
    if card.digest != digest:
        raise ScorecardError(
            f"{where} is not what was signed: its manifest was altered", do=artefacts.RESTORE
        )
    return card, files


def stored(connection: Connection, profile: str, version: str) -> Mapping[str, Any]:
    """The row of a proposed scorecard."""
    row = (
        connection.execute(
            select(_card).where(_card.c.profile == profile, _card.c.version == version)
        )
        .mappings()
        .first()
    )
    if row is None:
        raise ScorecardError(
            f"no scorecard {profile} {version} was proposed here",
            do="Propose its folder first: riskprofile models propose FOLDER",
        )
    return dict(row)


def is_proposed(connection: Connection, profile: str, version: str) -> bool:
    """Whether a scorecard of this version was proposed here."""
    asked = select(_card.c.digest).where(_card.c.profile == profile, _card.c.version == version)
    return connection.execute(asked).first() is not None


def was_promoted(connection: Connection, digest: str) -> bool:
    """Whether it served once, or serves."""
    asked = select(_promotion.c.id).where(_promotion.c.digest == digest)
    return connection.execute(asked).first() is not None


def pile(connection: Connection, profile: str) -> list[tuple[str, str]]:
    """Versions and digests promoted one on another, the newest last: a rollback takes one off."""
    rows = connection.execute(
        select(_promotion).where(_promotion.c.profile == profile).order_by(_promotion.c.id)
    ).mappings()
    told: list[tuple[str, str]] = []
    for row in rows:
        if row["kind"] == "promote":
            told.append((row["version"], row["digest"]))
        elif told:
            told.pop()
    return told
