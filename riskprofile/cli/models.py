"""models list, show, verify, propose, promote, rollback; profiles list, enable, disable."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Code, Home, Json, acting, app, examples, now, opened, owner
from riskprofile.errors import ScorecardError
from riskprofile.profiles import PROFILES
from riskprofile.services import govern, promotion

models = typer.Typer(
    help="Scorecards: which serve, and whether they are whole.", no_args_is_help=True
)
profiles = typer.Typer(help="Kinds of declaration: which are on.", no_args_is_help=True)
app.add_typer(models, name="models")
app.add_typer(profiles, name="profiles")


def _known(profile: str) -> str:
    govern.known_profile(profile)
    return profile


ProfileName = Annotated[str, typer.Argument(callback=_known)]


@models.command("list")
def list_models(home: Home = None, json: Json = False) -> None:
    """Every scorecard, shipped or proposed: which serve, who signed."""
    with opened(home) as (settings, store):
        found = promotion.known(store, owner(), settings.models)
    said = []
    for one in found:
        state = "promoted before" if one.promoted else one.origin
        state = "serves" if one.serves else state
        by = f" signed by {', '.join(one.signed_by)}" if one.signed_by else ""
        stale = one.overtaken and not one.promoted
        old = f" measured beside {one.beside}, which does not serve" if stale else ""
        fault = f": {one.fault}" if one.fault else ""
        said.append(f"{one.profile} {one.version} {state} {one.digest[:12]}{by}{old}{fault}")
    none = f"no scorecard in {settings.models}"
    output.done({"models": [*map(asdict, found)]}, *(said or [none]), as_json=json)


@models.command(epilog=examples("riskprofile models show shipment"))
def show(profile: ProfileName = "shipment", home: Home = None, json: Json = False) -> None:
    """The terms of the scorecard that serves, strongest first."""
    with opened(home) as (settings, store):
        card = promotion.serving(store, settings.models, profile)
    terms = sorted(
        (
            {
                "term": term.name,
                "least": int(term.table.min()),
                "most": int(term.table.max()),
                "said": term.said,
            }
            for term in card.terms
        ),
        key=lambda term: -(int(str(term["most"])) - int(str(term["least"]))),
    )
    output.done(
        {"profile": profile, "version": card.version, "digest": card.digest}
        | {"base": card.base, "terms": terms},
        f"{profile} {card.version}, digest {card.digest[:12]}, base {card.base} points",
        *(f"  {term['least']:+5d} to {term['most']:+5d}  {term['said']}" for term in terms),
        as_json=json,
    )


@models.command()
def verify(home: Home = None, json: Json = False) -> int:
    """Check every byte and signature of every scorecard. Exit 5 when one cannot serve."""
    with opened(home) as (settings, store):
        found = promotion.known(store, owner(), settings.models)
        serving: dict[str, str] = {}
        for name in PROFILES:
            try:
                promotion.serving(store, settings.models, name)
            except ScorecardError as error:
                serving[name] = str(error)
    faults = [one for one in found if one.fault]
    said = []
    for one in found:
        state = "whole and trusted" if one.serves or one.origin == "shipped" else "whole"
        said.append(f"{one.profile} {one.version}: {one.fault or state}")
    said += [f"no scorecard serves the {name} profile: {why}" for name, why in serving.items()]
    told = {"checked": len(found), "faults": [*map(asdict, faults)], "not_serving": serving}
    output.done(told, *said, as_json=json)
    return ScorecardError.exit_code if serving else 0


@models.command(epilog=examples("riskprofile models propose FOLDER"))
def propose(
    folder: Annotated[Path, typer.Argument(help="The folder of a version.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Take a fitted scorecard in. It does not serve before two people have signed it."""
    with opened(home) as (settings, store):
        digest = promotion.propose(store, owner(), folder, now(), settings.models)
    said = f"proposed, digest {digest[:12]}; two people sign: riskprofile models promote"
    output.done({"digest": digest}, said, as_json=json)


@models.command(epilog=examples("riskprofile models promote shipment 2027.01.1 --as anna"))
def promote(
    profile: ProfileName,
    version: Annotated[str, typer.Argument()],
    as_: Annotated[str, typer.Option("--as", help="The account that signs.")],
    code: Code = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Sign a proposed scorecard; with the second person's signature it serves."""
    with opened(home) as (settings, store), acting(settings, store, as_, code) as (actor, password):
        told = promotion.sign(store, actor, password, profile, version, now(), settings.models)
    by = f"signed by {', '.join(told.signed_by)}"
    said = f"{by}; another person's signature is needed"
    said = f"{profile} {version} serves, {by}" if told.serves else said
    output.done(asdict(told), said, as_json=json)


@models.command(
    epilog=examples('riskprofile models rollback shipment --why "the first lane makes no sense"')
)
def rollback(
    profile: ProfileName,
    why: Annotated[str, typer.Option(help="The reason, 20 characters or more.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Serve again what served before."""
    with opened(home) as (settings, store):
        done = promotion.rollback(store, owner(), profile, why, now(), settings.models)
    card = done.scorecard
    told = {"profile": profile, "version": card.version, "digest": card.digest}
    said = f"{profile} {card.version} serves again; {done.taken} is taken off"
    if not done.served:
        said = (
            f"{profile} {done.taken} is taken off: it did not serve, since no law for a learnt "
            f"scorecard is named; {card.version} serves as before"
        )
    output.done({**told, "taken_off": done.taken, "served": done.served}, said, as_json=json)


@profiles.command("list")
def list_profiles(home: Home = None, json: Json = False) -> None:
    """Which profiles are on, and the law and the impact assessment named for each."""
    with opened(home) as (settings, store):
        told = {name: govern.switched(store, name, settings) for name in PROFILES}
    said = []
    for name, one in told.items():
        said.append(f"{name}: {'on' if one.on else 'off'}")
        if one.legal_basis:
            said.append(f"  legal basis: {one.legal_basis}")
            said.append(f"  impact assessment: {one.assessment}")
        if one.learnt:
            said.append("  rated by the learnt scorecard")
    on = {name: one.on for name, one in told.items()}
    named = {name: vars(one) for name, one in told.items() if one.legal_basis}
    output.done({"profiles": on, "named": named}, *said, as_json=json)


@profiles.command(
    epilog=examples(
        'riskprofile profiles enable traveller --legal-basis "Border Act, section 12" '
        "--assessment IA-2026-3"
    )
)
def enable(
    profile: ProfileName,
    legal_basis: Annotated[str, typer.Option(help="The law that allows it.")],
    assessment: Annotated[str, typer.Option(help="Reference of the impact assessment.")],
    learnt: Annotated[
        bool,
        typer.Option("--learnt", help="That law also allows a scorecard learnt from data."),
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Switch a profile on, naming the legal basis and the impact assessment."""
    with opened(home) as (settings, store):
        govern.enable_profile(
            store, owner(), profile, legal_basis, assessment, now(), learnt=learnt
        )
        # The law does not say it alone: what was promoted here may come first.
        serves = promotion.serving(store, settings.models, profile).version
    made = {"profile": profile, "on": True, "learnt": learnt, "serves": serves}
    output.done(made, f"{profile} is on, rated by {serves}", as_json=json)


@profiles.command(epilog=examples("riskprofile profiles disable traveller"))
def disable(profile: ProfileName, home: Home = None, json: Json = False) -> None:
    """Switch a profile off: nothing of it is rated; its alerts stay workable."""
    with opened(home) as (_, store):
        govern.disable_profile(store, owner(), profile, now())
    output.done({"profile": profile, "on": False}, f"{profile} is off", as_json=json)
