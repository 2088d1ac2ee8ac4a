"""Keys of the home: whole or not there, and made once whoever asks at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from riskprofile.errors import StoreError
from riskprofile.services import keys

# No file may hold a byte, as on a full disk.
FULL = (
    "import resource, signal, sys; from pathlib import Path\n"
    "from riskprofile.services import keys\n"
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    "keys.key(Path(sys.argv[1]), 'retention')"
)


def test_a_full_disk_leaves_no_half_key_behind(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "Make room" in done.stderr
    assert list((tmp_path / "keys").iterdir()) == []
    assert len(keys.key(tmp_path, "retention")) == keys.SIZE


def test_a_key_is_made_once_whoever_asks_at_the_same_time(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: keys.key(tmp_path, "audit"), range(64)))
    assert made == {(tmp_path / "keys" / "audit.key").read_bytes()}
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["audit.key"]
    assert oct((tmp_path / "keys" / "audit.key").stat().st_mode)[-3:] == "600"


def test_an_empty_key_is_not_replaced_and_says_what_may_be_done(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    os.close(os.open(tmp_path / "keys" / "audit.key", os.O_CREAT | os.O_WRONLY, 0o600))
    with pytest.raises(StoreError, match="Where there never was one, delete the file"):
        keys.key(tmp_path, "audit")
    (tmp_path / "keys" / "audit.key").write_bytes(b"half")
    with pytest.raises(StoreError, match="Restore it from the backup") as cut:
        keys.key(tmp_path, "audit")
    assert "delete" not in str(cut.value)
