"""A listener on loopback before the fake desk, and a client that sends whatever it is told."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.api.desk import FakeDesk

from boots.api.asked import Pages
from boots.api.listener import Listener, Rules

LOOPBACK = "127.0.0.1"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_problem(self) -> bool:
        return self.headers.get("content-type") == "application/problem+json"


def parsed(raw: bytes) -> Answer:
    """An answer of a connection that was closed after it."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return Answer(int(lines[0].split()[1]), headers, body)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """The listener, its desk, what it told the journal, and its clock."""

    def __init__(self, rules: Rules, pages: Pages | None) -> None:
        self.desk = FakeDesk()
        self.told: list[Any] = []
        self.clock = Clock()
        self.sock = socket.create_server((LOOPBACK, 0))
        self.sock.setblocking(False)
        self.port = self.sock.getsockname()[1]
        self.listener = Listener(
            self.sock, self.desk, self.told.append, rules, pages, clock=self.clock
        )

    async def send(self, raw: bytes) -> bytes:
        """All that comes back for these bytes until the connection is closed."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        writer.write(raw)
        found = await reader.read()
        writer.close()
        return found

    async def ask(self, method: str, target: str, body: Any = None, /, **headers: str) -> Answer:
        """One request; `body` is sent as JSON, or as it is if it is bytes."""
        return parsed(await self.send(request(method, target, body, **headers)))

    async def stream(
        self, target: str, **headers: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A stream that was begun; its head is read."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        writer.write(request("GET", target, None, **headers))
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"200 OK" in head
        return reader, writer


def request(method: str, target: str, body: Any, **headers: str) -> bytes:
    values = {"Host": "localhost", "Connection": "close"}
    raw = b""
    if body is not None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        values |= {"Content-Type": "application/json", "Content-Length": str(len(raw))}
    values |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in values.items() if v)]
    return "\r\n".join([*lines, "", ""]).encode() + raw


@asynccontextmanager
async def bench(pages: Pages | None = None, **rules: Any) -> AsyncIterator[Bench]:
    """A listener that is open."""
    made = Bench(Rules(**rules), pages)
    await made.listener.open()
    try:
        yield made
    finally:
        await made.listener.close()


async def events_of(reader: asyncio.StreamReader, count: int) -> list[dict[str, str]]:
    """The next events of a stream, comments and chunks' sizes left out."""
    found: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    while len(found) < count:
        line = (await reader.readline()).decode().rstrip("\r\n")
        name, colon, value = line.partition(": ")
        if colon and name in {"id", "event", "data"}:
            fields[name] = value
        elif not line and "data" in fields:
            found.append(fields)
            fields = {}
    return found
