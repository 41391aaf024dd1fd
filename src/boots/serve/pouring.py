"""Bytes of files into connections, by sendfile, in turns that let the other doors answer."""

import asyncio
import os
import select
import socket

_TURN = 8 << 20  # bytes that all files together take of one turn of the loop: 5 to 8 ms
_AT_ONCE = 8  # connections that share a turn; the others come first in the next
_FIRST = 256 << 10  # more than the buffer of a new connection takes


class Pourer:
    """All files that leave through one door.

    They wait in an epoll set of their own, which asyncio watches as one reader: of those that
    have room a few get a large portion, in rotation, as the kernel puts them to the end of its
    list.  A callback of asyncio's for each, with a portion so small that a hundred of them fit
    into a turn, cost 5 % more; asyncio's own sendfile asks the kernel for all that is left in
    one call, which on a fast link took 28 ms of the loop (as strace saw it).
    """

    def __init__(self) -> None:
        self._waiting: dict[int, _Pouring] = {}
        self._room: select.epoll | None = None

    async def pour(self, sock: socket.socket, file: int, start: int, length: int) -> None:
        """Send `length` bytes of an open file, as fast as the connection takes them.

        The socket is the caller's own handle of the connection, open until this returns.

        Raises:
            OSError: the client has gone, the file cannot be read or has become shorter.
        """
        pouring = _Pouring(sock, file, start, length)
        if pouring.step(_FIRST):
            return
        self._wait(pouring)
        try:
            await pouring.done
        finally:
            self._forget(pouring)

    def _wait(self, pouring: "_Pouring") -> None:
        if self._room is None:
            self._room = select.epoll()
            asyncio.get_running_loop().add_reader(self._room.fileno(), self._on_room)
        self._waiting[pouring.out] = pouring
        self._room.register(pouring.out, select.EPOLLOUT)

    def _forget(self, pouring: "_Pouring") -> None:
        if self._room is None:
            return
        self._room.unregister(pouring.out)
        del self._waiting[pouring.out]
        if not self._waiting:
            asyncio.get_running_loop().remove_reader(self._room.fileno())
            self._room.close()
            self._room = None

    def _on_room(self) -> None:
        if self._room is None:
            return
        found = self._room.poll(0, _AT_ONCE)
        for out, _ in found:
            self._waiting[out].advance(_TURN // len(found))


class _Pouring:
    """One file on its way.  `done` is when it has left, or why it does not."""

    def __init__(self, sock: socket.socket, file: int, start: int, length: int) -> None:
        self.out = sock.fileno()
        self.done = asyncio.get_running_loop().create_future()
        self._file = file
        self._at = start
        self._end = start + length

    def step(self, most: int) -> bool:
        """Send up to so many bytes, and say whether they were the last."""
        try:
            sent = os.sendfile(self.out, self._file, self._at, min(self._end - self._at, most))
        except BlockingIOError:
            return False
        if not sent:
            raise OSError("it became shorter while it was sent")
        self._at += sent
        return self._at >= self._end

    def advance(self, most: int) -> None:
        """Send more, as there is room."""
        if self.done.done():
            return
        try:
            if self.step(most):
                self.done.set_result(None)
        except OSError as error:
            self.done.set_exception(error)
