"""Packs and bundles, as a person runs them at the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from riskprofile.services import packing, packs
from tests.cli.test_cli import run, told
from tests.services.test_bundle import WHY, case

__all__ = ["case"]
PASSWORD = "correct horse battery staple"


def signed(file: Path, patterns: list[object], issuer: str = "Meridia") -> str:
    """Write a pack with these patterns; the key that signed it."""
    lists = {name: [] for name in ("indicators", "phrases", "lanes", "modes", "evidence")}
    content = {"form": packing.FORM, "issuer": issuer, **lists, "patterns": patterns}
    secret = Ed25519PrivateKey.generate()
    key = secret.public_key().public_bytes_raw().hex()
    name = secret.sign(packing.canonical(content)).hex()
    file.write_text(json.dumps({"content": content, "public_key": key, "signature": name}))
    return key


def test_a_pack_goes_from_home_to_home_and_is_decided(tmp_path: Path) -> None:
    there, here, file = tmp_path / "there", tmp_path / "here", tmp_path / "pack.json"
    asked = ("records", "export", "typology", "--issuer", "Customs of Meridia", "--out", file)
    code, said, why = run(there, *asked)
    assert code == 0 and "0 patterns, 0 phrases, 0 lanes" in said
    assert "the pack is empty: no figure stands on 10 finds of 10 senders" in why
    key = said.splitlines()[-1].split()[-1]
    code, said, why = run(here, "records", "pack", "receive", file, "--key", "00" * 32)
    assert code == 4 and "another key" in why and said == ""
    code, said, _ = run(here, "records", "pack", "receive", file, "--key", key)
    digest = said.strip()
    assert code == 0 and len(digest) == 64
    code, _, why = run(here, "records", "pack", "accept", digest, "--reason", "fits")
    assert code == 1 and "Try it first" in why
    code, said, _ = run(here, "records", "pack", "try", digest, "--json")
    assert (code, told(said)["flagged"], told(said)["declarations"]) == (0, 0, 0)
    code, said, _ = run(here, "records", "pack", "try", digest)
    assert (code, "it holds no pattern" in said, "flagged" in said) == (0, True, False)
    assert run(here, "records", "pack", "accept", digest, "--reason", "fits")[0] == 0
    code, _, why = run(here, "records", "pack", "refuse", digest, "--reason", "no")
    assert code == 1 and "accepted already" in why
    code, said, _ = run(here, "records", "pack", "withdraw", digest, "--reason", "over", "--json")
    assert code == 0 and json.loads(said) == {"digest": digest, "state": "withdrawn"}
    code, said, _ = run(here, "records", "pack", "list", "--json")
    [one] = told(said)["packs"]
    assert (one["state"], one["issuer"], one["reason"]) == (
        "withdrawn",
        "Customs of Meridia",
        "over",
    )
    code, _, why = run(here, "records", "pack", "try", "f" * 64)
    assert code == 4 and "no such pack" in why


def test_what_a_trial_does_to_an_accepted_pack_is_said(tmp_path: Path) -> None:
    parts = ["transport_mode post", "words filters fuel"]
    pattern = {"profile": "shipment", "parts": parts, "finds": 12, "others": None, "times": 3.0}
    file = tmp_path / "pack.json"
    key = signed(file, [pattern])
    pack = ("records", "pack")
    digest = run(tmp_path, *pack, "receive", file, "--key", key)[1].strip()
    said = run(tmp_path, *pack, "try", digest)[1]
    assert f"{', '.join(parts)}: 0, 0 known finds; too few were tried\n" in said
    assert run(tmp_path, *pack, "accept", digest, "--reason", "fits")[0] == 0
    said = run(tmp_path, *pack, "try", digest)[1]
    assert "too few were tried, out of force from the next run on" in said


def test_a_pack_that_was_withdrawn_says_so_when_it_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, home = tmp_path / "pack.json", tmp_path / "home"
    parts = ["transport_mode post", "words filters fuel"]
    pattern = {"profile": "shipment", "parts": parts, "finds": 12, "others": None, "times": 3.0}
    key, pack = signed(file, [pattern]), ("records", "pack")
    code, said, why = run(home, *pack, "receive", file, "--key", key, "--json")
    digest = told(said)["digest"]
    assert (code, told(said)["state"], why) == (0, "proposed", "")
    run(home, *pack, "try", digest)
    run(home, *pack, "accept", digest, "--reason", "fits")
    _, said, why = run(home, *pack, "receive", file, "--key", key)
    assert said.strip() == digest and "came before, and is accepted" in why
    run(home, *pack, "withdraw", digest, "--reason", "over")
    assert run(home, *pack, "receive", file, "--key", key)[2].count("is withdrawn") == 1
    code, _, why = run(home, *pack, "accept", digest, "--reason", "again")
    assert code == 1 and "withdrawn already" in why and "export one anew" in why
    said = run(home, *pack, "try", digest)[1]
    assert "too few were tried\n" in said and "in force" not in said
    monkeypatch.setattr(packs, "ENOUGH", 0)  # what is narrow is told so, and comes not in force
    said = run(home, *pack, "try", digest)[1]
    assert "0 known finds; narrow, and out of force: the pack is withdrawn\n" in said


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "no typology pack"),
        (b"\x00\xff", "no typology pack"),
        (b"[" * 100_000, "no typology pack"),
        (json.dumps({"content": {"form": "x"}}).encode(), "no typology pack"),
        (None, "pack.json: the pack cannot be read (no such file or directory). Check the name"),
    ],
    ids=range(5),
)
def test_a_hostile_pack_is_one_line_and_exit_code_4(tmp_path, content, fault) -> None:
    file = tmp_path / "pack.json"
    if content is not None:
        file.write_bytes(content)
    code, said, why = run(tmp_path / "home", "records", "pack", "receive", file, "--key", "aa")
    assert code == 4
    assert fault in why and "Traceback" not in why and said == ""
    code, said, _ = run(tmp_path / "home", "records", "pack", "list", "--json")
    assert told(said)["packs"] == []


def test_a_bundle_is_asked_for_by_a_supervisor_and_checks_itself(
    case, tmp_path, monkeypatch
) -> None:
    _, settings, record, *_ = case
    out = tmp_path / "bundle.zip"
    asked = ("records", "export", "bundle", record, "--purpose", WHY, "--out", out)
    monkeypatch.setenv("RISKPROFILE_PASSWORD", PASSWORD)
    code, _, why = run(settings.home, *asked)
    assert code == 2 and "--as SUPERVISOR" in why
    for name, role in (("sara", "supervisor"), ("ines", "officer")):
        added = run(settings.home, "users", "add", name, "--role", role, "--office", "XMPME")
        assert added[0] == 0, added
    code, _, why = run(settings.home, *asked, "--as", "ines")
    assert code == 7 and "bundle.export" in why and not out.exists()
    code, said, _ = run(settings.home, *asked, "--as", "sara", "--json")
    assert code == 0
    assert told(said)["bytes"] == out.stat().st_size
    with zipfile.ZipFile(out) as archive:
        (tmp_path / "check.py").write_bytes(archive.read("check.py"))

    def check(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", tmp_path / "check.py", path,
             "--sha256", told(said)["sha256"]],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip

    assert check(out).returncode == 0
    raw = bytearray(out.read_bytes())
    place = raw.index(b"KX105")
    raw[place] ^= 1
    out.write_bytes(raw)
    done = check(out)
    assert done.returncode == 1
    [line] = [one for one in done.stdout.splitlines() if one.startswith("altered: ")]
    first, last = (int(line.split()[at]) for at in (-3, -1))
    assert first <= place <= last and "alert.json" in line
