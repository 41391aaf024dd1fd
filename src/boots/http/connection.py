"""A connection that must ask something soon: one that says nothing keeps nobody else out."""

import asyncio
from typing import Any

from aiohttp import web

from boots.model.limits import READ_AT_ONCE


class Connection(web.RequestHandler):
    """What aiohttp makes for each connection; its first request has `first_word` seconds."""

    __slots__ = ("_ending", "_first_word", "address")

    def __init__(self, manager: web.Server, *, first_word: float, **given: Any) -> None:
        super().__init__(manager, **given)
        self._first_word = first_word
        self._ending: asyncio.TimerHandle | None = None
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for its first request."""
        super().connection_made(transport)
        reader: Any = getattr(transport, "_ssl_protocol", transport)
        reader.max_size = min(reader.max_size, READ_AT_ONCE)  # TLS keeps a buffer of that size
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._ending = self._loop.call_later(self._first_word, self.too_late)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self.asks()

    def asks(self) -> None:
        """A request has come, all of its head."""
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def too_late(self) -> None:
        """Nothing was asked in time."""
        self.end()

    def end(self) -> None:
        """It ends here, whatever the client says to that."""
        transport = self.transport
        self.force_close()  # which forgets its transport
        if transport is not None:
            transport.abort()  # or TLS would wait half a minute for the client to agree
