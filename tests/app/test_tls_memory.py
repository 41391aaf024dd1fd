"""What a TLS connection takes of memory before anything was said."""

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Iterator

import pytest

from boots.app.limits import keep_tls_small


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = SSLProtocol.max_size
    yield
    SSLProtocol.max_size = before


def test_a_tls_connection_keeps_a_buffer_of_one_record() -> None:
    keep_tls_small()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)

    async def kept() -> int:
        loop = asyncio.get_running_loop()
        made = SSLProtocol(  # type: ignore[call-arg]
            loop, asyncio.Protocol(), context, None, server_side=True, call_connection_made=False
        )
        made._app_transport._closed = True  # it never was a connection
        return len(made.get_buffer(-1))

    assert 16 << 10 == asyncio.run(kept())
