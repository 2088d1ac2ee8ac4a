"""Files as they are given to a command: by name, in a folder, through a pipe."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import named
from riskprofile.errors import InputError
from riskprofile.files import PASSING, is_passing, passing_folder, standard_input

Paths = Annotated[
    list[Path], typer.Argument(parser=named, help="Files or folders; - is standard input.")
]


@contextmanager
def given_files(paths: list[Path]) -> Iterator[list[Path]]:
    """Files to read: folders opened; what is given once, as standard input and a pipe are, is kept
    in a file that is gone afterwards.
    """
    with passing_folder() as folder:
        files: list[Path] = []
        for path in paths:
            if str(path) == "-":
                files.append(_kept(standard_input(), folder / "stdin"))
            elif path.is_fifo():
                place = Path(tempfile.mkdtemp(prefix=PASSING, dir=folder))
                with path.open("rb") as pipe:
                    files.append(_kept(pipe, place / path.name))
            elif path.is_dir():
                inside: list[Path] = []
                passing: list[Path] = []
                others: list[Path] = []
                for entry in sorted(path.iterdir()):
                    if entry.is_dir():
                        continue
                    kind = passing if is_passing(entry.name) else inside
                    (kind if entry.is_file() else others).append(entry)
                for left, why in (
                    (passing, "hidden or not complete by their names"),
                    (others, "pipes, devices or links to nothing; name a pipe to read it"),
                ):
                    if left:
                        names = output.listed([entry.name for entry in left])
                        output.note(f"riskprofile: {path}: left out, {why}: {names}")
                if not inside:
                    raise InputError(
                        "the folder holds no file", where=str(path), do="Name a file to read"
                    )
                files.extend(inside)
            elif path.is_file():
                files.append(path)
            elif path.exists():  # a device may have no end
                from riskprofile.intake import archive

                raise archive.irregular(path)
            else:
                raise InputError("there is no such file", where=str(path), do="Check the name")
        yield files


def _kept(stream: IO[bytes], place: Path) -> Path:
    with place.open("wb") as file:
        shutil.copyfileobj(stream, file)
    return place


@contextmanager
def given_file(path: Path) -> Iterator[Path]:
    """One file to read; what is given once is kept as `given_files` keeps it, and told by name."""
    ordinary = path.is_file() or path.is_dir() or not path.exists()
    if str(path) != "-" and ordinary:  # of a folder, or where nothing is, its reader says more
        yield path
        return
    with given_files([path]) as [file]:
        try:
            yield file
        except InputError as error:  # where it lies for a moment is nothing to look for
            raise type(error)(error.what, where=file.name, do=error.do) from None
