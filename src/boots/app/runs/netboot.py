"""What runs order of their machines: netboot on while they go, and off before the end of OSIE."""

from collections.abc import Callable, Mapping, Sequence

from boots.app.keeping import Keeping
from boots.app.runs.words import Kept, Own
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.model.order import Netboot, Order
from boots.model.site import OSIE


class Netboots:
    """Gives the orders of runs.  `clock` gives seconds since 1970."""

    def __init__(
        self, keeping: Keeping, clock: Callable[[], float], tell: Callable[[AnyEvent], None]
    ) -> None:
        self._keeping = keeping
        self._clock = clock
        self._tell = tell

    def on(self, run: str, machines: Sequence[Own]) -> Mapping[str, Order]:
        """The orders by which the machines of a run come to OSIE, to be kept with it."""
        order = Order(netboot=Netboot.ON, profile=OSIE.name, by=by(run), at=self._clock())
        return {each.name: order for each in machines}

    def told(self, orders: Mapping[str, Order], machines: Sequence[Own]) -> None:
        """Tell of orders that were kept."""
        for each in machines:
            order = orders[each.name]
            self._tell(_ordered(each, order))

    async def off(self, kept: Kept, worker: str) -> None:
        """Turn the netboot of a worker off; when this returns it is so for good.

        Raises:
            StoreAway: it is as it was.
        """
        own = kept.of(worker)
        known = self._keeping.orders.of(own.name)
        if known is not None and known.netboot is Netboot.OFF:
            return
        order = Order(netboot=Netboot.OFF, by=by(kept.run.id), at=self._clock())
        await self._keeping.give(own.name, order)
        self._tell(_ordered(own, order))


def by(run: str) -> str:
    """Who gives the orders of a run."""
    return f"run {run}"


def _ordered(own: Own, order: Order) -> AnyEvent:
    return events.BootOrdered(
        mac=own.worker,
        machine=own.name,
        netboot=order.netboot.value,
        profile=order.profile,
        by=order.by,
    )
