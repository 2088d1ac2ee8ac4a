"""Check a case bundle. Needs Python 3 alone:  python check.py BUNDLE.zip [--sha256 DIGEST]

Every byte of the archive belongs to a region whose SHA-256 is written down: the files by
the manifest; the manifest and the archive's directory by the seal at the end; the seal by
itself. A region that does not fit is named with its bytes. Then the log is checked: each
audit record against its digest, and the points against the sum of their reasons.
Somebody who rewrites the whole archive can rewrite its digests too: compare the SHA-256 of
the archive with the one that the sender's audit log holds (--sha256).
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

SEAL = re.compile(
    rb"riskprofile bundle 1 (\d{12}) (\d{12}) ([0-9a-f]{64}) ([0-9a-f]{64}) ([0-9a-f]{64})"
)
SEAL_SIZE = 21 + 12 + 1 + 12 + 1 + 64 + 1 + 64 + 1 + 64
DIRECTORY, LAST, MANIFEST = "directory of the archive", "seal at the end", "manifest.json"


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def faults(data: bytes) -> list[tuple[str, int, int]]:
    """What does not fit, as (region, first byte, last byte)."""
    end = len(data) - SEAL_SIZE
    seal = SEAL.fullmatch(data[end:]) if end > 0 else None
    if seal is None or digest(data[end:-64]) != seal[5].decode():
        return [(LAST, max(end, 0), len(data) - 1)]
    start, size = int(seal[1]), int(seal[2])
    found = []
    if digest(data[start + size : end]) != seal[4].decode():
        found.append((DIRECTORY, start + size, end - 1))
    if digest(data[start : start + size]) != seal[3].decode():
        return [*found, (MANIFEST, start, start + size - 1)]
    at = 0
    for one in json.loads(body(data[start : start + size]))["regions"]:
        if one["start"] != at:
            found.append((one["name"], at, one["start"] - 1))
        at = one["start"] + one["size"]
        if digest(data[one["start"] : at]) != one["sha256"]:
            found.append((one["name"], one["start"], at - 1))
    if at != start:
        found.append((MANIFEST, at, start - 1))
    return found


def body(region: bytes) -> bytes:
    """The content of a stored file: what follows its local header."""
    names = int.from_bytes(region[26:28], "little") + int.from_bytes(region[28:30], "little")
    return region[30 + names :]


def files(data: bytes) -> dict[str, bytes]:
    """The files of a whole archive by name."""
    end = len(data) - SEAL_SIZE
    seal = SEAL.fullmatch(data[end:])
    assert seal is not None
    start, size = int(seal[1]), int(seal[2])
    regions = json.loads(body(data[start : start + size]))["regions"]
    return {one["name"]: body(data[one["start"] : one["start"] + one["size"]]) for one in regions}


def log_faults(held: dict[str, bytes]) -> list[str]:
    """Audit records that do not fit their digest, and points that are not their sum."""
    found: list[str] = []
    for row in json.loads(held["audit.json"])["records"]:
        sealed = json.dumps(row[:9], ensure_ascii=False, separators=(",", ":"))
        if digest(sealed.encode("utf-8", "surrogatepass")) != row[9]:
            found.append(f"audit record {row[0]} does not fit its digest")
    rating: dict[str, Any] = json.loads(held["rating.json"])
    total = sum(term["points"] for term in rating["reasons"] + rating["against"])
    if rating["points"] is not None and total != rating["points"]:
        found.append(f"the reasons sum to {total} points, not {rating['points']}")
    return found


def main(arguments: list[str]) -> int:
    """Say what does not fit; 1 when anything does not."""
    wanted = ""
    if len(arguments) not in (1, 3) or (len(arguments) == 3) != ("--sha256" in arguments[:-1]):
        print("usage: python check.py BUNDLE.zip [--sha256 DIGEST]")
        return 2
    if "--sha256" in arguments:
        at = arguments.index("--sha256")
        wanted = arguments[at + 1]
        arguments = arguments[:at] + arguments[at + 2 :]
    try:
        data = Path(arguments[0]).read_bytes()
    except OSError as error:
        print(f"{arguments[0]}: {error.strerror}")
        return 2
    said = [f"altered: {name}, bytes {one} to {two}" for name, one, two in faults(data)]
    if wanted and digest(data) != wanted:
        said.append("this is not the archive of that SHA-256")
    if not said:
        said = log_faults(files(data))
    print("\n".join(said) if said else f"whole: SHA-256 {digest(data)}")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
