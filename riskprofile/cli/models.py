"""models list, show, verify, propose, promote, rollback; profiles list, enable, disable."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Code, Home, Json, acting, app, now, opened, owner
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
def list_models(home: Home = None, json: Json = False) -> int:
    """Every scorecard, shipped or proposed: which serve, who signed."""
    with opened(home) as (settings, store):
        found = promotion.known(store, owner(), settings.models)
    if json:
        output.as_json({"models": [asdict(one) for one in found]})
        return 0
    for one in found:
        state = "promoted before" if one.promoted else one.origin
        state = "serves" if one.serves else state
        by = f" signed by {', '.join(one.signed_by)}" if one.signed_by else ""
        stale = one.overtaken and not one.promoted
        old = f" measured beside {one.beside}, which does not serve" if stale else ""
        output.say(
            f"{one.profile} {one.version} {state} {one.digest[:12]}{by}{old} {one.fault}".rstrip()
        )
    if not found:
        output.say(f"no scorecard in {settings.models}")
    return 0


@models.command()
def show(profile: ProfileName = "shipment", home: Home = None, json: Json = False) -> int:
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
    if json:
        output.as_json(
            {"profile": profile, "version": card.version, "digest": card.digest}
            | {"base": card.base, "terms": terms}
        )
        return 0
    output.say(f"{profile} {card.version}, digest {card.digest[:12]}, base {card.base} points")
    for term in terms:
        output.say(f"  {term['least']:+5d} to {term['most']:+5d}  {term['said']}")
    return 0


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
    if json:
        output.as_json(
            {
                "checked": len(found),
                "faults": [asdict(one) for one in faults],
                "not_serving": serving,
            }
        )
    else:
        for one in found:
            state = "whole and trusted" if one.serves or one.origin == "shipped" else "whole"
            output.say(f"{one.profile} {one.version}: {one.fault or state}")
        for name, fault in serving.items():
            output.say(f"no scorecard serves the {name} profile: {fault}")
    return ScorecardError.exit_code if serving else 0


@models.command()
def propose(
    folder: Annotated[Path, typer.Argument(help="The folder of a version.")],
    home: Home = None,
    json: Json = False,
) -> int:
    """Take a fitted scorecard in. It does not serve before two people have signed it."""
    with opened(home) as (settings, store):
        digest = promotion.propose(store, owner(), folder, now(), settings.models)
    if json:
        output.as_json({"digest": digest})
    else:
        output.say(f"proposed, digest {digest[:12]}; two people sign: riskprofile models promote")
    return 0


@models.command()
def promote(
    profile: ProfileName,
    version: Annotated[str, typer.Argument()],
    as_: Annotated[str, typer.Option("--as", help="The account that signs.")],
    code: Code = "",
    home: Home = None,
    json: Json = False,
) -> int:
    """Sign a proposed scorecard; with the second person's signature it serves."""
    with opened(home) as (settings, store), acting(settings, store, as_, code) as (actor, password):
        told = promotion.sign(store, actor, password, profile, version, now(), settings.models)
    if json:
        output.as_json(asdict(told))
    elif told.serves:
        output.say(f"{profile} {version} serves, signed by {', '.join(told.signed_by)}")
    else:
        output.say(f"signed by {', '.join(told.signed_by)}; another person's signature is needed")
    return 0


@models.command()
def rollback(
    profile: ProfileName,
    why: Annotated[str, typer.Option(help="The reason, 20 characters or more.")],
    home: Home = None,
    json: Json = False,
) -> int:
    """Serve again what served before."""
    with opened(home) as (settings, store):
        done = promotion.rollback(store, owner(), profile, why, now(), settings.models)
    card = done.scorecard
    if json:
        told = {"profile": profile, "version": card.version, "digest": card.digest}
        output.as_json({**told, "taken_off": done.taken, "served": done.served})
    elif done.served:
        output.say(f"{profile} {card.version} serves again; {done.taken} is taken off")
    else:
        output.say(
            f"{profile} {done.taken} is taken off: it did not serve, since no law for a learnt "
            f"scorecard is named; {card.version} serves as before"
        )
    return 0


@profiles.command("list")
def list_profiles(home: Home = None, json: Json = False) -> int:
    """Which profiles are on, and the law and the impact assessment named for each."""
    with opened(home) as (settings, store):
        told = {name: govern.switched(store, name, settings) for name in PROFILES}
    if json:
        output.as_json(
            {
                "profiles": {name: one.on for name, one in told.items()},
                "named": {name: vars(one) for name, one in told.items() if one.legal_basis},
            }
        )
        return 0
    for name, one in told.items():
        output.say(f"{name}: {'on' if one.on else 'off'}")
        if one.legal_basis:
            output.say(f"  legal basis: {one.legal_basis}")
            output.say(f"  impact assessment: {one.assessment}")
        if one.learnt:
            output.say("  rated by the learnt scorecard")
    return 0


@profiles.command()
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
) -> int:
    """Switch a profile on, naming the legal basis and the impact assessment."""
    with opened(home) as (settings, store):
        govern.enable_profile(
            store, owner(), profile, legal_basis, assessment, now(), learnt=learnt
        )
        # The law does not say it alone: what was promoted here may come first.
        serves = promotion.serving(store, settings.models, profile).version
    if json:
        output.as_json({"profile": profile, "on": True, "learnt": learnt, "serves": serves})
    else:
        output.say(f"{profile} is on, rated by {serves}")
    return 0


@profiles.command()
def disable(profile: ProfileName, home: Home = None, json: Json = False) -> int:
    """Switch a profile off: nothing of it is rated; its alerts stay workable."""
    with opened(home) as (_, store):
        govern.disable_profile(store, owner(), profile, now())
    if json:
        output.as_json({"profile": profile, "on": False})
    else:
        output.say(f"{profile} is off")
    return 0
