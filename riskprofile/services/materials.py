"""The bill of materials: the packages of a lock with versions, hashes, licences, as CycloneDX JSON.

The lock says what belongs to the product; the licence is what the installed package says of
itself. The same lock and packages give the same bytes: no time and no serial number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from riskprofile.errors import InputError

LOCK = "requirements.lock"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")

# What packages wrote before SPDX names were the rule: classifier or free text, to SPDX.
_OLD = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD-3-Clause and Public-Domain": "BSD-3-Clause",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_NAME = re.compile(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*")


@dataclass(frozen=True)
class Material:
    """One package of the lock. `licence` is an SPDX expression, or empty when it states none."""

    name: str
    version: str
    hashes: tuple[str, ...]
    licence: str


def materials(lock: Path) -> list[Material]:
    """The packages of a lock file, in its order.

    Raises
    ------
    InputError
        There is no such lock, or it pins nothing.
    """
    try:
        content = lock.read_text("utf-8")
    except OSError as error:
        raise InputError(
            f"the lock cannot be read ({error.strerror})",
            where=str(lock),
            do="Run from a checkout, or name it with --lock.",
        ) from None
    found: list[Material] = []
    for block in re.split(r"\n(?=\S)", content):
        pin = _PIN.match(block)
        if pin:
            name, version = pin[1].lower(), pin[2]
            found.append(Material(name, version, tuple(_HASH.findall(block)), licence(name)))
    if not found:
        raise InputError("this lock pins no package", where=str(lock), do="Make it: make lock.")
    return found


def licence(name: str) -> str:
    """What the installed package says of its licence, as an SPDX expression; empty when nothing."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if expressions := told.get_all("License-Expression"):
        return str(expressions[0])
    old = " ".join(told.get_all("License") or ()).strip()
    if old in _OLD or _NAME.fullmatch(old):
        return _OLD.get(old, old)
    for line in told.get_all("Classifier") or ():
        kind, _, last = line.rpartition(" :: ")
        if kind.startswith("License") and last in _OLD:
            return _OLD[last]
    return ""


def bill(lock: Path) -> dict[str, Any]:
    """A CycloneDX 1.6 document of the packages of a lock.

    Source: CycloneDX 1.6 JSON schema; package addresses by the purl specification, type `pypi`.
    """
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "riskprofile",
                "name": "riskprofile",
                "version": metadata.version("riskprofile"),
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": f"pkg:pypi/{one.name}@{one.version}",
                "name": one.name,
                "version": one.version,
                "purl": f"pkg:pypi/{one.name}@{one.version}",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in one.hashes],
                **({"licenses": [{"expression": one.licence}]} if one.licence else {}),
            }
            for one in materials(lock)
        ],
    }
