"""What every page has: the desk, the clock, the templates, and how errors look."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web
from jinja2 import Environment

from boots.api.asked import Asked
from boots.api.auth import may
from boots.api.desk import Desk
from boots.client.words import Me, Problem, Role
from boots.web.live import Streams

Clock = Callable[[], float]
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Room:
    """What pages are made with.  `clock` is in seconds since 1970."""

    desk: Desk
    clock: Clock
    looks: Environment
    streams: Streams

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


def about(me: Me | None, here: str) -> dict[str, Any]:
    """What the frame around every page says."""
    changes = me is not None and may(me, Role.OPERATOR)
    return {"me": me, "may_change": changes, "here": here}


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
