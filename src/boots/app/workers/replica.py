"""What is known of machines beside their records, in two places: told by one, heard by the other.

The main process tells a change before the reply leaves that made it; a worker looks for what was
told before it answers.  So whoever was given an address is known by it when it comes to a worker.
"""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address

from boots.app.answers import Answers, Held
from boots.app.leasing import Leased, Leasing
from boots.app.loops import Loops, Tally
from boots.app.orders import Orders
from boots.app.seen import Seen, Sight
from boots.app.workers import words
from boots.app.workers.words import Count, Order
from boots.app.world import World
from boots.journal.events import AnyEvent, Entry
from boots.leases.entry import Lease
from boots.leases.keeper import REMEMBERED
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Site
from boots.policy.answer import Answer
from boots.policy.client import Client
from boots.serve.doors import Fetch, Given
from boots.serve.iso import Images, Pictured
from boots.settings import Boot
from boots.wire import options
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

Tell = Callable[[Order], None]

# --- in the main process


class ToldLoops(Loops):
    """Loops, of which every change is told."""

    def __init__(
        self,
        limits: Callable[[], Boot],
        now: Callable[[], float],
        record: Callable[[AnyEvent], None],
        tell: Tell,
    ) -> None:
        super().__init__(limits, now, record)
        self._tell = tell
        self._waiting: list[Count] | None = None

    def write(self, entries: Sequence[Entry]) -> None:
        """Count what the journal heard, and tell all that comes of it at once."""
        self._waiting = []
        super().write(entries)
        counts, self._waiting = self._waiting, None
        if counts:
            self._tell(words.Tallied(counts))

    def count(self, mac: str, at: float) -> None:
        """Count one time, and tell."""
        super().count(mac, at)
        tally = self._tallies[mac]
        self._told(Count(mac, tally.count, tally.last))

    def forget(self, mac: str) -> None:
        """Forget, and tell if there was anything."""
        if mac in self._tallies:
            self._told(Count(mac, 0, 0))
        super().forget(mac)

    def all(self) -> Iterator[Order]:
        """What a new worker must hear."""
        for mac, tally in self._tallies.items():
            yield words.Tallied([Count(mac, tally.count, tally.last)])

    def _told(self, count: Count) -> None:
        if self._waiting is not None:
            self._waiting.append(count)
        else:
            self._tell(words.Tallied([count]))


class ToldSeen(Seen):
    """Addresses that were seen, of which every change is told."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def note(self, address: IPv4Address, sight: Sight) -> None:
        """Note, and tell if it is new."""
        before, now = self._sights.get(address), _of_sight(address, sight)
        if before is None or _of_sight(address, before) != now:
            self._tell(now)
        super().note(address, sight)

    def all(self) -> Iterator[Order]:
        """What a new worker must hear."""
        return (_of_sight(address, sight) for address, sight in self._sights.items())


def _of_sight(address: IPv4Address, sight: Sight) -> Order:
    return words.SeenAt(int(address), sight.mac, sight.doubtful)


class ToldLeases:
    """The pools, of which every lease that is given or comes back is told.

    Those that end need no word, as it was told when; but for the one that ends as the machine is
    given another.
    """

    def __init__(self, leasing: Leasing, tell: Tell) -> None:
        self._leasing = leasing
        self._tell = tell
        self.ask, self.at, self.holder = leasing.ask, leasing.at, leasing.holder

    def keep(self, interface: str, leased: Leased, answer: Answer, *, shadow: bool) -> Answer:
        """Keep, and tell before the answer leaves."""
        if answer.reply is None or answer.reply.kind is not MessageType.ACK:
            return self._leasing.keep(interface, leased, answer, shadow=shadow)
        before = {lease.address: lease for lease in self._leasing.of(leased.known.mac)}
        kept = self._leasing.keep(interface, leased, answer, shadow=shadow)
        for address in {**before, answer.reply.yiaddr: None}:
            lease = self._leasing.keeper.book.leases.get(address)
            if lease is not None and lease is not before.get(address):
                self._tell(_of_lease(lease))
        return kept

    def hear(self, message: Message, client: Client, interface: str) -> None:
        """Take what is given back, and tell."""
        self._leasing.hear(message, client, interface)
        self._tell_of(message.ciaddr)
        self._tell_of(message.get(options.REQUESTED_ADDRESS))

    def has(self, mac: Mac) -> bool:
        """Whether a MAC has leased an address."""
        return self._leasing.has(mac)

    def all(self) -> Iterator[Order]:
        """What a new worker must hear."""
        return map(_of_lease, self._leasing.keeper.book.leases.values())

    def _tell_of(self, address: IPv4Address | None) -> None:
        lease = self._leasing.keeper.book.leases.get(address) if address else None
        if lease is not None:
            self._tell(_of_lease(lease))


def _of_lease(lease: Lease) -> Order:
    return words.Leased(int(lease.address), None if lease.released else lease.mac, lease.until)


# --- in a worker


class HeardLoops(Loops):
    """Loops as the main process counts them, and tells of them.

    Whoever is set free here is told to `freed`: it may ask no door of the main process.
    """

    def __init__(
        self, limits: Callable[[], Boot], now: Callable[[], float], freed: Callable[[str], None]
    ) -> None:
        super().__init__(limits, now, lambda _: None)
        self._freed = freed

    def hear(self, told: words.Tallied) -> None:
        """Take what counts are now."""
        for each in told.counts:
            if each.count:
                self._tallies[each.mac] = Tally(each.count, each.last)
            else:
                super().forget(each.mac)

    def forget(self, mac: str) -> None:
        """Forget, and tell."""
        super().forget(mac)
        self._freed(mac)


class HeardAnswers(Answers):
    """Answers for files and scripts, made after all that was told is heard.

    So an order counts at every worker from the moment at which it is acknowledged.
    """

    def __init__(
        self,
        world: World,
        leases: "HeardLeases",
        held: Held,
        seen: "HeardSeen",
        *,
        orders: Orders,
        ticket: Callable[[Known, Site], str] = lambda _known, _site: "",
        catch_up: Callable[[], None],
    ) -> None:
        super().__init__(
            world, leases, held, seen, orders.over, leaves=orders.leaves, ticket=ticket
        )
        self._catch_up = catch_up

    def fetch(self, interface: str, *, tftp: bool) -> Fetch:
        """What the doors for files on an interface ask."""
        plain = super().fetch(interface, tftp=tftp)

        def fetch(asked: str, peer: IPv4Address) -> Given:
            self._catch_up()
            return plain(asked, peer)

        return fetch

    def images(self, interface: str) -> Images:
        """What the ISO endpoint of an interface asks."""
        plain = super().images(interface)

        def find(asked: str, peer: IPv4Address) -> Pictured:
            self._catch_up()
            return plain(asked, peer)

        return find


class HeardSeen(Seen):
    """Addresses that the main process has seen, looked up after all that was told is heard."""

    def __init__(self, catch_up: Callable[[], None]) -> None:
        super().__init__()
        self._catch_up = catch_up

    def hear(self, told: words.SeenAt) -> None:
        """Take who is at an address now."""
        self.note(IPv4Address(told.address), Sight(told.mac, 0.0, told.doubtful))

    def at(self, address: IPv4Address) -> Mac | None:
        """The MAC that was last seen with an address."""
        self._catch_up()
        return super().at(address)

    def alone_at(self, address: IPv4Address) -> Mac | None:
        """The same, where no other MAC has claimed the address lately."""
        self._catch_up()
        return super().alone_at(address)


class HeardLeases:
    """Who has leased which address.  A worker has no DHCP door, and gives none."""

    def __init__(self, now: Callable[[], float], catch_up: Callable[[], None]) -> None:
        self._now = now
        self._catch_up = catch_up
        self._leases: dict[int, words.Leased] = {}

    def learn(self, told: words.Leased) -> None:
        """Take who has an address now."""
        if told.mac:
            self._leases[told.address] = told
        else:
            self._leases.pop(told.address, None)

    def ask(self, message: Message, client: Client, site: Site, known: Known | None) -> str:  # noqa: ARG002
        """Why none is given."""
        return "leases are given by the main process"

    def keep(self, interface: str, leased: Leased, answer: Answer, *, shadow: bool) -> Answer:  # noqa: ARG002
        """As it is."""
        return answer

    def hear(self, message: Message, client: Client, interface: str) -> None:
        """Nothing comes back to where nothing is given."""

    def has(self, mac: Mac) -> bool:
        """Whether a MAC has leased an address: who has no DHCP door is not asked."""
        return any(lease.mac == mac for lease in self._leases.values())

    def at(self, address: IPv4Address) -> Mac | None:
        """The MAC that has leased an address."""
        self._catch_up()
        lease = self._leases.get(int(address))
        if lease is None or lease.until + REMEMBERED < self._now():
            return None
        return lease.mac

    def holder(self, address: IPv4Address) -> Mac | None:
        """The MAC whose lease of an address is not over."""
        self._catch_up()
        lease = self._leases.get(int(address))
        return lease.mac if lease is not None and lease.until > self._now() else None
