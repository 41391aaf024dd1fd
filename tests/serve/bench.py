"""What the tests of the doors share: a journal that is a list, and a UDP socket to talk with."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Protocol, Self, TypeVar

from boots.journal.events import AnyEvent

Kind = TypeVar("Kind", bound=AnyEvent)
LOOPBACK = "127.0.0.1"


class Door(Protocol):
    def open(self, loop: asyncio.AbstractEventLoop) -> None: ...
    def close(self, loop: asyncio.AbstractEventLoop) -> None: ...


@contextlib.contextmanager
def opened(door: Door) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    door.open(loop)
    try:
        yield
    finally:
        door.close(loop)


class Told:
    """The events of a door, and waiting for them."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self._news = asyncio.Event()

    def record(self, event: AnyEvent) -> None:
        self.events.append(event)
        self._news.set()

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    async def first(self, kind: type[Kind]) -> Kind:
        return (await self.several(kind, 1))[0]

    async def several(self, kind: type[Kind], count: int) -> list[Kind]:
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when it is true; only an event can make it so."""
        while not condition():
            self._news.clear()
            await self._news.wait()


def udp(address: str = LOOPBACK) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((address, 0))
    sock.setblocking(False)
    return sock


class Peer:
    """A UDP socket of a client."""

    def __init__(self, address: str = LOOPBACK) -> None:
        self.sock = udp(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    @property
    def port(self) -> int:
        port: int = self.sock.getsockname()[1]
        return port

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        self.sock.sendto(data, to)

    async def receive(self) -> tuple[bytes, tuple[str, int]]:
        return await asyncio.get_running_loop().sock_recvfrom(self.sock, 65_536)

    async def nothing(self, seconds: float = 0.02) -> bool:
        """Whether nothing comes for a moment."""
        try:
            await asyncio.wait_for(self.receive(), seconds)
        except TimeoutError:
            return True
        return False
