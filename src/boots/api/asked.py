"""What a handler is told of a request, and what it gives: for the API and for pages."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from boots.api.desk import Desk
from boots.client.words import Me, Problem, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of somebody who may ask it.

    `keys` are the named parts of the path, decoded.  `query` and `body` are what the route says
    of them, `revision` what ``If-Match`` names; a page reads its own off `request`.  `nonce` lets
    an inline script of a page run: ``<script nonce=…>``; nothing else does.  For answers that go
    on for long, `still` tells whether its bearer may still ask (call it as often as you like: it
    looks once a minute), and `seal` puts on the headers that every answer has, before it is
    prepared.
    """

    request: web.BaseRequest
    me: Me
    keys: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    nonce: str = ""
    revision: int | None = None
    still: Callable[[], Awaitable[bool]]
    seal: Callable[[web.StreamResponse], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the API answers: a value to be written as JSON, or `raw` bytes of another kind."""

    body: Any = None
    raw: bytes | None = None
    media: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PageRoute:
    """A page: ``/machines/{key}``, or ``/static/{name...}``, where the last part has slashes.

    Nobody needs to be known where `role` is None; `me` of such a request may be ``nobody``.
    """

    method: str
    path: str
    role: Role | None
    handler: Callable[[Asked], Awaitable[web.StreamResponse]]


class Pages(Protocol):
    """Pages that stand beside the API.  ``POST /login`` and ``POST /logout`` are the listener's.

    ``/login`` takes a form with `token` and, if it likes, `to`: the path to go on at.  Whoever
    asks a page without a good token is given `problem` with status 401, which may lead there.
    """

    @property
    def routes(self) -> Sequence[PageRoute]:
        """All of them."""

    async def problem(
        self, request: web.BaseRequest, problem: Problem, nonce: str
    ) -> web.StreamResponse:
        """What a browser is shown when something is wrong."""

    def close(self) -> None:
        """End answers that go on."""


Handler = Callable[[Desk, Asked], Awaitable[Answer]]
"""What answers a request of the API."""
