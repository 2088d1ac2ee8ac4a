"""Scorecards on disk: `<folder>/<profile>/CURRENT` names the version that serves.

Every file is read once; what is checked is what is parsed. A shipped scorecard is
trusted by the digest list in this package.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from riskprofile.errors import ScorecardError
from riskprofile.scoring import artefact
from riskprofile.scoring.scorecard import Scorecard

TRUSTED = Path(__file__).with_name("trusted.json")
CURRENT = "CURRENT"
LARGEST = artefact.LARGEST_FILE


@dataclass(frozen=True)
class Version:
    """One version on disk: whether it serves, and its fault if it cannot."""

    profile: str
    version: str
    serves: bool
    digest: str
    fault: str


def trusted() -> set[str]:
    """Digests of the scorecards that ship with this release."""
    listed: dict[str, str] = json.loads(TRUSTED.read_text("utf-8"))
    return set(listed.values())


def serving(folder: Path, profile: str) -> Scorecard:
    """The scorecard that serves a profile.

    Raises
    ------
    ScorecardError
        Missing, altered, untrusted or malformed.
    """
    pointer = folder / profile / CURRENT
    try:
        version = pointer.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ScorecardError(
            f"no scorecard serves the {profile} profile",
            where=str(pointer),
            do="Set RISKPROFILE_MODELS to the folder of scorecards, or restore the file",
        ) from error
    return load(folder, profile, version)


def load(folder: Path, profile: str, version: str) -> Scorecard:
    """One version, checked against its manifest and the list of trusted digests."""
    place = folder / profile / version
    fault = ScorecardError(
        f"scorecard {version!r} of the {profile} profile is missing",
        where=str(place),
        do=f"{CURRENT} must name a folder beside it; restore it or serve another version",
    )
    if not version or version != Path(version).name or not place.is_dir():
        raise fault
    listed = _bytes(place, artefact.MANIFEST)
    if listed is None:
        raise fault
    identity = artefact.digest(listed)
    if identity not in trusted():
        raise ScorecardError(
            f"scorecard {profile} {version} is not trusted (digest {identity[:12]})",
            where=str(place),
            do="Nothing was rated. Serve a version that this release ships or that two people "
            "have signed",
        )
    files = {artefact.MANIFEST: listed}
    for name in json.loads(listed)["files"]:  # trusted: these are the bytes that were signed for
        content = _bytes(place, Path(name).name)
        if content is not None:
            files[name] = content
    card = artefact.parse(files, str(place))
    if (card.profile, card.version) != (profile, version):
        raise ScorecardError(
            f"this folder holds scorecard {card.profile} {card.version}", where=str(place)
        )
    return card


def _bytes(place: Path, name: str) -> bytes | None:
    """A file of the folder, read once; None when it is not there."""
    path = place / name
    if path.is_symlink():
        raise ScorecardError(
            f"{name} is a link", where=str(place), do="Put the file itself in its place"
        )
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError:
        return None


def versions(folder: Path, profile: str) -> list[Version]:
    """Every version on disk, newest name last, with what is wrong with it if anything is."""
    place = folder / profile
    if not place.is_dir():
        return []
    pointer = place / CURRENT
    current = pointer.read_text("utf-8").strip() if pointer.is_file() else ""
    found = []
    for entry in sorted(path for path in place.iterdir() if path.is_dir()):
        try:
            card = load(folder, profile, entry.name)
            found.append(Version(profile, entry.name, entry.name == current, card.digest, ""))
        except ScorecardError as error:
            found.append(Version(profile, entry.name, entry.name == current, "", str(error)))
    return found
