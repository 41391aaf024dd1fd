"""Server-Sent Events: answers that go on, and readers that do not keep up.

What waits for a reader is bounded, and told of where it did not fit.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

import msgspec
import structlog
from aiohttp import hdrs, web

from boots.api.asked import Asked
from boots.api.connection import watched
from boots.api.desk import Refused
from boots.client.words import EventLine, MachineLine

MEDIA = "text/event-stream"
_log = structlog.get_logger()
_GATHER = 0.05  # seconds of which all leaves together: in a storm the doors need the time
_RETRY = b"retry: 2000\n\n"  # milliseconds until a browser comes back
_MOST = 1 << 20  # bytes of events that wait for one reader
_MOST_MACHINES = 20_000  # lines that wait for one reader
_PIECE = 65_536  # bytes written at once
_AT_ONCE = 200  # machines in one event of the stream


class Outbox(Protocol):
    """What waits for one reader."""

    def take(self) -> list[bytes]:
        """All that waits, framed; then nothing does."""


def frame(kind: str, data: bytes, identity: int | None = None) -> bytes:
    """One event of a stream; JSON as msgspec writes it is one line."""
    head = b"" if identity is None else b"id: %d\n" % identity
    return b"%sevent: %s\ndata: %s\n\n" % (head, kind.encode(), data)


class EventBox:
    """Events for a reader, in order; of those that do not fit the oldest are left out.

    The reader is then told how many, the first and the last id, and ``after`` which they come:
    ``/v1/events`` has them.  Ids of others are in no order, so nobody can reckon that one.

    `after` is the id that the stream goes on after; where there is none the first event is kept.
    """

    def __init__(self, most: int = _MOST, *, after: int | None = None) -> None:
        self._most = most
        self._before = after
        self._after = 0
        self._frames: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._missed = 0
        self._gap = (0, 0)

    def put(self, line: EventLine) -> None:
        """One more event."""
        framed = frame(line.kind, msgspec.json.encode(line), line.id)
        self._frames.append((line.id, framed))
        self._size += len(framed)
        kept = self._kept
        while self._size > self._most and len(self._frames) > kept + 1:
            identity, gone = self._frames[kept]
            del self._frames[kept]
            self._size -= len(gone)
            if not self._missed:
                self._after = self._frames[0][0] if self._before is None else self._before
            self._gap = (self._gap[0] if self._missed else identity, identity)
            self._missed += 1

    @property
    def _kept(self) -> int:
        """How many events in front are not left out: one, where no id is known before it."""
        return int(self._before is None)

    @property
    def is_full(self) -> bool:
        """Whether no more should be put in that can wait elsewhere."""
        return self._size > self._most // 2

    def take(self) -> list[bytes]:
        """All that waits."""
        found = [framed for _, framed in self._frames]
        if self._missed:
            first, last = self._gap
            told = {"missed": self._missed, "after": self._after, "first": first, "last": last}
            found.insert(self._kept, frame("missed", msgspec.json.encode(told)))
        if self._frames:
            self._before = self._frames[-1][0]
        self._frames.clear()
        self._size = self._missed = 0
        return found


class MachineBox:
    """The latest line of each machine that changed: who is slow gets fewer, and none too old."""

    def __init__(self, most: int = _MOST_MACHINES) -> None:
        self._most = most
        self._lines: dict[str, MachineLine] = {}
        self._missed = 0

    def put(self, lines: Sequence[MachineLine]) -> None:
        """Machines that changed."""
        for line in lines:
            if len(self._lines) < self._most or line.name in self._lines:
                self._lines[line.name] = line
            else:
                self._missed += 1

    def take(self) -> list[bytes]:
        """All that waits."""
        lines = list(self._lines.values())
        found = [
            frame("machines", msgspec.json.encode(lines[at : at + _AT_ONCE]))
            for at in range(0, len(lines), _AT_ONCE)
        ]
        if self._missed:
            found.append(frame("missed", msgspec.json.encode({"missed": self._missed})))
        self._lines, self._missed = {}, 0
        return found


class Stream:
    """One answer that goes on, and what fills it: `wake` says that something waits."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.drained = asyncio.Event()
        self.began: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.over = False

    def opened(self) -> None:
        """Nothing was refused: the answer can begin."""
        if not self.began.done():
            self.began.set_result(None)

    def wake(self) -> None:
        """Something waits to be sent."""
        self.woken.set()

    def end(self) -> None:
        """There is nothing more to come, or nobody to take it."""
        self.over = True
        self.woken.set()

    async def room(self, *, full: Callable[[], bool]) -> None:
        """Wait until what waits was sent, as far as it fills the outbox."""
        while full():
            self.drained.clear()
            self.woken.set()
            await self.drained.wait()


Feed = Callable[[Stream], Awaitable[None]]
"""Fills an outbox and wakes the stream; calls `opened` once nothing can be refused any more."""


class Streams:
    """All streams of a listener: at most `most`, a sign of life `every` so many seconds.

    A reader that takes nothing for `patience` seconds is let go.  `full` is called for each for
    which there is no room.
    """

    def __init__(
        self,
        *,
        most: int = 64,
        every: float = 15.0,
        patience: float = 30.0,
        full: Callable[[], None] = lambda: None,
    ) -> None:
        self._most = most
        self._full = full
        self._every = every
        self._patience = patience
        self._open: set[Stream] = set()
        self._closed = False

    def close(self) -> None:
        """End them all, and take no more."""
        self._closed = True
        for stream in tuple(self._open):
            stream.end()

    async def answer(self, asked: Asked, feed: Feed, outbox: Outbox) -> web.StreamResponse:
        """Send what `feed` puts into `outbox`, until one of both ends has enough.

        Raises:
            Refused: there are too many streams, or what `feed` refuses.
        """
        if len(self._open) >= self._most:
            self._full()
        if self._closed or len(self._open) >= self._most:
            raise Refused(503, "Service Unavailable", "too many streams are open; close some")
        stream = Stream()
        self._open.add(stream)
        forget = watched(asked.request, stream.end)
        feeding = asyncio.create_task(_fed(feed, stream))
        try:
            await stream.began
            response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: MEDIA})
            response.headers["X-Accel-Buffering"] = "no"  # nginx would keep them to itself
            asked.seal(response)
            await response.prepare(asked.request)
            if asked.request.method != hdrs.METH_HEAD:
                await self._send(asked, response, stream, outbox)
        finally:
            self._open.discard(stream)
            forget()
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
        return response

    async def _send(
        self, asked: Asked, response: web.StreamResponse, stream: Stream, outbox: Outbox
    ) -> None:
        try:
            await self._write(response, [_RETRY])
            while not stream.over:
                await self._write(response, await self._next(stream, outbox))
                if not await asked.still():
                    return
            await self._write(response, outbox.take())
        except (ConnectionError, TimeoutError):
            if asked.request.transport is not None:
                asked.request.transport.abort()

    async def _next(self, stream: Stream, outbox: Outbox) -> list[bytes]:
        """What waits as soon as something does; else, in time, a sign of life."""
        try:
            async with asyncio.timeout(self._every):
                await stream.woken.wait()
        except TimeoutError:
            return [b": still here\n\n"]
        if not stream.over:
            await asyncio.sleep(_GATHER)
        stream.woken.clear()
        frames = outbox.take()
        stream.drained.set()
        return frames

    async def _write(self, response: web.StreamResponse, frames: list[bytes]) -> None:
        for piece in _pieces(frames):
            async with asyncio.timeout(self._patience):
                await response.write(piece)


def _pieces(frames: list[bytes]) -> Iterator[bytes]:
    """Frames as they are written: many small ones at once."""
    at, size = 0, 0
    for number, framed in enumerate(frames, 1):
        size += len(framed)
        if size >= _PIECE or number == len(frames):
            yield b"".join(frames[at:number])
            at, size = number, 0


async def _fed(feed: Feed, stream: Stream) -> None:
    """Run `feed`; whoever waits for the stream to begin hears what it refuses."""
    try:
        await feed(stream)
        stream.opened()
    except Exception as error:
        if stream.began.done():
            _log.exception("a stream broke off")
        else:
            stream.began.set_exception(error)
    finally:
        stream.end()
