"""Changes: what one server wrote of machines, orders and tokens, told to the others.

Each is a row, written with what it tells of.  PostgreSQL wakes who listens; SQLite is looked at.
"""

from collections.abc import Callable
from threading import Event
from typing import NamedTuple

from sqlalchemy import Connection, Engine, delete, func, insert, select, text

from boots.store.engine import is_postgres
from boots.store.schema import changes

CHANNEL = "boots_changes"
MACHINE, ORDER, TOKEN, EVENTS = "machine", "order", "token", "events"
_IN_ORDER = 0x626F6F7474  # the advisory lock that has numbers come in the order of commits
_KEPT = 86_400.0  # seconds


class Change(NamedTuple):
    """One of them; `key` is a machine's name, or a token's number."""

    id: int
    server: str
    what: str
    key: str


def in_order(connection: Connection) -> None:
    """Let nobody else commit rows with numbers until this transaction is over.

    Else a reader that has seen number 7 would never see a 6 that is committed later.
    """
    if is_postgres(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IN_ORDER})


def tell(connection: Connection, server: str, what: str, key: str, at: float) -> None:
    """Tell the others of a change, when the transaction is committed."""
    in_order(connection)
    connection.execute(insert(changes).values(at=at, server=server, what=what, key=key))
    connection.execute(delete(changes).where(changes.c.at < at - _KEPT))
    wake(connection)


def wake(connection: Connection) -> None:
    """Wake who listens, when the transaction is committed."""
    if is_postgres(connection):
        connection.execute(text(f"NOTIFY {CHANNEL}"))


def last(connection: Connection) -> int:
    """The number of the last change."""
    return connection.execute(select(func.max(changes.c.id))).scalar() or 0


def since(connection: Connection, number: int) -> list[Change]:
    """The changes after a number, in their order."""
    found = connection.execute(
        select(changes.c.id, changes.c.server, changes.c.what, changes.c.key)
        .where(changes.c.id > number)
        .order_by(changes.c.id)
    )
    return [Change(*row) for row in found]


def listen(
    engine: Engine, woken: Callable[[], None], stop: Event, ready: Callable[[], None]
) -> None:
    """Call `woken` at each change, until `stop` is set; returns at once where nobody can listen.

    `ready` is called once it listens: what was changed before must be looked for.

    Raises:
        sqlalchemy.exc.DBAPIError, psycopg.Error: the connection is gone.
    """
    if engine.dialect.name != "postgresql":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"LISTEN {CHANNEL}"))
        driver = connection.connection.driver_connection
        ready()
        while not stop.is_set():
            for _ in driver.notifies(timeout=0.5):  # type: ignore[union-attr]
                woken()
            connection.exec_driver_sql("SELECT 1")  # a server that went is noticed
