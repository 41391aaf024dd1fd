"""One machine: where it stands, how its last boot went and why, and all else that is known."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from boots.api.asked import Asked
from boots.api.auth import may
from boots.api.desk import Refused
from boots.api.veil import veiled
from boots.client.words import EventLine, Events, Machine, Role
from boots.web import actions, inventory, records, timeline
from boots.web.live import BEAT, Stream, gathered, merged
from boots.web.room import Room, given

Got = TypeVar("Got")
_SAID = ("ConsoleLine", "AgentProgressed")
_LINES = 300  # of a console
_EVENTS = 100
_BOOTS = 10
_SCRIPT = "ScriptServed"


async def page(room: Room, asked: Asked) -> web.StreamResponse:
    """The page."""
    found = await room.desk.machine(asked.keys["name"])
    name = found.line.name
    soft, (events, scripts, *consoles) = await asyncio.gather(
        asyncio.gather(
            softly(room.desk.boots(key=name, limit=_BOOTS)),
            softly(room.desk.explain(asking(found))),
            softly(room.desk.packets(name)),
        ),
        asyncio.gather(
            room.desk.events(key=name, latest=True, limit=_EVENTS),
            room.desk.events(key=name, kind=_SCRIPT, latest=True, limit=1),
            *(room.desk.events(key=name, kind=kind, latest=True, limit=_LINES) for kind in _SAID),
        ),
    )
    values = {
        **dict(zip(("boots", "explained", "packets"), soft, strict=True)),
        "events": events.events[::-1],
        "script": scripts.events[-1] if scripts.events else None,
        "console": together(consoles),
        "record": found.record
        if may(asked.me, Role.OPERATOR)
        else veiled(msgspec.to_builtins(found.record)),
        "inventory": inventory.tables(found.inventory),
        "has_bmc": records.has_bmc(found.record),
        "last": max((line.id for line in events.events), default=0),
        "did": _did(asked.request.query.get("did", "")),
        "actions": actions.possible(found),
    }
    return await room.page(asked, "machine.html", **_standing(room, found), **values)


def _did(key: str) -> str:
    """What was just done, in words of ours: nobody writes into the page by its address."""
    action = actions.ACTIONS.get(key)
    return action.title if action else "a record was made" if key == "adopt" else ""


def _standing(room: Room, found: Machine) -> dict[str, Any]:
    """What of the page changes as the machine boots."""
    last = found.last
    rows = timeline.rows(last, room.clock()) if last else ()
    return {"machine": found, "line": found.line, "boot": last, "rows": rows}


async def softly(asked: Awaitable[Got]) -> Got | Refused:
    """What the desk gives, or why it does not: the rest of the page is still of use."""
    try:
        return await asked
    except Refused as refused:
        return refused


def asking(found: Machine) -> str:
    """The MAC that a machine is likely to ask with: the one of its last boot if there is one."""
    if found.last is not None:
        return found.last.mac
    macs = [each.mac for each in found.line.interfaces if each.netboot]
    return (macs or [each.mac for each in found.line.interfaces] or [found.line.name])[0]


def together(pages: list[Events]) -> list[EventLine]:
    """The last lines of several kinds, in their order."""
    lines = sorted((line for page in pages for line in page.events), key=lambda line: line.id)
    return lines[-_LINES:]


async def live(room: Room, asked: Asked) -> web.StreamResponse:
    """Where the machine stands, its console and its events, as they come."""
    name = (await room.desk.machine(asked.keys["name"])).line.name
    after = after_of(asked)

    async def follow(to: Stream) -> None:
        async with (
            room.desk.follow_machines() as machines,
            room.desk.follow_events(key=name, after=after) as events,
        ):
            await to.send(await _parts(room, name))
            async for source, value in merged(BEAT, machines=machines, events=gathered(events)):
                if source == "machines" and any(line.name == name for line in value):
                    await to.send(await _parts(room, name))
                elif source == "events":
                    await send_events(room, to, value, consoles=True)

    return await room.streams.stream(asked, follow)


async def _parts(room: Room, name: str) -> dict[str, str]:
    values = _standing(room, await room.desk.machine(name))
    names = ("standing", "timeline")
    return {each: await room.written(f"parts/{each}.html", **values) for each in names}


def after_of(asked: Asked) -> int | None:
    """The event after which a page goes on, as it or the browser says."""
    told = asked.request.headers.get("Last-Event-ID") or asked.request.query.get("last", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None


async def send_events(
    room: Room, to: Stream, lines: list[EventLine], *, consoles: bool = False
) -> None:
    """Add events to the list of a page, and to its console what is said there."""
    added = {"events": await _written(room, "parts/event.html", lines)}
    spoken = [line for line in lines if consoles and line.kind in _SAID]
    if spoken:
        added["console"] = await _written(room, "parts/said.html", spoken)
    await to.send(lines=added, last=max(line.id for line in lines))


async def _written(room: Room, template: str, lines: list[EventLine]) -> list[str]:
    def write() -> list[str]:
        return [room.render(template, {"line": line}) for line in lines]

    return await asyncio.to_thread(write)


async def rendered(room: Room, asked: Asked) -> web.StreamResponse:
    """A script or file, as this machine would get it now."""
    name, file = asked.keys["name"], asked.keys["file"]
    return given(await room.desk.rendered(name, file), file.rpartition("/")[2])


async def capture(room: Room, asked: Asked) -> web.StreamResponse:
    """Its DHCP messages for `boots replay` or any other reader of captures."""
    name = asked.keys["name"]
    body = await room.desk.capture(name)
    return given(body, f"{name}.pcap", "application/vnd.tcpdump.pcap")


async def power(room: Room, asked: Asked) -> web.StreamResponse:
    """How its power is, which takes its BMC a while to say."""
    found = await room.desk.machine(asked.keys["name"])
    told = await softly(room.desk.power(found.line.name))
    return await room.page(asked, "power.html", line=found.line, power=told)


async def explained(room: Room, asked: Asked) -> web.StreamResponse:
    """Why a MAC gets what it gets, whether it has a record or not."""
    found = await room.desk.explain(asked.keys["mac"])
    return await room.page(asked, "explain.html", explained=found)
