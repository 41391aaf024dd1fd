"""Files that leave over HTTP, and what the journal hears of them on the way."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from boots.journal import events
from boots.serve.doors import Given, Record

_TYPES = {".efi": "application/efi", ".ipxe": "text/plain", ".cfg": "text/plain"}

Clock = Callable[[], float]


class Underway(Protocol):
    """Something that leaves, and takes a while."""

    def tell(self) -> None:
        """Tell the journal how far it is; this is called again and again."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What a download needs of its door."""

    record: Record
    clock: Clock
    downloads: set[Underway] = field(default_factory=set)


class Download(web.FileResponse):
    """A file response that tells the journal how it goes; the bytes leave by sendfile."""

    def __init__(self, given: Given, path: str, peer: str, hand: Hand) -> None:
        kind = _TYPES.get(Path(path).suffix, "application/octet-stream")
        super().__init__(path, headers={hdrs.CONTENT_TYPE: kind})
        self._about = {"mac": str(given.mac), "peer": peer, "door": "http", "name": given.name}
        self._trace = given.trace
        self._hand = hand
        self._size = 0
        self._before = 0
        self._socket: Any = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the file."""
        started = self._hand.clock()
        self._socket = request.transport.get_extra_info("socket") if request.transport else None
        self._before = _acknowledged(self._socket)
        if hdrs.ACCEPT_ENCODING in request.headers:
            # aiohttp would look for "name.gz" beside the file and give that out instead.
            headers = request.headers.copy()
            headers.popall(hdrs.ACCEPT_ENCODING)
            request = request.clone(headers=headers)
        try:
            writer = await super().prepare(request)
        except asyncio.CancelledError:
            self._failed("the server is stopping")
            raise
        except ConnectionError:
            self._failed("the client closed the connection")
            raise
        except OSError as error:  # the client has not been heard of for minutes, or the disk fails
            self._failed(error.strerror or str(error))
            raise ConnectionAbortedError(str(error)) from None
        finally:
            self._hand.downloads.discard(self)
        self._hand.record(self._outcome(request, self._hand.clock() - started))
        return writer

    def begin(self, request: web.BaseRequest) -> None:
        """The headers are complete, the size is known: the file begins to leave."""
        self._size = self.content_length or 0
        if request.method == hdrs.METH_GET and self.status in {200, 206}:
            self._hand.downloads.add(self)
            started = events.TransferStarted(size=self._size, trace=self._trace, **self._about)
            self._hand.record(started)

    def tell(self) -> None:
        """How far it is."""
        self._hand.record(
            events.TransferProgressed(sent=self._sent(), size=self._size, **self._about)
        )

    def _outcome(self, request: web.BaseRequest, seconds: float) -> events.AnyEvent:
        if self.status >= 400:
            why = f"{_FAILURES.get(self.status, 'refused')} (HTTP {self.status})"
            return events.FetchRefused(why=why, **self._about)
        if request.method == hdrs.METH_HEAD or self.status == 304:
            return events.TransferProbed(size=self._size, **self._about)
        return events.TransferFinished(size=self._size, seconds=seconds, **self._about)

    def _failed(self, why: str) -> None:
        self._hand.record(events.TransferFailed(sent=self._sent(), why=why, **self._about))

    def _sent(self) -> int:
        return min(max(0, _acknowledged(self._socket) - self._before), self._size)


_FAILURES = {
    403: "the server may not read the file",
    404: "the file has gone from the server",
    416: "the range asked for is not in the file",
}
_BYTES_ACKED = 120  # offset of tcpi_bytes_acked in struct tcp_info (linux/tcp.h)


def _acknowledged(sock: Any) -> int:
    """How many bytes the peer of a TCP socket has acknowledged, as the kernel counts them."""
    if sock is None:
        return 0
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return int(struct.unpack_from("Q", info, _BYTES_ACKED)[0])
    except (OSError, struct.error):
        return 0
