"""Boots: all of them, the latest first, and one by itself."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from boots.api.asked import Asked
from boots.api.desk import Refused
from boots.timeline.words import Boot, State
from boots.web import timeline
from boots.web.live import Stream, paced
from boots.web.machine import lines_of
from boots.web.room import Room, softly

_PACE = 1.0  # seconds between two looks at a list that changes
_LOOK = 5.0
_PARTS = ("outcome", "timeline")
_ROWS = 50
_EVENTS = 500
_SLACK = 1.0  # seconds: what a boot begins with may be told a moment before it


async def boots(room: Room, asked: Asked) -> web.StreamResponse:
    """All boots, those of one machine, or those that stand somewhere."""
    return await room.page(asked, "boots.html", **await _listed(room, asked))


async def _listed(room: Room, asked: Asked) -> dict[str, Any]:
    query = asked.request.query
    key, state, after = query.get("key", "").strip(), query.get("state", ""), query.get("after", "")
    state = state if state in {each.value for each in State} else ""
    found = await room.desk.boots(key=key, state=state, after=after, limit=_ROWS)
    told = {"key": key, "state": state}
    same = urlencode({name: value for name, value in told.items() if value})
    return {"found": found, **told, "after": after, "same": same}


async def live_boots(room: Room, asked: Asked) -> web.StreamResponse:
    """The list as it changes."""

    async def follow(to: Stream) -> None:
        async with room.desk.follow_machines() as machines:
            async for _ in paced(machines, _PACE, _LOOK):
                text = await room.written("parts/boots.html", **await _listed(room, asked))
                await to.send({"boots": text})

    return await room.streams.stream(asked, follow)


async def boot(room: Room, asked: Asked) -> web.StreamResponse:
    """One boot: its steps, its scripts, its events."""
    found = await room.desk.boot(asked.keys["id"])
    events = await softly(
        room.desk.events(
            key=found.mac,
            since=found.started - _SLACK,
            until=(found.ended or found.heard) + _SLACK,
            limit=_EVENTS,
        )
    )
    lines = lines_of(events)
    values = {
        "events": lines[::-1],
        "lacking": events if isinstance(events, Refused) else None,
        "scripts": [line for line in lines if line.kind == "ScriptServed"],
        **_standing(room, found),
    }
    return await room.page(asked, "boot.html", **values)


def _standing(room: Room, found: Boot) -> dict[str, Any]:
    return {"boot": found, "rows": timeline.rows(found, room.clock())}


async def live_boot(room: Room, asked: Asked) -> web.StreamResponse:
    """One boot as it goes on."""
    identity = asked.keys["id"]

    async def follow(to: Stream) -> None:
        async with room.desk.follow_machines() as machines:
            async for _ in paced(machines, _PACE / 2, _LOOK):
                values = _standing(room, await room.desk.boot(identity))
                await to.send({n: await room.written(f"parts/{n}.html", **values) for n in _PARTS})

    return await room.streams.stream(asked, follow)
