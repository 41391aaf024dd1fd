"""Does a deed again and again, killed at each of its statements in turn; says what is left.

``python -m tests.store.deeds URL`` prints a line of JSON for each try: at which statement it was
killed (0: it came to its end), how many orders there are then, and what the audit log says.
"""

import asyncio
import sys

from tests.store.killed import tell

from boots.model.order import Netboot, Order
from boots.store import audit, orders, witness
from boots.store import engine as engines
from boots.store.audit import Deed
from boots.store.engine import reading
from boots.store.store import Store

KEY = b"the key of this server is this, "


def deed(machine: str, server: str = "a") -> Deed:
    """Somebody orders something of a machine."""
    return Deed(1.0, server, "ann", "operator", "192.0.2.1", "order", machine, "")


async def order(store: Store, machine: str) -> None:
    """Order something of a machine, as a request does."""
    with witness.witnessed(lambda _: deed(machine, store.server), lambda: KEY) as seen:
        given = Order(netboot=Netboot.ONCE, profile="", by="ann", at=1.0)
        await store.write(orders.give, machine, given, server=store.me)
        assert witness.DONE == seen.stands


def left(url: str) -> tuple[list[str], list[str]]:
    """The machines of which something is ordered, and those of the audit log."""
    engine = engines.make(url)
    with reading(engine) as connection:
        assert not audit.prove(connection, KEY).broken
        rows = audit.read(connection)
        found = sorted(orders.every(connection)), sorted(each.deed.machine for each in rows)
    engine.dispose()
    return found


if __name__ == "__main__":
    tell(
        sys.argv[1],
        lambda engine, number: asyncio.run(order(Store(engine, "a"), f"m-{number}")),
        left,
    )
