"""Forty rows in, the exact ranked list out: a change of any figure is reviewed as a diff."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from riskprofile.scoring.ranking import Capacity
from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from tests import listed

HERE = Path(__file__).parent
MANIFEST = HERE / "manifest.csv"
EXPECTED = HERE / "ranked.json"


def ranked() -> list[dict[str, Any]]:
    """The golden manifest, rated in a home of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home = settings.load({}, home=Path(folder) / "home")
        store = settings.open_store(home)
        run = screen(
            store,
            home,
            OWNER,
            [MANIFEST],
            Options(capacity=Capacity(8)),
            datetime(2026, 11, 24, 9, tzinfo=UTC),
        )
        table = listed.table(store, run.ranked, "alerts")
        store.close()
    rows: list[dict[str, Any]] = json.loads(
        table.drop(columns=["batch_id", "score"]).to_json(orient="records")
    )
    for row in rows:
        terms = row.pop("reasons") + row.pop("against")
        row["sum_of_terms"] = sum(term["points"] for term in terms)
        row["strongest"] = [
            f"{term['points']:+d} {term['text']}"
            for term in sorted(terms, key=lambda term: -abs(term["points"]))[:5]
        ]
    return rows


def as_text(rows: list[dict[str, Any]]) -> str:
    """One key a line, so that a diff shows what changed."""
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def test_the_golden_manifest_gives_exactly_the_ranked_list() -> None:
    assert as_text(ranked()) == EXPECTED.read_text(encoding="utf-8")


def test_the_reasons_of_every_alert_sum_to_its_points() -> None:
    rows = json.loads(EXPECTED.read_text(encoding="utf-8"))
    alerts = [row for row in rows if row["lane"] != "green"]
    assert len(rows) == 40
    assert alerts
    for row in alerts:
        assert row["sum_of_terms"] == row["points"]
