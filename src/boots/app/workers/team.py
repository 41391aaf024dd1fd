"""What the main process has for its workers: what it must tell them of, their sockets, and they.

Where one process does it all, none of this is made.
"""

import asyncio
import itertools
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Interface

from boots.app.leasing import Leasing
from boots.app.opening import EVERY, TRANSFERS, Opening
from boots.app.workers import words
from boots.app.workers.crew import Crew, Doors
from boots.app.workers.replica import ToldLeases, ToldLoops, ToldSeen
from boots.app.workers.words import Charge, Order
from boots.app.world import World
from boots.journal.events import AnyEvent
from boots.journal.journal import Journal
from boots.machines.index import Index
from boots.model.order import Order as GivenOrder
from boots.serve import sockets
from boots.serve.sockets import StartError
from boots.settings import Boot, Settings

_HANDED = ("tftp", "http", "https")


def wanted(settings: Settings) -> int:
    """How many processes are to serve files and scripts."""
    return settings.workers or len(os.sched_getaffinity(0))


def ours(settings: Settings) -> frozenset[str]:
    """The doors that the main process has besides its workers.

    Where all transfers leave by one port, they are told apart in one process.
    """
    return EVERY - TRANSFERS | ({"tftp"} if settings.tftp.single_port else set())


class Team:
    """The workers of a server, and what is told to them."""

    def __init__(
        self,
        count: int,
        addresses: Mapping[str, IPv4Interface],
        limits: Callable[[], Boot],
        record: Callable[[AnyEvent], None],
    ) -> None:
        self._count = count
        self._addresses = addresses
        self._record = record
        self._started = time.time()
        self._numbers = itertools.count(1)
        self._crew: Crew | None = None
        self.loops = ToldLoops(limits, time.time, record, self.tell)
        self._orders: Callable[[], Mapping[str, GivenOrder]] = dict
        self._runs: Callable[[], Iterator[tuple[str, str]]] = lambda: iter(())
        self._relay = ""
        self.seen = ToldSeen(self.tell)
        self._leases: ToldLeases | None = None
        self._doors: Sequence[Doors] = ()

    def leases(self, leasing: Leasing) -> ToldLeases:
        """The pools, told of."""
        self._leases = ToldLeases(leasing, self.tell)
        return self._leases

    def orders(self, every: Callable[[], Mapping[str, GivenOrder]]) -> None:
        """What is ordered of machines, for workers that come later."""
        self._orders = every

    def ordered(self, machine: str, order: GivenOrder | None) -> None:
        """Tell what is ordered of a machine."""
        self.tell(words.Ordered(machine, order))

    def runs(self, relay: str, every: Callable[[], Iterator[tuple[str, str]]]) -> None:
        """Which machines have runs, and the socket for what their agents ask."""
        self._relay, self._runs = relay, every

    def moved(self, machine: str, run: str) -> None:
        """Tell which run a machine has."""
        self.tell(words.Run(machine, run))

    def tell(self, order: Order) -> None:
        """Tell all workers."""
        if self._crew is not None:
            self._crew.tell(order)

    def bind(self, settings: Settings, opening: Opening) -> None:
        """Bind the sockets of all of them.

        Raises:
            StartError: a port is taken.
        """
        self._doors = bind(settings, self._addresses, opening, self._count)

    async def start(
        self,
        settings: Settings,
        world: World,
        journal: Journal,
        metrics: Callable[[str], tuple[bytes, str]] | None,
    ) -> None:
        """Start a worker behind each set of sockets.

        Raises:
            StartError: a worker does not come up.
        """
        self._crew = Crew(
            self._doors,
            take=journal.take,
            record=self._record,
            metrics=metrics,
            freed=self.loops.forget,
            recall=self._recall,
        )
        charge = self._charge(settings, world)
        if not await self._crew.start(words.pack(charge), charge.number):
            raise StartError("a worker did not start; the lines above say why")

    async def change(self, settings: Settings, world: World) -> None:
        """Have all workers answer from another world; when it returns, they do."""
        if self._crew is not None:
            charge = self._charge(settings, world)
            await self._crew.change(await asyncio.to_thread(words.pack, charge), charge.number)

    async def end(self) -> None:
        """End all workers; to do it again does nothing."""
        if self._crew is not None:
            await self._crew.end()
        for doors in self._doors:
            for sock in doors.values():
                sock.close()

    def _charge(self, settings: Settings, world: World) -> Charge:
        number = next(self._numbers)
        # The index of the files alone is for who changes the other one.
        return Charge(
            number,
            settings,
            self._addresses,
            replace(world, files=Index()),
            self._started,
            self._relay,
        )

    def _recall(self) -> Iterator[Order]:
        yield from self.loops.all()
        yield from self.seen.all()
        if self._leases is not None:
            yield from self._leases.all()
        for machine, order in self._orders().items():
            yield words.Ordered(machine, order)
        for machine, run in self._runs():
            yield words.Run(machine, run)


def bind(
    settings: Settings, addresses: Mapping[str, IPv4Interface], opening: Opening, count: int
) -> Sequence[Doors]:
    """The sockets of each worker, by the names of their doors.

    They stay open here too: so the kernel deals clients out the same way while a worker is
    replaced, and who comes meanwhile waits for the new one.

    Raises:
        StartError: a port is taken.
    """
    sets: list[dict[str, socket.socket]] = [{} for _ in range(count)]
    for interface, own in addresses.items():
        for door, make, port in _makers(settings, own, opening):
            name = f"{door}-{interface}"
            make(port).close()  # one that shares would not notice that another server has the port
            first = sets[0][name] = make(port, shared=True)
            address, bound = first.getsockname()
            for each in sets[1:]:
                each[name] = make(bound, shared=True)
            opening.listeners.append(f"{door} {interface} {address}:{bound}")
    return sets


def _makers(
    settings: Settings, own: IPv4Interface, opening: Opening
) -> Iterator[tuple[str, Callable[..., socket.socket], int]]:
    if settings.tftp.enabled and not settings.tftp.single_port:
        at = opening.listens_at("tftp", settings.tftp.address, own.ip)
        yield "tftp", partial(sockets.udp, at), settings.tftp.port
    if settings.http.enabled:
        at = opening.listens_at("http", "", own.ip)
        yield "http", partial(sockets.tcp, at), settings.http.port
        if settings.http.certificate:
            yield "https", partial(sockets.tcp, at), settings.http.https_port


def handed_over(environment: Mapping[str, str]) -> bool:
    """Whether systemd opened a socket of these doors, which cannot be shared out afterwards."""
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    return any(name.partition("-")[0] in _HANDED for name in names)
