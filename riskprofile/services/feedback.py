"""Labels for training: confirmed outcomes beside the feature values that were rated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, case, func, or_, select

from riskprofile.profiles import PROFILES
from riskprofile.scoring.parts import SLICE
from riskprofile.services.rights import Actor, authorise
from riskprofile.store import arms as kept
from riskprofile.store import batches, table_bytes
from riskprofile.store.alert_tables import BY_HAND, Alert, Label, Outcome
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.store.run_tables import Batch, Chunk, Record
from riskprofile.store.versions import REMOVED
from riskprofile.tables import TEXT, TIME, Table

_label = Label.__table__  # type: ignore[attr-defined]
_record = Record.__table__  # type: ignore[attr-defined]
_chunk = Chunk.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]
_alert = Alert.__table__  # type: ignore[attr-defined]
_batch = Batch.__table__  # type: ignore[attr-defined]

DTYPES = {
    "record_id": TEXT,
    "item": "int64",
    "value": "int64",
    "selected_by": TEXT,
    "probability": "float64",
    "known_at": TIME,
    "rated_at": TIME,
    "officer": TEXT,
    "confirmed_by": TEXT,
    "model_digest": TEXT,
    "trace": TEXT,
    "earlier": TEXT,
}
KEYS = tuple(DTYPES)
TRACED = ("traced", "national", "other", "not_traced", "")  # the surest answer first


def listed(labels: Table) -> Table:
    """Those of `labels` that a list brought up, or its draw: what is found on an alert that an
    officer raised by hand counts neither for the list nor against it.
    """
    return labels[(labels["selected_by"] != BY_HAND).fillna(True).to_numpy(dtype=bool)]


def led_to(labels: Table, digest: str) -> Table:
    """Those of `labels` that the ratings of the scorecard of this digest led to (`listed`)."""
    rated = (labels["model_digest"] == digest).fillna(False).to_numpy(dtype=bool)
    return listed(labels[rated])


def _answers(connection: Connection) -> dict[int, str]:
    """What traces said of the arms of each alert: the surest answer."""
    asked = (
        select(kept.arms.c.alert_id, kept.traces.c.result)
        .join(kept.arms, kept.arms.c.id == kept.traces.c.arms_id)
        .where(kept.arms.c.alert_id.is_not(None), kept.arms.c.superseded_at.is_(None))
    )
    found: dict[int, str] = {}
    for alert, result in connection.execute(asked):
        found[alert] = min(found.get(alert, result), result, key=TRACED.index)
    return found


def earlier(connection: Connection, outcome_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Where two people disagree: of an outcome, who else recorded another of its alert before, and
    which; the newest of those that say otherwise. Outcomes that nobody contradicts are left out.
    """
    before = _outcome.alias()
    asked = (
        select(_outcome.c.id, before.c.officer, before.c.outcome)
        .join(before, before.c.alert_id == _outcome.c.alert_id)
        .where(among(_outcome.c.id, outcome_ids), before.c.id < _outcome.c.id)
        .where(before.c.outcome != _outcome.c.outcome, before.c.outcome != "not_examined")
        .where(before.c.officer != _outcome.c.officer)
        .order_by(before.c.id)
    )
    found = connection.execute(asked)
    return {int(outcome): (str(officer), str(said)) for outcome, officer, said in found}


def rated(profile: str) -> Select[Any]:
    """Each label, the last of its alert, with where the item lies that had the points of its list.

    That is of the batch of the alert; of an amended declaration it may be an item that an earlier
    batch brought, and lies as the scorecard of that read it: `model_digest`, since from no other
    reading is anything learnt.
    """
    of_item = (
        (_record.c.record_id == _label.c.record_id)
        & (_record.c.profile == _label.c.profile)
        & (_record.c.item == _label.c.item)
        # Of several versions in one run, the one that the list was made of.
        & _record.c.folded_by.is_distinct_from(_alert.c.batch_id)
    )
    own = _chunk.c.batch_id == _alert.c.batch_id
    newest = (_label.c.known_at, _label.c.id, own, _record.c.version)
    found = (
        select(
            _label,
            _alert.c.id.label("alert_id"),
            _alert.c.created_at.label("rated_at"),
            case((own, _alert.c.model_digest), else_=_batch.c.model_digest).label("model_digest"),
            _outcome.c.officer,
            _outcome.c.confirmed_by,
            _record.c.chunk_id,
            _record.c.position,
            func.row_number()
            .over(partition_by=_alert.c.id, order_by=[one.desc() for one in newest])
            .label("place"),
        )
        .select_from(
            _label.join(_outcome, _outcome.c.id == _label.c.outcome_id)
            .join(_alert, _alert.c.id == _outcome.c.alert_id)
            .join(_record, of_item)
            .join(_chunk, _chunk.c.id == _record.c.chunk_id)
            .join(_batch, _batch.c.id == _chunk.c.batch_id)
        )
        .where(_label.c.profile == profile, batches.counts(), _record.c.state != REMOVED)
        # What was loaded as history was never rated.
        .where(_chunk.c.features.is_not(None))
        .where(or_(own, _batch.c.started_at <= _alert.c.created_at))
        .subquery()
    )
    return select(found).where(found.c.place == 1).order_by(found.c.known_at, found.c.id)


def labels(store: Store, profile: str, actor: Actor) -> Table:
    """One row per labelled declaration: its label, how it was selected, and the feature log.

    The values are those that were rated, from the batch of the alert, not today's. An
    alert that was opened again and examined anew counts once, with its last outcome; if that
    is that nobody examined it, not at all. Nor does one of which retention left no values.

    Returns
    -------
    Table
        `record_id`, `item`, `value` (1 for trafficking, else 0), `selected_by`,
        `probability` (of a random draw), `known_at`, `rated_at`, `officer` and
        `confirmed_by` (who said so), `model_digest` (what rated it), `trace` (the surest answer
        about its arms: `traced`, `national`, `other`, `not_traced`; empty while none came
        back; missing where none was asked), `earlier` (the outcome that another person
        recorded of the alert before and that said otherwise; missing where people agree), the
        profile's slices (`slice:NAME`), then the columns of the feature log. Ordered by
        `known_at`. Empty without labels.
    """
    authorise(actor, "labels.look")
    with store.read() as connection:
        found = [dict(row) for row in connection.execute(rated(profile)).mappings()]
        answers = _answers(connection)
        disagreed = earlier(connection, [one["outcome_id"] for one in found])
        for one in found:
            one["trace"] = answers.get(one["alert_id"])
            _, one["earlier"] = disagreed.get(one["outcome_id"], ("", None))
        told = pd.DataFrame(found, columns=[*KEYS, "chunk_id", "position"])
        parts = []
        for chunk_id, here in told.groupby("chunk_id", sort=False):
            content, declared = connection.execute(
                select(_chunk.c.features, _chunk.c.rows).where(_chunk.c.id == int(chunk_id))
            ).one()
            places = here["position"].to_numpy()
            values = table_bytes.from_bytes(content).iloc[places]
            slices = table_bytes.from_bytes(declared, PROFILES[profile].slices).iloc[places]
            values = pd.concat([slices.add_prefix(SLICE), values], axis=1)
            parts.append(values.set_axis(here.index))
    told = told.astype(DTYPES)
    if not parts:
        return told.loc[:, list(KEYS)].iloc[:0]
    features = pd.concat(parts)
    kept = told.loc[features.index, list(KEYS)]
    return pd.concat([kept, features], axis=1).sort_index().reset_index(drop=True)
