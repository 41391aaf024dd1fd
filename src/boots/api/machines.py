"""Handlers: machines, their records, orders, power, and what they would get."""

from urllib.parse import quote

import msgspec
from aiohttp import hdrs

from boots.api.asked import Answer, Asked
from boots.api.auth import may
from boots.api.desk import Desk
from boots.api.streams import Feed, MachineBox, Outbox, Stream
from boots.api.veil import veiled
from boots.client.words import Machine, Role

_TEXT = "text/plain; charset=utf-8"


async def listed(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/machines``."""
    query = asked.query
    page = await desk.machines(
        text=query["q"], state=query["state"], after=query["after"], limit=query["limit"]
    )
    return Answer(body=page)


async def created(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/machines``."""
    return _made(await desk.create(asked.body.record, asked.me.name))


async def adopted(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/discovered/{mac}``; without a body the record is what its rule makes."""
    record = asked.body.record if asked.body is not None else None
    return _made(await desk.adopt(asked.keys["mac"], record, asked.me.name))


def _made(machine: Machine) -> Answer:
    where = f"/v1/machines/{quote(machine.line.name, safe='')}"
    return Answer(body=machine, status=201, headers={hdrs.LOCATION: where})


async def one(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/machines/{key}``."""
    machine = await desk.machine(asked.keys["key"])
    if not may(asked.me, Role.OPERATOR):
        machine = msgspec.structs.replace(
            machine, record=veiled(msgspec.to_builtins(machine.record))
        )
    return Answer(body=machine)


async def replaced(desk: Desk, asked: Asked) -> Answer:
    """``PUT /v1/machines/{key}``."""
    machine = await desk.replace(
        asked.keys["key"], asked.body.record, asked.revision, asked.me.name
    )
    return Answer(body=machine)


async def removed(desk: Desk, asked: Asked) -> Answer:
    """``DELETE /v1/machines/{key}``."""
    await desk.remove(asked.keys["key"], asked.revision, asked.me.name)
    return Answer(status=204)


async def ordered(desk: Desk, asked: Asked) -> Answer:
    """``PUT /v1/machines/{key}/order``."""
    return Answer(body=await desk.order(asked.keys["key"], asked.body, asked.me.name))


async def withdrawn(desk: Desk, asked: Asked) -> Answer:
    """``DELETE /v1/machines/{key}/order``."""
    await desk.withdraw(asked.keys["key"], asked.me.name)
    return Answer(status=204)


async def provisioned(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/machines/{key}/provision``."""
    return Answer(body=await desk.provision(asked.keys["key"], asked.body, asked.me.name))


async def power(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/machines/{key}/power``."""
    return Answer(body=await desk.power(asked.keys["key"]))


async def switched(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/machines/{key}/power``."""
    return Answer(body=await desk.switch(asked.keys["key"], asked.body, asked.me.name))


async def explained(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/machines/{key}/explain``: of its first interface, or the MAC that names it."""
    machine = await desk.machine(asked.keys["key"])
    macs = [interface.mac for interface in machine.line.interfaces]
    named = asked.keys["key"].lower()
    mac = named if named in macs or not macs else macs[0]
    return Answer(body=await desk.explain(mac, asked.query["interface"]))


async def explained_mac(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/explain/{mac}``."""
    return Answer(body=await desk.explain(asked.keys["mac"], asked.query["interface"]))


async def rendered(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/machines/{key}/files/{name}``."""
    text = await desk.rendered(asked.keys["key"], asked.keys["name"])
    return Answer(raw=text.encode(errors="replace"), media=_TEXT)


def changing(desk: Desk, _asked: Asked) -> tuple[Feed, Outbox]:
    """``GET /v1/machines/stream``."""
    box = MachineBox()

    async def feed(stream: Stream) -> None:
        async with desk.follow_machines() as changes:
            stream.opened()
            async for lines in changes:
                box.put(lines)
                stream.wake()

    return feed, box
