"""Operators before a real desk: the listener on loopback, the pages, and tokens of all kinds."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlencode

from tests.api.bench import LOOPBACK, Answer, parsed, request
from tests.app.desks import Office

from boots.api.listener import Listener, Rules
from boots.serve.sockets import tcp
from boots.web.pages import OperatorPages

FORM = "application/x-www-form-urlencoded"


class Counter:
    """The listener; `token` is what it is asked with."""

    def __init__(self, office: Office, **rules: Any) -> None:
        self.office = office
        self.token = ""
        self._sock = tcp(IPv4Address(LOOPBACK), 0)
        self.port = self._sock.getsockname()[1]
        pages = OperatorPages(office.desk, lambda: office.now)
        self.listener = Listener(self._sock, office.desk, office.told.append, Rules(**rules), pages)

    async def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """One request, with the token."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        writer.write(request(method, target, body, **own, **headers))
        raw = await reader.read()
        writer.close()
        return parsed(raw)

    async def fill_in(self, target: str, **form: str) -> Answer:
        """Send a form, as a browser does."""
        body = urlencode(form).encode()
        return await self.ask("POST", target, body, Content_Type=FORM)

    async def begins(self, target: str) -> tuple[int, bytes]:
        """What a stream says within a moment: its status, and all that came."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        writer.write(request("GET", target, None, **own))
        said = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        try:
            async with asyncio.timeout(0.25):
                while piece := await reader.read(65_536):
                    said += piece
        except TimeoutError:
            pass
        writer.close()
        return int(said.split()[1]), said

    async def made_token(self, **wanted: Any) -> str:
        """The secret of a new token."""
        answer = await self.ask("POST", "/v1/tokens", wanted)
        assert 201 == answer.status, answer.body
        return str(json.loads(answer.body)["secret"])


@asynccontextmanager
async def counter(office: Office, **rules: Any) -> AsyncIterator[Counter]:
    """A listener that is open."""
    made = Counter(office, **rules)
    await made.listener.open()
    try:
        yield made
    finally:
        await made.listener.close()
