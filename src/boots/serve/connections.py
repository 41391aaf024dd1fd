"""The connections of the HTTP door: how many there may be, and which give way to others.

One that asks nothing keeps nobody out: it must ask something soon, and where there is no room the
oldest on which nothing is being answered ends, those of strangers before those of machines.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import islice
from typing import Any

from aiohttp import web

from boots.http.connection import Connection
from boots.http.requests import requests
from boots.journal.limited import Limited
from boots.model.limits import (
    HTTP_CONNECTIONS,
    HTTP_CONNECTIONS_OF_ONE,
    HTTP_FIRST_WORD,
)
from boots.serve.forwarded import Network

_LOOKED_AT = 256  # connections, the oldest first: to look at all for each new one would be dear


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many connections there may be, and whose they are.

    `is_known` says whether a machine of ours has an address; who is `trusted` is a proxy, and
    may have as many as there may be.  `first_word` is in seconds.
    """

    most: int = HTTP_CONNECTIONS.most
    most_of_one: int = HTTP_CONNECTIONS_OF_ONE.most
    first_word: float = HTTP_FIRST_WORD.most
    is_known: Callable[[str], bool] = lambda _: False
    trusted: tuple[Network, ...] = ()


class BootConnection(Connection):
    """A connection of a machine, if there is room."""

    __slots__ = ("_room", "is_known")

    def __init__(self, manager: web.Server, room: "Room", **given: Any) -> None:
        super().__init__(manager, first_word=room.bounds.first_word, **given)
        self._room = room
        self.is_known = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if there is room."""
        super().connection_made(transport)
        if not self._room.enter(self):
            self.end()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room."""
        super().connection_lost(exc)
        self._room.leave(self)

    def too_late(self) -> None:
        """Nothing was asked in time."""
        self._room.limited.reached(HTTP_FIRST_WORD, peer=self.address)
        super().too_late()

    @property
    def is_idle(self) -> bool:
        """Whether nothing that it asked is being answered."""
        is_open = self.transport is not None and not self.transport.is_closing()
        return is_open and self._current_request is None and not self._request_in_progress


class Room:
    """What there is room for."""

    def __init__(self, bounds: Bounds, limited: Limited) -> None:
        self.bounds = bounds
        self.limited = limited
        self._of_all = HTTP_CONNECTIONS.of(bounds.most)
        self._of_one = HTTP_CONNECTIONS_OF_ONE.of(bounds.most_of_one)
        self._there: dict[BootConnection, None] = {}
        self._of_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._there)

    def enter(self, new: BootConnection) -> bool:
        """Take one in, if need be in place of another; whether there is room."""
        if self._of_address[new.address] >= self.bounds.most_of_one and not self._is_proxy(new):
            self.limited.reached(self._of_one, peer=new.address)
            return False
        if len(self._there) >= self.bounds.most:
            self.limited.reached(self._of_all, peer=new.address)
            gives_way = self._gives_way()
            if gives_way is None:
                return False
            self.leave(gives_way)
            gives_way.end()
        new.is_known = self.bounds.is_known(new.address)
        self._there[new] = None
        self._of_address[new.address] += 1
        return True

    def leave(self, one: BootConnection) -> None:
        """It has ended, or is about to."""
        if self._there.pop(one, self) is None:
            self._of_address[one.address] -= 1
            if not self._of_address[one.address]:
                del self._of_address[one.address]

    def _gives_way(self) -> BootConnection | None:
        idle = [each for each in self._oldest() if each.is_idle]
        return next((each for each in idle if not each.is_known), next(iter(idle), None))

    def _oldest(self) -> Iterator[BootConnection]:
        return islice(self._there, _LOOKED_AT)

    def _is_proxy(self, new: BootConnection) -> bool:
        try:
            address = IPv4Address(new.address)
        except ValueError:
            return False
        return any(address in network for network in self.bounds.trusted)


class Connections(web.Server):
    """Makes connections, as many as there is room for; a body has `largest` bytes at most."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        room: Room,
        largest: int,
        **given: Any,
    ) -> None:
        made = requests(asyncio.get_running_loop(), largest)
        super().__init__(handler, request_factory=made)
        self._room = room
        self._made = given

    def __call__(self) -> web.RequestHandler:
        """One more connection."""
        return BootConnection(self, self._room, loop=self._loop, **self._made)
