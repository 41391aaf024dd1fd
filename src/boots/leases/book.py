"""The book of leases, in memory: who has which address at a moment.

The moment is an argument everywhere.  `grant`, `release` and `block` change nothing: they return
the entries that would, so that these can be written down before they count (`apply`).
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

import msgspec

from boots.leases.entry import Block, Entry, Lease
from boots.model.mac import Mac

_FORGOTTEN = 30 * 86_400  # seconds after its end at which an entry is of no use to anybody
_HAD = 16  # addresses that a MAC is known by: who declines what it is given could have a pool's


class Offer(msgspec.Struct, frozen=True):
    """An address that is held for a MAC until it asks for it, or until `until`."""

    mac: Mac
    until: float


class Book:
    """All leases, blocks and offers.  Of these, only offers are not written down."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.leases: dict[IPv4Address, Lease] = {}
        self.blocks: dict[IPv4Address, Block] = {}
        self._offers: dict[IPv4Address, Offer] = {}
        self._addresses: dict[Mac, set[IPv4Address]] = {}
        self._offered: dict[Mac, set[IPv4Address]] = {}
        for entry in entries:
            self.apply(entry)

    def apply(self, entry: Entry) -> None:
        """Let an entry count; the last one for an address does."""
        if isinstance(entry, Block):
            self.blocks[entry.address] = entry
            return
        before = self.leases.get(entry.address)
        if before is not None:
            _drop(self._addresses, before.mac, entry.address)
        self.leases[entry.address] = entry
        own = self._addresses.setdefault(entry.mac, set())
        own.add(entry.address)
        if len(own) > _HAD:
            self._forget(own, entry.since)
        offer = self._offers.get(entry.address)
        if offer is not None and offer.mac != entry.mac:  # it asked first
            del self._offers[entry.address]
            _drop(self._offered, offer.mac, entry.address)

    def _forget(self, own: set[IPv4Address], now: float) -> None:
        """Know a MAC no more by what it had longest ago; whose each address was stays known."""
        over = [each for each in own if self.leases[each].until <= now]
        over.sort(key=lambda each: self.leases[each].until)
        own.difference_update(over[: len(own) - _HAD])

    def entries(self, now: float) -> list[Entry]:
        """What is worth remembering, in an order that makes the same book of it."""
        all_of_them: list[Entry] = [*self.leases.values(), *self.blocks.values()]
        return [entry for entry in all_of_them if entry.until + _FORGOTTEN > now]

    # --- asking

    def lease_of(self, mac: Mac, network: IPv4Network) -> Lease | None:
        """The lease that a MAC has in a network, or had last."""
        own = [self.leases[each] for each in self._addresses.get(mac, ()) if each in network]
        return max(own, key=lambda lease: lease.until, default=None)

    def all_of(self, mac: Mac, now: float) -> list[Lease]:
        """The leases that a MAC has: one in each network."""
        own = (self.leases[each] for each in self._addresses.get(mac, ()))
        return [lease for lease in own if lease.until > now]

    def offered_to(self, mac: Mac, network: IPv4Network, now: float) -> IPv4Address | None:
        """The address that is held for a MAC in a network."""
        for address in self._offered.get(mac, ()):
            if address in network and self._offers[address].until > now:
                return address
        return None

    def is_free(self, address: IPv4Address, mac: Mac | None, now: float) -> bool:
        """Whether a MAC may have an address: nobody else has it, waits for it or blocks it."""
        offer = self._offers.get(address)
        if offer is not None and offer.until > now and offer.mac != mac:
            return False
        return self.is_nobodys(address, mac, now)

    def is_nobodys(self, address: IPv4Address, mac: Mac | None, now: float) -> bool:
        """Whether nobody else has an address or blocks it; others may have been offered it."""
        block = self.blocks.get(address)
        if block is not None and block.until > now and block.mac != mac:
            return False
        lease = self.leases.get(address)
        return lease is None or lease.until <= now or lease.mac == mac

    def offers(self) -> Iterator[IPv4Address]:
        """The addresses that were offered, the oldest offer first; nothing may change meanwhile."""
        return iter(self._offers)

    # --- offers

    def offer(self, mac: Mac, address: IPv4Address, network: IPv4Network, until: float) -> None:
        """Hold an address for a MAC; what was held for it in that network is let go."""
        self.withdraw(mac, network)
        before = self._offers.pop(address, None)
        if before is not None:
            _drop(self._offered, before.mac, address)
        self._offers[address] = Offer(mac, until)  # at the end: `offers` has the oldest first
        self._offered.setdefault(mac, set()).add(address)

    def withdraw(self, mac: Mac, network: IPv4Network) -> list[IPv4Address]:
        """Let go of what is held for a MAC in a network, and say what it was."""
        held = [each for each in self._offered.get(mac, ()) if each in network]
        for address in held:
            del self._offers[address]
            _drop(self._offered, mac, address)
        return held

    # --- what changes the book once it is written down

    def grant(
        self, mac: Mac, address: IPv4Address, network: IPv4Network, now: float, until: float
    ) -> list[Entry]:
        """The entries that give a MAC an address, and end its other lease in that network."""
        ended: list[Entry] = [
            msgspec.structs.replace(self.leases[each], until=now)
            for each in sorted(self._addresses.get(mac, ()))
            if each in network and each != address and self.leases[each].until > now
        ]
        before = self.leases.get(address)
        since = before.since if before is not None and before.mac == mac else now
        return [*ended, Lease(address=address, mac=mac, since=since, until=until)]

    def release(self, mac: Mac, address: IPv4Address, now: float) -> list[Entry]:
        """The entry that frees an address; none where it is not this MAC's."""
        lease = self.leases.get(address)
        if lease is None or lease.mac != mac or lease.until <= now:
            return []
        return [msgspec.structs.replace(lease, until=now, released=True)]

    def decline(
        self, mac: Mac, address: IPv4Address, now: float, until: float, why: str
    ) -> list[Entry]:
        """The entries that block an address for a MAC that was given it; none for another's."""
        lease, offer = self.leases.get(address), self._offers.get(address)
        given = [each for each in (lease, offer) if each is not None and each.until > now]
        if not any(each.mac == mac for each in given):
            return []
        ended = self.release(mac, address, now)
        return [*ended, Block(address=address, until=until, why=why)]


def _drop(sets: dict[Mac, set[IPv4Address]], mac: Mac, address: IPv4Address) -> None:
    own = sets.get(mac, set())  # of a lease it may have been forgotten
    own.discard(address)
    if not own:
        sets.pop(mac, None)
