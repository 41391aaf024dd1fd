"""The doors of a process: opened, held to their interfaces and closed together."""

import asyncio

from boots.app.opening import Door, Opening
from boots.serve.datagrams import DatagramDoor
from boots.serve.dhcp import DhcpDoor
from boots.serve.http import HttpDoor


class Doors:
    """Those that one opening has made; none until `bind`, and none again after `close`."""

    def __init__(self) -> None:
        self._plain: list[Door] = []
        self._http: list[HttpDoor] = []

    def bind(self, opening: Opening) -> None:
        """Bind every socket, and make the doors behind them."""
        for door in opening.doors():
            if isinstance(door, HttpDoor):
                self._http.append(door)
            else:
                self._plain.append(door)

    async def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to answer."""
        for door in self._plain:
            door.open(loop)
        for http in self._http:
            await http.open()

    def leave(self) -> None:
        """Take no more machines; those that were sent here are served on."""
        for door in self._plain:
            if isinstance(door, DhcpDoor):
                door.leave()

    def again(self, interface: str) -> None:
        """An interface came back as another one: what is held to it is deaf until it is told."""
        for door in self._plain:
            if isinstance(door, DatagramDoor) and door.interface == interface:
                door.again()

    async def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close every door that is open; to do it again does nothing."""
        while self._plain:
            self._plain.pop().close(loop)
        leaving, self._http = self._http, []
        await asyncio.gather(*(door.close() for door in leaving))
