"""models list, show, verify; profiles list, enable, disable."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from riskprofile.cli import output
from riskprofile.cli.app import Home, Json, app, now, owner, settings_of
from riskprofile.errors import ScorecardError
from riskprofile.profiles import PROFILES
from riskprofile.services import govern
from riskprofile.services.settings import open_store
from riskprofile.store import artefacts

models = typer.Typer(
    help="Scorecards: which serve, and whether they are whole.", no_args_is_help=True
)
profiles = typer.Typer(help="Kinds of declaration: which are on.", no_args_is_help=True)
app.add_typer(models, name="models")
app.add_typer(profiles, name="profiles")


@models.command("list")
def list_models(home: Home = None, json: Json = False) -> int:
    """Every scorecard in the folder, and which serve."""
    settings = settings_of(home)
    found = [one for name in PROFILES for one in artefacts.versions(settings.models, name)]
    if json:
        output.as_json({"models": [asdict(one) for one in found]})
        return 0
    for one in found:
        state = "serves" if one.serves else "kept"
        output.say(f"{one.profile} {one.version} {state} {one.digest[:12]} {one.fault}")
    if not found:
        output.say(f"no scorecard in {settings.models}")
    return 0


@models.command()
def show(
    profile: Annotated[str, typer.Argument()] = "shipment", home: Home = None, json: Json = False
) -> int:
    """The terms of the scorecard that serves, strongest first."""
    card = artefacts.serving(settings_of(home).models, profile)
    terms = sorted(
        (
            {
                "term": term.name,
                "least": int(term.table.min()),
                "most": int(term.table.max()),
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
        output.say(f"  {term['least']:+5d} to {term['most']:+5d}  {term['term']}")
    return 0


@models.command()
def verify(home: Home = None, json: Json = False) -> int:
    """Check every byte of every scorecard. Exit 5 when one that serves is at fault."""
    settings = settings_of(home)
    found = [one for name in PROFILES for one in artefacts.versions(settings.models, name)]
    faults = [one for one in found if one.fault]
    for name in PROFILES:
        if not any(one.serves and one.profile == name for one in found):
            nothing = f"no scorecard serves the {name} profile in {settings.models}"
            missing = artefacts.Version(name, "", serves=True, digest="", fault=nothing)
            found.append(missing)
            faults.append(missing)
    if json:
        output.as_json({"checked": len(found), "faults": [asdict(one) for one in faults]})
    else:
        for one in found:
            output.say(f"{one.profile} {one.version}: {one.fault or 'whole and trusted'}")
    return ScorecardError.exit_code if any(one.serves for one in faults) else 0


@profiles.command("list")
def list_profiles(home: Home = None, json: Json = False) -> int:
    """Which profiles are on."""
    settings = settings_of(home)
    store = open_store(settings)
    try:
        told = {name: govern.profile_on(store, name, settings) for name in PROFILES}
    finally:
        store.close()
    if json:
        output.as_json({"profiles": told})
    else:
        for name, on in told.items():
            output.say(f"{name}: {'on' if on else 'off'}")
    return 0


@profiles.command()
def enable(
    profile: Annotated[str, typer.Argument()],
    legal_basis: Annotated[str, typer.Option(help="The law that allows it.")],
    assessment: Annotated[str, typer.Option(help="Reference of the impact assessment.")],
    home: Home = None,
    json: Json = False,
) -> int:
    """Switch a profile on, naming the legal basis and the impact assessment."""
    store = open_store(settings_of(home))
    try:
        govern.enable_profile(store, owner(), profile, legal_basis, assessment, now())
    finally:
        store.close()
    if json:
        output.as_json({"profile": profile, "on": True})
    else:
        output.say(f"{profile} is on")
    return 0


@profiles.command()
def disable(
    profile: Annotated[str, typer.Argument()], home: Home = None, json: Json = False
) -> int:
    """Switch a profile off: nothing of it is rated; its alerts stay workable."""
    store = open_store(settings_of(home))
    try:
        govern.disable_profile(store, owner(), profile, now())
    finally:
        store.close()
    if json:
        output.as_json({"profile": profile, "on": False})
    else:
        output.say(f"{profile} is off")
    return 0
