"""How the server is, for who watches it: whether it lives, whether it is ready, and its metrics."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import hdrs, web

from boots.journal.limited import Limited
from boots.model.budget import Budget
from boots.model.limits import HTTP_METRICS

Metrics = tuple[bytes, str]
"""What there is to be scraped, and its content type."""

Scrape = Callable[[str], Metrics | Awaitable[Metrics]]
"""Gives the metrics in the form that an ``Accept`` header asks for."""

Answering = web.StreamResponse | Awaitable[web.StreamResponse]
"""An answer, or what will be it."""

_OPENMETRICS = "application/openmetrics-text"


class Wellbeing:
    """Answers on the paths of `rooms`.

    `alive` gives what ``/healthcheck`` shows, `ready` says why the server is not ready, and
    nothing once it is.  `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        alive: Callable[[], object],
        ready: Callable[[], str],
        scrape: Scrape | None,
        clock: Callable[[], float],
        limited: Limited,
    ) -> None:
        self._alive = alive
        self._ready = ready
        self._clock = clock
        self._limited = limited
        self._scrapes = Budget(HTTP_METRICS.most, HTTP_METRICS.most)
        self._scraped: dict[str, Metrics] = {}
        self.rooms: Mapping[str, Callable[[web.BaseRequest], Answering]] = {
            "/healthcheck": self._health,
            "/healthz": self._lives,
            "/readyz": self._is_ready,
        }
        if scrape is not None:
            self._scrape = scrape
            self.rooms = {**self.rooms, "/metrics": self._metrics}

    def _health(self, _request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(body=msgspec.json.encode(self._alive()))

    def _lives(self, _request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="ok")

    def _is_ready(self, _request: web.BaseRequest) -> web.StreamResponse:
        why = self._ready()
        return web.Response(status=503, text=f"{why}\n") if why else web.Response(text="ok")

    async def _metrics(self, request: web.BaseRequest) -> web.StreamResponse:
        form = _form(request.headers.get(hdrs.ACCEPT, ""))
        if form not in self._scraped or self._scrapes.spend(self._clock()):
            found = self._scrape(form)
            self._scraped[form] = found if isinstance(found, tuple) else await found
        else:
            self._limited.reached(HTTP_METRICS, peer=request.remote or "")
        body, kind = self._scraped[form]
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: kind})


def _form(accept: str) -> str:
    """Which of the two forms of metrics an ``Accept`` asks for, as the plainest one that does."""
    for part in accept.split(","):
        kind, _, rest = part.partition(";")
        if kind.strip() == _OPENMETRICS and "version=0" not in rest:  # drafts, which nobody writes
            return f"{_OPENMETRICS}; version=1.0.0"
    return "text/plain"
