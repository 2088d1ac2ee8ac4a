"""The kinds of declaration. `PROFILES[name]` is the only dispatch."""

from riskprofile.profiles.profile import Key, Profile
from riskprofile.profiles.shipment import SHIPMENT
from riskprofile.profiles.traveller import TRAVELLER

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (SHIPMENT, TRAVELLER)}

__all__ = ["PROFILES", "SHIPMENT", "TRAVELLER", "Key", "Profile"]
