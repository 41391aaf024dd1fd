"""The journal: what happened, the latest first, and what happens now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from aiohttp import web

from boots.api.asked import Asked
from boots.api.desk import Refused
from boots.web.live import Stream, gathered
from boots.web.machine import after_of, send_events
from boots.web.room import Room

_ROWS = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a page shows; the moments are in seconds since 1970, 0 for any."""

    key: str = ""
    kind: str = ""
    since: float = 0.0
    until: float = 0.0

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read from a URL."""
        return cls(
            query.get("key", "").strip(),
            query.get("kind", "").strip(),
            moment("since", query.get("since", "")),
            moment("until", query.get("until", "")),
        )

    def query(self, **other: object) -> str:
        """The same as it stands in a URL, with other values for some."""
        values = {name: getattr(self, name) for name in self.__slots__} | other
        return urlencode({name: value for name, value in values.items() if value})

    def field(self, name: str) -> str:
        """A moment as a field for date and time holds it."""
        return field(getattr(self, name))


def field(at: float) -> str:
    """A moment as a field for date and time holds it; empty for none."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S") if at else ""


def moment(name: str, text: str) -> float:
    """A moment: seconds since 1970, or a date with or without a time, in UTC if it says no other.

    Raises:
        Refused: it is none.
    """
    try:
        at = float(text) if text.replace(".", "", 1).isdigit() else _calendar(text)
        datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        raise Refused(400, f"{name}: {text} is no moment", "write 2026-01-31T12:00") from None
    return at


def _calendar(text: str) -> float:
    if not text:
        return 0.0
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


async def page(room: Room, asked: Asked) -> web.StreamResponse:
    """The page."""
    wanted = Wanted.of(asked.request.query)
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
    wanted, after = Wanted.of(asked.request.query), after_of(asked)

    async def follow(to: Stream) -> None:
        async with room.desk.follow_events(key=wanted.key, kind=wanted.kind, after=after) as events:
            async for lines in gathered(events):
                await send_events(room, to, lines)

    return await room.streams.stream(asked, follow)
