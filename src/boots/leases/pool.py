"""The pool of one subnet: in which order its addresses are given."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from itertools import islice

from boots.leases.book import Book
from boots.model.site import Subnet

_AHEAD = 1024  # candidates that one look at the pool brings
_PAUSE = 1.0  # seconds between two looks at a pool that is used up
_SIZE = 1 << 14  # for so many addresses, as each look goes through all of them


class Pool:
    """Candidates for new leases: what nobody ever had, in order; then what is free the longest.

    `usable` says whether an address may be given at all, whoever has it.
    """

    def __init__(self, subnet: Subnet, book: Book, usable: Callable[[IPv4Address], bool]) -> None:
        self.subnet = subnet
        self._book = book
        self._usable = usable
        self._queue: dict[IPv4Address, None] = {}
        self._looked = float("-inf")
        self._has_all = False  # whether the last look brought all there were
        self._counted = float("-inf")
        self._counts = (0, 0)
        self._size = sum(int(each.last) - int(each.first) + 1 for each in subnet.pool)
        self._pause = _PAUSE * max(1.0, self._size / _SIZE)

    def __contains__(self, address: IPv4Address) -> bool:
        return any(each.first <= address <= each.last for each in self.subnet.pool)

    def __len__(self) -> int:
        return self._size

    def candidates(self, now: float) -> Iterator[IPv4Address]:
        """Free addresses in the order in which they should be given."""
        found = False
        for address in list(self._queue):
            if self._is_free(address, now):
                found = True
                yield address
            else:
                del self._queue[address]
        if not found and now >= self._looked + self._pause:
            self._queue = dict.fromkeys(islice(self._in_order(now), _AHEAD))
            self._has_all = len(self._queue) < _AHEAD
            if self._has_all:
                self._looked = now
            yield from list(self._queue)

    def taken(self, address: IPv4Address) -> None:
        """It was given: once it is free again, others were free for longer."""
        self._queue.pop(address, None)

    def freed(self, address: IPv4Address) -> None:
        """It came back: it is the last in line, without a look at the others."""
        if self._has_all and address in self:
            self._queue.pop(address, None)
            self._queue[address] = None

    def counts(self, now: float) -> tuple[int, int]:
        """How many of its addresses are leased, and how many are blocked; as of late.

        Whoever asks in vain is told: it must not be counted anew for each.
        """
        if not self._counted <= now < self._counted + self._pause:
            leases, blocks = self._book.leases.values(), self._book.blocks.values()
            leased = sum(each.until > now and each.address in self for each in leases)
            blocked = sum(each.until > now and each.address in self for each in blocks)
            self._counted, self._counts = now, (leased, blocked)
        return self._counts

    def _is_free(self, address: IPv4Address, now: float) -> bool:
        return self._usable(address) and self._book.is_free(address, None, now)

    def _in_order(self, now: float) -> Iterator[IPv4Address]:
        leases = self._book.leases
        for each in self.subnet.pool:
            for number in range(int(each.first), int(each.last) + 1):
                address = IPv4Address(number)
                if address not in leases and self._is_free(address, now):
                    yield address
        ended = [lease for lease in leases.values() if lease.until <= now]
        for lease in sorted(ended, key=lambda lease: (lease.until, lease.address)):
            if lease.address in self and self._is_free(lease.address, now):
                yield lease.address
