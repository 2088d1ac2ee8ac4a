"""History answers as known at the start of a row's own day, and nothing later."""

from __future__ import annotations

import pandas as pd
import pytest

from riskprofile.columns import View
from riskprofile.history import Snapshot, view
from riskprofile.profiles import SHIPMENT
from riskprofile.tables import Table
from tests import factory


def past(**columns: object) -> Table:
    """Ten days, one declaration a day at noon."""
    days = [pd.Timestamp("2026-01-01 12:00", tz="UTC") + pd.Timedelta(days=i) for i in range(10)]
    return view(factory.shipments(10, lodged_at=days, consignee_id="R1", **columns), SHIPMENT)


def today(**columns: object) -> Table:
    given = {"lodged_at": pd.Timestamp("2026-01-06 18:00", tz="UTC"), "consignee_id": "R1"}
    return view(factory.shipments(1, **{**given, **columns}), SHIPMENT)


def test_counts_what_was_lodged_before_the_day_of_the_declaration() -> None:
    history = Snapshot.from_views([past()])
    assert history.count(today(), ["consignee_key"]).tolist() == [5.0]
    assert history.count(today(), ["consignee_key"], days=2).tolist() == [2.0]


def test_a_stranger_was_seen_zero_times_and_an_unknown_party_is_missing() -> None:
    history = Snapshot.from_views([past()])
    assert history.count(today(consignee_id="R2"), ["consignee_key"]).tolist() == [0.0]
    nobody = today(consignee_id=None)
    assert history.count(nobody, ["consignee_key"]).isna().all()
    assert history.first_seen(nobody, ["consignee_key"]).isna().all()


def test_of_a_past_without_finds_a_party_has_none_and_an_unknown_one_is_missing() -> None:
    history, by = Snapshot.from_views([past()]), ["consignee_key", "hs4"]
    assert history.finds(today(), by).tolist() == [0.0]
    assert history.finds(today(consignee_id=None), by).isna().all()
    assert history.finds(today(hs_code=None), by).isna().all()


def test_first_and_last_seen_are_times_before_the_day() -> None:
    history = Snapshot.from_views([past()])
    assert history.first_seen(today(), ["consignee_key"]).iloc[0] == pd.Timestamp(
        "2026-01-01 12:00", tz="UTC"
    )
    assert history.last_seen(today(), ["consignee_key"]).iloc[0] == pd.Timestamp(
        "2026-01-05 12:00", tz="UTC"
    )


ASKED = (
    ("log_gross_mass", ["hs6"]),
    ("log_gross_mass", ["consignee_key", "hs4"]),
    ("quantity", ["licence_key"]),
    ("log_gross_mass", ["hs2"]),
)


def test_a_norm_is_the_same_whatever_rows_before_were_asked_beside_it() -> None:
    """One table after the other is told at once what those before it were asked one by one."""
    many = factory.shipments(
        9, lodged_at=pd.Timestamp("2026-01-06 18:00", tz="UTC"), consignee_id="R1"
    )
    many["hs_code"] = pd.array(["847989", None, "010121"] * 3, dtype=many["hs_code"].dtype)
    many["consignee_id"] = pd.array(["R1", "R1", None] * 3, dtype=many["consignee_id"].dtype)
    given = view(many, SHIPMENT)
    history = Snapshot.from_views([past(hs_code="847989")])
    for rows in (given, given.iloc[:1], given.iloc[3:].reset_index(drop=True), today()):
        seen = View.over(rows)
        for measure, by in ASKED:
            alone = Snapshot.from_views([past(hs_code="847989")]).norm(rows, measure, by)
            assert history.norm(seen, measure, by).table().set_axis(rows.index).equals(alone)


def test_a_norm_is_told_of_rows_that_lack_what_those_before_them_were_asked_by() -> None:
    history, rows = Snapshot.from_views([past()]), today()
    for measure, by in ASKED:
        history.norm(View.over(rows), measure, by)
    bare = View.over(rows[["time", "hs6"]])
    assert history.norm(bare, *ASKED[0])["n"].tolist() == [5.0]
    with pytest.raises(KeyError, match="hs4"):
        history.norm(bare, *ASKED[1])


def test_a_norm_that_cannot_be_told_is_not_asked_beside_those_that_can() -> None:
    """What one broken sign asks of the past is no fault of the features of later rows."""
    history, rows = Snapshot.from_views([past()]), today()
    first = View.over(rows)
    history.norm(first, *ASKED[0])
    with pytest.raises(TypeError):
        history.norm(first, "log_gross_mass", ["time"])
    assert history.norm(View.over(rows), *ASKED[0])["n"].tolist() == [5.0]


def test_partners_counts_each_pair_once() -> None:
    senders = ["A", "A", "B", "B", "C", "A", "D", "D", "D", "D"]
    history = Snapshot.from_views([past(consignor_id=senders)])
    assert history.partners(today(), ["consignor_key"], ["consignee_key"]).tolist() == [3.0]
    recent = history.partners(today(), ["consignor_key"], ["consignee_key"], days=2)
    assert recent.tolist() == [1.0]  # only C was first seen in the two days before


def test_norms_are_of_earlier_declarations() -> None:
    history = Snapshot.from_views([past(gross_mass_kg=[100.0] * 4 + [200.0] * 6)])
    norm = history.norm(today(), "log_gross_mass", ["hs6"])
    assert norm["n"].tolist() == [5.0]
    assert norm["mean"].iloc[0] == pytest.approx((4 * 4.60517 + 5.298317) / 5, abs=1e-3)


def test_a_norm_of_one_row_is_that_of_many_where_sums_go_past_64_bits() -> None:
    """Of all keys together: what lies between two of these sums is right all the same."""
    key, time = pd.Series(range(12_000), dtype="Int64") % 3, pd.Timestamp("2026-01-01", tz="UTC")
    history = Snapshot(pd.DataFrame({"party_key": key, "quantity": 1e12, "time": time}))
    rows = pd.DataFrame({"party_key": key[:3], "time": time + pd.Timedelta(days=9)})
    many = history.norm(rows, "quantity", ["party_key"])
    assert many["mean"].tolist() == [1e12] * 3
    for n in range(3):
        one = history.norm(rows.iloc[[n]], "quantity", ["party_key"])
        pd.testing.assert_frame_equal(one, many.iloc[[n]], check_exact=True)


def test_a_find_counts_from_the_day_it_became_known() -> None:
    found = past().iloc[:1].assign(time=pd.Timestamp("2026-01-06 09:00", tz="UTC"))
    history = Snapshot.from_views([past()], finds=[found])
    assert history.finds(today(), ["consignee_key"]).tolist() == [0.0]
    later = today(lodged_at=pd.Timestamp("2026-01-07 01:00", tz="UTC"))
    assert history.finds(later, ["consignee_key"]).tolist() == [1.0]


def test_an_empty_history_answers_too() -> None:
    history = Snapshot()
    assert history.count(today(), ["consignee_key"]).tolist() == [0.0]
    assert history.age(today()).tolist() == [0.0]
    assert history.first_seen(today(), ["consignee_key"]).isna().all()
    assert history.norm(today(), "log_gross_mass", ["hs6"])["n"].tolist() == [0.0]


def test_renaming_parties_one_to_one_changes_no_answer() -> None:
    history = Snapshot.from_views([past(consignor_id=list("AABBCADDDD"))])
    renamed = Snapshot.from_views([past(consignor_id=list("XXYYZXWWWW"))])
    one, other = today(consignor_id="A"), today(consignor_id="X")
    for by in (["consignor_key"], ["consignor_key", "consignee_key"]):
        assert history.count(one, by).equals(renamed.count(other, by))


def test_a_view_holds_no_protected_and_no_identity_column() -> None:
    seen = set(view(factory.shipments(1), SHIPMENT).columns)
    hidden = {column.name for column in SHIPMENT.columns if column.protection}
    assert not seen & hidden
    assert not seen & set(SHIPMENT.codes)


def test_a_table_asked_about_after_another_gets_its_own_answers() -> None:
    history = Snapshot.from_views([past()])
    known, stranger = today(), today(consignee_id="R2")
    later = today(lodged_at=pd.Timestamp("2026-01-09 18:00", tz="UTC"))
    asked = [known, stranger, later, known]
    assert [history.count(one, ["consignee_key"]).item() for one in asked] == [5.0, 0.0, 8.0, 5.0]
    assert history.count(known.assign(time=later["time"]), ["consignee_key"]).item() == 8.0
