"""The reader of X12 309 manifests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from riskprofile.errors import InputError
from riskprofile.intake import edifact
from riskprofile.intake.x12 import X12Reader
from riskprofile.profiles import SHIPMENT
from tests.intake.helpers import FIXTURES, read

MANIFEST = FIXTURES / "manifest309.edi"
READER = X12Reader()


def test_segments_and_elements_fill_the_columns_of_the_contract() -> None:
    rows, rejected = read(READER, MANIFEST)
    expected = {
        "declaration_id": "BL100",
        "item_number": "1",
        "lodged_at": "2026-03-01T07:00:00",
        "arrival_at": "2026-03-02",
        "procedure": "import",
        "transport_mode": "sea",
        "customs_office": "9901",
        "transport_document": "BL100",
        "carrier": "BLUE",
        "conveyance": "MV GREEN HERON",
        "consignor_name": "JUNIPER TOOLS AND",
        "consignor_address": "FITTINGS CO, 8 FORGE STREET, NORTHBRIDGE, F1",
        "consignor_country": "XA",
        "consignee_name": "HARBOUR STORES",
        "notify_name": "HARBOUR AGENTS",
        "container_numbers": "XXXU1234560",
        "seal_numbers": "S1|S2",
        "goods_description": "HAND TOOLS OF STEEL, FILES AND RASPS",
        "hs_code": "820320",
        "package_count": "10",
        "gross_mass_kg": "400",
        "value": "1500",
        "currency": "USD",
    }
    assert {name: rows.iloc[0][name] for name in expected} == expected
    assert not rejected
    assert rows["warnings"].isna().all()
    assert set(rows.columns) <= {*SHIPMENT.names, "source", "line", "warnings"}


def test_masks_are_missing_and_ports_of_other_lists_stay_in_extra() -> None:
    rows, _ = read(READER, MANIFEST)
    assert rows["goods_description"].isna()[1]
    assert rows["gross_mass_kg"][1] == "45.359237"
    assert json.loads(rows["extra"][0])["port_of_loading"] == "57035"


def test_the_mass_of_a_bill_counts_for_its_only_line() -> None:
    rows, _ = read(READER, MANIFEST)
    assert (rows["declaration_id"][2], rows["gross_mass_kg"][2]) == ("BL200", "75")


@pytest.mark.parametrize("marks", ["*>~", "|:\n", "^+!"])
def test_separators_are_those_of_the_isa(marks: str) -> None:
    table = str.maketrans(dict(zip("*>~", marks, strict=True)))
    text = MANIFEST.read_text().replace("\n", "").translate(table)
    assert read(READER, text.encode())[0]["declaration_id"].tolist() == ["BL100", "BL100", "BL200"]


@pytest.mark.parametrize("block", [1, 64, 1 << 16])
def test_interchanges_with_separators_of_their_own_stand_in_one_file(monkeypatch, block) -> None:
    monkeypatch.setattr(edifact, "_BLOCK", block)
    text = MANIFEST.read_text()
    other = text.translate(str.maketrans("*>~", "|:'"))
    (alone, _), (rows, rejected) = (
        read(READER, MANIFEST),
        read(READER, (text + other + text).encode()),
    )
    assert not rejected
    assert rows["declaration_id"].tolist() == alone["declaration_id"].tolist() * 3
    apart = ["line", "source"]
    for start in (0, 3, 6):
        part = rows[start : start + 3].reset_index(drop=True)
        assert part.drop(columns=apart).equals(alone.drop(columns=apart))
        assert (part["line"] - alone["line"]).nunique() == 1


def test_an_isa_behind_others_that_names_no_separators_refuses_the_file() -> None:
    text = MANIFEST.read_text()
    other = text.translate(str.maketrans("*>~", "|:'"))
    short = other.replace("          ", "", 1)
    assert short != other
    with pytest.raises(InputError, match="cannot be told apart"):
        read(READER, (text + short).encode())
    same = text.replace("          ", "", 1)  # of the same separators, whatever its length
    assert len(read(READER, (text + same).encode())[0]) == 6


def test_a_count_that_differs_warns_and_a_cut_set_is_quarantined_whole() -> None:
    text = MANIFEST.read_text()
    end = text[text.index("\nSE*") + 1 : text.index("GE*1")]
    assert read(READER, text.replace(end, "SE*9*0001~\n").encode())[0]["warnings"][0] == (
        "x12_se_count"
    )
    rows, rejected = read(READER, text.replace(end, "").encode())
    assert rows.empty
    assert [one.reason_code for one in rejected] == ["x12_no_se"]


@pytest.mark.parametrize("between", ["", "\n"])
def test_a_set_that_breaks_off_inside_a_segment_takes_none_along(between: str) -> None:
    text = MANIFEST.read_text()
    start, end = text.index("ST*"), text.index("GE*1")
    whole = text[start:end]
    broken = whole[: whole.index("N1*") + 12]
    later = whole.replace("*0001", "*0002")
    rows, rejected = read(READER, (text[:start] + broken + between + later + text[end:]).encode())
    assert list(rows["declaration_id"]) == list(read(READER, MANIFEST)[0]["declaration_id"])
    assert [one.reason_code for one in rejected] == ["x12_no_se"]


@pytest.mark.parametrize(
    "line",
    [
        "M10*BLUE*O*XA*9990001*MV EVER BEST*012*000001",  # a ship, its voyage, a reference
        "N9*ST*123*4567",  # number of a store
        "N9*ST*309*4567",
    ],
)
def test_data_that_look_like_the_head_of_a_set_are_data(line: str) -> None:
    text = MANIFEST.read_text().replace("M10*BLUE*O*XA*9990001*MV GREEN HERON*V12", line)
    rows, rejected = read(READER, text.encode())
    assert rows["declaration_id"].tolist() == ["BL100", "BL100", "BL200"]
    assert rejected == []


def test_a_status_message_is_rejected_by_name(shared: Path) -> None:
    path = shared / "data/manifests/x12/004010_315.edi"
    assert not READER.claims(path.read_bytes(), path.name)
    assert [one.reason_code for one in read(READER, path)[1]] == ["x12_set"]


def test_an_interchange_without_a_set_by_its_own_separators_is_refused() -> None:
    data = MANIFEST.read_bytes()
    with pytest.raises(InputError, match="no transaction set"):
        read(READER, data[:3] + b"|" + data[4:])


def test_the_bills_of_each_port_are_of_that_port() -> None:
    """A manifest may name several ports, each followed by the bills that are landed there."""
    text = MANIFEST.read_text().replace("LX*2~", "P4*9902*20260305~\nLX*1~")
    rows, rejected = read(READER, text.replace("SE*20", "SE*21").encode())
    assert not rejected
    assert rows["customs_office"].tolist() == ["9901", "9901", "9902"]
    assert rows["arrival_at"].tolist() == ["2026-03-02", "2026-03-02", "2026-03-05"]
    assert rows["warnings"].isna().all()


def test_each_amendment_without_its_bill_is_told_and_at_its_own_port() -> None:
    gone, other = "M13*BLUE*9901*D*BL900****BLUE~\n", "M13*BLUE*9901*R*****BLUE~\n"
    text = MANIFEST.read_text().replace("LX*1~\n", f"LX*1~\n{gone}{other}{other}")
    rows, rejected = read(READER, text.replace("LX*2~", "P4*9902*20260305~\nLX*1~").encode())
    deleted = rows[rows["declaration_id"] == "BL900"]
    assert deleted["customs_office"].tolist() == ["9901"]
    assert [one.reason_code for one in rejected] == ["amendment_without_goods"] * 2


def test_what_stands_in_no_set_is_set_aside_and_the_sets_beside_it_kept() -> None:
    text = MANIFEST.read_text()
    start, end = text.index("ST*"), text.index("GE*1")
    whole = text[start:end]
    lost = whole.replace("ST*309*0001~\n", "")
    rows, rejected = read(READER, (text[:start] + whole + lost + text[end:]).encode())
    assert rows["declaration_id"].tolist() == ["BL100", "BL100", "BL200"]
    place = (text[:start] + whole).count("~") + 1
    assert [(one.reason_code, one.line) for one in rejected] == [("x12_no_st", place)]


def test_an_interchange_of_other_separators_behind_one_not_closed_is_set_aside() -> None:
    text = MANIFEST.read_text()
    other = text.translate(str.maketrans("*>~", "|:'"))
    rows, rejected = read(READER, (text[: text.index("IEA*")] + other).encode())
    assert len(rows) == 3
    assert [one.reason_code for one in rejected] == ["x12_no_st"]


def test_an_acknowledgement_between_sets_is_none_that_is_lost() -> None:
    text = MANIFEST.read_text().replace("GS*SO", "TA1*000000001*260301*0700*A*000~\nGS*SO")
    rows, rejected = read(READER, text.encode())
    assert (len(rows), rejected) == (3, [])


def test_a_line_with_a_code_of_its_own_is_no_more_words_of_the_line_before() -> None:
    text = MANIFEST.read_text().replace("N10** AND RASPS~", "N10**PISTOL GRIPS**J*9305.10~")
    rows, _ = read(READER, text.replace("N10**EEL, FILES~", "N10**EEL, FILES*MARK 7~").encode())
    assert rows["goods_description"].tolist()[:2] == ["HAND TOOLS OF STEEL, FILES", "PISTOL GRIPS"]
    assert rows["hs_code"].tolist()[:2] == ["820320", "930510"]
    assert json.loads(rows["extra"][0])["marks"] == "MARK 7"


def test_a_second_party_of_the_same_kind_does_not_change_the_first() -> None:
    text = MANIFEST.read_text().replace("N1*N1*HARBOUR AGENTS~", "N1*SH*OTHER~\nN3*ELSEWHERE~")
    (alone, _), (rows, _) = read(READER, MANIFEST), read(READER, text.encode())
    for column in ("consignor_name", "consignor_address", "consignor_country"):
        assert rows[column][0] == alone[column][0]


def test_a_line_is_in_the_containers_that_stand_before_it() -> None:
    more = "VID*CN*XXXU*7654321*S3~\nVID*CN*XXXU*7654322~\nN10*2*XXXX"
    text = MANIFEST.read_text().replace("N10*2*XXXX", more).replace("SE*20", "SE*22")
    rows, _ = read(READER, text.encode())
    assert rows["container_numbers"].tolist()[:2] == ["XXXU1234560", "XXXU7654321|XXXU7654322"]
    assert rows["seal_numbers"].tolist()[:2] == ["S1|S2", "S3"]
    # Where a line stands before any, or any behind all lines, it is not said which are in which.
    late = "VID*CN*XXXU*1234560*S1*S2~\n"
    for one in (
        text.replace(late, "").replace("LX*2", f"{late}LX*2"),
        text.replace("LX*2", f"{late}LX*2"),
    ):
        rows, _ = read(READER, one.replace("SE*22", "SE*23").encode())
        assert {tuple(sorted(each.split("|"))) for each in rows["container_numbers"][:2]} == {
            ("XXXU1234560", "XXXU7654321", "XXXU7654322")
        }


def test_what_no_column_takes_of_a_manifest_or_a_bill_is_kept() -> None:
    more = [
        "N9*ZZ*REF-9",
        "N1*SH*OTHER SHIPPER",
        "N3*ELSEWHERE",
        "N1*N1*OTHER AGENTS",
        "M12*61*IB-7",
    ]
    text = MANIFEST.read_text().replace("LX*2~", "~\n".join([*more, "LX*2~"]))
    text = text.replace("P4*9901", "N9*MI*REF-8~\nP4*9901")
    rows, _ = read(READER, text.replace("SE*20", "SE*26").encode())
    extra = json.loads(rows["extra"][0])
    assert extra["N9"] == ["ZZ*REF-9"]
    assert extra["N1"] == ["SH*OTHER SHIPPER", "N1*OTHER AGENTS"]
    assert (extra["N3"], extra["M12"]) == (["ELSEWHERE"], ["61*IB-7"])
    assert extra["manifest"] == {"N9": ["MI*REF-8"]}
    assert rows["notify_name"][0] == "HARBOUR AGENTS"
    assert (
        rows["extra"].isna().tolist()[1:] == read(READER, MANIFEST)[0]["extra"].isna().tolist()[1:]
    )


def test_a_set_behind_the_end_of_a_group_takes_nothing_from_it() -> None:
    text = MANIFEST.read_text().replace("GE*1*1", "GE*2*1")
    body = text[text.index("ST*309") : text.index("GE*2")].replace("BL100", "BL900")
    rows, _ = read(READER, text.replace("IEA*1", f"{body}IEA*1").encode())
    assert rows["declaration_id"].tolist()[::3] == ["BL100", "BL900"]
    assert rows["lodged_at"].isna().tolist() == [False] * 3 + [True] * 3
    assert rows["warnings"].isna().tolist() == [False] * 3 + [True] * 3


@pytest.mark.parametrize(
    ("written", "warning", "kept"),
    [
        ("X*400", "unit_unknown", "400 X"),
        ("*400", "unit_unknown", "400"),
        ("K*4OO", "measure_unreadable", "4OO K"),
        ("K*0", None, None),
    ],
)
def test_a_mass_that_cannot_be_brought_to_kilograms_is_named_and_kept(
    written: str, warning: str | None, kept: str | None
) -> None:
    rows, _ = read(READER, MANIFEST.read_text().replace("K*400", written).encode())
    assert rows["gross_mass_kg"].isna()[0]
    assert rows["warnings"].isna().tolist() == [warning is None, True, True]
    assert warning is None or rows["warnings"][0] == warning
    assert json.loads(rows["extra"][0]).get("gross_mass_kg") == kept


def test_totals_of_a_bill_and_codes_of_other_lists_are_kept() -> None:
    rows, _ = read(READER, MANIFEST.read_text().replace("*J*8203.20", "*Z*8203.20").encode())
    extra = json.loads(rows["extra"][0])
    assert (extra["total"], extra["commodity_code"]) == ("12 CTN 500 K", "Z 8203.20")
