"""The page for the office: with a certificate, somebody at another address signs in."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import answering, own_port
from tests.cli.test_cli import run, told
from tests.conftest import LATE

ADDRESS = "127.0.0.2"  # stands for another address of this machine than loopback's usual name


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=riskprofile"),
            *("-addext", f"subjectAltName=IP:{ADDRESS}"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with one office and one officer; the officer's password."""
    folder = tmp_path_factory.mktemp("office")
    offices = folder / "offices.csv"
    offices.write_text("code,name,zone,country,capacity\nXMPME,Port Meridia,UTC,,40\n")
    home = folder / "home"
    assert run(home, "init", "--offices", offices)[0] == 0
    _, said, _ = run(
        home, "users", "add", "mira", "--role", "officer", "--office", "XMPME", "--json"
    )
    return home, str(told(said)["password"])


@pytest.fixture
def served(
    office: tuple[Path, str], certificate: tuple[Path, Path], tmp_path: Path
) -> Iterator[str]:
    log, trusted = tmp_path / "server.log", ssl.create_default_context(cafile=str(certificate[0]))
    with own_port(ADDRESS) as port, log.open("wb") as said:
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", "from riskprofile.cli import main; main()", "serve"),
                *("--host", ADDRESS, "--port", str(port)),
                *("--certfile", str(certificate[0]), "--keyfile", str(certificate[1])),
                *("--hosts", "Riskprofile.customs.example"),
            ],
            env={**os.environ, "RISKPROFILE_HOME": str(office[0]), "OMP_NUM_THREADS": "1"},
            stderr=said,
        )
        with answering(process, f"https://{ADDRESS}:{port}", log, trusted):
            yield f"https://{ADDRESS}:{port}"


def test_an_officer_at_another_address_signs_in_over_tls(
    served: str, office: tuple[Path, str], certificate: tuple[Path, Path]
) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    cookies = urllib.request.HTTPCookieProcessor()
    browser = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusted), cookies)
    with browser.open(f"{served}/", timeout=LATE) as answer:
        assert "sign-in" in answer.geturl()
    form = urllib.parse.urlencode({"name": "mira", "password": office[1]}).encode()
    request = urllib.request.Request(f"{served}/sign-in", data=form, headers={"Origin": served})
    with browser.open(request, timeout=LATE) as answer:
        assert answer.status == 200
        assert "sign-in" not in answer.geturl()
    (cookie,) = list(cookies.cookiejar)
    assert cookie.secure
    assert cookie.has_nonstandard_attr("HttpOnly")


def test_the_page_answers_to_the_name_that_officers_type_and_to_no_other(
    served: str, certificate: tuple[Path, Path]
) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate[0]))

    def answered(name: str) -> int:
        request = urllib.request.Request(f"{served}/sign-in", headers={"Host": name})
        try:
            with urllib.request.urlopen(request, timeout=LATE, context=trusted) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    assert answered("riskprofile.customs.example") == 200
    assert answered("another.customs.example") == 400


def test_a_certificate_or_key_that_cannot_be_used_is_named(
    office: tuple[Path, str], certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    def refused(*files: Path) -> str:
        code, _, errors = run(
            office[0],
            "serve",
            "--certfile",
            files[0],
            *(("--keyfile", files[1]) if files[1:] else ()),
        )
        assert code == 2
        assert "--resume" not in errors
        return errors

    missing, other = tmp_path / "missing.pem", tmp_path / "other.pem"
    assert str(missing) in refused(missing, certificate[1])
    assert str(missing) in refused(certificate[0], missing)
    assert "belong together" in refused(certificate[0])
    assert str(certificate[0]) in refused(certificate[1], certificate[0])
    make = ["openssl", "genrsa", "-aes128", "-passout", "pass:secret", "-out", str(other), "2048"]
    subprocess.run(make, check=True, capture_output=True)
    assert "without a password" in refused(certificate[0], other)


def test_a_port_that_cannot_be_served_is_named(office: tuple[Path, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, _, errors = run(office[0], "serve", "--port", port)
    assert code == 2
    assert f"127.0.0.1:{port}" in errors
    assert "--port" in errors
    assert run(office[0], "serve", "--port", "99999")[0] == 2


def test_plain_http_beyond_loopback_is_refused(office: tuple[Path, str]) -> None:
    code, _, errors = run(office[0], "serve", "--host", "192.0.2.1")
    assert code == 2
    assert "certfile" in errors
