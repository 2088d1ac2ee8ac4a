"""What the papers say and leave out: fields, licences, containers, seals, round values."""

from __future__ import annotations

import numpy as np

from riskprofile.columns import Column, View
from riskprofile.features.register import feature
from riskprofile.reference import containers, facts
from riskprofile.tables import Feature, History

# What a usable declaration of any mode carries (EU ENS and WCO data sets have all of it).
EXPECTED = (
    "consignor_key",
    "consignee_key",
    "consignor_address_key",
    "consignee_address_key",
    "transport_document",
    "goods_description",
    "hs_code",
    "package_count",
    "gross_mass_kg",
    "value",
    "origin_key",
    "export_key",
    "destination_key",
)
_TENS = 10 ** np.arange(7)  # whole: a power of floats may be off on some processor


@feature(
    unit="per cent",
    reads="{value:.0f} % of the fields a declaration usually carries are missing",
)
def fields_missing(items: View, history: History) -> Column:
    """Share of 13 usual fields that are missing; never missing itself.

    Small traders and relief cargo file thin papers too, so it weighs little (X04).
    """
    return facts.missing(items, EXPECTED) * (100.0 / len(EXPECTED))


@feature(unit="0 or 1", reads="licence number given: {value:.0f}")
def licence_given(items: View, history: History) -> Column:
    """1 when a licence number is given, else 0. Says nothing of its validity (D01)."""
    return facts.given(items["licence_number"])


@feature(unit="0 or 1", reads="end-use certificate given: {value:.0f}")
def end_use_given(items: View, history: History) -> Column:
    """1 when an end-use certificate is referred to, else 0 (D01)."""
    return facts.given(items["end_use_certificate"])


@feature(
    unit="0 or 1", reads="arms chapter (HS 93) without a licence number: {value:.0f}", monotone=1
)
def arms_without_licence(items: View, history: History) -> Column:
    """1 for goods of HS chapter 93 without a licence number, else 0; missing without a code.

    Often paperwork of lawful dealers (E09, D01).
    """
    arms = facts.is_one_of(items["hs2"], "93")
    return facts.all_of(arms, facts.absent(items["licence_number"]))


@feature(unit="0 or 1", reads="declared as gift: {value:.0f}")
def gift(items: View, history: History) -> Column:
    """1 when declared as a gift, 0 when said not to be, missing when not said (E04)."""
    return facts.known(items["gift"])


@feature(unit="zeros", reads="the value ends in {value:.0f} [zero|zeros]", none=True)
def value_zeros(items: View, history: History) -> Column:
    """How round the declared value is: its trailing zeros, 0 to 6; -1 with a broken part.

    Missing without a value or for a value of 0. Flat rates look alike (E04).
    """
    value = items["value"].where(items["value"] > 0)
    whole = (value % _TENS[:, None] == 0).values  # a row for each power of ten
    zeros = Column(np.count_nonzero(whole, axis=0) - 1.0)
    return zeros.where(value.notna())


@feature(
    unit="0 or 1",
    reads="a forwarder or no consignee stands on the papers, and no house document: {value:.0f}",
    monotone=1,
)
def house_missing(items: View, history: History) -> Column:
    """1 when the real receiver cannot be seen: forwarder or nobody, and no house document.

    Groupage with house data is normal; only its absence counts (A01).
    """
    hidden = facts.any_of(
        facts.is_one_of(items["consignee_type"], "forwarder"), facts.absent(items["consignee_key"])
    )
    return facts.all_of(hidden, facts.absent(items["house_document"]))


@feature(
    unit="containers",
    reads="{value:.0f} [container number fails its|container numbers fail their] check digit",
    monotone=1,
)
def container_errors(items: View, history: History) -> Column:
    """Container numbers whose ISO 6346 check digit is wrong; missing without containers.

    A typing error as a rule; counted because a wrong number hides a container (X04, S08).
    """
    return containers.wrong_check_digits(items["container_numbers"])


@feature(unit="0 or 1", reads="containers without a seal number: {value:.0f}")
def seal_missing(items: View, history: History) -> Column:
    """1 for containers declared without any seal, 0 with one, missing without containers (S08)."""
    return facts.absent(items["seal_numbers"]).where(items["container_numbers"].notna())


FEATURES: list[Feature] = [
    fields_missing,
    licence_given,
    end_use_given,
    arms_without_licence,
    gift,
    value_zeros,
    house_missing,
    container_errors,
    seal_missing,
]
