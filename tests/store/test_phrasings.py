"""Words of alerts that are kept once: what is damaged is said to be, and tells nothing else."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from sqlalchemy import delete, insert

from riskprofile.errors import StoreError
from riskprofile.scoring.reasons import Phrasing
from riskprofile.store import phrasings
from riskprofile.store.alert_tables import Phrasing as Stored
from riskprofile.store.database import Store
from riskprofile.store.packed_json import dumps, pack

TABLE: Any = Stored.__table__  # type: ignore[attr-defined]
ALERT = {"id": 7, "reasons": None, "against": None}
KEPT = struct.pack("<di", 2.5, 9) + b"\0"


@pytest.fixture
def said(bare: Store, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An alert of a program that has not read the words yet."""
    monkeypatch.setattr(phrasings, "_known", {})
    features, terms = [[False, "?", "", "{0:.1f} kg"]], [["kg", "", "3", [0]], ["base", "", "", []]]
    words = Phrasing({"features": features, "terms": terms, "base": 0, "and": " and "})
    with bare.write() as connection:
        name = phrasings.keep(connection, words)
    return {**ALERT, "phrasing": name, "terms": pack(KEPT)}


@pytest.mark.parametrize("content", [None, b"", b"\0\0\0\0", pack('{"and":""}'), "changed"])
def test_words_that_are_missing_or_others_are_told_as_damaged(
    bare: Store, said: dict[str, Any], content: bytes | str | None
) -> None:
    with bare.write() as connection:
        if content == "changed":  # whole, and says something else
            [stored] = connection.execute(TABLE.select()).mappings()
            content = pack(dumps({**stored["content"], "base": 1}))
        connection.execute(delete(TABLE))
        if content is not None:
            connection.execute(insert(TABLE).values(digest=said["phrasing"], content=content))
    with bare.read() as connection, pytest.raises(StoreError, match="missing or damaged") as caught:
        phrasings.told(connection, said)
    assert said["phrasing"] in str(caught.value.where) and "backup" in str(caught.value.do)


@pytest.mark.parametrize(
    "terms",
    [b"", pack(KEPT)[:-4], pack(b""), pack(KEPT[:9]), pack(KEPT[:-1]), pack(KEPT[:-1] + b"\xff\0")],
)
def test_terms_that_are_damaged_name_their_alert(
    bare: Store, said: dict[str, Any], terms: bytes
) -> None:
    with bare.read() as connection:
        assert phrasings.told(connection, said)[0][0]["text"] == "2.5 kg"
        with pytest.raises(StoreError, match="missing or damaged") as caught:
            phrasings.told(connection, {**said, "terms": terms})
    assert caught.value.where == "alert 7"
