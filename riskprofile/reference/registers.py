"""What lies beside the declarations: one table of columns per register.

A register is loaded from any table of the intake (CSV, XLSX, JSON Lines, Parquet) under
these names. `key` identifies an entry: the same key with other content is a new version
of it, and the newest that was known when a declaration is rated counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from riskprofile.tables import ColumnSpec
from riskprofile.tables import ColumnSpec as C

AHEAD = timedelta(hours=14)  # no zone is further ahead: there the day has begun


@dataclass(frozen=True)
class Register:
    """One kind of entry. Implements `tables.Layout`, so that every table reader reads it.

    `ordered` are pairs of columns of which the second cannot lie before the first. `happened` is
    the column that says when something was: one that lies ahead was typed wrongly.
    `tariff` is the column of first digits of HS codes, points and blanks aside; others meet no
    goods.
    Columns of a file that are not named here are kept in `extra`; where a register has no such
    column they are left out, because they could name a person.
    """

    name: str
    doc: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]
    mandatory: tuple[tuple[str, ...], ...]
    ordered: tuple[tuple[str, str], ...] = ()
    time: str = ""
    due: str = ""
    office: str = ""
    happened: str = ""
    tariff: str = ""

    @cached_property
    def reading(self) -> Register:
        """As a reader sees it: `source` under another name, since readers say where a row lay."""
        columns = tuple(
            replace(one, name=STATED) if one.name == "source" else one for one in self.columns
        )
        mandatory = tuple(
            tuple(STATED if name == "source" else name for name in group)
            for group in self.mandatory
        )
        return replace(self, columns=columns, mandatory=mandatory)

    @cached_property
    def by_name(self) -> Mapping[str, ColumnSpec]:
        """Column specifications by name."""
        return {column.name: column for column in self.columns}

    @property
    def names(self) -> list[str]:
        """Column names, in the order of the table."""
        return [column.name for column in self.columns]


STATED = "stated_source"
EXTRA = C("extra", "json", "everything else that the file carried")

SIGHTINGS = Register(
    "sightings",
    "reports away from official posts, by place and time; no column is about a person",
    (
        C("sighting_id", "text", "the report"),
        C("at", "datetime", "when it was seen"),
        C("latitude", "float", "degrees north", minimum=-90, maximum=90),
        C("longitude", "float", "degrees east", minimum=-180, maximum=180),
        C("kind", "text", "what was seen: group on foot, small craft, vehicle, aircraft"),
        C("count", "int", "how many were seen", minimum=0),
        C("direction", "text", "in, out or along"),
        C("source", "text", "who reports: patrol, sensor, public"),
    ),
    key=("sighting_id",),
    mandatory=(("sighting_id",), ("at",), ("latitude",), ("longitude",)),
    happened="at",
)
EVENTS = Register(
    "events",
    "what happened to a declaration's goods; counts only when known before the rating",
    (
        C("record_id", "text", "as the results file shows it"),
        C("at", "datetime", "when it happened"),
        C("kind", "choice", "", choices=("yard", "seal", "amendment", "inspection")),
        C("value", "text", "what happened, in one word of `VALUES`"),
        C("source", "text", "who says so"),
        EXTRA,
    ),
    key=("record_id", "at", "kind", "value", "source"),
    mandatory=(("record_id",), ("at",), ("kind",)),
    happened="at",
)
# The values that indicators know. Any other value is kept and shown, and raises nothing.
VALUES = {
    "yard": ("discharged", "moved", "unlisted_move", "collected", "abandoned"),
    "seal": ("intact", "broken", "changed", "missing", "resealed"),
    "amendment": ("description", "consignee", "route", "value", "other"),
}
LICENCES = Register(
    "licences",
    "authorisations to export, import or carry firearms, parts and ammunition through",
    (
        C("licence_number", "text", "its number, as declarations give it"),
        C("licence_type", "choice", "", choices=("export", "import", "transit", "permit")),
        C("status", "choice", "", choices=("active", "suspended", "revoked", "closed")),
        C("issued_by", "text", "authority"),
        C("holder_id", "text", "who holds it: code"),
        C("holder_name", "text", "who holds it: name", "P2"),
        C("consignor_id", "text", "who may send: code"),
        C("consignor_name", "text", "who may send: name", "P2"),
        C("consignee_id", "text", "who may receive: code"),
        C("consignee_name", "text", "who may receive: name", "P2"),
        C("hs_codes", "codes", "first digits of the HS codes that it covers"),
        C("calibres", "codes", "calibres that it covers"),
        C("quantity", "float", "pieces that it allows", minimum=0),
        C("balance", "float", "pieces left on the day of the register", minimum=0),
        C("valid_from", "date", "first day"),
        C("valid_until", "date", "last day"),
        C("transit_countries", "codes", "countries that consented to transit"),
        C("end_use_certificate", "text", "its reference"),
        C("end_use_due", "date", "when the end-use certificate is due"),
        C("end_use_received", "date", "when it was received"),
        C("delivery_due", "date", "when delivery, or re-export, is to be verified"),
        C("delivery_verified", "date", "when it was verified"),
        EXTRA,
    ),
    key=("licence_number",),
    mandatory=(("licence_number",),),
    ordered=(("valid_from", "valid_until"),),
    tariff="hs_codes",
)
DEALERS = Register(
    "dealers",
    "who may deal in firearms",
    (
        C("dealer_id", "text", "code of the party"),
        C("name", "text", "name", "P2"),
        C("country", "country", "where"),
        C("valid_from", "date", "first day"),
        C("valid_until", "date", "last day"),
        C("yearly_units", "float", "pieces sold in a year, as registered", minimum=0),
        EXTRA,
    ),
    key=("dealer_id",),
    mandatory=(("dealer_id",),),
    ordered=(("valid_from", "valid_until"),),
)
PARTIES = Register(
    "parties",
    "traders as the company or tax register knows them",
    (
        C("party_id", "text", "code of the party"),
        C("name", "text", "name", "P2"),
        C("address", "text", "registered address", "P2"),
        C("country", "country", "where"),
        C("incorporated_at", "date", "since when it exists"),
        C("ceased_at", "date", "until when"),
        C("activities", "codes", "HS chapters of its business, two digits each"),
        C("officers", "codes", "references of its officers", "P2"),
        EXTRA,
    ),
    key=("party_id",),
    mandatory=(("party_id",),),
    ordered=(("incorporated_at", "ceased_at"),),
    tariff="activities",
)
EMBARGOES = Register(
    "embargoes",
    "arms embargoes, with dates and source",
    (
        C("country", "country", "to where"),
        C("goods", "codes", "first digits of HS codes; 93 when empty"),
        C("starts_at", "date", "first day"),
        C("ends_at", "date", "last day; empty while in force"),
        C("authority", "text", "who imposed it"),
        C("source", "text", "resolution, regulation or notice"),
        C("exemption", "text", "who is exempt, in words"),
        EXTRA,
    ),
    key=("country", "goods", "starts_at", "authority"),
    mandatory=(("country",), ("starts_at",), ("source",)),
    ordered=(("starts_at", "ends_at"),),
    tariff="goods",
)
RATES = Register(
    "rates",
    "exchange rates",
    (
        C("currency", "currency", "ISO 4217"),
        C("date", "date", "day from which it holds"),
        C("per_usd", "float", "units of the currency for one US dollar", minimum=0, above=True),
    ),
    key=("currency", "date"),
    mandatory=(("currency",), ("date",), ("per_usd",)),
)
OFFICES = Register(
    "offices",
    "customs offices and crossing points",
    (
        C("code", "text", "what declarations carry in `customs_office`"),
        C("name", "text", "name"),
        C("zone", "text", "IANA time zone; UTC when empty"),
        C("country", "country", "where"),
        C("capacity", "int", "examinations a day; 40 when empty", minimum=0),
        C("date_order", "choice", "", choices=("day_first", "month_first")),
    ),
    key=("code",),
    mandatory=(("code",),),
)

REGISTERS: dict[str, Register] = {
    one.name: one
    for one in (SIGHTINGS, EVENTS, LICENCES, DEALERS, PARTIES, EMBARGOES, RATES, OFFICES)
}
