"""The raters of a run: one for each profile, opened when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from riskprofile.errors import ScorecardError, ScorecardMissing
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.services import promotion
from riskprofile.services.parties import Heard, Register
from riskprofile.services.past import Folder
from riskprofile.services.rater import Rater, rater
from riskprofile.services.workers import Opened
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Batch

FORMER = (
    "Where an upgrade took it away: let the former release end the batch, on the backup from "
    "before; then upgrade that"
)


def what_rated(connection: Connection, models: Path, batch: Batch) -> Scorecard:
    """The scorecard that a batch began with, whatever serves now.

    Raises
    ------
    ScorecardError
        It is not there any more, or not as it was: nothing ends the batch before that is mended.
    """
    version, digest = batch.model_version, batch.model_digest
    try:
        return promotion.rated_by(connection, models, batch.profile, version, digest)
    except ScorecardError as error:
        what = f"batch {batch.id} cannot end without what rated it: {error.what}"
        do = FORMER if isinstance(error, ScorecardMissing) else error.do
        raise ScorecardError(what, where=error.where, do=do) from error


@dataclass(frozen=True)
class Raters:
    """Raters as of one time, and the registers of parties that they ask.

    Parameters
    ----------
    url : str
        The database whose past and register are read.
    before : datetime
        The start of the run.
    heard : Heard
        What the registers said of the rows that the run stored.
    rates : bool
        Whether the run rates. Past declarations are not rated: they ask a register alone.
    """

    url: str
    models: Path
    before: datetime
    folder: Folder
    heard: Heard
    rates: bool = True
    opened: dict[str, Rater] = field(default_factory=dict)
    registers: dict[str, Register] = field(default_factory=dict)

    def of(self, profile: str) -> Rater:
        """The rater of a profile."""
        if profile not in self.opened:
            self.opened[profile] = rater(self.url, self.models, profile, self.before, self.folder)
        return self.opened[profile]

    def going_on(self, store: Store, batch: Batch, profile: str) -> Rater:
        """The rater of a profile for a batch: that it began with, where it has begun.

        Raises
        ------
        ScorecardError
            Another scorecard serves meanwhile.
        """
        found = self.of(profile)
        began = batch.model_digest
        if began and batch.profile == profile and began != found.scorecard.digest:
            with store.read() as connection:  # what is gone does not end it either
                what_rated(connection, self.models, batch)
            raise ScorecardError(
                f"batch {batch.id} began with scorecard {batch.model_version}, and "
                f"{found.scorecard.version} serves now",
                do="Serve the earlier version again to go on with it, or end it as far as it came "
                f"and rate the file again: riskprofile finish {batch.id} --reason ...",
            )
        return found

    def ending(self, store: Store, batch: Batch) -> None:
        """A batch is ended as far as it came: by the scorecard that rated it, whatever serves now.

        Raises
        ------
        ScorecardError
            That is not there any more, or not as it was.
        """
        if not self.rates or not batch.model_digest:
            return
        found = self.of(batch.profile)
        if batch.model_digest != found.scorecard.digest:
            with store.read() as connection:
                card = what_rated(connection, self.models, batch)
            self.opened[batch.profile] = replace(found, scorecard=card)

    def register(self, profile: str) -> Register:
        """The register that the rows of a profile are looked up in."""
        if profile not in self.registers:
            known = self.of(profile).parties if self.rates else None
            if not isinstance(known, Register):
                known = Register(self.url, self.before)
            self.registers[profile] = known
        return self.registers[profile]

    def close(self) -> None:
        """The run is over: no register of it keeps a connection, though its rater is kept."""
        for one in (*self.registers.values(), *(each.parties for each in self.opened.values())):
            one.close()

    def elsewhere(self, profile: str) -> Opened:
        """What another process opens to do as the rater of this profile does."""
        card = self.of(profile).scorecard
        at = (self.url, self.models, profile, self.before, self.folder)
        return Opened(*at, card.version, card.digest)
