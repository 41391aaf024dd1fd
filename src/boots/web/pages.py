"""The pages by method and path: who may see each, and what makes it."""

import time
from collections.abc import Callable, Sequence

from aiohttp import web

from boots.api.asked import Asked, PageRoute
from boots.api.desk import Desk
from boots.client.words import Problem, Role
from boots.web import (
    actions,
    audit,
    deciding,
    events,
    fleet,
    happened,
    machine,
    others,
    provision,
    runs,
)
from boots.web.live import Streams
from boots.web.looks import environment
from boots.web.room import Clock, Handler, Room
from boots.web.static import Shelf

_VIEWED: tuple[tuple[str, Handler], ...] = (
    ("/", fleet.page),
    ("/live/fleet", fleet.live),
    ("/machines/{name}", machine.page),
    ("/machines/{name}/capture.pcap", machine.capture),
    ("/machines/{name}/power", machine.power),
    ("/live/machines/{name}", machine.live),
    ("/explain/{mac}", machine.explained),
    ("/boots", happened.boots),
    ("/boots/{id}", happened.boot),
    ("/live/boots", happened.live_boots),
    ("/live/boots/{id}", happened.live_boot),
    ("/workflows", runs.listed),
    ("/workflows/{id}", runs.one),
    ("/live/workflows", runs.live_listed),
    ("/live/workflows/{id}", runs.live_one),
    ("/events", events.page),
    ("/live/events", events.live),
    ("/discovered", others.discovered),
    ("/live/discovered", others.live_discovered),
    ("/network", others.network),
    ("/live/network", others.live_network),
    ("/profiles", others.profiles),
)
_FOR_OPERATORS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/machines/{name}/ask/{action}", actions.ask),
    ("POST", "/machines/{name}/ask/{action}", actions.act),
    ("GET", "/machines/{name}/provision", provision.form),
    ("POST", "/machines/{name}/provision", provision.plan),
    ("POST", "/machines/{name}/provision/begin", provision.begin),
    ("POST", "/machines/{name}/provision/change", provision.change),
    ("GET", "/machines/{name}/undo/{edges}", deciding.ask_undo),
    ("POST", "/machines/{name}/undo/{edges}", deciding.undo),
    ("GET", "/workflows/{id}/ask/{action}", deciding.ask),
    ("POST", "/workflows/{id}/ask/{action}", deciding.act),
    ("GET", "/audit", audit.page),
    ("GET", "/freeze", deciding.frozen),
    ("POST", "/freeze", deciding.freeze),
    ("GET", "/discovered/{mac}", others.one_discovered),
    ("POST", "/discovered/{mac}", others.adopt),
    ("GET", "/machines/{name}/files/{file...}", machine.rendered),  # it may hold secrets
)


class OperatorPages:
    """All pages, as the listener wants them; `full` hears of live ones for which is no room."""

    def __init__(
        self, desk: Desk, clock: Clock = time.time, full: Callable[[], None] = lambda: None
    ) -> None:
        shelf = Shelf()
        self._streams = Streams(full)
        self._room = Room(desk, clock, environment(shelf.addresses), self._streams)
        self.routes: Sequence[PageRoute] = (
            PageRoute("GET", "/static/{file}", None, shelf.answer),
            self._route("GET", "/login", None, others.login),
            *(self._route("GET", path, Role.VIEWER, handler) for path, handler in _VIEWED),
            *(
                self._route(method, path, Role.OPERATOR, each)
                for method, path, each in _FOR_OPERATORS
            ),
        )

    def _route(self, method: str, path: str, role: Role | None, handler: Handler) -> PageRoute:
        async def handle(asked: Asked) -> web.StreamResponse:
            return await handler(self._room.seen_by(asked.me), asked)

        return PageRoute(method, path, role, handle)

    async def problem(
        self, request: web.BaseRequest, problem: Problem, nonce: str
    ) -> web.StreamResponse:
        """What a browser is shown when something is wrong; it needs no `nonce`."""
        del nonce
        return await self._room.problem(request, problem)

    def close(self) -> None:
        """End the pages that are alive."""
        self._streams.close()
