"""What is asked of the database: by its indexes, however much it holds."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.selections import selections
from riskprofile.store.database import Store
from tests import factory
from tests.plans import read_whole
from tests.services.bench import NOW, later

GROWS = {
    *("batch", "chunk", "record", "quarantined"),
    *("alert", "alert_link", "party_form", "party_block", "audit"),
}
# The last one; by a part index, twice.
BY_NEED = ("ORDER BY audit.sequence DESC", "folded_by IS NOT NULL", "alert.exported_at IS NULL")


def test_no_question_of_a_run_reads_what_grows_from_end_to_end(tmp_path: Path) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    day = factory.shipments(
        60,
        declaration_id=[f"A{number}" for number in range(60)],
        goods_description=[f"pistol barrel {number} steel" for number in range(60)],
        consignee_name=[f"Marandor {chr(97 + number % 9) * 4} Selban" for number in range(60)],
    )
    files = {}
    for name, table in {"past": factory.shipments(30), "day": day, "again": day}.items():
        again = {"gross_mass_kg": 9.0} if name == "again" else {}
        files[name] = tmp_path / f"{name}.csv"
        table.assign(**again).drop(columns=["source", "line", "warnings"]).to_csv(
            files[name], index=False
        )
    with read_whole() as told:
        screen(store, home, OWNER, [files["past"]], Options(history=True), NOW)
        for number, name in enumerate(("day", "again"), 1):
            run = screen(store, home, OWNER, [files[name]], Options(), later(hours=number))
            assert run.summary.alerts["total"]
        taken = selections(store, OWNER, None, later(hours=3))
        assert len(taken)
    found = {
        statement: whole & GROWS
        for statement, whole in told.items()
        if whole & GROWS and not any(one in statement for one in BY_NEED)
    }
    assert not found
    store.close()


def test_a_question_that_reads_a_table_whole_is_told(store: Store) -> None:
    with read_whole() as told, store.read() as connection:
        connection.execute(text("SELECT id FROM record WHERE points > 5")).all()
        connection.execute(text("SELECT id FROM record WHERE id = 5")).all()
    assert [*told.values()] == [{"record"}]
