"""Orders in force: in memory, over the index, and used up as machines boot."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace as with_other
from typing import Any, TypeVar

from msgspec.structs import replace

from boots.app.loops import says_what_to_run
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.machines.index import Index
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.order import Netboot, Order
from boots.policy.client import Program
from boots.policy.ordered import GRACE, SKEW, ordered, used_up
from boots.policy.path import AUTOEXEC

K = TypeVar("K")
D = TypeVar("D")
_IPXE, _OS = Program.IPXE.value, Program.OS.value


class Orders:
    """What was ordered of machines, by their names; a sink of the journal uses ``once`` up.

    `now` is the time in seconds since 1970.  `name_of` gives the name of the machine that has a
    MAC.  `spent` is told of each order that is used up, and from when on, to be written down;
    `noted` before, of a machine and when its order was given, as the answer is about to leave.
    """

    def __init__(
        self,
        now: Callable[[], float],
        name_of: Callable[[Mac], str],
        spent: Callable[[str, Order], None] = lambda _name, _order: None,
        noted: Callable[[str, float], None] = lambda _name, _given: None,
    ) -> None:
        self._now = now
        self._name_of = name_of
        self._spent = spent
        self._noted = noted
        self._orders: dict[str, Order] = {}

    def of(self, name: str) -> Order | None:
        """What is ordered of a machine."""
        return self._orders.get(name)

    def every(self) -> Mapping[str, Order]:
        """All of them."""
        return self._orders

    def put(self, name: str, order: Order | None) -> None:
        """Have this order in force, or none."""
        if order is None:
            self._orders.pop(name, None)
        else:
            self._orders[name] = order

    def over(self, index: Index) -> Index:
        """An index that finds machines as they boot under their orders."""
        return with_other(
            index,
            by_mac=Over(index.by_mac, self._orders),
            by_address=Over(index.by_address, self._orders),
            by_serial=Over(index.by_serial, self._orders),
        )

    def held(self, known: Known) -> str:
        """Why an order lets this machine boot nothing any more; empty while it may."""
        order = self._orders.get(known.machine.name)
        return used_up(order, self._now()) if order is not None else ""

    def leaves(self, known: Known) -> None:
        """A machine is about to be told what to run: should we end now, that was it."""
        order = self._orders.get(known.machine.name)
        if order is not None and order.netboot is Netboot.ONCE and not order.spent:
            self._noted(known.machine.name, order.at)

    # --- as a sink of the journal

    def write(self, entries: Sequence[Entry]) -> None:
        """Use up what was ordered once."""
        if not self._orders:
            return
        for entry in entries:
            heed = _HEEDED.get(type(entry.event))
            if heed is not None:
                heed(self, entry.event, entry.at)

    def close(self) -> None:
        """Nothing is kept here."""

    def told(self, mac: str, at: float) -> None:
        """The machine was told what to run: some time from then on its order is used up."""
        name = self._name_of(Mac(mac))
        if not self._is_older(self._orders.get(name), at):
            self.use_up(name, at + GRACE)

    def lives(self, mac: str, at: float) -> None:
        """What it was told to run runs: its order is used up now."""
        name = self._name_of(Mac(mac))
        order = self._orders.get(name)
        if order is not None and order.spent and not self._is_older(order, at):
            self.use_up(name, at)

    def _is_older(self, order: Order | None, at: float) -> bool:
        """Whether something happened before an order was given; as servers that share it tell.

        One that was given in the future was so by a clock that was set back since.
        """
        return order is not None and at < order.at - SKEW and order.at <= self._now()

    def use_up(self, name: str, at: float) -> None:
        """The order of this machine is used up from this moment on, unless it is so sooner."""
        order = self._orders.get(name)
        if order is None or order.netboot is not Netboot.ONCE or 0 < order.spent <= at:
            return
        self._orders[name] = fresh = replace(order, spent=at)
        self._spent(name, fresh)


class Over(Mapping[K, Known]):
    """Finds machines as they boot under their orders."""

    __slots__ = ("_found", "_orders")

    def __init__(self, found: Mapping[K, Known], orders: Mapping[str, Order]) -> None:
        self._found = found
        self._orders = orders

    # What `Mapping` has in its place takes several times as long, and packets come here.
    def get(self, key: K, default: D = None) -> Known | D:  # type: ignore[assignment]
        """The machine; the default where there is none."""
        known = self._found.get(key)
        if known is None:
            return default
        order = self._orders.get(known.machine.name)
        return known if order is None else ordered(known, order)

    def __getitem__(self, key: K) -> Known:
        known = self._found[key]
        order = self._orders.get(known.machine.name)
        return known if order is None else ordered(known, order)

    def __contains__(self, key: object) -> bool:
        return key in self._found

    def __iter__(self) -> Iterator[K]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


# --- what each event says of an order


def _script(orders: Orders, event: events.ScriptServed, at: float) -> None:
    if event.mac and not event.problem and event.profile != AUTOEXEC:
        orders.told(event.mac, at)


def _rendered(orders: Orders, event: events.FileRendered, at: float) -> None:
    if event.mac and says_what_to_run(event.name):
        orders.told(event.mac, at)


def _ack(orders: Orders, event: events.AckSent, at: float) -> None:
    if event.program == _IPXE and event.boot_file and not says_what_to_run(event.boot_file):
        orders.told(event.mac, at)  # its record has a script elsewhere
    elif event.program == _OS:
        orders.lives(event.mac, at)


def _alive(
    orders: Orders, event: events.AgentProgressed | events.InventoryReported, at: float
) -> None:
    orders.lives(event.mac, at)


_HEEDED: Mapping[type[AnyEvent], Callable[[Orders, Any, float], None]] = {
    events.ScriptServed: _script,
    events.FileRendered: _rendered,
    events.AckSent: _ack,
    events.AgentProgressed: _alive,
    events.InventoryReported: _alive,
}
