"""serve, checks: the page for officers, and what that for exporters answered."""

from __future__ import annotations

import signal
import socket
import ssl
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, examples, now, opened, owner, settings_of
from riskprofile.errors import RiskProfileError, UsageError
from riskprofile.services import check_counts
from riskprofile.services.settings import Settings


@app.command(
    epilog=examples(
        "riskprofile serve",
        "riskprofile serve --host 10.0.0.5 --certfile cert.pem --keyfile key.pem --port 8443",
    )
)
def serve(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the page.")] = 8501,
    host: Annotated[str, typer.Option(help="Address; other than loopback needs TLS.")] = "",
    certfile: Annotated[Path | None, typer.Option(help="TLS certificate (PEM).")] = None,
    keyfile: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    hosts: Annotated[
        list[str] | None, typer.Option("--hosts", help="A host name under which it is reached.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """The officers' page. Plain HTTP on loopback only; with a certificate, for the office."""
    told = {"url": _url(host or "localhost", port, tls=certfile is not None)} if json else None
    page(settings_of(home), port, certfile, keyfile, host, hosts or (), told)


def _url(host: str, port: int, *, tls: bool) -> str:
    """Where the page is; an address of IPv6 stands in brackets there.

    >>> _url("10.0.0.5", 8443, tls=True), _url("::1", 8501, tls=False)
    ('https://10.0.0.5:8443', 'http://[::1]:8501')
    """
    scheme, name = "https" if tls else "http", f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{port}"


def page(
    settings: Settings,
    port: int,
    certfile: Path | None = None,
    keyfile: Path | None = None,
    host: str = "",
    hosts: Sequence[str] = (),
    told: dict[str, str] | None = None,
) -> None:
    """Run the page until it is stopped. It lives in another package, above this one.

    `told` is said of it, as an object for a program, once nothing keeps it from being served.

    Raises
    ------
    UsageError
        Certificate and key cannot be used, or the address and port cannot: which, and why.
    """
    from importlib import import_module

    here = host or "127.0.0.1"
    _check_certificate(certfile, keyfile)

    try:
        server = import_module("app.server")
    except ImportError as error:
        raise RiskProfileError(
            f"the page is not installed ({error})", do="Install the checkout: pip install -e ."
        ) from error
    if here in server.LOOPBACK or (certfile and keyfile):  # else it is refused for a better reason
        _check_address(here, port)
        if told is not None:
            output.as_json(told)
            sys.stdout.flush()  # the page runs until it is stopped
    names = tuple(name.strip().lower() for name in hosts)
    with suppress(ValueError):  # not the main thread: the caller owns the signals
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # to end a server so leaves nothing undone
    server.serve(settings, host=here, port=port, certfile=certfile, keyfile=keyfile, hosts=names)


def _check_certificate(certfile: Path | None, keyfile: Path | None) -> None:
    """The server itself says neither which of the two files it means, nor what to do."""
    if certfile is None and keyfile is None:
        return
    if certfile is None or keyfile is None:
        raise UsageError("a certificate and its key belong together", do="Give both files.")
    for path in (certfile, keyfile):
        try:
            path.open("rb").close()
        except OSError as error:
            raise UsageError(
                f"this file cannot be read ({error.strerror})",
                where=str(path),
                do="Check its name, its owner and its rights.",
            ) from None
    try:
        # An empty password: a key that wants one would else ask for it, where nobody may sit.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            certfile, keyfile, password=""
        )
    except (ssl.SSLError, ValueError) as error:
        said = getattr(error, "reason", None) or error
        raise UsageError(
            f"certificate and key cannot be used ({said})",
            where=f"{certfile}, {keyfile}",
            do="Give PEM files: the certificate, and the key it was made for, without a password.",
        ) from None


def _check_address(host: str, port: int) -> None:
    """Ask for the address as the server will, and give it back at once."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        raise UsageError(
            f"the page cannot be served here ({error.strerror})",
            where=f"{host}:{port}",
            do="Give a free port (--port) and an address of this machine (--host).",
        ) from None


@app.command()
def checks(
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many, today included.")] = 30,
    home: Home = None,
    json: Json = False,
) -> None:
    """How many answers the exporters' page gave, by day (UTC). Nothing else of them is kept."""
    with opened(home) as (settings, store):
        found = check_counts.by_day(store, owner(), now(), days)
    told = {"on": settings.exporters_page, "answers": sum(found.values()), "days": found}
    switched = "on" if settings.exporters_page else "off"
    within = f"{answers(found)} in {output.counted(days, 'day')}"
    said = [*(f"{day}  {many}" for day, many in found.items())]
    said.append(f"the exporters' page is {switched}; {within}")
    output.done(told, *said, as_json=json)


def answers(found: dict[str, int]) -> str:
    """How many answers these days had, in words."""
    return output.counted(sum(found.values()), "answer")
