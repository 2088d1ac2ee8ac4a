"""What was known of parties, lanes and goods before a declaration was lodged."""

from riskprofile.history.lookup import Lookup
from riskprofile.history.register import Aliases
from riskprofile.history.resolver import forms, look, recalled, united, view
from riskprofile.history.snapshot import Snapshot

__all__ = ["Aliases", "Lookup", "Snapshot", "forms", "look", "recalled", "united", "view"]
