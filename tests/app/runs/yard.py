"""A server with runs, its door for agents on loopback, and agents that speak the protocol."""

import asyncio
import hashlib
import hmac
import io
import json
import re
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import aiohttp
from tests.app.desks import FILE_MAC, KEY, START, Office

from boots.app.runs.deadlines import tick
from boots.client.workflows import Arming, NewRun, Run
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.model.mac import Mac
from boots.policy import token
from boots.policy.got import Script
from boots.serve.doors import Given
from boots.serve.http import Extras, HttpDoor
from boots.serve.relay import Relay, Relayed
from boots.serve.sockets import tcp

MIB = 1 << 20
SERIAL, SIZE = "DISK-1", 8 * MIB
LOOPBACK = IPv4Address("127.0.0.1")
TEMPLATE = """\
version: "0.1"
name: debian
global_timeout: 6000
tasks:
  - name: install
    worker: "{{ .device_1 }}"
    actions:
      - {name: look, image: inventory, timeout: 60}
      - name: write
        image: image2disk
        timeout: 600
        environment: {IMG_URL: "http://192.168.1.1/images/debian", DEST_DISK: /dev/vda}
      - {name: go, image: reboot, timeout: 60}
"""
ARM = Arming()


def disk(serial: str = SERIAL, size: int = SIZE, content: str = "empty") -> dict[str, Any]:
    """A disk of an inventory."""
    return {
        "name": "vda",
        "path": "/dev/vda",
        "bytes": size,
        "model": None,
        "serial": serial,
        "wwn": None,
        "transport": "virtio",
        "rotational": False,
        "read_only": False,
        "partitions": 0,
        "content": content,
    }


def inventory(*disks: dict[str, Any]) -> dict[str, Any]:
    """What a machine tells of itself."""
    return {"version": 1, "disks": list(disks) or [disk()], "nics": [], "system": {}}


def new_run(template: str = TEMPLATE, **given: Any) -> NewRun:
    """What a person asks for."""
    return NewRun(**{"machine": "file-1", "template": template, "arm": ARM} | given)


class Refused(Exception):
    """The server said no: status, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(status, why)
        self.status = status
        self.why = why


class Agent:
    """One agent in OSIE: what it says is what `docs/reference/agent.md` has."""

    def __init__(self, base: str, client: aiohttp.ClientSession, mac: str = FILE_MAC) -> None:
        self.url = f"{base}/{mac}/agent/v1"
        self.base = base
        self._client = client
        self.run, self.session, self.key = "", 0, ""
        self.sequence = 0
        self.hand: Any = None
        self.begun = self.sent = False

    def meets(self, base: str, client: aiohttp.ClientSession, mac: str = FILE_MAC) -> None:
        """Speak with another server from now on."""
        self.base, self._client = base, client
        self.url = f"{base}/{mac}/agent/v1"

    async def post(self, path: str, said: Any, key: str | None = None) -> tuple[int, bytes]:
        """Post JSON, or bytes."""
        held = self.key if key is None else key
        headers = {"Authorization": f"Bearer {held}"} if held else {}
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        data = io.BytesIO(body)
        async with self._client.post(f"{self.url}/{path}", data=data, headers=headers) as answer:
            return answer.status, await answer.read()

    async def asked(self, path: str, said: Any, key: str | None = None) -> Any:
        """What it is told.

        Raises:
            Refused: it is told no.
        """
        status, body = await self.post(path, said, key)
        if status >= 400:
            raise Refused(status, body.decode().strip())
        return json.loads(body) if body else None

    async def hello(self, ticket: str = "", **more: Any) -> Any:
        """Begin a session."""
        said = {"ticket": ticket, "version": "0.1.0"} if ticket else {"version": "0.1.0", **more}
        told = await self.asked("hello", said, "")
        if told["run"]:
            self.run, self.session, self.key = told["run"], told["session"], told["key"]
            self.sequence = 0
        return told

    async def again(self) -> Any:
        """Begin one with the key of the last."""
        return await self.hello(key=self.key, run=self.run, session=self.session)

    async def next(self, wait: float = 0) -> Any:
        """What is to be done?"""
        return await self.asked("next", {"run": self.run, "session": self.session, "wait": wait})

    async def tell(self, *happened: dict[str, Any], **more: Any) -> Any:
        """Tell what happened."""
        numbered = []
        for each in happened:
            self.sequence += 1
            numbered.append({"sequence": self.sequence, **each})
        said = {"run": self.run, "session": self.session, "events": numbered, **more}
        return await self.asked("events", said)

    async def started(self, hand: Any) -> Any:
        return await self.tell({"type": "started", **at(hand)})

    async def ended(self, hand: Any, code: int = 0, message: str = "") -> Any:
        happened = {"type": "ended", **at(hand), "exit_code": code, "message": message}
        return await self.tell(happened)

    async def do(self, hand: Any) -> Any:
        """Begin with an action, and end it well; of one that writes the ends go first."""
        await self.started(hand)
        for record in hand["armed"]:
            assert self.proved(record)
            if not record["taken"]:
                assert 204 == (await self.edges(hand, record))[0]
        return None if hand["terminal"] else await self.ended(hand)

    async def edges(self, hand: Any, record: Any, body: bytes | None = None) -> tuple[int, bytes]:
        """Send the ends of a disk."""
        where = {**at(hand), "serial": record["serial"], "size": record["size"]}
        about = {"run": self.run, "session": self.session, **where, "holds": "nothing"}
        query = "&".join(f"{key}={value}" for key, value in about.items())
        ends = zlib.compress(bytes(min(2 * MIB, record["size"]))) if body is None else body
        return await self.post(f"edges?{query}", ends)

    def proved(self, record: dict[str, Any]) -> bool:
        """Whether the server of this session signed it."""
        said = {name: value for name, value in record.items() if name != "signature"}
        text = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        made = hmac.new(bytes.fromhex(self.key), text, hashlib.sha256).hexdigest()
        return made == record["signature"]


def at(hand: Any) -> dict[str, int]:
    """What names a hand-out."""
    return {"step": hand["step"], "attempt": hand["attempt"]}


class Yard(Office):
    """A server with runs, and whoever speaks with it."""

    client: aiohttp.ClientSession
    base: str

    def fetch(self, asked: str, peer: IPv4Address) -> Given:
        """What the door asks; who comes by loopback has the address of the machine it names."""
        named = self.answers.world.index.by_mac.get(Mac(asked.split("/")[1]))
        own = named.interface.reservation if named and peer == LOOPBACK else None
        return self.answers.fetch("lan0", tftp=False)(asked, own.address if own else peer)

    def agent(self, mac: str = FILE_MAC) -> Agent:
        return Agent(self.base, self.client, mac)

    def script(self, mac: str = FILE_MAC) -> str:
        """What a machine is told to run."""
        got = self.fetch(f"/{mac}/auto.ipxe", LOOPBACK).what
        assert isinstance(got, Script), got
        return got.text

    def ticket(self, mac: str = FILE_MAC) -> str:
        """The ticket in the script of a machine; empty where there is none."""
        found = re.search(r"boots\.ticket=(\S+)", self.script(mac))
        return found[1] if found else ""

    async def boots(self, mac: str = FILE_MAC) -> Agent:
        """A machine boots into OSIE, and its agent says hello."""
        agent = self.agent(mac)
        await agent.hello(self.ticket(mac))
        return agent

    def home(self, mac: str = FILE_MAC) -> str:
        """Where the system of a machine phones home."""
        known = self.answers.world.index.by_mac[Mac(mac)]
        return f"{self.base}/{token.of(known.machine.interfaces[0].mac, KEY)}/phone-home"

    async def tells(self, told: dict[str, Any] | None = None, mac: str = FILE_MAC) -> None:
        """A machine tells what it is made of, and that is written down."""
        said = told or inventory()
        self.hear(events.InventoryReported(mac=mac, peer="", inventory=said, next="idle"))
        await self.written()
        await self.settle()

    async def settle(self) -> None:
        """Let what was begun come to its end."""
        while self.running.signs.tasks:
            await asyncio.gather(*self.running.signs.tasks)

    async def provision(self, wanted: NewRun | None = None) -> Run:
        """A person begins a run."""
        return await self.desk.create_run(wanted or new_run(), "me")

    async def tick(self) -> None:
        """Time is told to runs."""
        await tick(self.running.keeper)

    async def state(self, run: str) -> str:
        """Where a run is."""
        line = (await self.desk.run(run)).line
        return f"{line.state} {line.sub}".strip()

    def heard(self, kind: type[AnyEvent]) -> list[Any]:
        """What was told of a kind."""
        return [each for each in self.told if isinstance(each, kind)]


@asynccontextmanager
async def opened(
    folder: Path, *, relayed: bool = False, port: int = 0, **more: Any
) -> AsyncIterator[Yard]:
    """A server that runs; with `relayed` another process has its HTTP door, as it were."""
    yard = Yard(folder, **more)
    await yard.keeping.open()
    await yard.running.load()
    sessions = yard.running.sessions
    main = Relayed(lambda _: yard.fetch, sessions)
    await main.open()
    relay = Relay(main.path)
    sock = tcp(LOOPBACK, port)
    door = HttpDoor(
        sock,
        yard.fetch,
        yard.told.append,
        time.monotonic,
        dict,
        extras=Extras(
            waiting=yard.running.live,
            sessions=None if relayed else sessions,
            interface="lan0",
            relay=relay if relayed else None,
        ),
    )
    yard.base = f"http://127.0.0.1:{sock.getsockname()[1]}"
    await door.open()
    async with aiohttp.ClientSession() as yard.client:
        try:
            yield yard
        finally:
            await door.close()
            await relay.close()
            await main.close()
            yard.keeping.close()


def in_yard(test: Callable[[Yard], Awaitable[None]], **more: Any) -> Callable[[Path], None]:
    """A test that has a server."""

    def run(tmp_path: Path) -> None:
        async def main() -> None:
            async with opened(tmp_path, **more) as yard:
                await test(yard)

        asyncio.run(asyncio.wait_for(main(), 60))

    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    return run


__all__ = ["START", "Agent", "Refused", "Yard", "in_yard", "new_run", "opened"]
