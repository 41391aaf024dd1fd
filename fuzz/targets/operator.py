"""The operators' listener: the API and the pages, open to all and with tokens."""

import functools
import json
from collections.abc import Iterator
from typing import Any

from tests.api.bench import Bench
from tests.api.desk import TOKENS
from tests.api.test_auth import target as path_of
from tests.web.fleet import Fleet

from boots.api.listener import Rules
from boots.api.routes import TABLE
from boots.web.pages import OperatorPages
from fuzz.choices import Choices
from fuzz.target import Target
from fuzz.told import Told
from fuzz.wired import Wired, statuses

_HERE = ("127.0.0.1", 4242)
_NOW = 1_700_000_500.0
_MACHINES = 5
_PLACES = {"{name}": "rack-0001", "{mac}": "52:54:00:00:00:01", "{id}": "w-1", "{key}": "one"}


class _Operator:
    """The listener before a desk that is made up."""

    def __init__(self, *, tokens: bool) -> None:
        pages = OperatorPages(Fleet(_MACHINES), clock=lambda: _NOW)
        self._bench = Bench(Rules(tokens_required=tokens, hosts=("boots.example",)), pages)
        self._wired = Wired(self._bench.listener.open)
        roles = {f"{route.method} {path_of(route)}": route.role for route in TABLE}
        for page in pages.routes:
            path = page.path
            for word, value in _PLACES.items():
                path = path.replace(word, value)
            roles.setdefault(f"{page.method} {path}", page.role)
        self.asked = [tuple(line.encode().split(b" ", 1)) for line in roles]
        self.known = [role is not None for role in roles.values()]

    def ask(self, *parts: bytes) -> list[int]:
        """The statuses of what is answered; a fault of the server's own is one."""
        told = Told()
        self._bench.desk.__init__()  # what was changed by the last input
        self._bench.told.clear()
        answers = self._wired.ask(*parts, peer=_HERE)
        for event in self._bench.told:
            told.record(event)
        told.check()
        found = statuses(answers)
        assert all(status < 500 or status in {501, 502, 503, 505} for status in found), answers[
            :300
        ]
        return found


_operator = functools.cache(_Operator)

_HEADERS = (
    b"Content-Type",
    b"Authorization",
    b"Cookie",
    b"Host",
    b"Origin",
    b"Sec-Fetch-Site",
    b"If-Match",
    b"If-None-Match",
    b"Idempotency-Key",
    b"Last-Event-ID",
    b"Accept",
    b"Accept-Encoding",
    b"Range",
    b"Content-Encoding",
    b"Transfer-Encoding",
    b"Expect",
)
_VALUES = (
    b"application/json",
    b"application/x-www-form-urlencoded",
    b"Bearer nobody-token",
    b"Bearer",
    b"Basic YTpi",
    b"boots_token=nobody",
    b"boots_token=" + b"x" * 3000,
    b"a=b; " * 500,
    b"localhost",
    b"evil.example",
    b"xn--" + b"a" * 100,
    b"[::1]:8081",
    b"null",
    b"http://evil.example",
    b"cross-site",
    b'"1"',
    b"*",
    b'W/"0"',
    b"9" * 4500,
    b"-1",
    b"0",
    b"text/event-stream",
    b"gzip;q=" + b"0" * 500,
    b"chunked",
    b"100-continue",
)
_BODIES = (
    b"{}",
    b"null",
    b"[" * 3000,
    b'{"a":' * 1000,
    b"9" * 5000,
    b'{"record": {"name": "\\ud800"}}',
    b'{"record": {"name": "one", "mac": "52:54:00:00:00:01"}}',
    b'{"record": ' + b"9" * 5000 + b"}",
    b'{"kind": "boot", "profile": "\\u0000"}',
    b'{"name": "x", "role": "admin", "days": 1e999}',
    b"token=x&next=%2f%2fevil",
    b"token=" + b"%ff" * 500,
    b"a=1&" * 2000,
)
_TAILS = (
    b"",
    b"?limit=" + b"9" * 5000,
    b"?q=%ff",
    b"?" + b"q=1&" * 40,
    b"?since=1e999",
    b"?after=-1",
    b"?cursor=" + b"A" * 3000,
    b"?state=running&q=%00",
    b"/../..",
    b"/%2e%2e/x",
    b";x",
)


def _made(choices: Choices, asked: list[Any]) -> tuple[int, bytes, bytes]:
    """A request: which of those there are, its head and its body."""
    at = choices.number() % len(asked)
    method, path = asked[at]
    path += choices.pick(_TAILS) + choices.piece()
    lines = [method + b" " + path + b" HTTP/1.1"]
    if not choices.flag():
        lines += (b"Host: localhost", b"Content-Type: application/json")
    for _ in range(choices.number() % 6):
        name, value, own = choices.pick(_HEADERS), choices.pick(_VALUES), choices.piece()
        lines.append(name + b": " + (own or value))
    body = choices.pick(_BODIES)
    body = choices.rest() or body
    lines.append(b"Content-Length: %d" % len(body))
    return at, b"\r\n".join((*lines, b"", b"")), body


def _open(data: bytes) -> None:
    """Where everybody here may do everything, nothing is a fault of the server's."""
    operator = _operator(tokens=False)
    _, head, body = _made(Choices(data), operator.asked)
    operator.ask(head, body)


def _locked(data: bytes) -> None:
    """Where a token is required, who has none gets nothing that needs a role."""
    operator = _operator(tokens=True)
    choices = Choices(data)
    at, head, body = _made(choices, operator.asked)
    found = operator.ask(head, body)
    if any(token.encode() in head for token in TOKENS):
        return
    method, path = operator.asked[at]
    if operator.known[at] and head.startswith(method + b" " + path + b" HTTP"):
        assert all(not 200 <= status < 300 for status in found), head


def _seeds() -> Iterator[bytes]:
    asked = _operator(tokens=False).asked
    for at in range(len(asked)):
        yield bytes([at, 0, 0, 0, 0, at % len(_BODIES)])
    for tail in range(len(_TAILS)):
        yield bytes([tail * 7 % len(asked), tail, 0, 0, 0, 0])
    for header in range(len(_HEADERS)):
        for value in range(header % 4, len(_VALUES), 4):
            at = header * value % len(asked)
            yield bytes([at, 0, 0, header & 1, 1, header, value, 0, 0])
    for body in _bodies():
        posts = [at for at, (method, _) in enumerate(asked) if method in {b"POST", b"PUT"}]
        yield from (bytes([at, 0, 0, 0, 0, 0]) + body for at in posts)


def _bodies() -> Iterator[bytes]:
    record = {"name": "two", "mac": "52:54:00:00:00:07", "address": "192.0.2.7/24"}
    yield json.dumps({"record": record}).encode()
    yield json.dumps({"profile": "osie", "once": True, "by": "x"}).encode()


TARGETS = (
    Target("operator.open", _open, _seeds, on_loop=True, words=_HEADERS, longest=4096),
    Target("operator.locked", _locked, _seeds, on_loop=True, words=_HEADERS, longest=1024),
)
