"""What the doors for single datagrams share: a socket, drained a batch at each wake-up."""

import abc
import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import structlog

from boots.serve import sockets

# One wake-up takes at most so many packets, and so many seconds, so that the other doors get their
# turn: a packet that nothing is prepared for costs twenty times as much as one with a form.
_BATCH = 256
_AT_MOST = 0.002
UNNAMED: tuple[Any, ...] = ()
"""The sender of a datagram that was not asked for."""

_log = structlog.get_logger()


class DatagramDoor(abc.ABC):
    """Takes the datagrams of one socket; what they call for is said by `handle`.

    At most `largest` bytes are read of one.  The kernel is asked for the senders of `named`
    datagrams of a batch: to hear of all costs a door that hardly looks at them a twentieth.
    """

    largest = 4096
    named = _BATCH
    interface = ""
    """The interface that the socket is held to; empty for none."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._clock: Callable[[], float] = time.monotonic

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to answer."""
        self._clock = loop.time
        loop.add_reader(self._sock, self._readable)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop answering, and close the socket."""
        loop.remove_reader(self._sock)
        self._sock.close()

    def again(self) -> None:
        """The interface was taken away and came back: hear it again.

        Raises:
            OSError: it is gone again, or we have no right to that any more.
        """
        sockets.hold_again(self._sock, self.interface)

    @abc.abstractmethod
    def handle(self, data: bytes, peer: tuple[Any, ...]) -> None:
        """Take one datagram from `peer`, an address as its socket's family has it, or `UNNAMED`."""

    def _readable(self) -> None:
        recvfrom, recv = self._sock.recvfrom, self._sock.recv
        handle, largest, named, clock = self.handle, self.largest, self.named, self._clock
        until = clock() + _AT_MOST
        for at in range(_BATCH):
            try:
                if at < named:
                    data, peer = recvfrom(largest)
                else:
                    data, peer = recv(largest), UNNAMED
            except BlockingIOError:
                return
            except OSError as error:
                # An ICMP error for an earlier reply, or the interface went down for a moment.
                _log.debug("receive failed", door=type(self).__name__, error=str(error))
                return
            try:
                handle(data, peer)
            except Exception:  # a fault of ours must not take the door away from the others
                _log.exception("datagram failed", door=type(self).__name__, data=data.hex())
            if clock() >= until:
                return
