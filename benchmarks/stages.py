"""Where a run spends its processor time: microseconds a row of each stage.

    python -m benchmarks.stages [--profile shipment] [--rows 20000] [--past 20000]

One process rates declarations of the generator, and is looked at every five milliseconds of
processor time: the innermost function of the package that belongs to a stage is what it is
doing. Shares are within a point or two; the sum is the whole run, its start included.
"""

from __future__ import annotations

import collections
import signal
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from benchmarks import asking
from riskprofile.profiles import PROFILES
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import govern, settings
from riskprofile.services.identity import OWNER
from riskprofile.services.run import Options
from riskprofile.services.screen import screen
from training.synth import generate

PAST, DAY = datetime(2026, 6, 20, 8, tzinfo=UTC), datetime(2026, 7, 1, 8, tzinfo=UTC)
EVERY = 0.005  # seconds of processor time between two looks
# What belongs to a stage, by the beginning of `room/module.py:function`; the longest counts.
STAGES = {
    "read the file": ("intake/",),
    "validate": ("intake/canonical", "intake/values", "intake/times", "intake/codes"),
    "identify, set apart": (
        *("services/identifiers", "services/folding", "services/withdrawing"),
        *("store/versions.py:known", "store/versions.py:later", "store/withdrawals"),
    ),
    "texts": (
        *("reference/lexicon", "reference/matching", "reference/wording", "reference/text"),
        *("reference/terms", "reference/stems", "reference/bags", "reference/lawful"),
        *("reference/nomenclature", "scoring/wording", "reference/goods"),
    ),
    "normal forms and keys": ("history/resolver", "reference/naming", "reference/scripts"),
    "register of parties": (
        *("store/parties", "services/parties", "history/register"),
        *("history/finding", "history/learning"),
    ),
    "history": (
        *("history/snapshot", "history/asked", "history/alone", "history/index", "history/layer"),
        *("store/batches.py:past", "store/batches.py:events", "store/batches.py:finds"),
        *("services/past", "store/pasts", "services/rater.py:rater"),
    ),
    "features": ("features/", "reference/"),
    "indicators": ("indicators/", "scoring/patterns"),
    "score": ("scoring/scorecard", "scoring/rating", "services/rater"),
    "rank": (
        *("scoring/ranking", "services/lanes", "services/capacity", "services/same_day"),
        *("services/run_rows", "services/run_declarations", "store/batches.py:others"),
        *(f"store/versions.py:{one}" for one in ("folded", "removed", "beside", "rated_elsewhere")),
    ),
    "links of alerts": ("services/networks", "services/pairs"),
    "reasons and alerts": (
        *("scoring/reasons", "services/describing", "services/alerting", "services/blind"),
        "store/alerts",
    ),
    "store and audit": (
        *("store/", "services/ingest", "services/screen", "services/ending", "services/rated"),
        *("services/opening", "services/govern", "services/offices", "services/switching"),
        *("services/rejects", "services/rights"),
        "services/under_way",
    ),
}
# What works for whoever asks it: of the stage of that.
ASKED = (
    *("columns", "errors", "files", "memory", "tables", "words/", "layouts/", "profiles/"),
    *("history/bursts", "history/lookup", "history/piles", "history/watch"),
    *("scoring/artefact", "services/promotion", "services/scorecards", "services/registers"),
    *("services/raters", "services/run.py", "services/steps", "services/workers"),
    "reference/hashing",
    "reference/once",
    *("store/spool", "store/packed_json"),
    *(f"store/table_bytes.py:{one}" for one in ("from_bytes", "whole", "_read", "read")),
)
_BY_START = {start: stage for stage, starts in STAGES.items() for start in starts}
_BY_START |= dict.fromkeys(ASKED, "")


def of(place: str) -> str | None:
    """The stage of a `room/module.py:function`: none of what works for who asks; None of others."""
    found = [start for start in _BY_START if place.startswith(start)]
    return _BY_START[max(found, key=len)] if found else None


def place(frame: FrameType) -> str | None:
    """The `room/module.py:function` of a frame; None outside of the package."""
    _, package, found = frame.f_code.co_filename.rpartition("/riskprofile/")
    return f"{found}:{frame.f_code.co_name}" if package else None


def stage(frame: FrameType | None) -> str:
    """What the process is doing in this frame."""
    while frame is not None:
        at = place(frame)
        if at is not None and (found := of(at)):
            return found
        frame = frame.f_back
    return "start, and all else"


def measure(profile: str, rows: int, past: int) -> dict[str, float]:
    """Microseconds a row by stage, in the order of the run."""
    seen: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="stages-") as name:
        folder = Path(name)
        home = settings.load({}, home=folder / "home")
        store = settings.open_store(home)
        if not PROFILES[profile].on_after_init:
            govern.enable_profile(store, OWNER, profile, "a measurement", "none", PAST)
        spent = 0.0
        for history, count, start, days in (
            (True, past, "2026-03-01", 100),
            (False, rows, "2026-06-21", 9),
        ):
            file = folder / f"{start}.csv"
            made = generate(profile, count, 1 if history else 2, start=start, days=days)
            for number, chunk in enumerate(made):
                table = chunk.table[PROFILES[profile].names]
                table.to_csv(file, mode="a", index=False, header=not number)
            options = Options(profile=profile, history=history, capacity=Capacity(share=0.01))
            seen.clear()
            began = time.process_time()
            signal.signal(signal.SIGPROF, lambda _, frame: seen.update([stage(frame)]))
            signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
            screen(store, home, OWNER, [file], options, PAST if history else DAY)
            signal.setitimer(signal.ITIMER_PROF, 0, 0)
            spent = time.process_time() - began
        store.close()
    each = spent / rows * 1e6 / max(sum(seen.values()), 1)
    return {one: seen[one] * each for one in (*STAGES, "start, and all else")}


def main() -> None:
    """Print one line a stage."""
    parser = asking.parser(__doc__, rows=20_000, past=20_000)
    parser.add_argument("--profile", choices=[*PROFILES], default="shipment")
    asked = parser.parse_args()
    told = measure(asked.profile, asked.rows, asked.past)
    print(f"{asked.profile}: {asked.rows:,} rows after {asked.past:,} of history, us a row")
    for name, value in told.items():
        print(f"  {name:<24}{value:8.1f}")
    print(f"  {'all':<24}{sum(told.values()):8.1f}")


if __name__ == "__main__":
    main()
