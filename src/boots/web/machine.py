"""One machine: where it stands, how its last boot went and why, and all else that is known."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Any

from aiohttp import web

from boots.api.asked import Asked
from boots.api.auth import may
from boots.api.desk import Refused
from boots.api.veil import veiled
from boots.client.words import EventLine, Events, Explained, Machine, Role
from boots.client.workflows import EdgesLine, RunLine
from boots.timeline.knowledge import of_stranger
from boots.timeline.words import Boot
from boots.web import actions, inventory, records, timeline
from boots.web.live import Pace, Stream, gathered, merged
from boots.web.looks import segment
from boots.web.room import Room, given, goes_on, softly

_SAID = ("ConsoleLine", "AgentProgressed")
_LINES = 300  # of a console
_EVENTS = 100
_BOOTS = 10
_SCRIPT = "ScriptServed"
_ABOUT = {
    _SCRIPT: "given",
    "InventoryReported": "told",
    **dict.fromkeys(("OfferSent", "AckSent", "NakSent", "DhcpIgnored"), "exchanged"),
}
"""Which part of the page shows more of an event than its line does."""
_NEAR = 3  # strangers that are shown
_PACE = 1.0  # seconds between two looks at this server while the machine boots
_LOOK = 5.0  # the same while it does not
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")
_FIRMWARE = {"bios": "BIOS", "x64-uefi": "UEFI x64", "arm64-uefi": "UEFI arm64"}


async def page(room: Room, asked: Asked) -> web.StreamResponse:
    """The page."""
    key = asked.keys["name"]
    try:
        found = await room.desk.machine(key)
    except Refused as refused:
        if refused.status == 404 and _MAC.fullmatch(key):
            return goes_on(f"/explain/{segment(key)}")  # it has no record, but a story
        raise
    told, said = await asyncio.gather(_told(room, found), _said(room, found.line.name))
    values = {
        **told,
        **said,
        "first": likely(told["explained"], found.last),
        "record": found.record if may(asked.me, Role.OPERATOR) else veiled(found.record),
        "inventory": inventory.tables(found.inventory),
        "has_bmc": records.has_bmc(found.record),
        "did": _did(asked.request.query.get("did", "")),
        "actions": actions.possible(found),
        "run": await _doing(room, found.line.name),
        "edges": await _edges(room, found.line.name),
        **await _remarks(room, found),
    }
    return await room.page(asked, "machine.html", **_standing(room, found), **values)


async def _told(room: Room, found: Machine) -> dict[str, Any]:
    """What the desk tells of a machine, or why it does not."""
    desk, name = room.desk, found.line.name
    boots, explained, packets = await asyncio.gather(
        softly(desk.boots(key=name, limit=_BOOTS)),
        softly(desk.explain(asking(found))),
        softly(desk.packets(name)),
    )
    return {"boots": boots, "explained": explained, "packets": packets}


async def _said(room: Room, name: str) -> dict[str, Any]:
    """What happened to a machine: its last events, its last script, and its console."""
    desk = room.desk
    events, scripts, *consoles = await asyncio.gather(
        softly(desk.events(key=name, latest=True, limit=_EVENTS)),
        softly(desk.events(key=name, kind=_SCRIPT, latest=True, limit=1)),
        *(softly(desk.events(key=name, kind=kind, latest=True, limit=_LINES)) for kind in _SAID),
    )
    lines, script = lines_of(events), lines_of(scripts)
    return {
        "events": lines[::-1],
        "lacking": events if isinstance(events, Refused) else None,
        "last": lines[-1].id if lines else 0,
        "script": script[-1] if script else None,
        "console": together(consoles),
    }


def _did(key: str) -> str:
    """What was just done, in words of ours: nobody writes into the page by its address."""
    action = actions.ACTIONS.get(key)
    return action.title if action else "a record was made" if key == "adopt" else ""


def _standing(room: Room, found: Machine) -> dict[str, Any]:
    """What of the page changes as the machine boots."""
    last = found.last
    rows = timeline.rows(last, room.clock()) if last else ()
    return {"machine": found, "line": found.line, "boot": last, "rows": rows}


def asking(found: Machine) -> str:
    """The MAC that a machine is likely to ask with: the one of its last boot if there is one."""
    if found.last is not None:
        return found.last.mac
    macs = [each.mac for each in found.line.interfaces if each.netboot]
    return (macs or [each.mac for each in found.line.interfaces] or [found.line.name])[0]


def lines_of(found: Events | Refused) -> Sequence[EventLine]:
    """The events that the desk gave, if it gave any."""
    return found.events if isinstance(found, Events) else ()


def together(pages: Iterable[Events | Refused]) -> list[EventLine]:
    """The last lines of several kinds, as they happened; not every asker's ids are in order."""
    lines = sorted((line for page in pages for line in lines_of(page)), key=lambda line: line.at)
    return lines[-_LINES:]


def likely(explained: Explained | Refused, boot: Boot | None) -> int:
    """Which of the chains is that of the firmware that this machine has; the first if unknown."""
    if isinstance(explained, Refused) or boot is None:
        return 0
    wanted = _FIRMWARE.get(boot.architecture, "?")
    over_http = "http" in boot.program.lower()
    in_rom = boot.program == "iPXE" and wanted == "BIOS"
    for number, chain in enumerate(explained.chains):
        name = chain.firmware
        if (name.startswith(wanted), "HTTP" in name, "iPXE" in name) == (True, over_http, in_rom):
            return number
    return 0


async def live(room: Room, asked: Asked) -> web.StreamResponse:
    """Where the machine stands, its console and its events, as they come."""
    name = (await room.desk.machine(asked.keys["name"])).line.name
    after = after_of(asked)

    async def follow(to: Stream) -> None:
        pace, goes_on = Pace(_PACE, _LOOK), True
        async with (
            room.desk.follow_machines() as machines,
            room.desk.follow_events(key=name, after=after) as events,
        ):
            await to.send(await _parts(room, name))
            async for source, value in merged(_PACE, machines=machines, events=gathered(events)):
                ours = source == "machines" and any(line.name == name for line in value)
                if ours:
                    await to.send(await _parts(room, name))
                elif source == "events":
                    await send_events(room, to, value, consoles=True)
                    await to.send(await _fresh(room, name, value))
                if pace.due(changed=ours or goes_on):
                    goes_on = await _send_remarks(room, to, name)

    return await room.streams.stream(asked, follow)


async def _edges(room: Room, name: str) -> Sequence[EdgesLine]:
    """What is kept of the ends of its disks."""
    found = await softly(room.desk.edges(name))
    return () if isinstance(found, Refused) else found.edges


async def _send_remarks(room: Room, to: Stream, name: str) -> bool:
    """Send what stands above the rest; whether a workflow of it goes on."""
    values = await _remarks(room, await room.desk.machine(name))
    run = await _doing(room, name)
    remarks = await room.written("parts/remarks.html", **values)
    await to.send({"remarks": remarks, "doing": await room.written("parts/doing.html", run=run)})
    return run is not None and not run.is_over


async def _parts(room: Room, name: str) -> dict[str, str]:
    values = _standing(room, await room.desk.machine(name))
    names = ("standing", "timeline")
    return {each: await room.written(f"parts/{each}.html", **values) for each in names}


async def _remarks(room: Room, found: Machine) -> dict[str, Any]:
    """What is wrong with this server, and who has nearly a MAC of this machine's."""
    health, discovered, freeze = await asyncio.gather(
        room.desk.health(), softly(room.desk.discovered()), softly(room.desk.freeze())
    )
    heard = () if isinstance(discovered, Refused) else discovered.discovered
    macs = {each.mac for each in found.line.interfaces}
    near = [each.stranger for each in heard if each.stranger.nearest in macs]
    near_ones = [of_stranger(each) for each in near[:_NEAR]]
    return {"troubles": health.troubles, "near": near_ones, "freeze": freeze}


async def _doing(room: Room, name: str) -> RunLine | None:
    """The latest workflow of a machine."""
    found = await softly(room.desk.runs(key=name, limit=1))
    return found.runs[0] if not isinstance(found, Refused) and found.runs else None


async def _fresh(room: Room, name: str, lines: list[EventLine]) -> dict[str, str]:
    """The parts that show what these events are about."""
    about = sorted({_ABOUT[line.kind] for line in lines if line.kind in _ABOUT})
    if not about:
        return {}
    found = await room.desk.machine(name)
    values = {
        "line": found.line,
        "machine": found,
        "inventory": inventory.tables(found.inventory),
        "script": next((line for line in reversed(lines) if line.kind == _SCRIPT), None),
        "packets": await softly(room.desk.packets(name)),
    }
    return {part: await room.written(f"parts/{part}.html", **values) for part in about}


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
    await to.send(lines=added, last=lines[-1].id)


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
