"""Folders of scorecards, written whole or not at all: a disk may be full, a fit be killed."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from riskprofile.errors import UsageError
from riskprofile.scoring import artefact
from riskprofile.scoring.scorecard import Scorecard


def sealed(
    files: Mapping[str, bytes], card: Scorecard, data_digest: str
) -> tuple[dict[str, bytes], str]:
    """The files of a scorecard with the manifest of them, the last; and what identifies it."""
    listed = artefact.manifest(
        files,
        profile=card.profile,
        version=card.version,
        data_digest=data_digest,
        features=list(card.features),
    )
    return {**files, artefact.MANIFEST: listed}, artefact.digest(listed)


def require_empty(out: Path) -> None:
    """Refuse a folder that holds something: nothing is written over.

    Raises
    ------
    UsageError
        It holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageError("the folder is not empty", where=str(out), do="Name a new one")


def put(out: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder that is new, or empty: another fit may end at the same moment.

    It may hold outcomes, and who found them: it is for its owner alone, unless it takes the place
    of an empty one: then it has the rights of that.

    Raises
    ------
    UsageError
        Somebody wrote the folder meanwhile.
    """
    out = Path(os.path.realpath(out))  # an empty folder that is a link, or the one that we are in
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{uuid4().hex}")
    part.mkdir(mode=0o700)
    try:
        for name, content in files.items():
            (part / name).write_bytes(content)
        if out.is_dir():
            part.chmod(out.stat().st_mode & 0o777)
            out.rmdir()  # it was empty when the fit began
        part.rename(out)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise UsageError(
                "another fit wrote this folder meanwhile", where=str(out), do="Name a new one"
            ) from error
        raise


def renew(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder that may hold others, such as the recipe that they come of.

    They take their places when all of them are written, in their order: the manifest last, so
    that a folder which a kill left half renewed is refused by its digests.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{uuid4().hex}"  # inside: the folder may be a disk of its own
    part.mkdir()
    try:
        for name, content in files.items():
            (part / name).write_bytes(content)
        for name in files:
            (part / name).replace(folder / name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        with suppress(OSError):
            folder.rmdir()  # where nothing was written, and nothing was there
