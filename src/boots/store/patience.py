"""Connections to PostgreSQL that give a server up which takes what is said and never answers.

Where its machine is stopped or its processes are, the kernel beneath goes on to acknowledge what
comes, so no timeout of TCP helps, nor one that the server would have to keep.
"""

import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg.errors import ConnectionTimeout

_REST = 1.0  # seconds
T = TypeVar("T")


def patient(answer: float, ping: float) -> Callable[..., Connection[Any]]:
    """What makes connections that wait so many seconds for an answer.

    `ping` is for the question whether one that lay idle is still good.
    """

    class Patient(Connection[Any]):
        def wait(self, gen: Generator[Any, Any, T], *args: Any, **named: Any) -> T:
            # The engine pings outside of transactions, and asks for nothing else there.
            patience = ping if self.autocommit else answer
            try:
                return super().wait(_until(gen, patience), *args, **named)
            except _Silent as error:
                self.close()  # what it says later is nobody's answer
                raise OperationalError(str(error)) from None

    return _Connecting(Patient.connect)


class _Connecting:
    """Connects; for a moment after nobody answered all who ask are told so at once.

    Else each of those who wait in line would wait as long again.
    """

    def __init__(self, connect: Callable[..., Connection[Any]]) -> None:
        self._connect = connect
        self._rests_until = 0.0

    def __call__(self, *words: Any, **named: Any) -> Connection[Any]:
        if time.monotonic() < self._rests_until:
            raise OperationalError("PostgreSQL did not answer a moment ago")
        try:
            return self._connect(*words, **named)
        except ConnectionTimeout:
            self._rests_until = time.monotonic() + _REST
            raise


class _Silent(Exception):
    """It said nothing for too long."""


def _until(gen: Generator[Any, Any, T], patience: float) -> Generator[Any, Any, T]:
    """Psycopg's own steps, which it goes on with each tenth of a second, until it is too late."""
    deadline = time.monotonic() + patience
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > deadline:
                raise _Silent(f"PostgreSQL has not answered for {patience:.0f} s")
            wanted = gen.send(ready)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]
