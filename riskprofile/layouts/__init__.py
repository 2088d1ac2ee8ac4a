"""The columns of each kind of declaration, as readers need them: without what rates them."""

from riskprofile.layouts.declared import Declared
from riskprofile.layouts.shipment import SHIPMENT
from riskprofile.layouts.traveller import TRAVELLER

LAYOUTS: dict[str, Declared] = {layout.name: layout for layout in (SHIPMENT, TRAVELLER)}

__all__ = ["LAYOUTS", "SHIPMENT", "TRAVELLER", "Declared"]
