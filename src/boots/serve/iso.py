"""The ISO endpoint: an image on its way to a machine gets that machine's kernel arguments."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from ipaddress import IPv4Address

from aiohttp import ClientSession, DummyCookieJar, hdrs, web
from yarl import URL

from boots.journal import events
from boots.patching import Finder, Replacer, overlay
from boots.policy.got import Ground, Refusal
from boots.policy.iso import Image
from boots.policy.token import hidden
from boots.serve import source
from boots.serve.forwarded import Peer
from boots.serve.reading import About, Readings
from boots.serve.source import Piece, SourceError
from boots.serve.story import SERVER, Hand

_MOST_KNOWN = 64  # sources whose placeholders we remember
_MOST_SCANS = 4  # at a time: each reads a whole ISO


@dataclass(frozen=True, slots=True)
class Pictured:
    """The ISO for a path, and the machine it is for."""

    mac: str
    what: Image | Refusal


Images = Callable[[str, IPv4Address], Pictured]
"""Answers a path below ``/iso/``, and who asks."""

Places = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Edition:
    """One content of one source, as far as we can tell it from another."""

    source: str
    version: str
    total: int
    placeholder: bytes


class IsoRoom:
    """Hands out patched ISOs, whole and in ranges."""

    def __init__(self, images: Images | None, status: Mapping[Ground, int], hand: Hand) -> None:
        self._images = images
        self._status = status
        self._hand = hand
        self._readings = Readings(hand)
        self._sessions: dict[bool, ClientSession] = {}
        self._places: dict[_Edition, Places] = {}
        self._scans: dict[_Edition, asyncio.Task[Places]] = {}

    @property
    def is_open(self) -> bool:
        """Whether there is anything to ask for."""
        return self._images is not None

    async def close(self) -> None:
        """Let go of the sources."""
        for scan in self._scans.values():
            scan.cancel()
        await asyncio.gather(*self._scans.values(), return_exceptions=True)
        self._readings.close()
        for session in self._sessions.values():
            await session.close()

    async def answer(self, request: web.BaseRequest, peer: Peer) -> web.StreamResponse:
        """Answer GET and HEAD."""
        if self._images is None:
            raise web.HTTPNotFound
        given = self._images(request.path, peer.ipv4)
        about = About(given.mac, str(peer), hidden(request.path.strip("/")))
        match given.what:
            case Refusal(ground, why):
                return self._refuse(about, why, self._status[ground])
            case Image():
                pass
        try:
            return await self._give(request, given.what, about)
        except SourceError as error:
            return self._refuse(about, str(error), 502)

    def _refuse(self, about: About, why: str, status: int) -> web.Response:
        self._hand.record(events.FetchRefused(why=why, door="http", **about.fields))
        return web.Response(status=status, text=f"{why}\n")

    async def _give(
        self, request: web.BaseRequest, image: Image, about: About
    ) -> web.StreamResponse:
        wanted = source.one_range(request.headers.get(hdrs.RANGE, ""))
        head = request.method == hdrs.METH_HEAD
        condition = request.headers.get(hdrs.IF_RANGE, "")
        if condition and wanted:
            async with self._open(image, "") as piece:
                if condition != _tag(piece, image):
                    wanted = ""
        async with self._open(image, wanted) as piece:
            edition = _Edition(image.source, piece.version, piece.total, image.placeholder)
            if head or piece.status == 416:
                if len(self._scans) < _MOST_SCANS:
                    self._scan(edition, image)  # who asks for the size will ask for ranges next
                return self._facts(piece, image, about)
            if piece.length == piece.total or edition in self._places:
                return await self._send(request, image, piece, edition, about)
        # A range of something we have not seen: where to write must be found first.
        if len(self._scans) >= _MOST_SCANS and edition not in self._scans:
            return self._refuse(about, "too many ISOs are searched; ask again later", 503)
        await asyncio.shield(self._scan(edition, image))
        async with self._open(image, wanted) as piece:
            again = _Edition(image.source, piece.version, piece.total, image.placeholder)
            if again not in self._places:
                raise SourceError("the ISO changes while it is read")
            return await self._send(request, image, piece, again, about)

    def _open(self, image: Image, wanted: str) -> AbstractAsyncContextManager[Piece]:
        if image.local:
            return source.of_file(image.source, wanted)
        session = self._sessions.get(image.trusted)
        if session is None:
            session = self._sessions[image.trusted] = ClientSession(
                connector=None if image.trusted else source.far_connector(),
                headers={hdrs.USER_AGENT: SERVER},
                cookie_jar=DummyCookieJar(),
                auto_decompress=False,
            )
        return source.of_url(session, image.source, wanted, trusted=image.trusted)

    # --- where the placeholders are

    def _scan(self, edition: _Edition, image: Image) -> "asyncio.Task[Places]":
        """The one search through this edition; it goes on even if who asked goes away."""
        scan = self._scans.get(edition)
        if scan is None:
            scan = self._scans[edition] = asyncio.create_task(self._search(edition, image))
            scan.add_done_callback(lambda done: self._searched(edition, done))
        return scan

    def _searched(self, edition: _Edition, scan: "asyncio.Task[Places]") -> None:
        del self._scans[edition]
        if not scan.cancelled():
            scan.exception()  # whoever waits hears of it; a search in advance fails unheard

    async def _search(self, edition: _Edition, image: Image) -> Places:
        if edition in self._places:
            return self._places[edition]
        finder = Finder(image.placeholder)
        async with self._open(image, "") as piece:
            found = _Edition(image.source, piece.version, piece.total, image.placeholder)
            async for chunk in piece.chunks:
                finder.feed(chunk)
        self._remember(found, tuple(finder.places))
        return tuple(finder.places)

    def _remember(self, edition: _Edition, places: Places) -> None:
        self._places[edition] = places
        while len(self._places) > _MOST_KNOWN:
            del self._places[next(iter(self._places))]

    # --- sending

    def _facts(self, piece: Piece, image: Image, about: About) -> web.StreamResponse:
        if piece.status == 416:
            refused = self._refuse(about, "the range asked for is not in the ISO (HTTP 416)", 416)
            refused.headers[hdrs.CONTENT_RANGE] = f"bytes */{max(piece.total, 0)}"
            return refused
        size = piece.length
        self._hand.record(events.TransferProbed(size=size, door="http", **about.fields))
        response = web.StreamResponse(status=piece.status, headers=_headers(piece, image))
        response.content_length = size
        return response

    async def _send(
        self,
        request: web.BaseRequest,
        image: Image,
        piece: Piece,
        edition: _Edition,
        about: About,
    ) -> web.StreamResponse:
        tag = _tag(piece, image)
        if tag and request.headers.get(hdrs.IF_NONE_MATCH) == tag:
            return web.Response(status=304, headers={hdrs.ETAG: tag})
        response = web.StreamResponse(status=piece.status, headers=_headers(piece, image))
        response.content_length = piece.length
        whole = piece.length == piece.total
        try:
            with self._readings.reading(about, piece.total, whole=whole) as reading:
                await response.prepare(request)
                async for chunk in self._patched(piece, image, edition):
                    await response.write(chunk)
                    reading.sent += len(chunk)
                await response.write_eof()
        except (ConnectionError, SourceError):
            # Headers have left: only an end before the end can tell the client.
            if request.transport is not None:
                request.transport.abort()
            return response
        if not self._places.get(edition, (0,)) and reading.first:
            self._hand.record(
                events.IsoUnpatched(mac=about.mac, peer=about.peer, source=_plain(image))
            )
        return response

    async def _patched(self, piece: Piece, image: Image, edition: _Edition) -> AsyncIterator[bytes]:
        places = self._places.get(edition)
        if places is not None:
            at = piece.start
            async for chunk in piece.chunks:
                yield overlay(chunk, at, places, image.text)
                at += len(chunk)
            return
        replacer = Replacer(image.placeholder, image.text)
        async for chunk in piece.chunks:
            ready = replacer.feed(chunk)
            if ready:
                yield ready
        yield replacer.end()
        self._remember(edition, tuple(replacer.places))


def _plain(image: Image) -> str:
    """Where an ISO comes from, without what opens it there."""
    if image.local:
        return image.source
    return str(URL(image.source).with_user(None).with_query(None).with_fragment(None))


def _headers(piece: Piece, image: Image) -> dict[str, str]:
    headers: dict[str, str] = {
        hdrs.SERVER: SERVER,
        hdrs.CONTENT_TYPE: "application/x-iso9660-image",
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.CACHE_CONTROL: "no-store",
    }
    if piece.status == 206:
        total = piece.total if piece.total >= 0 else "*"
        last = piece.start + piece.length - 1
        headers[hdrs.CONTENT_RANGE] = f"bytes {piece.start}-{last}/{total}"
    tag = _tag(piece, image)
    return headers | ({hdrs.ETAG: tag} if tag else {})


def _tag(piece: Piece, image: Image) -> str:
    """An entity tag of what this machine gets: it differs where the arguments do."""
    if not piece.version:
        return ""
    facts = f"{piece.version} {piece.total} ".encode() + image.text
    return f'"{hashlib.sha256(facts).hexdigest()[:32]}"'
