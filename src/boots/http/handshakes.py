"""TLS handshakes of the HTTPS door: so many at once, so long each, and why one failed.

asyncio's own server does the same, but lets nobody know of those that fail.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import partial

import structlog
from aiohttp import web

from boots.http.failures import why
from boots.model.limits import HTTPS_HANDSHAKES

Refuse = Callable[[str, int, str], None]
"""Hears of a handshake that failed: the client's address and port, and the reason."""

GaveWay = Callable[[str], None]
"""Hears of a handshake that gave way to others: the client's address."""

PATIENCE = 60.0  # seconds; iPXE asks others about the certificate in the middle of a handshake
_MOST = HTTPS_HANDSHAKES.most  # each has a task and a buffer, and signing is dear
_SLOW = 5.0  # seconds, after which a handshake gives way to others if there are too many
_BATCH = 64  # connections in a row, so that the other doors get their turn
_LATER = 1.0  # seconds until connections are taken again, when there was no room for them
_SILENT = "the client connected, and said nothing for {:g} s"
_STALLED = "the client did not go on with the handshake for {:g} s"
_GAVE_WAY = "the client was slow, and gave way to others: more than {} handshakes at once"
_log = structlog.get_logger()


def _unheard(_: str) -> None:
    """Nobody hears of it."""


class Handshakes:
    """Takes the connections of a listening socket, and hands those that speak TLS to a protocol.

    `refuse` hears of the others, but of those who left without a word: so do probes of ports.
    `gave_way` hears of those for whom there was no room.
    A client may take `patience` seconds.  Of more than `most` at once further ones wait in the
    kernel's queue, and those that have taken long give way to them.
    """

    def __init__(
        self,
        sock: socket.socket,
        context: ssl.SSLContext,
        protocol: Callable[[], asyncio.BaseProtocol],
        refuse: Refuse,
        *,
        gave_way: GaveWay = _unheard,
        patience: float = PATIENCE,
        most: int = _MOST,
        slow: float = _SLOW,
    ) -> None:
        self._gave_way = gave_way
        self._sock = sock
        self._context = context
        self._protocol = protocol
        self._refuse = refuse
        self._patience = patience
        self._most = most
        self._slow = slow
        self._under_way: dict[asyncio.Task[None], float] = {}
        self._ours: set[socket.socket] = set()  # connections that asyncio does not have yet
        self._is_open = False
        self._waking: asyncio.TimerHandle | None = None

    def open(self, backlog: int) -> None:
        """Begin to take connections."""
        self._loop = asyncio.get_running_loop()
        self._sock.listen(backlog)
        self._sock.setblocking(False)
        self._is_open = True
        self._listen()

    async def close(self) -> None:
        """Take no more; what is in the middle of a handshake is dropped."""
        if not self._is_open:
            return
        self._is_open = False
        self._pause(None)
        self._sock.close()
        under_way = list(self._under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    # --- connections

    def _listen(self) -> None:
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None
        if self._is_open:
            self._loop.add_reader(self._sock, self._accept)

    def _pause(self, seconds: float | None) -> None:
        self._loop.remove_reader(self._sock)
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None
        if seconds is not None:
            self._waking = self._loop.call_later(seconds, self._listen)

    def _accept(self) -> None:
        for _ in range(_BATCH):
            if len(self._under_way) >= self._most:
                self._make_room()
                return
            try:
                connection, peer = self._sock.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:  # too many files are open, or no memory is left
                _log.error("connections cannot be taken", door="https", why=error.strerror)
                self._pause(_LATER)
                return
            connection.setblocking(False)
            self._ours.add(connection)
            task = self._loop.create_task(self._shake(connection, peer[0], peer[1]))
            self._under_way[task] = self._loop.time()
            task.add_done_callback(partial(self._done, connection))

    def _make_room(self) -> None:
        """Have the slowest give way, or wait until one is done, or is slow."""
        task, began = next(iter(self._under_way.items()))
        left = began + self._slow - self._loop.time()
        if left <= 0:
            task.cancel()
        self._pause(max(left, 0.0) or _LATER)

    def _done(self, connection: socket.socket, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if connection in self._ours:  # it never spoke, or the task was ended before it began
            self._ours.discard(connection)
            connection.close()
        if len(self._under_way) == self._most - 1:
            self._listen()

    # --- one of them

    async def _shake(self, connection: socket.socket, address: str, port: int) -> None:
        try:
            said = await self._attempt(connection)
        except asyncio.CancelledError:
            if not self._is_open:
                raise
            said = _GAVE_WAY.format(self._most)
            self._gave_way(address)
        except Exception:  # a fault of ours, in making the protocol
            _log.exception("a connection failed", door="https")
            return
        if said:
            self._refuse(address, port, said)

    async def _attempt(self, connection: socket.socket) -> str:
        """Why it came to nothing; empty if it did not, or if there is nothing to say."""
        has_spoken = False
        try:
            async with asyncio.timeout(self._patience):
                has_spoken = await self._speaks(connection)
                if has_spoken:
                    self._ours.discard(connection)
                    await self._loop.connect_accepted_socket(
                        self._protocol,
                        connection,
                        ssl=self._context,
                        ssl_handshake_timeout=self._patience + 1,
                    )
        except TimeoutError:
            return (_STALLED if has_spoken else _SILENT).format(self._patience)
        except OSError as error:
            return why(error) if has_spoken else ""
        return ""

    async def _speaks(self, connection: socket.socket) -> bool:
        """Whether anything comes, when it comes; nothing is taken of it."""
        try:
            return bool(connection.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            pass
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(connection, _settle, ready)
        try:
            await ready
        finally:
            self._loop.remove_reader(connection)
        return bool(connection.recv(1, socket.MSG_PEEK))


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


class SecureSite(web.BaseSite):
    """Where aiohttp's server is reached over TLS, with handshakes of ours."""

    __slots__ = ("_handshakes",)

    def __init__(
        self,
        runner: web.ServerRunner,
        sock: socket.socket,
        context: ssl.SSLContext,
        refuse: Refuse,
        backlog: int,
        *,
        gave_way: GaveWay = _unheard,
        most: int = _MOST,
    ) -> None:
        super().__init__(runner, ssl_context=context, backlog=backlog)
        server = runner.server
        if server is None:
            raise RuntimeError("the runner is not set up")
        self._handshakes = Handshakes(sock, context, server, refuse, gave_way=gave_way, most=most)

    @property
    def name(self) -> str:
        """What aiohttp calls it."""
        return "https"

    async def start(self) -> None:
        """Begin to take connections."""
        await super().start()
        self._handshakes.open(self._backlog)

    async def stop(self) -> None:
        """Take no more."""
        await self._handshakes.close()
        await super().stop()
