"""What goes on beside the answers in pool mode: addresses are probed, the file gets to its disk."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Protocol

import structlog

from boots.app.world import World
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.leases.keeper import Keeper
from boots.model.mac import Mac
from boots.model.site import Subnet
from boots.serve import sockets
from boots.serve.probe import ArpProbe, open_socket

_FIRST_ROUND = 2.0  # seconds that it may take
_LOOK_EVERY = 15.0  # seconds between two looks at what should be probed
_log = structlog.get_logger()


class Prober(Protocol):
    """Asks a network who uses which addresses."""

    async def ask(self, addresses: Collection[IPv4Address]) -> Mapping[IPv4Address, Mac]:
        """Who uses these; OSError where the network is not there."""

    def again(self) -> None:
        """The interface was taken away and came back; OSError where it is gone again."""

    def close(self) -> None:
        """No more questions."""


@dataclass(frozen=True, slots=True)
class Place:
    """One of our interfaces, its address, and what asks the network behind it, if anything can."""

    interface: str
    own: IPv4Interface
    prober: Prober | None = None


def places(addresses: Mapping[str, IPv4Interface], *, probe: bool) -> list[Place]:
    """Our interfaces, with a probe on each if that is wanted and allowed."""
    found = []
    for interface, own in addresses.items():
        prober = None
        if probe:
            try:
                sock = open_socket(interface)
                prober = ArpProbe(sock) if sock is not None else None
            except OSError as error:
                _log.warning(
                    "pool addresses are not probed: that needs CAP_NET_RAW",
                    interface=interface,
                    error=str(error),
                )
        found.append(Place(interface, own, prober))
    return found


def place_of(subnet: Subnet, all_of_them: Collection[Place]) -> Place | None:
    """The interface that a subnet is behind; None where a relay is between."""
    return next((each for each in all_of_them if each.own.ip in subnet.network), None)


class Upkeep:
    """Keeps the next addresses of every pool probed, and what was written on the disk.

    Set `written` when something was, and `probes_due` when probed addresses may run out.
    """

    def __init__(
        self,
        keeper: Keeper,
        places: Collection[Place],
        world: Callable[[], World],
        clock: Callable[[], float],
        tell: Callable[[AnyEvent], None],
    ) -> None:
        self._keeper = keeper
        self._places = places
        self._world = world
        self._clock = clock
        self._tell = tell
        self._first_round = asyncio.Event()
        self.written = asyncio.Event()
        self.probes_due = asyncio.Event()

    async def run(self) -> None:
        """Keep addresses probed and the file on its disk; runs until it is cancelled."""
        await asyncio.gather(self._keep_probed(), self._keep_written())

    async def ready(self) -> None:
        """Return once addresses were probed, so that nobody need wait for that."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._first_round.wait(), _FIRST_ROUND)

    async def _keep_probed(self) -> None:
        failing = ""
        while True:
            self.probes_due.clear()
            try:
                for subnet, place in list(self._pools()):
                    await self._probe(subnet, place)
                failing = ""
            except OSError as error:
                if str(error) != failing:
                    _log.warning("addresses cannot be probed", error=str(error))
                failing = str(error)
                await asyncio.sleep(1)
            except Exception:  # noqa: BLE001  # a fault of ours must not end probing for good
                _log.exception("addresses cannot be probed")
                await asyncio.sleep(1)
            self._first_round.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.probes_due.wait(), _LOOK_EVERY)

    def _pools(self) -> Iterator[tuple[Subnet, Place]]:
        subnets = {
            subnet.network: subnet
            for site in self._world().sites.values()
            for subnet in site.subnets
            if subnet.pool
        }
        for subnet in subnets.values():
            place = place_of(subnet, self._places)
            if place is not None:
                yield subnet, place

    async def _probe(self, subnet: Subnet, place: Place) -> None:
        now, keeper = self._clock(), self._keeper
        due = keeper.checks.due(subnet.network, keeper.pool(subnet).candidates(now), now)
        if place.prober is None or not due:
            return
        users = dict(await place.prober.ask(due))
        users |= {address: Mac("") for address in due if sockets.is_ours(address)}
        for address in due:
            user = users.get(address)
            why = keeper.probed(address, user, self._clock())
            if why:
                self._tell(
                    events.AddressBlocked(address=str(address), interface=place.interface, why=why)
                )
                self.written.set()

    async def _keep_written(self) -> None:
        failing = ""
        while True:
            await self.written.wait()
            self.written.clear()
            try:
                await asyncio.to_thread(self._keeper.file.sync)
                await self._make_anew()
                failing = ""
            except Exception as error:  # noqa: BLE001  # no disk, no thread: there may be soon
                if str(error) != failing:
                    _log.error("the leases cannot be written to the disk", error=str(error))
                failing = str(error)
                self.written.set()
                await asyncio.sleep(1)

    async def _make_anew(self) -> None:
        file, entries = self._keeper.file, self._keeper.book.entries(self._clock())
        if not file.has_grown(len(entries)):
            return
        file.begin_anew()
        try:
            other = await asyncio.to_thread(file.write_anew, entries)
        except BaseException:
            file.give_up_anew()
            raise
        file.finish_anew(other, len(entries))
