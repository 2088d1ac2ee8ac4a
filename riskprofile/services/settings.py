"""Where an installation lives and what it was told: flag > environment > config file > default."""

from __future__ import annotations

import ipaddress
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Container, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from riskprofile.errors import UsageError
from riskprofile.services import looking, probing
from riskprofile.services.rights import ROLES
from riskprofile.store.database import Store

PREFIX = "RISKPROFILE_"
SECRETS = ("PASSWORD", "CODE")  # behind it: what commands that sign somebody in read there
_BASIS = re.compile(rf"{PREFIX}([A-Z]+)_BASIS")
_PASSWORD = re.compile(r"[^:/]+://[^/@]*:[^/@]+@|.*[?&]password=")  # in an address
_SHIPPED = Path(__file__).resolve().parents[1] / "shipped"  # in a wheel alone: see setup.py
# Holds the scorecards and samples: the checkout, or the copy that an installed wheel carries.
CHECKOUT = _SHIPPED if _SHIPPED.is_dir() else Path(__file__).resolve().parents[2]


class Basis(BaseModel):
    """Why a profile that is off after `init` may be used."""

    legal_basis: str
    assessment: str


def _span(given: Any) -> Any:
    """Two shares as a list, or as text with a blank or comma, as the environment has them."""
    ends = given.replace(",", " ").split() if isinstance(given, str) else given
    try:
        low, high = (float(one) for one in ends)
    except (TypeError, ValueError):
        raise ValueError("give two shares, such as 0.70 0.95") from None
    if not 0 <= low <= high <= 1:
        raise ValueError("give the lower share first, both from 0 to 1")
    return low, high


# Between which shares, in [0, 1], a measure of a shift is usual.
Range = Annotated[tuple[float, float], BeforeValidator(_span)]


class Settings(BaseModel):
    """The settings of one run. Make them with `load`; then hand them on.

    `basis` holds what the environment says of profiles that need a legal basis and an
    impact assessment, by profile name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path
    database_url: str
    models: Path = CHECKOUT / "models"
    capacity_share: float | None = Field(default=None, gt=0, le=1)
    random_share: float = Field(default=0.10, ge=0, le=1)
    max_bad_share: float = Field(default=0.05, ge=0, le=1)
    looks_an_hour: int = Field(default=looking.LIMIT, ge=1, le=100_000)
    asks_an_hour: int = Field(default=probing.ASKS, ge=1, le=100_000)
    trial_rows_an_hour: int = Field(default=probing.ROWS, ge=1, le=100_000_000)
    second_factor_roles: tuple[str, ...] = ()
    oidc_issuer: str | None = None
    oidc_client: str | None = None
    oidc_redirect: str | None = None
    oidc_claim: str = "preferred_username"
    proxy_address: str | None = None
    proxy_header: str = "X-Remote-User"
    exporters_page: bool = False
    inbox_persons: Literal["delete", "strip"] = "delete"
    mask_months: int = Field(default=12, ge=1, le=120)
    record_years: int | None = Field(default=None, ge=10, le=1000)
    agreed_range: Range = (0.70, 0.95)
    quick_range: Range = (0.0, 0.08)
    held_range: Range = (0.60, 1.0)
    basis: dict[str, Basis] = {}

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """What was agreed for each measure of a shift (`agreement.Mark`)."""
        return {"agrees": self.agreed_range, "quick": self.quick_range, "held": self.held_range}

    @field_validator("second_factor_roles", mode="before")
    @classmethod
    def _roles(cls, given: Any) -> Any:
        """Roles as a list, or as text with commas, as the environment has them."""
        names = given.replace(",", " ").split() if isinstance(given, str) else given
        if isinstance(names, (list, tuple)) and (unknown := sorted(set(names) - set(ROLES))):
            raise ValueError(f"{', '.join(unknown)} is no role; roles are {', '.join(ROLES)}")
        return names

    @field_validator("proxy_address")
    @classmethod
    def _peer(cls, given: str | None) -> str | None:
        if given is not None:
            ipaddress.ip_address(given)
        return given


def load(environment: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    """Settings from flags (None is not given), environment, `config.toml` of the home, defaults.

    Parameters
    ----------
    environment : mapping, optional
        The process's own when not given.

    Raises
    ------
    UsageError
        An unknown or unreadable setting: which, where it was set, what it may be.
    """
    told = os.environ if environment is None else environment
    given: dict[str, tuple[str, Any]] = {}
    home = Path(flags.get("home") or told.get(f"{PREFIX}HOME") or default_home(told)).expanduser()
    home = home.absolute()
    for name, value in _config(home / "config.toml").items():
        if name == "home":
            raise UsageError(
                "setting home: the home is not named in its own file",
                where=str(home / "config.toml"),
                do=f"Take it out; use --home or {PREFIX}HOME.",
            )
        given[name] = (str(home / "config.toml"), value)
    for name in Settings.model_fields:
        if value := told.get(PREFIX + name.upper()):
            given[name] = (PREFIX + name.upper(), value)
    for name, value in flags.items():
        if value is not None:
            given[name] = (f"--{name.replace('_', '-')}", value)
    given["home"] = ("home", home)
    given["basis"] = ("environment", _basis(told))
    given.setdefault("database_url", ("default", f"sqlite:///{home / 'riskprofile.db'}"))
    try:
        return Settings(**{name: value for name, (_, value) in given.items()})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        where = given.get(name, ("", None))[0]
        if first["type"] == "extra_forbidden":
            raise _unknown(name, where) from None
        raise UsageError(
            f"setting {name}: {first['msg'].lower()}", where=where, do="Correct it, or take it out."
        ) from None


def _unknown(name: str, where: str) -> UsageError:
    """A setting that there is not, and which one may be meant."""
    known = sorted(set(Settings.model_fields) - {"basis", "home"})
    meant = get_close_matches(name.lower(), known, n=1)
    do = f"Did you mean {meant[0]}? " if meant else ""
    return UsageError(
        f"setting {name}: there is no such setting",
        where=where,
        do=f"{do}Known settings: {', '.join(known)}.",
    )


def default_home(environment: Mapping[str, str]) -> Path:
    """The product's folder in the user's data directory."""
    if sys.platform == "win32" and environment.get("LOCALAPPDATA"):
        return Path(environment["LOCALAPPDATA"]) / "riskprofile"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "riskprofile"
    data = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "riskprofile"


def make_home(settings: Settings) -> Path:
    """Make the home, for its owner alone (mode 0700), when it is not there; a folder that is
    empty is made that of its owner alone.
    """
    home = settings.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            held = home.stat()
            others = held.st_mode & 0o077 and held.st_uid == os.geteuid()
            if others and next(home.iterdir(), None) is None:
                with suppress(OSError):  # a disk without rights of its own: `doctor` says so
                    home.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"the home cannot be made ({error.strerror})",
            where=str(home),
            do=f"Name another with --home or {PREFIX}HOME.",
        ) from None
    return home


def open_store(settings: Settings) -> Store:
    """Open the database of these settings; the home is made first."""
    make_home(settings)
    return Store.open(settings.database_url)


def _config(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UsageError(
            f"the config file cannot be read ({error.strerror})",
            where=str(path),
            do="Check its owner and rights.",
        ) from None
    try:
        found = tomllib.loads(content.decode("utf-8-sig"))  # editors of Windows set a mark
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the config file is not TOML ({error})",
            where=str(path),
            do='Write lines such as: random_share = 0.10 or database_url = "sqlite:////data/r.db".',
        ) from None
    if os.name == "posix":
        _check_mode(path, mode, found)
    return found


def _check_mode(path: Path, mode: int, found: Mapping[str, Any]) -> None:
    """Refuse a file that others may change, or read when a password stands in it."""
    if mode & 0o022:
        said = "others may change the config file"
    elif mode & 0o077 and _PASSWORD.match(str(found.get("database_url", ""))):
        said = "others may read the config file, and a password stands in it"
    else:
        return
    raise UsageError(said, where=str(path), do=f"Run: chmod 600 {shlex.quote(str(path))}")


def unheeded(environment: Mapping[str, str], profiles: Container[str]) -> list[str]:
    """Names in the environment that begin as settings do and that nothing reads, sorted: one that
    is misspelt, and of a law and an assessment for one of these profiles the one that stands alone.
    What is empty sets nothing.
    """
    read = {*(name.upper() for name in Settings.model_fields), *SECRETS} - {"BASIS"}
    for name in _basis(environment):
        if name in profiles:
            read |= {f"{name.upper()}_BASIS", f"{name.upper()}_ASSESSMENT"}
    given = (name for name, text in environment.items() if name.startswith(PREFIX) and text.strip())
    return sorted(name for name in given if name.removeprefix(PREFIX) not in read)


def _basis(environment: Mapping[str, str]) -> dict[str, Basis]:
    """By the profile that is named; one that there is not is asked for by nobody."""
    found: dict[str, Basis] = {}
    for key, legal in environment.items():
        named = _BASIS.fullmatch(key)
        if named is None:
            continue
        assessment = environment.get(f"{PREFIX}{named[1]}_ASSESSMENT", "").strip()
        if legal.strip() and assessment:
            found[named[1].lower()] = Basis(legal_basis=legal.strip(), assessment=assessment)
    return found
