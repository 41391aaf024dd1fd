"""Handlers: boots, events, packets: what happened."""

import re

from aiohttp import hdrs

from boots.api.asked import Answer, Asked
from boots.api.desk import Desk, Refused
from boots.api.streams import EventBox, Feed, Outbox, Stream

_PAGE = 500  # events read at once for one who goes on where they were
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")  # in the name of a file


async def boots(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/boots``, and those of one machine."""
    query = asked.query
    key = asked.keys.get("key", query.get("key", ""))
    page = await desk.boots(
        key=key, state=query["state"], after=query["after"], limit=query["limit"]
    )
    return Answer(body=page)


async def boot(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/boots/{id}``."""
    return Answer(body=await desk.boot(asked.keys["id"]))


async def events(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/events``."""
    return Answer(body=await desk.events(**asked.query))


async def packets(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/machines/{key}/packets``."""
    return Answer(body=await desk.packets(asked.keys["key"]))


async def capture(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/machines/{key}/capture``."""
    key = asked.keys["key"]
    name = _UNSAFE.sub("-", key) + ".pcap"
    return Answer(
        raw=await desk.capture(key),
        media="application/vnd.tcpdump.pcap",
        headers={hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'},
    )


def happening(desk: Desk, asked: Asked) -> tuple[Feed, Outbox]:
    """``GET /v1/events/stream``: from now on, or after an id; what is kept comes in pages first.

    Raises:
        Refused: ``Last-Event-ID`` is none of ours.
    """
    key, kind = asked.query["key"], asked.query["kind"]
    after = after_of(asked)
    box = EventBox(after=after)

    async def feed(stream: Stream) -> None:
        seen, more = after, after is not None
        while more and seen is not None:
            page = await desk.events(key=key, kind=kind, after=seen, limit=_PAGE)
            stream.opened()
            for line in page.events:
                box.put(line)
            stream.wake()
            seen = page.events[-1].id if page.events else seen
            more = len(page.events) >= _PAGE
            await stream.room(full=lambda: box.is_full)
        async with desk.follow_events(key=key, kind=kind, after=seen) as lines:
            stream.opened()
            async for line in lines:
                box.put(line)
                stream.wake()

    return feed, box


def after_of(asked: Asked) -> int | None:
    """The id to go on after; what a browser comes back with wins over the query it repeats."""
    last = asked.request.headers.get("Last-Event-ID", "")
    if not last:
        found: int = asked.query["after"]
        return found if found >= 0 else None
    if not re.fullmatch(r"[0-9]{1,18}", last):
        raise Refused(400, "Bad Request", "Last-Event-ID is none of ours; send the id of an event")
    return int(last)
