"""The reader of passenger name records."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from riskprofile.intake.pnrgov import PnrgovReader
from riskprofile.intake.reader import Offices
from riskprofile.intake.sensitive import SERVICES
from riskprofile.profiles import TRAVELLER
from tests.intake import helpers
from tests.intake.helpers import FIXTURES, read, work

PUSH = FIXTURES / "pnrgov.edi"
READER = PnrgovReader(Offices(countries=frozenset({"US"})))
changed = partial(helpers.changed, READER, PUSH)


def extra(rows: Any, at: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(rows["extra"][at])
    return found


def test_segments_and_qualifiers_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, PUSH)
    expected = {
        "crossing_at": "2026-09-01T22:15:00-04:00",
        "crossing_point": "JFK",
        "crossing_kind": "airport",
        "direction": "entry",
        "transport_mode": "air",
        "carrier": "FN",
        "service_number": "FN123",
        "origin": "NBO",
        "destination": "NBO",
        "route": "NBO|ADD|JFK|NBO",
        "name": "OAKLEY, MIRIAM JUNE",
        "born": "1972-09-07",
        "sex": "F",
        "nationality": "KEN",
        "residence": "KEN",
        "document_type": "P",
        "document_number": "AK0000001",
        "document_issuer": "KEN",
        "party_ref": "QWERTY",
        "party_size": "3",
        "booked_at": "2026-07-24T22:30:00+00:00",
        "ticket_type": "return",
        "payment_method": "card",
        "itinerary_changes": "1",
        "checked_bags": "3",
        "bag_mass_kg": "33",
        "bag_tags": "FN100998|FN100999|FN500100",
    }
    first = rows.iloc[0]
    assert {name: first[name] for name in expected} == expected
    assert set(rows.columns) <= {*TRAVELLER.names, "source", "line", "warnings"}
    assert rows["warnings"].dropna().tolist() == ["document_without_type"]
    assert [(one.reason_code, one.record_id) for one in rejected] == [("no_travellers", "GGGGGG")]


def test_there_is_one_row_for_every_traveller_that_the_bookings_themselves_name() -> None:
    groups, count = PUSH.read_text().split("SRC'")[1:], 0
    for group in groups:  # up to the first leg: behind it names are said again
        count += group[: group.index("\nTVL")].count("\nTIF+")
    rows, rejected = read(READER, PUSH)
    assert len(rows) == count - 1 == 4  # but the one of a group
    assert len(rejected) == 1


def test_an_infants_document_under_the_adult_is_given_to_the_infant() -> None:
    rows, _ = read(READER, PUSH)
    assert rows["document_number"].tolist()[:3] == ["AK0000001", "C01X00T47", "AK0000009"]
    assert (rows["born"][2], rows["sex"][2]) == ("2025-09-20", "F")
    assert extra(rows, 2)["role"] == "infant"


def test_a_document_that_leaves_out_fields_is_read_by_its_date_of_birth() -> None:
    last = read(READER, PUSH)[0].iloc[3]
    assert (last["document_type"], last["document_number"]) == ("P", "D12345678")
    assert (last["born"], last["name"]) == ("1980-02-14", "VALE, ROWAN")


def test_an_impossible_date_of_birth_is_missing_and_named() -> None:
    rows = changed(("07SEP72", "31SEP72"))
    assert rows["born"].isna()[0]
    assert rows["document_number"][0] == "AK0000001"
    assert rows["warnings"][0] == "date_unreadable"


def test_without_a_document_the_name_is_that_of_the_booking_without_its_title() -> None:
    rows = changed(("SSR+DOCS:HK:1:FN:::::/P/KEN/AK0000001", "SSR+CTCM:HK:1:FN:::::/P/KEN/AK0"))
    assert rows["name"][0] == "OAKLEY, MIRIAM JUNE"
    assert extra(rows)["name_as_booked"] == "OAKLEY/MIRIAM JUNEMRS"
    assert rows["born"].isna()[0]


def test_a_shared_flight_is_one_leg_with_two_numbers() -> None:
    for operating in ("TRA+FN+123:Y'", "TVL+++++123:Y'"):
        rows = changed(("TRA+FN+123:Y'", operating))
        assert rows["route"][0] == "NBO|ADD|JFK|NBO"
        assert rows["service_number"][0] == "FN123"
        assert rows["checked_bags"][0] == "3"
        assert extra(rows)["marketing"] == "ZZ4123"


def test_bags_are_those_of_the_leg_that_crosses_and_no_sum_over_legs() -> None:
    again = "RPI+3+HK'\nTRI++NBO-1:::1'\nTBD++3:33:700++HP+FN:100998:2:JFK'\nTVL+010926:1000"
    rows = changed(("RPI+3+HK'\nTVL+010926:1000", again))
    assert (rows["checked_bags"][0], rows["bag_mass_kg"][0]) == ("3", "33")
    assert rows["bag_mass_kg"][1] == "22.6796185"


def test_a_number_in_place_of_a_count_of_tags_never_makes_more_tags_than_bags() -> None:
    rows = changed(("FN:100998:2:JFK", "FN:100998:9:JFK"))
    assert rows["bag_tags"][0] == "FN100998|FN500100"


def test_names_in_the_history_at_check_in_and_of_groups_are_no_travellers() -> None:
    rows = changed(("SAC+++X'", "SAC+++X'\nTIF+MOVED+AWAY:A:9'"))
    assert len(rows) == 4


def test_a_hotel_in_the_itinerary_is_no_leg() -> None:
    hotel = "RPI+3+HK'\nTVL+020926+LHR++HH'\nMSG+8'\nABI+4"
    assert changed(("RPI+3+HK'\nABI+4", hotel))["destination"][0] == "NBO"


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ("TVL+080926:1000:080926:2300+JFK+NBO+FN+124", "return"),
        ("TVL+080926:1000:080926:2300+JFK+MBA+FN+124", "return"),
        ("TVL+080926:1000:080926:2300+JFK+BOS+FN+124", "one_way"),
        ("TVL++JFK+NBO+FN+OPEN", "open"),
        ("TVL++JFK+NBO++ARNK", "one_way"),
    ],
)
def test_the_legs_tell_what_kind_of_ticket_it_is(last: str, kind: str) -> None:
    rows = changed(("TVL+080926:1000:080926:2300+JFK+NBO+FN+124", last))
    assert rows["ticket_type"][0] == kind


@pytest.mark.parametrize(("code", "kind"), [("CA", "cash"), ("CC", "card"), ("GR", "other")])
def test_the_kind_of_payment_is_kept_and_nothing_else_of_it(code: str, kind: str) -> None:
    rows = changed(("FOP+CC::731", f"FOP+{code}::731"))
    assert rows["payment_method"][0] == kind
    assert "731" not in rows.to_json()


def test_a_flight_that_leaves_the_country_served_is_an_exit_at_departure() -> None:
    rows, _ = read(PnrgovReader(Offices(countries=frozenset({"ET"}))), PUSH)
    first = rows.iloc[0]
    assert (first["direction"], first["crossing_point"]) == ("exit", "ADD")
    assert first["crossing_at"] == "2026-09-01T10:00:00+03:00"


def test_without_a_country_served_the_direction_is_missing_and_named() -> None:
    rows, _ = read(PnrgovReader(), PUSH)
    assert "direction" not in rows
    assert "direction_unknown" in rows["warnings"][0]


def test_an_arrival_without_its_day_is_on_the_day_of_departure() -> None:
    rows = changed(
        ("010926:1000:010926:2215+ADD+JFK+FN+123'\nEQN", "010926:1000::2215+ADD+JFK+FN+123'\nEQN")
    )
    assert rows["crossing_at"][0] == "2026-09-01T22:15:00-04:00"


def test_an_impossible_arrival_is_missing_and_named() -> None:
    rows = changed(
        (
            "010926:1000:010926:2215+ADD+JFK+FN+123'\nEQN",
            "010926:1000:320926:2215+ADD+JFK+FN+123'\nEQN",
        )
    )
    assert "crossing_at" not in rows or rows["crossing_at"].isna().all()
    assert "date_unreadable" in rows["warnings"][0]


def test_a_push_again_gives_the_same_crossings_and_a_later_time() -> None:
    first = read(READER, PUSH)[0]
    again = changed(("260901:0930", "260901:2000"), ("MSG+:22'", "MSG+:141'"), ("011D", "012F"))
    assert first["crossing_id"].tolist() == again["crossing_id"].tolist()
    assert len(set(first["crossing_id"])) == 4
    assert (extra(first)["message_function"], extra(again)["message_function"]) == (
        "original",
        "update",
    )
    assert extra(first)["message_at"] < extra(again)["message_at"]


def test_a_crossing_that_the_booking_cancelled_says_so() -> None:
    rows, _ = read(READER, PUSH)
    said = [extra(rows, at)["message_function"] for at in range(4)]
    assert said == ["original", "original", "original", "cancel"]


def test_a_booking_that_nobody_is_left_in_withdraws_its_crossings() -> None:
    text = PUSH.read_text()
    push = text[: text.index("SRC'")] + "SRC'\nRCI+FN:QWERTY'\nUNT+67+PNR001'\nUNZ+1+000000777'"
    rows, rejected = read(READER, push.encode())
    assert (len(rows), rejected) == (1, [])
    whole, _ = read(READER, PUSH)
    said = extra(rows, 0)
    assert said["message_function"] == "cancel"
    assert said["message_scope"]["party_ref"] == "QWERTY"
    assert whole["crossing_id"][0].startswith(said["message_scope"]["records"])
    assert rows["crossing_id"][0] not in set(whole["crossing_id"])


def test_a_count_of_bookings_that_differs_is_a_warning_unless_it_is_of_many_parts() -> None:
    assert "edifact_eqn_count_short" in changed(("EQN+3", "EQN+5"))["warnings"][0]
    assert "edifact_eqn_count" in changed(("EQN+3", "EQN+1"))["warnings"][0].split("|")
    parts = changed(("EQN+3", "EQN+5"), ("+01:F'", "+01:C'"))
    assert parts["warnings"].isna()[0]


def test_a_cut_message_is_quarantined_whole_and_the_one_beside_it_kept() -> None:
    text = PUSH.read_text()
    body = text[text.index("UNH") : text.index("UNZ")]
    cut = body[: body.index("TVL+080926")]
    rows, rejected = read(READER, text.replace(body, cut + body).encode())
    assert len(rows) == 4
    segments = cut.count("'\n") + 2  # UNB before it; the next UNH stands behind it
    assert (rejected[0].reason_code, rejected[0].line) == ("edifact_no_unt", segments)


PLACES = [
    ("SSR", "SSR+VGML", "SSR+{}"),
    ("text of a request", "STRICT NO ONION DIET", "TEXT {}"),
    ("remark", "WCHR TO GATE CARD", "{} CARD"),
    ("remark of a payment", "CARD HOLDER IS DIABETIC", "{}"),
    ("card", ":VI:4111111111111111:0829", ":VI:{}:0829"),
    ("history", "SSR+KSML:HK", "SSR+{}:HK"),
    ("long text", "KOSHER MEAL KSML", "{}"),
    ("unknown segment", "APD+77W'", "APD+77W'\nOSI+FN+{}'"),
    ("contact", "APD+77W'", "APD+77W'\nADD++700:{}:ANYTOWN'"),
    ("number of a document", "AK0000001", "{}"),
    ("country of a document", "/P/KEN/AK0000001", "/P/{}/AK0000001"),
    ("residence", "/R/KEN/20 ELM WAY", "/R/{}/20 ELM WAY"),
    ("a text that breaks off", "STRICT NO ONION DIET", "NO 'N {} DIET"),
    ("agency", "99123456", "{}"),
]
CODES = [*sorted(SERVICES), "4111111111111111", "5500 0055 5555 5559"]


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("at", range(len(PLACES)), ids=[place[0] for place in PLACES])
def test_no_protected_code_or_card_number_reaches_a_row_or_the_quarantine(
    at: int, every: int
) -> None:
    """In the suite each code at three places or four, and at each place a quarter of them."""
    push, place = PUSH.read_text(), PLACES[at]
    assert place[1] in push
    for code in CODES[at % every :: every]:
        rows, rejected = read(READER, push.replace(place[1], place[2].format(code)).encode())
        shown = rows.to_json() + repr(rejected)
        assert code not in shown
        assert len(rows) + len(rejected) >= 1, code
        for word in ("ONION", "DIABETIC", "KOSHER", "CANNOT WALK", "GATE", "ELM WAY"):
            assert word not in shown, code


def test_the_work_grows_with_the_segments_and_no_faster() -> None:
    """Calls of functions, which no other program on the machine can change."""

    def calls(bookings: int) -> int:
        text = PUSH.read_text()
        head, first, *_, last = text.split("SRC'")
        tail = last[last.index("UNT+") :]
        person = "TIF+ELM+ADA:A:{0}'\n"
        person += "SSR+DOCS:HK:1:FN:::::/P/KEN/Z{0:06d}/KEN/07SEP72/F/31JAN31/ELM/ADA+::{0}'\n"
        people = "".join(person.format(at) for at in range(4, 4 + bookings))
        first = first.replace("TVL+310826", people + "TVL+310826", 1)
        legs = "".join(f"TVL+080926:1000+JFK+NBO+FN+{at}:Y'\n" for at in range(bookings))
        first = first.replace("ABI+4", legs + "ABI+4", 1)
        data = head + ("SRC'" + first) + ("SRC'" + last[: last.index("UNT+")]) * bookings + tail
        rows, count = work(READER, data.encode())
        assert rows == 3 + bookings
        return count

    small, large = calls(50), calls(400)
    assert large < 8 * small * 1.1
