"""The pages behind the real listener, on loopback."""

import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse, ClientSession
from multidict import CIMultiDictProxy
from tests.web.fleet import NOW, Fleet

from boots.api.listener import Listener, Rules
from boots.web.pages import OperatorPages

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "same-origin"}


@dataclass
class Site:
    """Where the pages are, and what is behind them."""

    url: str
    fleet: Fleet
    session: ClientSession

    async def get(self, path: str, **headers: str) -> "Got":
        async with self.session.get(self.url + path, headers=headers, allow_redirects=False) as got:
            return await Got.of(got)

    async def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> "Got":
        async with self.session.post(
            self.url + path, data=form or {}, headers=headers, allow_redirects=False
        ) as got:
            return await Got.of(got)

    @contextlib.asynccontextmanager
    async def live(self, path: str, **headers: str) -> AsyncIterator["Live"]:
        async with self.session.get(self.url + path, headers=headers) as got:
            assert got.status == 200, await got.text()
            yield Live(got)


@dataclass
class Got:
    status: int
    headers: CIMultiDictProxy[str]
    text: str

    @classmethod
    async def of(cls, got: ClientResponse) -> "Got":
        return cls(got.status, got.headers, await got.text(errors="replace"))


@dataclass
class Live:
    """A stream as a page hears it."""

    response: ClientResponse

    async def next(self) -> dict[str, Any]:
        """The next thing that is said, signs of life left out; {} once it is over."""
        said: dict[str, Any] = {}
        async for raw in self.response.content:
            line = raw.decode().rstrip("\n")
            if line.startswith("id: "):
                said["last"] = int(line[4:])
            elif line == "event: over":
                return {}
            elif line.startswith("data: "):
                return said | json.loads(line[6:])
        return {}


@contextlib.asynccontextmanager
async def served(
    fleet: Fleet,
    *,
    tokens: bool = False,
    port: int = 0,
    full: Callable[[], None] = lambda: None,
) -> AsyncIterator[Site]:
    """The site; a browser on it is the local admin, unless `tokens` are required."""
    sock = socket.create_server(("127.0.0.1", port))
    pages = OperatorPages(fleet, clock=lambda: NOW, full=full)
    listener = Listener(sock, fleet, lambda _: None, Rules(tokens_required=tokens), pages)
    await listener.open()
    try:
        async with ClientSession(headers=BROWSER) as session:
            yield Site(listener.url, fleet, session)
    finally:
        await listener.close()
