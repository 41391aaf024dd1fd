"""What agents ask of a worker is answered by the main process: passed on over a socket of ours.

The socket stands in a folder that only we can enter, so who asks and by which interface is taken
from the worker's word.
"""

import asyncio
import io
import shutil
import tempfile
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import structlog
from aiohttp import hdrs, web
from yarl import URL

from boots.serve.agent_words import LARGEST_EDGES, LONGEST_WAIT, Sessions
from boots.serve.doors import Fetch
from boots.serve.forwarded import Peer
from boots.serve.sessions import SessionRoom, read

_PEER, _INTERFACE = "X-Boots-Peer", "X-Boots-Interface"
_PASSED_ON = (hdrs.AUTHORIZATION, hdrs.CONTENT_TYPE)
_PATIENCE = LONGEST_WAIT + 35.0  # seconds
_GRACE = 1.0
_log = structlog.get_logger()


class Relay:
    """In a worker: passes requests on to the socket at `path`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._client: aiohttp.ClientSession | None = None

    async def __call__(
        self, request: web.BaseRequest, peer: Peer, interface: str
    ) -> web.StreamResponse:
        """The main process's answer."""
        body = await read(request, LARGEST_EDGES)
        headers = {str(n): request.headers[n] for n in _PASSED_ON if n in request.headers}
        headers |= {_PEER: f"{peer.address} {peer.port}", _INTERFACE: interface}
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(self._path, limit=0),
                timeout=aiohttp.ClientTimeout(total=_PATIENCE),
                auto_decompress=False,
            )
        url = URL(f"http://main{request.rel_url.raw_path_qs}", encoded=True)
        try:
            async with self._client.request(
                request.method, url, data=io.BytesIO(body), headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.read()
                return web.Response(
                    status=answer.status,
                    body=content,
                    headers={hdrs.CONTENT_TYPE: answer.headers.get(hdrs.CONTENT_TYPE, "")}
                    if content
                    else None,
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("an agent's question could not be passed on", error=str(error))
            return web.Response(status=503, text="the server is busy or ends: ask again\n")

    async def close(self) -> None:
        """Let the connections go."""
        if self._client is not None:
            await self._client.close()


class Relayed:
    """In the main process: answers what workers pass on.

    `fetch` gives what the doors of an interface ask.
    """

    def __init__(self, fetch: Callable[[str], Fetch], sessions: Sessions) -> None:
        self._fetch = fetch
        self._sessions = sessions
        self._folder = Path(tempfile.mkdtemp(prefix="boots-"))
        self._runner: web.ServerRunner | None = None
        self._rooms: dict[str, SessionRoom] = {}

    @property
    def path(self) -> str:
        """The socket's."""
        return str(self._folder / "agents")

    async def open(self) -> None:
        """Begin to answer."""
        server = web.Server(self._answer, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=_GRACE)
        await self._runner.setup()
        await web.UnixSite(self._runner, self.path).start()

    async def close(self) -> None:
        """Stop answering; to do it again does nothing."""
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        interface = request.headers.get(_INTERFACE, "")
        address, _, port = request.headers.get(_PEER, "").partition(" ")
        try:
            peer = Peer(ip_address(address), int(port))
        except ValueError:
            raise web.HTTPBadRequest(text="who asks?\n") from None
        room = self._rooms.get(interface)
        if room is None:
            fetch = self._fetch(interface)
            room = self._rooms[interface] = SessionRoom(fetch, self._sessions, interface)
        answering = room.answer(request, peer)
        if answering is None:
            raise web.HTTPNotFound
        return await answering
