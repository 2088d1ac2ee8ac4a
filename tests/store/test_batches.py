"""Of bytes that are damaged in the database it is told what they are of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from riskprofile.errors import Damaged
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings
from riskprofile.services.steps import WORDING
from riskprofile.store.batches import alert_table, chunk_table
from riskprofile.store.database import Store
from riskprofile.store.packed_json import pack
from riskprofile.store.table_bytes import from_bytes
from tests import factory
from tests.store.test_table_bytes import flipped

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
def test_of_a_damaged_chunk_its_batch_is_told(bare: Store, home: Settings, tmp_path: Path) -> None:
    """And what the database holds besides is read."""
    for name, goods in (("one", "steel pins"), ("two", "wooden pins")):
        path = tmp_path / f"{name}.csv"
        factory.shipments(3, goods_description=goods).to_csv(path, index=False)
        screen(bare, home, OWNER, [path], Options(), NOW)
    with bare.read() as connection:
        whole, chunk = connection.execute(select(chunk_table).order_by(chunk_table.c.id)).all()
    for column in ("rows", "features", "events"):
        content = flipped(getattr(chunk, column), 40)
        for opened in (bare.read, bare.write):
            with bare.write() as connection:
                of = update(chunk_table).where(chunk_table.c.id == chunk.id)
                connection.execute(of.values({column: content}))
            with pytest.raises(Damaged) as told, opened() as connection:
                from_bytes(getattr(whole, column))
                held = connection.execute(select(chunk_table.c[column]).order_by(chunk_table.c.id))
                [*map(from_bytes, held.scalars())]
            assert told.value.where == f"batch {chunk.batch_id}, chunk {chunk.number}"
            assert "Restore the last backup" in str(told.value)


@pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
def test_of_damaged_reasons_their_alert_is_told(
    bare: Store, home: Settings, tmp_path: Path
) -> None:
    """As those that are kept whole are, of an alert raised by hand."""
    path = tmp_path / "day.csv"
    factory.shipments(3, goods_description="pistol slides").to_csv(path, index=False)
    screen(bare, home, OWNER, [path], Options(), NOW)
    with bare.write() as connection:
        first, second, *_ = connection.execute(select(alert_table.c.id).order_by("id")).scalars()
        for number, kept in ((first, pack("[1]")), (second, flipped(pack("[2]"), 14))):
            of = update(alert_table).where(alert_table.c.id == number)
            connection.execute(of.values(reasons=[number], against=kept))
    with pytest.raises(Damaged) as told, bare.read() as connection:
        connection.execute(select(alert_table.c.reasons, alert_table.c.against)).all()
    assert told.value.where == f"alert {second}"


def test_of_a_chunk_that_is_damaged_while_its_alerts_are_worded_its_batch_is_told(
    bare: Store, home: Settings, tmp_path: Path
) -> None:
    """Words are made outside of any transaction."""
    path = tmp_path / "day.csv"
    factory.shipments(3, goods_description="pistol slides").to_csv(path, index=False)

    def damage(name: str, done: int, of: int | None) -> None:
        if name == WORDING and not damaged:
            with bare.write() as connection:
                found = connection.execute(select(chunk_table)).one()
                damaged.append(f"batch {found.batch_id}, chunk {found.number}")
                content = flipped(found.rows, 40)
                connection.execute(update(chunk_table).values(rows=content))

    damaged: list[str] = []
    with pytest.raises(Damaged) as told:
        screen(bare, home, OWNER, [path], Options(), NOW, progress=factory.Steps(damage))
    assert [told.value.where] == damaged
