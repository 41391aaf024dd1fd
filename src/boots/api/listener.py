"""The operator's listener: the API, and pages beside it, at one socket."""

import asyncio
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

import structlog
from aiohttp import hdrs, web

from boots.api import problems
from boots.api.answering import Answering
from boots.api.asked import Asked, PageRoute, Pages
from boots.api.auditing import Auditing
from boots.api.auth import NOBODY, Guard, may, peer
from boots.api.connection import Connections
from boots.api.desk import Desk, Refused
from boots.api.login import Login
from boots.api.matching import Matching, NotAllowed
from boots.api.pace import Pace
from boots.api.route import Route
from boots.api.seal import seal
from boots.api.telling import Record, Telling
from boots.client.words import Me
from boots.http.complaints import Complaints
from boots.journal.limited import Limited
from boots.model.limits import OPERATOR_CONNECTIONS, OPERATOR_STREAMS

_GRACE = 2.5  # seconds; aiohttp gives requests under way twice that to end when we stop
_BACKLOG = 128
_LOOK = 60.0  # seconds between two looks at the token of an answer that goes on
_log = structlog.get_logger()


Secure = Callable[[web.ServerRunner, socket.socket, Callable[[str, str], None]], web.BaseSite]
"""Makes a site of a socket; it tells of a peer with whom TLS came to nothing, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the settings say of the listener.

    `hosts` are names that it may be called by, `clients` those who may come with a certificate.
    `revoked` says of one of those (DER) why it opens nothing any more, or is empty.
    `tokens_required` has each request bring one on a loopback address, too.  `connections` and
    `streams` are how many of them there may be.  `secure` makes what speaks TLS at the socket; who
    fails at that is told.
    """

    tokens_required: bool = False
    hosts: Sequence[str] = ()
    clients: Sequence[Me] = ()
    revoked: Callable[[bytes], str] | None = None
    secure: Secure | None = None
    connections: int = OPERATOR_CONNECTIONS.most
    streams: int = OPERATOR_STREAMS.most
    alive_every: float = 15.0
    patience: float = 30.0


class Listener:
    """Answers operators at one socket.

    Where that is bound to a loopback address, everybody there may do everything, unless the
    `rules` require tokens.  `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        sock: socket.socket,
        desk: Desk,
        record: Record,
        rules: Rules | None = None,
        pages: Pages | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sock = sock
        self._rules = rules or Rules()
        self._pages = pages
        self._seal = partial(seal, secure=self._rules.secure is not None)
        self._clock = clock
        self._told = Telling(record, clock)
        self._limited = Limited(record)
        self._guard = Guard(
            desk.whose,
            clock,
            self._told,
            open_to_all=_is_loopback(sock) and not self._rules.tokens_required,
            hosts=self._rules.hosts,
            clients=self._rules.clients,
            revoked=self._rules.revoked,
        )
        self._auditing = Auditing(desk, clock, self._limited)
        self._pace = Pace(clock, self._limited)
        self._answering = Answering(desk, self._rules, clock, self._limited)
        login = Login(self._guard, secure=self._rules.secure is not None)
        paged = pages.routes if pages is not None else ()
        self._matching: Matching[Route | PageRoute] = Matching(
            [*self._answering.routes, *login.routes, *paged]
        )
        self._runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        """Where it is, for people."""
        host, port = self._sock.getsockname()[:2]
        scheme = "https" if self._rules.secure is not None else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    async def open(self) -> None:
        """Begin to answer."""
        server = Connections(
            self._answer,
            bound=self._rules.connections,
            limited=self._limited,
            seal=self._seal,
            access_log=None,
            logger=Complaints(self._told),
            keepalive_timeout=75,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_GRACE)
        await self._runner.setup()
        await self._site(self._runner).start()

    def _site(self, runner: web.ServerRunner) -> web.BaseSite:
        if self._rules.secure is not None:
            return self._rules.secure(runner, self._sock, self._told)
        return web.SockSite(runner, self._sock, backlog=_BACKLOG)

    async def close(self) -> None:
        """Stop taking requests; streams end, other requests under way get some seconds to."""
        self._answering.streams.close()
        if self._pages is not None:
            self._pages.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        nonce = secrets.token_urlsafe(16)
        try:
            response = await self._given(request, nonce)
        except Refused as refused:
            response = await self._refused(request, refused, nonce)
        except web.HTTPException as error:
            response = await self._raised(request, error, nonce)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:  # a fault of ours must not close the door
            _log.exception("a request of an operator failed", path=request.path)
            fault = Refused(500, "Internal Server Error", "a fault of the server; its log has it")
            response = await self._refused(request, fault, nonce)
        self._seal(response, nonce)
        return response

    async def _given(self, request: web.BaseRequest, nonce: str) -> web.StreamResponse:
        self._guard.check(request)
        route, keys = self._matching.find(request.method, request.rel_url.raw_path)
        self._pace.check(self._guard.whose(request), peer(request))
        me = await self._known(request, route)
        asked = Asked(
            request=request,
            me=me,
            keys=keys,
            nonce=nonce,
            still=self._still(request, me),
            seal=lambda response: self._seal(response, nonce),
        )
        response: web.StreamResponse = await self._auditing.around(
            route, asked, lambda: self._answered(route, asked)
        )
        return response

    async def _answered(self, route: Route | PageRoute, asked: Asked) -> web.StreamResponse:
        if isinstance(route, PageRoute):
            return await route.handler(asked)
        return await self._answering.answer(route, asked)

    async def _known(self, request: web.BaseRequest, route: Route | PageRoute) -> Me:
        """Who asks; who may not is written down."""
        try:
            me = await self._who(request, route)
        except Refused as refused:
            await self._auditing.turned_away(request, route, "", refused)
            raise
        if route.role is not None and not may(me, route.role):
            needs = Refused(403, "Forbidden", f"this needs the role {route.role.value}")
            await self._auditing.turned_away(request, route, me.name, needs)
            raise needs
        return me

    async def _who(self, request: web.BaseRequest, route: Route | PageRoute) -> Me:
        if route.role is None:
            try:
                return await self._guard.who(request)
            except Refused:
                return NOBODY
        return await self._guard.who(request)

    def _still(self, request: web.BaseRequest, me: Me) -> Callable[[], Awaitable[bool]]:
        """Whether who asks may still ask; looked at once a minute."""
        looked = self._clock()

        async def still() -> bool:
            nonlocal looked
            if self._clock() - looked < _LOOK:
                return True
            looked = self._clock()
            try:
                return await self._guard.who(request) == me
            except Refused:
                return False

        return still

    async def _raised(
        self, request: web.BaseRequest, error: web.HTTPException, nonce: str
    ) -> web.StreamResponse:
        """What a page, or aiohttp, raised: a way elsewhere, or a problem."""
        if error.status < 400:
            return web.Response(status=error.status, headers=error.headers)
        refused = Refused(error.status, error.reason, "")
        return await self._refused(request, refused, nonce)

    async def _refused(
        self, request: web.BaseRequest, refused: Refused, nonce: str
    ) -> web.StreamResponse:
        """A problem, as the asker can read it."""
        problem = problems.of(refused, request.path)
        headers = dict(getattr(refused, "headers", {}))
        if isinstance(refused, NotAllowed):
            headers[hdrs.ALLOW] = ", ".join(refused.allowed)
        if self._pages is not None and _reads_pages(request):
            try:
                shown = await self._pages.problem(request, problem, nonce)
            except Exception:
                _log.exception("the page of a problem failed", path=request.path)
            else:
                shown.headers.update(headers)
                return shown
        return problems.response(problem, headers)


def _reads_pages(request: web.BaseRequest) -> bool:
    """Whether a browser asks, and not for the API."""
    return "text/html" in request.headers.get(hdrs.ACCEPT, "") and not request.path.startswith(
        "/v1/"
    )


def _is_loopback(sock: socket.socket) -> bool:
    if sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return False
    return ip_address(sock.getsockname()[0].partition("%")[0]).is_loopback
