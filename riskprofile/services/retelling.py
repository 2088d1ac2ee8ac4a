"""What a batch came to, read back for who could not be told of it when it ended."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sqlalchemy import Connection, func, select

from riskprofile.intake.reader import Rejection
from riskprofile.services import offices
from riskprofile.services.opening import digest_of
from riskprofile.services.run import Options, Run, Summary, account
from riskprofile.store import batches
from riskprofile.store.alert_tables import BY_HAND
from riskprofile.store.database import Store
from riskprofile.store.run_tables import Batch


def ended(store: Store, path: Path, options: Options, claim: str) -> Run | None:
    """The run that read this file when it was claimed so, if it came to its end.

    Without the ranked list, and without what is only known while a file is rated: warnings, the
    time that it took, what was kept of a day.

    Raises
    ------
    InputError
        There is no such file, or it may not be read.
    OSError
        The disk, or a share, does not give it.
    """
    digest = digest_of(path, options)
    with store.read() as connection:
        for batch in batches.same_input(connection, digest, history=options.history):
            whole = batch.state == "done" and not batches.is_cut(batch)
            if whole and (batch.options or {}).get(batches.CLAIM) == claim:
                return _told(connection, batch, options)
    return None


def _told(connection: Connection, batch: Batch, options: Options) -> Run:
    summary = Summary(batch.read, batch.accepted, batch.quarantined, batch.duplicate)
    summary.batches.append(account(batch))
    rejected: list[Rejection] = []
    for some in batches.kept_back(connection, batch.id):
        rejected += some
    summary.add("quarantined_by_reason", Counter(one.reason_code for one in rejected))
    alert = batches.alert_table.c
    known = offices.codes(connection)
    by = (alert.queue, alert.lane, alert.office, alert.profile, alert.model_version)
    for queue, lane, office, profile, version, count in connection.execute(
        select(*by, func.count())
        .where(alert.batch_id == batch.id, alert.selected_by != BY_HAND)
        .group_by(*by)
    ):
        summary.add_alerts(queue, lane, count)
        summary.model_versions[profile] = version
        if known and office is not None and office not in known:
            summary.add("unknown_offices", {office: count})
    return Run(summary, [], rejected, options.max_bad_share)
