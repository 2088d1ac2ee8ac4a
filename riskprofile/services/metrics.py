"""What monitoring asks of an installation, as numbers of one moment.

Nothing in them is of a declaration, a party or a person: counts, times and names of offices,
lanes, scorecards and inboxes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select

from riskprofile.errors import ScorecardError
from riskprofile.profiles import PROFILES
from riskprofile.services import govern, promotion, retention, switching, under_way, watchers
from riskprofile.services.queue_statements import SHOWN_LANE
from riskprofile.services.rights import Actor, authorise
from riskprofile.services.settings import Settings
from riskprofile.store import batches
from riskprofile.store.database import Store

PREFIX = "riskprofile_"
TOLD = ("read", "accepted", "quarantined", "duplicate", "failed")

_batch, _alert = batches.batch_table, batches.alert_table
_kept = batches.quarantine_table


@dataclass
class Metric:
    """One measure: `kind` is gauge or counter, each sample has its labels.

    >>> print(Metric("paused", "Whether it is paused.", samples=[({"what": "inbox"}, 1)]).text())
    # HELP riskprofile_paused Whether it is paused.
    # TYPE riskprofile_paused gauge
    riskprofile_paused{what="inbox"} 1
    """

    name: str
    help: str
    kind: str = "gauge"
    samples: list[tuple[Mapping[str, str], float]] = field(default_factory=list)

    def add(self, value: float | datetime | None, **labels: str) -> None:
        """One more sample; what is not known has none. Times are seconds since 1970."""
        if value is not None:
            told = value.timestamp() if isinstance(value, datetime) else value
            self.samples.append((labels, told))

    def text(self) -> str:
        """In the text format of Prometheus, without the last end of line."""
        name = PREFIX + self.name
        lines = [f"# HELP {name} {self.help}", f"# TYPE {name} {self.kind}"]
        for labels, value in self.samples:
            inside = ",".join(f'{label}="{_escaped(one)}"' for label, one in labels.items())
            lines.append(f"{name}{{{inside}}} {value:.15g}" if inside else f"{name} {value:.15g}")
        return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def measured(store: Store, settings: Settings, actor: Actor, now: datetime) -> list[Metric]:
    """Every measure now. What an installation has nothing of has no sample."""
    authorise(actor, "status.look")
    with store.read() as connection:
        asked = [*_batches(connection), *_alerts(connection), _waiting(connection)]
    return [
        *_rating(store, settings),
        *asked,
        _unfinished(store, settings, actor),
        *_inboxes(settings, actor, now),
        _at(
            "retention_timestamp_seconds",
            "When retention last ran.",
            retention.last_run(store, actor),
        ),
        _at(
            "audit_timestamp_seconds",
            "When the audit chain was last added to.",
            govern.last_act(store, actor),
        ),
        _at(
            "home_free_bytes", "Room left on the disk of the home.", under_way.room(settings, actor)
        ),
    ]


def _at(name: str, said: str, value: float | datetime | None) -> Metric:
    made = Metric(name, said)
    made.add(value)
    return made


def _rating(store: Store, settings: Settings) -> list[Metric]:
    """Pauses, and for each profile whether it is on and what rates it."""
    paused = Metric("paused", "Whether rating, or every inbox, is paused.")
    paused.add(switching.paused(store) is not None, what="rating")
    paused.add(watchers.paused(store) is not None, what="inbox")
    on = Metric("profile_on", "Whether a kind of declaration is rated.")
    serves = Metric("scorecard_serves", "Which scorecard rates; 0 where none that is whole does.")
    for name in PROFILES:
        on.add(govern.profile_on(store, name, settings), profile=name)
        try:
            card = promotion.serving(store, settings.models, name)
        except ScorecardError:
            serves.add(0, profile=name, version="")
        else:
            serves.add(1, profile=name, version=card.version)
    return [paused, on, serves]


def _batches(connection: Connection) -> list[Metric]:
    """What came in, in all and last."""
    rows = Metric("rows_total", "Rows of all batches, by what became of them.", "counter")
    ended = Metric("batch_timestamp_seconds", "When the last batch ended.")
    columns = _batch.c
    done = case((columns.state == "done", columns.ended_at))
    sums = [func.sum(columns[name]).label(name) for name in TOLD]
    asked = select(columns.profile, func.max(done).label("last"), *sums)
    asked = asked.group_by(columns.profile).order_by(columns.profile)
    for one in connection.execute(asked).mappings():
        ended.add(one["last"], profile=one["profile"])
        for name in TOLD:
            rows.add(int(one[name]), profile=one["profile"], became=name)
    return [rows, ended]


def _alerts(connection: Connection) -> list[Metric]:
    """What is open. The lane of an alert that waits for an own view is told to nobody."""
    columns = _alert.c
    by: list[Any] = [columns.profile, func.coalesce(columns.office, ""), SHOWN_LANE]
    told: list[Any] = [*by, func.count(), func.min(columns.created_at)]
    asked = select(*told).where(columns.state == "open").group_by(*by).order_by(*by)
    alerts = Metric("alerts_open", "Alerts that nobody has closed.")
    oldest = Metric("alerts_oldest_timestamp_seconds", "When the oldest of them was made.")
    for profile, code, name, count, first in connection.execute(asked):
        labels = {"profile": profile, "office": code, "lane": name}
        alerts.add(count, **labels)
        oldest.add(first, **labels)
    return [alerts, oldest]


def _waiting(connection: Connection) -> Metric:
    made = Metric("quarantine_waiting", "Rows that were set aside and wait to be put right.")
    asked = select(func.count()).select_from(_kept).where(_kept.c.state == "waiting")
    made.add(connection.execute(asked).scalar_one())
    return made


def _unfinished(store: Store, settings: Settings, actor: Actor) -> Metric:
    """Batches that did not end: `left` are those whose program is gone, or that were stopped."""
    made = Metric("batches_unfinished", "Batches that have not ended: their rows are on no list.")
    states = {one.id: one.state for one in under_way.batches_here(store, settings, actor)}
    left = [states.get(batch, state) for batch, state in govern.unfinished(store, actor).items()]
    running = left.count("running")
    made.add(running, state="running")
    made.add(len(left) - running, state="left")
    return made


def _inboxes(settings: Settings, actor: Actor, now: datetime) -> list[Metric]:
    seen = Metric("inbox_timestamp_seconds", "When the watcher of an inbox was last heard of.")
    silent = Metric("inbox_silent", "Whether that is longer ago than it should be.")
    waits = Metric("inbox_waiting", "Files that were taken and wait for another try.")
    aside = Metric("inbox_aside", "Files that are not taken as they are, 20 at most.")
    for one in watchers.watchers(settings, actor):
        seen.add(one.at, folder=one.folder)
        silent.add(one.silent(now), folder=one.folder)
        waits.add(one.waits, folder=one.folder)
        aside.add(len(one.aside), folder=one.folder)
    return [seen, silent, waits, aside]
