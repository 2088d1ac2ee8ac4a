"""An export kept elsewhere: what was altered, cut or written anew since is named by record."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import update

from riskprofile.errors import (
    InputError,
    NotAllowed,
    StoreError,
    Unwritable,
    UsageError,
)
from riskprofile.services import keys, proof, settings
from riskprofile.services.identity import OWNER
from riskprofile.store import audit
from riskprofile.store.office_tables import Audit
from tests.conftest import LATE
from tests.services.bench import AUDITOR, INES, NOW, later, of_two_at_once

DOCS = Path(__file__).resolve().parents[2] / "docs"


def home(store, tmp_path):
    return settings.load({}, home=str(tmp_path), database_url="sqlite:///none")


def write(store, count, actor="ines"):
    with store.write() as connection:
        for n in range(count):
            audit.append(
                connection,
                actor=actor,
                action="look",
                subject=f"alert:{n}",
                now=later(minutes=n),
                purpose="Rukmini Fictive came twice",
                detail={"é": n},
            )


def exported(store, tmp_path, **how):
    out = tmp_path / "chain.jsonl"
    return out, proof.export(store, home(store, tmp_path), AUDITOR, out, NOW, **how)


def compare(store, tmp_path, **how):
    return proof.compare(store, home(store, tmp_path), AUDITOR, **how)


def rewritten(store, since):
    """The chain from one record on made anew, so that it verifies by itself."""
    with store.read() as connection, audit.links(connection) as rows:
        links = [list(row) for row in rows]
    with store.write() as connection:
        last = audit.START
        for link in links:
            if link[0] >= since:
                link[2], link[8] = "omar", last
                link[9] = audit.seal(link[:9])
                connection.execute(
                    update(Audit)
                    .where(Audit.sequence == link[0])
                    .values(actor="omar", previous=link[8], digest=link[9])
                )
            last = link[9]


def test_an_export_holds_every_record_the_head_and_itself(any_store, tmp_path):
    write(any_store, 12)
    out, told = exported(any_store, tmp_path)
    verdict = compare(any_store, tmp_path, against=out)
    assert verdict.ok
    assert (told.records, told.head) == (verdict.records, verdict.head)
    *links, end = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert links[-1][3] == "audit.export" and len(links) == told.records
    assert end["head"] == {"sequence": told.head.sequence, "digest": told.head.digest}
    assert out.stat().st_mode & 0o777 == 0o600


def test_an_export_still_fits_a_chain_that_grew(store, tmp_path):
    out, told = exported(store, tmp_path)
    write(store, 5)
    assert compare(store, tmp_path, against=out).ok
    assert compare(store, tmp_path, head=f"{told.head.sequence}:{told.head.digest}").ok


def test_no_word_of_a_purpose_leaves_the_house(store, tmp_path):
    write(store, 3)
    out, _ = exported(store, tmp_path)
    assert b"Rukmini" not in out.read_bytes()


@pytest.mark.parametrize("since", [2, 9, 14])
def test_a_chain_written_anew_is_named_at_the_very_record(any_store, tmp_path, since):
    write(any_store, 15)
    out, told = exported(any_store, tmp_path)
    rewritten(any_store, since)
    assert compare(any_store, tmp_path).ok  # by itself it holds
    assert compare(any_store, tmp_path, against=out).first_bad == since
    head = f"{told.head.sequence}:{told.head.digest}"
    assert compare(any_store, tmp_path, head=head).first_bad == told.head.sequence


@pytest.mark.parametrize("left", [0, 1, 9])
def test_a_cut_end_is_named_at_the_first_record_missing(any_store, tmp_path, left):
    write(any_store, 10)
    out, told = exported(any_store, tmp_path)
    with any_store.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM audit_words WHERE sequence > {left}")
        connection.exec_driver_sql(f"DELETE FROM audit WHERE sequence > {left}")
    head = f"{told.head.sequence}:{told.head.digest}"
    assert compare(any_store, tmp_path).ok
    assert compare(any_store, tmp_path, against=out).first_bad == left + 1
    assert compare(any_store, tmp_path, head=head).first_bad == left + 1


def test_since_leaves_out_what_is_older_and_still_proves_the_rest(store, tmp_path):
    write(store, 20)
    out, told = exported(store, tmp_path, since=later(minutes=8))
    assert (told.records, told.first) == (13, told.head.sequence - 12)
    assert compare(store, tmp_path, against=out).ok
    rewritten(store, told.first + 3)
    assert compare(store, tmp_path, against=out).first_bad == told.first + 3


def test_a_broken_chain_is_not_signed(store, tmp_path):
    write(store, 6)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = 'omar' WHERE sequence = 4")
    with pytest.raises(StoreError, match="the chain is broken at record 4: nothing was exported"):
        exported(store, tmp_path)
    assert not (tmp_path / "chain.jsonl").exists()


def test_any_byte_changed_in_an_export_is_refused(store, tmp_path):
    write(store, 8)
    out, told = exported(store, tmp_path)
    whole, drawn = out.read_bytes(), random.Random(20261124)
    signed = whole.rindex(b'{"form"')  # every byte of the line that signs, and some of the others
    for place in [*range(signed, len(whole)), *drawn.sample(range(signed), 200)]:
        changed = bytearray(whole)
        changed[place] ^= 1 << drawn.randrange(8)
        out.write_bytes(changed)
        with pytest.raises(InputError, match="does not hold"):
            proof.read(out, told.public_key)


def test_lines_taken_out_swapped_or_cut_are_refused(store, tmp_path):
    write(store, 8)
    out, told = exported(store, tmp_path)
    lines = out.read_bytes().splitlines(keepends=True)
    for left in (
        lines[1:],
        lines[:3] + lines[4:],
        lines[:-1],
        lines[:-2] + lines[-1:],
        [lines[1], lines[0], *lines[2:]],
        [*lines, lines[0]],
        [],
    ):
        out.write_bytes(b"".join(left))
        with pytest.raises(InputError):
            proof.read(out, told.public_key)


def test_an_export_of_another_key_proves_nothing(store, tmp_path):
    write(store, 4)
    out, told = exported(store, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = replace_home(home(store, tmp_path), elsewhere)
    with pytest.raises(UsageError, match="no key that signed"):
        proof.compare(store, other, AUDITOR, against=out)
    keys.key(elsewhere, proof.KEY)
    with pytest.raises(InputError, match="signature"):
        proof.compare(store, other, AUDITOR, against=out)
    assert proof.compare(store, other, AUDITOR, against=out, public_key=told.public_key).ok


def test_a_second_host_signs_with_the_key_of_the_first_or_not_at_all(store, tmp_path):
    _, told = exported(store, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other, out = replace_home(home(store, tmp_path), elsewhere), elsewhere / "chain.jsonl"
    with pytest.raises(StoreError, match="Copy it from the machine that used it"):
        proof.export(store, other, AUDITOR, out, NOW)
    assert not out.exists()
    shutil.copytree(tmp_path / "keys", elsewhere / "keys")
    assert proof.export(store, other, AUDITOR, out, NOW).public_key == told.public_key
    shutil.rmtree(elsewhere / "keys")
    lost = proof.export(store, other, AUDITOR, out, NOW, new_key=True)
    assert lost.public_key != told.public_key


@pytest.mark.slow
@pytest.mark.parametrize("any_store", ["postgresql"], indirect=True)
def test_of_two_hosts_that_export_first_at_once_one_has_the_key(any_store, tmp_path):
    given = home(any_store, tmp_path)

    def first(name):
        here = tmp_path / name
        here.mkdir()
        return proof.export(any_store, replace_home(given, here), AUDITOR, here / "out", NOW)

    failed = of_two_at_once(any_store, first)
    assert len(failed) == 1 and "used before" in str(failed[0])


def replace_home(told, path):
    return told.model_copy(update={"home": path})


@pytest.mark.parametrize("text", ["", "12", "12:xyz", "x:" + "a" * 64, "12:" + "g" * 64])
def test_what_is_no_head_is_refused(store, tmp_path, text):
    with pytest.raises(UsageError, match="no head"):
        compare(store, tmp_path, head=text)


def test_what_cannot_be_read_or_written_is_said(store, tmp_path):
    exported(store, tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        compare(store, tmp_path, against=tmp_path / "none.jsonl")
    with pytest.raises(Unwritable, match="cannot be written"):
        proof.export(store, home(store, tmp_path), OWNER, tmp_path / "no" / "x", NOW)


def test_a_full_disk_leaves_no_half_export_and_the_last_one_whole(store, tmp_path, monkeypatch):
    resource = pytest.importorskip("resource")
    write(store, 20)
    out, _ = exported(store, tmp_path)
    last, write_out = out.read_bytes(), proof._write

    def on_a_full_disk(*given):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
        try:
            return write_out(*given)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    monkeypatch.setattr(proof, "_write", on_a_full_disk)
    there = set(tmp_path.iterdir())
    with pytest.raises(OSError, match="File too large") as full:
        exported(store, tmp_path)
    assert full.value.filename == str(out)
    assert out.read_bytes() == last
    assert set(tmp_path.iterdir()) == there


def test_an_export_that_was_killed_is_gone_once_another_is_made(store, tmp_path):
    (tmp_path / "chain.jsonl").write_text("of the day before")
    (tmp_path / "chain.jsonl").chmod(0o644)
    (tmp_path / ".chain.jsonl.0.part").write_text("[1, and then it was killed")
    out, _ = exported(store, tmp_path)
    assert [*tmp_path.glob(".*")] == []
    assert out.stat().st_mode & 0o777 == 0o600


def test_an_officer_exports_nothing(store, tmp_path):
    with pytest.raises(NotAllowed):
        proof.export(store, home(store, tmp_path), INES, tmp_path / "x", NOW)


def test_the_checker_in_the_document_checks(store, tmp_path):
    """It is run as it is printed, on a whole export and on an altered one."""
    write(store, 7)
    out, told = exported(store, tmp_path)
    text = (DOCS / "audit.md").read_text("utf-8")
    script = tmp_path / "check.py"
    script.write_text(re.findall(r"```python\n(.*?)```", text, re.S)[0], "utf-8")

    def run(key):
        return subprocess.run(
            [sys.executable, str(script), str(out), key],
            capture_output=True,
            text=True,
            check=False,
            timeout=LATE,
        )

    said = run(told.public_key)
    assert said.returncode == 0, said.stderr
    assert f"head {told.head.sequence}:{told.head.digest}" in said.stdout
    assert run("ab" * 32).returncode != 0
    out.write_bytes(out.read_bytes().replace(b'"ines"', b'"omar"', 1))
    assert "does not fit" in run(told.public_key).stderr
