"""The register of arms: fed without a second entry, searched by what can be read."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from riskprofile import words
from riskprofile.errors import Conflict, InputError, NotAllowed, RiskProfileError, UsageError
from riskprofile.reference.arms import FLAGS, SEIZURES
from riskprofile.services import arms, finds, iafq, retention, review, settings, tracing, trends
from riskprofile.services.identity import OWNER
from riskprofile.store import erasure
from tests.services.bench import (
    AUDITOR,
    AWAY,
    HERE,
    INES,
    NOW,
    OMAR,
    REASON,
    SARA,
    later,
    put,
    put_offices,
    taken,
)

PISTOL = {
    "kind": "firearm",
    "make": "Kestrel Arms",
    "model": "K-92",
    "calibre": "9x19",
    "serial": "SB0I25",
    "marking": "serial filed off, restored",
    "where_found": "under pins",
}
DECLARED = [
    {
        "goods_description": "garden chairs",
        "transport_mode": "post",
        "country_of_export": "XK",
        "country_of_destination": "NO",
        "route": "XK|DE|DK|NO",
    }
]
OLD = pd.DataFrame(
    {
        "record_number": ["A1", "A2", "A3", "A4"],
        "event": ["seized", "found", "surrendered", "collected"],
        "event_on": ["2019-03-01", "2020-05-06", "2020-07-08", "2021-01-02"],
        "kind": ["firearm"] * 4,
        "make": ["KESTREL", "Corvid", "Corvid Ltd", "Corvid"],
        "model": ["K 92", "C7", "C7", "C7"],
        "serial": ["KX?0517", "778899", "7788990", ""],
        "privately_made": ["no", "no", "no", "yes"],
    }
)


def confirmed(store, items, at=NOW, concealment="inside", **declared):
    """An alert examined, with these items, and confirmed; its id."""
    alert = taken(store, now=at, **{"declaration": DECLARED, **declared})
    review.decide(store, INES, alert, "examine", REASON, at)
    examined(store, alert, items, at, concealment)
    return alert


def examined(store, alert, items, at, concealment="inside", legal_basis=""):
    outcome = review.record_outcome(
        store, INES, alert, "trafficking", at, items=items, methods=["opened"],
        seizure_number="XM-SZ-7", concealment=concealment, legal_basis=legal_basis,
    )  # fmt: skip
    review.confirm_outcome(store, OMAR, outcome, at + timedelta(hours=1))


def examined_anew(store, alert, items, at, **said):
    """The alert is opened again, and its next examination found these."""
    review.reopen(store, SARA, alert, REASON, at)
    review.claim(store, INES, alert, at)
    review.decide(store, INES, alert, "examine", REASON, at)
    examined(store, alert, items, at, **said)


def imported(store, tmp_path: Path, table=OLD, name="old.csv"):
    path = tmp_path / name
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_excel(path, index=False)
    return arms.load(store, OWNER, path, NOW, source="archive of Meridia")


def numbers(found):
    return [(one.number, one.grade) for one in found]


def test_a_confirmed_find_is_in_the_register_without_a_second_entry(any_store):
    confirmed(any_store, [PISTOL, {"kind": "document"}, {"kind": "ammunition", "count": 50}])
    [hit] = arms.search(any_store, SARA, NOW, serial="SB0I25")
    assert hit.grade == "same"
    told = hit.piece
    assert (told["event"], told["event_on"], told["mode"]) == ("seized", "2026-11-24", "mail")
    assert (told["case_number"], told["cover_goods"]) == ("XM-SZ-7", "garden chairs")
    assert (told["departure"], told["transit"], told["destination"]) == ("XK", "DE|DK", "NO")
    assert told["obliterated"] and told["restored"] and told["marking"] == "obliterated"
    assert [hit.number for hit in arms.search(any_store, SARA, NOW, make="kestrell")] == [
        told["record_number"]
    ]


@pytest.mark.parametrize("language", sorted(words.LANGUAGES))
def test_the_answers_that_the_form_names_are_no_marks(any_store, tmp_path, language):
    """Two pistols without a serial are not one piece recorded twice, and bear no serial "none"."""
    none, never = re.findall("[“«] ?(.+?) ?[”»]", words.of(language)("outcome.items_hint"))
    bare = {"kind": "firearm", "make": none.capitalize(), "model": "?", "calibre": "Unknown"}
    alert = confirmed(any_store, [{**bare, "serial": none, "marking": never}] * 2)
    with any_store.read() as connection:
        pieces = arms.kept.of_alert(connection, alert)
    for piece in pieces:
        assert [piece[one] for one in ("make", "model", "calibre", "serial")] == ["", "", "", ""]
        assert piece["marking"] == "unmarked" and "proof_marks" not in piece["details"]
    told = iafq.export(any_store, OWNER, NOW, 2026)
    assert "recorded_twice" not in [one["check"] for one in told["quality"]]
    assert {one["why"].split(";")[0] for one in told["held_back"]} == {"it bears no serial"}
    number = pieces[0]["number"]
    asked = tracing.request(any_store, OWNER, number, tracing.Asking("iarms", "NO"), NOW)
    missing = [one["field"] for one in asked["missing"]]
    assert "make or manufacturer" in missing
    assert "serial number exactly as marked" not in missing  # the marking says why it has none
    imported(any_store, tmp_path, OLD.assign(serial=[none, never.upper(), "illegible", "???1"]))
    found = {one: arms.piece(any_store, AUDITOR, one) for one in ("A1", "A2", "A3", "A4")}
    assert [one["marking"] for one in found.values()] == [
        "unmarked", "unmarked", "unknown", "unique",
    ]  # fmt: skip
    assert [one.get("serial", "") for one in found.values()] == ["", "", "", "???1"]


@pytest.mark.parametrize(
    ("serial", "marking", "told", "flag"),
    [
        ("none", "", "unmarked", ""),
        ("", "never marked", "unmarked", ""),
        ("none", "CIP proof of Ulm", "unmarked", ""),
        ("SIN NUMERO", "", "unmarked", ""),  # capitals often lack their accents
        ("ne\u0301ant", "", "unmarked", ""),  # an accent that is a character of its own
        ("لَم يُوسَم قَطّ", "", "unmarked", ""),
        ("UNKNOWN1", "", "unique", ""),
        ("none", "ground off", "obliterated", "obliterated"),
        ("filed off", "", "obliterated", "obliterated"),
        ("not legible", "", "unknown", ""),
        ("", "unknown", "unknown", ""),
        ("", "", "unknown", ""),
        ("NO 17", "none", "unique", ""),  # a serial, and no other mark
    ],
)
def test_what_the_words_for_a_serial_and_its_marks_say_of_the_marking(
    store, serial, marking, told, flag
):
    alert = confirmed(store, [{"kind": "firearm", "serial": serial, "marking": marking}])
    with store.read() as connection:
        [piece] = arms.kept.of_alert(connection, alert)
    assert piece["marking"] == told
    assert [one for one in FLAGS if piece[one]] == ([flag] if flag else [])


@pytest.mark.parametrize("name", ["record_number", "authority", "make", "model", "serial"])
@pytest.mark.parametrize("more", [0, 1])
def test_an_old_record_of_the_longest_texts_is_stored_and_a_longer_one_kept_back(
    any_store, tmp_path, name, more
):
    """In letters of four bytes each: a longer one is in no index of PostgreSQL."""
    spec, table = SEIZURES.by_name[name], OLD.copy()
    table.loc[1, name] = "".join(chr(0x20000 + 37 * n) for n in range(spec.longest + more))
    told = imported(any_store, tmp_path, table)
    assert [one.reason_code for one in told.rejected] == ["text_too_long"] * more


def test_a_later_examination_that_finds_no_serial_says_so(store):
    """The serial that the one before read was none: it finds nothing any more."""
    alert = confirmed(store, [{**PLAIN, "serial": "X1111"}])
    examined_anew(store, alert, [{**PLAIN, "serial": "none"}], later(days=1))
    with store.read() as connection:
        [piece] = arms.kept.of_alert(connection, alert)
    assert (piece["serial"], piece["marking"]) == ("", "unmarked")
    assert arms.search(store, SARA, NOW, serial="X1111") == []


def test_what_nobody_confirmed_is_in_no_register(store):
    alert = taken(store, declaration=DECLARED)
    review.decide(store, INES, alert, "examine", REASON, NOW)
    review.record_outcome(
        store, INES, alert, "trafficking", NOW, items=[PISTOL], methods=["opened"]
    )
    assert arms.search(store, SARA, NOW, serial="SB0I25") == []


def test_a_piece_that_is_found_again_stays_what_it_is(any_store):
    """Its number, its day, what was added, and its trace: the others go, new ones come."""
    items = [PISTOL, {"kind": "part", "part": "slide"}, {"kind": "ammunition", "count": 50}]
    alert = confirmed(any_store, items)
    [hit] = arms.search(any_store, SARA, NOW, serial="SB0I25")
    changes = {"country_of_manufacture": "XK", "converted": "yes", "event": "found"}
    changes |= {"legal_basis": "possession"}
    arms.amend(any_store, OWNER, hit.number, changes, NOW)
    arms.hand_over(any_store, OWNER, hit.number, "North Gate", "laboratory", NOW)
    asked = tracing.request(any_store, OWNER, hit.number, tracing.Asking("iarms", "NO"), NOW)
    tracing.answer(any_store, OWNER, asked["id"], "traced", NOW)
    laboratory = {**PISTOL, "serial": "SB0125", "marking": "serial clear"}
    items = [{"kind": "ammunition", "count": 48}, laboratory, {"kind": "part", "part": "barrel"}]
    examined_anew(any_store, alert, items, later(days=60))
    [again] = arms.search(any_store, SARA, NOW, serial="SB0I25")
    told = arms.piece(any_store, SARA, again.number)
    assert (again.number, told["serial"], told["event_on"]) == (hit.number, "SB0125", "2026-11-24")
    assert (told["event"], told["country_of_manufacture"]) == ("found", "XK")
    assert told["legal_basis"] == "possession"
    assert told["converted"] and not told["obliterated"] and told["marking"] == "unique"
    assert [one["kind"] for one in told["events"]] == ["amended", "custody", "amended"]
    told = iafq.export(any_store, OWNER, NOW, 2026)
    assert told["16.4.2"]["parts"] == {"national": 0, "traced": 1, "other": 0}
    figures = {one["id"]: [list(row.values()) for row in one["rows"]] for one in told["figures"]}
    assert figures["ammunition"] == [["", 1, 48]]
    assert figures["parts"] == []  # the slide was none, and the barrel is of another year
    told = iafq.export(any_store, OWNER, NOW, 2027)
    assert [one["rows"] for one in told["figures"] if one["id"] == "parts"] == [
        [{"of": "barrel", "records": 1, "pieces": 1}]
    ]


def test_the_legal_basis_is_what_an_outcome_states_and_stays_while_none_states_another(any_store):
    alert = confirmed(any_store, [PISTOL])
    [hit] = arms.search(any_store, SARA, NOW, serial="SB0I25")
    for stated, basis in (
        ("", "trafficking"),
        ("possession", "possession"),
        ("", "possession"),
        ("trafficking", "trafficking"),
    ):
        examined_anew(any_store, alert, [PISTOL], later(days=1), legal_basis=stated)
        assert arms.piece(any_store, SARA, hit.number)["legal_basis"] == basis, stated


def test_what_is_stored_of_a_seizure_is_told_to_the_office_of_its_alert(any_store, tmp_path):
    items = [PISTOL, {"kind": "ammunition", "count": 50}, {"kind": "document"}]
    alert = taken(any_store)
    assert finds.stored(any_store, INES, alert) == finds.Stored()
    review.decide(any_store, INES, alert, "examine", REASON, NOW)
    examined(any_store, alert, items, NOW)
    [hit] = arms.search(any_store, SARA, NOW, serial="SB0I25")
    for name in ("one", "two", "one"):
        (tmp_path / f"{name}.jpg").write_text(name)
        arms.add_photo(any_store, OWNER, hit.number, tmp_path / f"{name}.jpg", "frame", NOW)
    arms.hand_over(any_store, OWNER, hit.number, "North Gate", "laboratory", NOW, seal="S-1")
    arms.hand_over(any_store, OWNER, hit.number, "laboratory", "court", NOW)
    asked = tracing.request(any_store, OWNER, hit.number, tracing.Asking("iarms", "NO"), NOW)
    told = finds.stored(any_store, INES, alert)
    assert told == finds.Stored(pieces=51, photos=2, seal="S-1", traces=1)
    tracing.answer(any_store, OWNER, asked["id"], "traced", NOW)
    assert finds.stored(any_store, INES, alert).answered == 1
    with pytest.raises(NotAllowed):
        finds.stored(any_store, AWAY, alert)


def test_a_piece_that_was_not_found_again_says_so_until_it_is(any_store):
    other = {**PISTOL, "serial": "ZZ77"}
    alert = confirmed(any_store, [PISTOL, other])
    [hit] = arms.search(any_store, SARA, NOW, serial="SB0I25")
    examined_anew(any_store, alert, [other], later(days=1))
    assert arms.search(any_store, SARA, NOW, serial="SB0I25") == []
    told = arms.piece(any_store, SARA, hit.number)
    assert told["replaced_at"].startswith("2026-11-25")
    with pytest.raises(Conflict, match="replaced by a later examination"):
        tracing.establish(any_store, OWNER, hit.number, "national", later(days=1))
    examined_anew(any_store, alert, [PISTOL], later(days=2))  # it was there
    [back] = arms.search(any_store, SARA, NOW, serial="SB0I25")
    told = arms.piece(any_store, SARA, hit.number)
    assert (back.number, "replaced_at" in told) == (hit.number, False)
    assert arms.search(any_store, SARA, NOW, serial="ZZ77") == []


PLAIN = {"kind": "firearm", "make": "Kestrel", "model": "K-92", "calibre": "9x19"}
ROUNDS = {"kind": "ammunition", "calibre": "9x19"}


@pytest.mark.parametrize(
    ("first", "anew", "amended"),
    [
        # Unmarked, and marked with a serial that was misread.
        ([{**PLAIN, "serial": "X1111"}, PLAIN], [PLAIN, {**PLAIN, "serial": "X2222"}], {}),
        ([{**PLAIN, "serial": "12"}, {**PLAIN, "serial": "12", "make": "Corvid"}], [], {}),
        ([{**ROUNDS, "count": 50}, {**ROUNDS, "count": 20}], [], {}),
        # The keeper of the register knew better than the counter.
        ([ROUNDS, PLAIN], [], {"calibre": "9x18"}),
    ],
)
def test_of_two_pieces_alike_each_stays_itself_in_whatever_order(any_store, first, anew, amended):
    alert = confirmed(any_store, first)
    with any_store.read() as connection:
        held = arms.kept.of_alert(connection, alert)
    numbers = [one["number"] for one in held]
    for number in numbers if amended else ():
        arms.amend(any_store, OWNER, number, amended, NOW)
    anew = anew or first[::-1]
    examined_anew(any_store, alert, anew, later(days=1))
    with any_store.read() as connection:
        held = arms.kept.of_alert(connection, alert)
    assert [one["number"] for one in held] == numbers
    for piece, said in zip(held, anew[::-1], strict=True):
        assert {name: piece[name] for name in said} == said


def test_the_day_of_a_find_is_that_of_its_office(any_store):
    """Half past midnight of the new year in Paris is the old one in UTC."""
    at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    office = {"code": HERE, "name": "Port Meridia", "zone": "Europe/Paris", "country": "XM"}
    put_offices(any_store, [office])
    confirmed(any_store, [PISTOL], at=at)
    [hit] = arms.search(any_store, SARA, NOW, serial="SB0I25")
    assert (hit.piece["event_on"], hit.piece["country"]) == ("2027-01-01", "XM")
    told = iafq.export(any_store, OWNER, at)
    assert told["year"] == 2027
    assert "day_ahead" not in [one["check"] for one in told["quality"]]
    assert trends.trends(any_store, SARA, at).figures["arms"] == 1


def test_places_of_a_journey_are_countries_in_the_register(store):
    told = {"origin": "IST", "route": "IST|CDG|FRA|OSL", "destination": "NOOSL"}
    confirmed(store, [PISTOL], declaration=[{**told, "transport_mode": "air"}])
    [hit] = arms.search(store, SARA, NOW, serial="SB0I25")
    assert [hit.piece[one] for one in ("departure", "transit", "destination")] == [
        "TR", "FR|DE", "NO",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["old.csv", "old.xlsx"])
def test_old_records_come_in_once_and_are_corrected_by_a_later_file(any_store, tmp_path, name):
    told = imported(any_store, tmp_path, name=name)
    assert (told.read, told.accepted, told.duplicate) == (4, 4, 0)
    told = imported(any_store, tmp_path, name=name)
    assert (told.read, told.accepted, told.duplicate) == (4, 0, 4)
    table = OLD.assign(serial=["KX10517", "778899", "7788990", ""])
    told = imported(any_store, tmp_path, table, name=name)
    assert (told.read, told.accepted, told.duplicate) == (4, 1, 3)
    piece = arms.piece(any_store, AUDITOR, "A1")
    assert piece["serial"] == "KX10517" and piece["authority"] == "archive of Meridia"
    assert piece["events"][0]["before"] == {"serial": "KX?0517"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"serial": "KXIO517"}, [("A1", "uncertain")]),
        ({"serial": "O5I7"}, [("A1", "partial")]),
        ({"serial": "77B899"}, [("A2", "alike"), ("A3", "partial")]),
        ({"serial": "7788?90"}, [("A3", "uncertain"), ("A2", "partial")]),
        ({"serial": "778799"}, [("A2", "near")]),
        ({"serial": "77"}, [("A3", "partial"), ("A2", "partial")]),
        ({"serial": "7788", "make": "kestrel"}, []),
        ({"make": "Corvyd"}, [("A4", ""), ("A3", ""), ("A2", "")]),
        ({"make": "Kestrel arms", "model": "k92"}, [("A1", "")]),
        ({"model": "K93"}, []),
    ],
)
def test_a_search_finds_what_was_read_otherwise(any_store, tmp_path, asked, found):
    imported(any_store, tmp_path)
    assert numbers(arms.search(any_store, SARA, NOW, **asked)) == found


def test_a_common_beginning_hides_nothing(any_store, tmp_path, monkeypatch):
    monkeypatch.setattr(arms.kept, "COMMON", 2)
    imported(any_store, tmp_path)
    table = OLD.assign(record_number=["B1", "B2", "B3", "B4"], serial=[f"77889{n}" for n in "1234"])
    imported(any_store, tmp_path, table, "more.csv")
    assert numbers(arms.search(any_store, SARA, NOW, serial="77889"))[0][1] == "partial"
    assert len(arms.search(any_store, SARA, NOW, serial="77889")) == 6
    assert numbers(arms.search(any_store, SARA, NOW, serial="778892"))[0] == ("B2", "same")


def test_the_serial_of_a_slide_finds_its_pistol(any_store, tmp_path):
    elsewhere = ["ZZ48151|NW-62342", "", "", ""]
    imported(any_store, tmp_path, OLD.assign(serial_elsewhere=elsewhere))
    found = arms.search(any_store, SARA, NOW, serial="NW6Z342")
    assert numbers(found) == [("A1", "alike")]
    assert numbers(arms.search(any_store, SARA, NOW, serial="KX10517")) == [("A1", "uncertain")]
    arms.amend(any_store, OWNER, "A1", {"serial_elsewhere": "ZZ48151"}, NOW)
    assert arms.search(any_store, SARA, NOW, serial="NW62342") == []
    assert numbers(arms.search(any_store, SARA, NOW, serial="4815")) == [("A1", "partial")]


def test_too_little_is_refused(store):
    with pytest.raises(UsageError, match="too little"):
        arms.search(store, SARA, NOW, serial="A?")
    with pytest.raises(UsageError, match="nothing"):
        arms.search(store, SARA, NOW)


def test_own_numbers_cannot_be_imported(store, tmp_path):
    with pytest.raises(InputError, match="given by this register"):
        imported(store, tmp_path, OLD.assign(record_number=["RP-1", "A2", "A3", "A4"]))


def test_equal_numbers_of_two_authorities_are_two_records(any_store, tmp_path):
    """In one file and in two; the other one's next file corrects its own, and a typing error in
    the name of an authority doubles nothing.
    """
    police = {"event": "seized", "event_on": "2024-03-01", "kind": "firearm", "authority": "Police"}
    rows = [
        {**police, "record_number": "17", "serial": "PL77001"},
        {**police, "record_number": "17", "serial": "CU88002", "authority": "Coast Guard"},
    ]
    assert imported(any_store, tmp_path, pd.DataFrame(rows)).accepted == 2
    assert imported(any_store, tmp_path, pd.DataFrame(rows)).duplicate == 2
    again = [
        {**rows[0], "authority": "Polcie"},
        {**rows[1], "authority": "COAST  guard", "make": "Corvid"},
    ]
    for row in again:
        assert imported(any_store, tmp_path, pd.DataFrame([row])).accepted == 1
    for number, serial in (("17", "PL77001"), ("17 (COAST GUARD)", "CU88002")):
        told = arms.piece(any_store, SARA, number)
        assert (told["serial"], [one["kind"] for one in told["events"]]) == (serial, ["amended"])


def test_the_same_file_again_changes_nothing_whosever_the_numbers_are(store, tmp_path):
    """Neither where two records are alike in all but the authority, nor where this was amended."""
    police = {"event": "seized", "event_on": "2024-03-01", "kind": "ammunition", "count": 20}
    rows = pd.DataFrame([{**police, "record_number": "17", "authority": "Police"}] * 2)
    rows.loc[1, "authority"] = "Coast Gard"
    assert imported(store, tmp_path, rows).accepted == 2
    assert imported(store, tmp_path, rows).duplicate == 2
    rows.loc[1, "record_number"] = "18"
    assert imported(store, tmp_path, rows).accepted == 1
    arms.amend(store, OWNER, "18", {"authority": "Coast Guard"}, NOW)
    assert imported(store, tmp_path, rows).duplicate == 2


def test_a_correction_keeps_what_was_said_before(any_store, tmp_path):
    imported(any_store, tmp_path)
    arms.amend(any_store, OWNER, "A1", {"serial": "KX90517", "converted": "yes"}, NOW)
    [hit] = arms.search(any_store, SARA, NOW, serial="KX90517")
    assert hit.grade == "same" and hit.piece["converted"] is True
    assert arms.search(any_store, SARA, NOW, serial="KX10517")[0].grade == "near"
    told = imported(any_store, tmp_path)  # the same file again takes nothing back
    assert (told.accepted, told.duplicate) == (0, 4)
    [event] = arms.piece(any_store, SARA, "A1")["events"]
    assert event["before"]["serial"] == "KX?0517"
    with pytest.raises(RiskProfileError, match="yes nor no"):
        arms.amend(any_store, OWNER, "A1", {"converted": "perhaps"}, NOW)
    with pytest.raises(UsageError, match="possessor"):
        arms.amend(any_store, OWNER, "A1", {"possessor": "x"}, NOW)


def test_a_chain_of_custody_has_no_gap(store, tmp_path):
    imported(store, tmp_path)
    arms.hand_over(store, OWNER, "A1", "North Gate", "laboratory", NOW, "S-1")
    with pytest.raises(RiskProfileError, match="ended with laboratory"):
        arms.hand_over(store, OWNER, "A1", "North Gate", "store", later(hours=1))
    arms.hand_over(store, OWNER, "A1", "laboratory", "store", later(hours=1))
    photo = tmp_path / "frame.png"
    photo.write_bytes(b"picture")
    digest = arms.add_photo(store, OWNER, "A1", photo, "frame", later(hours=2))
    events = arms.piece(store, SARA, "A1")["events"]
    assert [one["kind"] for one in events] == ["custody", "custody", "photo"]
    assert events[0]["seal"] == "S-1" and events[2]["sha256"] == digest


def test_a_serial_that_a_spreadsheet_cut_is_none(store, tmp_path):
    file = tmp_path / "old.csv"
    file.write_text(
        "record_number,event,event_on,kind,serial,serial_elsewhere\n"
        "A1,seized,2019-03-01,firearm,1.23E+17,\n"
        "A2,seized,2019-03-01,firearm,KX2,1.23E+17\n"
    )
    told = arms.load(store, OWNER, file, NOW)
    assert (told.accepted, told.warnings) == (2, {"digits_lost": 2})
    assert "serial" not in arms.piece(store, SARA, "A1")
    assert "serial_elsewhere" not in arms.piece(store, SARA, "A2")
    cut = "'1.23E\\+17' is a number that a spreadsheet cut: its last digits are lost"
    for column in ("serial", "serial_elsewhere"):
        with pytest.raises(RiskProfileError, match=f"{column} {cut}"):
            arms.amend(store, OWNER, "A2", {column: "1.23E+17"}, NOW)
    assert arms.piece(store, SARA, "A2")["serial"] == "KX2"


def test_an_empty_file_is_no_photo(store, tmp_path):
    imported(store, tmp_path)
    photo = tmp_path / "frame.png"
    photo.touch()
    with pytest.raises(InputError, match="the file is empty") as refused:
        arms.add_photo(store, OWNER, "A1", photo, "frame", NOW)
    assert refused.value.do == "Copy the photo here again"
    assert arms.piece(store, SARA, "A1")["events"] == []


def test_officers_see_no_way_to_change_the_register(store):
    put(store)
    with pytest.raises(RiskProfileError, match="may not do this"):
        arms.amend(store, INES, "A1", {"serial": "X"}, NOW)


def test_words_of_the_counter_leave_the_register_with_the_crossing(any_store):
    """What the keeper of the register wrote instead stays."""
    coat = {**PISTOL, "where_found": "in the coat of Zq Oryndel\n"}
    alert = confirmed(any_store, [coat, {"kind": "part", "part": "slide"}], concealment="")
    [hit] = arms.search(any_store, SARA, NOW, serial="SB0I25")
    assert hit.piece["concealment"] == coat["where_found"]
    arms.amend(any_store, OWNER, hit.number, {"converted": "yes"}, NOW)
    anew = [{**coat, "where_found": "in a coat of Zq Oryndel"}]
    examined_anew(any_store, alert, anew, later(days=1), concealment="")
    with any_store.write() as connection:
        held = erasure.written(connection, alert)
        assert [text for _, _, text in held["item_found"]] == [
            coat["where_found"], "", "in a coat of Zq Oryndel",
        ]  # fmt: skip
        erasure.clear_alert(connection, alert, {"search": ""})
        assert not any(text for _, _, text in erasure.written(connection, alert)["item_found"])
    told = arms.piece(any_store, SARA, hit.number)
    assert "Oryndel" not in json.dumps(told) and told["serial"] == "SB0I25"
    arms.amend(any_store, OWNER, hit.number, {"concealment": "in clothing"}, NOW)
    with any_store.write() as connection:
        erasure.clear_alert(connection, alert, {"search": ""})
    assert arms.piece(any_store, SARA, hit.number)["concealment"] == "in clothing"


def test_pieces_are_kept_for_ten_years_at_least_and_for_good_unless_said(any_store, tmp_path):
    imported(any_store, tmp_path)
    arms.hand_over(any_store, OWNER, "A1", "North Gate", "laboratory", later(days=400))
    tracing.request(any_store, OWNER, "A2", tracing.Asking("iarms", "NO"), later(days=1))
    end = NOW.replace(year=NOW.year + 10)

    def run(years: int | None, moment: datetime) -> int:
        told = settings.load({}, home=str(tmp_path / "home"), record_years=years)
        settings.make_home(told)
        return retention.run(any_store, told, OWNER, moment).arms

    assert run(None, end.replace(year=2200)) == 0
    assert run(11, end) == 0
    assert run(10, end - timedelta(seconds=1)) == 0
    assert run(10, end) == 2  # A1 changed hands since, and A2 waits for an answer
    assert arms.search(any_store, SARA, NOW, serial="7788990")[0].number == "A2"
    assert [one.number for one in arms.search(any_store, SARA, NOW, make="Corvid")] == ["A2"]
    assert run(10, later(days=400).replace(year=2038)) == 1
    with pytest.raises(UsageError, match="record_years"):
        run(9, end)
