"""Does a deed again and again, killed at each of its statements in turn; says what is left.

``python -m tests.store.deeds URL`` prints a line of JSON for each try: at which statement it was
killed (0: it came to its end), how many orders there are then, and what the audit log says.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
from typing import Any

from sqlalchemy import event

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


def killed_at(url: str, statement: int) -> bool:
    """Do it in a process of its own; whether that was killed before this statement."""
    child = os.fork()
    if not child:
        counted = itertools.count(1)

        def count(*_: Any) -> None:
            if next(counted) == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        engine = engines.make(url)
        event.listen(engine, "before_cursor_execute", count)
        event.listen(engine, "commit", count)
        asyncio.run(order(Store(engine, "a"), f"m-{statement}"))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def main(url: str) -> None:
    """Kill it at every statement, until it comes to its end."""
    for statement in itertools.count(1):
        killed = killed_at(url, statement)
        print(json.dumps([statement if killed else 0, *left(url)]))
        if not killed:
            return


if __name__ == "__main__":
    main(sys.argv[1])
