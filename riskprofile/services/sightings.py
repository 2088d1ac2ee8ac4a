"""Non-official crossings: sightings gathered by place and time, never about a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from weakref import WeakKeyDictionary

import pandas as pd
from sqlalchemy import Connection, Engine

from riskprofile.errors import UsageError
from riskprofile.history import bursts
from riskprofile.history.bursts import Grid
from riskprofile.reference.registers import SIGHTINGS
from riskprofile.services import registers
from riskprofile.services.rights import Actor, authorise
from riskprofile.store import registers as kept
from riskprofile.store.database import Store
from riskprofile.tables import Table


@dataclass(frozen=True)
class Heat:
    """Cells and their windows (see `history.bursts`).

    `cells` is `bursts.heat`; `windows` has the reports of each cell, column 0 the latest.
    `past` is how many windows of the past are known; under 4 nothing is expected.
    """

    cells: Table
    windows: Table
    grid: Grid
    until: datetime
    past: int
    dispersion: float

    @property
    def bursts(self) -> Table:
        """The cells that are named bursts."""
        return self.cells[self.cells["burst"].to_numpy(dtype=bool)]


def last_window(now: datetime) -> datetime:
    """The end of the last whole day (UTC): a window ends where reports have come in."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def heat(
    store: Store,
    actor: Actor,
    now: datetime,
    grid: Grid | None = None,
    until: datetime | None = None,
) -> Heat:
    """Heat and bursts in the window that ends at `until` (default: the last midnight, UTC).

    Only sightings that were loaded by `now` count.
    """
    authorise(actor, "sighting.look")
    chosen, end = grid or Grid(), (until or last_window(now)).astimezone(UTC)
    if end > now:
        raise UsageError("the window ends ahead of now", do="Give a day that is over")
    with store.read() as connection:
        seen = _known(connection, now)
    moment = pd.Timestamp(end)
    known = seen[(seen["at"] < moment).to_numpy(dtype=bool)]
    counted = bursts.windows(known, moment, chosen)
    past = bursts.known_windows(known, moment, chosen)
    return Heat(
        bursts.heat(known, moment, chosen),
        counted,
        chosen,
        end,
        past,
        bursts.dispersion(counted, past),
    )


# By database, the number of the last load and what was known then: a page asks at every click.
_held: WeakKeyDictionary[Engine, tuple[int, Table]] = WeakKeyDictionary()


def _known(connection: Connection, now: datetime) -> Table:
    """The sightings as known at a time; not to be altered: others read them too."""
    last = kept.newest(connection, SIGHTINGS.name, now)
    number, seen = _held.get(connection.engine, (None, None))
    if seen is None or number != last:
        seen = registers.table(kept.known(connection, SIGHTINGS.name, now), SIGHTINGS)
        _held[connection.engine] = (last, seen)
    return seen


def ends(now: datetime, grid: Grid) -> list[datetime]:
    """The ends of the last eight windows, the latest first."""
    return [last_window(now) - timedelta(days=grid.days * number) for number in range(8)]
