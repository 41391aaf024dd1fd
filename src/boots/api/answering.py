"""Answering what is in the table: query and body in, JSON with its tag out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlencode

import msgspec
from aiohttp import hdrs, web

from boots.api import auth, openapi, reading, tags
from boots.api.asked import Answer, Asked
from boots.api.auditing import note
from boots.api.desk import Desk, Refused
from boots.api.once import Once
from boots.api.route import Route, Tag
from boots.api.routes import TABLE
from boots.api.scope import scoped
from boots.api.streams import Streams
from boots.client.words import Machine, Page
from boots.journal.limited import Limited
from boots.model.limits import OPERATOR_STREAMS

_JSON = "application/json"


class StreamRules(Protocol):
    """What is laid down for streams."""

    @property
    def streams(self) -> int:
        """How many there may be."""

    @property
    def alive_every(self) -> float:
        """Seconds between signs of life."""

    @property
    def patience(self) -> float:
        """Seconds that a reader may take nothing for."""


class Answering:
    """Answers by the table, from a desk."""

    def __init__(
        self, desk: Desk, rules: StreamRules, clock: Callable[[], float], limited: Limited
    ) -> None:
        self._desk = desk
        self._once = Once(clock)
        self._document = b""
        self.streams = Streams(
            most=rules.streams,
            every=rules.alive_every,
            patience=rules.patience,
            full=lambda: limited.reached(OPERATOR_STREAMS.of(rules.streams)),
        )

    @property
    def routes(self) -> Sequence[Route]:
        """The table, and its own description."""
        description = Route(
            method="GET",
            path=openapi.PATH,
            name="openapi",
            role=None,
            summary="This description",
            handler=self._openapi,
            gives=_JSON,
            tag=Tag.CONTENT,
        )
        return (*TABLE, description)

    async def _openapi(self, _desk: Desk, _asked: Asked) -> Answer:
        self._document = self._document or openapi.encoded()
        return Answer(raw=self._document)

    async def answer(self, route: Route, asked: Asked) -> web.StreamResponse:
        """What this route answers.

        Raises:
            Refused: what was asked cannot be done.
        """
        asked = await self._read(route, asked)
        if route.feed is not None:
            feed, outbox = route.feed(scoped(self._desk, asked.me), asked)
            return await self.streams.answer(asked, feed, outbox)
        key = asked.request.headers.get("Idempotency-Key", "") if route.once else ""
        me, path = asked.me, asked.request.rel_url.raw_path
        who = (auth.by(asked.request, me), me.name, me.role.value, *me.machines)
        place = (*who, route.method, path)
        answer = await self._once.answer(
            key, place, asked.body, lambda: _made(scoped(self._desk, asked.me), route, asked)
        )
        return _response(route, asked, answer)

    async def _read(self, route: Route, asked: Asked) -> Asked:
        """The request with its query and body read as the route says."""
        request, body = asked.request, None
        query = reading.query(request.rel_url.raw_query_string, route.query)
        revision = tags.revision(request.headers.get(hdrs.IF_MATCH)) if route.matched else None
        if route.takes is not None and not (route.spare and not request.body_exists):
            await _expected(request)
            body = await reading.body(request, route.takes, route.largest)
            note(request, body)
        return replace(asked, query=query, body=body, revision=revision)


async def _made(desk: Desk, route: Route, asked: Asked) -> Answer:
    """What the handler gives, written out, with its tag and the way to the next page."""
    if route.handler is None:
        raise Refused(404, "Not Found")
    answer = await route.handler(desk, asked)
    if answer.body is None and answer.raw is None:
        return answer
    headers = dict(answer.headers)
    raw = answer.raw if answer.raw is not None else msgspec.json.encode(answer.body)
    if isinstance(answer.body, Page) and answer.body.next:
        headers[hdrs.LINK] = _link(asked, answer.body.next)
    if route.tag is Tag.CONTENT:
        headers[hdrs.ETAG] = tags.weak(raw)
    elif isinstance(answer.body, Machine):
        headers[hdrs.ETAG] = tags.of_machine(answer.body.revision, raw)
    return Answer(raw=raw, media=answer.media, status=answer.status, headers=headers)


def _response(route: Route, asked: Asked, answer: Answer) -> web.Response:
    """An answer as it is sent; nothing of it where the asker has it already."""
    tag = answer.headers.get(hdrs.ETAG, "")
    had = asked.request.headers.get(hdrs.IF_NONE_MATCH, "")
    if route.method == "GET" and tag and tags.is_had(had, tag):
        return web.Response(status=304, headers=answer.headers)
    made = web.Response(status=answer.status, body=answer.raw, headers=answer.headers)
    if answer.raw is not None:
        made.headers[hdrs.CONTENT_TYPE] = answer.media
    return made


def _link(asked: Asked, after: str) -> str:
    """The next page, as ``Link`` has it (RFC 8288)."""
    given = {name: value for name, value in asked.request.rel_url.query.items() if name != "after"}
    return f'<{asked.request.rel_url.raw_path}?{urlencode({**given, "after": after})}>; rel="next"'


async def _expected(request: web.BaseRequest) -> None:
    """Tell a client that waits for it to go on with its body (RFC 9110, 10.1.1)."""
    expected = request.headers.get(hdrs.EXPECT)
    if expected is None:
        return
    if expected.lower() != "100-continue":
        raise Refused(417, "Expectation Failed", "only 100-continue can be expected")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer itself is still to come
