"""What each of two scorecards would have selected lately, side by side, record by record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import select

from riskprofile.errors import RiskProfileError, UsageError
from riskprofile.profiles import PROFILES
from riskprofile.scoring import parts, rating
from riskprofile.scoring.parts import Figure
from riskprofile.scoring.ranking import examined
from riskprofile.scoring.scorecard import WORDING, Scorecard
from riskprofile.services import capacity, feedback, fitting, promotion
from riskprofile.services.rights import Actor, authorise
from riskprofile.services.settings import Settings
from riskprofile.store import batches, table_bytes, versions
from riskprofile.store.database import Store
from riskprofile.tables import Table
from riskprofile.words import Message

LEAST = 20  # selected records: a part with fewer is not told apart
USUAL, DAYS = 0.05, 30  # share inspected where nothing says better; days that say it
UNSEEN = ("parties never seen", "goods never seen")  # parts that tell whether it knows what is new
GENERATOR, OUTCOMES = "generator", "own"  # on which rows recall is told


@dataclass(frozen=True)
class Part:
    """How many records of one part of the rows each scorecard selects."""

    name: str
    serving: int
    other: int


@dataclass(frozen=True)
class Compared:
    """Two selections of the same length from the same records.

    `records` holds every record that either selects: `record_id`, `points` of the
    scorecard that serves, `other_points`, `serving` and `other` (bool), `moved` (the term
    that changed most) and `moved_by` (points), `found` (1 and 0 where it was examined,
    else missing), and the profile's slices.
    """

    serving: str
    other: str
    rated: int
    base: int  # points by which every declaration moves, whatever is declared
    records: Table

    def count(self, serving: bool, other: bool) -> int:
        """Records with these two marks."""
        told = self.records
        return int(((told["serving"] == serving) & (told["other"] == other)).sum())

    def finds(self, mark: str) -> int:
        """Known finds among what one of them, `serving` or `other`, selects."""
        told = self.records
        return int((told["found"].eq(1) & told[mark]).fillna(False).sum())

    def parts(self) -> list[Part]:
        """Selected records by slice, where the two differ most first."""
        slices = self.records[[name for name in self.records if str(name).startswith(parts.SLICE)]]
        serving, other = (self.records[mark].to_numpy(bool) for mark in ("serving", "other"))
        told = [
            Part(name, int((here & serving).sum()), int((here & other).sum()))
            for name, here in [*parts.masks(slices)][1:]
        ]
        told = [one for one in told if max(one.serving, one.other) >= LEAST]
        return sorted(told, key=lambda one: (-abs(one.serving - one.other), one.name))


@dataclass(frozen=True)
class Day:
    """What offices can examine: `share` of the declarations of late, and the `number` a day that
    this is, 0 where the share was not counted of it.
    """

    number: int
    share: float


@dataclass(frozen=True)
class Recalls:
    """Recall of another scorecard beside the one that serves, on one kind of rows."""

    on: str  # GENERATOR or OUTCOMES
    share: float
    finds: int
    figures: tuple[Figure, ...]  # all, by mode of transport, and what was never seen before


def capacity_of(store: Store, settings: Settings, actor: Actor, profile: str, now: datetime) -> Day:
    """What the offices can examine of the declarations of late, as far as it is known."""
    authorise(actor, "recall.look")
    if settings.capacity_share:
        return Day(0, settings.capacity_share)
    since = now - timedelta(days=DAYS)
    with store.read() as connection:
        when, mine = capacity.days(connection, now), capacity.listed(connection, profile)
        came = list(capacity.came(connection, profile, when, since))
    a_day = sum(number for code, (number, _) in when.offices.items() if code in mine)
    days = (now - min((at for at, _ in came), default=now)).days + 1
    share = days * a_day / sum(many for _, many in came) if came else 0.0
    # Of all inspected everything would be found by anything.
    return Day(a_day, share) if 0 < share < 1 else Day(0, USUAL)


def recalls(
    store: Store, settings: Settings, actor: Actor, profile: str, other: Scorecard, share: float
) -> list[Recalls]:
    """Recall of both when a share is inspected, part by part: on the generator's rows, where a fit
    left some, and on the confirmed outcomes of what serves, where they hold finds enough.

    A scorecard that reads what was not kept for the one that serves is told on nothing.
    """
    authorise(actor, "labels.look")
    card = promotion.serving(store, settings.models, profile)
    own = other.wording is not None and other.wording != card.wording
    if own or set(other.features) - set(card.features):
        return []
    told = []
    tried = fitting.trial(settings, actor, profile, card)
    if tried is not None:
        told.append((GENERATOR, tried))
    labels = feedback.led_to(feedback.labels(store, profile, actor), card.digest)
    if len(labels):
        told.append((OUTCOMES, labels.reset_index(drop=True)))
    mode = f"{parts.SLICE}{PROFILES[profile].slices[0]}"
    made = []
    for on, rows in told:
        groups = rows[[mode]] if mode in rows else pd.DataFrame(index=rows.index)
        groups = groups.assign(**parts.seen(rows))
        value = rows["value"].to_numpy("int64")
        every = parts.figures(other.points(rows), card.points(rows), value, groups, share)
        kept = tuple(
            one
            for one in every
            if one.part in ("all", *UNSEEN) or one.part.startswith(mode.removeprefix(parts.SLICE))
        )
        made.append(Recalls(on, share, int(value.sum()), kept))
    return made


def selected(
    store: Store,
    settings: Settings,
    actor: Actor,
    profile: str,
    other: Scorecard,
    since: datetime,
    share: float,
) -> Compared:
    """What the scorecard that serves and another would have selected since a time.

    Both rate the stored feature values; each selects the first `share` of its list, a
    declaration by its highest item, as it was last declared. One that was withdrawn, or that
    another scorecard rated since, is on no list.

    Raises
    ------
    UsageError
        The share is not above 0 and at most 1.
    RiskProfileError
        Nothing was rated by the serving scorecard since then, or the other one reads what was
        not kept of its ratings.
    """
    authorise(actor, "labels.look")
    if not 0 < share <= 1:
        raise UsageError(f"share {share:g}", do="Give a share above 0 and at most 1, such as 0.05")
    card = promotion.serving(store, settings.models, profile)
    if lacking := [one for one in other.features if one not in (*card.features, WORDING)]:
        raise RiskProfileError(
            Message(
                "refusal.other_features",
                profile=profile,
                version=other.version,
                feature=lacking[0],
                serving=card.version,
            ),
            do=Message("refusal.do_same_features"),
        )
    # The log holds the wording as the one that rated reads it: the other's own is made anew.
    own = other.wording is not None and other.wording != card.wording
    kept = [*card.features, *(one for one in other.features if one != WORDING or not own)]
    text = [other.wording.column] if other.wording is not None and own else []
    slices = list(PROFILES[profile].slices)
    chunk, batch = batches.chunk_table, batches.batch_table
    rated_parts = []
    with store.read() as connection:
        asked = connection.execute(
            select(chunk.c.id)
            .join(batch, batch.c.id == chunk.c.batch_id)
            .where(chunk.c.profile == profile, chunk.c.features.is_not(None))
            .where(batch.c.started_at >= since, batch.c.model_digest == card.digest)
            .order_by(chunk.c.id)
        )
        for chunk_id in asked.scalars().all():
            features, declared = connection.execute(
                select(chunk.c.features, chunk.c.rows).where(chunk.c.id == chunk_id)
            ).one()
            log = table_bytes.from_bytes(features, list(dict.fromkeys(["points", *kept])))
            rows = table_bytes.from_bytes(declared, ["record_id", *dict.fromkeys([*slices, *text])])
            rated = log["points"].notna().to_numpy(dtype=bool, copy=True)
            rated[versions.folded(connection, chunk_id)] = False  # amended since, or withdrawn
            log, rows = log[rated], rows[rated]
            read = log
            if other.wording is not None and own:
                words = other.wording.value(rows[other.wording.column]).round(rating.PRECISION)
                read = log.assign(**{WORDING: words.to_numpy()})
            rated_parts.append(_rated(card, other, log, read, rows, slices))
        known = connection.execute(
            select(batches.label_table.c.record_id, batches.label_table.c.value)
            .where(batches.label_table.c.profile == profile, batches.counts())
            .order_by(batches.label_table.c.id)
        ).all()
    if not rated_parts:
        raise RiskProfileError(
            Message(
                "refusal.none_rated",
                profile=profile,
                version=card.version,
                since=f"{since:%Y-%m-%d}",
            ),
            do=Message("refusal.do_earlier"),
        )
    every = pd.concat(rated_parts, ignore_index=True)
    # The highest item speaks for its declaration, for each scorecard by itself.
    other_best = every.groupby("record_id")["other_points"].max()
    best = every.sort_values(["record_id", "points"], ascending=[True, False], kind="stable")
    best = best.drop_duplicates("record_id").reset_index(drop=True)
    best["other_points"] = best["record_id"].map(other_best).to_numpy("int64")
    count = examined(len(best), share)
    for column, mark in (("points", "serving"), ("other_points", "other")):
        order = np.lexsort((best["record_id"].to_numpy(object), -best[column].to_numpy()))
        chosen = np.zeros(len(best), dtype=bool)
        chosen[order[:count]] = True
        best[mark] = chosen
    values = {str(record): int(value) for record, value in known}
    best["found"] = best["record_id"].map(values).astype("Int64")
    told = best[best["serving"] | best["other"]]
    told = told.sort_values(["other_points", "record_id"], ascending=[False, True])
    return Compared(
        card.version, other.version, len(best), other.base - card.base, told.reset_index(drop=True)
    )


def _rated(
    card: Scorecard, other: Scorecard, log: Table, read: Table, rows: Table, slices: Sequence[str]
) -> Table:
    """Points of both, each of the values it reads, and the term that moved most between them."""
    names = sorted({term.name for one in (card, other) for term in one.terms})
    gap = np.zeros((len(log), len(names)), dtype=np.int64)
    for sign, one, values in ((-1, card, log), (1, other, read)):
        given = one.contributions(values)
        for place, term in enumerate(one.terms):
            gap[:, names.index(term.name)] += sign * given[:, place]
    most = np.abs(gap).argmax(axis=1) if names else np.zeros(len(log), dtype=int)
    by = gap[np.arange(len(log)), most]
    return pd.DataFrame(
        {
            "record_id": rows["record_id"].to_numpy(object),
            "points": card.points(log),
            "other_points": other.points(read),
            "moved": np.where(by != 0, np.array(names, dtype=object)[most], ""),
            "moved_by": by,
            **{f"slice:{name}": rows[name].to_numpy(object) for name in slices},
        }
    )
