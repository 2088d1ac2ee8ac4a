"""What officers and supervisors do with alerts, in one place.

Every function asks the table of rights, runs in one transaction, and writes one audit
row per change and per look. Times are handed in, aware.
"""

from riskprofile.services.blind import say as say_first
from riskprofile.services.deciding import (
    DECISIONS,
    claim,
    confirm_release,
    decide,
    give_back,
    reopen,
    undo,
)
from riskprofile.services.drafts import discard_draft, draft, save_draft
from riskprofile.services.held import ANSWERS
from riskprofile.services.outcomes import (
    KINDS,
    METHODS,
    MOST_OFFICERS,
    OUTCOMES,
    SURE,
    Item,
    Waiting,
    confirm_outcome,
    record_outcome,
    waiting,
)
from riskprofile.services.queueing import (
    Figures,
    New,
    QueueFilter,
    QueuePage,
    QueueRow,
    awaiting,
    figures,
    new_since,
    queue,
)
from riskprofile.services.viewing import AlertView, alert, purpose_needed

__all__ = [
    "ANSWERS", "DECISIONS", "KINDS", "METHODS", "MOST_OFFICERS", "OUTCOMES", "SURE", "AlertView",
    "Figures", "Item", "New", "QueueFilter", "QueuePage", "QueueRow", "Waiting", "alert",
    "awaiting", "claim", "confirm_outcome", "confirm_release", "decide", "discard_draft", "draft",
    "figures", "give_back", "new_since", "purpose_needed", "queue", "record_outcome", "reopen",
    "save_draft", "say_first", "undo", "waiting",
]  # fmt: skip
