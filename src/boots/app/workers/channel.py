"""A socket pair that carries messages, in order; whoever sends never waits."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

_AT_ONCE = 1 << 18
_BUFFER = 4 << 20
_LENGTH = 4  # bytes before each message that say how long it is


class Frames:
    """Takes bytes as they come, gives whole messages."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def take(self, data: bytes) -> Iterator[bytes]:
        """The messages that these bytes complete."""
        waiting = self._waiting
        waiting += data
        at = 0
        try:
            while len(waiting) - at >= _LENGTH:
                end = at + _LENGTH + int.from_bytes(waiting[at : at + _LENGTH])
                if len(waiting) < end:
                    break
                message, at = bytes(waiting[at + _LENGTH : end]), end
                yield message
        finally:
            del waiting[:at]


def framed(message: bytes) -> bytes:
    """A message as `Frames` reads it."""
    return len(message).to_bytes(_LENGTH) + message


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends, with room for what is told while the other side is busy."""
    ends = socket.socketpair()
    for each in ends:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    return ends


class Channel:
    """One end, in asyncio's loop: `take` gets every message, `gone` is called at its end.

    What the other side has no room for waits here; `waiting` says how many bytes do.
    """

    def __init__(
        self,
        sock: socket.socket,
        loop: asyncio.AbstractEventLoop,
        take: Callable[[bytes], None],
        gone: Callable[[], None],
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._loop = loop
        self._take = take
        self._gone = gone
        self._frames = Frames()
        self._unsent = bytearray()
        self._open = True
        loop.add_reader(sock, self._read)

    @property
    def waiting(self) -> int:
        """How many bytes the other side has no room for yet."""
        return len(self._unsent)

    def send(self, message: bytes) -> None:
        """Send a message, now if there is room."""
        if not self._open:
            return
        waits = bool(self._unsent)
        self._unsent += framed(message)
        if not waits and not self._write():
            self._loop.add_writer(self._sock, self._go_on)

    def catch_up(self) -> None:
        """Take every message that was sent until now."""
        while self._open and self._read():
            pass

    def close(self) -> None:
        """Send what waits still, within a second, and close; to do it again does nothing."""
        if self._open:
            self._end()
            with contextlib.suppress(OSError), self._sock as sock:
                sock.settimeout(1)
                sock.sendall(self._unsent)

    def _write(self) -> bool:
        """Send what there is room for; whether that was all."""
        try:
            del self._unsent[: self._sock.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:  # nobody is there any more, which reading tells
            self._unsent.clear()
        return not self._unsent

    def _go_on(self) -> None:
        if self._write():
            self._loop.remove_writer(self._sock)

    def _read(self) -> bool:
        try:
            data = self._sock.recv(_AT_ONCE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._end()
            self._sock.close()
            self._gone()
            return False
        for message in self._frames.take(data):
            self._take(message)
        return True

    def _end(self) -> None:
        self._open = False
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
