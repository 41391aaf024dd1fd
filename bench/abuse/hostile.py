"""Attacks that need connections.  Each runs as a program until its time is over.

``python -m bench.abuse.hostile NAME SECONDS``; prints JSON of what it came to.
"""

import asyncio
import contextlib
import json
import os
import resource
import socket
import ssl
import struct
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv4Address

from bench.place import LOAD_NIC, SERVER
from bench.subjects import mac

HOST, DOOR, SECURE = str(SERVER), 8080, 8443
FIRST = IPv4Address("10.0.0.128")
"""The first of the sixteen addresses that a hostile host has, besides its own."""
ADDRESSES = 16

Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Crowd:
    """Many connections at once, from several addresses; what came of them is counted."""

    def __init__(self, seconds: float, port: int = DOOR) -> None:
        self.end = time.monotonic() + seconds
        self.port = port
        self.opened = self.refused = self.asked = self.closed = 0

    @property
    def over(self) -> bool:
        """Whether time is up."""
        return time.monotonic() >= self.end

    async def open(self, number: int, secure: ssl.SSLContext | None = None) -> Opened | None:
        """One connection."""
        own = str(FIRST + number % ADDRESSES)
        try:
            async with asyncio.timeout(5):
                opened = await asyncio.open_connection(
                    HOST, self.port, local_addr=(own, 0), ssl=secure
                )
        except (OSError, TimeoutError):
            self.refused += 1
            return None
        self.opened += 1
        return opened

    async def held(self, number: int, words: bytes, every: float, drip: bytes) -> None:
        """A connection that is kept as long as it lasts, with a drip of bytes; then another."""
        while not self.over:
            opened = await self.open(number)
            if opened is None:
                await asyncio.sleep(0.5)
                continue
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._drip(opened, words, every, drip)
            opened[1].close()

    async def _drip(self, opened: Opened, words: bytes, every: float, drip: bytes) -> None:
        reader, writer = opened
        writer.write(words)
        while not self.over:
            try:
                async with asyncio.timeout(every):
                    if not await reader.read(4096):
                        self.closed += 1
                        return
            except TimeoutError:
                writer.write(drip)

    async def asks(self, number: int, words: Callable[[int], bytes]) -> None:
        """Question after question, each on a connection of its own."""
        turn = 0
        while not self.over:
            opened = await self.open(number)
            if opened is None:
                await asyncio.sleep(0.2)
                continue
            reader, writer = opened
            with contextlib.suppress(OSError, TimeoutError):
                writer.write(words(number + turn * 10_007))
                async with asyncio.timeout(10):
                    await reader.read(65_536)
                self.asked += 1
            writer.close()
            turn += 1


async def _many(crowd: Crowd, count: int, one: Callable[[int], Awaitable[None]]) -> None:
    tasks = []
    for number in range(count):
        tasks.append(asyncio.ensure_future(one(number)))
        if number % 200 == 0:
            await asyncio.sleep(0.02)
    await asyncio.sleep(max(0.0, crowd.end - time.monotonic()))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _post(path: str, body: bytes, more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


async def idle(crowd: Crowd) -> None:
    """Ten thousand connections that say nothing."""
    await _many(crowd, 10_000, lambda n: crowd.held(n, b"", 60, b""))


async def slow_heads(crowd: Crowd) -> None:
    """Requests that come byte by byte (slowloris)."""
    words = b"GET / HTTP/1.1\r\nX: "
    await _many(crowd, 2_000, lambda n: crowd.held(n, words, 1, b"a"))


async def slow_bodies(crowd: Crowd) -> None:
    """Reports of a megabyte that come byte by byte."""
    words = b"POST /%s/agent/v1/inventory HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{"
    await _many(crowd, 2_000, lambda n: crowd.held(n, words % mac(n).encode(), 1, b" "))


async def slow_readers(crowd: Crowd) -> None:
    """Large files that are asked for and not read."""
    words = b"GET /osie/initramfs-x86_64 HTTP/1.1\r\nHost: x\r\n\r\n"

    async def one(number: int) -> None:
        opened = await crowd.open(number)
        if opened is not None:
            opened[1].write(words)
            opened[1].transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(max(0.0, crowd.end - time.monotonic()))

    await _many(crowd, 1_000, one)


async def pipelined(crowd: Crowd) -> None:
    """A thousand requests in one go, again and again."""
    words = b"GET /healthcheck HTTP/1.1\r\nHost: x\r\n\r\n" * 1_000

    async def one(number: int) -> None:
        while not crowd.over:
            opened = await crowd.open(number)
            if opened is not None:
                with contextlib.suppress(OSError):
                    opened[1].write(words)
                    while await opened[0].read(1 << 16):
                        crowd.asked += 1
                opened[1].close()

    await _many(crowd, 16, one)


async def oversized(crowd: Crowd) -> None:
    """Heads, URLs, cookies and bodies of megabytes."""
    large = b"a" * (1 << 20)
    kinds = (
        b"GET /" + large + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + large + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        _post(f"/{mac(1)}/agent/v1/inventory", large * 3),
    )
    await _many(crowd, 32, lambda n: crowd.asks(n, lambda at: kinds[at % len(kinds)]))


async def metrics(crowd: Crowd) -> None:
    """Metrics, scraped without end."""
    words = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    await _many(crowd, 64, lambda n: crowd.asks(n, lambda _: words))


async def scripts(crowd: Crowd) -> None:
    """Scripts of machines that are not there."""

    def words(at: int) -> bytes:
        made_up = "02:aa:" + (at % (1 << 32)).to_bytes(4).hex(":")
        return f"GET /{made_up}/auto.ipxe HTTP/1.1\r\nHost: x\r\n\r\n".encode()

    await _many(crowd, 64, lambda n: crowd.asks(n, words))


async def inventories(crowd: Crowd) -> None:
    """Inventories as large as they may be, of many machines."""
    body = json.dumps({"version": 1, "nics": [], "x": ["y" * 900 for _ in range(270)]}).encode()

    def words(at: int) -> bytes:
        return _post(f"/{mac(at % 1_000)}/agent/v1/inventory", body)

    await _many(crowd, 32, lambda n: crowd.asks(n, words))


async def hellos(crowd: Crowd) -> None:
    """Agents with tickets that are none."""
    body = json.dumps({"ticket": "A" * 43, "version": "0.1.0"}).encode()
    await _many(
        crowd,
        64,
        lambda n: crowd.asks(n, lambda at: _post(f"/{mac(at % 1_000)}/agent/v1/hello", body)),
    )


async def polls(crowd: Crowd) -> None:
    """Questions that wait, of agents that have no run."""
    body = json.dumps({"run": "w-1", "session": 1, "wait": 25}).encode()
    bearer = "Authorization: Bearer x\r\n"
    await _many(
        crowd,
        2_000,
        lambda n: crowd.asks(
            n, lambda at: _post(f"/{mac(at % 1_000)}/agent/v1/next", body, bearer)
        ),
    )


async def stalled_tls(crowd: Crowd) -> None:
    """Handshakes that are begun, and not gone on with."""
    crowd.port = SECURE
    await _many(crowd, 2_000, lambda n: crowd.held(n, b"\x16\x03\x01\x02\x00\x01", 60, b""))


async def tls(crowd: Crowd) -> None:
    """Handshake after handshake."""
    crowd.port = SECURE
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def one(number: int) -> None:
        while not crowd.over:
            opened = await crowd.open(number, context)
            if opened is not None:
                opened[1].transport.abort()

    await _many(crowd, 32, one)


async def streams(crowd: Crowd) -> None:
    """Streams of events, of the operator's listener: from its own host, where it listens."""
    crowd.port = 8081
    words = b"GET /v1/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"

    async def one(_: int) -> None:
        while not crowd.over:
            try:
                opened = await asyncio.open_connection("127.0.0.1", 8081)
            except OSError:
                crowd.refused += 1
                await asyncio.sleep(0.5)
                continue
            crowd.opened += 1
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await crowd._drip(opened, words, 60, b"")  # noqa: SLF001
            opened[1].close()
            await asyncio.sleep(0.2)

    await _many(crowd, 2_000, one)


async def solicitations(crowd: Crowd) -> None:
    """Router solicitations of a known machine, without end."""
    octets = bytes.fromhex(mac(1).replace(":", ""))
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, LOAD_NIC.encode())
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    packet = struct.pack("!BBHI", 133, 0, 0, 0) + b"\1\1" + octets
    index = socket.if_nametoindex(LOAD_NIC)
    while not crowd.over:
        for _ in range(50):
            with contextlib.suppress(OSError):
                sock.sendto(packet, ("ff02::2", 0, 0, index))
                crowd.asked += 1
        await asyncio.sleep(0.005)


ATTACKS: Mapping[str, Callable[[Crowd], Awaitable[None]]] = {
    each.__name__: each
    for each in (
        *(idle, slow_heads, slow_bodies, slow_readers, pipelined, oversized, metrics, scripts),
        *(inventories, hellos, polls, stalled_tls, tls, streams, solicitations),
    )
}


def main(name: str, seconds: float) -> None:
    """One attack."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, 20_000))
    os.nice(10)
    crowd = Crowd(seconds)
    asyncio.run(ATTACKS[name](crowd))  # type: ignore[arg-type]
    told = ("opened", "refused", "asked", "closed")
    print(json.dumps({each: getattr(crowd, each) for each in told}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
