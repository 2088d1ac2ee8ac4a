"""Scorecards on disk: `<folder>/<profile>/CURRENT` names the version that serves.

Every file is read once; what is checked is what is parsed. A shipped scorecard is
trusted by the digest list in this package.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from riskprofile.errors import ScorecardError, ScorecardMissing
from riskprofile.scoring import artefact
from riskprofile.scoring.scorecard import Scorecard

TRUSTED = Path(__file__).with_name("trusted.json")
CURRENT = "CURRENT"
LEARNT = "LEARNT"  # beside it, where what serves is written and a learnt one waits for a law
LARGEST = artefact.LARGEST_FILE
MOST_FILES = 32
RESTORE = "Nothing was rated with it. Restore the database, or roll back"  # what it holds


@dataclass(frozen=True)
class Version:
    """One version on disk: whether it serves, and its fault if it cannot."""

    profile: str
    version: str
    serves: bool
    digest: str
    fault: str
    learnt: bool = False  # serves where the law of a learnt scorecard was named


def trusted() -> set[str]:
    """Digests of the scorecards that ship with this release."""
    return set(_listed().values())


def _listed() -> dict[str, str]:
    listed: dict[str, str] = json.loads(TRUSTED.read_text("utf-8"))
    return listed


def serving(folder: Path, profile: str, *, learnt: bool = False) -> Scorecard:
    """The scorecard that serves a profile.

    Parameters
    ----------
    learnt : bool
        Take the learnt one, where a written one serves until a law is named.

    Raises
    ------
    ScorecardError
        Missing, altered, untrusted or malformed.
    """
    return load(folder, profile, _current(folder, profile, learnt))


def shipped(folder: Path, profile: str, *, learnt: bool = False) -> set[str]:
    """The digest that what serves a profile (`serving`) shipped with, however it is now.

    Of all that ship for the profile where nothing says which of them serves.
    """
    listed = _listed()
    with suppress(ScorecardError):
        version = _current(folder, profile, learnt)
        return {digest for name, digest in listed.items() if name == f"{profile} {version}"}
    return {digest for name, digest in listed.items() if name.startswith(f"{profile} ")}


def _current(folder: Path, profile: str, learnt: bool) -> str:
    """The version that is named to serve."""
    pointer = folder / profile / CURRENT
    if learnt and written_first(folder, profile):
        pointer = folder / profile / LEARNT
    try:
        return pointer.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ScorecardError(
            f"no scorecard serves the {profile} profile",
            where=str(pointer),
            do="Set RISKPROFILE_MODELS to the folder of scorecards, or restore the file",
        ) from error


def written_first(folder: Path, profile: str) -> bool:
    """Whether written criteria serve a profile, and a learnt scorecard only by a law for it."""
    return (folder / profile / LEARNT).is_file()


def load(folder: Path, profile: str, version: str) -> Scorecard:
    """One version, checked against its manifest and the list of trusted digests."""
    place = folder / profile / version
    there = False
    with suppress(OSError):  # a name that is too long, a folder that may not be entered
        there = version == Path(version).name != "" and (place / artefact.MANIFEST).exists()
    if not there:
        raise ScorecardMissing(
            f"scorecard {version!r} of the {profile} profile is missing",
            where=str(place),
            do=f"{CURRENT} must name a folder beside it; restore it or serve another version",
        )
    files = read(place)
    identity = artefact.digest(files[artefact.MANIFEST])
    if identity not in trusted():
        raise ScorecardError(
            f"scorecard {profile} {version} is not trusted (digest {identity[:12]})",
            where=str(place),
            do="Nothing was rated. Serve a version that this release ships or that two people "
            "have signed",
        )
    return parsed(files, profile, version, str(place))


def read(place: Path) -> dict[str, bytes]:
    """The manifest of a folder and the files that it lists, each read once; not yet checked."""
    listed = _bytes(place, artefact.MANIFEST)
    if listed is None:
        raise ScorecardError(
            "this folder holds no scorecard: there is no manifest",
            where=str(place),
            do="Name the folder that `riskprofile-train fit` wrote",
        )
    files = {artefact.MANIFEST: listed}
    for name in artefact.listed(listed, str(place)):
        content = _bytes(place, Path(name).name)
        if content is not None:
            files[name] = content
    return files


def parsed(files: Mapping[str, bytes], profile: str, version: str, where: str) -> Scorecard:
    """The scorecard of these bytes, every one checked, when it is the one that was asked for."""
    card = artefact.parse(files, where)
    if (card.profile, card.version) != (profile, version):
        raise ScorecardError(
            f"this folder holds scorecard {card.profile} {card.version}", where=where
        )
    return card


def to_archive(files: Mapping[str, bytes]) -> bytes:
    """These files as one archive: the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as members:
        for name, content in sorted(files.items()):
            members.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def from_archive(content: bytes, where: str) -> dict[str, bytes]:
    """The files of an archive, none larger than a scorecard may be."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as members:
            infos = members.infolist()
            if len(infos) > MOST_FILES or sum(one.file_size for one in infos) > 2 * LARGEST:
                raise ValueError("it is too large")
            return {one.filename: members.read(one) for one in infos}
    except (
        ValueError,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        raise ScorecardError(
            f"the stored scorecard cannot be read ({error})",
            where=where,
            do=RESTORE,
        ) from error


def _bytes(place: Path, name: str) -> bytes | None:
    """A file of the folder, read once; None when it is not there."""
    path = place / name
    try:
        if path.is_symlink():
            raise ScorecardError(
                f"{name} is a link", where=str(place), do="Put the file itself in its place"
            )
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError):  # a zero byte in a name is a ValueError
        return None


def versions(folder: Path, profile: str) -> list[Version]:
    """Every version on disk, newest name last, with what is wrong with it if anything is."""
    place = folder / profile
    if not place.is_dir():
        return []
    current = _named(place / CURRENT)
    waits = _named(place / LEARNT)
    found = []
    for entry in sorted(path for path in place.iterdir() if path.is_dir()):
        try:
            card = load(folder, profile, entry.name)
            made = Version(profile, entry.name, entry.name == current, card.digest, "")
        except ScorecardError as error:
            made = Version(profile, entry.name, entry.name == current, "", str(error))
        found.append(replace(made, learnt=entry.name == waits))
    return found


def _named(pointer: Path) -> str:
    return pointer.read_text("utf-8").strip() if pointer.is_file() else ""
