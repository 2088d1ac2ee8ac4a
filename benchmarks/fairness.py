"""What the traveller scorecards do to groups that they cannot see.

    python -m benchmarks.fairness [--rows 400000] [--share 0.05] [--waive COLUMN=LEVEL:NAME:WHY]
                                  [--json]

Crossings of a seed that no scorecard learnt from. For the written criteria and the learnt
scorecard: selected at the share, the false-positive ratio of every group of every protected
column beside everybody else's, which must lie within 0.8 to 1.25 or be waived by a named
person; and, once, how well each protected column is guessed from all features. Exit code 1
when a group is outside and nobody answers for it.

The generator draws protected columns apart from conduct, so what it can show is that nothing
leaks in; whether an office's own groups differ in conduct only its own rows can show.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks import asking
from benchmarks.detection import ROOT
from benchmarks.worlds import world
from riskprofile.errors import UsageError
from riskprofile.profiles import TRAVELLER
from riskprofile.scoring import parts, rating
from riskprofile.store import artefacts
from training import fairness
from training.fairness import Waiver


def run(rows: int, share: float, waivers: list[Waiver]) -> dict[str, Any]:
    """Proxies, and the groups of both scorecards."""
    made = world(TRAVELLER, rows, 41, TRAVELLER.protected("P1"))
    labels = made.truth["label"].to_numpy()
    protected = fairness.grouped(made.declared, TRAVELLER.protected("P1"))
    told: dict[str, Any] = {"rows": rows, "share": share, "scorecards": {}}
    values = rating.all_features(made.seen, made.history, TRAVELLER)
    told["proxies"] = fairness.proxies(values, protected)
    for name, learnt in (("written criteria", False), ("learnt scorecard", True)):
        card = artefacts.serving(ROOT / "models", TRAVELLER.name, learnt=learnt)
        points = card.points(rating.features(made.seen, made.history, TRAVELLER, card))
        selected = parts.chosen(points, share)
        found = fairness.groups(labels, selected, protected)
        told["scorecards"][name] = {
            "groups": found,
            "outside": fairness.outside(found, waivers),
        }
    return told


def _waiver(text: str) -> Waiver:
    group, _, rest = text.partition(":")
    column, _, level = group.partition("=")
    by, _, reason = rest.partition(":")
    if not (column and level and by.strip() and reason.strip()):
        raise UsageError(f"--waive {text}", do="Write COLUMN=LEVEL:NAME:WHY")
    if column not in (columns := TRAVELLER.protected("P1")):
        raise UsageError(
            f"{column} is no protected column", do=f"One of {', '.join(sorted(columns))}"
        )
    return Waiver(column, level, by.strip(), reason.strip())


def _judged(groups: Sequence[fairness.Group], outside: int) -> str:
    ratios = [group.ratio for group in groups if group.judged]
    if not ratios:
        return "no group is large enough to be judged: take more --rows"
    return (
        f"{len(ratios)} groups judged, ratios {min(ratios):.2f} to {max(ratios):.2f}; "
        f"{outside} outside without a waiver"
    )


def main() -> None:
    """Print the tables; exit code 1 when a group is outside and nobody answers for it."""
    parser = asking.parser(__doc__, rows=400_000, share=0.05, json=False)
    parser.add_argument("--waive", action="append", default=[])
    asked = parser.parse_args()
    if not 0 < asked.share < 1:
        parser.error(f"--share {asked.share:g}: give a share between 0 and 1, such as 0.05")
    try:
        waivers = [_waiver(text) for text in asked.waive]
    except UsageError as error:
        parser.error(f"{error.what}. {error.do}")
    told = run(asked.rows, asked.share, waivers)
    if asked.json:
        print(json.dumps(told, default=asdict))
    else:
        for name, one in told["scorecards"].items():
            print(f"\n# {name}, {asked.share:.0%} of {asked.rows:,} selected\n")
            print(fairness.section(one["groups"], told["proxies"], waivers))
            print(_judged(one["groups"], len(one["outside"])))
    raise SystemExit(any(one["outside"] for one in told["scorecards"].values()))


if __name__ == "__main__":
    main()
