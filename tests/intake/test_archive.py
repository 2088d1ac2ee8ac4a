"""Gzip, zip, standard input: read whole or refused whole, and nothing is ever unpacked to disk."""

from __future__ import annotations

import errno
import gzip
import io
import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from riskprofile import intake
from riskprofile.errors import InputError
from riskprofile.intake import Source, archive
from tests.intake.samples import samples

TABLE = b"declaration_id,goods_description\nD1,chairs\n"


def zipped(folder: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    path = folder / "sample.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def refused(path: Path) -> str:
    """What the error says; the file must be refused before a record is read."""
    with pytest.raises(InputError) as caught:
        next(iter(intake.read(path)))
    assert caught.value.do
    return f"{caught.value.where.removeprefix(str(path.parent))}: {caught.value.what}"


def test_members_of_a_zip_are_read_one_after_another_and_named(tmp_path):
    path = zipped(tmp_path, ("a.csv", TABLE), ("sub/b.csv", TABLE), ("__MACOSX/._a.csv", b"\0"))
    chunks = list(intake.read(path))
    assert [chunk.table["source"].iloc[0] for chunk in chunks] == [
        f"{path}!/a.csv",
        f"{path}!/sub/b.csv",
    ]


def test_gzip_is_read_whatever_its_name(tmp_path):
    path = tmp_path / "sample.dat"
    path.write_bytes(gzip.compress(TABLE) + gzip.compress(b"D2,tables\n"))
    (chunk,) = intake.read(path)
    assert chunk.table["declaration_id"].tolist() == ["D1", "D2"]


def test_standard_input_is_read_like_a_file(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(TABLE))))
    (chunk,) = intake.read("-")
    assert chunk.table["source"].tolist() == ["stdin"]


def test_a_truncated_archive_loads_nothing(tmp_path):
    rows = b"".join(b"D%d,chairs %d\n" % (i, i * i) for i in range(200_000))
    path = tmp_path / "sample.csv.gz"
    path.write_bytes(gzip.compress(TABLE + rows)[:-9])
    assert refused(path) == "/sample.csv.gz: is truncated or damaged"
    path = zipped(tmp_path, ("a.csv", TABLE + rows))
    path.write_bytes(path.read_bytes()[:-30])
    assert refused(path) == "/sample.zip: is truncated or damaged"


def test_a_bomb_is_refused_without_being_unpacked(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"0" * 20_000_000))
    assert refused(path) == "/bomb.gz: unpacks to more than 100 times its size"
    path = zipped(tmp_path, ("bomb.csv", b"0" * 20_000_000))
    assert refused(path) == "/sample.zip: unpacks to more than 100 times its size"


def test_a_zip_that_lies_about_the_size_of_a_member_is_refused(tmp_path):
    path = zipped(tmp_path, ("bomb.csv", b"0" * 20_000_000))
    content = path.read_bytes()
    path.write_bytes(
        content.replace((20_000_000).to_bytes(4, "little"), (900_000).to_bytes(4, "little"))
    )
    assert refused(path) == "/sample.zip!/bomb.csv: is truncated or damaged"


def test_too_many_members_are_refused(tmp_path):
    path = zipped(tmp_path, *((f"{i}.csv", TABLE) for i in range(101)))
    assert refused(path) == "/sample.zip: holds 101 members, more than 100"


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "x/../../a.csv", "C:\\a.csv", "..\\a.csv"])
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    path = zipped(tmp_path, (name, TABLE))
    assert refused(path).endswith("has a name that leaves its folder")


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refused(zipped(tmp_path, (link, b"/etc/hosts"))) == "/sample.zip!/a.csv: is a link"


def test_two_members_of_one_name_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(tmp_path, ("a.csv", TABLE), ("a.csv", TABLE))
    assert refused(path) == "/sample.zip!/a.csv: stands twice in the archive"


def test_an_archive_within_an_archive_is_refused(tmp_path):
    inner = zipped(tmp_path, ("a.csv", TABLE)).read_bytes()
    assert refused(zipped(tmp_path, ("b.zip", inner))).endswith(
        "is a zip archive within an archive"
    )
    assert refused(zipped(tmp_path, ("b.gz", gzip.compress(TABLE)))).endswith(
        "is a gzip archive within an archive"
    )
    path = tmp_path / "sample.gz"
    path.write_bytes(gzip.compress(gzip.compress(TABLE)))
    assert refused(path).endswith("is a gzip archive within an archive")


@pytest.mark.parametrize("pack", ["zip", "gz"])
def test_a_workbook_in_an_archive_has_the_limits_of_one_alone(tmp_path, pack):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", b"<Types/>")
        book.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    path = tmp_path / "day.xlsx.gz"
    if pack == "zip":
        path = zipped(tmp_path, ("day.xlsx", made.getvalue()))
    else:
        path.write_bytes(gzip.compress(made.getvalue()))
    assert refused(path).endswith("unpacks to more than 100 times its size")


def test_one_member_in_no_known_format_refuses_the_archive_before_any_record(tmp_path):
    path = zipped(tmp_path, ("a.csv", TABLE), ("notes.txt", b"nothing here"))
    assert "notes.txt: is in no format known here" in refused(path)


def test_paths_that_are_no_regular_files_are_refused(tmp_path):
    assert refused(tmp_path / "missing.csv").endswith("no such file, or it may not be read")
    assert refused(tmp_path).endswith("is a directory")
    os.mkfifo(tmp_path / "pipe.csv")
    assert refused(tmp_path / "pipe.csv").endswith("is not a regular file")
    (tmp_path / "empty.csv").touch()
    assert refused(tmp_path / "empty.csv").endswith("is empty")
    assert refused(zipped(tmp_path, ("a.csv", b""))).endswith("a.csv: is empty")


def test_nothing_is_written_beside_the_archive(tmp_path):
    path = zipped(tmp_path, ("a.csv", TABLE))
    list(intake.read(path))
    assert [each.name for each in tmp_path.iterdir()] == ["sample.zip"]


def test_a_smaller_limit_holds_for_each_kind_of_packing():
    content = TABLE + b"".join(b"D%d,chairs %d\n" % (n, n * n) for n in range(100_000))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as kept:
        kept.writestr("a.csv", content)
    for packed in (gzip.compress(content), made.getvalue()):
        source = Source("sample", None, len(packed), lambda packed=packed: io.BytesIO(packed))
        assert len(archive.unpacked(source)) == 1
        with pytest.raises(InputError, match="unpacks to more than 1 MB"):
            archive.unpacked(source, 1_000_000)


@pytest.mark.parametrize("parts", [("[Content_Types].xml",), ("mimetype", "content.xml")])
def test_a_workbook_that_is_too_large_is_to_be_saved_not_unpacked(parts):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as made:
        for name in (*parts, "sheet.xml"):
            made.writestr(name, b"<row/>" * 200_000)
    held = Source("day.xlsx", None, packed.tell(), lambda: io.BytesIO(packed.getvalue()))
    with pytest.raises(InputError, match=r"more than 1 MB\. Save its sheet as CSV"):
        archive.unpacked(held, most=1_000_000)


class Away(io.RawIOBase):
    """What a share gives that goes away where half of the file is read."""

    def __init__(self, content: bytes, number: int):
        self.content, self.number = io.BytesIO(content), number
        self.half = len(content) // 2

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self.content.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:
        if self.content.tell() + len(buffer) > self.half:
            raise OSError(self.number, os.strerror(self.number))
        return self.content.readinto(buffer)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *((name, errno.EIO) for name in samples()),
        ("zip", errno.ESTALE),
        ("csv.gz", errno.EREMOTEIO),
    ],
)
def test_a_share_that_goes_away_while_a_file_is_read_is_no_damage_of_the_file(name, number):
    """Whichever time it is read: it is looked at, gone through, and read at last."""
    content, opened, told = samples()[name], [], []

    def opener() -> io.BufferedReader:
        opened.append(name)
        away = len(opened) == fails
        return io.BufferedReader(Away(content, number) if away else io.BytesIO(content), 64)

    for fails in range(1, 20):
        opened.clear()
        try:
            for one in archive.unpacked(Source("a", None, len(content), opener)):
                list(intake.detect(one).read(one, "auto", 10))
        except OSError as error:
            told.append(error.errno)
        if len(opened) < fails:  # read to its end without that one
            break
    assert told and set(told) == {number}


def test_a_seek_to_before_the_start_is_damage(tmp_path):
    path = zipped(tmp_path, ("a.csv", TABLE))
    content = path.read_bytes()
    end = content.rindex(b"PK\5\6")
    lies = content[: end + 12] + b"\xff\xff\xff\x7f" + content[end + 16 :]
    path.write_bytes(lies)
    assert "truncated" in refused(path)
