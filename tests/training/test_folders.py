"""The folder of a version is what it was, or all of what it becomes."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from training import folders

NEW = {"card.md": b"new", "manifest.json": b"new"}


class Full(dict[str, bytes]):
    """Files for a disk that has no room for the second of them."""

    def items(self) -> Iterator[tuple[str, bytes]]:  # type: ignore[override]
        yield next(iter(super().items()))
        raise OSError(errno.ENOSPC, "no space left on device")


def test_what_a_recipe_came_to_takes_the_place_of_the_last_fit_and_leaves_the_rest(
    tmp_path: Path,
) -> None:
    for name in ("recipe.json", *NEW):
        (tmp_path / name).write_bytes(b"old")
    folders.renew(tmp_path, NEW)
    held = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert held == {"recipe.json": b"old", **NEW}


@pytest.mark.parametrize("there", [True, False])
def test_a_full_disk_leaves_the_folder_of_a_recipe_as_it_was(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "2027.01.1"
    if there:
        folder.mkdir()
        for name in ("recipe.json", *NEW):
            (folder / name).write_bytes(b"old")
    with pytest.raises(OSError, match="no space left"):
        folders.renew(folder, Full(NEW))
    assert folder.exists() == there
    assert {path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} <= {b"old"}


def test_a_fit_is_for_its_owner_alone_unless_it_takes_the_place_of_an_empty_folder(
    tmp_path: Path,
) -> None:
    fresh, there = tmp_path / "fresh", tmp_path / "there"
    there.mkdir()
    there.chmod(0o750)
    for out in (fresh, there):
        folders.put(out, NEW)
    assert [out.stat().st_mode & 0o777 for out in (fresh, there)] == [0o700, 0o750]
