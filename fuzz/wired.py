"""A server of asyncio without a network: bytes in, bytes out, on a loop of our own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from fuzz.told import PEER, fault

T = TypeVar("T")

_TURNS = 12  # of the loop, until whoever is asked has answered, or waits for more


class _Server:
    """In place of what listens."""

    sockets = ()

    def close(self) -> None:
        """There is nothing to close."""

    async def wait_closed(self) -> None:
        """Nor to wait for."""


class Loop(asyncio.SelectorEventLoop):
    """A loop that remembers who would take connections."""

    takes: Callable[[], asyncio.Protocol] | None = None

    async def create_server(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        """Listen nowhere."""
        self.takes = protocol_factory
        return _Server()


class Wire(asyncio.Transport):
    """A connection: what is written to it is kept."""

    max_size = 256 * 1024
    """How much asyncio's own read at once."""

    def __init__(self, peer: tuple[str, int]) -> None:
        super().__init__({"peername": peer, "sockname": ("192.168.1.1", 8080)})
        self.written = bytearray()
        self._closing = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As of a TLS connection, whose files are not left to the kernel."""
        return True if name == "sslcontext" else super().get_extra_info(name, default)

    def write(self, data: Any) -> None:
        """Keep it."""
        self.written += data

    def is_closing(self) -> bool:
        """Whether the server ended it."""
        return self._closing

    def close(self) -> None:
        """End it."""
        self._closing = True

    abort = close

    def pause_reading(self) -> None:
        """All is read already."""

    resume_reading = pause_reading

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer."""


class Wired:
    """A listener: `opens` makes it, within the loop, and returns once it listens."""

    def __init__(self, opens: Callable[[], Awaitable[object]]) -> None:
        self.loop = Loop()
        self.loop.set_exception_handler(_complained)
        asyncio.set_event_loop(self.loop)
        self.run(_within(opens))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something to its end."""
        return self.loop.run_until_complete(work)

    def ask(self, *parts: bytes, peer: tuple[str, int] = PEER) -> bytes:
        """All that is answered to these bytes, which come part by part; then the client goes."""
        return self.run(self._asked(parts, peer))

    async def _asked(self, parts: tuple[bytes, ...], peer: tuple[str, int]) -> bytes:
        assert self.loop.takes is not None
        protocol, wire = self.loop.takes(), Wire(peer)
        protocol.connection_made(wire)
        for part in parts:
            if wire.is_closing():
                break
            protocol.data_received(part)
            await _settled(_TURNS)
        protocol.connection_lost(None)
        await _settled(_TURNS)
        return bytes(wire.written)


def _complained(_loop: asyncio.AbstractEventLoop, about: dict[str, Any]) -> None:
    """An exception that nobody took is a fault; that the process ends amid a task is none."""
    if "exception" in about:
        fault(f"{about}")


async def _within(opens: Callable[[], Awaitable[object]]) -> None:
    await opens()


async def _settled(turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


def statuses(answers: bytes) -> list[int]:
    """The statuses of all answers."""
    found = []
    for part in answers.split(b"HTTP/1.")[1:]:
        word = part[2:5]
        if part[1:2] == b" " and word.isdigit():
            found.append(int(word))
    return found
