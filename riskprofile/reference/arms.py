"""Columns of the register of arms: what was seized, found or surrendered, piece by piece.

One row is one piece, or several that no mark tells apart. There is no column about a
person: who held it belongs to the case, not to this register.
"""

from __future__ import annotations

import unicodedata

from riskprofile.reference.marks import UNSURE
from riskprofile.reference.registers import EXTRA, Register
from riskprofile.tables import ColumnSpec as C

EVENTS = ("seized", "found", "surrendered", "collected")
KINDS = ("firearm", "part", "accessory", "ammunition", "explosive")
TYPES = (
    *("pistol", "revolver", "rifle", "shotgun", "sub_machine_gun", "machine_gun"),
    *("combination", "light_weapon", "other"),
)
# Characters of a text that is looked up: the indexes of a database hold some 2,700 bytes.
KEY, MARK = 200, 500
MODES = ("land", "sea", "air", "mail", "other")
MARKED = ("make", "model", "calibre", "serial")  # columns that are read off the piece
LEGAL_BASES = ("trafficking", "possession", "manufacture", "other")
MARKINGS = ("unique", "unmarked", "obliterated", "unknown")
FLAGS = {
    "obliterated": "its serial was removed",
    "restored": "a removed serial was made readable again",
    "privately_made": "made outside a licensed factory: by craft, printing or milling",
    "converted": "changed to fire live rounds: blank, gas or signal before",
    "reactivated": "deactivated once, and made to fire again",
    "antique": "made before 1900: not counted in SDG 16.4.2",
}
# Columns that stand by themselves in the table; every other column is kept in `details`.
PLAIN = (
    *("kind", "arm_type", "part", "make", "model", "calibre", "serial", "count"),
    *("marking", *FLAGS),
)

SEIZURES = Register(
    "seizures",
    "what was seized, found, surrendered or collected, one row for each piece",
    (
        C("record_number", "text", "its number in the register", longest=KEY),
        C("event", "choice", "", choices=EVENTS),
        C("event_on", "date", "day of the event"),
        C("authority", "text", "who seized or took it", longest=KEY),
        C("office", "text", "customs office or crossing point"),
        C("country", "country", "where"),
        C("subnational", "text", "region or place, as the country names it"),
        C("at_border", "bool", "at a border rather than inland"),
        C("mode", "choice", "how it travelled", choices=MODES),
        C("case_number", "text", "of the seizure or case"),
        C("kind", "choice", "", choices=KINDS),
        C("arm_type", "choice", "", choices=TYPES),
        C("part", "text", "which part: frame, receiver, barrel, slide, bolt, silencer"),
        C("make", "text", "manufacturer, as marked", longest=MARK),
        C("model", "text", "model, as marked", longest=MARK),
        C("calibre", "text", "calibre", longest=MARK),
        C(
            "serial",
            "text",
            "exactly as marked; ? for each character that cannot be read",
            longest=MARK,
        ),
        C("serial_elsewhere", "codes", "serials on slide, barrel or bolt where they differ"),
        C("count", "int", "pieces or rounds; 1 when empty", minimum=1),
        C("marking", "choice", "", choices=MARKINGS),
        *(C(name, "bool", doc) for name, doc in FLAGS.items()),
        C("country_of_manufacture", "country", "as marked or established"),
        C("import_mark", "text", "importer, country and year as marked"),
        C("import_country", "country", "last country of import as marked"),
        C("import_year", "int", "as marked", minimum=1800, maximum=2200),
        C("proof_marks", "text", "proof, property, military and dealer marks"),
        C("action", "text", "single shot, semi-automatic, automatic, ..."),
        C("barrel_mm", "float", "barrel length", minimum=1),
        C("capacity", "int", "rounds", minimum=0),
        C("finish", "text", "colour and surface"),
        C("legal_basis", "choice", "", choices=LEGAL_BASES),
        C(
            "context",
            "choice",
            "criminal context",
            choices=("organised_crime", "drugs", "terrorism", "gang", "other"),
        ),
        C("departure", "country", "from where"),
        C("transit", "codes", "through which countries"),
        C("destination", "country", "intended destination"),
        C("transport", "text", "means of transport"),
        C("concealment", "text", "how it was hidden"),
        C("cover_goods", "text", "what it was declared as, or hidden among"),
        C("seized_with", "text", "other goods seized with it"),
        C("disposal", "choice", "", choices=("stored", "destroyed", "returned", "evidence")),
        C("ballistics", "text", "reference of its entry in a ballistic database"),
        EXTRA,
    ),
    key=("record_number",),
    mandatory=(("record_number",), ("event",), ("event_on",), ("kind",)),
    happened="event_on",
)
DETAILS = tuple(
    name
    for name in SEIZURES.names
    if name not in PLAIN
    and name
    not in ("record_number", "event", "event_on", "authority", "office", "country", "mode", "extra")
)

# Words in a mark's description that set a flag; whole words of any language given here.
SAYS = {
    "obliterated": (
        *("obliterated", "erased", "ground", "filed", "removed"),
        *("effacé", "meulé", "borrado", "limado"),
    ),
    "restored": ("restored", "raised", "restauré", "révélé", "restaurado", "revelado"),
    "privately_made": (
        *("homemade", "printed", "craft", "ghost"),
        *("artisanal", "imprimé", "artesanal", "impreso"),
    ),
    "converted": ("converted", "conversion", "transformé", "converti", "convertido"),
    "reactivated": ("reactivated", "réactivé", "reactivado"),
}
# What stands where a mark would, and is none, in the languages of the pages: there is none, or
# nobody can tell. The form of outcomes asks for such answers instead of an empty cell.
ANSWERS = {
    "none": (
        *("none", "no serial", "no serial number", "no number", "no mark", "no marks"),
        *("never marked", "not marked", "unmarked"),
        *("aucun", "aucune", "néant", "sans numéro", "sans marque", "jamais marqué"),
        *("jamais marquée", "non marqué", "non marquée"),
        *("ninguno", "ninguna", "sin número", "sin marca", "sin marcas", "sin marcar"),
        *("nunca marcado", "nunca marcada", "no marcado", "no marcada"),
        *("لا شيء", "لا يوجد", "لم يوسم قط", "غير موسوم"),
    ),
    "unknown": (
        *("unknown", "not known", "n/a", "illegible", "unreadable", "not legible", "not readable"),
        *("inconnu", "inconnue", "illisible", "desconocido", "desconocida", "ilegible"),
        *("غير معروف", "مجهول", "غير مقروء"),
    ),
}


def _plain(text: str) -> str:
    """In small letters and without accents, which capitals often lack: SIN NUMERO."""
    told = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in told if not unicodedata.combining(one))


_ANSWERED = {_plain(text): said for said, texts in ANSWERS.items() for text in texts}
# Mode of transport as declared -> how it travelled.
TRAVELLED = {
    "sea": "sea",
    "air": "air",
    "road": "land",
    "rail": "land",
    "post": "mail",
    "express": "mail",
}


def flags_of(words: str) -> dict[str, bool]:
    """The flags that a description of marks sets.

    >>> flags_of("serial filed off, then restored by the laboratory")
    {'obliterated': True, 'restored': True}
    """
    found = {word.strip(".,;:()") for word in words.casefold().replace("-", " ").split()}
    return {flag: True for flag, said in SAYS.items() if found & set(said)}


def answer(text: str) -> str:
    """What a text says of a mark without being one: `none`, `unknown`, or "" of a mark.

    >>> answer("Never marked."), answer("SIN NUMERO"), answer(" - "), answer("NO 17")
    ('none', 'none', 'unknown', '')
    """
    said = " ".join(_plain(text).replace("-", " ").split()).strip(" .,;:()“”«»\"'–—")
    if text and not any(one.isalnum() for one in said) and said.count(UNSURE) < 2:
        return "unknown"  # of several unread characters one knows how many
    return _ANSWERED.get(said, "")


def as_marked(text: str) -> str:
    """A mark as it was read; empty where the text is an answer that there is none.

    >>> as_marked("KX?0517"), as_marked("none")
    ('KX?0517', '')
    """
    return "" if answer(text) else text
