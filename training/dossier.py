"""The dossier of a scorecard: card, datasheet, technical file, impact assessment, ledger.

One template, `dossier.md`, filled from the scorecard's files, the program and the home. What
only the administration knows is asked for by name; its answers stand in `answers.json` and
are taken in the next time. A section with nothing in it is a fault, not a gap to overlook.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select

from riskprofile.errors import InputError, RiskProfileError
from riskprofile.files import whole_or_nothing
from riskprofile.intake.formulas import escape_formula
from riskprofile.profiles import PROFILES, Profile
from riskprofile.scoring.reasons import numbered, plain
from riskprofile.scoring.scorecard import POINTS_PER_LOG_ODDS, WORDING, Scorecard
from riskprofile.services import (
    drift,
    evidence,
    govern,
    held,
    promotion,
    retention,
    switching,
    tally,
)
from riskprofile.services.promotion import GATES, GROUPS, Gate
from riskprofile.services.rights import Actor
from riskprofile.services.settings import CHECKOUT, Settings
from riskprofile.services.tally import Line
from riskprofile.services.training_log import TRAINED
from riskprofile.store import switches, table_bytes
from riskprofile.store.database import Store
from riskprofile.store.office_tables import Audit
from training import criteria, office, record, report
from training import synth as generator
from training.markdown import cell
from training.synth.datasheet import datasheet

TEXT, ANSWERS, LEDGER = "dossier.md", "answers.json", "ledger.csv"
SAMPLE = 10_000  # rows of the generator that the datasheet is measured on
SWITCHED = ("profile.enable", "profile.disable")
OPEN = "**Open question `{key}`.** {asks}"

_audit = Audit.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Dossier:
    """The text, what it asks with the answers so far (empty is open), and the ledger."""

    text: str
    asks: Mapping[str, str]
    answers: Mapping[str, str]
    ledger: Sequence[Line]

    @property
    def open(self) -> list[str]:
        """Keys of the questions that nobody answered."""
        return [key for key in self.asks if not self.answers[key]]


def make(
    store: Store,
    settings: Settings,
    actor: Actor,
    folder: Path,
    now: datetime,
    answers: Mapping[str, str] | None = None,
) -> Dossier:
    """The dossier of the scorecard in a folder, as of now.

    Parameters
    ----------
    answers : mapping of question to text
        What the administration has written so far.

    Raises
    ------
    InputError
        There is no such folder, or a file of it is missing.
    ScorecardError
        Its files are damaged.
    RiskProfileError
        A section has nothing in it, or the ledger does not add up.
    """
    card, files = office.read(folder)
    ledger = tally.tally(store, card.profile, actor)
    require_sums(ledger)
    told = {
        **_of_files(card, files, folder),
        **_of_program(card),
        **_of_home(store, settings, actor, card),
        "at": now.strftime("%Y-%m-%d %H:%M UTC"),
        "ledger": ledger,
        "reasons": held.tallied(store, card.profile, actor),
    }
    given = {key: text.strip() for key, text in (answers or {}).items()}
    text, asks = _rendered(told, given, {})
    found = Dossier(text, asks, {key: given.get(key, "") for key in asks}, ledger)
    # The head counts what only the whole text knows.
    text, _ = _rendered(told, given, {"open": len(found.open), "asked": len(asks)})
    if bare := empty_sections(text):
        raise RiskProfileError(
            f"the dossier has nothing under {', '.join(bare)}", do="Mend its template or its data"
        )
    return Dossier(text, asks, found.answers, ledger)


def write(found: Dossier, out: Path) -> None:
    """The text, the questions with their answers so far, and the ledger as numbers.

    Each is written whole or not at all: what people answered is nowhere else.
    """
    out.mkdir(parents=True, exist_ok=True)
    kept = {key: {"asks": asks, "answer": found.answers[key]} for key, asks in found.asks.items()}
    ledger = pd.DataFrame([one.as_json() for one in found.ledger])
    ledger["name"] = [escape_formula(str(name)) for name in ledger["name"]]
    for name, text in (
        (TEXT, found.text),
        (ANSWERS, json.dumps(kept, ensure_ascii=False, indent=1) + "\n"),
        (LEDGER, ledger.to_csv(index=False)),
    ):
        with whole_or_nothing(out / name) as stream:
            stream.write(text.encode())


def answers_in(out: Path) -> dict[str, str]:
    """What the administration wrote into the folder of an earlier dossier; empty without one.

    Raises
    ------
    InputError
        The file is not what `write` made of it.
    """
    path = out / ANSWERS
    if not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text("utf-8"))
        return {str(key): str(one["answer"]) for key, one in kept.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"the answers cannot be read ({error})",
            where=str(path),
            do='Keep its form, {"KEY": {"asks": "...", "answer": "..."}}, or move the file away',
        ) from error


def empty_sections(text: str) -> list[str]:
    """Titles of the sections under which nothing stands, not even in a section below.

    >>> empty_sections("# A\\n\\n## B\\n\\ntext\\n\\n## C\\n\\n")
    ['C']
    """
    parts = re.split(r"^(#+) +(.*)$", text, flags=re.MULTILINE)
    levels = [len(mark) for mark in parts[1::3]]
    titles, bodies = parts[2::3], [body.strip() for body in parts[3::3]]
    bare = []
    for place, title in enumerate(titles):
        below = place + 1
        while below < len(levels) and levels[below] > levels[place]:
            below += 1
        if not any(bodies[place:below]):
            bare.append(title.strip())
    return bare


def require_sums(ledger: Sequence[Line]) -> None:
    """Let pass a ledger in which every line, and every kind of lines, adds up.

    Raises
    ------
    RiskProfileError
        A sum is off.
    """
    kinds = {one.by for one in ledger} - {"indicator"}  # several may fire on one alert
    sums = {kind: sum(one.alerts for one in ledger if one.by == kind) for kind in kinds}
    off = [f"{one.by} {one.name}" for one in ledger if not one.adds_up]
    off += [kind for kind, alerts in sums.items() if alerts != ledger[0].alerts]
    if off:
        raise RiskProfileError(
            f"the ledger does not add up: {', '.join(sorted(off))}", do="Report this as a fault"
        )


def _rendered(
    told: Mapping[str, Any], answers: Mapping[str, str], counts: Mapping[str, int]
) -> tuple[str, dict[str, str]]:
    """The template with all that is known in it, and the questions that it asked."""
    asks: dict[str, str] = {}

    def ask(key: str, question: str) -> str:
        asks[key] = question
        given = answers.get(key, "")
        return f"*{question}*\n\n{given}" if given else OPEN.format(key=key, asks=question)

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  (Markdown to be read as text, not a page)
        keep_trailing_newline=True,
    )
    made.filters |= {"cell": cell, "table": _table}
    text = made.get_template(TEXT).render({"open": 0, "asked": 0, **told, **counts, "ask": ask})
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", asks


def _table(rows: Sequence[tuple[str, object]]) -> str:
    lines = [f"| {cell(name)} | {cell(value)} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---|", *lines])


# ---- from the scorecard's files ------------------------------------------------------------


def _of_files(card: Scorecard, files: Mapping[str, bytes], folder: Path) -> dict[str, Any]:
    name = next((one for one in (criteria.FILE, "recipe.json") if one in files), None)
    if name is None or "card.md" not in files:
        raise InputError(
            "the folder holds no recipe.json, criteria.json or card.md",
            where=str(folder),
            do="Name the folder that `riskprofile-train fit` or `criteria` wrote",
        )
    recipe = json.loads(files[name])
    told = {"from_version": "", "written": "", "review_due": "", **recipe}
    _, _, body = files["card.md"].decode("utf-8").partition("\n")
    measured: list[Gate] = promotion.gates(files, str(folder)) if GATES in files else []
    made: dict[str, Any] = {
        "card": card,
        "told": told,
        "model_card": body.strip(),
        "gates": measured,
        "data_digest": json.loads(files["manifest.json"])["data_digest"],
        "groups": _groups(PROFILES[card.profile], body, measured),
        "evaluation": _evaluation(folder),
        "composition": [],
        "selected": [],
        "people": 0,
        "generated": "",
        "sample_rows": f"{SAMPLE:,}",
    }
    if name == criteria.FILE:
        return {**made, "source": "criteria"}
    if "labels_digest" in recipe:
        return {**made, "source": "outcomes", **_outcomes(recipe, folder)}
    return {**made, "source": "generator", **_generated(recipe)}


def _evaluation(folder: Path) -> str:
    path = folder / report.FILE
    if not path.exists():
        return f"Not measured yet: `riskprofile-train evaluate` writes `{report.FILE}`."
    head, _, body = path.read_text("utf-8").partition("\n")
    beside = head.rpartition(" beside ")[2]
    return f"It was evaluated beside {beside}, which served then.\n\n{_lower(body)}"


def _lower(text: str) -> str:
    """Headings of the second level, one lower."""
    return re.sub(r"^## ", "### ", text.strip(), flags=re.MULTILINE)


def _groups(profile: Profile, text: str, measured: Sequence[Gate]) -> str:
    if "## Groups that it cannot see" in text:
        return "the section on groups in part 1"
    if not profile.protected("P1"):
        return "its declarations hold no protected column, so there is no group to tell apart"
    if gate := next((one for one in measured if one.name == GROUPS), None):
        return f"on declarations of the generator, {gate.value} (bound: {gate.bound})"
    return (
        "not measured for this scorecard; `python -m benchmarks.fairness` measures those that ship"
    )


def _outcomes(recipe: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What an office's labels hold, measured on the file beside the scorecard."""
    path = folder / office.LABELS
    if not path.exists():
        raise InputError(
            "the outcomes that this was fitted on are not beside it",
            where=str(path),
            do="Name the folder that `riskprofile-train fit` wrote, with its labels.parquet",
        )
    labels = table_bytes.from_bytes(path.read_bytes())
    known = labels["known_at"]
    spans = f"{known.min():%Y-%m-%d} to {known.max():%Y-%m-%d}" if len(labels) else "no outcome yet"
    by = labels.groupby("selected_by", dropna=False)["value"].agg(["size", "sum"])
    return {
        "composition": [
            ("outcomes", f"{recipe['outcomes']:,}"),
            ("of them finds of trafficking", f"{recipe['finds']:,}"),
            ("known", spans),
            ("digest", recipe["labels_digest"]),
        ],
        "selected": [
            {"by": str(name), "outcomes": int(row["size"]), "finds": int(row["sum"])}
            for name, row in by.iterrows()
        ],
        "people": int(labels["officer"].nunique()),
    }


def _generated(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What the generator makes by this recipe, measured on fewer rows of its seed."""
    span = {"start": recipe["start"], "days": recipe["days"]}
    with TemporaryDirectory(prefix="dossier-") as made:
        generator.write(recipe["profile"], SAMPLE, recipe["data_seed"], made, **span)
        _, _, body = datasheet(made).partition("\n")
    return {
        "composition": [
            ("rows", f"{recipe['rows']:,}"),
            ("seed", recipe["data_seed"]),
            ("from", f"{recipe['start']}, {recipe['days']} days"),
            ("learnt from before", recipe["train_until"]),
            ("judged from", recipe["test_from"]),
            ("rows of each text of lawful trade that looks alike", recipe["lawful_trade"]),
        ],
        "generated": _lower(body),
    }


# ---- from the program ----------------------------------------------------------------------


def _of_program(card: Scorecard) -> dict[str, Any]:
    profile = PROFILES[card.profile]
    ways = {1: "more only raises", -1: "more only lowers", 0: "as data decide"}
    read = [one for one in profile.features if one.name in card.features]
    features = [
        {"name": one.name, "unit": one.unit, "reads": _said(one.reads), "way": ways[one.monotone]}
        for one in read
    ]
    if WORDING in card.features:
        says = "what the words of the description weigh together"
        features.append({"name": WORDING, "unit": "log-odds", "reads": says, "way": ways[1]})
    return {
        "per_log_odds": POINTS_PER_LOG_ODDS,
        "features": features,
        "indicators": ", ".join(f"`{one.key}`" for one in profile.indicators) or "none",
        "python": platform.python_version(),
        "machine": f"{platform.system()} ({platform.machine()})",
        "packages": ", ".join(f"{name} {one}" for name, one in record.packages().items()),
        "risks": risks(CHECKOUT / "risks.yaml"),
        "profile": profile,
        "apart": ", ".join(f"`{one}`" for one in profile.protected("P1")),
        "keys": ", ".join(f"`{one}`" for one in profile.protected("P2")),
    }


def _said(reads: str) -> str:
    """The sentence of a feature with N where an officer sees the row's value."""
    return cell(re.sub(r"\{value[^}]*\}", "N", plain(numbered(reads, False))))


def risks(path: Path) -> list[dict[str, Any]]:
    """The register of risks: `id`, `risk`, `answer`, how many `tests`, `open`; empty without it.

    It reads the few forms of YAML that this one file uses.
    """
    if not path.exists():
        return []
    found = []
    for block in re.split(r"^- id: ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        name, _, body = block.partition("\n")
        told: dict[str, Any] = {"id": name.strip(), "tests": 0, "open": ""}
        for key, value in re.findall(r"^  (\w+):(.*(?:\n    .*)*)", body, flags=re.MULTILINE):
            plain = " ".join(value.replace(">-", "", 1).split()).strip('"')
            told[key] = (
                len(re.findall(r"^    - ", value, re.MULTILINE)) if key == "tests" else plain
            )
        found.append(told)
    return found


# ---- from the home -------------------------------------------------------------------------


def _of_home(store: Store, settings: Settings, actor: Actor, card: Scorecard) -> dict[str, Any]:
    name = card.profile
    with store.read() as connection:
        stated = switches.get(connection, switches.of_profile(name)) or {}
        second = switching.second_person(connection)
        trained = switches.get(connection, TRAINED) or {}
        switched = select(*_audit.c["at", "actor", "action", "detail"]).where(
            _audit.c.subject == f"setting:{switches.of_profile(name)}",
            _audit.c.action.in_(SWITCHED),
        )
        laws = connection.execute(switched.order_by(_audit.c.sequence.desc())).mappings().all()
    if not stated and name in settings.basis:
        stated = settings.basis[name].model_dump()
    known = promotion.known(store, actor, settings.models)
    looks = [one for one in drift.standing(store, actor) if one.profile == name]
    batches = govern.batches(store, actor)
    runs = [one for one in batches if one.profile == name and one.accepted and not one.past]
    return {
        "serves": any(one.serves and one.digest == card.digest for one in known),
        "promotions": promotion.promotions(store, actor, name),
        "laws": laws,
        "passed": evidence.passed_over(store, name, actor).says,
        "look": next(iter(looks), None),
        "second": second,
        "trained": len(trained),
        "stated": {"legal_basis": "", "assessment": "", "learnt": False, **stated},
        "runs": len(runs),
        "of_newest": len(batches) == govern.NEWEST,
        "rated": sum(one.accepted for one in runs),
        "first_run": min((f"{one.started_at:%Y-%m-%d}" for one in runs), default=""),
        "last_run": max((f"{one.started_at:%Y-%m-%d}" for one in runs), default=""),
        "terms": retention.terms(PROFILES[name], settings),
        "files_months": retention.shortest(settings),
    }
