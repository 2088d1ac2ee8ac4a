"""score, finish, history load, explain, replay, recall."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from riskprofile import words
from riskprofile.cli import output
from riskprofile.cli.app import (
    As,
    Code,
    Home,
    Json,
    acting,
    app,
    examples,
    now,
    opened,
    owner,
    settings_of,
)
from riskprofile.cli.given import Paths, given_files
from riskprofile.errors import ScorecardError, UsageError
from riskprofile.files import is_stream, whole_or_nothing
from riskprofile.intake import quarantine as quarantine_file
from riskprofile.scoring.ranking import Capacity
from riskprofile.services import (
    evidence,
    explanation,
    finishing,
    probing,
    results,
    retention,
    speaking,
)
from riskprofile.services import replay as replaying
from riskprofile.services.ending import Place, Written
from riskprofile.services.lanes import Ranked
from riskprofile.services.run import Options, Run
from riskprofile.services.scratch import scratch_database
from riskprofile.services.screen import screen
from riskprofile.services.settings import Settings, open_store
from riskprofile.services.steps import Step
from riskprofile.store.database import Store

KNOWN = "nothing was read that was not here before"


@app.command(
    epilog=examples("riskprofile score shipments.csv --out ranked.csv --quarantine rejected.csv")
)
def score(
    paths: Paths,
    profile: Annotated[str, typer.Option(help="auto, shipment or traveller.")] = "auto",
    format: Annotated[str, typer.Option(help="auto, or the name of a format.")] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Results: .csv, .parquet or .jsonl; - is stdout.")
    ] = None,
    quarantine: Annotated[Path | None, typer.Option(help="Rejected rows, as CSV.")] = None,
    reasons: Annotated[str, typer.Option(help="alerts, all or none.")] = "alerts",
    capacity: Annotated[int | None, typer.Option(min=0, help="Examinations of the list.")] = None,
    capacity_share: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Share of the declarations.")
    ] = None,
    random_share: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Share of the capacity drawn at random.")
    ] = None,
    max_bad_share: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="More bad rows than this: exit code 6.")
    ] = None,
    strict: Annotated[bool, typer.Option(help="Rate nothing when too many rows are bad.")] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Read, rate and report; keep no row of it.")
    ] = False,
    resume: Annotated[bool, typer.Option(help="Go on with a run that was stopped.")] = False,
    again: Annotated[bool, typer.Option(help="Read a file anew that was read before.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Rate on the workers of this dask scheduler.")
    ] = "",
    store: Annotated[bool, typer.Option("--store/--no-store", help="Keep alerts.")] = True,
    home: Home = None,
    json: Json = False,
) -> int:
    """Rate declarations: a ranked list with reasons, alerts for the officers."""
    if reasons not in ("alerts", "all", "none"):
        raise UsageError(f"--reasons {reasons} is not known", do="Take alerts, all or none")
    if out is not None:
        results.format_of(out)
    output.apart(paths, out, quarantine)
    if scheduler and workers > 1:
        raise UsageError("--scheduler and --workers both given", do="Give one of them")
    if capacity is not None and capacity_share is not None:
        raise UsageError("--capacity and --capacity-share both given", do="Give one of them")
    settings = settings_of(
        home,
        capacity_share=capacity_share,
        random_share=random_share,
        max_bad_share=max_bad_share,
    )
    options = Options(
        profile=profile,
        format=format,
        capacity=Capacity(capacity, settings.capacity_share, settings.random_share),
        max_bad_share=settings.max_bad_share,
        strict=strict,
        resume=resume,
        again=again,
        workers=workers,
        scheduler=scheduler,
    )
    keep = store and not dry_run
    with given_files(paths) as files, _opened(settings, keep=keep) as (database, where):
        if not keep:
            _count(settings)
        with output.progress("rating", files) as progress:
            run = screen(
                database,
                where,
                owner(),
                files,
                options,
                now(),
                # Beside the database a run keeps nothing of the past, and no register learns.
                history_url=None if keep else settings.database_url,
                progress=progress,
                written=_written(database, reasons, None if dry_run else out),
            )
        if not keep:
            _count(settings, run.summary.read)
        if out is not None and not dry_run and (run.summary.stopped or run.summary.known):
            why = "the run was stopped" if run.summary.stopped else KNOWN
            output.note(f"{out} was not written: {why}")
        if quarantine is not None and not dry_run:
            _keep_back(run, quarantine)
    return _tell(run, out, quarantine, as_json=json)


@app.command(
    epilog=examples('riskprofile finish BATCH --reason "made anew by the sender" --out ranked.csv')
)
def finish(
    batch: Annotated[str, typer.Argument(help="Its number, as `doctor` names it.")],
    reason: Annotated[str, typer.Option(help="Why its file will not be read to the end.")],
    out: Annotated[
        Path | None, typer.Option(help="Results: .csv, .parquet or .jsonl; - is stdout.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> int:
    """Rank what is stored of a batch that was left, without the rest of its file."""
    if out is not None:
        results.format_of(out)
    with opened(home) as (settings, database), output.progress("finishing") as progress:
        written = _written(database, "alerts", out)
        run = finishing.finish(
            *(database, settings, owner(), batch, reason, now()), progress=progress, written=written
        )
    return _tell(run, out, as_json=json)


def _written(database: Store, reasons: str, out: Path | None) -> Written | None:
    """What writes the results of a run, where anybody asked for them."""
    if out is None:
        return None

    def laid(ranked: list[Ranked], step: Step) -> AbstractContextManager[Place | None]:
        told = results.parts(database, ranked, reasons, step)  # type: ignore[arg-type]
        return results.laid(told, out)

    return laid


history = typer.Typer(
    help="Past declarations: parties and lanes become known.", no_args_is_help=True
)
app.add_typer(history, name="history")


@history.command("load", epilog=examples("riskprofile history load past-shipments.parquet"))
def load(
    paths: Paths,
    profile: Annotated[str, typer.Option(help="auto, shipment or traveller.")] = "auto",
    format: Annotated[str, typer.Option(help="auto, or the name of a format.")] = "auto",
    quarantine: Annotated[Path | None, typer.Option(help="Rejected rows, as CSV.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on with a load that was stopped.")] = False,
    home: Home = None,
    json: Json = False,
) -> int:
    """Take in past declarations, so that day one is not "everyone is new". No alerts."""
    output.apart(paths, quarantine)
    settings = settings_of(home)
    options = Options(
        profile=profile,
        format=format,
        max_bad_share=settings.max_bad_share,
        resume=resume,
        history=True,
    )
    with given_files(paths) as files, _opened(settings, keep=True) as (database, where):
        with output.progress("loading", files) as progress:
            run = screen(database, where, owner(), files, options, now(), progress=progress)
        if quarantine is not None:
            _keep_back(run, quarantine)
    return _tell(run, quarantine, as_json=json, done="taken in")


@app.command(
    epilog=examples(
        "riskprofile explain RECORD",
        'riskprofile explain RECORD --sheet sheet.pdf --as mira --purpose "asked by the importer"',
    )
)
def explain(
    record_id: Annotated[str, typer.Argument(help="As in the results, or a unique number.")],
    lang: Annotated[str, typer.Option(help="Language of the sentences: en, fr, es or ar.")] = "en",
    sheet: Annotated[
        Path | None, typer.Option(help="One page (PDF) for the person concerned; needs --as.")
    ] = None,
    as_: As = None,
    code: Code = "",
    purpose: Annotated[str, typer.Option(help="Why a person's record is opened.")] = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Reasons for and against one stored score, from the log."""
    if sheet is not None:
        _sheet(record_id, lang, sheet, as_, code, purpose, home, as_json=json)
        return
    if as_ is not None or purpose:  # whoever gives a purpose takes it to be written down
        raise UsageError("--as and --purpose are of --sheet", do="Leave them out, or name a sheet")
    say = _words(lang)
    with opened(home) as (settings, database):
        removed = partial(retention.tokens, settings=settings, record_id=record_id)
        told = replaying.explain(database, settings.models, record_id, removed)
    if lang != words.DEFAULT:  # English stands as it was rated
        told.reasons = speaking.reasons(say, told.profile, told.reasons)
        told.against = speaking.reasons(say, told.profile, told.against)
    said = [f"{told.record_id} item {told.item}: {told.points} points, {told.model_version}"]
    for title, terms in (("raises", told.reasons), ("lowers", told.against)):
        said.append(title)
        said += [f"  {term['points']:+5d}  {term['text']}  ({term['term']})" for term in terms]
    if told.indicators:
        said.append("indicators: " + ", ".join(told.indicators))
    output.done(asdict(told), *said, as_json=json)


def _words(lang: str) -> words.Words:
    if lang not in words.LANGUAGES:
        raise UsageError(
            f"there are no words in {lang!r}", do=f"Take one of {', '.join(words.LANGUAGES)}"
        )
    return words.of(lang)


def _sheet(
    record_id: str,
    lang: str,
    path: Path,
    account: str | None,
    code: str,
    purpose: str,
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write the explanation for the person concerned: it shows a declaration, so somebody acts."""
    say = _words(lang)
    if account is None:
        raise UsageError("--sheet shows a declaration", do="Say who asks for it: --as USER")
    with (
        opened(home) as (settings, database),
        acting(settings, database, account, code) as (actor, _),
    ):
        removed = partial(retention.tokens, settings=settings, record_id=record_id)
        made = explanation.make(
            database, settings.models, actor, record_id, say, now(), purpose, removed,
            settings.looks_an_hour,
        )  # fmt: skip
    with whole_or_nothing(path) as stream:
        stream.write(made)
    if as_json:
        output.as_json({"record": record_id, "sheet": str(path)})
    else:
        output.beside(path)(f"written: {path}")


@app.command(epilog=examples("riskprofile replay RECORD"))
def replay(
    record_id: Annotated[str | None, typer.Argument(help="One record.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every stored score.")] = False,
    home: Home = None,
    json: Json = False,
) -> int:
    """Recompute stored scores from the log: 0 bits differ, or say where."""
    if (record_id is None) == (not all_):
        raise UsageError("nothing to replay", do="Name a record_id, or --all")
    with opened(home, there=all_) as (settings, database):
        removed = partial(retention.tokens, settings=settings, record_id=record_id or "")
        with output.progress("replaying") as progress:
            told = replaying.replay(database, settings.models, record_id, removed, progress)
    said = [f"{output.counted(told.same, 'score')} came out the same, {len(told.differ)} differ"]
    if told.removed:
        were, their = ("was", "its") if told.removed == 1 else ("were", "their")
        said.append(f"{told.removed} {were} removed by retention: {their} points stay")
    said += [f"  differs: {record}" for record in told.differ[:20]]
    output.done(asdict(told), *said, as_json=json)
    for what, scores in told.missing.items():
        were = output.counted(scores, "score") + (" was" if scores == 1 else " were")
        output.note(f"riskprofile: {were} not replayed: {what}. {told.mend[what]}")
    return 1 if told.differ else ScorecardError.exit_code if told.missing else 0


@app.command()
def recall(home: Home = None, json: Json = False) -> None:
    """What the list passes over, estimated from the random control share alone."""
    with opened(home) as (_, database):
        told = evidence.all_passed_over(database, owner())
    said = (f"{one.profile}: {one.says}" for one in told)
    output.done({"profiles": [one.as_json() for one in told]}, *said, as_json=json)


def _count(settings: Settings, read: int | None = None) -> None:
    """A run that keeps nothing is counted where it is kept that it was asked for."""
    database = open_store(settings)
    rows = settings.trial_rows_an_hour
    try:
        if read is None:
            probing.ask(database, owner(), now(), settings.asks_an_hour, rows)
        else:
            probing.tried(database, owner(), now(), read, rows)
    finally:
        database.close()


def _keep_back(run: Run, path: Path) -> None:
    """Write the rows kept back; not over those of a run before of which this one read nothing."""
    if run.summary.known and path.exists() and not is_stream(path):
        output.note(f"{path} was not written: {KNOWN}")
        return
    quarantine_file.write(path, run.rejected)


def _tell(run: Run, *written: Path | None, as_json: bool, done: str = "rated") -> int:
    if as_json:
        output.as_json(asdict(run.summary))
    else:
        output.account(run, output.beside(*written))
    output.notes(run, done)
    return run.exit_code


@contextmanager
def _opened(settings: Settings, *, keep: bool) -> Iterator[tuple[Store, Settings]]:
    """The database of the home; or, when nothing is kept, one that is gone afterwards."""
    with closing(open_store(settings)) as real:
        if keep:
            yield real, settings
            return
        with scratch_database(real) as (store, url):
            yield store, settings.model_copy(update={"database_url": url})
