"""Orders: what was ordered of machines over their records."""

from sqlalchemy import Connection, delete, or_, select, update

from boots.model.order import Netboot, Order
from boots.store import changes
from boots.store.schema import orders
from boots.store.upsert import upsert


def every(connection: Connection) -> dict[str, Order]:
    """All of them, by the name of the machine."""
    return {row.machine: _order(row) for row in connection.execute(select(orders))}


def one(connection: Connection, machine: str) -> Order | None:
    """One of them."""
    row = connection.execute(select(orders).where(orders.c.machine == machine)).first()
    return _order(row) if row else None


def give(connection: Connection, machine: str, order: Order, *, server: str) -> None:
    """Keep an order, in the place of an earlier one."""
    changes.in_order(connection)  # before its row, as with records: else each waits for the other
    upsert(
        connection,
        orders,
        [
            {
                "machine": machine,
                "netboot": order.netboot.value,
                "profile": order.profile,
                "given_by": order.by,
                "given_at": order.at,
                "spent_at": order.spent,
            }
        ],
    )
    changes.tell(connection, server, changes.ORDER, machine, order.at)


def spend(
    connection: Connection, machine: str, given: float, spent: float, *, at: float, server: str
) -> None:
    """Write down from when on an order is used up; one that was given anew since stays whole.

    Of two servers that say so the sooner counts.
    """
    changes.in_order(connection)
    done = connection.execute(
        update(orders)
        .where(
            orders.c.machine == machine,
            orders.c.given_at == given,
            or_(orders.c.spent_at == 0, orders.c.spent_at > spent),
        )
        .values(spent_at=spent)
    )
    if done.rowcount:
        changes.tell(connection, server, changes.ORDER, machine, at)


def withdraw(connection: Connection, machine: str, *, at: float, server: str) -> bool:
    """Forget an order; whether there was one."""
    changes.in_order(connection)
    done = connection.execute(delete(orders).where(orders.c.machine == machine))
    if done.rowcount:
        changes.tell(connection, server, changes.ORDER, machine, at)
    return bool(done.rowcount)


def _order(row: object) -> Order:
    netboot, profile, by, at, spent = (
        getattr(row, name) for name in ("netboot", "profile", "given_by", "given_at", "spent_at")
    )
    return Order(netboot=Netboot(netboot), profile=profile, by=by, at=at, spent=spent)
