"""What the doors ask: policy, over the world that is in force at that moment."""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Protocol

from boots.app.seen import Seen
from boots.app.world import World
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.policy import answer as policy
from boots.policy import boot, path
from boots.policy import client as clients
from boots.policy.client import Client
from boots.policy.stranger import made_up
from boots.serve.doors import Fetch, Given
from boots.wire.dhcp import Message


class Leases(Protocol):
    """Addresses of the pool."""

    def ask(self, message: Message, client: Client, site: Site, known: Known | None) -> Known | str:
        """The machine with the address that this message gets; or why it gets none."""

    def at(self, address: IPv4Address) -> Mac | None:
        """The MAC that has leased an address."""


class Answers:
    """Answers from `world`; putting another one there is what a reload comes to."""

    def __init__(self, world: World, leases: Leases | None = None) -> None:
        self.world = world
        self._leases = leases
        self._seen = Seen()

    def dhcp(self, interface: str, *, proxy: bool = False) -> Callable[[Message], policy.Answer]:
        """What the DHCP door of an interface asks; with `proxy` the one for boot questions."""

        def answer(message: Message) -> policy.Answer:
            world = self.world
            site = world.sites[interface]
            client = clients.from_dhcp(message, site.quirks)
            if site.mode.proxies:
                self._seen.learn(message)
            known = world.index.by_mac.get(client.mac) if client else None
            if client and site.mode is Mode.POOL and _wants_lease(known) and self._leases:
                leased = self._leases.ask(message, client, site, known)
                if isinstance(leased, str):
                    return policy.Answer(leased, client)
                known = leased
            elif client and known is None and site.mode is Mode.AUTO_PROXY:
                known = made_up(client.mac, site, client=client)
            return policy.answer(message, client, known, site, proxy=proxy)

        return answer

    def fetch(self, interface: str, *, tftp: bool) -> Fetch:
        """What the doors for files on an interface ask.

        A MAC in the path says which machine is meant, else the address that asks.
        """

        def fetch(asked: str, peer: IPv4Address) -> Given:
            site = self.world.sites[interface]
            wanted = path.read(asked)
            known = self._known(wanted.mac, peer, site)
            what = boot.fetch(wanted.name, known, site, tftp=tftp)
            return Given(known.mac if known else wanted.mac or "", wanted.name, what, known)

        return fetch

    def _known(self, mac: Mac | None, peer: IPv4Address, site: Site) -> Known | None:
        index = self.world.index
        if mac is None:
            known = index.by_address.get(peer)
            if known is not None:
                return known
            mac = self._mac_at(peer)
        if mac is None:
            return None
        known = index.by_mac.get(mac)
        if known is None and site.mode in {Mode.POOL, Mode.AUTO_PROXY}:
            return made_up(mac, site)
        return known

    def _mac_at(self, address: IPv4Address) -> Mac | None:
        leased = self._leases.at(address) if self._leases else None
        return leased or self._seen.at(address)

    def may_boot(self, mac: Mac) -> bool:
        """Whether the machine with this MAC may boot from us."""
        world = self.world
        known = world.index.by_mac.get(mac)
        if known is None:
            return any(
                site.unknown and site.mode in {Mode.POOL, Mode.AUTO_PROXY}
                for site in world.sites.values()
            )
        return not boot.refused(known)

    def mac_of(self, address: IPv4Address) -> str:
        """The MAC of the machine that has this address, empty if none of ours has."""
        known = self.world.index.by_address.get(address)
        return known.mac if known else self._mac_at(address) or ""


def _wants_lease(known: Known | None) -> bool:
    return known is None or (known.interface.dhcp and known.interface.reservation is None)
