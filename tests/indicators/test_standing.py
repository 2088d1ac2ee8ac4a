"""What registers say: each warning sign beside the lawful trade that resembles it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from riskprofile.history import Lookup, Snapshot, view
from riskprofile.indicators import booking, documents, licences, parties, routing, yard
from riskprofile.profiles import SHIPMENT, TRAVELLER
from riskprofile.tables import Indicator, Table
from tests import factory
from tests.contracts.tables import typed

NOW = pd.Timestamp("2026-11-24 12:00", tz="UTC")
RECORD = "XM-1@XMPME//2026"
PISTOLS: dict[str, Any] = {
    "hs_code": "930200",
    "goods_description": "pistols 9x19 mm",
    "licence_number": "IM 12/a",
    "quantity": 40.0,
    "quantity_unit": "C62",
    "consignor_id": "S1",
    "consignee_id": "R1",
}
LICENCE: dict[str, Any] = {
    "licence_number": "im-12a",
    "licence_type": "import",
    "status": "active",
    "consignor_id": "S1",
    "consignee_id": "R1",
    "hs_codes": "9302|9305",
    "calibres": "9mm Luger",
    "quantity": 100.0,
    "valid_from": "2026-01-01",
    "valid_until": "2026-12-31",
    "end_use_certificate": "EUC-7",
    "end_use_due": "2026-03-01",
    "end_use_received": "2026-02-20",
}


def beside(before: pd.Timestamp = NOW, **entries: Any) -> Lookup:
    """Registers with these entries: one mapping, or a list of them, by kind."""
    made = {}
    for kind, given in entries.items():
        rows = given if isinstance(given, list) else [given]
        made[kind] = typed(kind, pd.DataFrame(rows))
    return Lookup(made, before)


def shipments(n: int = 1, **columns: Any) -> Table:
    seen = view(factory.shipments(n, **columns), SHIPMENT, codes=True)
    return seen.assign(record_id=RECORD)


def travellers(**columns: Any) -> Table:
    return view(factory.travellers(1, **columns), TRAVELLER, codes=True)


def past(n: int, days: int = 300, **columns: Any) -> Table:
    times = list(pd.date_range(end=NOW - pd.Timedelta(days=5), periods=n, freq=f"{days // n}D"))
    others = {"declaration_id": [f"XM-EARLIER-{number}" for number in range(n)]}
    return view(factory.shipments(n, lodged_at=times, **{**others, **columns}), SHIPMENT)


def fired(
    indicator: Indicator, items: Table, registers: Lookup, history: list[Table] | None = None
) -> bool:
    known = Snapshot.from_views(history or [], registers=registers)
    return bool(indicator.compute(items, known).iloc[0])


# -- D01: the licence itself ---------------------------------------------------------------


def test_a_licence_in_force_for_these_parties_is_lawful_trade():
    registers = beside(licences=LICENCE)
    assert not fired(documents.firearms_without_licence, shipments(**PISTOLS), registers)
    assert documents.firearms_without_licence.queue == "compliance"


@pytest.mark.parametrize(
    ("wrong", "declared"),
    [
        ({"licence_number": "OTHER"}, {}),
        ({"status": "revoked"}, {}),
        ({"status": "closed"}, {}),
        ({"valid_until": "2026-11-19"}, {}),
        ({"valid_from": "2026-11-21"}, {}),
        ({"consignee_id": "R9"}, {}),
        ({"consignor_id": "S9"}, {}),
        ({"quantity": 39.0}, {}),
        ({"balance": 10.0}, {}),
        ({}, {"end_use_certificate": "EUC-8"}),
        ({"end_use_received": None}, {}),
    ],
)
def test_a_licence_that_does_not_fit_is_a_matter_of_compliance(wrong, declared):
    registers = beside(licences={**LICENCE, **wrong})
    items = shipments(**{**PISTOLS, **declared})
    assert fired(documents.firearms_without_licence, items, registers)


@pytest.mark.parametrize(
    ("stated", "declared"),
    [
        ({"valid_until": "2026-11-20"}, {}),  # lodged on its last day
        ({"consignee_id": None, "consignor_id": None}, {}),  # it names nobody
        # A name on one paper and a code on the other cannot be compared.
        ({"consignee_id": None, "consignee_name": "Harrolane Sports"}, {}),
        ({"quantity": None, "balance": None}, {}),
        ({"quantity": 10.0}, {"quantity_unit": "KGM"}),  # kilograms are not pieces
        ({"end_use_certificate": None, "end_use_due": None}, {"end_use_certificate": "X"}),
        ({}, {"end_use_certificate": "euc 7"}),
    ],
)
def test_what_the_register_leaves_open_is_no_fault(stated, declared):
    registers = beside(licences={**LICENCE, **stated})
    items = shipments(**{**PISTOLS, **declared})
    assert not fired(documents.firearms_without_licence, items, registers)


@pytest.mark.parametrize(("old", "new"), [("IM 12/A", "im-12a"), ("im-12a", "IM 12/A")])
def test_of_one_licence_that_is_written_in_two_ways_the_last_word_counts(old, new):
    told = typed(
        "licences",
        pd.DataFrame(
            [
                {**LICENCE, "licence_number": old, "delivery_due": "2026-09-01"},
                {**LICENCE, "licence_number": new, "status": "revoked"},
            ]
        ),
    )
    for days, revoked in (((40, 10), True), ((10, 40), False)):
        stated = [NOW - pd.Timedelta(days=each) for each in days]
        registers = Lookup({"licences": told.assign(stated_at=stated)}, NOW)
        items = shipments(**PISTOLS)
        assert fired(documents.firearms_without_licence, items, registers) == revoked
        # The delivery that the former entry waited for is not waited for any more.
        assert fired(licences.earlier_delivery_unverified, items, registers) == (not revoked)


def test_a_licence_is_used_up_by_what_came_before():
    earlier = past(2, **{**PISTOLS, "quantity": 35.0})
    registers = beside(licences=LICENCE)
    sign = documents.firearms_without_licence
    assert fired(sign, shipments(**PISTOLS), registers, [earlier])
    assert not fired(sign, shipments(**{**PISTOLS, "quantity": 30.0}), registers, [earlier])


def test_what_was_declared_since_the_register_spoke_is_taken_from_its_balance():
    """70 pieces came 155 and 5 days before."""
    earlier = past(2, **{**PISTOLS, "quantity": 35.0})
    sign = documents.firearms_without_licence
    stated = {**LICENCE, "quantity": None, "balance": 70.0}
    for days, goes_beyond in ((1, False), (30, True)):
        told = typed("licences", pd.DataFrame([stated]))
        registers = Lookup({"licences": told.assign(stated_at=NOW - pd.Timedelta(days=days))}, NOW)
        assert fired(sign, shipments(**PISTOLS), registers, [earlier]) == goes_beyond


@pytest.mark.parametrize(
    ("unit", "quantity", "goes_beyond"),
    [
        ("KGM", 250.0, False),  # kilograms use up no pieces
        ("C62", 65.0, True),
        (None, 65.0, True),
        ("DZN", 5.0, False),  # and 40 are 100
        ("DZN", 6.0, True),
        ("MIL", 1.0, True),  # a thousand, as cartridges are declared
        ("1000u", 1.0, True),
        ("Pcs.", 65.0, True),
        ("h87", 65.0, True),
        ("kgm", 250.0, False),
        ("dpr", 3.0, True),  # pairs, by the dozen
        ("C62", 1e16, True),  # a slip, and not the end of what is added up
    ],
)
def test_what_came_before_counts_in_pieces_whatever_unit_they_were_declared_in(
    unit, quantity, goes_beyond
):
    earlier = past(1, **{**PISTOLS, "quantity": quantity, "quantity_unit": unit})
    sign, registers = documents.firearms_without_licence, beside(licences=LICENCE)
    assert fired(sign, shipments(**PISTOLS), registers, [earlier]) == goes_beyond


def test_a_declaration_in_thousands_is_set_beside_the_pieces_that_are_allowed():
    registers, sign = beside(licences={**LICENCE, "quantity": 2_000.0}), "quantity_unit"
    for quantity, goes_beyond in ((2.0, False), (3.0, True)):
        items = shipments(**{**PISTOLS, "quantity": quantity, sign: "MIL"})
        assert fired(documents.firearms_without_licence, items, registers) == goes_beyond


def test_a_licence_that_is_used_up_to_the_last_piece_is_not_beyond():
    """Seven times their mean, 58 pieces are 58 and a little."""
    earlier = past(7, **{**PISTOLS, "quantity": [8.0] * 5 + [9.0] * 2})
    registers, sign = beside(licences={**LICENCE, "quantity": 61.0}), "quantity"
    for quantity, goes_beyond in ((3.0, False), (4.0, True)):
        items = shipments(**{**PISTOLS, sign: quantity})
        told = fired(documents.firearms_without_licence, items, registers, [earlier])
        assert told == goes_beyond


@pytest.mark.parametrize(
    ("other", "goes_beyond"),
    [
        ({}, False),
        ({"declaration_id": "XM-2"}, True),
        ({"item_number": 2}, True),
        ({"customs_office": "XMAIR"}, True),
        ({"carrier": "XC01"}, True),
        ({"licence_number": "IM-12 A"}, False),
    ],
)
def test_an_earlier_version_of_the_same_item_uses_nothing_up(other, goes_beyond):
    own = {**PISTOLS, "quantity": 60.0, "declaration_id": "XM-1", "item_number": 1}
    earlier = past(1, **{**own, **other})
    sign, registers = documents.firearms_without_licence, beside(licences=LICENCE)
    assert fired(sign, shipments(**own), registers, [earlier]) == goes_beyond
    stated = {**LICENCE, "quantity": None, "balance": 100.0}
    told = typed("licences", pd.DataFrame([stated]))
    known = Lookup({"licences": told.assign(stated_at=NOW - pd.Timedelta(days=30))}, NOW)
    assert fired(sign, shipments(**own), known, [earlier]) == goes_beyond


@pytest.mark.parametrize("written", ["IM-12A", "im 12 a", "IM.12/A"])
def test_a_licence_is_used_up_however_its_number_is_written(written):
    """Spelling the number anew each time would otherwise begin the licence anew."""
    earlier = past(2, **{**PISTOLS, "quantity": 35.0, "licence_number": written})
    sign = documents.firearms_without_licence
    assert fired(sign, shipments(**PISTOLS), beside(licences=LICENCE), [earlier])


def test_letters_of_another_script_tell_one_licence_from_another():
    registers = beside(licences={**LICENCE, "licence_number": "ЛП 12/7"})
    sign, own = documents.firearms_without_licence, {**PISTOLS, "licence_number": "лп-12/7"}
    for written, fires in (("ЛК 12/7", False), ("ЛП.127", True)):
        earlier = past(2, **{**PISTOLS, "quantity": 35.0, "licence_number": written})
        assert fired(sign, shipments(**own), registers, [earlier]) == fires


def test_without_a_register_a_number_is_taken_as_given():
    assert not fired(documents.firearms_without_licence, shipments(**PISTOLS), Lookup())
    no_number = shipments(**{**PISTOLS, "licence_number": None})
    assert fired(documents.firearms_without_licence, no_number, Lookup())


def test_a_registered_dealer_clears_openly_declared_arms():
    parts = shipments(hs_code="930510", consignee_id="R1")
    sign = documents.arms_without_licence
    dealer = {"dealer_id": "R1", "valid_from": "2020-01-01", "valid_until": "2027-01-01"}
    assert not fired(sign, parts, beside(dealers=dealer))
    assert fired(sign, parts, beside(dealers={**dealer, "valid_until": "2026-06-30"}))
    assert fired(sign, parts, beside(dealers={**dealer, "dealer_id": "R2"}))


# -- D03, D04, D07 -------------------------------------------------------------------------


def test_more_than_a_dealer_sells_is_more_than_the_market():
    sign = licences.more_than_the_market
    dealer = beside(dealers={"dealer_id": "R1", "yearly_units": 10.0})
    assert fired(sign, shipments(**PISTOLS), dealer)
    assert not fired(sign, shipments(**{**PISTOLS, "quantity": 20.0}), dealer)
    police = shipments(**PISTOLS, consignee_type="official")
    assert not fired(sign, police, dealer)
    chairs = shipments(quantity=5000.0, consignee_id="R1")
    assert not fired(sign, chairs, dealer)


@pytest.mark.parametrize(("unit", "fires"), [("nmb", True), ("Pcs.", True), ("kgm", False)])
def test_more_than_a_dealer_sells_is_told_in_a_unit_of_any_case(unit, fires):
    dealer = beside(dealers={"dealer_id": "R1", "yearly_units": 10.0})
    items = shipments(**{**PISTOLS, "quantity_unit": unit})
    assert fired(licences.more_than_the_market, items, dealer) == fires


def test_more_than_five_usual_years_without_a_registered_figure():
    sign, nothing = licences.more_than_the_market, Lookup()
    earlier = past(6, **{**PISTOLS, "quantity": 10.0})
    assert fired(sign, shipments(**{**PISTOLS, "quantity": 400.0}), nothing, [earlier])
    assert not fired(sign, shipments(**{**PISTOLS, "quantity": 200.0}), nothing, [earlier])
    assert not fired(sign, shipments(**{**PISTOLS, "quantity": 400.0}), nothing)


@pytest.mark.parametrize(
    ("declared", "fires"),
    [
        ({}, False),
        ({"goods_description": "pistols cal. 9 mm para"}, False),
        ({"goods_description": "pistols"}, False),
        ({"hs_code": "9302"}, False),
        ({"goods_description": "pistol cartridges .45"}, True),
        ({"hs_code": "930630", "goods_description": "cartridges 9x19"}, True),
        ({"hs_code": "420212", "goods_description": "cases for rifles .308"}, False),
    ],
)
def test_goods_of_another_kind_or_calibre_than_licensed(declared, fires):
    items = shipments(**{**PISTOLS, **declared})
    sign = licences.other_goods_than_licensed
    assert fired(sign, items, beside(licences=LICENCE)) == fires
    assert not fired(sign, items, beside(licences={**LICENCE, "hs_codes": None, "calibres": None}))


def test_codes_of_a_licence_may_be_written_with_points_and_blanks():
    sign, items = licences.other_goods_than_licensed, shipments(**PISTOLS)
    assert not fired(sign, items, beside(licences={**LICENCE, "hs_codes": "93.02 00"}))
    assert fired(sign, items, beside(licences={**LICENCE, "hs_codes": "93.03|9305.10"}))


def test_an_earlier_delivery_that_nobody_verified():
    sign = licences.earlier_delivery_unverified
    owed = {"licence_number": "OLD", "consignee_id": "R1", "delivery_due": "2026-09-01"}
    assert sign.stage == "registry"
    assert fired(sign, shipments(**PISTOLS), beside(licences=owed))
    for lawful in (
        {"delivery_verified": "2026-10-30"},
        {"delivery_due": "2026-11-01"},  # within the month of grace
        {"consignee_id": "R2"},
    ):
        assert not fired(sign, shipments(**PISTOLS), beside(licences={**owed, **lawful}))
    assert not fired(sign, shipments(consignee_id="R1"), beside(licences=owed))


# -- D05 -----------------------------------------------------------------------------------

THROUGH = {**PISTOLS, "procedure": "transit", "route": "XAAAA|XMPME|XBBBB"}


def test_transit_needs_the_consent_of_each_country_on_the_way():
    sign, items = routing.arms_in_transit_without_consent, shipments(**THROUGH)
    export = {**LICENCE, "licence_type": "export"}
    assert fired(sign, items, beside(licences=export))
    assert fired(sign, items, beside(licences={**export, "transit_countries": "XC"}))
    assert not fired(sign, items, beside(licences={**export, "transit_countries": "XM|XC"}))
    assert not fired(sign, items, beside(licences={**LICENCE, "licence_type": "transit"}))
    assert not fired(sign, items, Lookup())
    home = shipments(**{**THROUGH, "procedure": "import"})
    assert not fired(sign, home, beside(licences=export))


def test_a_consignee_that_is_changed_on_the_way():
    sign, items = routing.arms_in_transit_without_consent, shipments(**THROUGH)
    transit = {**LICENCE, "licence_type": "transit"}
    event = {"record_id": RECORD, "at": "2026-11-22", "kind": "amendment", "value": "consignee"}
    assert fired(sign, items, beside(licences=transit, events=event))
    later = {**event, "at": "2026-11-25"}
    assert not fired(sign, items, beside(licences=transit, events=later))


@pytest.mark.parametrize(
    ("embargo", "declared", "fires"),
    [
        ({}, {"country_of_destination": "XQ"}, True),
        ({}, {"route": "XAAAA|XMPME|XQHBR"}, True),
        ({}, {"hs_code": None, "country_of_destination": "XQ"}, True),
        ({}, {"route": "XQHBR|XMPME"}, False),  # where it comes from
        ({}, {"country_of_destination": "XA"}, False),
        ({}, {"country_of_destination": "XQ", "hs_code": "940370"}, False),
        ({"ends_at": "2026-11-19"}, {"country_of_destination": "XQ"}, False),
        ({"ends_at": "2026-11-20"}, {"country_of_destination": "XQ"}, True),  # all of that day
        ({"starts_at": "2026-11-21"}, {"country_of_destination": "XQ"}, False),
        ({"goods": "9306"}, {"country_of_destination": "XQ"}, False),
        (
            {"goods": "93|3602"},
            {"country_of_destination": "XQ", "hs_code": "360200"},
            True,
        ),
        ({"goods": "36.02|93.02 00"}, {"country_of_destination": "XQ"}, True),
        ({"goods": "36|."}, {"country_of_destination": "XQ"}, False),
    ],
)
def test_an_embargo_holds_for_its_place_its_goods_and_its_days(embargo, declared, fires):
    known = {"country": "XQ", "starts_at": "2019-07-01", "source": "Notice 14", **embargo}
    items = shipments(**{**PISTOLS, **declared})
    sign = routing.arms_in_transit_without_consent
    assert sign.queue == "compliance"
    assert fired(sign, items, beside(embargoes=known)) == fires


@pytest.mark.parametrize(
    ("place", "there"),
    [
        ("SYDAM", True),
        ("SY DAM", True),
        ("sydam", True),
        ("DAM", True),  # its airport, as air waybills name it
        ("SYD", False),  # Sydney
        ("Sydney", False),
        ("AUSYD", False),
        ("SYROS", False),  # an island of Greece, by its name
        ("Syria", True),
    ],
)
@pytest.mark.parametrize("column", ["route", "port_of_discharge"])
def test_an_embargo_knows_where_an_airport_lies(column, place, there):
    known = {"country": "SY", "starts_at": "2019-07-01", "source": "Notice 14"}
    items = shipments(**{**PISTOLS, column: f"XAAAA|{place}" if column == "route" else place})
    sign = routing.arms_in_transit_without_consent
    assert fired(sign, items, beside(embargoes=known)) == there


def test_a_country_consents_to_transit_through_its_airport():
    items = shipments(**{**THROUGH, "route": "LHR|ist|NBO"})
    export = {**LICENCE, "licence_type": "export", "transit_countries": "TR"}
    sign = routing.arms_in_transit_without_consent
    assert not fired(sign, items, beside(licences=export))
    assert fired(sign, items, beside(licences={**export, "transit_countries": "IS"}))


# -- parties -------------------------------------------------------------------------------


def test_arms_for_a_company_of_last_month_or_one_of_many_at_its_address():
    sign, items = parties.broker_or_shell, shipments(**PISTOLS)
    old = {"party_id": "R1", "incorporated_at": "2001-05-01", "address": "Suite 40, Quay House"}
    assert not fired(sign, items, beside(parties=old))
    assert fired(sign, items, beside(parties={**old, "incorporated_at": "2026-10-20"}))
    assert fired(sign, items, beside(parties={**old, "ceased_at": "2026-01-31"}))
    house = [{**old, "party_id": f"R{n}"} for n in (1, 2, 3, 4)]
    assert fired(sign, items, beside(parties=house))
    assert not fired(sign, items, beside(parties=house[:3]))
    dealer = {"dealer_id": "R1", "valid_until": "2027-01-01"}
    assert not fired(sign, items, beside(parties=house, dealers=dealer))
    chairs = shipments(consignee_id="R1")
    assert not fired(sign, chairs, beside(parties=house))


def test_one_officer_of_several_companies():
    shells = [{"party_id": f"R{n}", "officers": f"O-7|O-{n}"} for n in (1, 2, 3, 4)]
    assert fired(parties.broker_or_shell, shipments(**PISTOLS), beside(parties=shells))
    assert not fired(parties.broker_or_shell, shipments(**PISTOLS), beside(parties=shells[:2]))


def test_goods_outside_the_registered_business_need_a_second_sign():
    sign = parties.consignee_business_mismatch
    shop = {"party_id": "R1", "activities": "94|39"}
    earlier = [past(5, hs_code="940370", consignee_id="R1")]
    odd = {"hs_code": "848790", "consignee_id": "R1"}
    vague = shipments(**odd, goods_description="parts")
    assert fired(sign, vague, beside(parties=shop), earlier)
    plain = shipments(**odd, goods_description="hydraulic cylinder seals, nitrile, 40 mm")
    assert not fired(sign, plain, beside(parties=shop), earlier)
    assert not fired(sign, vague, beside(parties={**shop, "activities": "94|84.87"}), earlier)
    general = {**shop, "activities": "94|39|84|85|73|62"}
    assert not fired(sign, vague, beside(parties=general), earlier)
    assert not fired(sign, vague, Lookup(), earlier)
    coffee = shipments(hs_code="090121", consignee_id="R1", goods_description="parts")
    assert not fired(sign, coffee, beside(parties={**shop, "activities": "9"}), earlier)
    assert fired(sign, coffee, beside(parties={**shop, "activities": "8"}), earlier)


def test_a_firms_parcel_to_an_address_that_is_not_its_own():
    sign = parties.not_the_registered_address
    firm = {"party_id": "R1", "address": "7 Mill Street, Norrast"}
    parcel = {"consignee_id": "R1", "transport_mode": "express", "goods_description": "parts"}
    branch = past(5, consignee_id="R1", consignee_address="Dock 4, Norrast")
    away = shipments(**parcel, consignee_address="Flat 9, High Row")
    assert fired(sign, away, beside(parties=firm), [branch])
    for lawful in (
        {"consignee_address": "7 mill street NORRAST"},
        {"consignee_address": "Dock 4, Norrast"},
        {"consignee_address": "Flat 9, High Row", "transport_mode": "sea"},
        {"consignee_address": "Flat 9, High Row", "goods_description": "oak dining chairs, 4 pcs"},
    ):
        items = shipments(**{**parcel, **lawful})
        assert not fired(sign, items, beside(parties=firm), [branch]), lawful


def test_a_firm_long_in_the_register_is_no_unknown_party():
    heavy = {"consignor_id": "N1", "consignee_id": "N2", "gross_mass_kg": 9000.0}
    usual = [past(60, gross_mass_kg=[400.0 + n for n in range(60)])]
    sign, items = parties.first_time_party, shipments(**heavy)
    assert fired(sign, items, Lookup(), usual)
    firm = {"party_id": "N2", "incorporated_at": "2019-01-01"}
    assert not fired(sign, items, beside(parties=firm), usual)
    assert fired(sign, items, beside(parties={**firm, "incorporated_at": "2026-01-01"}), usual)


# -- events --------------------------------------------------------------------------------


def events(*given: tuple[str, str, str], record: str = RECORD) -> list[dict[str, Any]]:
    return [{"record_id": record, "at": at, "kind": kind, "value": v} for at, kind, v in given]


@pytest.mark.parametrize(
    ("given", "fires"),
    [
        ([("2026-11-21", "seal", "broken")], True),
        ([("2026-11-21", "seal", "changed")], True),
        ([("2026-11-21", "yard", "unlisted_move")], True),
        ([("2026-11-21", "seal", "broken"), ("2026-11-21T04:00Z", "seal", "resealed")], False),
        ([("2026-11-20", "seal", "resealed"), ("2026-11-21", "seal", "broken")], True),
        ([("2026-11-21", "seal", "intact"), ("2026-11-21", "yard", "moved")], False),
        ([("2026-11-25", "seal", "broken")], False),  # after the rating
        ([("2026-11-21", "inspection", "broken")], False),
    ],
)
def test_a_seal_that_nobody_replaced(given, fires):
    registers = beside(events=events(*given))
    assert fired(yard.seal_or_move_without_record, shipments(), registers) == fires
    stranger = beside(events=events(*given, record="XM-2@XMPME//2026"))
    assert not fired(yard.seal_or_move_without_record, shipments(), stranger)


@pytest.mark.parametrize(
    ("given", "goods", "fires"),
    [
        ([("2026-11-23", "amendment", "description")], "parts", True),
        (
            [
                ("2026-11-23", "amendment", "description"),
                ("2026-11-23", "amendment", "consignee"),
            ],
            "oak dining chairs, 4 pcs",
            True,
        ),
        ([("2026-11-23", "amendment", "description")], "oak dining chairs, 4 pcs", False),
        ([("2026-11-10", "amendment", "description")], "parts", False),
        ([("2026-11-23", "amendment", "value")], "parts", False),
    ],
)
def test_a_late_change_of_description_with_a_second_sign(given, goods, fires):
    items = shipments(goods_description=goods)
    assert fired(yard.late_change_of_description, items, beside(events=events(*given))) == fires


def test_goods_left_in_the_yard_longer_than_is_usual():
    usual = [
        one
        for n in range(60)
        for one in events(
            ("2026-08-01", "yard", "discharged"),
            (f"2026-08-{2 + n % 10:02d}", "yard", "collected"),
            record=f"P{n}",
        )
    ]
    sign = parties.absent_consignee
    vague = shipments(goods_description="parts", lodged_at=NOW - pd.Timedelta(days=30))
    left = events(("2026-11-01", "yard", "discharged"))
    assert fired(sign, vague, beside(events=usual + left))
    assert not fired(sign, vague, beside(events=usual[:20] + left))  # what is usual is not known
    recent = events(("2026-11-15", "yard", "discharged"))
    assert not fired(sign, vague, beside(events=usual + recent))
    collected = [*left, *events(("2026-11-20", "yard", "collected"))]
    assert not fired(sign, vague, beside(events=usual + collected))
    clear = shipments(goods_description="oak dining chairs, 4 pcs")
    assert not fired(sign, clear, beside(events=usual + left))
    assert fired(sign, vague, beside(events=events(("2026-11-20", "yard", "abandoned"))))


# -- travellers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permit", "declared", "fires"),
    [
        ({}, {}, False),
        ({"quantity": 1.0}, {}, True),
        ({"valid_until": "2026-11-01"}, {}, True),
        ({"status": "revoked"}, {}, True),
        ({"delivery_due": "2026-09-01"}, {}, True),
        ({"delivery_due": "2026-09-01"}, {"direction": "exit"}, False),
        ({"delivery_due": "2026-09-01", "delivery_verified": "2026-08-30"}, {}, False),
        ({"licence_number": "ABROAD-9"}, {}, False),  # another country's permit may be this one
    ],
)
def test_a_permit_used_beyond_what_it_allows(permit, declared, fires):
    known = {"licence_number": "PER-1", "licence_type": "permit", "quantity": 2.0, **permit}
    hunter = {"firearms_declared": 2, "ammunition_declared": 60, "firearm_licence": "per 1"}
    sign = booking.sport_permit_misuse
    assert sign.queue == "compliance"
    assert fired(sign, travellers(**{**hunter, **declared}), beside(licences=known)) == fires
