"""Records that were made through the API."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from boots.store import changes
from boots.store.schema import machines, orders


class Kept(NamedTuple):
    """A record as it is kept: JSON, and how many times it was written."""

    name: str
    record: str
    revision: int


class Conflict(Exception):
    """Another revision is in the store than the one that was to be changed; None: there is none."""

    def __init__(self, revision: int | None) -> None:
        super().__init__(revision)
        self.revision = revision


def every(connection: Connection) -> list[Kept]:
    """All of them, by name."""
    found = connection.execute(
        select(machines.c.name, machines.c.record, machines.c.revision).order_by(machines.c.name)
    )
    return [Kept(*row) for row in found]


def one(connection: Connection, name: str) -> Kept | None:
    """One of them."""
    found = connection.execute(
        select(machines.c.name, machines.c.record, machines.c.revision).where(
            machines.c.name == name
        )
    ).first()
    return Kept(*found) if found else None


def create(
    connection: Connection, name: str, record: str, *, by: str, at: float, server: str
) -> Kept:
    """Keep a new one.

    Raises:
        Conflict: there is one of this name.
    """
    changes.in_order(connection)
    there = one(connection, name)
    if there is not None:
        raise Conflict(there.revision)
    connection.execute(
        insert(machines).values(
            name=name, record=record, revision=1, made_at=at, changed_at=at, changed_by=by
        )
    )
    changes.tell(connection, server, changes.MACHINE, name, at)
    return Kept(name, record, 1)


def replace(
    connection: Connection,
    name: str,
    record: str,
    revision: int | None,
    *,
    by: str,
    at: float,
    server: str,
) -> Kept:
    """Change one, if it has the `revision` that was seen; None takes any.

    Raises:
        Conflict: it has another one, or there is none.
    """
    changes.in_order(connection)
    there = _seen(connection, name, revision)
    connection.execute(
        update(machines)
        .where(machines.c.name == name)
        .values(record=record, revision=there.revision + 1, changed_at=at, changed_by=by)
    )
    changes.tell(connection, server, changes.MACHINE, name, at)
    return Kept(name, record, there.revision + 1)


def remove(
    connection: Connection, name: str, revision: int | None, *, at: float, server: str
) -> None:
    """Forget one, and what was ordered of it.

    Raises:
        Conflict: as `replace`.
    """
    changes.in_order(connection)
    _seen(connection, name, revision)
    connection.execute(delete(machines).where(machines.c.name == name))
    connection.execute(delete(orders).where(orders.c.machine == name))
    changes.tell(connection, server, changes.MACHINE, name, at)
    changes.tell(connection, server, changes.ORDER, name, at)


def _seen(connection: Connection, name: str, revision: int | None) -> Kept:
    there = one(connection, name)
    if there is None or (revision is not None and revision != there.revision):
        raise Conflict(there.revision if there else None)
    return there
