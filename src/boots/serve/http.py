"""The HTTP door on the boot side: what is asked where, and who answers it."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import structlog
from aiohttp import hdrs, web

from boots.http.complaints import Complaints
from boots.http.handshakes import SecureSite
from boots.journal import events
from boots.journal.limited import Limited
from boots.model.limits import HTTPS_HANDSHAKES
from boots.policy import iso
from boots.policy.got import File, Ground, Refusal, Rendered, Script
from boots.policy.token import hidden
from boots.serve import download
from boots.serve.agent import AgentReports
from boots.serve.agent_words import Sessions, Waiting
from boots.serve.bodies import Bodies
from boots.serve.connections import Bounds, Connections, Room
from boots.serve.doors import Fetch, Given, Record, refused
from boots.serve.forwarded import Network, Peer, asker
from boots.serve.iso import Images, IsoRoom
from boots.serve.sessions import SessionRoom, is_asked
from boots.serve.story import SERVER, Clock, Hand
from boots.serve.wellbeing import Answering, Scrape, Wellbeing

STATUS = {
    Ground.STRANGER: 403,
    Ground.FORBIDDEN: 403,
    Ground.MISSING: 404,
    Ground.BROKEN: 500,
    Ground.GARBLED: 400,
    Ground.OUTSIDE: 403,
}
_OF_SCRIPTS = {hdrs.CONTENT_TYPE: "text/plain; charset=utf-8", hdrs.CACHE_CONTROL: "no-store"}
_LARGEST_REPORT = 256 << 10  # bytes; to read more would hold up the other doors
_BACKLOG = 1024
# Connections that asyncio takes in one turn, before we are asked whether there is room: it calls
# that its backlog, and where descriptors run out it logs a traceback for each.
_IN_A_TURN = 16
GONE_AFTER = 300
"""Seconds after which a client that acknowledges nothing is gone: a link may be down for minutes,
and a download goes on where the connection outlives that."""

_GRACE = 2.5  # seconds; aiohttp gives requests under way twice that to end when we stop
_TOLD_EVERY = 0.5  # seconds between two looks at how far the downloads are
_log = structlog.get_logger()

Relay = Callable[[web.BaseRequest, Peer, str], Awaitable[web.StreamResponse]]
"""Passes a request on; with who asks, and the interface that it came in by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What an HTTP door may have besides files, scripts and reports.

    `ready` says why the server is not ready to answer, and nothing once it is.
    `metrics` gives them in the form that an ``Accept`` header asks for, and the content type.
    `trusted` are the networks of proxies whose word is taken for who asks.
    `mac_of` knows who it is with whom `tls` came to nothing.  `waiting` knows whom runs wait
    for, and `sessions` answers their agents, who ask by the `interface`; `relay` passes on what
    they ask to the process that has those.  `bounds` say how many connections there may be, and
    `limited` is told of those that were too many.
    """

    images: Images | None = None
    ready: Callable[[], str] = str
    metrics: Scrape | None = None
    trusted: tuple[Network, ...] = ()
    tls: ssl.SSLContext | None = None
    mac_of: Callable[[IPv4Address], str] = lambda _: ""
    waiting: Waiting | None = None
    sessions: Sessions | None = None
    interface: str = ""
    bounds: Bounds = field(default_factory=Bounds)
    limited: Limited | None = None
    relay: Relay | None = None


class HttpDoor:
    """Answers HTTP on one address, or HTTPS.

    `clock` is monotonic, in seconds.  `alive` gives what ``/healthcheck`` shows.
    """

    def __init__(
        self,
        sock: socket.socket,
        fetch: Fetch,
        record: Record,
        clock: Clock,
        alive: Callable[[], object],
        *,
        extras: Extras | None = None,
    ) -> None:
        self._sock = sock
        self._fetch = fetch
        self._record = record
        self._extras = extras or Extras()
        self._hand = Hand(record, clock)
        self._iso = IsoRoom(self._extras.images, STATUS, self._hand)
        own = self._extras
        self._limited = own.limited or Limited(record)
        self._bodies = Bodies(self._limited, own.trusted)
        self._reports = AgentReports(
            fetch, record, own.waiting, limited=self._limited, bodies=self._bodies
        )
        self._sessions = (
            SessionRoom(fetch, own.sessions, own.interface, self._bodies)
            if own.sessions is not None
            else None
        )
        self._rooms = Wellbeing(alive, own.ready, own.metrics, clock, self._limited).rooms
        self._runner: web.ServerRunner | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to answer."""
        _give_up_whom_nobody_hears_of(self._sock)
        server = Connections(
            self._answer,
            Room(self._extras.bounds, self._limited),
            _LARGEST_REPORT,
            access_log=None,
            logger=Complaints(self._no_http),
            keepalive_timeout=75,
            tcp_keepalive=False,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_GRACE)
        await self._runner.setup()
        await self._site(self._runner).start()
        self._sock.listen(_BACKLOG)  # others wait in the kernel's queue
        self._watcher = asyncio.create_task(self._watch())

    def _site(self, runner: web.ServerRunner) -> web.BaseSite:
        if self._extras.tls is None:
            return web.SockSite(runner, self._sock, backlog=_IN_A_TURN)
        return SecureSite(
            runner,
            self._sock,
            self._extras.tls,
            self._refused,
            _BACKLOG,
            gave_way=lambda address: self._limited.reached(HTTPS_HANDSHAKES, peer=address),
        )

    def _no_http(self, peer: str, why: str) -> None:
        self._record(events.PacketDropped(door="http", peer=peer, why=why))

    def _refused(self, address: str, port: int, why: str) -> None:
        mac = self._extras.mac_of(IPv4Address(address))
        self._record(events.TlsRefused(mac=mac, peer=f"{address}:{port}", why=why))

    async def close(self) -> None:
        """Stop taking requests; those under way get some seconds to end."""
        if self._watcher is not None:
            self._watcher.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
        else:  # it was never opened
            self._sock.close()
        await self._iso.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            found = self._find(request, asker(request, self._extras.trusted))
            response = found if isinstance(found, web.StreamResponse) else await found
        except web.HTTPException as error:
            error.headers[hdrs.SERVER] = SERVER
            if request.method == hdrs.METH_CONNECT:  # its body was taken for another request
                error.force_close()
            raise
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:  # a fault of ours must not close the door
            _log.exception("http request failed", path=hidden(request.path))
            response = web.Response(status=500, text="a fault of the server\n")
        if not response.prepared:
            response.headers[hdrs.SERVER] = SERVER
        return response

    def _find(self, request: web.BaseRequest, peer: Peer) -> Answering:
        """The answer, or what will be it."""
        path, method = request.path, request.method
        if method not in {hdrs.METH_GET, hdrs.METH_HEAD}:
            report = self._reports.answer(request, peer) if method == hdrs.METH_POST else None
            report = report or self._in_session(request, peer)
            if report is None:
                raise web.HTTPMethodNotAllowed(method, ["GET", "HEAD"])
            return report
        room = self._rooms.get(path)
        if room is not None:
            return room(request)
        if self._iso.is_open and iso.is_wanted(path):
            return self._iso.answer(request, peer)
        return self._give(request, path, peer)

    def _in_session(
        self, request: web.BaseRequest, peer: Peer
    ) -> Awaitable[web.StreamResponse] | None:
        relay = self._extras.relay
        if relay is not None and is_asked(request.path):
            return self._passed_on(relay, request, peer)
        return self._sessions.answer(request, peer) if self._sessions is not None else None

    async def _passed_on(
        self, relay: Relay, request: web.BaseRequest, peer: Peer
    ) -> web.StreamResponse:
        with self._bodies.taking(request):
            return await relay(request, peer, self._extras.interface)

    # --- files and scripts

    def _give(self, request: web.BaseRequest, path: str, peer: Peer) -> web.StreamResponse:
        given = self._fetch(path, peer.ipv4)
        match given.what:
            case Script():
                return self._script(request, given, given.what, str(peer))
            case File(_, place):
                return download.give(request, given, place, str(peer), self._hand)
            case Rendered():
                return self._rendered(request, given, given.what, str(peer))
            case Refusal(ground, why) as refusal:
                self._record(refused(given, refusal, str(peer), "http"))
                return web.Response(status=STATUS[ground], text=f"{why}\n")

    def _script(
        self, request: web.BaseRequest, given: Given, script: Script, peer: str
    ) -> web.StreamResponse:
        if request.method == hdrs.METH_GET:
            self._record(
                events.ScriptServed(
                    mac=given.mac,
                    peer=peer,
                    door="http",
                    profile=script.profile,
                    script=hidden(script.text),
                    problem=hidden(script.problem),
                    private=given.private,
                    trace=given.trace,
                )
            )
        return web.Response(body=script.text.encode(), headers=_OF_SCRIPTS)

    def _rendered(
        self, request: web.BaseRequest, given: Given, made: Rendered, peer: str
    ) -> web.StreamResponse:
        if request.method == hdrs.METH_GET:
            self._record(
                events.FileRendered(
                    mac=given.mac, peer=peer, door="http", name=given.name, source=made.source
                )
            )
        headers = {hdrs.CONTENT_TYPE: made.media, hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(body=made.content, headers=headers)

    async def _watch(self) -> None:
        """Tell how far the downloads are, from the kernel's count of acknowledged bytes."""
        while True:
            await asyncio.sleep(_TOLD_EVERY)
            for leaving in list(self._hand.downloads):
                leaving.tell()


def _give_up_whom_nobody_hears_of(sock: socket.socket) -> None:
    """Have the kernel end connections whose clients are silent; those of a listener inherit it.

    Its own time is 15 minutes for what was sent (tcp_retries2), and 2 hours for who is idle.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, GONE_AFTER // 2)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, GONE_AFTER // 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_AFTER * 1000)
