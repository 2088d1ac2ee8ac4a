"""Papers checked for who lodges them: what is missing is told, and nothing of what rates."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskprofile import words
from riskprofile.intake.canonical import REASONS
from riskprofile.layouts import SHIPMENT
from riskprofile.reference import nomenclature, wording
from riskprofile.services import checking
from riskprofile.services.checking import Finding, Refused, check, check_file
from tests import factory
from tests.conftest import LATE

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "declaration_id": "X-1",
    "goods_description": "wooden chairs and tables",
    "hs_code": "9403.60",
    "consignor_name": "Lund Carpentry",
    "consignor_address": "4 Mill Lane, Merrow",
    "consignor_country": "XK",
    "consignee_name": "Ode Interiors",
    "consignee_address": "12 Quay Street, Berwin",
    "consignee_country": "KE",
    "country_of_origin": "XK",
    "package_type": "CT",
    "package_count": "12",
    "quantity": "48",
    "quantity_unit": "H87",
    "gross_mass_kg": "610.5",
    "value": "9200",
    "currency": "EUR",
}
LICENSED = {
    "licence_number": "EX-77",
    "licence_type": "export",
    "end_use_certificate": "EUC-3",
}
# Goods lines whose trade is plain, and codes that fit none or one of them.
PLAIN = ("wooden chairs and tables", "cotton t-shirts, knitted", "leather shoes", "car brake pads")
CODES = ("010121", "392690", "732690", "847990", "940360", "640399", "610910", "870830", "950300")
# Arms in plain words of several languages, and as they are hidden.
ARMS_WORDS = (
    *("pistol", "revolver", "glock", "kalashnikov", "handgun", "firearm", "shotgun", "carbine"),
    *("ammunition", "gunpowder", "Pistole", "escopeta", "пистолет", "手枪", "بندقية", "tabanca"),
    *("gl0ck", "p1stol", "p.i.s.t.o.l", "g l o c k", "пиcтолет", "ｐｉｓｔｏｌ", "pis\u200btol"),
    *("lotsip", "revolvr", "PlSTOL", "AR15 80%", "AK-47", "ammo 9x19"),
)
NONSENSE = "zqxvw"


def one(**changed: str) -> list[Finding]:
    return list(check([COMPLETE | changed]).findings)


def told(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.column, finding.says) for finding in found]


def of_kind(found: list[Finding], kind: str) -> list[Finding]:
    return [finding for finding in found if finding.kind == kind]


def table(rows: int, **columns: str) -> bytes:
    """A file of complete rows."""
    given = COMPLETE | columns
    line = ",".join(f'"{value}"' for value in given.values())
    return "\n".join([",".join(given), *[line] * rows, ""]).encode()


def refused(content: bytes) -> str:
    with pytest.raises(Refused) as caught:
        check_file(content)
    return caught.value.key


# -- nothing that rates --------------------------------------------------------------------


def test_checking_loads_nothing_that_rates() -> None:
    code = """
import sys
from riskprofile.services.checking import check, check_file
assert check([{"goods_description": "wooden chairs and tables", "hs_code": "392690"}]).findings
assert check_file(b"declaration_id,goods_description\\nX1,pistols\\n").rows == 1
kept = ("scoring", "features", "indicators", "profiles", "history", "store")
beside = ("goods", "lexicon", "terms", "matching", "lawful", "facts", "standing", "norms")
never = [f"riskprofile.{name}" for name in kept] + [f"riskprofile.reference.{n}" for n in beside]
print([name for name in sys.modules if name.startswith(tuple(never)) or name == "sqlalchemy"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=LATE
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


# -- completeness --------------------------------------------------------------------------


def test_a_complete_declaration_has_nothing_to_mend() -> None:
    found = check([COMPLETE, COMPLETE])
    assert (found.rows, found.findings) == (2, ())


@pytest.mark.parametrize("need", checking.NEEDED, ids=lambda need: need.column)
def test_each_thing_that_a_customs_office_needs_is_asked_for(need: checking.Needed) -> None:
    found = [f for f in one(**{need.column: ""}) if f.column == need.column]
    assert [(f.says, f.severity, f.values) for f in found] == [
        ("check.missing", need.severity, {"box": need.box})
    ]


def test_a_unit_is_asked_for_beside_a_quantity_alone_and_a_currency_beside_a_value() -> None:
    assert told(one(quantity="", quantity_unit="")) == [("quantity", "check.missing")]
    assert told(one(value="", currency="")) == [("value", "check.missing")]


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("gross_mass_kg", "1,234", "check_fault.number_ambiguous"),
        ("gross_mass_kg", "-1", "check_fault.number_out_of_range"),
        ("gross_mass_kg", "٣", "check_fault.number_not_ascii"),
        ("package_count", "1.5", "check_fault.number_not_whole"),
        ("value", "=1+1", "check_fault.number_format"),
        ("hs_code", "94O3", "check_fault.hs_format"),
        ("hs_code", "9403", "check.code_short"),
        ("hs_code", "777777", "check.code_unknown"),
        ("country_of_origin", "Narnia", "check_fault.country_format"),
        ("currency", "euros", "check_fault.currency_format"),
        ("goods_description", "chairs\0", "check_fault.nul_byte"),
        ("licence_number", "7" * 501, "check_fault.text_too_long"),
        ("goods_description", "spare parts", "check.vague"),
        ("declaration_id", " ", "check.missing_mandatory"),
    ],
)
def test_a_cell_that_cannot_be_is_told_once_beside_its_column(
    column: str, cell: str, says: str
) -> None:
    assert told(one(**{column: cell})) == [(column, says)]


def test_every_fault_of_a_row_is_told_not_the_first_alone() -> None:
    found = told(one(gross_mass_kg="x", value="y", currency="z"))
    assert [column for column, _ in found] == ["gross_mass_kg", "value", "currency"]


def test_a_declaration_of_no_item_has_nothing_to_mend() -> None:
    assert check([]).findings == ()


def test_everything_that_is_said_has_words() -> None:
    known = words.of("en").entries
    kinds = {spec.kind for spec in SHIPMENT.columns}
    never = {"mandatory_missing", "dates_reversed", "zone_unknown"}  # own words; registers alone
    wanted = {f"check_fault.{code}" for code in REASONS.keys() - never}
    wanted |= {f"check_do.{kind}" for kind in kinds}
    columns = {need.column for need in checking.NEEDED} | {p.column for p in checking.PAPERS}
    wanted |= {checking._do(column) for column in (*columns, "declaration_id")}
    assert sorted(wanted - known.keys()) == []


# -- code against wording ------------------------------------------------------------------


def test_words_that_speak_clearly_for_another_chapter_are_told_with_both() -> None:
    (found,) = one(hs_code="392690")
    assert (found.kind, found.severity, found.column) == ("wording", "should", "hs_code")
    assert found.values["chapters"] == (("94", "Furniture"),)
    assert found.values["declared"] == (("39", "Plastics and articles thereof"),)


@pytest.mark.parametrize("text", [NONSENSE, "chair", "Mill 12 AB-77", "x"])
def test_few_or_unknown_words_contradict_nothing(text: str) -> None:
    for code in CODES:
        assert not of_kind(one(goods_description=text, hs_code=code), "wording")


def test_a_right_code_is_rarely_doubted_and_a_wrong_one_mostly() -> None:
    official = [(c, t) for c, t in nomenclature.texts().items() if len(c) == 6][::10]
    official = [(code, text) for code, text in official if code[:2] not in checking.UNWEIGHED]
    wrong = [official[number - 250][0] for number in range(len(official))]
    for codes, least, most in (([c for c, _ in official], 0.0, 0.01), (wrong, 0.7, 1.0)):
        items = [
            {"goods_description": text.split(";")[-1], "hs_code": code}
            for code, (_, text) in zip(codes, official, strict=True)
        ]
        share = len(of_kind(list(check(items).findings), "wording")) / len(items)
        assert least <= share <= most


# -- the wording of arms -------------------------------------------------------------------


def wordings(texts: tuple[str, ...]) -> list[list[tuple[int, Any]]]:
    """What is said of each text under each code."""
    items = [{"goods_description": text, "hs_code": code} for text in texts for code in CODES]
    found = of_kind(list(check(items).findings), "wording")
    return [[(f.line % len(CODES), f.values) for f in found if (f.line - 1) // len(CODES) == n]
            for n in range(len(texts))]  # fmt: skip


def test_no_answer_depends_on_what_the_table_knows_of_arms(monkeypatch) -> None:
    """A declaration under any code cannot be made to tell: the knowledge is not there to leak."""
    texts = tuple(f"{plain} {arms}" for plain in (*PLAIN, "") for arms in (*ARMS_WORDS, "rifle"))
    before = wordings(texts)
    true, rng = wording._table(), np.random.default_rng(7)
    secret = [number for number, one in enumerate(true.chapters) if one in checking.UNWEIGHED]
    points = true.points.copy()
    points[:, secret] = rng.integers(-900, 900, (len(points), len(secret)))
    altered: dict[str, wording._Word] = {}
    for word, said in true.words.items():
        where = said.where[~np.isin(said.where, secret)]
        if len(said.where) % 2 or word == "chair":  # half of all words now speak for arms, loudly
            where = np.append(where, secret[0])
            points[said.number, secret[0]] = 2_000
        altered[word] = wording._Word(said.number, where, 400)
    altered["chairs"] = altered["chair"]
    changed = wording._Table(true.chapters, altered, points)
    monkeypatch.setattr(wording, "_table", lambda: changed)
    wording._table_without.cache_clear()
    try:
        # The alteration is one: weighed with those chapters, the same texts score otherwise.
        scores = wording.chapters_spoken_for(["wooden chairs and tables"])[0]
        assert max(scores, key=scores.__getitem__) in checking.UNWEIGHED
        assert wordings(texts) == before
    finally:
        wording._table_without.cache_clear()


@pytest.mark.parametrize("arms", ARMS_WORDS)
def test_arms_disguised_or_plain_are_answered_as_an_unknown_word_is(arms: str) -> None:
    texts = (*(f"{plain}, {{}}" for plain in PLAIN), "{}", "{} of steel")
    hidden = wordings(tuple(text.format(arms) for text in texts))
    assert hidden == wordings(tuple(text.format(NONSENSE) for text in texts))
    assert any(hidden[: len(PLAIN)])  # something is said of the chairs: it is not mere silence


@pytest.mark.parametrize("chapter", ["930200", "930690", "360100"])
def test_what_is_declared_openly_as_arms_may_have_any_words(chapter: str) -> None:
    for text in (*PLAIN, *ARMS_WORDS):
        found = one(goods_description=text, hs_code=chapter, **LICENSED)
        assert not of_kind(found, "wording")


# -- licence papers ------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["930120", "930200", "930330", "930510", "930630", "360100"])
def test_arms_declared_as_such_are_told_which_papers_they_need_and_why(code: str) -> None:
    found = of_kind(one(hs_code=code, goods_description="as in the contract of sale"), "licence")
    wanted = [paper for paper in checking.PAPERS if code.startswith(paper.headings)]
    assert {(f.column, f.values["source"]) for f in found} == {(p.column, p.source) for p in wanted}
    assert ("licence_number", "must") in {(f.column, f.severity) for f in found}
    assert all(f.values["code"] == code[:4] for f in found)
    assert not of_kind(
        one(hs_code=code, goods_description="as in the contract", **LICENSED), "licence"
    )


@pytest.mark.parametrize("text", ["pistols", "9 mm ammunition", "gl0ck", "wooden chairs"])
def test_papers_follow_from_the_code_alone_never_from_the_words(text: str) -> None:
    def papers(code: str) -> list[Finding]:
        return of_kind(one(goods_description=text, hs_code=code), "licence")

    assert papers("950300") == papers("940360") == []
    assert papers("930200") == of_kind(one(hs_code="930200"), "licence")


def test_no_register_is_asked_whether_a_licence_exists() -> None:
    told_of = one(hs_code="930200", **LICENSED | {"licence_number": "no such licence"})
    assert not of_kind(told_of, "licence")


# -- hostile text --------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "![x](//elsewhere.invalid/x.png)",
    "=cmd|'/c calc'!A1",
    "\u202egnp.exe",
    "a" * 8_000,
    "𝕨𝕠𝕠𝕕" * 500,
    "{says} {0} %s %(x)s",
    "\ud800",
    "'; DROP TABLE alert; --",
    "\x07\x1b[31m",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_column_is_answered(text: str) -> None:
    names = set(SHIPMENT.names)
    if text == "\ud800":  # half a character: a form cannot send it, a JSON file can
        line = json.dumps(dict.fromkeys(names - {"extra"}, text))
        assert refused(line.encode() + b"\n") == "check.file_unread"
        return
    found = check([dict.fromkeys(names, text)]).findings
    assert {"gross_mass_kg", "currency", "hs_code"} <= {f.column for f in found}


@given(
    st.dictionaries(
        st.sampled_from(SHIPMENT.names),
        st.text(st.characters(exclude_categories=["Cs"])),
        max_size=9,
    )
)
def test_any_text_is_answered(given: Mapping[str, str]) -> None:
    assert check([given]).rows == 1


# -- files ---------------------------------------------------------------------------------


def test_a_file_is_answered_as_the_same_row_typed_in() -> None:
    changed = {"gross_mass_kg": "x", "hs_code": "392690", "currency": ""}
    typed = [(f.column, f.says, f.values) for f in one(**changed)]
    read = check_file(table(2, **changed))
    assert read.rows == 2
    assert [(f.column, f.says, f.values) for f in read.findings] == typed * 2
    assert {f.line for f in read.findings} == {2, 3}


def test_a_row_that_is_no_row_is_told_with_its_line() -> None:
    (found,) = check_file(table(1) + b"a,b\n").findings
    assert (found.line, found.says, found.severity) == (3, "check.row", "must")


@pytest.mark.parametrize("name", ["sad.zip", "cds.zip"])
def test_messages_that_the_intake_reads_are_checked(name: str) -> None:
    with zipfile.ZipFile(ROOT / "data/synthetic/demo" / name) as archive:
        content = archive.read(archive.namelist()[0])
    found = check_file(content)
    assert found.rows
    assert "check.row" not in {f.says for f in found.findings}


def zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.csv", content)
    return made.getvalue()


def test_five_hundred_rows_are_checked_and_one_more_is_not() -> None:
    assert check_file(table(500)).rows == 500
    assert refused(table(501)) == "check.file_long"


def test_a_megabyte_is_read_and_a_byte_more_is_not() -> None:
    room = checking.MAX_BYTES - len(table(1, goods_description=""))
    whole = table(1, goods_description="wooden chairs ".ljust(room, "x"))
    assert len(whole) == checking.MAX_BYTES
    assert check_file(whole).rows == 1
    assert refused(whole + b"\n") == "check.file_large"


def test_packed_files_are_read_within_small_limits() -> None:
    assert check_file(gzip.compress(table(3))).rows == 3
    assert check_file(zipped(a=table(3))).rows == 3
    assert refused(zipped(a=table(1), b=table(1))) == "check.file_many"
    for bomb in (gzip.compress(b"0" * 20_000_000), zipped(a=b"0" * 20_000_000)):
        assert refused(bomb) == "check.file_unread"


def test_more_than_two_megabytes_are_not_unpacked_whatever_the_ratio() -> None:
    line = table(1).splitlines()[1] + b"\n"
    packed = gzip.compress(table(1) + line * (checking.MAX_UNPACKED // len(line) + 1), 1)
    assert len(packed) < checking.MAX_BYTES
    with pytest.raises(Refused) as caught:
        check_file(packed)
    assert caught.value.values["what"].startswith("unpacks to more than")


def test_what_unpacks_within_itself_is_not_read() -> None:
    made = io.BytesIO()
    factory.shipments(3).to_parquet(made)
    assert refused(made.getvalue()) == "check.file_binary"
    assert refused((ROOT / "data/synthetic/demo/air.xlsx").read_bytes()) == "check.file_binary"


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "check.file_unread"),
        (b"hello", "check.file_unread"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><ASYCUDA>&a;</ASYCUDA>', ""),
        (b"PK\x03\x04" + b"\0" * 60, "check.file_unread"),
        (b"\x1f\x8b" + b"\0" * 60, "check.file_unread"),
        (b"declaration_id,hs_code\n", "empty"),
    ],
)
def test_what_is_no_declaration_is_refused_in_a_sentence(content: bytes, key: str) -> None:
    if key == "empty":
        assert check_file(content).rows == 0
    else:
        assert refused(content) == (key or "check.file_unread")


def test_travellers_are_not_checked() -> None:
    content = (ROOT / "data/synthetic/demo/paxlst.edi").read_bytes()
    assert refused(content) == "check.file_other"


@given(st.binary(max_size=400))
def test_any_bytes_are_answered_or_refused(content: bytes) -> None:
    for whole in (content, table(1) + content, b'{"declaration_id": "' + content):
        try:
            check_file(whole)
        except Refused as refusal:
            assert refusal.key in words.of("en").entries


def test_nothing_is_written_to_any_file(monkeypatch) -> None:
    def never(*args: object, **named: object) -> None:
        raise AssertionError("a file was made")

    for name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp"):
        monkeypatch.setattr(f"tempfile.{name}", never)
    assert check_file(zipped(a=table(3))).rows == 3
    assert check([COMPLETE]).rows == 1
