"""A cable between an agent and a server on loopback, in which requests can be counted and lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

_AT_ONCE = 1 << 16


class Cable:
    """Each connection is one request; one of them may be lost after the server has worked on it."""

    def __init__(self) -> None:
        self.target: int | None = None  # the server's port; None while it is away
        self.count = 0
        self.base = ""
        self.tasks: set[asyncio.Task[None]] = set()
        self._lost: int | None = None
        self._then: Callable[[], Awaitable[None]] | None = None

    def lose(self, number: int, then: Callable[[], Awaitable[None]]) -> None:
        """The answer of that request does not arrive, and something happens then."""
        self._lost, self._then = number, then

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        number, self.count = self.count, self.count + 1
        try:
            await self._carried(number, reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self.tasks.discard(task)

    async def _carried(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self.target is None:
            return
        inward, outward = await asyncio.open_connection("127.0.0.1", self.target)
        ways = {asyncio.create_task(_pump(reader, outward))}
        if number != self._lost:
            ways.add(asyncio.create_task(_pump(inward, writer)))
        try:
            if number == self._lost and self._then is not None:
                await inward.read(1)  # it has answered
                await self._then()
            else:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            outward.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_AT_ONCE):
            writer.write(data)
            await writer.drain()


@contextlib.asynccontextmanager
async def laid() -> AsyncIterator[Cable]:
    """A cable with an end for agents at its `base`."""
    cable = Cable()
    server = await asyncio.start_server(cable.carry, "127.0.0.1", 0)
    cable.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield cable
    finally:
        server.close()
        for task in list(cable.tasks):
            task.cancel()
        await asyncio.gather(*cable.tasks)
