"""The smaller pages: machines without a record, the network and this server, profiles, login."""

import asyncio
from typing import Any

from aiohttp import web

from boots.api.asked import Asked
from boots.api.desk import Refused
from boots.client.words import Discovered
from boots.web import inventory, records
from boots.web.live import Stream, paced
from boots.web.looks import record as as_yaml
from boots.web.looks import segment
from boots.web.room import Room, about, form_of, goes_on, html, softly

_PACE = 1.0
_LOOK = 2.0  # seconds between two looks at what is not told
_LEASES = 500


async def discovered(room: Room, asked: Asked) -> web.StreamResponse:
    """Machines without a record."""
    return await room.page(asked, "discovered.html", **await _discovered(room))


async def _discovered(room: Room) -> dict[str, Any]:
    return {"found": (await room.desk.discovered()).discovered}


async def one_discovered(room: Room, asked: Asked) -> web.StreamResponse:
    """One of them: what it is made of, and the record it could have, to be changed and kept."""
    found = await _one(room, asked.keys["mac"])
    return await room.page(asked, "adopt.html", **_offered(found, proposed(found)))


async def _one(room: Room, mac: str) -> Discovered:
    for found in (await room.desk.discovered()).discovered:
        if found.stranger.mac == mac.lower():
            return found
    raise Refused(404, "No such machine was heard", f"{mac} is not among those without a record")


def proposed(found: Discovered) -> str:
    """The record that a machine could have; with no rule for it the least that one needs."""
    mac = found.stranger.mac
    return as_yaml(found.record or {"name": f"machine-{mac.replace(':', '')}", "mac": mac})


def _offered(found: Discovered, text: str, refused: Refused | None = None) -> dict[str, Any]:
    tables = inventory.tables(found.inventory)
    return {"each": found, "inventory": tables, "text": text, "refused": refused}


async def adopt(room: Room, asked: Asked) -> web.StreamResponse:
    """Give one of them a record: this text, or the one its rule makes."""
    found = await _one(room, asked.keys["mac"])
    text = (await form_of(asked.request)).get("record", "")
    try:
        record = records.read(text) if text.strip() else None
        made = await room.desk.adopt(found.stranger.mac, record, asked.me.name)
    except Refused as refused:
        values = _offered(found, text or proposed(found), refused)
        page = await room.page(asked, "adopt.html", **values)
        return html(page.text or "", refused.status)
    return goes_on(f"/machines/{segment(made.line.name)}?did=adopt")


async def live_discovered(room: Room, asked: Asked) -> web.StreamResponse:
    """The list as it changes."""

    async def follow(to: Stream) -> None:
        async with room.desk.follow_machines() as machines:
            async for _ in paced(machines, _PACE, _LOOK):
                values = {**about(asked.me, ""), **await _discovered(room)}
                await to.send({"discovered": await room.written("parts/discovered.html", **values)})

    return await room.streams.stream(asked, follow)


async def network(room: Room, asked: Asked) -> web.StreamResponse:
    """Other DHCP servers, leases, and how this server is."""
    return await room.page(asked, "network.html", **await _network(room, asked))


async def _network(room: Room, asked: Asked) -> dict[str, Any]:
    foreign, leases, health = await asyncio.gather(
        softly(room.desk.foreign()), softly(room.desk.leases()), room.desk.health()
    )
    text = asked.request.query.get("q", "").strip().lower()
    all_of_them = () if isinstance(leases, Refused) else leases.leases
    fitting = [lease for lease in all_of_them if text in f"{lease.address} {lease.mac}"]
    return {
        "foreign": () if isinstance(foreign, Refused) else foreign.servers,
        "lacking": [each for each in (foreign, leases) if isinstance(each, Refused)],
        "leases": fitting[:_LEASES],
        "leased": len(fitting),
        "text": text,
        "health": health,
    }


async def live_network(room: Room, asked: Asked) -> web.StreamResponse:
    """The same as it changes."""

    async def follow(to: Stream) -> None:
        async with room.desk.follow_machines() as machines:
            async for _ in paced(machines, _PACE, _LOOK):
                values = await _network(room, asked)
                await to.send({"network": await room.written("parts/network.html", **values)})

    return await room.streams.stream(asked, follow)


async def profiles(room: Room, asked: Asked) -> web.StreamResponse:
    """What machines can run."""
    found = (await room.desk.profiles()).profiles
    return await room.page(asked, "profiles.html", profiles=found)


async def login(room: Room, asked: Asked) -> web.StreamResponse:
    """The form that asks for a token; the listener takes it."""
    to = asked.request.query.get("to", "/")
    return await room.page(asked, "login.html", to=to, wrong=False)
