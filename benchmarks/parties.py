"""Is the same party, written differently, one party; and are two parties two?

    python -m benchmarks.parties [--json] [--half judge|choose] [--rows 20000]
    python -m benchmarks.parties --write      make data/synthetic/parties.tsv anew

The labelled pairs are invented: names of syllables, changed in ways that are named, and
near neighbours that are other parties. Every second pair of a kind (`choose`) served to
choose thresholds; the other half (`judge`) gives the figures. One line a kind: how many
pairs, how many were called one party, and how many of those also share a block, without
which the register never compares them. A second table gives precision and recall by script.
A last line takes the parties of the generator into an empty register, where nobody is
written in two ways but for capitals and order: what joins there is joined wrongly.
"""

# ruff: noqa: SIM905 (syllables side by side read as a table)

from __future__ import annotations

import csv
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import asking
from riskprofile.history import finding, forms, register
from riskprofile.history.learning import Asked
from riskprofile.profiles import PROFILES
from riskprofile.reference import naming, scripts
from riskprofile.store import parties as store_of_parties
from riskprofile.store.database import Store
from training.synth import generate

PAIRS = Path(__file__).resolve().parents[1] / "data" / "synthetic" / "parties.tsv"
FIELDS = ("half", "part", "kind", "same", "one", "other")
NORMAL = {"party": naming.party, "address": naming.address, "phone": naming.phone}
EACH = 60  # pairs of a kind
SEED = 2026

Maker = Callable[[random.Random], tuple[str, str]]

_HEADS = (
    "bel bor dar del dor fal fen gal gor hal hel kal kar kel lor mar mel mor nel nor pel ran "
    "rel sal sel sor tal tar tel tor val vel vor zan zel zor ab al ar el il or ul".split()
)
_MIDDLES = "a e i o u an en in on ar er or al el il ol am em im".split()
_TAILS = (
    "ba da dan dek din dor fin gar go kan kin lan len lin lon man mar nak nin nor ra ran rek "
    "ren rim rin ro sat sen sin ta tan tek ten tin tor va van vik vor zan zor".split()
)
_TRADES = ("Trading", "Import", "Supplies", "Logistics", "Industries", "Distribution", "Stores")
_FORMS = {
    "Ltd": ("Limited", "LTD.", "Co., Ltd.", "(ltd)"),
    "GmbH": ("G.m.b.H.", "GMBH", "GmbH & Co. KG", "Gesellschaft mit beschränkter Haftung"),
    "SARL": ("S.A.R.L.", "Sàrl", "société à responsabilité limitée", "S.à r.l."),
    "S.A. de C.V.": ("SA de CV", "S A DE C V", "S.A.", "SA DE C.V."),
    "ООО": ("OOO", "Общество с ограниченной ответственностью", "О.О.О.", "ООО"),
    "A.Ş.": ("AS", "Anonim Şirketi", "A.S.", "AŞ"),
    "Sp. z o.o.": ("SP ZOO", "Sp. z oo", "sp.z o.o.", "SP. Z O. O."),
    "LLC": ("L.L.C.", "llc", "Limited Liability Company", "L L C"),
}
_STREETS = (
    ("Street", "St"), ("Road", "Rd"), ("Avenue", "Ave"), ("Lane", "Ln"), ("Boulevard", "Blvd"),
    ("Square", "Sq"),
)  # fmt: skip
_CYRILLIC = dict(zip("abvgdeziklmnoprstuf", "абвгдезиклмнопрстуф", strict=True))
_GREEK = dict(zip("abgdezikylmnoprstuf", "αβγδεζικυλμνοπρστουφ"[:19], strict=True)) | {
    "u": "ου", "f": "φ", "v": "β", "b": "μπ", "d": "δ", "y": "υ", "t": "τ", "s": "σ", "r": "ρ",
    "p": "π", "o": "ο", "n": "ν", "m": "μ", "l": "λ", "k": "κ",
}  # fmt: skip
_ARABIC = dict(zip("bdfgklmnrstvz", "بدفجكلمنرستفز", strict=True)) | {
    "a": "ا", "o": "و", "u": "و", "i": "ي", "e": "",
}  # fmt: skip
_HEBREW = dict(zip("bdfgklmnrstvz", "בדפגקלמנרסטבז", strict=True)) | {
    "a": "", "o": "ו", "u": "ו", "i": "י", "e": "",
}  # fmt: skip
_GEORGIAN = dict(zip("abdefgiklmnoprstuvz", "აბდეფგიკლმნოპრსტუვზ", strict=True))
_ARMENIAN = dict(zip("abdefgiklmnoprstuvz", "աբդեֆգիկլմնոպրստուվզ"[:19], strict=True)) | {
    "u": "ու", "v": "վ", "z": "զ",
}  # fmt: skip
_MARKS = dict(zip("aeiouscnzg", "áéïöüşčñžğ", strict=True))
_ROMAN = (("k", "kh"), ("s", "sh"), ("z", "zh"), ("e", "ye"), ("u", "yu"))
_OTHER_ROMAN = {"kh": "h", "sh": "sch", "zh": "j", "ye": "ie", "yu": "iu"}


def word(rng: random.Random) -> str:
    """An invented word of seven to ten letters."""
    return (rng.choice(_HEADS) + rng.choice(_MIDDLES) + rng.choice(_TAILS)).capitalize()


def firm(rng: random.Random) -> tuple[str, str]:
    """Two invented words and a trade; and a legal form."""
    return f"{word(rng)} {word(rng)} {rng.choice(_TRADES)}", rng.choice(list(_FORMS)[:4])


def person(rng: random.Random) -> str:
    return f"{word(rng)} {word(rng)}"


def spelt(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(letter, letter) for letter in text.lower())


def slip(text: str, rng: random.Random, count: int = 1) -> str:
    """Letters dropped, doubled, exchanged or replaced, after the first of a word."""
    for _ in range(count):
        at = rng.choice([n for n in range(1, len(text) - 1) if text[n - 1 : n + 2].isalpha()])
        kind = rng.randrange(4)
        letter = rng.choice([c for c in "aeiklmnorst" if c != text[at].lower()])
        middle = ("", text[at] * 2, text[at + 1] + text[at], letter)[kind]
        after = at + 2 if kind == 2 else at + 1
        text = text[:at] + middle + text[after:]
    return text


def _form(rng: random.Random) -> tuple[str, str]:
    name = f"{word(rng)} {word(rng)}"
    form = rng.choice(list(_FORMS))
    return f"{name} {form}", f"{name.upper()} {rng.choice(_FORMS[form])}"


def _front(rng: random.Random) -> tuple[str, str]:
    name = person(rng)
    return f"ООО «{spelt(name, _CYRILLIC)}»", f"{name} OOO"


def _order(rng: random.Random) -> tuple[str, str]:
    one, two = word(rng), word(rng)
    return f"{one} {two}", f"{two.upper()}, {one}"


def _script(table: dict[str, str]) -> Maker:
    def make(rng: random.Random) -> tuple[str, str]:
        name = person(rng)
        return name, spelt(name, table)

    return make


def _slipped(count: int) -> Maker:
    def make(rng: random.Random) -> tuple[str, str]:
        name, form = firm(rng)
        first, rest = name.split(" ", 1)
        changed = slip(first, rng) if count == 1 else f"{slip(first, rng)} {rest}"
        if count == 1:
            return f"{name} {form}", f"{changed} {rest}"
        one, two = rest.split(" ", 1)
        return f"{name} {form}", f"{slip(first, rng)} {slip(one, rng)} {two}"

    return make


def _slipped_person(rng: random.Random) -> tuple[str, str]:
    name = person(rng)
    return name, slip(name, rng)


def _one_word(rng: random.Random) -> tuple[str, str]:
    name = word(rng) + rng.choice(_TAILS)
    return f"{name} Ltd", slip(name, rng)


def _marked(rng: random.Random) -> tuple[str, str]:
    name = person(rng)
    return name, spelt(name, _MARKS).title()


def _roman(rng: random.Random) -> tuple[str, str]:
    plain, sign = rng.choice(_ROMAN)
    name = person(rng).lower()
    while plain not in name:
        name = person(rng).lower()
    return name.replace(plain, sign), name.replace(plain, _OTHER_ROMAN[sign])


def _apart(rng: random.Random) -> tuple[str, str]:
    one, two, three = word(rng), word(rng), word(rng)
    return f"{one} {two} {three} Ltd", f"{one}{two.lower()} {three}"


def _translated(rng: random.Random) -> tuple[str, str]:
    name = person(rng)
    other = rng.choice(("Ticaret", "Comércio", "Handel", "Commerce", "Торговля"))
    return f"{name} Trading", f"{name} {other}"


def _and(rng: random.Random) -> tuple[str, str]:
    one, two = word(rng), word(rng)
    return f"{one} & {two}", f"{one} {rng.choice(('and', 'und', 'et', 've', '+'))} {two}"


def _other_first(rng: random.Random) -> tuple[str, str]:
    one, family = word(rng), word(rng)
    return f"{one} {family}", f"{word(rng)} {family}"


def _initial(rng: random.Random) -> tuple[str, str]:
    one, two = rng.sample("ABDEIKLMNORSTY", 2)
    first, last = word(rng), word(rng)
    return f"{first} {one}. {last}", f"{first} {two}. {last}"


def _number(rng: random.Random) -> tuple[str, str]:
    name, n = word(rng), rng.randrange(10, 90)
    return f"{name} Depot {n}", f"{name} Depot {n + rng.choice((1, 10, -1))}"


def _syllable(rng: random.Random) -> tuple[str, str]:
    head, middle, tail = rng.choice(_HEADS), rng.choice(_MIDDLES), rng.choice(_TAILS)
    other = rng.choice([one for one in _TAILS if one[0] != tail[0] and one[-1] != tail[-1]])
    rest = word(rng)
    return f"{head}{middle}{tail} {rest}".title(), f"{head}{middle}{other} {rest}".title()


def _short(rng: random.Random) -> tuple[str, str]:
    head = rng.choice([one for one in _HEADS if len(one) == 3])
    other = rng.choice([one for one in _HEADS if len(one) == 3 and one[0] != head[0]])
    last = word(rng)
    return f"{head} {last}".title(), f"{other} {last}".title()


def _vowels(rng: random.Random) -> tuple[str, str]:
    """Two short family names that differ by a vowel, as real ones do."""
    one = rng.choice(("Maran", "Belan", "Koral", "Teral", "Sorin", "Dalen"))
    last = word(rng)
    at = next(n for n in range(1, 4) if one[n] in "aeio")
    other = one[:at] + rng.choice([v for v in "aeiou" if v != one[at]]) + one[at + 1 :]
    return f"{one} {last}", f"{other} {last}"


def _trade(rng: random.Random) -> tuple[str, str]:
    one, two = rng.sample(_TRADES, 2)
    name = person(rng)
    return f"{name} {one}", f"{name} {two}"


def _exchanged(rng: random.Random) -> tuple[str, str]:
    one, two, three = word(rng), word(rng), word(rng)
    return f"{one} {two} Trading", f"{one} {three} Trading"


def _strangers(rng: random.Random) -> tuple[str, str]:
    return person(rng), person(rng)


def place(rng: random.Random) -> tuple[int, str, str, str, int]:
    street, short = rng.choice(_STREETS)
    return rng.randrange(1, 250), word(rng), street, short, rng.randrange(10000, 99999)


def _short_street(rng: random.Random) -> tuple[str, str]:
    n, name, street, short, code = place(rng)
    town = word(rng)
    return f"{n} {name} {street}, {town} {code}", f"{name} {short}. {n}, {code} {town}".upper()


def _slipped_street(rng: random.Random) -> tuple[str, str]:
    n, name, street, short, code = place(rng)
    town = word(rng)
    return f"{n} {name} {street}, {town} {code}", f"{n} {slip(name, rng)} {short}, {town} {code}"


def _flat(rng: random.Random) -> tuple[str, str]:
    n, name, street, short, code = place(rng)
    flat = rng.randrange(1, 40)
    return f"Flat {flat}, {n} {name} {street} {code}", f"{n} {name} {short}, Apt {flat}, {code}"


def _cyrillic_street(rng: random.Random) -> tuple[str, str]:
    n, name, *_ = place(rng)
    return f"{name} ulitsa {n}", f"ул. {spelt(name, _CYRILLIC)}, д. {n}"


def _no_postcode(rng: random.Random) -> tuple[str, str]:
    n, name, street, short, code = place(rng)
    town = word(rng)
    return f"{n} {name} {street}, {town} {code}", f"{n} {name} {short}, {town}"


def _next_door(rng: random.Random) -> tuple[str, str]:
    n, name, street, short, code = place(rng)
    return f"{n} {name} {street} {code}", f"{n + rng.choice((1, 2, 10))} {name} {short} {code}"


def _other_flat(rng: random.Random) -> tuple[str, str]:
    n, name, street, _, code = place(rng)
    flat = rng.randrange(1, 30)
    tail = f"{n} {name} {street} {code}"
    return f"Flat {flat}, {tail}", f"Flat {flat + rng.choice((1, 3, 10))}, {tail}"


def _other_street(rng: random.Random) -> tuple[str, str]:
    n, name, street, _, code = place(rng)
    return f"{n} {name} {street} {code}", f"{n} {word(rng)} {street} {code}"


def _street_kind(rng: random.Random) -> tuple[str, str]:
    n, name, _, _, code = place(rng)
    return f"{n} {name} Street {code}", f"{n} {name} Avenue {code}"


def _dialled(rng: random.Random) -> tuple[str, str]:
    country, own = (
        rng.choice(("44", "49", "33", "90", "234", "998")),
        rng.randrange(2 * 10**8, 10**9),
    )
    ways = (f"0{own}", f"00{country} {own}", f"+{country} (0){own}", f"{country}{own}")
    return f"+{country} {str(own)[:3]} {str(own)[3:]}", rng.choice(ways)


def _other_digit(rng: random.Random) -> tuple[str, str]:
    own = rng.randrange(2 * 10**8, 10**9 - 9)
    return f"+44 {own}", f"+44 {own + rng.randrange(1, 9)}"


KINDS: list[tuple[str, str, bool, Maker]] = [
    ("party", "legal form", True, _form),
    ("party", "legal form in front, Cyrillic", True, _front),
    ("party", "order of words", True, _order),
    ("party", "marks on letters", True, _marked),
    ("party", "Cyrillic", True, _script(_CYRILLIC)),
    ("party", "Greek", True, _script(_GREEK)),
    ("party", "Arabic", True, _script(_ARABIC)),
    ("party", "Hebrew", True, _script(_HEBREW)),
    ("party", "Georgian", True, _script(_GEORGIAN)),
    ("party", "Armenian", True, _script(_ARMENIAN)),
    ("party", "another romanisation", True, _roman),
    ("party", "one slip, firm", True, _slipped(1)),
    ("party", "two slips, firm", True, _slipped(2)),
    ("party", "one slip, person", True, _slipped_person),
    ("party", "one slip, one word", True, _one_word),
    ("party", "words written together", True, _apart),
    ("party", "trade translated", True, _translated),
    ("party", "and, &, und", True, _and),
    ("party", "another first name", False, _other_first),
    ("party", "another initial", False, _initial),
    ("party", "another number", False, _number),
    ("party", "another syllable", False, _syllable),
    ("party", "another short word", False, _short),
    ("party", "another vowel, short name", False, _vowels),
    ("party", "another trade", False, _trade),
    ("party", "one word exchanged", False, _exchanged),
    ("party", "strangers", False, _strangers),
    ("address", "abbreviation and order", True, _short_street),
    ("address", "one slip", True, _slipped_street),
    ("address", "flat", True, _flat),
    ("address", "Cyrillic", True, _cyrillic_street),
    ("address", "no postcode", True, _no_postcode),
    ("address", "next door", False, _next_door),
    ("address", "another flat", False, _other_flat),
    ("address", "another street", False, _other_street),
    ("address", "another kind of street", False, _street_kind),
    ("phone", "dialled in another way", True, _dialled),
    ("phone", "another digit", False, _other_digit),
]


def pairs() -> Iterator[dict[str, Any]]:
    """Every labelled pair, from the recipe alone."""
    for part, kind, same, make in KINDS:
        rng = random.Random(f"{SEED} {part} {kind}")
        for n in range(EACH):
            one, other = make(rng)
            half = ("choose", "judge")[n % 2]
            yield dict(zip(FIELDS, (half, part, kind, int(same), one, other), strict=True))


def called_one(part: str, one: str, other: str) -> tuple[bool, bool]:
    """Whether two writings are called one, and whether the register would compare them."""
    first, second = NORMAL[part](one), NORMAL[part](other)
    if first == second or part not in register.SURE:
        return first == second, True
    alike = register.alike(part, first, second) >= register.SURE[part]
    one, other = finding.blocks([(part, first), (part, second)])
    return alike, bool({*one} & {*other})


def measure(half: str) -> dict[str, Any]:
    """Counts by kind, and precision and recall by part and script."""
    kinds: dict[tuple[str, str], dict[str, Any]] = {}
    sums: dict[str, list[int]] = {}
    with PAIRS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["half"] != half:
                continue
            same = row["same"] == "1"
            alike, found = called_one(row["part"], row["one"], row["other"])
            told = kinds.setdefault(
                (row["part"], row["kind"]),
                {"part": row["part"], "kind": row["kind"], "same": same, "pairs": 0,
                 "called_one": 0, "found": 0},
            )  # fmt: skip
            told["pairs"] += 1
            told["called_one"] += alike
            told["found"] += alike and found
            script = scripts.script(row["other"]) or "digits"
            for name in (row["part"], f"{row['part']}, {script}"):
                counts = sums.setdefault(name, [0, 0, 0])
                counts[0] += same and alike and found
                counts[1] += same
                counts[2] += not same and alike and found
    by = {
        name: {
            "recall": right / of if of else None,
            "precision": right / (right + wrong) if right + wrong else None,
            "same": of,
            "wrong": wrong,
        }
        for name, (right, of, wrong) in sorted(sums.items())
    }
    return {"half": half, "kinds": list(kinds.values()), "by": by}


def crowd(rows: int) -> dict[str, int]:
    """Forms of the generator's parties in an empty register, and how many joined another."""
    profile = PROFILES["shipment"]
    found: dict[int, tuple[str, str]] = {}
    for chunk in generate("shipment", rows, 5, start="2026-03-01", days=200):
        found |= forms(chunk.table, profile.keys)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/riskprofile.db")
        with store.write() as connection:
            joined = store_of_parties.add(
                store, connection, Asked.together([Asked.of(found)]), datetime.now(UTC)
            )
        store.close()
    return {"rows": rows, "forms": len(found), "joined": joined}


def main() -> int:
    """Print one table or one JSON object; or write the pairs."""
    parser = asking.parser(__doc__, rows=20_000, write=False, json=False)
    parser.add_argument("--half", choices=("judge", "choose"), default="judge")
    asked = parser.parse_args()
    if asked.write:
        with PAIRS.open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, FIELDS, delimiter="\t", lineterminator="\n")
            out.writeheader()
            out.writerows(pairs())
        return 0
    told = {**measure(asked.half), "crowd": crowd(asked.rows)}
    if asked.json:
        print(json.dumps(told))
        return 0
    print(f"{'part':8} {'kind':32} {'same':4} {'pairs':>5} {'called one':>10} {'and found':>9}")
    for one in told["kinds"]:
        print(
            f"{one['part']:8} {one['kind']:32} {'yes' if one['same'] else 'no':4} "
            f"{one['pairs']:>5} {one['called_one']:>10} {one['found']:>9}"
        )
    print(f"\n{'':24} {'recall':>7} {'precision':>9} {'same':>5} {'wrong':>5}")
    for name, one in told["by"].items():
        shown = [
            f"{one[key]:.3f}" if one[key] is not None else "-" for key in ("recall", "precision")
        ]
        print(f"{name:24} {shown[0]:>7} {shown[1]:>9} {one['same']:>5} {one['wrong']:>5}")
    world = told["crowd"]
    print(
        f"\ngenerator, {world['rows']} rows: {world['joined']} of {world['forms']} forms "
        "joined another party's"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
