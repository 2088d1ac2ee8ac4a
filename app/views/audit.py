"""Whether the audit chain holds, and who has an account."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import draw, session
from app.installation import served
from app.text import escape
from riskprofile.services import govern, identity
from riskprofile.words import form


def page() -> None:
    """Check the whole chain, and list the accounts."""
    person = session.require("auditor", "administrator")
    say, now, store = session.speech(), session.now(), served().store
    zone = session.zone(session.status(person).zone)
    found = govern.verify_audit(store, person)
    st.html(f'<h1 class="rp-h1 rp-page">{escape(say("audit.title"))}</h1>')
    if found.ok:
        head = say("audit.head", digest=f"{found.head.digest[:16]}")
        st.html(draw.strip("✓", say("audit.holds", n=say.number(found.records)), head))
    else:
        st.html(draw.strip("✕", say("audit.breaks"), str(found.first_bad or "")))
    rows = [_row(say, one, zone, now) for one in identity.accounts(store, person)]
    heads = [say(f"audit.{name}") for name in ("user", "role", "office", "factor", "disabled")]
    st.html(draw.card(say("audit.accounts"), draw.table(heads, rows)))


def _row(say: Any, one: Any, zone: Any, now: Any) -> tuple[str, ...]:
    return (
        one.name,
        say(f"role.{one.role}"),
        one.office or "",
        say("yes") if one.second_factor else say("no"),
        form.clock(one.disabled_at, zone, now),
    )


page()
