"""What a TLS connection takes of memory."""

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Iterator

import pytest
from aiohttp import web

from boots.api import connection as operators
from boots.app.process import keep_tls_small
from boots.journal.limited import Limited
from boots.serve import connections as machines
from boots.serve.connections import Bounds, Room

RECORD = 16 << 10


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = SSLProtocol.max_size
    yield
    SSLProtocol.max_size = before


def made(spoken: asyncio.BaseProtocol) -> SSLProtocol:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    loop = asyncio.get_running_loop()
    found = SSLProtocol(  # type: ignore[call-arg]
        loop, spoken, context, None, server_side=True, call_connection_made=False
    )
    found._app_transport._closed = True  # it never was a connection
    return found


def test_a_tls_connection_keeps_a_buffer_of_one_record() -> None:
    keep_tls_small()

    async def kept() -> int:
        return len(made(asyncio.Protocol()).get_buffer(-1))

    assert RECORD == asyncio.run(kept())


async def never(_: web.BaseRequest) -> web.StreamResponse:
    raise AssertionError


def of_machines() -> web.Server:
    room = Room(Bounds(), Limited(lambda _: None))
    return machines.Connections(never, room, 0)


def of_operators() -> web.Server:
    limited = Limited(lambda _: None)
    return operators.Connections(never, bound=1, seal=lambda _: None, limited=limited)


@pytest.mark.parametrize("server", [of_machines, of_operators])
def test_and_no_larger_one_when_its_handshake_is_done(server: Callable[[], web.Server]) -> None:
    keep_tls_small()

    async def kept() -> int:
        connection = server()()
        tls = made(connection)
        connection.connection_made(tls._app_transport)
        try:
            return len(tls.get_buffer(-1))
        finally:
            connection.connection_lost(None)

    assert RECORD == asyncio.run(kept())
