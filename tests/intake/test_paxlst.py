"""The reader of passenger and crew lists."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import partial

import pytest

from riskprofile.intake.edifact_times import birth_date
from riskprofile.intake.paxlst import PaxlstReader
from riskprofile.intake.reader import Offices
from riskprofile.intake.sensitive import SERVICES, sensitive
from riskprofile.profiles import TRAVELLER
from tests.intake import helpers
from tests.intake.helpers import FIXTURES, read

LIST = FIXTURES / "paxlst.edi"
READER = PaxlstReader(Offices(countries=frozenset({"US"})))
changed = partial(helpers.changed, READER, LIST)


def test_segments_and_qualifiers_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, LIST)
    expected = {
        "crossing_at": "2026-09-01T22:15:00-04:00",
        "crossing_point": "JFK",
        "crossing_kind": "airport",
        "direction": "entry",
        "transport_mode": "air",
        "carrier": "FN",
        "service_number": "FN0123",
        "origin": "NBO",
        "destination": "BOS",
        "route": "NBO|ADD|JFK",
        "name": "OAKLEY, MIRIAM JUNE",
        "born": "1972-09-07",
        "sex": "F",
        "nationality": "KEN",
        "residence": "KEN",
        "document_type": "P",
        "document_number": "AK0000001",
        "document_issuer": "KEN",
        "party_ref": "QWERTY",
        "party_size": "2",
        "checked_bags": "3",
        "bag_mass_kg": "45.359237",
        "bag_tags": "FN998|FN999|FN500100",
    }
    first = rows.iloc[0]
    assert {name: first[name] for name in expected} == expected
    assert not rejected
    assert rows["warnings"].isna().tolist() == [True, True, True, False]
    assert set(rows.columns) <= {*TRAVELLER.names, "source", "line", "warnings"}


def test_a_row_names_the_segment_it_came_from_and_what_else_the_message_carried() -> None:
    rows, _ = read(READER, LIST)
    assert rows["line"].tolist() == [14, 36, 43, 46]
    extra = json.loads(rows["extra"][0])
    assert extra["role"] == "passenger"
    assert extra["references"] == {"SEA": "12A"}
    assert extra["documents"] == [
        {"type": "V", "number": "V777", "expires": "2027-12-31", "issuer": "USA"}
    ]


def test_a_released_apostrophe_is_part_of_the_name() -> None:
    assert read(READER, LIST)[0]["name"][1] == "O'BRIAR, TAM"


def test_travellers_who_share_a_reference_or_a_name_are_each_a_crossing() -> None:
    before = read(READER, LIST)[0]["crossing_id"]
    rows = changed(
        ("RFF+ABO:TR0003", "RFF+ABO:TR0001"),
        ("NAD+FM+++THORN:ADA", "NAD+FL+++O?'BRIAR:TAM"),
        ("DTM+329:20200101:102'\n", ""),
        ("RFF+AVF:QWERTY'\nDOC+P+C01", "DOC+P+C01"),
    )
    assert rows["name"].tolist()[1::2] == ["O'BRIAR, TAM"] * 2
    assert rows["born"].isna().tolist() == [False, True, True, True]
    assert rows["crossing_id"].nunique() == 4
    assert not set(rows["crossing_id"][[0, 2]]) & set(before)


def test_a_traveller_listed_twice_under_one_reference_is_one_crossing() -> None:
    again = "NAD+FL+++OAKLEY:MIRIAM:JUNE'\nDTM+329:720907:101'\nRFF+ABO:TR0001'\nDOC+P+AK2'\n"
    rows = changed(("NAD+FM", f"{again}NAD+FM"), ("UNT+49", "UNT+53"), ("CNT+42:3", "CNT+42:4"))
    assert (
        rows["crossing_id"][3] == rows["crossing_id"][0] == read(READER, LIST)[0]["crossing_id"][0]
    )


def test_a_list_of_one_of_a_booking_updates_the_crossing_where_the_booking_is_the_reference() -> (
    None
):
    """All of it bear the locator as their own reference: one alone showed none that share it."""
    text = LIST.read_text().replace("RFF+ABO:TR0001'", "RFF+ABO:QWERTY'")
    text = text.replace("NAT+2+D'\nRFF+AVF:QWERTY'", "NAT+2+D'\nRFF+AVF:QWERTY'RFF+ABO:QWERTY'")
    alone = text[: text.index("NAD+FL+++O?'BRIAR")] + text[text.index("CNT+42") :]
    first, again = (read(READER, one.encode())[0]["crossing_id"] for one in (text, alone))
    assert again.tolist() == first.tolist()[:1]


def test_of_what_stands_twice_the_first_counts_and_places_and_references_are_all_kept() -> None:
    twice = "RFF+SEA:12A'RFF+SEA:14C'RFF+AVF:ZZZZZZ'RFF+ABO:TR9999'"
    row = changed(
        ("NAT+2+KEN'", "NAT+2+KEN'NAT+2+UGA'LOC+174+UGA'LOC+179+ORD'LOC+22+BOS'"),
        ("ATT+2++F'", "ATT+2++F'ATT+2++M'DTM+329:19800101:102'"),
        ("DTM+329:720907:101'", ""),
        ("RFF+SEA:12A'", twice),
    ).iloc[0]
    columns = ["nationality", "residence", "sex", "born", "destination", "party_ref"]
    assert row[columns].tolist() == ["KEN", "KEN", "F", "1980-01-01", "BOS", "QWERTY"]
    assert row["crossing_id"] == read(READER, LIST)[0]["crossing_id"][0]
    extra = json.loads(row["extra"])
    assert extra["places"] == {"22": ["JFK", "BOS"], "179": "ORD"}
    assert extra["references"] == {"SEA": ["12A", "14C"], "AVF": "ZZZZZZ", "ABO": "TR9999"}
    assert extra["dropped"] == 3  # of nationality, residence and sex one is kept
    assert "UGA" not in row.to_json()


def test_who_is_in_transit_crosses_in_transit() -> None:
    assert read(READER, LIST)[0]["direction"].tolist() == ["entry", "entry", "transit", "entry"]


def test_a_missing_or_impossible_birth_date_or_document_type_keeps_the_traveller() -> None:
    rows, _ = read(READER, LIST)
    assert rows["born"].isna().tolist() == [False, False, True, True]
    assert rows["warnings"][3] == "date_unreadable|document_without_type"


def test_a_flight_that_leaves_the_country_served_is_an_exit_at_departure() -> None:
    rows, _ = read(PaxlstReader(Offices(countries=frozenset({"KE"}))), LIST)
    assert rows["direction"][0] == "exit"
    assert rows["crossing_point"][0] == "NBO"
    assert rows["crossing_at"][0] == "2026-09-01T10:00:00+03:00"


def test_without_a_country_served_the_direction_is_missing_and_named() -> None:
    rows, _ = read(PaxlstReader(), LIST)
    assert rows["direction"].dropna().tolist() == ["transit"]
    assert rows["crossing_point"][0] == "JFK"
    assert "direction_unknown" in rows["warnings"][0]


def test_the_time_at_an_unknown_airport_stays_naive() -> None:
    assert changed(("JFK", "ZZ9"))["crossing_at"][0] == "2026-09-01T22:15:00"


def test_a_time_in_the_slot_of_the_arrival_date_is_read_as_the_time() -> None:
    rows = changed(("DTM+232:2609012215:201", "DTM+232:2215"))
    assert rows["crossing_at"][0] == "2026-09-01T22:15:00-04:00"
    assert rows["warnings"][0] == "time_in_date_slot"


def test_an_arrival_without_its_time_is_named() -> None:
    rows = changed(("DTM+232:2609012215:201", "DTM+232:260901:101"))
    assert rows["crossing_at"][0] == "2026-09-01T00:00:00-04:00"
    assert rows["warnings"][0] == "time_missing"


@pytest.mark.parametrize("odd", ["2609012515", "2613012215", "26090122", "next day"])
def test_an_impossible_arrival_is_missing_and_named_never_rolled_over(odd: str) -> None:
    rows = changed(("DTM+232:2609012215", f"DTM+232:{odd}"))
    assert "crossing_at" not in rows or rows["crossing_at"].isna().all()
    assert "date_unreadable" in rows["warnings"][0]


def test_a_two_digit_birth_year_takes_the_latest_century_not_after_the_message() -> None:
    sent = date(2026, 9, 1)
    assert birth_date("260901", sent) == "2026-09-01"
    assert birth_date("260902", sent) == "1926-09-02"
    assert birth_date("000229", sent) == "2000-02-29"
    assert birth_date("280229", sent) == "1928-02-29"
    assert birth_date("990229", sent) is None
    assert birth_date("19991301", sent) is None


def test_a_list_sent_again_gives_the_same_crossings_in_any_order_of_travellers() -> None:
    text = LIST.read_text()
    head, *groups = text.split("NAD+F")
    tail = groups[-1][groups[-1].index("CNT") :]
    groups[-1] = groups[-1].removesuffix(tail)
    again = "NAD+F".join([head, *reversed(groups)]) + tail
    again = again.replace("260901:0930", "260901:2000").replace("000000001", "000000002")
    first, second = read(READER, text.encode())[0], read(READER, again.encode())[0]
    assert set(first["crossing_id"]) == set(second["crossing_id"])
    assert len(set(first["crossing_id"])) == 4


def test_two_documents_of_one_number_and_different_issuers_are_two_persons() -> None:
    first = read(READER, LIST)[0]["person_ref"][0]
    assert first == changed(("AK0000001", "ak 0000001"))["person_ref"][0]
    assert first != changed(("LOC+91+KEN", "LOC+91+UGA"))["person_ref"][0]
    assert "AK0000001" not in first


def test_every_bag_segment_counts_when_no_total_is_given() -> None:
    rows = changed(("MEA+CT++:3'", ""))
    assert rows["checked_bags"][0] == "3"
    assert rows["bag_tags"][0] == "FN998|FN999|FN500100"


@pytest.mark.parametrize(
    "code", ["VGML", "WCHR", "BLND", "4111111111111111", "4111 1111-1111 1111"]
)
def test_meals_health_disability_and_card_numbers_are_never_emitted(code: str) -> None:
    text = LIST.read_text().replace(
        "RFF+SEA:12A'", f"RFF+SSR:{code}'FTX+SSR+++{code}'COM+{code}:X'"
    )
    text = text.replace("UNT+49", "UNT+52").replace("NAT+2+KEN'", f"NAT+2+KEN'ZZZ+{code}'", 1)
    assert text.count(code) == 4
    table, _ = read(READER, text.encode())
    assert code not in table.to_json()
    assert "MIRIAM" in table.to_json()
    assert not table["warnings"].fillna("").str.contains("count").any()  # all was counted, so read


def test_every_protected_code_is_known_as_such() -> None:
    assert all(sensitive(f"RQST {code} ON REQUEST") for code in SERVICES)
    assert not sensitive("SEAT 12A, TICKET 0011234567890")


def test_counts_that_differ_warn_every_traveller_of_the_message() -> None:
    assert changed(("CNT+42:3", "CNT+42:5"))["warnings"].tolist()[0] == "edifact_cnt_count_short"
    assert changed(("CNT+42:3", "CNT+42:1"))["warnings"].tolist()[0] == "edifact_cnt_count"


def test_unknown_segments_are_counted_and_reported_and_the_travellers_kept() -> None:
    rows = changed(("NAT+2+KEN'", "ZZZ+1'ZZZ+2'NAT+2+KEN'"))
    assert len(rows) == 4
    assert "edifact_unknown_segment" in rows["warnings"][0]
    assert json.loads(rows["extra"][0])["unknown_segments"] == {"ZZZ": 2}


def test_a_cut_message_is_quarantined_whole_and_the_one_beside_it_kept() -> None:
    text = LIST.read_text()
    body = text[text.index("UNH") : text.index("\nUNE") + 1]
    cut = body[: body.index("NAD+DDU")]
    rows, rejected = read(READER, text.replace(body, cut + body).encode())
    assert len(rows) == 4
    assert [(one.reason_code, one.line, one.record_id) for one in rejected] == [
        ("edifact_no_unt", 43, "PAX001")  # where the next message opens
    ]


def test_another_message_type_and_a_list_of_nobody_are_rejections() -> None:
    text = LIST.read_text()
    rows, rejected = read(READER, text.replace("PAXLST:D", "CUSRES:D").encode())
    assert rows.empty
    assert [one.reason_code for one in rejected] == ["edifact_message_type"]
    empty = text[: text.index("NAD+FL")] + "UNT+12+PAX001'UNE+1+1'UNZ+1+000000001'"
    assert [one.reason_code for one in read(READER, empty.encode())[1]] == ["no_travellers"]


def test_a_list_of_all_on_board_says_that_it_is_complete() -> None:
    text = LIST.read_text()
    bgm = re.search(r"BGM\+(\d+)[^']*'", text)
    assert bgm is not None
    closed = text.replace(bgm[0], f"BGM+{bgm[1]}+CLOB'")
    rows, _ = read(READER, closed.encode())
    for at in range(len(rows)):
        scope = json.loads(rows["extra"][at])["message_scope"]
        assert scope["list"] == bgm[1]
        assert rows["crossing_id"][at].startswith(scope["records"])
    assert "message_scope" not in read(READER, LIST)[0]["extra"][0]
    absent, _ = read(READER, closed.replace("+CLOB", "+CLNB").encode())
    assert json.loads(absent["extra"][0])["message_function"] == "cancel"


def test_a_close_out_speaks_of_the_passenger_list() -> None:
    """Carriers close a flight under a code of its own (266), after the list under 745."""
    closed = LIST.read_text().replace("BGM+745'", "BGM+266+CLOB'")
    assert "BGM+266" in closed
    before, after = (read(READER, text)[0]["extra"] for text in (LIST, closed.encode()))
    said = [json.loads(one) for one in (before[0], after[0])]
    assert said[1]["message_scope"]["list"] == said[0]["list"] == said[1]["list"] == "745"
    assert said[1]["message_reference"] == said[0]["message_reference"]


def test_the_reader_claims_what_opens_a_passenger_list() -> None:
    assert READER.claims(LIST.read_bytes(), "x")
    assert not READER.claims(b"UNB+UNOA:1+A+B'UNH+1+CUSCAR:D:95B:UN'", "paxlst.edi")
