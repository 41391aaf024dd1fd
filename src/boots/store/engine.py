"""The two engines: SQLite in a file of ours, or PostgreSQL."""

import importlib.util
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from boots.model.disk_trouble import is_disk_trouble

_PATIENCE = 5  # seconds that a connection or a lock may take
_PING = 2  # seconds that a connection which lay idle may take to show that it is good
_MODE = 0o600
# Prepared statements for each connection, of some KB each.  A question about several machines is
# another one for each number of them, so Python's own choice of 128 fills over hours.
_STATEMENTS = 24
_PRAGMAS = (
    *("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"),
    "cache_size = -512",  # KiB of pages for each connection; SQLite's own choice is 2,000
)


class StoreError(Exception):
    """The store cannot be used as the settings want it; the text says what to do."""


class StoreAway(Exception):
    """The store does not answer now; what was asked has not been done."""


def sqlite_url(path: Path) -> str:
    """The URL of a store in a file."""
    return f"sqlite:///{path}"


def make(url: str) -> Engine:
    """An engine for a URL as the setting ``store.url`` has it.

    Raises:
        StoreError: it is no URL of a store, or what it needs is not installed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _wrong(url) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite" and parsed.database and parsed.database != ":memory:":
        return _sqlite(url, Path(parsed.database))
    if kind == "postgresql":
        if importlib.util.find_spec("psycopg") is None:
            raise StoreError(
                "store.url names PostgreSQL, and psycopg is not installed;"
                " install boots-netboot[postgres]"
            )
        return _postgres(parsed)
    raise _wrong(url)


def _postgres(url: URL) -> Engine:
    from boots.store.patience import patient  # noqa: PLC0415  # psycopg may not be installed

    connect = patient(answer=_PATIENCE * 2 + 1, ping=_PING)
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=4,
        max_overflow=4,
        pool_timeout=_PATIENCE,
        connect_args={
            "connect_timeout": _PATIENCE,
            "tcp_user_timeout": _PATIENCE * 1000,
            "options": f"-c statement_timeout={_PATIENCE * 2}s -c lock_timeout={_PATIENCE}s",
        },
    )
    event.listen(engine, "do_connect", lambda _d, _r, words, named: connect(*words, **named))
    return engine


def _wrong(url: str) -> StoreError:
    scheme = url.partition(":")[0]
    return StoreError(
        f'store.url = "{scheme}:…" will not do;'
        " write postgresql://USER@HOST/DATABASE, or sqlite:///PATH"
    )


def _sqlite(url: str, path: Path) -> Engine:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=_MODE, exist_ok=True)
    except OSError as error:
        # A disk that fails must keep no machine from booting: the store is away until it is well.
        if not is_disk_trouble(error):
            raise StoreError(f"{path}: cannot be written: {error.strerror}") from None
    words = {"timeout": _PATIENCE, "check_same_thread": False, "cached_statements": _STATEMENTS}
    engine = create_engine(url, connect_args=words)
    same = _Same(path)
    event.listen(engine, "do_connect", same)
    event.listen(engine, "checkout", same)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


class _Same:
    """Sees that the file is the one that it was: an empty one in its place is no store of ours.

    Where it was removed, or a backup was put there, what is in force stays so, and nothing is
    written where nobody would find it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._facts()

    def __call__(self, *_: object) -> None:
        """A connection is about to be made, or used."""
        if self._known is None:
            self._make()
        if self._facts() != self._known:
            why = f"{self._path} was removed or replaced; put it back, or restart the server"
            raise OperationalError(None, None, Exception(why))

    def _make(self) -> None:
        """The disk took no file when the server started."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=_MODE, exist_ok=True)
        except OSError as error:
            raise OperationalError(None, None, error) from None
        self._known = self._facts()

    def _facts(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _prepare(connection: Any, _record: object) -> None:
    """Have readers go on while one writes, and every commit on the disk before it returns.

    The kernel has the pages in memory; to have them once more for each connection fills over hours.
    """
    connection.isolation_level = None  # transactions are begun by `_begin`, not by guesses
    for pragma in _PRAGMAS:
        _pragma(connection, pragma)


def _pragma(connection: Any, pragma: str) -> None:
    """Set one; servers that open a new file together are in each other's way for a moment.

    SQLite waits for no lock where it turns to WAL.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute(f"PRAGMA {pragma}")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    # One that reads first and then writes may find the file locked for good.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def named(engine: Engine) -> str:
    """Where it is, for people: a file, or a URL without its password."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.render_as_string(hide_password=True)


def is_postgres(connection: Connection) -> bool:
    """Whether this is PostgreSQL."""
    return connection.dialect.name == "postgresql"


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, committed at its end.

    Raises:
        StoreAway: the database does not answer, is full, damaged, or locked for too long.
    """
    try:
        with engine.execution_options(writes=True).begin() as connection:
            yield connection
    except (DatabaseError, InterfaceError, PoolTimeout) as error:
        if not _is_away(error):
            raise
        raise StoreAway(in_words(error)) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reading.

    Raises:
        StoreAway: the database does not answer.
    """
    try:
        with engine.connect() as connection:
            yield connection
    except (DatabaseError, InterfaceError, PoolTimeout) as error:
        if not _is_away(error):
            raise
        raise StoreAway(in_words(error)) from error


def _is_away(error: Exception) -> bool:
    """Whether it is the database's fault, not that of what was asked.

    SQLite says of a damaged file no more than that it is an error of the database.
    """
    away = (OperationalError, InterfaceError, InternalError, PoolTimeout)
    return isinstance(error, away) or type(error) is DatabaseError


def in_words(error: Exception) -> str:
    """What went wrong, in a line for people."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(origin).split())[:300] or type(origin).__name__
