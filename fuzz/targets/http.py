"""The HTTP door of the boot side: whatever bytes, requests of a form, and agents' words."""

import functools
import itertools
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from boots.journal import events
from boots.journal.events import AnyEvent
from boots.model.machine import Known
from boots.serve.agent_words import (
    Ask,
    AskBack,
    Caller,
    Denied,
    EdgesSaid,
    Heard,
    Hello,
    Report,
    Session,
    Wait,
)
from boots.serve.forwarded import origin
from boots.serve.http import Extras, HttpDoor
from fuzz import seeds
from fuzz.choices import Choices
from fuzz.house import HIDDEN, INTERFACE, MACS, house
from fuzz.target import Target
from fuzz.targets.files import NAMES
from fuzz.told import PEER, Told
from fuzz.wired import Wired, statuses

_TRUSTED = "192.168.1.64/26"  # whom PEER is among: what X-Forwarded-For says is believed
_LONG = 60_000


class _Sessions:
    """Answers every agent that says what can be read."""

    async def hello(self, caller: Caller, said: Hello) -> Session:
        return Session(run=said.run, session=said.session, key=caller.key, now=0.0, expected=0)

    async def next(self, _caller: Caller, _said: Ask) -> Wait:
        return Wait(why="nothing")

    async def events(self, _caller: Caller, said: Report) -> Heard:
        return Heard(expected=len(said.events), line=len(said.lines), do="go")

    async def edges(self, _caller: Caller, said: EdgesSaid, body: bytes) -> None:
        if not body:
            raise Denied(400, said.serial)

    async def edges_back(self, _caller: Caller, number: int, _said: AskBack) -> bytes:
        return str(number).encode()

    def elsewhere(self, event: AnyEvent) -> None:
        assert isinstance(event, events.ImpostorRefused)

    async def lives(self, known: Known, peer: str) -> None:
        assert known.mac
        assert peer


class _Bench:
    """A door over the files of the house; with `trusts` who asks is a proxy that is believed."""

    def __init__(self, *, trusts: bool) -> None:
        self.told = Told()
        self._trusted = (IPv4Network(_TRUSTED),) if trusts else ()
        self.wired = Wired(self._open)

    async def _open(self) -> None:
        answers = house().answers
        extras = Extras(
            images=answers.images(INTERFACE),
            trusted=self._trusted,
            sessions=_Sessions(),
            metrics=lambda accept: (accept.encode(errors="replace"), "text/plain"),
        )
        fetch = answers.fetch(INTERFACE, tftp=False)
        door = HttpDoor(socket.socket(), fetch, self._record, float, dict, extras=extras)
        await door.open()

    def _record(self, event: AnyEvent) -> None:
        self.told.record(event)

    def ask(self, *parts: bytes) -> bytes:
        """What is answered; a fault of the server's own is one."""
        self.told = Told()
        answers = self.wired.ask(*parts)
        self.told.check()
        assert b"a fault of the server" not in answers
        return answers


_bench = functools.cache(_Bench)


def _raw(data: bytes) -> None:
    """Whatever comes, in two parts; nobody gets what is another machine's."""
    at = data[0] * 4 if data else 0
    answers = _bench(trusts=False).ask(data[1:at], data[max(at, 1) :])
    assert HIDDEN not in answers


def _request(data: bytes) -> None:
    """A request of a form; from a proxy that says for whom it asks, or from nobody special."""
    choices = Choices(data)
    trusts = choices.flag()
    answers = _bench(trusts=trusts).ask(_made(choices))
    assert trusts or HIDDEN not in answers
    assert statuses(answers)[:1] != [500] or b"cannot" in answers


_METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"PRI", b"get")
_VERSIONS = (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"")
_HEADERS = (
    b"Host",
    b"Range",
    b"If-Range",
    b"If-None-Match",
    b"If-Match",
    b"If-Modified-Since",
    b"If-Unmodified-Since",
    b"X-Forwarded-For",
    b"Authorization",
    b"Content-Length",
    b"Transfer-Encoding",
    b"Content-Encoding",
    b"Content-Type",
    b"Connection",
    b"Expect",
    b"Cookie",
    b"Accept",
    b"Upgrade",
)
_VALUES = (
    b"boots",
    b"bytes=0-9",
    b"bytes=-1",
    b"bytes=5-",
    b"bytes=" + b"9" * 4000 + b"-",
    b"bytes=0-1," * 500,
    b"bytes=-" + b"9" * 5000,
    b'"x"',
    b'W/"x"',
    b"*",
    b'"a", ' * 1000,
    b"Wed, 21 Oct 2015 07:28:00 GMT",
    b"Wed, 21 Oct 9999999999 07:28:00 GMT",
    b"Sun, 99 Nov 1994 99:99:99 +9999",
    b"0 Jan 0",
    b"192.168.1.50",
    b"192.168.1.50, 192.168.1.77",
    b"::ffff:192.168.1.50",
    b"1," * 2000,
    b"%" * 100,
    b"Bearer " + b"k" * 3000,
    b"9" * 5000,
    b"-1",
    b"0",
    b"10",
    b"chunked",
    b"chunked, chunked",
    b"gzip",
    b"deflate",
    b"br",
    b"zstd",
    b"keep-alive",
    b"close",
    b"100-continue",
    b"websocket",
    b"a=b; " * 1000,
    b"xn--" + b"a" * 200,
    "bücher.example".encode(),
    b"\xff\xfe",
    b"[::1",
    b"text/html;q=" + b"0" * 2000,
)
_BODIES = (
    b"",
    b"{}",
    b"[" * 500,
    b"5\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\n",
    b"\x1f\x8b\x08",
)
_PATHS = (
    *(b"/" + name for name in NAMES),
    b"/healthcheck",
    b"/metrics",
    b"*",
    b"http://other/undionly.kpxe",
    b"http://[half/",
    b"//undionly.kpxe?x#y",
    b"/%",
    b"/%ff%fe",
    b"/" + b"%2f" * 1000,
    b"/" + MACS[0].encode() + b"/agent/v1/hello",
    b"/" + MACS[0].encode() + b"/agent/v1/edges?run=r&session=1&step=0&attempt=1&serial=s&size=9",
    b"/phone-home",
)


def _made(choices: Choices) -> bytes:
    method, path, version = choices.pick(_METHODS), choices.pick(_PATHS), choices.pick(_VERSIONS)
    lines = [b" ".join((method, path + choices.piece(), version))]
    for _ in range(choices.number() % 8):
        name, value = choices.pick(_HEADERS), choices.pick(_VALUES)
        own = choices.piece()
        lines.append(name + b": " + (own or value))
    body = choices.pick(_BODIES) + choices.rest()
    if choices.flag():
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join((*lines, b"", body))


def _requests() -> Iterator[bytes]:
    for path in range(len(_PATHS)):
        yield bytes([0, 0, path, 0, 0, 1, 0, 0, 0])
    for header in range(len(_HEADERS)):
        for value in range(header % 5, len(_VALUES), 5):
            yield bytes([header & 1, 0, 0, 0, 0, 2, 0, 0, 0, header, value, 0])


def _raws() -> Iterator[bytes]:
    for data in itertools.islice(_requests(), 0, None, 9):
        yield b"\xff" + _made(Choices(data[1:]))
    yield b"\x00CONNECT\r\n\r\n"
    yield b"\x04\x16\x03\x01\x00\xa5\x01\x00"
    yield b"\x10GET / HTTP/1.1\r\n" + b"a: b\r\n" * 6000 + b"\r\n"
    yield b"\x10GET / HTTP/1.1\r\na: " + b"b" * _LONG + b"\r\n\r\n"
    yield b"\x10GET /" + b"a" * _LONG + b" HTTP/1.1\r\n\r\n"
    yield b"\x10" + b"GET /x HTTP/1.1\r\n\r\n" * 100
    chunked = b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield b"\x10POST /" + MACS[0].encode() + b"/agent/v1/events" + chunked + b"1\r\na\r\n" * 10_000
    yield b"\x10GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"


_WHAT = (b"hello", b"next", b"events", b"edges/1", b"progress", b"inventory")


def _agent(data: bytes) -> None:
    """What an agent says, whatever it is: the first byte chooses what it is said to."""
    what = _WHAT[data[0] % len(_WHAT)] if data else b"hello"
    head = b"POST /" + MACS[0].encode() + b"/agent/v1/" + what + b" HTTP/1.1\r\nHost: b\r\n"
    body = data[1:]
    answers = _bench(trusts=False).ask(head + b"Content-Length: %d\r\n\r\n" % len(body), body)
    assert statuses(answers)[:1] != [500]


def _words() -> Iterator[bytes]:
    folder = seeds.VECTORS / "agent"
    for path in sorted((*folder.glob("*.json"), *folder.glob("session/*.json"))):
        said = path.read_bytes()
        yield from (bytes([at]) + said for at in range(len(_WHAT)))
    run = b'"run": "r", "session": 1'
    step = b'"step": 0, "attempt": 1'
    line = b'{"number": 1, "at": 1e308, %s, "text": "\\ud800\\u0000"}' % step
    event = b'{"sequence": 1, "type": "ended", %s, "wrote": {"a": "b"}}' % step
    yield b'\x00{"ticket": "t", "key": "k", "run": "r", "session": 1, "version": "v"}'
    yield b'\x01{%s, "wait": 0}' % run
    yield b'\x01{%s, "wait": 1e999}' % run
    yield b'\x02{%s, "events": [%s], "lines": [%s], "progress": {%s}}' % (run, event, line, step)
    yield b"\x03{%s}" % run
    yield b'\x04{"stage": "\\u001b[2J", "message": "\\u202e"}'
    yield b"\x05{" + b",".join(b'"%d": [{}]' % at for at in range(900)) + b"}"
    for at in range(len(_WHAT)):
        yield bytes([at]) + b"[" * 5000
        yield bytes([at]) + b'{"a":' * 1000
        yield bytes([at]) + b"9" * 5000
        yield bytes([at]) + b'{"run": ' + b"9" * 5000 + b"}"
        yield bytes([at]) + b'"\\ud800"'


def _forwarded(data: bytes) -> None:
    """Whom a proxy asks for is believed of trusted proxies only, from the right."""
    text = data.decode(errors="surrogateescape")
    trusted = (IPv4Network(_TRUSTED),)
    near, far = IPv4Address(PEER[0]), IPv4Address("203.0.113.1")
    assert origin(far, text, trusted) == far
    origin(near, text, trusted)


def _chains() -> Iterator[bytes]:
    yield from (value for value in _VALUES if len(value) < 5000)
    yield b"1.2.3.4, " + b"192.168.1.77, " * 500
    yield b"fe80::1%eth0, ::ffff:1.2.3.4"


TARGETS = (
    Target("http.bytes", _raw, _raws, on_loop=True, words=_HEADERS, longest=70_000),
    Target("http.request", _request, _requests, on_loop=True, words=_VALUES[:4], longest=1024),
    Target("http.agent", _agent, _words, on_loop=True, longest=8192),
    Target("http.forwarded", _forwarded, _chains, on_loop=True, longest=8192),
)
