"""The HTTP door on the boot side: scripts, boot files, kernels and initrds, and OSIE's agent."""

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import msgspec
import structlog
from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from boots import __version__
from boots.journal import events
from boots.policy.got import File, Ground, Refusal, Rendered, Script
from boots.serve.doors import Fetch, Given, Record

_STATUS = {
    Ground.STRANGER: 403,
    Ground.FORBIDDEN: 403,
    Ground.MISSING: 404,
    Ground.BROKEN: 500,
}
_TYPES = {".efi": "application/efi", ".ipxe": "text/plain", ".cfg": "text/plain"}
SERVER = f"Boots/{__version__}"
_LARGEST_REPORT = 1 << 20
_BACKLOG = 1024
_GRACE = 2.5  # seconds; aiohttp gives requests under way twice that to end when we stop
_TOLD_EVERY = 0.5  # seconds between two looks at how far the downloads are
_log = structlog.get_logger()

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Hand:
    """What a download needs of its door."""

    record: Record
    clock: Clock
    downloads: "set[_Download]"


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
    """Answers HTTP on one address.

    `clock` is monotonic, in seconds.  `alive` gives what ``/healthcheck`` shows.
    """

    def __init__(
        self,
        sock: socket.socket,
        fetch: Fetch,
        record: Record,
        clock: Clock,
        alive: Callable[[], object],
    ) -> None:
        self._sock = sock
        self._fetch = fetch
        self._record = record
        self._alive = alive
        self._hand = _Hand(record, clock, set())
        self._runner: web.AppRunner | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to answer."""
        app = web.Application(client_max_size=_LARGEST_REPORT, middlewares=[self._named])
        app.router.add_get("/healthcheck", self._health)
        app.router.add_post("/{mac}/agent/v1/progress", self._progress)
        app.router.add_post("/{mac}/agent/v1/inventory", self._inventory)
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
        await web.SockSite(self._runner, self._sock, backlog=_BACKLOG).start()
        self._watcher = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop taking requests; those under way get some seconds to end."""
        if self._watcher is not None:
            self._watcher.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _named(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except (web.HTTPException, ConnectionError, asyncio.CancelledError):
            raise
        except Exception:  # a fault of ours must not close the door
            _log.exception("http request failed", path=request.path)
            return web.Response(status=500, text="a fault of the server\n")

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(body=msgspec.json.encode(self._alive()))

    # --- files and scripts

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD}:
            raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD"])
        given = self._fetch(request.path, IPv4Address(_peer_address(request)))
        match given.what:
            case Refusal(ground, why):
                self._refused(request, given, why)
                return web.Response(status=_STATUS[ground], text=f"{why}\n")
            case Script():
                return self._script(request, given, given.what)
            case Rendered():
                return self._rendered(request, given, given.what)
            case File(_, path):
                return _Download(given, path, _peer(request), self._hand)

    def _refused(self, request: web.Request, given: Given, why: str) -> None:
        self._record(
            events.FetchRefused(
                mac=given.mac, peer=_peer(request), door="http", name=given.name, why=why
            )
        )

    def _script(self, request: web.Request, given: Given, script: Script) -> web.StreamResponse:
        if request.method == hdrs.METH_GET:
            self._record(
                events.ScriptServed(
                    mac=given.mac,
                    peer=_peer(request),
                    door="http",
                    profile=script.profile,
                    script=script.text,
                    problem=script.problem,
                )
            )
        return web.Response(text=script.text, headers={hdrs.CACHE_CONTROL: "no-store"})

    def _rendered(self, request: web.Request, given: Given, made: Rendered) -> web.StreamResponse:
        if request.method == hdrs.METH_GET:
            self._record(
                events.FileRendered(
                    mac=given.mac,
                    peer=_peer(request),
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

    # --- OSIE's agent

    async def _report(self, request: web.Request) -> tuple[Given, Any]:
        """The machine that reports, and what it says.

        Raises:
            web.HTTPException: it is no machine of ours, or does not speak JSON objects.
        """
        mac = request.match_info["mac"]
        given = self._fetch(f"/{mac}/agent", IPv4Address(_peer_address(request)))
        if given.known is None:
            raise web.HTTPForbidden(text="no machine of ours reports\n")
        try:
            body = await request.read()
        except web.RequestPayloadError as error:
            raise web.HTTPBadRequest(text=f"an unreadable body: {error.__cause__}\n") from None
        try:
            said = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise web.HTTPBadRequest(text=f"not JSON: {error}\n") from None
        if not isinstance(said, dict):
            raise web.HTTPBadRequest(text="a JSON object is wanted\n")
        return given, said

    async def _progress(self, request: web.Request) -> web.StreamResponse:
        given, said = await self._report(request)
        self._record(
            events.AgentProgressed(
                mac=given.mac,
                peer=_peer(request),
                stage=str(said.get("stage", ""))[:64],
                message=str(said.get("message", ""))[:1024],
            )
        )
        return web.Response(status=204)

    async def _inventory(self, request: web.Request) -> web.StreamResponse:
        given, said = await self._report(request)
        then = given.known.machine.then.value if given.known else "idle"
        self._record(
            events.InventoryReported(mac=given.mac, peer=_peer(request), inventory=said, next=then)
        )
        return web.json_response({"next": then})


def _with_target(make: Callable[..., web.BaseRequest]) -> Callable[..., web.BaseRequest]:
    """Give a target to a request that has none ("CONNECT" alone).

    aiohttp's parser lets it pass and its request class breaks on it, which leaves the connection
    without anybody to answer or close it.
    """

    def made(message: RawRequestMessage, *more: Any) -> web.BaseRequest:
        return make(message if message.url else message._replace(url=URL("/")), *more)

    return made


class _Download(web.FileResponse):
    """A file response that tells the journal how it goes; the bytes leave by sendfile."""

    def __init__(self, given: Given, path: str, peer: str, hand: _Hand) -> None:
        kind = _TYPES.get(Path(path).suffix, "application/octet-stream")
        super().__init__(path, headers={hdrs.CONTENT_TYPE: kind})
        self._about = {"mac": str(given.mac), "peer": peer, "door": "http", "name": given.name}
        self._hand = hand
        self._size = 0
        self._before = 0
        self._socket: Any = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the file."""
        started = self._hand.clock()
        self._socket = request.transport.get_extra_info("socket") if request.transport else None
        self._before = _acknowledged(self._socket)
        if hdrs.ACCEPT_ENCODING in request.headers:
            # aiohttp would look for "name.gz" beside the file and give that out instead.
            headers = request.headers.copy()
            headers.popall(hdrs.ACCEPT_ENCODING)
            request = request.clone(headers=headers)
        try:
            writer = await super().prepare(request)
        except asyncio.CancelledError:
            self._failed("the server is stopping")
            raise
        except ConnectionError:
            self._failed("the client closed the connection")
            raise
        except OSError as error:  # the client has not been heard of for minutes, or the disk fails
            self._failed(error.strerror or str(error))
            raise ConnectionAbortedError(str(error)) from None
        finally:
            self._hand.downloads.discard(self)
        self._hand.record(self._outcome(request, self._hand.clock() - started))
        return writer

    def begin(self, request: web.BaseRequest) -> None:
        """The headers are complete, the size is known: the file begins to leave."""
        self._size = self.content_length or 0
        if request.method == hdrs.METH_GET and self.status in {200, 206}:
            self._hand.downloads.add(self)
            self._hand.record(events.TransferStarted(size=self._size, **self._about))

    def tell(self) -> None:
        """How far it is."""
        self._hand.record(
            events.TransferProgressed(sent=self._sent(), size=self._size, **self._about)
        )

    def _outcome(self, request: web.BaseRequest, seconds: float) -> events.AnyEvent:
        if self.status >= 400:
            why = f"{_FAILURES.get(self.status, 'refused')} (HTTP {self.status})"
            return events.FetchRefused(why=why, **self._about)
        if request.method == hdrs.METH_HEAD or self.status == 304:
            return events.TransferProbed(size=self._size, **self._about)
        return events.TransferFinished(size=self._size, seconds=seconds, **self._about)

    def _failed(self, why: str) -> None:
        self._hand.record(events.TransferFailed(sent=self._sent(), why=why, **self._about))

    def _sent(self) -> int:
        return min(max(0, _acknowledged(self._socket) - self._before), self._size)


_FAILURES = {
    403: "the server may not read the file",
    404: "the file has gone from the server",
    416: "the range asked for is not in the file",
}
_BYTES_ACKED = 120  # offset of tcpi_bytes_acked in struct tcp_info (linux/tcp.h)


def _acknowledged(sock: Any) -> int:
    """How many bytes the peer of a TCP socket has acknowledged, as the kernel counts them."""
    if sock is None:
        return 0
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return int(struct.unpack_from("Q", info, _BYTES_ACKED)[0])
    except (OSError, struct.error):
        return 0


async def _prepared(request: web.Request, response: web.StreamResponse) -> None:
    response.headers[hdrs.SERVER] = SERVER
    if isinstance(response, _Download):
        response.begin(request)


def _peer_address(request: web.Request) -> str:
    return request.remote or "0.0.0.0"


def _peer(request: web.Request) -> str:
    name = request.transport.get_extra_info("peername") if request.transport else None
    return f"{name[0]}:{name[1]}" if name else ""
