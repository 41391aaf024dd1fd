"""How the client asks: bodies to words, and streams that are taken up where they broke off."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from boots.client.connecting import Answered, ApiError, Connecting, NoServer
from boots.client.stream import Broken, Sent, sent

T = TypeVar("T")
DEFAULT = "http://127.0.0.1:8081"
_SILENCE = 45.0  # seconds; a server gives a sign of life each 15
_PASSING = {429, 500, 502, 503, 504}  # what may be otherwise the next time
_BACK = (0.5, 1.0, 2.0, 5.0)  # seconds to wait before a stream is asked for again


class Asking:
    """Asks one server; `Client` has a method for each thing that can be asked."""

    def __init__(
        self,
        url: str = DEFAULT,
        token: str = "",
        ca: str = "",
        *,
        own: str = "",
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connecting = Connecting(url, token, ca, own, timeout)
        self._sleep = sleep
        self.url = self._connecting.url

    def _get(self, path: str, kind: type[T], query: Mapping[str, Any] | None = None) -> T:
        return decoded(self._ask("GET", with_query(path, query or {})).body, kind, self.url)

    def _send(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None,
        kind: type[T],
        headers: Mapping[str, str] | None = None,
    ) -> T:
        raw = None if body is None else msgspec.json.encode(body)
        return decoded(self._ask(method, path, raw, headers).body, kind, self.url)

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        return self._connecting.ask(method, path, body, headers or {})

    def _follow(self, path: str, query: Mapping[str, Any], place: "Place") -> Iterator[Sent]:
        """A stream; one that breaks off is asked for again, from its place, and says ``again``.

        The first time a server that is not there is told at once; after that it may come back.
        """
        tries, began = 0, False
        while True:
            try:
                with self._connecting.lines(
                    with_query(path, query), place.headers, _SILENCE
                ) as lines:
                    if began:
                        yield Sent("", "again", b"")
                    began = True
                    for each in sent(lines):
                        tries = 0
                        yield each
            except (NoServer, Broken):
                if not began:
                    raise
            except ApiError as error:
                if not began or error.problem.status not in _PASSING:
                    raise
            self._sleep(_BACK[min(tries, len(_BACK) - 1)])
            tries += 1


@dataclass(slots=True)
class Place:
    """Where a stream is: the id that was seen last, or None before there is one."""

    seen: int | None

    @property
    def headers(self) -> Mapping[str, str]:
        """What says so to the server."""
        last = {} if self.seen is None else {"Last-Event-ID": str(self.seen)}
        return {"Accept": "text/event-stream", **last}


def decoded(raw: bytes, kind: type[T], url: str) -> T:
    """A body as a word."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except ValueError as error:
        raise NoServer(
            url, f"what answers there is no Boots, or another version: {error}"
        ) from None


def machine_path(key: str) -> str:
    """Where a machine is."""
    return f"/v1/machines/{quote(key, safe='')}"


def with_query(path: str, query: Mapping[str, Any]) -> str:
    """A path with what of a query is not empty."""
    given = {name: value for name, value in query.items() if value != ""}
    return f"{path}?{urlencode(given)}" if given else path


def once_header(word: str) -> Mapping[str, str]:
    """What has a thing done once, however often it is asked."""
    return {"Idempotency-Key": word} if word else {}
