"""A listener in a thread of its own, for what waits for its answers: the client, the commands."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.api.desk import FakeDesk

from boots.api.listener import Listener, Rules

T = TypeVar("T")


class Server:
    """A listener before the fake desk; `call` runs something where the desk is used."""

    def __init__(self, rules: Rules) -> None:
        self.desk = FakeDesk()
        self.told: list[Any] = []
        self._sock = socket.create_server(("127.0.0.1", 0))
        self._sock.setblocking(False)
        self.port = self._sock.getsockname()[1]
        self.listener = Listener(self._sock, self.desk, self.told.append, rules)
        self.url = self.listener.url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def open(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.listener.open(), self._loop).result(5)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.listener.close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def call(self, what: Callable[[], T]) -> T:
        async def called() -> T:
            return what()

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result(5)


@contextmanager
def serving(**rules: Any) -> Iterator[Server]:
    """A listener that answers."""
    server = Server(Rules(**rules))
    server.open()
    try:
        yield server
    finally:
        server.close()
