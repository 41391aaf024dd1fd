"""A server with two machines, and somebody on their network who is at an address of their own.

The door believes X-Forwarded-For of loopback, so each request comes from the address that it says.
"""

import asyncio
import contextlib
import io
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from tests.app.desks import FILE_MAC, OTHER_MAC
from tests.app.runs.yard import LOOPBACK, Agent, Yard

from boots.app.world import World
from boots.model.site import Profile
from boots.serve.http import Extras, HttpDoor
from boots.serve.sockets import tcp

VICTIM, HOSTILE = FILE_MAC, OTHER_MAC
OWN, NEIGHBOUR, UNUSED = (IPv4Address(f"192.168.1.{n}") for n in (11, 12, 99))
OUTSIDE = IPv4Address("203.0.113.9")
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
PASSWORD = "d-i passwd/root-password-crypted password $6$salt$hash\n"
PROFILE = Profile(
    name="osie",
    kernel="osie/vmlinuz-{cpu}",
    initrds=("osie/initramfs-{cpu}",),
    agent=True,
    templates={"preseed.cfg": PASSWORD, "seed.ipxe": "{{ token_url }}"},
)


class Lan(Yard):
    """The network that the machines share with somebody."""

    def agent(self, mac: str = VICTIM) -> Agent:
        """A machine's own agent, at the machine's address."""
        self.client.headers["X-Forwarded-For"] = str(OWN if mac == VICTIM else NEIGHBOUR)
        return super().agent(mac)

    async def ask(
        self, at: IPv4Address, path: str, said: Any = None, **headers: str
    ) -> tuple[int, str]:
        """What who is at an address is answered; with something to say it posts that."""
        headers["X-Forwarded-For"] = str(at)
        body = None if said is None else io.BytesIO(json.dumps(said).encode())
        method = "GET" if said is None else "POST"
        url = f"{self.base}{path}"
        async with self.client.request(method, url, data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def said(self, asked: bytes, within: float = 0.5) -> bytes:
        """All that comes back over one connection, of which a last request asks for the end.

        After an upgrade nothing is answered any more.
        """
        host, _, port = self.base.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(asked + LAST)
        found = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while more := await reader.read(65_536):
                    found += more
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return found


@asynccontextmanager
async def opened(folder: Path, **site: Any) -> AsyncIterator[Lan]:
    """The server, on a site with these changes."""
    lan = Lan(folder)
    await lan.keeping.open()
    await lan.running.load()
    raw = lan.answers.raw
    changes = {"network": IPv4Network("192.168.1.0/24"), "profiles": {"osie": PROFILE}, **site}
    sites = {"lan0": msgspec.structs.replace(raw.sites["lan0"], **changes)}
    lan.answers.world = World(raw.index, sites, raw.index)
    sock = tcp(LOOPBACK, 0)
    door = HttpDoor(
        sock,
        lan.answers.fetch("lan0", tftp=False),
        lan.told.append,
        time.monotonic,
        dict,
        extras=Extras(
            waiting=lan.running.live,
            sessions=lan.running.sessions,
            interface="lan0",
            trusted=(IPv4Network("127.0.0.0/8"),),
        ),
    )
    lan.base = f"http://127.0.0.1:{sock.getsockname()[1]}"
    await door.open()
    async with aiohttp.ClientSession() as lan.client:
        try:
            yield lan
        finally:
            await door.close()
            lan.keeping.close()


def on_lan(test: Callable[[Lan], Awaitable[None]], **site: Any) -> Callable[[Path], None]:
    """A test on such a network."""

    def run(tmp_path: Path) -> None:
        async def main() -> None:
            async with opened(tmp_path, **site) as lan:
                await test(lan)

        asyncio.run(asyncio.wait_for(main(), 60))

    run.__name__ = test.__name__
    return run
