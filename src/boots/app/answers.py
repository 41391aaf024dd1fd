"""What the doors ask: policy, over the world that is in force at that moment."""

from collections.abc import Callable
from ipaddress import IPv4Address

from boots.app.world import World
from boots.model.mac import Mac
from boots.policy import answer as policy
from boots.policy import boot, path
from boots.policy import client as clients
from boots.serve.doors import Fetch, Given
from boots.wire.dhcp import Message


class Answers:
    """Answers from `world`; putting another one there is what a reload comes to."""

    def __init__(self, world: World) -> None:
        self.world = world

    def dhcp(self, interface: str) -> Callable[[Message], policy.Answer]:
        """What the DHCP door of an interface asks."""

        def answer(message: Message) -> policy.Answer:
            world = self.world
            client = clients.from_dhcp(message)
            known = world.index.by_mac.get(client.mac) if client else None
            return policy.answer(message, client, known, world.sites[interface])

        return answer

    def fetch(self, interface: str, *, tftp: bool) -> Fetch:
        """What the doors for files on an interface ask.

        A MAC in the path says which machine is meant, else the address that asks.
        """

        def fetch(asked: str, peer: IPv4Address) -> Given:
            index, site = self.world.index, self.world.sites[interface]
            wanted = path.read(asked)
            known = index.by_mac.get(wanted.mac) if wanted.mac else index.by_address.get(peer)
            what = boot.fetch(wanted.name, known, site, tftp=tftp)
            return Given(known.mac if known else wanted.mac or "", wanted.name, what, known)

        return fetch

    def may_boot(self, mac: Mac) -> bool:
        """Whether the machine with this MAC may boot from us."""
        known = self.world.index.by_mac.get(mac)
        return known is not None and not boot.refused(known)

    def mac_of(self, address: IPv4Address) -> str:
        """The MAC of the machine that has this address, empty if none of ours has."""
        known = self.world.index.by_address.get(address)
        return known.mac if known else ""
