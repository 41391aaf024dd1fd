"""The story of one file that leaves over HTTP, as the journal hears it."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol

from aiohttp import web

from boots import __version__
from boots.journal import events
from boots.serve.doors import Given, Record
from boots.serve.pouring import Pourer

SERVER = f"Boots/{__version__}"
"""What we call ourselves over HTTP."""

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
    pourer: Pourer = field(default_factory=Pourer)


class Story:
    """What is told of a file: within ``with`` it leaves, and at the end it has, or has not.

    `size` is that of the part that is asked for, in bytes.
    """

    def __init__(self, given: Given, peer: str, hand: Hand, size: int = 0) -> None:
        self.about = {"mac": str(given.mac), "peer": peer, "door": "http", "name": given.name}
        self._trace = given.trace
        self._hand = hand
        self._size = size
        self._before = 0
        self._started = 0.0
        self._socket: Any = None

    def refused(self, why: str) -> None:
        """Nothing leaves."""
        self._hand.record(events.FetchRefused(why=why, **self.about))

    def probed(self) -> None:
        """The client asked for the size, or has the file."""
        self._hand.record(events.TransferProbed(size=self._size, **self.about))

    def over(self, request: web.BaseRequest) -> "Story":
        """It will leave over the connection of this request."""
        transport = request.transport
        self._socket = transport.get_extra_info("socket") if transport else None
        self._before = _acknowledged(self._socket)
        return self

    def __enter__(self) -> None:
        """It begins to leave."""
        self._started = self._hand.clock()
        self._hand.downloads.add(self)
        self._hand.record(events.TransferStarted(size=self._size, trace=self._trace, **self.about))

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """It has left, or broke off."""
        self._hand.downloads.discard(self)
        if error is None:
            seconds = self._hand.clock() - self._started
            done = events.TransferFinished(size=self._size, seconds=seconds, **self.about)
            self._hand.record(done)
        else:
            failed = events.TransferFailed(sent=self._sent(), why=_why(error), **self.about)
            self._hand.record(failed)

    def tell(self) -> None:
        """How far it is."""
        self._hand.record(
            events.TransferProgressed(sent=self._sent(), size=self._size, **self.about)
        )

    def _sent(self) -> int:
        return min(max(0, _acknowledged(self._socket) - self._before), self._size)


def _why(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "the server is stopping"
    if isinstance(error, ConnectionError):
        return "the client closed the connection"
    # The client has not been heard of for minutes, or the disk fails.
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


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
