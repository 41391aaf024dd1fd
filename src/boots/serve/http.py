"""The HTTP door on the boot side: what is asked where, and who answers it."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from aiohttp import hdrs, web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from boots import __version__
from boots.journal import events
from boots.policy import iso
from boots.policy.got import File, Ground, Refusal, Rendered, Script
from boots.serve.agent import AgentReports
from boots.serve.doors import Fetch, Given, Record
from boots.serve.download import Clock, Download, Hand
from boots.serve.forwarded import Network, peer, settle
from boots.serve.iso import Images, IsoRoom

STATUS = {
    Ground.STRANGER: 403,
    Ground.FORBIDDEN: 403,
    Ground.MISSING: 404,
    Ground.BROKEN: 500,
    Ground.GARBLED: 400,
}
SERVER = f"Boots/{__version__}"
_LARGEST_REPORT = 1 << 20
_BACKLOG = 1024
_GRACE = 2.5  # seconds; aiohttp gives requests under way twice that to end when we stop
_TOLD_EVERY = 0.5  # seconds between two looks at how far the downloads are
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What an HTTP door may have besides files, scripts and reports.

    `ready` says why the server is not ready to answer, and nothing once it is.
    `metrics` gives them in the form that an ``Accept`` header asks for, and the content type.
    `trusted` are the networks of proxies whose word is taken for who asks.
    """

    images: Images | None = None
    ready: Callable[[], str] = str
    metrics: Callable[[str], tuple[bytes, str]] | None = None
    trusted: tuple[Network, ...] = ()
    tls: ssl.SSLContext | None = None


class _Ear(logging.Logger):
    """Hears what aiohttp complains of: bytes that are no HTTP are for the journal."""

    def __init__(self, record: Record) -> None:
        super().__init__("boots.http")
        self._tell = record

    def handle(self, record: logging.LogRecord) -> None:
        """Take one complaint."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, web.RequestPayloadError):  # the body of a request that was answered
            error = error.__cause__
        if isinstance(error, HttpProcessingError):
            peer = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
            why = error.message.strip().partition("\n")[0]
            self._tell(events.PacketDropped(door="http", peer=peer, why=why))
        elif record.levelno >= logging.WARNING and not isinstance(error, ConnectionError):
            _log.error(record.getMessage(), exc_info=error)


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
        self._alive = alive
        self._extras = extras or Extras()
        self._hand = Hand(record, clock)
        self._iso = IsoRoom(self._extras.images, STATUS, self._hand)
        self._runner: web.AppRunner | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to answer."""
        app = web.Application(client_max_size=_LARGEST_REPORT, middlewares=[self._received])
        app.router.add_get("/healthcheck", self._health)
        app.router.add_get("/healthz", self._lives)
        app.router.add_get("/readyz", self._is_ready)
        if self._extras.metrics is not None:
            app.router.add_get("/metrics", self._metrics)
        AgentReports(self._fetch, self._record).register(app)
        app.router.add_route("*", "/{path:.*}", self._get)
        app.on_response_prepare.append(_prepared)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_Ear(self._record),
            keepalive_timeout=75,
            shutdown_timeout=_GRACE,
        )
        await self._runner.setup()
        if self._runner.server is not None:
            self._runner.server.request_factory = _with_target(self._runner.server.request_factory)
        site = web.SockSite(
            self._runner, self._sock, backlog=_BACKLOG, ssl_context=self._extras.tls
        )
        await site.start()
        self._watcher = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop taking requests; those under way get some seconds to end."""
        if self._watcher is not None:
            self._watcher.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._iso.close()

    @web.middleware
    async def _received(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        settle(request, self._extras.trusted)
        try:
            return await handler(request)
        except (web.HTTPException, ConnectionError, asyncio.CancelledError):
            raise
        except Exception:  # a fault of ours must not close the door
            _log.exception("http request failed", path=request.path)
            return web.Response(status=500, text="a fault of the server\n")

    # --- how we are

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(body=msgspec.json.encode(self._alive()))

    async def _lives(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok")

    async def _is_ready(self, _request: web.Request) -> web.StreamResponse:
        why = self._extras.ready()
        return web.Response(status=503, text=f"{why}\n") if why else web.Response(text="ok")

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        if self._extras.metrics is None:
            raise web.HTTPNotFound
        body, kind = self._extras.metrics(request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: kind})

    # --- files and scripts

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD}:
            raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD"])
        if self._iso.is_open and iso.is_wanted(request.path):
            return await self._iso.answer(request)
        given = self._fetch(request.path, peer(request).ipv4)
        match given.what:
            case Refusal(ground, why):
                self._refused(request, given, why)
                return web.Response(status=STATUS[ground], text=f"{why}\n")
            case Script():
                return self._script(request, given, given.what)
            case Rendered():
                return self._rendered(request, given, given.what)
            case File(_, path):
                return Download(given, path, str(peer(request)), self._hand)

    def _refused(self, request: web.Request, given: Given, why: str) -> None:
        self._record(
            events.FetchRefused(
                mac=given.mac, peer=str(peer(request)), door="http", name=given.name, why=why
            )
        )

    def _script(self, request: web.Request, given: Given, script: Script) -> web.StreamResponse:
        if request.method == hdrs.METH_GET:
            self._record(
                events.ScriptServed(
                    mac=given.mac,
                    peer=str(peer(request)),
                    door="http",
                    profile=script.profile,
                    script=script.text,
                    problem=script.problem,
                    trace=given.trace,
                )
            )
        return web.Response(text=script.text, headers={hdrs.CACHE_CONTROL: "no-store"})

    def _rendered(self, request: web.Request, given: Given, made: Rendered) -> web.StreamResponse:
        if request.method == hdrs.METH_GET:
            self._record(
                events.FileRendered(
                    mac=given.mac,
                    peer=str(peer(request)),
                    door="http",
                    name=given.name,
                    source=made.source,
                )
            )
        headers = {hdrs.CONTENT_TYPE: made.media, hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(body=made.content, headers=headers)

    async def _watch(self) -> None:
        """Tell how far the downloads are, from the kernel's count of acknowledged bytes."""
        while True:
            await asyncio.sleep(_TOLD_EVERY)
            for download in list(self._hand.downloads):
                download.tell()


def _with_target(make: Callable[..., web.BaseRequest]) -> Callable[..., web.BaseRequest]:
    """Give a target to a request that has none ("CONNECT" alone).

    aiohttp's parser lets it pass and its request class breaks on it, which leaves the connection
    without anybody to answer or close it.
    """

    def made(message: RawRequestMessage, *more: Any) -> web.BaseRequest:
        return make(message if message.url else message._replace(url=URL("/")), *more)

    return made


async def _prepared(request: web.Request, response: web.StreamResponse) -> None:
    response.headers[hdrs.SERVER] = SERVER
    if isinstance(response, Download):
        response.begin(request)
