"""Chooses addresses for machines, and keeps what was chosen: in the book and in its file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address
from itertools import islice
from pathlib import Path

from boots.leases.book import Book
from boots.leases.checks import Checks
from boots.leases.entry import Block, Entry, Lease
from boots.leases.file import Found, LeaseFile, read
from boots.leases.pool import Pool
from boots.model.mac import Mac
from boots.model.site import Subnet

HELD_FOR = 60.0  # seconds that an offered address waits for its REQUEST
_OFFERS = 1024  # of the oldest, that are looked through for one that can be taken back
_LOOKED_AT = 64  # candidates that wait for a probe; those in line behind them wait, too
_DECLINED_FOR = 86_400.0
_DECLINED_IN_A_STORM = 60.0  # where so large a part of a pool is blocked already:
_DECLINED_AT_MOST = 4  # a quarter
_USED_FOR = 3600.0  # seconds after which an address that somebody uses is probed again

REMEMBERED = 3600  # seconds after its end that an address still says whose it was


@dataclass(frozen=True, slots=True)
class Chosen:
    """An address for a machine, and why it is that one."""

    address: IPv4Address
    why: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What the keeper asks of others.

    `reserved` says of an address that it is not for the pool, as a record or we have it;
    `probed` of a subnet that its addresses are probed before they are given.
    """

    reserved: Callable[[IPv4Address], bool]
    probed: Callable[[Subnet], bool]


class Keeper:
    """All leases of a server.  The moment is an argument, in seconds since 1970."""

    def __init__(self, path: Path, rules: Rules, now: float) -> None:
        """Read the file, and open it anew for what will be written.

        Raises:
            LeasesError: the file cannot be read or written.
        """
        self.file = LeaseFile(path)
        try:
            self.found: Found = read(path)
            kept = Book(self.found.entries).entries(now)
            self.book = Book(kept)
            self.file.anew(kept)
        except BaseException:
            self.file.close()
            raise
        self.checks = Checks()
        self._rules = rules
        self._pools: dict[object, Pool] = {}

    def pool(self, subnet: Subnet) -> Pool:
        """The pool of a subnet, as the settings have it now."""
        pool = self._pools.get(subnet.network)
        if pool is None or pool.subnet != subnet:
            pool = Pool(subnet, self.book, lambda address: self._usable(subnet, address))
            self._pools[subnet.network] = pool
        return pool

    def _usable(self, subnet: Subnet, address: IPv4Address) -> bool:
        network = subnet.network
        ends = {network.network_address, network.broadcast_address}
        return (
            address != subnet.gateway
            and (network.prefixlen >= 31 or address not in ends)
            and not self._rules.reserved(address)
        )

    # --- choosing

    def may_have(self, mac: Mac, address: IPv4Address, subnet: Subnet, now: float) -> bool:
        """Whether an address is one of the pool, and nobody else's."""
        free = address in self.pool(subnet) and self.book.is_free(address, mac, now)
        return free and self._usable(subnet, address)

    def held(
        self, mac: Mac, subnet: Subnet, now: float, wanted: IPv4Address | None = None
    ) -> Chosen | None:
        """What a MAC has already: its lease, the address it had before, or what it was offered.

        Of several the one that it wants.
        """
        lease = self.book.lease_of(mac, subnet.network)
        offered = self.book.offered_to(mac, subnet.network, now)
        had: list[Chosen] = []
        if lease is not None:
            had.append(Chosen(lease.address, _history(lease, now)))
        if offered is not None and (lease is None or offered != lease.address):
            had.append(Chosen(offered, "it was offered to it a moment ago"))
        had.sort(key=lambda each: each.address != wanted)
        found = next((each for each in had if self.may_have(mac, each.address, subnet, now)), None)
        if found and lease and found.address == lease.address and lease.until <= now:
            # It need not wait: the probe is answered, or not, before its REQUEST comes.
            self.checks.wish(found.address)
        return found

    def choose(
        self,
        mac: Mac,
        subnet: Subnet,
        now: float,
        wanted: IPv4Address | None = None,
        never: IPv4Address | None = None,
    ) -> Chosen | str:
        """An address for a MAC: what it has, what it wants, or the next one; or why there is none.

        `never` is the address of its relay.
        """
        found = self.held(mac, subnet, now, wanted)
        if found is not None and found.address != never:
            return found
        probed = self._rules.probed(subnet)
        if wanted is not None and wanted != never and self.may_have(mac, wanted, subnet, now):
            if not probed or self.checks.is_free(wanted, now):
                return Chosen(wanted, f"it asks for it, and it is free in {subnet.network}")
            self.checks.wish(wanted)
        waiting = 0
        for address in self.pool(subnet).candidates(now):
            if address == never:
                continue
            if not probed or self.checks.is_free(address, now):
                return Chosen(address, f"new lease from the pool of {subnet.network}")
            waiting += 1
            if waiting == _LOOKED_AT:
                break
        if waiting:
            self.checks.ran_short(subnet.network)
            return f"an address of {subnet.network} is being probed; it will ask again"
        taken_back = self._oldest_offer(mac, subnet, now, never)
        if taken_back is not None:
            return Chosen(taken_back, f"nobody asked for it, and {subnet.network} has no other")
        leased, blocked = self.pool(subnet).counts(now)
        return f"the pool of {subnet.network} is used up: {leased} leased, {blocked} blocked"

    def _oldest_offer(
        self, mac: Mac, subnet: Subnet, now: float, never: IPv4Address | None
    ) -> IPv4Address | None:
        """The address that has waited longest for its REQUEST, as nothing else is left.

        Who makes MACs up and never asks for what it is offered must not keep others out.
        """
        probed = self._rules.probed(subnet)
        for address in islice(self.book.offers(), _OFFERS):
            if (
                address != never
                and self.book.is_nobodys(address, mac, now)  # the cheapest question first
                and address in self.pool(subnet)
                and self._usable(subnet, address)
                and (not probed or self.checks.is_free(address, now))
            ):
                return address
        return None

    def adopt(
        self, mac: Mac, wanted: IPv4Address, subnet: Subnet, now: float, *, chose_us: bool = False
    ) -> Chosen | None:
        """The address that a machine says it has, if it may have it: we may have lost our file.

        Who `chose_us` was offered it, and asks before whoever was offered it since.
        """
        if self.may_have(mac, wanted, subnet, now):
            return Chosen(wanted, f"it had it already, and it is free in {subnet.network}")
        if (
            chose_us
            and wanted in self.pool(subnet)
            and self._usable(subnet, wanted)
            and self.book.is_nobodys(wanted, mac, now)
        ):
            return Chosen(wanted, "it asks for it before whoever was offered it, too")
        return None

    # --- keeping

    def offer(self, mac: Mac, address: IPv4Address, subnet: Subnet, now: float) -> None:
        """Hold an address until it is asked for."""
        self.book.offer(mac, address, subnet.network, now + HELD_FOR)
        self.pool(subnet).taken(address)

    def withdraw(self, mac: Mac, subnet: Subnet) -> None:
        """Let go of what was offered."""
        for address in self.book.withdraw(mac, subnet.network):
            self.pool(subnet).freed(address)

    def grant(
        self, mac: Mac, address: IPv4Address, subnet: Subnet, now: float, seconds: float
    ) -> bool:
        """Lease an address; whether the MAC did not have it until now.

        Raises:
            OSError: it cannot be written down, so it does not count.
        """
        before = self.book.leases.get(address)
        self._write(self.book.grant(mac, address, subnet.network, now, now + seconds), now)
        self.book.withdraw(mac, subnet.network)
        self.pool(subnet).taken(address)
        return before is None or before.mac != mac or before.until <= now

    def release(self, mac: Mac, address: IPv4Address, now: float) -> bool:
        """Free an address; whether it was this MAC's.

        Raises:
            OSError: it cannot be written down, so it does not count.
        """
        return self._write(self.book.release(mac, address, now), now)

    def decline(self, mac: Mac, address: IPv4Address, now: float) -> str:
        """Block an address that a MAC was given and found in use; why, empty if it was not."""
        why = f"{mac} declined it: somebody else uses it"
        seconds = _DECLINED_FOR if self._may_do_without(address, now) else _DECLINED_IN_A_STORM
        entries = self.book.decline(mac, address, now, now + seconds, why)
        return why if self._write(entries, now) else ""

    def _may_do_without(self, address: IPv4Address, now: float) -> bool:
        """Whether few enough of the pool are blocked for this one to be so for long.

        Who makes MACs up can have an address and decline it, one after the other.
        """
        for pool in self._pools.values():
            if address in pool:
                _, blocked = pool.counts(now)
                return blocked * _DECLINED_AT_MOST < len(pool)
        return True

    def probed(self, address: IPv4Address, user: Mac | None, now: float) -> str:
        """Take what a probe found: nobody, or who uses the address; why it is blocked now.

        An empty `user` is this machine.
        """
        lease = self.book.leases.get(address)
        if user is None:
            self.checks.nobody_at(address, now)
            return ""
        self.checks.somebody_at(address)
        if lease is not None and lease.until > now and lease.mac == user:
            return ""
        why = f"{user or 'this server itself'} uses it"
        self._write([Block(address=address, until=now + _USED_FOR, why=why, mac=user)], now)
        return why

    def at(self, address: IPv4Address, now: float) -> Mac | None:
        """The MAC that has an address, or had it a moment ago: iPXE renews no lease."""
        lease = self.book.leases.get(address)
        if lease is None or lease.released or lease.until + REMEMBERED < now:
            return None
        return lease.mac

    def holder(self, address: IPv4Address, now: float) -> Mac | None:
        """The MAC whose lease of an address is not over."""
        lease = self.book.leases.get(address)
        return lease.mac if lease is not None and lease.until > now else None

    def _write(self, entries: Sequence[Entry], now: float) -> bool:
        if not entries:
            return False
        self.file.write(entries)
        for entry in entries:
            self.book.apply(entry)
            if isinstance(entry, Lease) and entry.until <= now:
                for pool in self._pools.values():
                    pool.freed(entry.address)
        return True

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def _history(lease: Lease, now: float) -> str:
    if lease.until > now:
        return f"leased to it since {moment(lease.since)}, until {moment(lease.until)}"
    return f"it had this address until {moment(lease.until)}"


def moment(seconds: float) -> str:
    """A moment for people, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
