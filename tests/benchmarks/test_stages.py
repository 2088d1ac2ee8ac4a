"""Where a run spends its time is counted to the stages that it has, and none is made up."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from types import FrameType

import pytest

from benchmarks import stages
from riskprofile.services import settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.store.table_bytes import from_bytes, stored
from tests import factory
from tests.services.bench import NOW

PACKAGE = settings.CHECKOUT / "riskprofile"


def test_all_that_a_run_calls_belongs_to_a_stage_or_to_who_asks_it(tmp_path: Path) -> None:
    home = settings.load({}, home=tmp_path / "home")
    store = settings.open_store(home)
    day = factory.shipments(40)
    day.loc[::9, "goods_description"] = "pistol slide"
    called: set[str] = set()

    def look(frame: FrameType, event: str, argument: object) -> None:
        if (at := stages.place(frame)) is not None:
            called.add(at)

    for number, options in enumerate((Options(history=True), Options())):
        path = tmp_path / f"{number}.csv"
        day.assign(declaration_id=[f"{number}-{one}" for one in range(len(day))]).drop(
            columns=["source", "line", "warnings"]
        ).to_csv(path, index=False)
        before = sys.getprofile()
        sys.setprofile(look)
        try:
            screen(store, home, OWNER, [path], options, NOW + timedelta(days=number))
        finally:
            sys.setprofile(before)
    store.close()
    assert {stages.of(one) for one in called} >= set(stages.STAGES)
    assert {one.split(":")[0] for one in called if stages.of(one) is None} == set()


def test_to_read_a_chunk_is_counted_to_who_asks_for_it() -> None:
    kept, called = stored(factory.shipments(3)), set[str]()

    def look(frame: FrameType, event: str, argument: object) -> None:
        if (at := stages.place(frame)) is not None:
            called.add(at)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        from_bytes(kept)
    finally:
        sys.setprofile(before)
    assert "store/table_bytes.py:_read" in called
    assert {one for one in called if "<" not in one and stages.of(one)} == set()


@pytest.mark.parametrize("start", [*stages.ASKED, *sum(stages.STAGES.values(), ())])
def test_what_is_counted_to_a_stage_is_there(start: str) -> None:
    module, _, function = start.partition(":")
    found = [
        one
        for one in PACKAGE.rglob("*.py")
        if one.relative_to(PACKAGE).as_posix().startswith(module)
    ]
    assert found
    assert not function or f"def {function}" in found[0].read_text(encoding="utf-8")
