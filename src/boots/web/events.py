"""The journal: what happened, the latest first, and what happens now."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from boots.api.asked import Asked
from boots.web.live import Stream, gathered
from boots.web.machine import after_of, send_events
from boots.web.room import Room
from boots.web.wanted import Wanted, moment

_ROWS = 200


@dataclass(frozen=True, slots=True)
class EventsWanted(Wanted):
    """Which events a page shows; the moments are in seconds since 1970, 0 for any."""

    key: str = ""
    kind: str = ""
    since: float = 0.0
    until: float = 0.0

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "EventsWanted":
        """Read from a URL."""
        return cls(
            query.get("key", "").strip(),
            query.get("kind", "").strip(),
            moment("since", query.get("since", "")),
            moment("until", query.get("until", "")),
        )


async def page(room: Room, asked: Asked) -> web.StreamResponse:
    """The page."""
    wanted = EventsWanted.of(asked.request.query)
    found = await room.desk.events(
        key=wanted.key,
        kind=wanted.kind,
        since=wanted.since,
        until=wanted.until,
        latest=True,
        limit=_ROWS,
    )
    lines = found.events
    values = {
        "wanted": wanted,
        "events": lines[::-1],
        "older": lines[0].at if len(lines) == _ROWS else 0.0,
        "last": lines[-1].id if lines else 0,
    }
    return await room.page(asked, "events.html", **values)


async def live(room: Room, asked: Asked) -> web.StreamResponse:
    """Events as they come."""
    wanted, after = EventsWanted.of(asked.request.query), after_of(asked)

    async def follow(to: Stream) -> None:
        async with room.desk.follow_events(key=wanted.key, kind=wanted.kind, after=after) as events:
            async for lines in gathered(events):
                await send_events(room, to, lines)

    return await room.streams.stream(asked, follow)
