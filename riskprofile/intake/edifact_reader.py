"""What every reader of EDIFACT messages does: claim its types, set aside what is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskprofile.intake.edifact_messages import Message, messages
from riskprofile.intake.reader import RawChunk, Source
from riskprofile.intake.rows import Gather


class EdifactReader:
    """A reader of messages of some types; `write` is what a format adds."""

    name: str
    profile: str
    types: tuple[str, ...]

    def claims(self, head: bytes, name: str) -> bool:
        """Whether an EDIFACT message of these types opens in the head."""
        types = "|".join(self.types).encode()
        return bool(re.search(rb"UNH[^A-Za-z0-9].{1,40}?(%b)" % types, head, re.DOTALL))

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """One row per record; a message that cannot be trusted is one rejection."""
        rows = Gather(profile, source.name, chunk_rows)
        for message in messages(source):
            if message.error is None and message.type not in self.types:
                reason = f"a message of type {message.type[:20]!r}, which this reader does not know"
                message.fail("edifact_message_type", reason, message.place)
            if message.error is not None:
                code, reason, place = message.error
                rows.reject(
                    code, f"segment {place}: {reason}", line=place, record_id=message.reference
                )
            else:
                self.write(message, rows)
            if rows.full:
                yield rows.take()
        yield rows.take()

    def write(self, message: Message, rows: Gather) -> None:
        """The records of one whole message."""
        raise NotImplementedError
