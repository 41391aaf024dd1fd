"""Pages that are alive: parts of them, made here, sent as they change, over server-sent events.

Each part is an element with an `id`; app.js makes the one that is there like it.
So what a row looks like is said once, in its template.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiohttp import hdrs, web

from boots.api.asked import Asked
from boots.api.connection import watched
from boots.api.desk import Refused
from boots.model.limits import OPERATOR_PAGES

BEAT = 15.0  # seconds between signs of life, and between two looks whether this is still allowed
_PATIENCE = 30.0  # seconds that a reader may take nothing for
_TOGETHER = 200  # lines sent at once: nobody reads more that go by in a tenth of a second
_AGAIN = b"retry: 2000\n\n"
_BEAT = b":\n\n"
_OVER = b"event: over\ndata:\n\n"

Follow = Callable[["Stream"], Awaitable[None]]


class Stream:
    """What is sent to one page.  A part that is as it was is not sent again."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response
        self._sent: dict[str, int] = {}
        self._more = 0

    async def send(
        self,
        parts: Mapping[str, str] | None = None,
        *,
        lines: Mapping[str, Sequence[str]] | None = None,
        more: int | None = None,
        last: int = 0,
    ) -> None:
        """Send parts by their ids, lists of `lines` to add, how many `more` changed out of sight.

        After the event `last` the page goes on when it asks again; `more` stays what it was.
        """
        more = self._more if more is None else more
        fresh = {name: text for name, text in (parts or {}).items() if self._is_new(name, text)}
        if fresh or lines or more != self._more:
            self._more = more
            said = {"parts": fresh, "lines": lines or {}, "more": more}
            head = f"id: {last}\n" if last else ""
            await self.write(f"{head}data: {json.dumps(said)}\n\n".encode())

    def _is_new(self, name: str, text: str) -> bool:
        known = hash(text)
        if self._sent.get(name) == known:
            return False
        self._sent[name] = known
        return True

    async def end(self) -> None:
        """Say that nothing more comes: the page asks no more."""
        await self.write(_OVER)

    async def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            ConnectionError: nobody is there any more.
            TimeoutError: who is there takes nothing.
        """
        async with asyncio.timeout(_PATIENCE):
            await self._response.write(data)


class Streams:
    """Opens streams, so many at a time, and ends them all.

    Each costs memory and, in a storm, CPU.  `full` is called for each for which there is no room.
    """

    def __init__(self, full: Callable[[], None] = lambda: None) -> None:
        self._full = full
        self._over: set[asyncio.Event] = set()

    async def stream(self, asked: Asked, follow: Follow) -> web.StreamResponse:
        """Keep one page alive for as long as it is open, and its bearer may see it."""
        if len(self._over) >= OPERATOR_PAGES.most:
            self._full()
            raise Refused(503, "Too many live pages are open", "close some of them")
        over = asyncio.Event()
        self._over.add(over)
        forget = watched(asked.request, over.set)
        try:
            headers = {hdrs.CONTENT_TYPE: "text/event-stream", "X-Accel-Buffering": "no"}
            response = web.StreamResponse(headers=headers)
            asked.seal(response)
            await response.prepare(asked.request)
            await _keep(asked, Stream(response), follow, over)
        finally:
            self._over.discard(over)
            forget()
        return response

    def close(self) -> None:
        """End all that are open."""
        for over in self._over:
            over.set()


async def _keep(asked: Asked, to: Stream, follow: Follow, over: asyncio.Event) -> None:
    """Follow until there is nothing more, it may be seen no longer, or the page was closed."""

    async def watch() -> None:
        while await asked.still():
            await to.write(_BEAT)
            await asyncio.sleep(BEAT)
        await to.end()

    async def show() -> None:
        await to.write(_AGAIN)
        try:
            await follow(to)
        except Refused:
            await to.end()  # what it shows is gone; the page says so when it is loaded

    with suppress(ConnectionError, TimeoutError):  # nobody takes it any more
        await first(show(), watch(), over.wait())


async def first(*ways: Coroutine[Any, Any, object]) -> None:
    """Until one of them ends, or breaks off; then all do."""
    tasks = [asyncio.ensure_future(each) for each in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def merged(look: float, **sources: AsyncIterator[Any]) -> AsyncIterator[tuple[str, Any]]:
    """What comes from several sources, each with the name of its source, until one ends.

    ("", None) comes where nothing does for `look` seconds.
    """
    waits = {asyncio.ensure_future(anext(each)): name for name, each in sources.items()}
    try:
        while True:
            done, _ = await asyncio.wait(waits, timeout=look, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                yield "", None
            for wait in done:
                name = waits.pop(wait)
                try:
                    value = wait.result()
                except StopAsyncIteration:
                    return
                waits[asyncio.ensure_future(anext(sources[name]))] = name
                yield name, value
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def gathered(source: AsyncIterator[Any], pause: float = 0.1) -> AsyncIterator[list[Any]]:
    """What comes within a pause of each other, together; of very many the last ones only."""
    found: deque[Any] = deque(maxlen=_TOGETHER)
    woken = asyncio.Event()

    async def take() -> None:
        async for each in source:
            found.append(each)
            woken.set()

    taking = asyncio.ensure_future(take())
    taking.add_done_callback(lambda _: woken.set())
    try:
        while not (taking.done() and not found):
            await woken.wait()
            await asyncio.wait([taking], timeout=pause)
            woken.clear()
            together = list(found)
            found.clear()
            if together:
                yield together
        taking.result()
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)


class Pace:
    """When to look anew: soon after a change, but not at each of many; and now and then anyway."""

    def __init__(self, pace: float, look: float) -> None:
        self._pace = pace
        self._look = look
        self._clock = asyncio.get_running_loop().time
        self._looked = self._clock()
        self._changed = False

    def due(self, *, changed: bool) -> bool:
        """Whether it is time, now that something changed or did not."""
        self._changed = self._changed or changed
        since = self._clock() - self._looked
        if since >= self._look or (self._changed and since >= self._pace):
            self._looked, self._changed = self._clock(), False
            return True
        return False


async def paced(changes: AsyncIterator[Any], pace: float, look: float) -> AsyncIterator[None]:
    """Beats at which to look anew: at once, and then as `Pace` has it."""
    yield
    beats = Pace(pace, look)
    async for source, _ in merged(pace, changes=changes):
        if beats.due(changed=bool(source)):
            yield
