"""Words of arms in disguise, with slips of the keyboard and in other languages: do they keep
their lane?

    python -m benchmarks.disguise [--count 5000] [--lines FILE] [--json]

Each phrase of `arms_phrases.tsv` is declared for the goods of a lawful row, once plainly and
once changed. Both are rated by the scorecard that serves; the lane is what an office would
see that examines the top 5 % of lawful rows and scans the next 5 %. Held: the changed text
stands in the same lane or in a higher one.

`--lines` names a file of real lawful lines, `language<TAB>text` each, in scripts other than
Latin or with letters of their own (Greek, Russian, Turkish, Arabic): how many are wrongly
called obfuscated. Without it, the lines that the tests wrote are read.
"""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import asking
from benchmarks.worlds import world
from riskprofile.history import view
from riskprofile.profiles import PROFILES
from riskprofile.reference import lexicon, text
from riskprofile.scoring import rating
from riskprofile.scoring.scorecard import Scorecard
from riskprofile.store import artefacts
from riskprofile.tables import TEXT, Table
from tests.reference import goods_lines
from tests.reference.disguise import TRICKS, slip

ROOT = Path(__file__).resolve().parents[1]
PROFILE = "shipment"
ROWS = 60_000
HOSTS = 200
LANES = ("green", "yellow", "red")
BARS = {"disguises": 0.99, "slips": 0.90, "translations": 0.80}
Pair = tuple[str, str, str]  # kind, plain text, changed text


def main() -> int:
    """Run, and print one table or one JSON object."""
    parser = asking.parser(__doc__, count=5_000, json=False)
    parser.add_argument("--lines", type=Path, help="real lawful lines: language<TAB>text")
    asked = parser.parse_args()
    phrases = _phrases()
    chance = random.Random(20)
    told: dict[str, Any] = {}
    rate = _Rating(artefacts.serving(ROOT / "models", PROFILE))
    for name, pairs in (
        ("disguises", _disguises(phrases, asked.count, chance)),
        ("slips", _slips(phrases, 1_000, chance)),
        # Terms were added to the lexicon for what the first half showed; the second is unseen.
        ("translations, words added for these", _translations(phrases[::2])),
        ("translations, unseen", _translations(phrases[1::2])),
    ):
        told[name] = rate.kept(pairs)
    told["disguises"]["shown"] = _shown(_disguises(phrases, asked.count, random.Random(20)))
    told["obfuscated by mistake"] = _mistaken(asked.lines)
    print(json.dumps(told, ensure_ascii=False) if asked.json else _table(told))
    return 0


def _phrases() -> list[dict[str, str]]:
    with Path(__file__).with_name("arms_phrases.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _disguises(phrases: list[dict[str, str]], count: int, chance: random.Random) -> list[Pair]:
    """Every trick on every English phrase, in turn, until there are `count`."""
    made: list[Pair] = []
    while len(made) < count:
        for name, trick in TRICKS.items():
            for phrase in phrases:
                plain = phrase["en"]
                hidden = trick(plain, chance)
                if hidden != plain:  # a phrase without a letter to swap stays as it is
                    made.append((name, plain, hidden))
    return made[:count]


def _slips(phrases: list[dict[str, str]], count: int, chance: random.Random) -> list[Pair]:
    made: list[Pair] = []
    while len(made) < count:
        made += [("slip", one["en"], slip(one["en"], chance)) for one in phrases]
    return made[:count]


def _translations(phrases: list[dict[str, str]]) -> list[Pair]:
    return [
        (language, phrase["en"], said)
        for phrase in phrases
        for language, said in phrase.items()
        if language != "en"
    ]


class _Rating:
    """Rates a phrase on a lawful row as the product would, with the past known."""

    def __init__(self, scorecard: Scorecard) -> None:
        self.scorecard, self.profile = scorecard, PROFILES[PROFILE]
        made = world(self.profile, ROWS, 31, self.profile.names, start="2025-01-01", days=200)
        table, label, self.history = made.declared, made.truth["label"].to_numpy(), made.history
        recent = table["lodged_at"] >= table["lodged_at"].quantile(0.8)
        lawful = table[(label == 0) & recent.to_numpy()].reset_index(drop=True)
        points = self._points(lawful)
        self.cuts = np.quantile(points, [0.90, 0.95])
        order = np.random.default_rng(4).permutation(len(lawful))
        below = [n for n in order if points[n] <= np.median(points)]
        self.hosts = lawful.iloc[below[:HOSTS]].reset_index(drop=True)

    def _points(self, rows: Table) -> np.ndarray:
        seen = view(rows, self.profile)
        values = rating.features(seen, self.history, self.profile, self.scorecard)
        return self.scorecard.points(values).astype("float64")

    def lanes(self, texts: list[str]) -> np.ndarray:
        """Lane of each text, 0 green to 2 red: on host n modulo the number of hosts."""
        hosts = [number % len(self.hosts) for number in range(len(texts))]
        rows = self.hosts.iloc[hosts].reset_index(drop=True)
        rows["goods_description"] = pd.array(texts, dtype=TEXT)
        lane = np.searchsorted(self.cuts, self._points(rows), side="left")
        single = [one for one in self.profile.indicators if not one.over_batch]
        coded = view(rows, self.profile, codes=True)
        fired = rating.indicators(coded, self.history, single)
        for one in single:
            raised = LANES.index(one.raises)
            lane = np.maximum(lane, np.where(fired.masks[one.key], raised, 0))
        return lane

    def kept(self, pairs: list[Pair]) -> dict[str, Any]:
        """Share of pairs whose changed text keeps its lane or rises, in all and by kind."""
        before, after = (self.lanes([pair[n] for pair in pairs]) for n in (1, 2))
        held = pd.Series(after >= before)
        kinds = pd.Series([pair[0] for pair in pairs])
        fell = [pairs[n][2] for n in np.flatnonzero(~held.to_numpy())]
        return {
            "tried": len(pairs),
            "held": float(held.mean()),
            "plain text raised": float((before > 0).mean()),
            "by kind": {str(k): round(float(v), 4) for k, v in held.groupby(kinds).mean().items()},
            "fell": sorted(set(fell))[:40],
        }


def _shown(pairs: list[Pair]) -> float:
    hidden = pd.Series([pair[2] for pair in pairs], dtype=TEXT)
    seen = hidden.map(lambda one: bool(text.tricks(one)) or lexicon.scan(one).disguised)
    return float(seen.mean())


def mistaken(line: str) -> bool:
    """Whether a lawful line is called obfuscated."""
    return bool(text.tricks(line)) or lexicon.scan(line).disguised


def _mistaken(file: Path | None) -> dict[str, Any]:
    """Lines called obfuscated though nothing in them is, by language."""
    if file is None:
        rows = [(name, one) for name in goods_lines.GOODS for one in goods_lines.lines(name)]
    else:
        with file.open(encoding="utf-8") as given:
            rows = [tuple(line.rstrip("\n").split("\t", 1)) for line in given]  # type: ignore[misc]
    table = pd.DataFrame(rows, columns=["language", "text"])
    called = table["text"].map(mistaken)
    shares = called.groupby(table["language"]).mean()
    return {
        "lines": len(table),
        "real": file is not None,
        "share": float(called.mean()),
        "by language": {str(k): round(float(v), 5) for k, v in shares.items()},
    }


def _table(told: dict[str, Any]) -> str:
    lines = []
    for name, row in told.items():
        if "tried" not in row:
            continue
        bar = next(bar for kind, bar in BARS.items() if name.startswith(kind))
        lines.append(
            f"{name}: {row['tried']:,} tried, {row['held']:.2%} keep their lane or rise "
            f"(bar {bar:.0%}); {row['plain text raised']:.0%} of the plain texts are raised"
        )
        lines += [f"    {kind:22} {share:.1%}" for kind, share in row["by kind"].items()]
        if row["fell"]:
            lines.append(f"    fell: {' | '.join(row['fell'][:12])}")
    lines.append(f"disguises shown as obfuscated: {told['disguises']['shown']:.1%} (bar 95%)")
    wrong = told["obfuscated by mistake"]
    lines.append(
        f"{'real' if wrong['real'] else 'written'} lawful lines wrongly called obfuscated: "
        f"{wrong['share']:.3%} of {wrong['lines']:,} (bar 0.5%) {wrong['by language']}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
