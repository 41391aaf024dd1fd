"""Handlers: workflows, and what becomes of disks."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from urllib.parse import quote

import msgspec
from aiohttp import hdrs

from boots.api.asked import Answer, Asked
from boots.api.auth import may
from boots.api.desk import Desk, Refused
from boots.api.happened import after_of
from boots.api.streams import Feed, Outbox, Stream, frame
from boots.client.words import Me, Role
from boots.client.workflows import LogLine, Run

_PAGE = 500  # lines read at once
_LOOK = 1.0  # seconds between two looks for lines of a run that changes in nothing else
_LAST = 0.5  # seconds in which an agent's last lines come in
_MOST = 1 << 20  # bytes of lines that wait for one reader


async def listed(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/workflows``."""
    return Answer(body=await desk.runs(**asked.query))


async def planned(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/workflows/plan``."""
    return Answer(body=await desk.plan_run(asked.body))


async def created(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/workflows``."""
    return _made(await desk.create_run(asked.body, asked.me.name))


def _made(run: Run) -> Answer:
    where = f"/v1/workflows/{quote(run.line.id, safe='')}"
    return Answer(body=run, status=201, headers={hdrs.LOCATION: where})


async def one(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/workflows/{id}``."""
    return Answer(body=seen(await desk.run(asked.keys["id"]), asked.me))


def seen(run: Run, me: Me) -> Run:
    """A run as somebody may see it: a template may hold passwords and keys."""
    return run if may(me, Role.OPERATOR) else _without_template(run)


def _without_template(run: Run) -> Run:
    return msgspec.structs.replace(run, template="")


async def cancelled(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/workflows/{id}/cancel``."""
    return Answer(body=await desk.cancel_run(asked.keys["id"], asked.me.name))


async def settled(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/workflows/{id}/settle``."""
    return Answer(body=await desk.settle_run(asked.keys["id"], asked.body, asked.me.name))


async def retried(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/workflows/{id}/retry``."""
    return _made(await desk.retry_run(asked.keys["id"], asked.body, asked.me.name))


async def lines(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/workflows/{id}/lines``."""
    query = asked.query
    return Answer(body=await desk.run_lines(asked.keys["id"], query["after"], query["limit"]))


async def freeze(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/freeze``."""
    return Answer(body=await desk.freeze())


async def frozen(desk: Desk, asked: Asked) -> Answer:
    """``PUT /v1/freeze``."""
    check_thaw(asked.me, frozen=asked.body.frozen)
    return Answer(body=await desk.set_freeze(asked.body, asked.me.name))


def check_thaw(me: Me, *, frozen: bool) -> None:
    """See whether somebody may do this: each operator may stop all, not each may go on.

    Raises:
        Refused: they may not.
    """
    if not frozen and not may(me, Role.ADMIN):
        raise Refused(403, "Forbidden", "to allow writing again needs the role admin")


async def certificates(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/workflows/{id}/certificate``."""
    return Answer(body=await desk.certificates(asked.keys["id"]))


async def edges(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/machines/{key}/edges``."""
    return Answer(body=await desk.edges(asked.keys["key"]))


async def undone(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/machines/{key}/undo-partition-table``."""
    return _made(await desk.undo(asked.keys["key"], asked.body, asked.me.name))


class RunBox:
    """What waits for one who follows a run: its lines, all of them, and then how it stands."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._run = b""

    def say(self, line: LogLine) -> None:
        """One more line."""
        framed = frame("line", msgspec.json.encode(line), line.id)
        self._lines.append(framed)
        self._size += len(framed)

    def put(self, run: Run) -> None:
        """The run as it stands now; only the latest is worth sending."""
        self._run = frame("run", msgspec.json.encode(_without_template(run)))

    @property
    def is_full(self) -> bool:
        """Whether no more lines should be read before these are sent."""
        return self._size > self._most

    def take(self) -> list[bytes]:
        """All that waits."""
        found = [*self._lines, *filter(None, [self._run])]
        self._lines.clear()
        self._size, self._run = 0, b""
        return found


def following(desk: Desk, asked: Asked) -> tuple[Feed, Outbox]:
    """``GET /v1/workflows/{id}/stream``: lines from an id on, and the run at each change.

    Raises:
        Refused: ``Last-Event-ID`` is none of ours.
    """
    identity, box = asked.keys["id"], RunBox()
    after = after_of(asked) or 0

    async def feed(stream: Stream) -> None:
        async with desk.follow_run(identity) as changes, aclosing(_or_time(changes)) as beats:
            run = await desk.run(identity)
            stream.opened()
            told = await _say(desk, identity, after, box, stream)
            box.put(run)
            stream.wake()
            if run.line.is_over:
                return
            async for change in beats:
                run = change or run
                if run.line.is_over:
                    await asyncio.sleep(_LAST)
                told = await _say(desk, identity, told, box, stream)
                if change is not None:
                    box.put(change)
                    stream.wake()
                if run.line.is_over:
                    return

    return feed, box


async def _say(desk: Desk, identity: str, after: int, box: RunBox, stream: Stream) -> int:
    """Have the lines after an id sent; the id of the last one."""
    more = True
    while more:
        page = await desk.run_lines(identity, after, _PAGE)
        for line in page.lines:
            box.say(line)
        after = page.lines[-1].id if page.lines else after
        more = bool(page.next and page.lines)
        if page.lines:
            stream.wake()
        await stream.room(full=lambda: box.is_full)
    return after


async def _or_time(changes: AsyncIterator[Run]) -> AsyncGenerator[Run | None, None]:
    """Changes as they come, and None where there is none for a while."""
    coming = asyncio.ensure_future(anext(changes))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=_LOOK)
            try:
                yield coming.result() if done else None
            except StopAsyncIteration:
                return
            if done:
                coming = asyncio.ensure_future(anext(changes))
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
