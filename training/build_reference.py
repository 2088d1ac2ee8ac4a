"""Build the goods reference tables of `riskprofile/reference/` from their sources.

    python -m training.build_reference GOODS_DESCRIPTIONS HARMONIZED_SYSTEM VAGUE_TERMS

The sources and their licences are named in `riskprofile/reference/NOTICE`. The same
sources give the same bytes. `--check` also prints how often the chapter that a trader
would declare is among the first three of the wording table, on texts held out.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import riskprofile.reference
from riskprofile.reference.stems import stem
from riskprofile.reference.text import tokens

OUT = Path(riskprofile.reference.__file__).parent
SMOOTH = 60.0  # weight of the background, in words: best of 20, 60, 200 on held-out traders' texts
LEAST = 2  # texts with a word, for it to be kept
WEIGHTS = {"trade-term": 3, "parcel free text": 3, "official HS10 text": 1, "nomenclature": 2}
STOP = frozenset(
    """of or and the for with in other than not to a an by from on its their whether nesoi no kg
    excluding including except parts thereof heading subheading more less but any as at be such
    """.split()  # noqa: SIM905
)
_EXCEPT = re.compile(
    r"\b(?:EXCEPT|EXCLUDING|OTHER THAN|NESOI|N\.E\.C\.|NOT ELSEWHERE)\b.*", re.IGNORECASE
)


def goods_words(text: str) -> list[str]:
    """Stems that may say something of a chapter."""
    return [stem(one) for one in dict.fromkeys(tokens(text)) if len(one) > 1 and not one.isdigit()]


def texts(goods: Path, nomenclature: Path) -> Iterator[tuple[list[str], str, int, str]]:
    """Words, chapter, weight and kind of each text of the sources."""
    with goods.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            text = row["description"]
            if row["kind"].startswith("official"):
                text = _EXCEPT.sub("", text)
            yield goods_words(text), row["hs_code"][:2], WEIGHTS[row["kind"]], row["kind"]
    with nomenclature.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["level"] == "6":
                text = _EXCEPT.sub("", row["description"])
                yield goods_words(text), row["hscode"][:2], WEIGHTS["nomenclature"], "nomenclature"


def table(
    rows: Iterable[tuple[list[str], str, int, str]],
) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Points (0.01 of a log-likelihood ratio to the background) by word and chapter.

    Returns
    -------
    tuple
        What a known word costs a chapter that never has it; and word -> chapter -> points.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    of_chapter: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    for found, chapter, weight, _ in rows:
        for word in found:
            if word in STOP:
                continue
            counts[word][chapter] += weight
            of_chapter[chapter] += weight
            documents[word] += 1
    total = sum(of_chapter.values())
    absent = {
        chapter: round(100 * math.log(SMOOTH / (size + SMOOTH)))
        for chapter, size in sorted(of_chapter.items())
    }
    points: dict[str, dict[str, int]] = {}
    for word in sorted(counts):
        if documents[word] < LEAST:
            continue
        share = sum(counts[word].values()) / total
        points[word] = {
            chapter: round(
                100 * math.log((count + SMOOTH * share) / (of_chapter[chapter] + SMOOTH) / share)
            )
            for chapter, count in sorted(counts[word].items())
        }
    return absent, points


def rank(
    absent: dict[str, int], points: dict[str, dict[str, int]], found: list[str], chapter: str
) -> int | None:
    """Rank of a chapter for these words, 1 is best; None when no word is known."""
    known = [points[word] for word in found if word in points]
    if not known or chapter not in absent:
        return None
    scores = {one: sum(row.get(one, absent[one]) for row in known) for one in absent}
    return 1 + sum(score > scores[chapter] for score in scores.values())


def held_out(rows: list[tuple[list[str], str, int, str]]) -> str:
    """Share of held-out traders' texts whose chapter is first, and among the first three."""
    ranks: list[int] = []
    for fold in range(5):
        train = [row for number, row in enumerate(rows) if number % 5 != fold]
        absent, points = table(train)
        for number, (found, chapter, _, kind) in enumerate(rows):
            if number % 5 == fold and kind in ("trade-term", "parcel free text"):
                place = rank(absent, points, found, chapter)
                if place is not None:
                    ranks.append(place)
    first = sum(one == 1 for one in ranks) / len(ranks)
    three = sum(one <= 3 for one in ranks) / len(ranks)
    return f"{len(ranks)} held-out texts: chapter first {first:.3f}, in the first three {three:.3f}"


def write(name: str, lines: Iterable[str]) -> None:
    """Write a compressed table with no time stamp, so that the bytes repeat."""
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9, mtime=0, filename="") as out:
        for line in lines:
            out.write((line + "\n").encode())
    (OUT / name).write_bytes(raw.getvalue())


def main() -> None:
    """Read the sources named on the command line and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("goods", type=Path)
    parser.add_argument("nomenclature", type=Path)
    parser.add_argument("vague", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    rows = list(texts(given.goods, given.nomenclature))
    if given.check:
        print(held_out(rows))
    absent, points = table(rows)
    write(
        "wording.tsv.gz",
        [
            "\t".join(["", *(f"{chapter}:{cost}" for chapter, cost in absent.items())]),
            *(
                "\t".join([word, *(f"{chapter}:{point}" for chapter, point in row.items())])
                for word, row in points.items()
            ),
        ],
    )
    with given.nomenclature.open(encoding="utf-8", newline="") as lines:
        codes = [
            f"{row['hscode']}\t{row['description']}"
            for row in csv.DictReader(lines)
            if row["hscode"].isdigit()
        ]
    write("hs2022.tsv.gz", codes)
    with given.vague.open(encoding="utf-8", newline="") as lines:
        vague = {row["description"].strip().casefold() for row in csv.DictReader(lines)}
    keep = sorted(one for one in vague if re.fullmatch(r"[a-z][a-z '&-]{2,40}", one))
    write("vague.tsv.gz", keep)
    print(f"{len(points)} words, {len(codes)} codes, {len(keep)} vague texts")


if __name__ == "__main__":
    main()
