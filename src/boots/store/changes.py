"""Changes: what one server wrote of machines, orders, tokens and runs, told to the others.

Each is a row, written with what it tells of.  PostgreSQL wakes who listens; SQLite is looked at.
"""

from collections.abc import Callable
from threading import Event
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from boots.store.engine import is_postgres
from boots.store.schema import changes

CHANNEL = "boots_changes"
MACHINE, ORDER, TOKEN, RUN, FREEZE = "machine", "order", "token", "run", "freeze"
_IN_ORDER = 0x626F6F7474  # the advisory lock that has numbers come in the order of commits
_KEPT = 86_400.0  # seconds


class Change(NamedTuple):
    """One of them; `key` is a machine's name, a token's number, or a run's id."""

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


class Listener:
    """Wakes a server when another one changes something, in a thread."""

    def __init__(self, engine: Engine, woken: Callable[[], None]) -> None:
        self._engine = engine
        self._woken = woken
        self._stop = Event()

    def stop(self) -> None:
        """Have `listen` return within half a second."""
        self._stop.set()

    def listen(self) -> None:
        """Call `woken` at each change, until it is stopped or the connection is gone.

        Once it listens it does so, too: what was changed before must be looked for.
        """
        try:
            with self._engine.connect() as plain:
                connection = plain.execution_options(isolation_level="AUTOCOMMIT")
                connection.execute(text(f"LISTEN {CHANNEL}"))
                driver: Any = connection.connection.driver_connection
                self._woken()
                while not self._stop.is_set():
                    for _ in driver.notifies(timeout=0.5, stop_after=1):
                        self._woken()
                    connection.exec_driver_sql("SELECT 1")  # a server that went is noticed
                plain.invalidate()  # whoever has it next must not listen
        except SQLAlchemyError:
            return
        except Exception as error:  # psycopg's own, which SQLAlchemy does not see here
            if type(error).__module__.partition(".")[0] != "psycopg":
                raise
