"""Every real message through the reader that claims it, beside a count of one's own.

    python -m benchmarks.real_files [--folder FOLDER]

For each file under `../shared/data/manifests`: the format found; what its schema or the
file of expected errors beside it says of it; rows and records set aside; and the number of
goods items that regular expressions count, which share nothing with the readers. They
agree when a valid file gives exactly that many rows and no record set aside, and a file
that is called invalid, or holds no goods, says so by name: a warning, a record set aside,
or a refusal. Content of these files is public samples; nothing is learnt from them.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from benchmarks import asking
from riskprofile import intake
from riskprofile.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT.parent / "shared" / "data" / "manifests"
NO_MESSAGES = frozenset({".xsd", ".ctl", ".md", ".tsv"})
# Warnings that say nothing against a file: of dummy contents, and of the kind of message.
NEUTRAL = frozenset(
    {
        *("zone_assumed", "country_unknown", "container_check_digit", "arrival_before_lodged"),
        *("amendment", "cancellation", "notification", "hs_odd_length"),
    }
)
# Warnings of broken rules: no file may have one whose expected errors are none.
RULES = frozenset(
    {
        *("party_details", "lodger_missing", "consignee_missing", "mode_unknown"),
        *("conveyance_identity", "mass_total_short", "reference_odd"),
    }
)
# One goods item in bytes as they stand, and what shows that it has words or a code: an
# amendment or notification repeats items by number alone.
ITEMS = {
    "wco_dm_cds": (
        rb"<(?:[\w.-]+:)?GovernmentAgencyGoodsItem[\s>].*?GovernmentAgencyGoodsItem>",
        rb"<(?:[\w.-]+:)?Commodity>.*(?:Description|Classification)>",
    ),
    "ics_ens_xml": (rb"<(?:[\w.-]+:)?GOOITEGDS[\s>].*?GOOITEGDS>", rb"GooDesGDS23|ComNomCMD1"),
    "iata_cargo_xml": (rb"<(?:[\w.-]+:)?Included(?:Master|House)ConsignmentItem[\s/>]", rb""),
    "x12": (rb"[~\n]\s*N10\*", rb""),
    "edifact_transport": (rb"(?:^|'|\n)\s*EQD\+CN", rb""),  # COPRAR: a container is a row
}
SCHEMAS = {
    "wco_dm_cds": ("Declaration", ("xsd/WCO_DEC_2_DMS.xsd",)),
    "ics_ens_xml": (
        "CC31[35]A",
        tuple(f"xsd/CC31{n}A-v11-2{end}.xsd" for n in (3, 5) for end in ("", "-New")),
    ),
}


@dataclass
class Line:
    """One file."""

    name: str
    expected: str  # valid, invalid, or "no goods"
    counted: int
    format: str = "-"
    rows: int = 0
    aside: int = 0
    said: list[str] = field(default_factory=list)  # codes that name what is wrong
    crash: str = ""
    ruled: bool = False  # a file of expected errors stands beside it

    @property
    def agrees(self) -> bool:
        if self.crash:
            return False
        if self.expected == "valid":
            broken = self.ruled and RULES & set(self.said)
            return self.rows == self.counted and not self.aside and not broken
        return bool(self.said) and self.rows <= self.counted


def counted(folder: str, data: bytes) -> int:
    """Goods items by regular expression; comments are no goods."""
    form, shows = ITEMS[folder]
    plain = re.sub(rb"<!--.*?-->", b"", data, flags=re.DOTALL)
    found = re.findall(form, plain, re.DOTALL)
    return sum(bool(re.search(shows, item, re.DOTALL)) for item in found)


def expected(folder: Path, path: Path) -> str:
    """`valid` or `invalid` by schema and by the expected errors beside the file."""
    kind = folder.name
    data = path.read_bytes()
    if not counted(kind, data):
        return "no goods"
    control = path.with_suffix(".ctl")
    if control.exists() and re.search(rb"<(?:\w+:)?Error[\s>]", control.read_bytes()):
        return "invalid"
    if kind not in SCHEMAS:
        return "valid"
    name, files = SCHEMAS[kind]
    schemas = [etree.XMLSchema(etree.parse(folder / one)) for one in files]
    tree = etree.fromstring(data)
    for element in tree.iter("{*}*"):
        if re.fullmatch(name, etree.QName(element).localname):
            alone = etree.fromstring(etree.tostring(element))
            if not any(schema.validate(alone) for schema in schemas):
                return "invalid"
    return "valid"


def judged(folder: Path, path: Path) -> Line:
    """One file through the intake."""
    kind = folder.name
    line = Line(
        f"{kind}/{path.relative_to(folder)}",
        expected(folder, path),
        counted(kind, path.read_bytes()),
        ruled=path.with_suffix(".ctl").exists(),
    )
    codes: Counter[str] = Counter()
    try:
        for chunk in intake.read(path):
            line.format = chunk.format
            line.rows += len(chunk.table)
            line.aside += len(chunk.rejected)
            codes.update(each.reason_code for each in chunk.rejected)
            for cell in chunk.table["warnings"].dropna():
                codes.update(set(cell.split("|")) - NEUTRAL)
    except InputError as error:
        codes[f"refused: {str(error).split(':', 1)[-1].strip()[:60]}"] += 1
    except Exception as error:
        line.crash = f"{type(error).__name__}: {error}"
    line.said = sorted(codes)
    return line


def lines(folder: Path) -> list[Line]:
    """Every message under the folder."""
    return [
        judged(one, path)
        for one in sorted(folder.iterdir())
        if one.is_dir()
        for path in sorted(one.rglob("*"))
        if path.is_file() and path.suffix not in NO_MESSAGES
    ]


def main() -> int:
    """Print the table and its totals; 1 when a file disagrees."""
    folder = asking.asked(__doc__, folder=FOLDER).folder
    if not folder.is_dir():
        print(f"skipped: no folder {folder.name} beside the checkout, real messages are not here")
        return 0
    found = lines(folder)
    print(f"{'file':<64}{'format':<11}{'expected':<10}{'items':>6}{'rows':>6}{'aside':>6}  says")
    for one in found:
        said = one.crash or ", ".join(one.said)
        mark = "" if one.agrees else "DISAGREES "
        print(
            f"{one.name[-63:]:<64}{one.format:<11}{one.expected:<10}{one.counted:>6}"
            f"{one.rows:>6}{one.aside:>6}  {mark}{said}"
        )
    print()
    for kind in ("valid", "invalid", "no goods"):
        group = [one for one in found if one.expected == kind]
        items, rows = sum(one.counted for one in group), sum(one.rows for one in group)
        agree = sum(one.agrees for one in group)
        print(f"{kind:<9} {len(group):>3} files, {items} items counted, {rows} rows, {agree} agree")
    crashes = sum(bool(one.crash) for one in found)
    wrong = sum(not one.agrees for one in found)
    print(f"all       {len(found):>3} files, {crashes} crashes, {wrong} disagree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
