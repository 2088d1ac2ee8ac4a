"""The EDIFACT tokenizer, and messages with what their controls say."""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings

from riskprofile.errors import InputError
from riskprofile.intake import edifact
from riskprofile.intake.edifact import Segment, tokenize
from riskprofile.intake.edifact_messages import LONGEST, Message, messages
from tests.intake.helpers import Harm, damage, source

PLAIN = "UNB+UNOA:1+SEND+TAKE+260901:1200+7'UNH+1+PAXLST:D:02B:UN'BGM+745'CNT+42:0'UNT+4+1'UNZ+1+7'"
MESSAGE = "UNH+{0}+PAXLST:D:02B:UN'BGM+745'UNT+3+{0}'"
HEAD = "UNB+UNOA:1+SEND+TAKE+260901:1200+7'"


def segments(text: str | bytes) -> list[Segment]:
    data = text.encode() if isinstance(text, str) else text
    return list(tokenize(io.BytesIO(data), "memory"))


def values(found: list[Segment]) -> list[list[list[str]]]:
    """Components of the elements behind the tag."""
    return [[one.components(n) for n in range(1, len(one.elements))] for one in found]


def read(text: str | bytes) -> list[Message]:
    return list(messages(source(text.encode() if isinstance(text, str) else text)))


@pytest.mark.parametrize("una", [":+.? '", ":*.? $", ":-.? *", ":+,? '", ":+.?*'", ":+.  '"])
def test_every_form_of_una_gives_the_same_segments(una: str) -> None:
    marks = str.maketrans({":": una[0], "+": una[1], "'": una[5]})
    text = "UNA" + una + PLAIN.translate(marks)
    assert values(segments(text)) == values(segments(PLAIN))


@pytest.mark.parametrize("una", ["::.? '", ":+.?''", ":+.+ '", "A+.? '", ":+.? +"])
def test_a_una_with_two_roles_on_one_character_is_refused(una: str) -> None:
    with pytest.raises(InputError, match="edifact_bad_una"):
        segments("UNA" + una + PLAIN)


def test_a_release_character_makes_the_next_one_literal_from_the_left() -> None:
    found = segments("FTX+AAA+A?+B:C??:D?'E'FTX+???'F??'FTX+?G'")
    assert values(found) == [[["AAA"], ["A+B", "C?", "D'E"]], [["?'F?"]], [["G"]]]


def test_marks_around_segments_are_stripped_and_wrapped_text_is_joined() -> None:
    found = segments("\ufeff\x02 UNB+A'\r\n  FTX+PLAS\r\n  TICS AND \n CORK' \n\x03".encode())
    assert values(found) == [[["A"]], [["PLASTICS AND CORK"]]]


def test_case_and_bytes_are_kept_and_decoded_by_the_syntax_level() -> None:
    name = "Müller"
    latin, utf8 = name.encode("iso8859-1"), name.encode()
    for level, raw, note in [
        (b"UNOC", latin, ""),
        (b"UNOW", utf8, ""),
        (b"UNOA", utf8, "edifact_charset"),
        (b"UNOA", latin, "edifact_charset"),
        (b"UNOW", latin, "edifact_charset"),
    ]:
        found = segments(b"UNB+" + level + b":3+A'NAD+FL+++" + raw + b"?+:ann'")[1]
        assert (found.get(4), found.get(4, 1), found.note) == ("Müller+", "ann", note)


def test_blocks_of_any_size_cut_nothing() -> None:
    text = PLAIN.replace("745", "7" + "?'" * 50_000) * 3
    assert [one.place for one in segments(text)] == list(range(1, 19))
    assert segments(text)[2].get(1) == "7" + "'" * 50_000


def test_interchanges_with_separators_of_their_own_stand_in_one_file() -> None:
    other = "UNA:*.? $" + PLAIN.translate(str.maketrans("+'", "*$"))
    found = read(other + "\n" + PLAIN + other)
    assert [(one.type, one.reference, one.warnings, one.error) for one in found] == [
        ("PAXLST", "1", [], None)
    ] * 3


@pytest.mark.parametrize("block", [1, 2, 3, 5, 7, 64])
def test_an_end_of_an_interchange_that_lies_in_two_blocks_is_one(monkeypatch, block) -> None:
    other = "UNA:*.? $" + PLAIN.translate(str.maketrans("+'", "*$"))
    text = "UNA:+.? '" + PLAIN + "\n" + other + PLAIN + other
    whole = segments(text), read(text)
    monkeypatch.setattr(edifact, "_BLOCK", block)
    assert (segments(text), read(text)) == whole
    assert [one.error for one in read(text)] == [None] * 4


def test_groups_and_several_messages_are_read_and_counted() -> None:
    body = MESSAGE.format(1) + MESSAGE.format(2)
    text = f"{HEAD}UNG+PAXLST+A+B+260901:1200+9+UN+D:02B'{body}UNE+2+9'UNZ+1+7'"
    assert [(one.reference, one.warnings) for one in read(text)] == [("1", []), ("2", [])]


def test_a_message_without_envelope_is_read_and_named() -> None:
    (found,) = read(MESSAGE.format(1))
    assert (found.error, found.warnings) == (None, ["edifact_no_unb"])


def test_a_message_behind_the_end_of_an_interchange_takes_nothing_from_it() -> None:
    ended = HEAD + MESSAGE.format(1) + "UNZ+2+7'"
    text = ended + MESSAGE.format(2) + "UNZ+1+9'" + HEAD.replace("+7'", "+8'")
    found = read(text + MESSAGE.format(3) + "UNZ+1+8'")
    assert [one.unb and one.unb.get(5) for one in found] == ["7", None, "8"]
    assert [one.warnings for one in found] == [
        ["edifact_unz_count_short"],
        ["edifact_no_unb", "edifact_unz_reference"],
        [],
    ]


def test_controls_that_repeat_give_a_message_each_warning_once() -> None:
    found = read((MESSAGE.format(1) + "UNZ+5+7'") * 50)
    codes = ["edifact_no_unb", "edifact_unz_count_short", "edifact_unz_reference"]
    assert [one.warnings for one in found] == [codes] * 50


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("UNT+4", "UNT+3", "edifact_unt_count"),
        ("UNT+4", "UNT+9", "edifact_unt_count_short"),
        ("UNT+4", "UNT+x", "edifact_unt_count"),
        ("UNT+4+1", "UNT+4+2", "edifact_unt_reference"),
        ("UNT+4+1", "UNT+4", "edifact_unt_reference"),
        ("UNZ+1", "UNZ+2", "edifact_unz_count_short"),
        ("UNZ+1+7", "UNZ+1+8", "edifact_unz_reference"),
        ("UNZ+1+7'", "", "edifact_no_unz"),
        ("UNZ+1+7'", "UNZ+1+7", "edifact_no_final_terminator"),
        ("UNZ+1+7'", "UNZ+1+7'end of file", "edifact_text_after_end"),
        ("260901", "261301", "edifact_date_odd"),
        (":1200+7", ":2500+7", "edifact_date_odd"),
        ("CNT", "C NT", "edifact_tag_blank"),
    ],
)
def test_what_only_disagrees_is_loaded_with_a_warning(old: str, new: str, code: str) -> None:
    (found,) = read(PLAIN.replace(old, new))
    assert found.error is None
    assert found.warnings == [code]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (HEAD + "UNH+1+PAXLST'BGM+745'", "edifact_no_unt", 2),
        (HEAD + "UNH+1+PAXLST'BGM+745'UNZ+1+7'", "edifact_no_unt", 4),
        (HEAD + "UNH+1+PAXLST'BGM+7", "edifact_cut", 3),
        (HEAD + "UNH+1+PAXLST'BGM+745?", "edifact_cut", 3),
        (PLAIN.replace("BGM+745", "NAD+FL+++O'BRIAR:ANN"), "edifact_bad_tag", 4),
        (PLAIN.replace("BGM+745'", "BGM+745\n"), "edifact_terminator_missing", 3),
        (PLAIN.replace("BGM+745'", "BGM+745"), "edifact_terminator_missing", 3),
        (HEAD + "BGM+745'UNZ+0+7'", "edifact_no_unh", 2),
    ],
)
def test_broken_structure_sets_a_reason_code_and_the_segment(
    text: str, code: str, place: int
) -> None:
    (found,) = read(text)
    assert found.error is not None
    assert (found.error[0], found.error[2]) == (code, place)


def test_messages_beside_a_broken_one_are_kept() -> None:
    text = HEAD + MESSAGE.format(1) + "UNH+2+PAXLST'BGM+745'" + MESSAGE.format(3) + "UNZ+3+7'"
    found = read(text)
    assert [one.error is None for one in found] == [True, False, True]
    assert found[1].error is not None
    assert found[1].error[0] == "edifact_no_unt"
    assert [one.warnings for one in found] == [[], [], []]


@pytest.mark.parametrize("between", ["", "\n", " \r\n ", " " * 79 + "\r\n", "\n" * 99])
def test_a_message_that_breaks_off_inside_a_segment_takes_none_along(between: str) -> None:
    """As where a line is lost, and the sender begins anew with the message that follows."""
    broken = "UNH+2+PAXLST:D:02B:UN'BGM+745'NAD+FL+++ORVILOVIK:UL" + between
    text = HEAD + MESSAGE.format(1) + broken + MESSAGE.format(3) + "UNZ+3+7'"
    found = read(text)
    assert [(one.reference, one.error and one.error[0]) for one in found] == [
        ("1", None),
        ("2", "edifact_no_unt"),
        ("3", None),
    ]
    assert [len(one.segments) for one in found] == [1, 2, 1]
    assert [one.warnings for one in found] == [[], [], []]


def test_an_interchange_that_breaks_off_leaves_the_next_one_its_envelope() -> None:
    broken = HEAD + "UNH+1+PAXLST:D:02B:UN'BGM+745'NAD+FL+++ORVILOVIK:UL"
    later = HEAD.replace("260901", "260902") + MESSAGE.format(3) + "UNZ+1+7'"
    first, second = read(broken + "\n" + later)
    assert first.error is not None
    assert first.error[0] == "edifact_no_unt"
    assert (second.error, second.warnings) == (None, [])
    assert second.unb is not None
    assert second.unb.get(4) == "260902"


def test_text_that_only_resembles_the_head_of_a_message_is_data() -> None:
    text = PLAIN.replace("BGM+745", "FTX+AAI+++UNH?+2?+PAXLST?:D LUNH+MAIN ST 5+LONDON+UNB+UNO")
    (found,) = read(text)
    assert found.error is None
    assert found.segments[0].get(4) == "UNH+2+PAXLST:D LUNH"


@pytest.mark.parametrize(
    "data", [b"", b"   \n", b"\x00\xff" * 100, b"UNB*UNOA:1*A*B$UNH*1$", b"a,b\n"]
)
def test_what_is_not_edifact_is_refused_as_a_file(data: bytes) -> None:
    with pytest.raises(InputError):
        read(data)


def test_the_public_loading_order_without_envelope_is_read_with_its_count_named(
    shared: Path,
) -> None:
    path = shared / "data/manifests/edifact_transport/d95b_coprar.edi"
    (found,) = list(messages(source(path)))
    assert (found.type, found.version, len(found.segments)) == ("COPRAR", "D:95B", 27)
    assert found.error is None
    assert found.warnings == ["edifact_no_unb", "edifact_unt_count_short"]
    assert [one.get(4) for one in found.segments if one.get(1) == "AAA"] == [
        "PLASTICS:ARTICLES"
    ] * 2


def test_segments_equal_those_of_an_independent_parser() -> None:
    from pydifact.segmentcollection import RawSegmentCollection

    text = HEAD + "".join(MESSAGE.format(n) for n in range(50)) + "FTX+A?+B:C??'UNZ+50+7'"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = list(RawSegmentCollection.from_str(text).segments)
    ours = segments(text)
    assert [one.tag for one in ours] == [one.tag for one in theirs]
    assert values(ours) == [
        [part if isinstance(part, list) else [part] for part in one.elements] for one in theirs
    ]


def spent(text: str) -> float:
    """Seconds of processor time that reading takes."""
    started = time.process_time()
    with contextlib.suppress(InputError):
        read(text)
    return time.process_time() - started


def test_a_hundred_thousand_segments_are_read() -> None:
    text = HEAD + "UNH+1+PAXLST'" + "FTX+AAA+++?'A'" * 100_000 + "UNT+100002+1'UNZ+1+7'"
    assert len(segments(text)) == 100_004


@pytest.mark.parametrize(
    "hostile",
    ["UNZ+0+1'UNA:+.? '", "?", "'", "UNA:+.? '", "UNH+1'", "?'", "UNZ?'", "UNZ", "FTX+AAA+++?'A'"],
)
def test_the_time_for_text_that_repeats_grows_with_it_and_not_with_its_square(hostile: str) -> None:
    few, many = (HEAD + hostile * (size // len(hostile)) for size in (75_000, 300_000))
    spent(few)  # what is met for the first time
    assert spent(many) < 10 * max(spent(few), 0.01)  # four times the text; its square takes sixteen


@settings(max_examples=150)
@given(harm=damage(200))
def test_a_damaged_file_raises_nothing_but_an_input_error(harm: Harm) -> None:
    data = harm(b"UNA:+.? '" + PLAIN.encode() * 2)
    with contextlib.suppress(InputError):
        for message in read(data):
            assert message.error is not None or message.place > 0


def test_a_message_too_long_to_be_held_is_set_aside_and_the_one_beside_it_kept() -> None:
    body = "LOC+9+XAPRT'" * (LONGEST + 5)
    long = f"UNH+1+PAXLST:D:02B:UN'{body}UNT+{LONGEST + 7}+1'"
    first, second = read(HEAD + long + MESSAGE.format(2) + "UNZ+2+7'")
    assert first.error is not None
    assert (first.error[0], first.error[2]) == ("edifact_too_long", LONGEST + 3)
    assert len(first.segments) == LONGEST
    assert second.error is None
    assert second.reference == "2"


@pytest.mark.parametrize("block", [1, 2, 3, 5, 7, 64, 1 << 16])
def test_a_released_terminator_ends_no_interchange(monkeypatch, block) -> None:
    monkeypatch.setattr(edifact, "_BLOCK", block)
    text = PLAIN.replace("745", "KUNZ?'S ??UNZ??? ?+") * 2
    assert [one.get(1) for one in segments(text) if one.tag == "BGM"] == ["KUNZ'S ?UNZ? +"] * 2
    assert [one.error for one in read(text)] == [None] * 2
