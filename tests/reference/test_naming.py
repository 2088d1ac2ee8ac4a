"""The same party, address or telephone typed in another way is one normal form."""

from __future__ import annotations

import pytest

from riskprofile.reference import naming, scripts

SAME_PARTY = [
    ("Varolin Trade Ltd.", "VAROLIN TRADING CO., LIMITED"),
    ("Merolin GmbH & Co. KG", "MEROLIN GMBH UND CO KG"),
    ("Tavorin S.A. de C.V.", "tavorin sa de cv"),
    ("Quorelin S.R.L.", "Quorelin srl"),
    ("ООО «Зорафел»", "Zorafel OOO"),
    ("ЗАО Колимбар Импорт", "Kolimbar Import, ZAO"),
    ("Kelimdağ Sanayi ve Ticaret A.Ş.", "KELIMDAG SAN. VE TIC. AS"),
    ("Ζοραφέλ Α.Ε.", "Zorafel AE"),
    ("Brzolin Sp. z o.o.", "BRZOLIN SP ZOO"),
    ("Ødelin A/S", "Odelin AS"),
    ("Dr. Ilena Vorosat", "VOROSAT, ILENA"),
    ("J.R. Solimbar", "Solimbar J R"),
    ("A.B.C. Dorimex Pty Ltd", "ABC Dorimex"),
    ("Ｆａｒｏｌｉｎ　Ｌｔｄ", "Farolin"),
    ("Naxelin Comércio Internacional Lda", "Naxelin International Trading"),
    ("PT Selorindo Tbk", "Selorindo"),
    ("宏远有限公司", "宏远"),
    ("(주식회사) 세로린", "세로린"),
]
OTHER_PARTY = [
    ("Quin A. Sulanrex", "Quin B. Sulanrex"),
    ("Lira Y. Dorosat", "Lira E. Dorosat"),
    ("Depot 12 Harbour", "Depot 21 Harbour"),
    ("Li Da", "Li Se"),
    ("Ltd", "GmbH"),
]


@pytest.mark.parametrize(("one", "other"), SAME_PARTY)
def test_two_writings_of_one_party_meet(one: str, other: str) -> None:
    assert naming.party(one) == naming.party(other)


@pytest.mark.parametrize(("one", "other"), OTHER_PARTY)
def test_two_parties_stay_two(one: str, other: str) -> None:
    assert naming.party(one) != naming.party(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("STATION STREET 235, 95165 NOLUNBURY", "235 Station St., Nolunbury 95165"),
        ("Flat 4, 12 Mill Ln", "12 Mill Lane, Apt 4"),
        ("Hafenstr. 7, Berolin", "Hafenstraße 7 Berolin"),
        ("ул. Заречная, д. 5, кв. 9", "Zarechnaya ul. 5-9"),
        ("P.O. Box 118 Fort Kelin", "PO Box 118, Ft. Kelin"),
        ("1st Floor, 007 Quay Rd", "Floor 1, 7 Quay Road"),
    ],
)
def test_two_writings_of_one_address_meet(one: str, other: str) -> None:
    assert naming.address(one) == naming.address(other)


def test_another_house_is_another_address() -> None:
    assert naming.address("12 Mill Lane") != naming.address("21 Mill Lane")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+44 20 7946 0958", "020 7946 0958"),
        ("0044 (0)20 7946 0958", "+44 20 79460958 ext. 12"),
        ("+1 (212) 555-0100", "1-212-555-0100"),
        ("+1 212 555 0100", "(212) 555 0100"),
        ("00999 6153 1535", "+99961531535"),
        ("+٤٤ ٢٠ ٧٩٤٦ ٠٩٥٨", "+44 20 7946 0958"),
        ("+86 138 0013 8000", "13800138000"),
        ("+44 20 7946 0958 / +44 20 7946 0959", "+442079460958"),
    ],
)
def test_two_ways_to_dial_one_number_meet(one: str, other: str) -> None:
    assert naming.phone(one) == naming.phone(other)


def test_short_numbers_of_two_countries_stay_two() -> None:
    assert naming.phone("+47 22 12 34 56") != naming.phone("+65 22 12 34 56")


@pytest.mark.parametrize("normal", [naming.party, naming.address, naming.phone, naming.code])
@pytest.mark.parametrize("text", ["-", "  ", "№", "ъ", "()", "\u200b", "🚢", "S.A.", "0", "+"])
def test_no_text_has_no_form_and_no_form_changes_again(normal, text: str) -> None:
    assert normal(normal(text)) == normal(text)


def test_references_that_differ_in_a_digit_never_meet() -> None:
    made = [f"Q{n:05d}" for n in range(3_000)]
    for normal in (naming.party, naming.address, naming.phone, naming.code):
        assert len({normal(one) for one in made}) == len(made)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ивелин", "cyrillic"),
        ("ابريلين", "arabic"),
        ("宏远", "han"),
        ("세로린", "korean"),
        ("12", ""),
    ],
)
def test_the_script_of_a_name(text: str, name: str) -> None:
    assert scripts.script(text) == name
