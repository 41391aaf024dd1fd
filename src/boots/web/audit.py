"""The audit log: who changed what, or tried to, and how far that is proved."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from boots.api.asked import Asked
from boots.client.words import AuditProof
from boots.web.room import Room, softly
from boots.web.wanted import Wanted, moment

_ROWS = 100


@dataclass(frozen=True, slots=True)
class AuditWanted(Wanted):
    """Which rows a page shows; the moments are in seconds since 1970, 0 for any."""

    machine: str = ""
    by: str = ""
    what: str = ""
    since: float = 0.0
    until: float = 0.0

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "AuditWanted":
        """Read from a URL.

        Raises:
            Refused: a moment is none.
        """
        return cls(
            query.get("machine", "").strip(),
            query.get("by", "").strip(),
            query.get("what", "").strip(),
            moment("since", query.get("since", "")),
            moment("until", query.get("until", "")),
        )


async def page(room: Room, asked: Asked) -> web.StreamResponse:
    """The page: the latest rows first, and how far they are proved."""
    query = asked.request.query
    wanted, after = AuditWanted.of(query), query.get("after", "")
    found = await room.desk.audit(
        machine=wanted.machine,
        by=wanted.by,
        what=wanted.what,
        since=wanted.since,
        until=wanted.until,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0,
        limit=_ROWS,
    )
    limited = bool(asked.me.machines)  # all rows are not theirs to count
    proof = AuditProof(rows=0) if limited else await softly(room.desk.audit_proof(whole=False))
    values = {"wanted": wanted, "after": after, "found": found, "proof": proof}
    return await room.page(asked, "audit.html", **values)
