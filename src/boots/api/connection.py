"""One connection of an operator: what aiohttp refuses by itself is a problem, too.

There is a bound on how many there are, and who waits for a connection's end can be told.  One that
asks nothing keeps nobody out: it must ask something soon, and gives way to others where there is
no room.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeGuard

from aiohttp import web

from boots.api import problems
from boots.http.connection import Connection
from boots.http.requests import requests
from boots.journal.limited import Limited
from boots.model.limits import OPERATOR_CONNECTIONS, OPERATOR_FIRST_WORD

_LARGEST_BODY = 1 << 20  # bytes, of what aiohttp would read by itself; routes have their own


class OperatorConnection(Connection):
    """A connection of an operator, if there is room."""

    __slots__ = ("_bound", "_limited", "_seal", "_watchers")

    def __init__(
        self,
        manager: web.Server,
        *,
        bound: int,
        seal: Callable[[web.StreamResponse], None],
        limited: Limited,
        first_word: float = OPERATOR_FIRST_WORD.most,
        **given: Any,
    ) -> None:
        super().__init__(manager, first_word=first_word, **given)
        self._bound = bound
        self._limited = limited
        self._seal = seal
        self._watchers: set[Callable[[], None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if there is room."""
        super().connection_made(transport)
        if self._manager is not None and len(self._manager.connections) > self._bound:
            self._limited.reached(OPERATOR_CONNECTIONS.of(self._bound), peer=self.address)
            others = (each for each in self._manager.connections if _is_idle(each))
            next(others, self).end()  # the one that was there first

    def too_late(self) -> None:
        """Nothing was asked in time."""
        self._limited.reached(OPERATOR_FIRST_WORD, peer=self.address)
        super().too_late()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell those who wait for it."""
        super().connection_lost(exc)
        for each in tuple(self._watchers):
            each()

    def watch(self, ended: Callable[[], None]) -> Callable[[], None]:
        """Have `ended` called when the connection is lost; gives what takes that back."""
        self._watchers.add(ended)
        return lambda: self._watchers.discard(ended)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp answers of its own, to what is no HTTP, as a problem."""
        made = super().handle_error(request, status, exc, message)
        detail = (message or "").strip().partition("\n")[0] if status < 500 else ""
        problem = problems.response(problems.of_status(made.status, "", detail))
        self._seal(problem)
        problem.force_close()
        return problem


def watched(request: web.BaseRequest, ended: Callable[[], None]) -> Callable[[], None]:
    """Have `ended` called when the connection of a request is lost; gives what takes that back."""
    connection = request.protocol
    return connection.watch(ended) if isinstance(connection, OperatorConnection) else _nothing


def _nothing() -> None:
    """There is nothing to take back."""


def _is_idle(connection: web.RequestHandler) -> TypeGuard[OperatorConnection]:
    """Whether nothing that it asked is being answered; one that came this moment may yet ask."""
    busy = connection._current_request is not None or connection._request_in_progress  # noqa: SLF001
    return (
        isinstance(connection, OperatorConnection) and connection.transport is not None and not busy
    )


class Connections(web.Server):
    """Makes connections, of which there are `bound` at most; `seal` completes what they answer.

    `limited` hears of each that there was no room for, or that asked nothing.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        bound: int,
        seal: Callable[[web.StreamResponse], None],
        limited: Limited,
        **given: Any,
    ) -> None:
        made = requests(asyncio.get_running_loop(), _LARGEST_BODY)
        super().__init__(handler, request_factory=made)
        self._made = {"bound": bound, "seal": seal, "limited": limited, **given}

    def __call__(self) -> web.RequestHandler:
        """One more connection."""
        return OperatorConnection(self, loop=self._loop, **self._made)
