"""Leases for machines without an address of their own: what DHCP messages mean for the pools."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path

import msgspec
import structlog

from boots.app.upkeep import Place, Upkeep, place_of
from boots.app.world import World
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.leases.entry import Lease
from boots.leases.file import LeasesError
from boots.leases.keeper import Chosen, Keeper, Rules, moment
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Site, Subnet
from boots.policy.address import own_ids, wanted_address
from boots.policy.answered import Answer
from boots.policy.client import Client, Program
from boots.policy.stranger import made_up
from boots.policy.subnet import select, selector
from boots.serve.sockets import StartError
from boots.wire import options
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

_NOWHERE = IPv4Address(0)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Leased:
    """A machine with the address it gets; where from, for how many seconds, and why that one."""

    known: Known
    subnet: Subnet
    seconds: int
    why: str


class Leasing:
    """The pools of a server.  `world` gives the one in force, `clock` seconds since 1970.

    Raises:
        StartError: the file of leases cannot be used.
    """

    def __init__(
        self,
        path: Path,
        places: Collection[Place],
        world: Callable[[], World],
        clock: Callable[[], float],
        tell: Callable[[AnyEvent], None],
    ) -> None:
        self._places = tuple(places)
        self._world = world
        self._clock = clock
        self._tell = tell
        self._own = {place.own.ip for place in self._places}
        try:
            self.keeper = Keeper(path, Rules(self._reserved, self._probed), clock())
        except LeasesError as error:
            raise StartError(str(error)) from None
        if self.keeper.found.torn:
            _log.warning("the last line of the leases was torn, and is left out", path=str(path))
        if self.keeper.found.unreadable:
            lines = ", ".join(map(str, self.keeper.found.unreadable))
            _log.warning("lines of the leases are left out: no entries", path=str(path), line=lines)
        self._upkeep = Upkeep(self.keeper, self._places, world, clock, tell)
        self.run, self.ready = self._upkeep.run, self._upkeep.ready

    def _reserved(self, address: IPv4Address) -> bool:
        world = self._world()
        return (
            address in world.index.by_address
            or address in self._own
            or any(address == site.server for site in world.sites.values())
        )

    def _probed(self, subnet: Subnet) -> bool:
        place = place_of(subnet, self._places)
        return place is not None and place.prober is not None

    def again(self, interface: str) -> None:
        """An interface was taken away and came back; OSError where it is gone again."""
        for place in self._places:
            if place.interface == interface and place.prober is not None:
                place.prober.again()

    # --- what messages mean

    def ask(
        self, message: Message, client: Client, site: Site, known: Known | None
    ) -> Leased | str:
        """The machine with the address that this DISCOVER, REQUEST or INFORM is about.

        Whether the client gets it or hears that it must not use another one is for policy to say.
        """
        now, giaddr = self._clock(), message.giaddr
        subnet = self._subnet(message, client, site, now)
        if giaddr != _NOWHERE and self._is_machines(giaddr, subnet):
            return f"its relay's address {giaddr} is a machine's"
        if subnet is None:
            relay = selector(message)
            return f"no subnet is known that has {relay}" if relay else "no subnet is known here"
        if message.kind is MessageType.INFORM:
            if message.ciaddr not in subnet.network:
                return f"{message.ciaddr} is not in {subnet.network}"
            return _leased(client, site, known, subnet, Chosen(message.ciaddr, "it has it"))
        if not subnet.pool:
            return f"{subnet.network} has no pool"
        if message.kind is MessageType.REQUEST:
            chosen = self._requested(message, client, site, subnet, now)
        else:
            wanted = wanted_address(message)
            chosen = self.keeper.choose(client.mac, subnet, now, wanted, message.giaddr)
        self._upkeep.probes_due.set()
        if isinstance(chosen, str):
            return chosen
        return _leased(client, site, known, subnet, chosen)

    def _is_machines(self, relay: IPv4Address, subnet: Subnet | None) -> bool:
        """Whether a machine has this address: it would get leases in the names of others."""
        if subnet is not None and relay == subnet.gateway:
            return False
        return self.holder(relay) is not None or relay in self._world().index.by_address

    def _subnet(self, message: Message, client: Client, site: Site, now: float) -> Subnet | None:
        """Where the client is.  A renewal comes from behind a relay without its help."""
        if message.giaddr == _NOWHERE and message.ciaddr != _NOWHERE:
            for subnet in site.subnets:
                if message.ciaddr in subnet.network and self.keeper.held(client.mac, subnet, now):
                    return subnet
        return select(message, site)

    def _requested(
        self, message: Message, client: Client, site: Site, subnet: Subnet, now: float
    ) -> Chosen | str:
        """What a REQUEST is about, in its four states: RFC 2131 §4.3.2."""
        server = message.get(options.SERVER_ID)
        if server not in {None, *own_ids(message, site)}:
            self.keeper.withdraw(client.mac, subnet)
            return f"the client took the offer of {server}"
        wanted = wanted_address(message)
        held = self.keeper.held(client.mac, subnet, now, wanted)
        if held is not None:
            return held
        ours = server is not None or site.authoritative
        if wanted is not None and ours and wanted != message.giaddr:
            chose_us = server is not None
            adopted = self.keeper.adopt(client.mac, wanted, subnet, now, chose_us=chose_us)
            if adopted is not None:
                return adopted
        if not ours:
            return f"nothing is known of {wanted} here, and others may know it"
        return self.keeper.choose(client.mac, subnet, now, None, message.giaddr)

    def keep(self, interface: str, leased: Leased, answer: Answer, *, shadow: bool) -> Answer:
        """Hold what an OFFER names, write down what an ACK gives; the answer with its reason.

        An ACK whose lease cannot be written down must not leave.
        """
        reply = answer.reply
        if reply is None:
            return answer
        mac, now = leased.known.mac, self._clock()
        if reply.kind is MessageType.OFFER:
            self.keeper.offer(mac, reply.yiaddr, leased.subnet, now)
        elif reply.kind is MessageType.ACK and reply.yiaddr != _NOWHERE and not shadow:
            try:
                new = self.keeper.grant(mac, reply.yiaddr, leased.subnet, now, leased.seconds)
            except OSError as error:
                _log.error("a lease cannot be written down", error=str(error))
                return Answer(f"its lease cannot be written down: {error.strerror}", answer.client)
            self._upkeep.written.set()
            if new:
                self._tell(
                    events.AddressLeased(
                        mac=mac,
                        interface=interface,
                        address=str(reply.yiaddr),
                        until=moment(now + leased.seconds),
                        why=leased.why,
                    )
                )
        return replace(answer, address_why=leased.why)

    def hear(self, message: Message, client: Client, interface: str) -> None:
        """Take a RELEASE or a DECLINE: an address comes back, or is somebody else's."""
        now = self._clock()
        try:
            if message.kind is MessageType.RELEASE:
                self.keeper.release(client.mac, message.ciaddr, now)
            else:
                address = message.get(options.REQUESTED_ADDRESS)
                why = self.keeper.decline(client.mac, address, now) if address else ""
                if why:
                    self._block(str(address), interface, why)
        except OSError as error:
            _log.error("the leases cannot be written", error=str(error))
        self._upkeep.written.set()

    def _block(self, address: str, interface: str, why: str) -> None:
        self._tell(events.AddressBlocked(address=address, interface=interface, why=why))

    def at(self, address: IPv4Address) -> Mac | None:
        """The MAC that has leased an address."""
        return self.keeper.at(address, self._clock())

    def holder(self, address: IPv4Address) -> Mac | None:
        """The MAC whose lease of an address is not over."""
        return self.keeper.holder(address, self._clock())

    def has(self, mac: Mac) -> bool:
        """Whether a MAC has leased an address."""
        return bool(self.of(mac))

    def of(self, mac: Mac) -> list[Lease]:
        """The leases that a MAC has."""
        return self.keeper.book.all_of(mac, self._clock())

    def close(self) -> None:
        """Close the file and the probes."""
        for place in self._places:
            if place.prober is not None:
                place.prober.close()
        self.keeper.close()


def _leased(
    client: Client, site: Site, known: Known | None, subnet: Subnet, chosen: Chosen
) -> Leased:
    """The machine with this address, as if its record had it."""
    systems = subnet.lease_time or site.lease_time
    seconds = systems if client.program is Program.OS else site.netboot_lease_time
    reservation = subnet.reservation(chosen.address, seconds)
    if known is None:
        machine = made_up(client.mac, site, reservation, client)
    else:
        interface = msgspec.structs.replace(known.interface, reservation=reservation)
        machine = msgspec.structs.replace(known, interface=interface)
    return Leased(machine, subnet, seconds, chosen.why)
