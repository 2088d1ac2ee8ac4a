"""Registers: loaded from files, dated, checked, and never overwritten.

Loading the same file twice changes nothing. A row that cannot be used is set aside with
a reason; the good rows beside it are loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from riskprofile.errors import UsageError
from riskprofile.files import digest_of, legible, unchanged
from riskprofile.history import Aliases, Lookup
from riskprofile.intake import registers as intake
from riskprofile.intake.columns import AUTO
from riskprofile.intake.reader import Rejection
from riskprofile.profiles.profile import Key
from riskprofile.reference import naming, nomenclature, rates
from riskprofile.reference.registers import (
    AHEAD,
    LICENCES,
    OFFICES,
    PARTIES,
    RATES,
    REGISTERS,
    Register,
)
from riskprofile.services import offices
from riskprofile.services.rights import Actor, authorise, note
from riskprofile.store import batches
from riskprofile.store import registers as kept
from riskprofile.store.database import Store
from riskprofile.tables import TIME, Table

LIES_AHEAD = "day_ahead"
NO_CODE = "hs_unknown"
ASKED = ("events", "licences", "dealers", "parties", "embargoes")  # by indicators


@dataclass
class Loaded:
    """The account of one load. Always `read == accepted + quarantined + duplicate`.

    `accepted` are new entries and new versions; `duplicate` are entries that are known
    with the same content, and rows that a later row of the file replaces.
    """

    kind: str
    source: str
    as_of: datetime
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    quarantined_by_reason: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    unknown_columns: list[str] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)

    def entries(
        self, parts: Iterable[intake.Entries], spec: Register, who: str, now: datetime
    ) -> Iterator[tuple[int, dict[str, object]]]:
        """The sound entries of a file with their lines, counted as they come.

        `source` fills the column `who` where a row says nothing.
        """
        for part in parts:
            self.read += part.read
            self.rejected += part.rejected
            self.unknown_columns += [one for one in part.unknown if one not in self.unknown_columns]
            self.warn(part.table, spec, now)
            filled = part.table
            if self.source and who in spec.by_name:
                filled = filled.assign(**{who: filled[who].fillna(self.source)})
            for row in filled.to_dict("records"):
                yield (
                    row["line"],
                    intake.plain({str(name): value for name, value in row.items()}, spec),
                )
        self.quarantined = len(self.rejected)
        self.quarantined_by_reason = dict(Counter(one.reason_code for one in self.rejected))

    def counts(self, accepted: int) -> dict[str, int]:
        """The account in numbers, once it is known how many of the entries are new."""
        self.accepted = accepted
        self.duplicate = self.read - self.quarantined - accepted
        return {n: getattr(self, n) for n in ("read", "accepted", "quarantined", "duplicate")}

    def warn(self, table: Table, spec: Register, now: datetime) -> None:
        """Count the warnings of sound entries by code, what happened on a day to come, and what
        is no beginning of an HS code.
        """
        for codes, count in table["warnings"].dropna().value_counts().items():
            for code in str(codes).split("|"):
                self.warnings[code] = self.warnings.get(code, 0) + int(count)
        if spec.happened:
            at = pd.to_datetime(table[spec.happened], utc=True)
            if ahead := int((at > pd.Timestamp(now) + AHEAD).sum()):
                self.warnings[LIES_AHEAD] = self.warnings.get(LIES_AHEAD, 0) + ahead
        if spec.tariff:
            least = 2 if spec is PARTIES else 1  # chapters: what has one digit has lost a zero
            odd = sum(_meets_no_goods(codes, least) for codes in table[spec.tariff].dropna())
            if odd:
                self.warnings[NO_CODE] = self.warnings.get(NO_CODE, 0) + odd

    def as_json(self) -> dict[str, Any]:
        """For a program: the account without the rejected rows."""
        told = asdict(self)
        del told["rejected"]
        return {**told, "as_of": self.as_of.isoformat()}


def _meets_no_goods(codes: str, least: int) -> bool:
    """Whether one of these, joined by a bar, begins no HS code, or has not the `least` digits."""
    parts = [nomenclature.bare(part) for part in codes.split("|") if part.strip()]
    return not all(
        part.isdecimal() and len(part) >= least and (len(part) == 1 or nomenclature.known(part))
        for part in parts
    )


@dataclass(frozen=True)
class Held:
    """One register as it stands: how many entries, and its last load."""

    kind: str
    doc: str
    entries: int
    loaded_at: datetime | None = None
    as_of: datetime | None = None
    source: str = ""


def register(kind: str) -> Register:
    """The register of that name, or an error that lists them."""
    if kind not in REGISTERS:
        raise UsageError(f"there is no register {kind}", do=f"Give one of {', '.join(REGISTERS)}")
    return REGISTERS[kind]


def load(
    store: Store,
    actor: Actor,
    kind: str,
    path: Path,
    now: datetime,
    *,
    source: str = "",
    as_of: datetime | None = None,
    format: str = AUTO,
) -> Loaded:
    """Load a file into a register, all of its good rows in one transaction.

    Parameters
    ----------
    source : str
        Who states it; fills the column `source` where a row says nothing.
    as_of : datetime, optional
        The day for which the file speaks; now by default. It cannot lie ahead.

    Raises
    ------
    InputError
        The file as a whole cannot be read, or was written meanwhile: nothing is loaded.
    """
    spec = register(kind)
    authorise(actor, "office.manage" if spec is OFFICES else "register.load")
    stated = (as_of or now).astimezone(UTC)
    if stated > now:
        raise UsageError("--as-of lies ahead", do="Give the day for which the file speaks")
    told = Loaded(kind, source, stated)
    entries: dict[str, dict[str, object]] = {}
    with unchanged(path):
        for _, entry in told.entries(intake.read(path, spec, format), spec, "source", now):
            entries[_key(entry, spec)] = entry
        digest = digest_of(path)
    with store.write(patience=60.0) as connection:
        kept.lock(connection)
        known_at = batches.after_runs(connection, now)  # a process of one may begin later
        before = kept.in_force(connection, kind, stated)
        contents = {key: content(entry) for key, entry in entries.items()}
        fresh = [key for key in entries if before.get(key) != contents[key]]
        account: dict[str, Any] = {**told.counts(len(fresh))}
        load_id = kept.add_load(
            connection,
            kind=kind,
            name=legible(path.name),
            source=source,
            digest=digest,
            as_of=stated,
            actor=actor.name,
            at=known_at,
            **account,
        )
        told_at = (stated, known_at, load_id)
        rows = [(kind, key, *told_at, contents[key], entries[key]) for key in fresh]
        kept.add(store, connection, rows)
        if spec is OFFICES:  # what was said for a later day stands, and what is known is not news
            said = kept.known(connection, kind, known_at, fresh)
            offices.put(connection, [one for one in said if one["stated_at"] == stated])
        account |= {"file": legible(path.name), "source": source, "digest": digest}
        account |= {"as_of": stated.isoformat()}
        note(connection, actor, "register.load", f"register:{kind}", now, account)
    return told


def content(entry: Mapping[str, Any]) -> str:
    """Digest of an entry as it came: the same again changes nothing."""
    text = json.dumps(dict(entry), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _key(entry: Mapping[str, object], spec: Register) -> str:
    parts = [str(entry.get(name, "")) for name in spec.key]
    return parts[0] if len(parts) == 1 else json.dumps(parts, ensure_ascii=False)


def held(store: Store, actor: Actor) -> list[Held]:
    """Every register: how many entries it holds, and the latest day for which a file spoke."""
    authorise(actor, "register.look")
    with store.read() as connection:
        counts = kept.counts(connection)
        last: dict[str, Any] = {}
        for one in kept.loads(connection):
            if not (one.accepted or one.duplicate):
                continue  # nothing is held of a file without a usable row
            if one.as_of > last.setdefault(one.kind, one).as_of:
                last[one.kind] = one
    return [
        Held(
            kind,
            spec.doc,
            counts.get(kind, 0),
            *((last[kind].at, last[kind].as_of, last[kind].source) if kind in last else ()),
        )
        for kind, spec in REGISTERS.items()
    ]


def entries(store: Store, actor: Actor, kind: str, now: datetime) -> Table:
    """The entries of a register as known now; names and addresses only as given or not.

    Returns
    -------
    Table
        The columns of the register; columns of class P2 hold `given` or nothing.
    """
    authorise(actor, "register.look")
    spec = register(kind)
    with store.read() as connection:
        return _veiled(kept.known(connection, kind, now), spec)


def licences(store: Store, actor: Actor, number: str, now: datetime, limit: int) -> Table:
    """Of `entries`, the first licences in whose number this stands, whatever is put between."""
    authorise(actor, "register.look")
    asked, spec = naming.licence(number), LICENCES
    with store.read() as connection:
        held = kept.keys(connection, spec.name) if asked else []
        met = [one for one in held if str(asked) in (naming.licence(one) or "")]
        return _veiled(kept.known(connection, spec.name, now, met[:limit]), spec)


def _veiled(found: list[Mapping[str, Any]], spec: Register) -> Table:
    told = table(found, spec)
    for column in spec.columns:
        if column.protection:
            told[column.name] = told[column.name].notna().map({True: "given", False: None})
    return told


def frozen(
    store: Store,
    before: datetime,
    parties: Callable[[Table, Sequence[Key]], Aliases] | None = None,
) -> Lookup:
    """What indicators may ask: the registers as known at `before`, parties made opaque.

    `parties` says which of their names and addresses stand for another's key.
    """
    with store.read() as connection:
        found = {kind: kept.known(connection, kind, before) for kind in ASKED}
    tables = {
        kind: table(held, REGISTERS[kind]).assign(
            stated_at=pd.to_datetime([one["stated_at"] for one in held], utc=True).astype(TIME)
        )
        for kind, held in found.items()
        if held
    }
    return Lookup(tables, pd.Timestamp(before).tz_convert("UTC"), parties)


def rates_in_use(store: Store, before: datetime) -> Table | None:
    """The office's rates as known at `before`, beside the sample; None when it has none."""
    with store.read() as connection:
        found = kept.known(connection, RATES.name, before)
    return rates.in_use(table(found, RATES)) if found else None


def table(found: list[Mapping[str, Any]], spec: Register) -> Table:
    """Entries as a table with the types of its columns."""
    made: dict[str, pd.Series] = {}
    for column in spec.columns:
        values = [entry.get(column.name) for entry in found]
        if column.kind == "datetime":
            times = pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601")
            made[column.name] = times.astype(column.dtype)
        elif column.kind == "float":
            made[column.name] = pd.Series(values, dtype="float64")
        else:
            made[column.name] = pd.Series(values, dtype=column.dtype)
    return pd.DataFrame(made)
