"""What was known of parties, lanes and goods before a declaration was lodged."""

from riskprofile.history.lookup import Lookup
from riskprofile.history.resolver import view
from riskprofile.history.snapshot import Snapshot

__all__ = ["Lookup", "Snapshot", "view"]
