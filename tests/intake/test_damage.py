"""Whatever becomes of a message on its way, its reader says so, or keeps what it can."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings

from riskprofile.errors import InputError
from riskprofile.intake.coprar import CoprarReader
from riskprofile.intake.cuscar import CuscarReader
from riskprofile.intake.cusdec import CusdecReader
from riskprofile.intake.iftmin import IftminReader
from riskprofile.intake.itmatt import ItmattReader
from riskprofile.intake.paxlst import PaxlstReader
from riskprofile.intake.pnrgov import PnrgovReader
from riskprofile.intake.reader import Offices, Reader
from riskprofile.intake.x12 import X12Reader
from riskprofile.intake.x12_310 import X12BillReader
from tests.intake.helpers import FIXTURES, damage, read

SERVED = Offices(countries=frozenset({"US"}))
READERS: dict[str, Reader] = {
    "cuscar": CuscarReader(),
    "cusdec": CusdecReader(),
    "iftmcs": IftminReader(),
    "coprar": CoprarReader(),
    "itmatt": ItmattReader(),
    "paxlst": PaxlstReader(SERVED),
    "pnrgov": PnrgovReader(SERVED),
    "manifest309": X12Reader(),
    "bill310": X12BillReader(),
}


@pytest.mark.parametrize("times", [50, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_message_raises_nothing_but_an_input_error(name: str, times: int):
    content = (FIXTURES / f"{name}.edi").read_bytes()

    @settings(max_examples=times)
    @given(damage(len(content)))
    def harmed(harm: Callable[[bytes], bytes]) -> None:
        with contextlib.suppress(InputError):
            rows, rejected = read(READERS[name], harm(content))
            assert len(rows) + len(rejected) > 0

    harmed()
