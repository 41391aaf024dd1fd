"""Bytes of a file into a connection, by sendfile, in portions that let the other doors answer."""

import asyncio
import os
import socket
from collections.abc import Callable

_TURN = 16 << 20  # bytes that all files together may take of one turn of the loop: about 5 ms
_LARGEST = 4 << 20
_SMALLEST = 256 << 10


def portion(pourings: int) -> int:
    """How many bytes one of so many files may send before the next has its turn."""
    return max(_SMALLEST, min(_LARGEST, _TURN // max(1, pourings)))


async def pour(
    sock: socket.socket, file: int, start: int, length: int, most: Callable[[], int]
) -> None:
    """Send `length` bytes of an open file, `most()` at a time.

    The socket is our own handle of the connection: asyncio lets nobody watch the one it has.
    asyncio's own sendfile asks the kernel for all that is left in one call, which on a fast link
    took 28 ms of the loop (measured under strace, which adds to it).

    Raises:
        OSError: the client has gone, the file cannot be read or has become shorter.
    """
    pouring = _Pouring(sock, file, start, length, most)
    if not pouring.step():
        await pouring.rest()


class _Pouring:
    def __init__(
        self, sock: socket.socket, file: int, start: int, length: int, most: Callable[[], int]
    ) -> None:
        self._out = sock.fileno()
        self._file = file
        self._at = start
        self._end = start + length
        self._most = most

    def step(self) -> bool:
        """Send a portion, and say whether it was the last."""
        try:
            count = min(self._end - self._at, self._most())
            sent = os.sendfile(self._out, self._file, self._at, count)
        except BlockingIOError:
            return False
        if not sent:
            raise OSError("it became shorter while it was sent")
        self._at += sent
        return self._at >= self._end

    async def rest(self) -> None:
        """Send what is left as fast as the connection takes it."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        loop.add_writer(self._out, self._on_room, done)
        try:
            await done
        finally:
            loop.remove_writer(self._out)

    def _on_room(self, done: "asyncio.Future[None]") -> None:
        if done.done():
            return
        try:
            if self.step():
                done.set_result(None)
        except OSError as error:
            done.set_exception(error)
