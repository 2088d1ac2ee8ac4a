"""A case bundle: what was declared, rated, decided and found, in one archive that checks itself.

`bundle_check.py` travels inside as `check.py` and runs on plain Python. The archive's
SHA-256 stands in the audit chain, so that a copy can be held against what was handed out.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from riskprofile.errors import InputError, NotAllowed
from riskprofile.services import arms, blind, bundle_check, records, replay, viewing
from riskprofile.services.bundle_check import digest as sha256
from riskprofile.services.rights import Actor, authorise, note, sees
from riskprofile.services.settings import Settings
from riskprofile.store import arms as kept
from riskprofile.store import audit
from riskprofile.store.alert_tables import Alert
from riskprofile.store.arms_tables import ArmsTrace
from riskprofile.store.database import Store
from riskprofile.store.many import among
from riskprofile.words import Message

_alert = Alert.__table__  # type: ignore[attr-defined]
_trace = ArmsTrace.__table__  # type: ignore[attr-defined]

README = """Case bundle of one declaration.

declaration.json  every stored version, as declared; not those of another office
rating.json       points with every reason for and against, recomputed from the log, of the
                  version that alert.json is about
alert.json        lane, decisions, outcomes with what was found and which reasons held (yes,
                  unclear, no; empty where nobody looked), with who and when
earlier.json      the same of alerts about versions before it was amended, the newest first;
                  not of those of another office than that of who exports
arms.json         pieces in the register: marks, custody, photos by SHA-256, traces
audit.json        the audit records about the alerts and the pieces
check.py          checks every byte of this archive: python check.py BUNDLE.zip

A named officer decided; the rating recommends. Photos are bound by their SHA-256 and are
not in the archive. The bundle holds personal data: handle it under the law of the case.
"""


def export(
    store: Store, settings: Settings, actor: Actor, record_id: str, purpose: str, now: datetime
) -> tuple[bytes, str]:
    """The archive of a declaration with an alert, and its SHA-256.

    Parameters
    ----------
    purpose : str
        The case or request for which it leaves the office; it goes into the audit chain.

    Raises
    ------
    NotAllowed
        The actor's office has no alert about this record.
    InputError
        No office has one, where the actor sees all; or no purpose.
    Conflict
        An open alert about it waits for an officer's own view.
    """
    authorise(actor, "bundle.export")
    if not purpose.strip():
        raise InputError("the purpose is missing", do="Name the case or request")
    with store.read() as connection:
        rows = connection.execute(
            select(_alert.c.id, _alert.c.profile, _alert.c.office)
            .where(_alert.c.record_id == record_id)
            .order_by(_alert.c.version.desc(), _alert.c.id.desc())
        ).all()
    if not rows and actor.office is None:
        raise InputError(f"no alert is about {record_id}", do="Give a record_id as the page shows")
    # One answer for "there is none" and "it is another office's": not even that leaks.
    if not rows or not sees(actor, rows[0].office):
        raise NotAllowed(Message("refusal.no_record"), where=record_id[:80])
    # What was found was found by the alert about one version; an amendment makes another.
    row = rows[0]
    ours = [one for one in rows[1:] if sees(actor, one.office) and one.profile == row.profile]
    ids = [row.id, *(one.id for one in ours)]
    looks = settings.looks_an_hour
    view, *earlier = [viewing.alert(store, actor, each, now, purpose, looks) for each in ids]
    with store.read() as connection:
        blind.require_all_said(connection, row.profile, record_id)
    told = records.declaration(store, actor, record_id, row.profile, now, purpose, looks)
    alerted = view.batch_id, view.driver, view.created_at
    rating = replay.explain(store, settings.models, record_id, alerted=alerted)
    again = replay.replay(store, settings.models, record_id, alerted=alerted)
    with store.read() as connection:
        pieces, subjects = _pieces(connection, ids)
        chain = audit.excerpt(connection, [*(f"alert:{each}" for each in ids), *subjects])
    content = {
        "README.txt": README,
        "declaration.json": [asdict(one) for one in told],
        "rating.json": {
            **asdict(rating),
            "model_digest": view.model_digest,
            "replayed_same": again.same,
            "replayed_differ": again.differ,
        },
        "alert.json": _shown(view),
        "earlier.json": [_shown(each) for each in earlier],
        "arms.json": pieces,
        "audit.json": {
            "columns": list(audit.FIELDS),
            "records": chain,
            "made_at": now,
        },
        "check.py": Path(bundle_check.__file__).read_text("utf-8"),
    }
    made = pack({name: _bytes(value) for name, value in content.items()})
    digest = sha256(made)
    with store.write() as connection:
        about, detail = f"alert:{row.id}", {"sha256": digest, "bytes": len(made)}
        given, why = view.office, purpose.strip()
        note(connection, actor, "bundle.export", about, now, detail, office=given, purpose=why)
    return made, digest


def _shown(view: viewing.AlertView) -> dict[str, Any]:
    told = asdict(view)
    del told["history"], told["related"]  # other declarations
    return told


def _pieces(
    connection: Connection, alert_ids: Sequence[int]
) -> tuple[list[dict[str, Any]], list[str]]:
    asked = select(kept.arms).where(among(kept.arms.c.alert_id, alert_ids)).order_by(kept.arms.c.id)
    found, subjects = [], []
    for row in connection.execute(asked).mappings().all():
        traces = select(_trace).where(_trace.c.arms_id == row["id"]).order_by(_trace.c.id)
        found.append(
            {
                **arms.shown(dict(row)),
                "superseded_at": row["superseded_at"],
                "events": kept.events_of(connection, row["id"]),
                "traces": [dict(one) for one in connection.execute(traces).mappings()],
            }
        )
        subjects.append(f"arms:{row['id']}")
    return found, subjects


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8")
    text = json.dumps(value, ensure_ascii=False, indent=1, default=str, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def pack(content: dict[str, bytes]) -> bytes:
    """A zip of stored files in this order, a manifest of its byte ranges, and a seal.

    The same content is the same bytes: times and rights of files are fixed.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        regions = []
        for name, body in content.items():
            start = stream.tell()
            archive.writestr(zipfile.ZipInfo(name), body)
            data = stream.getvalue()[start:]
            told = {"name": name, "start": start, "size": len(data), "sha256": sha256(data)}
            regions.append(told)
        start = stream.tell()
        manifest = json.dumps({"regions": regions}, indent=1).encode()
        archive.writestr(zipfile.ZipInfo(bundle_check.MANIFEST), manifest)
        region = stream.getvalue()[start:]
        archive.comment = b"0" * bundle_check.SEAL_SIZE
    data = stream.getvalue()[: -bundle_check.SEAL_SIZE]
    size = len(region)
    seal = f"riskprofile bundle 1 {start:012d} {size:012d} {sha256(region)} "
    seal += f"{sha256(data[start + size :])} "
    return data + seal.encode() + sha256(seal.encode()).encode()
