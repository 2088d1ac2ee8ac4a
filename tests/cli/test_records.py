"""The commands of the register of arms, as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

from riskprofile.services.settings import CHECKOUT
from tests.cli.test_cli import run, told

OLD = """record_number,event,event_on,kind,make,serial,colour
A1,seized,2019-03-01,firearm,Kestrel,KX1O5?7,black
A2,lost,2019-03-01,firearm,Kestrel,KX2,black
"""


def test_old_records_are_imported_found_corrected_and_handed_over(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "old.csv"
    file.write_text(OLD)
    code, said, _ = run(home, "records", "import", file, "--json")
    assert (code, told(said)["accepted"], told(said)["quarantined"]) == (3, 1, 1)
    assert told(said)["unknown_columns"] == ["colour"]
    code, said, _ = run(home, "records", "amend", "A1", "--set", "restored=yes")
    assert code == 0 and said == "A1: restored set\n"
    give = ("records", "custody", "A1", "--from", "gate", "--to", "laboratory")
    code, said, _ = run(home, *give, "--json")
    handed = {"record_number": "A1", "from": "gate", "to": "laboratory", "seal": ""}
    assert (code, json.loads(said)) == (0, handed)
    code, said, _ = run(home, "records", "search", "KX20", "--json")
    assert code == 0 and told(said)["records"] == []
    code, said, _ = run(home, "records", "search", "KXI0597", "--json")
    [found] = told(said)["records"]
    assert (found["record_number"], found["grade"], found["restored"]) == ("A1", "uncertain", True)
    code, said, _ = run(home, "records", "show", "A1", "--json")
    assert [one["kind"] for one in told(said)["events"]] == ["amended", "custody"]
    code, said, _ = run(home, "records", "show", "A1")
    assert "\nrestored: yes\n" in said and "\nconverted: no\n" in said
    assert "amended by os:" in said and "; before: restored no\n" in said
    assert "; giver gate; taker laboratory" in said and "{'" not in said
    code, _, why = run(home, "records", "show", "A9")
    assert code == 4 and "no record A9" in why


def test_a_day_that_has_not_come_warns_whether_imported_or_amended(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "old.csv"
    file.write_text(OLD.replace("2019-03-01", "2199-03-01", 1))
    code, said, _ = run(home, "records", "import", file)
    assert code == 3 and (warned := "  warning: 1 day_ahead\n") in said
    amend = ("records", "amend", "A1", "--set")
    code, said, _ = run(home, *amend, "event_on=2019-03-01")
    assert (code, said) == (0, "A1: event_on set\n")
    code, said, _ = run(home, *amend, "event_on=2199-03-01")
    assert (code, said) == (0, "A1: event_on set\n" + warned)
    code, said, _ = run(home, *amend, "restored=yes", "--json")
    assert (code, told(said)["warnings"]) == (0, {"day_ahead": 1})


def test_a_trace_goes_out_comes_back_and_counts(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "old.csv"
    file.write_text("".join(OLD.splitlines(keepends=True)[:2]))
    assert run(home, "records", "import", file)[0] == 0
    ask = ("records", "export", "trace", "A1", "--channel", "iarms", "--to", "NO")
    (blocked := tmp_path / "trace-1.json").mkdir()
    code, _, why = run(home, *ask, "--out", tmp_path)
    assert code == 2 and "trace-1.json: cannot be written" in why
    assert not list(tmp_path.glob("*trace-1.pdf*"))  # nothing goes out that was not asked
    blocked.rmdir()
    code, said, _ = run(home, *ask, "--out", tmp_path)
    assert code == 0 and "missing: contact (iti, iarms, national)" in said
    assert (tmp_path / "trace-1.pdf").read_bytes().startswith(b"%PDF")
    assert run(home, *ask, "--out", tmp_path)[0] == 1
    code, said, _ = run(home, "records", "trace", "list", "--state", "asked", "--json")
    assert [one["id"] for one in told(said)["requests"]] == [1]
    answered = ("records", "trace", "answer", "1", "--result", "traced")
    code, said, _ = run(home, *answered, "--json")
    assert (code, json.loads(said)) == (0, {"request": 1, "result": "traced"})
    code, said, _ = run(home, "records", "trace", "establish", "A1", "--by", "other")
    assert code == 1  # its one piece is established
    code, said, _ = run(home, "records", "export", "iafq", "--json")
    whole = json.loads(run(home, "records", "export", "iafq", "--out", "/dev/stdout")[1])
    assert whole.keys() == told(said).keys()  # one object, and no sentence beside it
    assert code == 0 and told(said)["year"] == 2019
    sdg = told(said)["16.4.2"]
    assert (sdg["value"], sdg["numerator"], sdg["denominator"]) == (1.0, 1, 1)


def test_licences_are_imported_as_well_by_the_headings_of_their_file(tmp_path: Path) -> None:
    """The contract names them beside seizures; what is neither is told as of seizures."""
    home = tmp_path / "home"
    file = CHECKOUT / "data" / "synthetic" / "registers" / "licences.csv"
    code, said, _ = run(home, "records", "import", file, "--source", "licensing office")
    assert (code, said) == (0, "licences: read 7 = accepted 7 + quarantined 0 + duplicate 0\n")
    code, said, _ = run(home, "registers", "load", "licences", file, "--source", "licensing office")
    assert (code, said) == (0, "licences: read 7 = accepted 0 + quarantined 0 + duplicate 7\n")
    code, said, _ = run(home, "records", "search", "imp20260101", "--json")
    (found,) = told(said)["licences"]
    assert (code, found["licence_number"]) == (0, "XM-IMP-2026-0101")
    assert found["holder_name"] == "given"  # nobody is named
    code, said, _ = run(home, "records", "search", "XM-IMP", "--limit", "2")
    (_, second) = said.splitlines()
    assert second == "licence   XM-IMP-2026-0101 import active 2026-02-01 2027-01-31"
    assert run(home, "records", "search", "XM-NONE")[1] == "no record\n"
    assert told(run(home, "records", "search", "--make", "imp", "--json")[1])["licences"] == []
    other = CHECKOUT / "data" / "synthetic" / "registers" / "rates.csv"
    code, said, error = run(home, "records", "import", other)
    assert (code, said) == (4, "") and "names known columns" in error
    assert "; there must be record_number and event and event_on and kind\n" in error
    piece = {"record_number": "RP-1", "event": "seized", "event_on": "2019-03-01"}
    piece |= {"kind": "firearm", "licence_number": "L-1"}
    (wrong := tmp_path / "wrong.jsonl").write_text(json.dumps(piece), "utf-8")
    code, said, error = run(home, "records", "import", wrong)
    assert (code, said) == (4, "") and "are given by this register" in error
