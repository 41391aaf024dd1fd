"""The store as the server asks it: from the event loop, answered in threads of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from boots.store import witness
from boots.store.engine import reading, transaction
from boots.store.migrate import NEWEST, bring_up

_READERS = 4
_log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """A database.  `server` is the name of this server among those that share it.

    What is asked of it is a function of a connection, and further arguments.
    """

    def __init__(self, engine: Engine, server: str) -> None:
        self.engine = engine
        self.server = server
        self.me = f"{server}/{token_hex(4)}"
        """Which process changed something: two may have one name, by mistake or for a moment."""
        self._readers = ThreadPoolExecutor(_READERS, "store-read")
        self._writer = ThreadPoolExecutor(1, "store-write")

    async def read(
        self, ask: Callable[Concatenate[Connection, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        """Ask something that changes nothing.

        Raises:
            StoreAway: the database does not answer.
        """

        def run() -> T:
            with reading(self.engine) as connection:
                return ask(connection, *args, **named)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def write(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        """Change something; when this returns it is on the disk.

        The row of the deed that is under way is written with it, once; a `change` that gives False
        changed nothing, and has none.

        Raises:
            StoreAway: the database does not answer, and nothing was changed.
        """
        row, written = witness.row()

        def run() -> T:
            with transaction(self.engine) as connection:
                done = change(connection, *args, **named)
                if done is not False:
                    row(connection)
            if done is not False:
                written()
            return done

        # A change that has begun is finished, whoever goes away meanwhile.
        future = asyncio.get_running_loop().run_in_executor(self._writer, run)
        return await asyncio.shield(future)

    async def begin(self, deed: witness.Witness) -> None:
        """Write down that a deed is begun which changes nothing here: what it does is elsewhere.

        Raises:
            StoreAway: nobody could write that down.
        """
        row = deed.row(witness.BEGUN)

        def run() -> None:
            with transaction(self.engine) as connection:
                row(connection)
            deed.stands = witness.BEGUN

        future = asyncio.get_running_loop().run_in_executor(self._writer, run)
        await asyncio.shield(future)

    async def open(self) -> None:
        """Have the newest schema.

        Raises:
            StoreAway: the database does not answer.
            StoreError: it has a schema of the future.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._writer, bring_up, self.engine)
        if found not in {None, NEWEST}:
            _log.info("the store has a newer schema now", was=found, is_now=NEWEST)

    def close(self) -> None:
        """Let the threads end, and the connections."""
        for executor in (self._readers, self._writer):
            executor.shutdown(wait=True, cancel_futures=True)
        self.engine.dispose()
