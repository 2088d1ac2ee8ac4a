"""Real messages, beside a count that shares nothing with the readers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from benchmarks import real_files


def test_every_real_file_agrees_with_an_independent_count(shared: Path) -> None:
    found = real_files.lines(shared / "data/manifests")
    assert [(one.name, one.said, one.crash) for one in found if not one.agrees] == []
    assert Counter(one.expected for one in found) == {"valid": 42, "invalid": 23, "no goods": 8}
    assert sum(one.counted for one in found) == 1074


def test_comments_are_not_counted_and_items_without_goods_are_none() -> None:
    item = "<GOOITEGDS><GooDesGDS23>a</GooDesGDS23></GOOITEGDS>"
    text = f"<CC315A>{item}<!--{item}--><x:GOOITEGDS ><IteNumGDS7/></x:GOOITEGDS></CC315A>"
    assert real_files.counted("ics_ens_xml", text.encode()) == 1
