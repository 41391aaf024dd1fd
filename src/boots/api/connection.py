"""One connection of an operator: what aiohttp refuses by itself is a problem, too.

There is a bound on how many there are, and who waits for a connection's end can be told.  One that
asks nothing keeps nobody out: it must ask something soon, and gives way to others where there is
no room.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from yarl import URL

from boots.api import problems
from boots.journal.limited import Limited
from boots.model.limits import OPERATOR_CONNECTIONS, OPERATOR_FIRST_WORD, READ_AT_ONCE

Complaint = Callable[[str, str], None]
"""Is told of a peer that spoke no HTTP, and what was wrong."""


class Connection(web.RequestHandler):
    """What aiohttp makes for each connection."""

    __slots__ = (
        *("_asked", "_bound", "_ending", "_first_word", "_limited", "_peer"),
        *("_seal", "_watchers"),
    )

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
        super().__init__(manager, **given)
        self._bound = bound
        self._limited = limited
        self._peer = ""
        self._first_word = first_word
        self._asked = False
        self._ending: asyncio.TimerHandle | None = None
        self._seal = seal
        self._watchers: set[Callable[[], None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if there is room."""
        super().connection_made(transport)
        reader: Any = getattr(transport, "_ssl_protocol", transport)
        reader.max_size = min(reader.max_size, READ_AT_ONCE)  # TLS keeps a buffer of that size
        self._peer = str((transport.get_extra_info("peername") or ("",))[0])
        self._ending = self._loop.call_later(self._first_word, self._end_unless_asked)
        if self._manager is not None and len(self._manager.connections) > self._bound:
            self._limited.reached(OPERATOR_CONNECTIONS, peer=self._peer)
            idle = (each for each in self._manager.connections if _is_idle(each))
            gives_way = next(idle, self)  # the one that was there first
            gives_way.force_close()
            if gives_way is self:
                transport.close()

    def asks(self) -> None:
        """A request has come, all of its head."""
        self._asked = True
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def _end_unless_asked(self) -> None:
        if not self._asked:
            self._limited.reached(OPERATOR_FIRST_WORD, peer=self._peer)
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell those who wait for it."""
        super().connection_lost(exc)
        if self._ending is not None:
            self._ending.cancel()
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


def _is_idle(connection: web.RequestHandler) -> bool:
    """Whether nothing that it asked is being answered; one that came this moment may yet ask."""
    busy = connection._current_request is not None or connection._request_in_progress  # noqa: SLF001
    return isinstance(connection, Connection) and connection.transport is not None and not busy


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
        super().__init__(handler, request_factory=_requests(asyncio.get_running_loop()))
        self._made = {"bound": bound, "seal": seal, "limited": limited, **given}

    def __call__(self) -> web.RequestHandler:
        """One more connection."""
        return Connection(self, loop=self._loop, **self._made)


def _requests(loop: asyncio.AbstractEventLoop) -> Callable[..., web.BaseRequest]:
    """What makes the requests, and gives a target to one that has none ("CONNECT" alone)."""

    def made(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        if not message.url:
            message = message._replace(url=URL("/"))
        if isinstance(protocol, Connection):
            protocol.asks()
        return web.BaseRequest(
            message, payload, protocol, writer, task, loop, client_max_size=1 << 20
        )

    return made
