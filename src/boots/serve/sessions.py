"""The agents' sessions over HTTP, and the word of a system that it is up.

Bodies are decoded into exactly what they must be, and bounded; what is refused is told in a line.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import msgspec
from aiohttp import hdrs, web

from boots.policy import token
from boots.policy.metadata import PHONE_HOME
from boots.serve.agent_words import (
    LARGEST_EDGES,
    LARGEST_REPORT,
    Ask,
    AskBack,
    Caller,
    Denied,
    EdgesSaid,
    Hello,
    Report,
    Sessions,
)
from boots.serve.bodies import Bodies
from boots.serve.doors import Fetch, impostor
from boots.serve.forwarded import Peer
from boots.serve.outline import refuse_heavy

_ASKED = re.compile(
    r"/(?P<mac>[^/{}]+)/agent/v1/(?P<what>hello|next|events|edges)(?:/(?P<number>[0-9]{1,18}))?"
)
_SMALL = 16 << 10  # bytes of what agents say, but for reports
_LARGEST_WORD = 64 << 10  # bytes of what a system posts as it phones home
_PATIENCE = 60.0  # seconds that a body may take
_BEARER = "Bearer "
_PUTTING = {hdrs.METH_POST, hdrs.METH_PUT}

T = TypeVar("T")


class SessionRoom:
    """Answers agents on one interface; `bodies` has room for so many of what they say at once."""

    def __init__(
        self, fetch: Fetch, sessions: Sessions, interface: str, bodies: Bodies | None = None
    ) -> None:
        self._taking = bodies.taking if bodies is not None else _freely
        self._fetch = fetch
        self._sessions = sessions
        self._interface = interface
        self._rooms: Mapping[str, Callable[[web.BaseRequest, Caller, str], Awaitable[Any]]] = {
            "hello": self._hello,
            "next": self._next,
            "events": self._events,
            "edges": self._edges,
        }

    def answer(self, request: web.BaseRequest, peer: Peer) -> Awaitable[web.StreamResponse] | None:
        """The answer to an agent or a system; None where the path is of neither."""
        if request.method in _PUTTING and is_phone_home(request.path):
            return self._phone_home(request, peer)
        found = _ASKED.fullmatch(request.path)
        if found is None or request.method != hdrs.METH_POST:
            return None
        if found["number"] and found["what"] != "edges":
            return None
        return self._answered(request, peer, found)

    async def _answered(
        self, request: web.BaseRequest, peer: Peer, found: "re.Match[str]"
    ) -> web.StreamResponse:
        given = self._fetch(f"/{found['mac']}/agent", peer.ipv4)
        if given.known is None or given.known.stranger:
            raise web.HTTPForbidden(text="no machine of ours asks\n")
        if given.elsewhere:
            self._sessions.elsewhere(impostor(given, str(peer), "http"))
            raise web.HTTPForbidden(text=f"{given.elsewhere}\n")
        said = request.headers.get(hdrs.AUTHORIZATION, "")
        key = said.removeprefix(_BEARER) if said.startswith(_BEARER) else ""
        caller = Caller(given.known, self._interface, str(peer), key[:256])
        try:
            made = await self._rooms[found["what"]](request, caller, found["number"] or "")
        except Denied as denied:
            return web.Response(status=denied.status, text=f"{denied.why}\n")
        if made is None:
            return web.Response(status=204)
        if isinstance(made, bytes):
            return web.Response(body=made, content_type="application/octet-stream")
        return web.json_response(body=msgspec.json.encode(made))

    async def _hello(self, request: web.BaseRequest, caller: Caller, _: str) -> Any:
        return await self._sessions.hello(caller, await self._body(request, Hello))

    async def _next(self, request: web.BaseRequest, caller: Caller, _: str) -> Any:
        return await self._sessions.next(caller, await self._body(request, Ask))

    async def _events(self, request: web.BaseRequest, caller: Caller, _: str) -> Any:
        said = await self._body(request, Report, LARGEST_REPORT, refuse_heavy)
        return await self._sessions.events(caller, said)

    async def _edges(self, request: web.BaseRequest, caller: Caller, number: str) -> Any:
        if number:
            said = await self._body(request, AskBack)
            return await self._sessions.edges_back(caller, int(number), said)
        try:
            about = msgspec.convert(dict(request.query), EdgesSaid, strict=False)
        except msgspec.ValidationError as error:
            raise Denied(400, str(error)) from None
        with self._taking(request):
            ends = await read(request, LARGEST_EDGES)
        await self._sessions.edges(caller, about, ends)
        return None

    async def _phone_home(self, request: web.BaseRequest, peer: Peer) -> web.StreamResponse:
        with self._taking(request):
            await read(request, _LARGEST_WORD)  # what it says of itself is not asked
        given = self._fetch(request.path, peer.ipv4)
        if given.known is None or given.known.stranger:
            raise web.HTTPForbidden(text="neither a token nor its address says whose word it is\n")
        if given.elsewhere:
            self._sessions.elsewhere(impostor(given, str(peer), "http"))
            raise web.HTTPForbidden(text=f"{given.elsewhere}\n")
        try:
            await self._sessions.lives(given.known, str(peer))
        except Denied as denied:
            return web.Response(status=denied.status, text=f"{denied.why}\n")
        return web.Response(status=204)

    async def _body(
        self,
        request: web.BaseRequest,
        kind: type[T],
        largest: int = _SMALL,
        weigh: Callable[[bytes], None] = lambda _: None,
    ) -> T:
        """What a body says, of which `weigh` says first whether it can be read soon.

        Raises:
            Denied: it does not say that.
        """
        with self._taking(request):
            body = await read(request, largest)
        try:
            weigh(body)
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Denied(400, str(error)) from None


def _freely(_: web.BaseRequest) -> AbstractContextManager[None]:
    """Who passed it on has counted it."""
    return nullcontext()


def is_phone_home(path: str) -> bool:
    """Whether this is where systems say that they are up: below a token, or by their address.

    A MAC or a serial number before it would say of whom is spoken, and anybody can write one.
    """
    before, _, name = path.rpartition("/")
    return name == PHONE_HOME and (not before or token.is_one(before.removeprefix("/")))


def is_asked(path: str) -> bool:
    """Whether this is for the sessions of agents, or phones home."""
    return is_phone_home(path) or _ASKED.fullmatch(path) is not None


async def read(request: web.BaseRequest, largest: int) -> bytes:
    """The body.

    Raises:
        web.HTTPException: it is too large, too slow, or broken.
    """
    if (request.content_length or 0) > largest:
        raise web.HTTPRequestEntityTooLarge(largest, request.content_length or 0)
    parts, size = [], 0
    try:
        async with asyncio.timeout(_PATIENCE):
            async for part in request.content.iter_any():
                size += len(part)
                if size > largest:
                    raise web.HTTPRequestEntityTooLarge(largest, size)
                parts.append(part)
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"no body within {_PATIENCE:.0f} s\n") from None
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(text=f"an unreadable body: {error.__cause__}\n") from None
    return b"".join(parts)
