"""Fuzzing guided by coverage: one target for each reader, from the samples it claims.

    python -m tests.fuzz                      every reader, 20 seconds each
    python -m tests.fuzz paxlst --seconds 600 one of them, longer
    python -m tests.fuzz --list

A reader may raise an `InputError` and nothing else; what it yields must become a canonical
table. A finding is written to a folder that is named, and the command fails.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = 20
SLOW = 5  # seconds of one input: a finding too; a busy machine needs some room
ROOT = Path(__file__).resolve().parents[2]


def names() -> list[str]:
    """The readers of the registry."""
    from riskprofile.intake import READERS

    return [reader.name for reader in READERS]


def seeds(name: str, folder: Path) -> int:
    """The samples that this reader claims, written to a folder; how many."""
    from riskprofile.intake import READERS
    from tests.faults.mutants import samples

    (reader,) = [each for each in READERS if each.name == name]
    count = 0
    for sample, content in samples().items():
        if reader.claims(content[:65_536], sample):
            (folder / sample).write_bytes(content)
            count += 1
    return count


def fuzz(name: str, seconds: int, findings: Path) -> tuple[int, str]:
    """Run one target in a process of its own; its exit code, and how far it came."""
    with tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-") as corpus:
        if not seeds(name, Path(corpus)):
            return 2, "no sample is claimed by this reader"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.fuzz.target", name),
                f"-max_total_time={seconds}",
                f"-timeout={SLOW}",
                "-rss_limit_mb=2048",
                "-max_len=20000",
                f"-artifact_prefix={findings}/{name}-",
                corpus,
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    told = done.stdout + done.stderr
    runs = re.findall(r"Done (\d+) runs", told) or re.findall(r"^#(\d+)\s", told, re.MULTILINE)
    covered = re.findall(r"cov: (\d+)", told)
    said = (
        f"{int(runs[-1]) if runs else 0:,} inputs, {covered[-1] if covered else 0} places covered"
    )
    if done.returncode:
        said += "\n" + told[-3_000:]
    return done.returncode, said


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(names()))
        return 0
    findings = Path(tempfile.mkdtemp(prefix="fuzz-findings-"))
    failed = []
    for name in asked.readers or names():
        code, said = fuzz(name, asked.seconds, findings)
        print(f"{name:<14}{'held' if not code else 'FOUND'}  {said}", flush=True)
        if code:
            failed.append(name)
    if not failed:
        findings.rmdir()
        return 0
    print(f"findings of {', '.join(failed)} are in {findings}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
