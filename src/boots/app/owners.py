"""Whose an address is, and which machine asks from it."""

from ipaddress import IPv4Address
from typing import Protocol

from boots.app.seen import Seen
from boots.machines.index import Index
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.policy import home, token
from boots.policy.stranger import made_up


class Holders(Protocol):
    """Who has leased addresses of the pool."""

    def at(self, address: IPv4Address) -> Mac | None:
        """The MAC that has leased an address, or had it a moment ago."""

    def holder(self, address: IPv4Address) -> Mac | None:
        """The MAC whose lease of an address is not over."""

    def has(self, mac: Mac) -> bool:
        """Whether a MAC has leased an address."""


class Owners:
    """Goes by records, by leases, and by what machines were seen to say, which proves nothing.

    `index` are the records in force.
    """

    def __init__(self, index: Index, leases: Holders | None, seen: Seen) -> None:
        self.index = index
        self._leases = leases
        self._seen = seen

    def given_to(self, address: IPv4Address) -> Mac | None:
        """The MAC whose address this is by a record or a lease.

        A record may name an address that another machine still leases: until that is over it is
        there, and would read what is the new one's.
        """
        known = self.index.by_address.get(address)
        if known is None:
            return self._leases.at(address) if self._leases else None
        holder = self._leases.holder(address) if self._leases else None
        return known.mac if holder is None or home.has(known.machine, holder) else holder

    def mac_at(self, address: IPv4Address) -> Mac | None:
        """The MAC that has an address, if need be by its own word.

        That comes last: one forged packet says as much.
        """
        return self.given_to(address) or self._seen.at(address)

    def of_metadata(self, sealed: str, peer: IPv4Address, site: Site) -> Known | None:
        """Whose metadata is asked for: a MAC in the path proves nothing, and is not looked at.

        Nor is an address that a machine was only seen to take: one forged packet would say so.
        """
        if sealed:
            mac = token.mac_of(sealed, site.token_key)
            return self.index.by_mac.get(mac) if mac else None
        if not site.metadata_by_address:
            return None
        mac = self.given_to(peer)
        return self.index.by_mac.get(mac) if mac else None

    def machine(self, mac: Mac | None, peer: IPv4Address, site: Site) -> Known | None:
        """The machine with this MAC, or at this address; made up for who needs no record."""
        mac = mac or self.mac_at(peer)
        if mac is None:
            return None
        known = self.index.by_mac.get(mac)
        if known is None and site.mode in {Mode.POOL, Mode.AUTO_PROXY}:
            return made_up(mac, site)
        return known

    def board(self, name: str, peer: IPv4Address) -> Mac | None:
        """The MAC of the Raspberry Pi that asks below its serial number, from wherever."""
        known = self.index.by_serial.get(name.partition("/")[0].lower())
        asks = self.index.by_address.get(peer)
        if known is None or (asks is not None and asks.machine is known.machine):
            return None
        return known.mac

    def elsewhere(self, known: Known | None, peer: IPv4Address, site: Site) -> str:
        """Why this address is none of the machine's own; empty if it is, or there is none."""
        if known is None:
            return ""
        owner = self.given_to(peer) or self._seen.alone_at(peer)
        why = home.elsewhere(known, peer, owner, site)
        named = self.index.by_address.get(peer) if why else None
        if named is not None and named.machine is known.machine:
            return f"{peer} is still leased to {owner}: boots leases says until when"
        return why

    def is_known(self, octets: bytes) -> bool:
        """Whether the machine with this MAC is no stranger: it has a record, or a lease."""
        mac = macs.from_bytes(octets)
        if mac in self.index.by_mac:
            return True
        return self._leases is not None and self._leases.has(mac)

    def is_at(self, address: str) -> bool:
        """Whether a machine of ours has this address."""
        return bool(self.mac_at(IPv4Address(address)))

    def mac_of(self, address: IPv4Address) -> str:
        """The MAC of the machine that has this address, empty if none of ours has."""
        return self.mac_at(address) or ""
