"""The trace request: which field each form asks for, and where the register holds it.

One row a field. `iti` is the International Tracing Instrument, `iarms` INTERPOL's trace
request, `national` the forms of national tracing centres. Built from the instrument's
list of what identifies a weapon and what a request holds; check a channel's own form.
"""

from __future__ import annotations

from dataclasses import dataclass

FORMS = ("iti", "iarms", "national")


@dataclass(frozen=True)
class Field:
    """One field: where it stands in the request, its label, its source, which forms need it.

    `column` names a column of the register, or what is stated with the request
    (`request.*`), or what lies beside the record (`photos`, `custody`).
    """

    section: str
    label: str
    column: str
    needed: tuple[str, ...] = ()


ALL = FORMS
TRACE = (
    Field("weapon", "kind", "kind", ALL),
    Field("weapon", "type of firearm", "arm_type", ALL),
    Field("weapon", "make or manufacturer", "make", ALL),
    Field("weapon", "model", "model", ALL),
    Field("weapon", "calibre", "calibre", ALL),
    Field("weapon", "serial number exactly as marked", "serial", ALL),
    Field("weapon", "serials on slide, barrel or bolt", "serial_elsewhere", ("iarms",)),
    Field("weapon", "country of manufacture", "country_of_manufacture", ALL),
    Field("weapon", "action", "action", ("national",)),
    Field("weapon", "barrel length, mm", "barrel_mm", ("national",)),
    Field("weapon", "capacity, rounds", "capacity", ("national",)),
    Field("weapon", "finish", "finish", ("national",)),
    Field("marks", "import mark", "import_mark", ("iti", "iarms")),
    Field("marks", "country of import", "import_country", ("iti", "iarms")),
    Field("marks", "year of import", "import_year"),
    Field("marks", "proof, property, military and dealer marks", "proof_marks", ("iarms",)),
    Field("marks", "marking", "marking", ALL),
    Field("marks", "serial removed", "obliterated"),
    Field("marks", "serial restored", "restored"),
    Field("marks", "privately made", "privately_made"),
    Field("marks", "converted", "converted"),
    Field("marks", "reactivated", "reactivated"),
    Field("marks", "photos of the marks, SHA-256", "photos", ("iarms",)),
    Field("event", "event", "event", ALL),
    Field("event", "day", "event_on", ALL),
    Field("event", "country", "country", ALL),
    Field("event", "place", "subnational", ("national",)),
    Field("event", "office", "office", ("national",)),
    Field("event", "case number", "case_number", ALL),
    Field("event", "why it is held illicit", "legal_basis", ("iti",)),
    Field("event", "criminal context", "context"),
    Field("event", "departure", "departure"),
    Field("event", "transit", "transit"),
    Field("event", "destination", "destination"),
    Field("event", "held now by", "custody", ("national",)),
    Field("request", "requesting authority", "request.authority", ALL),
    Field("request", "contact", "request.contact", ALL),
    Field("request", "intended use of the answer", "request.use", ("iti",)),
    Field("request", "handling restrictions", "request.handling", ("iti", "iarms")),
    Field("request", "urgency", "request.urgency"),
)
