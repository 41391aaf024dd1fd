"""What every page has: the desk, the clock, the templates, and how errors look."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote

from aiohttp import hdrs, web
from jinja2 import Environment

from boots.api import reading
from boots.api.asked import Asked
from boots.api.auditing import note
from boots.api.auth import LOCAL, NOBODY, may
from boots.api.desk import Desk, Refused
from boots.api.scope import scoped
from boots.client.words import Me, Problem, Role
from boots.web.live import Streams

Got = TypeVar("Got")
Clock = Callable[[], float]
_LARGEST = 262_144  # bytes of a form: a record of 64 KiB, each byte as three
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Room:
    """What pages are made with.  `clock` is in seconds since 1970."""

    desk: Desk
    clock: Clock
    looks: Environment
    streams: Streams

    def seen_by(self, me: Me) -> "Room":
        """The same for somebody who may be limited to some machines."""
        return replace(self, desk=scoped(self.desk, me))

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """The text of a template."""
        return self.looks.get_template(template).render({"now": self.clock(), **values})

    async def written(self, template: str, **values: Any) -> str:
        """The same, made in a thread: packets wait for nobody's page."""
        return await asyncio.to_thread(self.render, template, values)

    async def page(self, asked: Asked, template: str, **values: Any) -> web.Response:
        """A whole page."""
        return html(await self.written(template, **about(asked.me, asked.request.path), **values))

    async def problem(self, request: web.BaseRequest, problem: Problem) -> web.Response:
        """A page about what is wrong; who is not known is led to where that can be changed."""
        if problem.status == 401 and request.method in {hdrs.METH_GET, hdrs.METH_HEAD}:
            return goes_on(f"/login?to={quote(request.path_qs, safe='')}")
        values = about(None, request.path)
        if problem.status == 401:  # the form of /login was sent with a token that is not good
            text = await self.written(
                "login.html", to=request.query.get("to", "/"), wrong=True, **values
            )
        else:
            text = await self.written("problem.html", problem=problem, **values)
        return html(text, problem.status)


Handler = Callable[[Room, Asked], Awaitable[web.StreamResponse]]


async def softly(asked: Awaitable[Got]) -> Got | Refused:
    """What the desk gives, or why it does not: the rest of the page is still of use."""
    try:
        return await asked
    except Refused as refused:
        return refused


def about(me: Me | None, here: str) -> dict[str, Any]:
    """What the frame around every page says."""
    known = me if me not in {None, NOBODY} else None
    return {
        "me": known,
        "may_change": known is not None and may(known, Role.OPERATOR),
        "may_thaw": known is not None and may(known, Role.ADMIN),
        "may_leave": known not in {None, LOCAL},
        "here": here,
    }


async def form_of(request: web.BaseRequest) -> dict[str, str]:
    """The fields of a form, as browsers send them."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refused(415, "Unsupported Media Type", "send a form")
    raw = await reading.bytes_of(request, _LARGEST)
    try:
        found = parse_qs(raw.decode("ascii"), errors="strict", max_num_fields=16)
    except ValueError:
        raise Refused(400, "Bad Request", "this is no form") from None
    form = {name: values[0].replace("\r\n", "\n") for name, values in found.items()}
    note(request, form)
    return form


def html(text: str, status: int = 200) -> web.Response:
    """A page that nobody keeps: what it says changes, and it is for one person."""
    headers = {hdrs.CONTENT_TYPE: _HTML, hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(body=text.encode("utf-8", "replace"), status=status, headers=headers)


def given(body: str | bytes, name: str, media: str = "text/plain; charset=utf-8") -> web.Response:
    """A file as it is; a browser shows it, or keeps it, and runs nothing of it."""
    headers = {
        hdrs.CONTENT_TYPE: media,
        hdrs.CACHE_CONTROL: "no-store",
        hdrs.CONTENT_DISPOSITION: f'inline; filename="{_harmless(name)}"',
        "X-Content-Type-Options": "nosniff",
    }
    body = body.encode("utf-8", "replace") if isinstance(body, str) else body
    return web.Response(body=body, headers=headers)


def _harmless(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-._") else "_" for c in name)


def goes_on(place: str) -> web.Response:
    """Send a browser to another page of ours."""
    return web.Response(status=303, headers={hdrs.LOCATION: place})
