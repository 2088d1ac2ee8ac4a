"""Labels for training: confirmed outcomes beside the feature values that were rated."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import select

from riskprofile.services.rights import OWNER, Actor, authorise
from riskprofile.store import batches
from riskprofile.store.database import Store
from riskprofile.store.tables import Alert, Chunk, Label, Outcome, Record
from riskprofile.tables import TEXT, TIME, Table

_label = Label.__table__  # type: ignore[attr-defined]
_record = Record.__table__  # type: ignore[attr-defined]
_chunk = Chunk.__table__  # type: ignore[attr-defined]
_outcome = Outcome.__table__  # type: ignore[attr-defined]
_alert = Alert.__table__  # type: ignore[attr-defined]

KEYS = ("record_id", "item", "value", "selected_by", "probability", "known_at", "rated_at")
DTYPES = {
    "record_id": TEXT,
    "item": "int64",
    "value": "int64",
    "selected_by": TEXT,
    "probability": "float64",
    "known_at": TIME,
    "rated_at": TIME,
}


def labels(store: Store, profile: str, actor: Actor = OWNER) -> Table:
    """One row per labelled declaration: its label, how it was selected, and the feature log.

    The values are those that were rated, from the batch of the alert, not today's. An
    alert that was opened again and examined anew counts once, with its last outcome.

    Returns
    -------
    Table
        `record_id`, `item`, `value` (1 for trafficking, else 0), `selected_by`,
        `probability` (of a random draw), `known_at`, `rated_at`, then the columns of the
        feature log. Ordered by `known_at`. Empty without labels.
    """
    authorise(actor, "labels.look")
    with store.read() as connection:
        rows = (
            connection.execute(
                select(
                    _label,
                    _alert.c.id.label("alert_id"),
                    _alert.c.created_at.label("rated_at"),
                    _record.c.chunk_id,
                    _record.c.position,
                )
                .select_from(
                    _label.join(_outcome, _outcome.c.id == _label.c.outcome_id)
                    .join(_alert, _alert.c.id == _outcome.c.alert_id)
                    .join(_chunk, _chunk.c.batch_id == _alert.c.batch_id)
                    .join(
                        _record,
                        (_record.c.chunk_id == _chunk.c.id)
                        & (_record.c.record_id == _label.c.record_id)
                        & (_record.c.profile == _label.c.profile)
                        & (_record.c.item == _label.c.item),
                    )
                )
                .where(_label.c.profile == profile)
                .order_by(_label.c.known_at, _label.c.id)
            )
            .mappings()
            .all()
        )
        newest = {row["alert_id"]: dict(row) for row in rows}
        told = pd.DataFrame(
            list(newest.values()), columns=[*KEYS, "alert_id", "chunk_id", "position"]
        )
        parts = []
        for chunk_id, here in told.groupby("chunk_id", sort=False):
            content = connection.execute(
                select(_chunk.c.features).where(_chunk.c.id == int(chunk_id))
            ).scalar()
            if content is None:  # loaded as history: it was never rated
                continue
            values = batches.from_bytes(content).iloc[here["position"].to_numpy()]
            parts.append(values.set_axis(here.index))
    told = told.astype(DTYPES)
    if not parts:
        return told.loc[:, list(KEYS)].iloc[:0]
    features = pd.concat(parts)
    kept = told.loc[features.index, list(KEYS)]
    return pd.concat([kept, features], axis=1).sort_index().reset_index(drop=True)
