"""Whatever bytes come: none is a fault of the server, and none closes the listener."""

import asyncio
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.api.bench import bench, parsed, request
from tests.api.test_auth import target

from boots.api.connection import OperatorConnection
from boots.api.matching import Matching
from boots.api.reading import decode
from boots.api.route import Route
from boots.api.routes import TABLE
from boots.client.words import NewOrder
from boots.journal import events

HEADERS = [
    "Authorization",
    "Cookie",
    "Host",
    "Origin",
    "If-Match",
    "If-None-Match",
    "Range",
    "Content-Type",
    "Idempotency-Key",
    "Accept",
    "Expect",
    "X-Forwarded-For",
]
MANY = settings(max_examples=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    max_leaves=20,
)
ROUTES = st.sampled_from([route for route in TABLE if route.feed is None])
TAKING = st.sampled_from([route for route in TABLE if route.takes is not None])


def status_of(raw: bytes) -> int:
    """The status of the answer to these bytes, and of a good request after them."""

    async def asked() -> int:
        async with bench() as at:
            answer = parsed(await at.send(raw))
            assert answer.is_problem or answer.status < 400
            after = await at.ask("GET", "/v1/me")
            assert 200 == after.status
            return answer.status

    return asyncio.run(asked())


@MANY
@given(route=TAKING, body=st.binary(max_size=200))
@example(route=TABLE[3], body=b'{"record": {"name": "\\ud800"}}')
@example(route=TABLE[3], body=b'{"record": ' + b"9" * 5000 + b"}")
def test_any_bytes_as_a_body_are_no_fault_of_ours(route: Route, body: bytes) -> None:
    assert status_of(request(route.method, target(route), body)) < 500


@MANY
@given(route=TAKING, body=VALUES)
def test_any_json_as_a_body_is_no_fault_of_ours(route: Route, body: object) -> None:
    raw = json.dumps(body).encode()

    assert status_of(request(route.method, target(route), raw)) < 500


@MANY
@given(route=TAKING, data=st.data())
def test_any_values_in_the_fields_of_a_body_are_no_fault_of_ours(
    route: Route, data: st.DataObject
) -> None:
    assert route.takes is not None
    names = [*route.takes.__struct_fields__, "other"]
    body = data.draw(st.dictionaries(st.sampled_from(names), VALUES))

    assert status_of(request(route.method, target(route), json.dumps(body).encode())) < 500


PARTS = st.binary(max_size=40).map(
    lambda raw: bytes(each for each in raw if each not in b" \r\n\t#")
)


@MANY
@given(path=PARTS)
@example(path=b"/v1/machines/%ff")
@example(path=b"/v1/machines/\xff")
@example(path=b"/v1/machines/%00")
@example(path=b"/v1/machines/one/files/%2e%2e/%2e%2e/etc/passwd")
@example(path=b"/v1//machines")
@example(path=b"*")
@example(path=b"http://[half/v1/me")
@example(path=b"http://evil.example/v1/me")
def test_any_bytes_as_a_path_are_no_fault_of_ours(path: bytes) -> None:
    tail = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    assert status_of(b"GET " + path + tail) < 500
    assert status_of(b"DELETE /v1/machines/" + path + tail) < 500


@MANY
@given(route=ROUTES, query=PARTS)
@example(route=TABLE[2], query=b"q=%ff")
@example(route=TABLE[2], query=b"q=\xff")
@example(route=TABLE[2], query=b"\xff=1")
@example(route=TABLE[2], query=b"&".join([b"q=1"] * 40))
@example(route=TABLE[2], query=b"limit=" + b"9" * 5000)
def test_any_bytes_as_a_query_are_no_fault_of_ours(route: Route, query: bytes) -> None:
    path = target(route).encode()
    if route.takes is not None or route.status == 204:
        return
    line = b"GET " + path + b"?" + query

    assert status_of(line + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") < 500


@MANY
@given(
    name=st.sampled_from(HEADERS),
    value=st.binary(max_size=60).map(
        lambda raw: bytes(each for each in raw if each >= 0x20 and each != 0x7F).strip()
    ),
)
def test_any_bytes_as_a_header_are_no_fault_of_ours(name: str, value: bytes) -> None:
    head = b"PUT /v1/machines/one HTTP/1.1\r\nConnection: close\r\nContent-Length: 14\r\n"
    host = b"" if name == "Host" else b"Host: localhost\r\n"
    raw = head + host + name.encode() + b": " + value + b"\r\n\r\n" + b'{"record": {}}'

    assert status_of(raw) < 500


@MANY
@given(raw=st.binary(min_size=1, max_size=100))
@example(raw=b"CONNECT\r\n\r\n")
@example(raw=b"\x16\x03\x01\x00\xa5\x01\x00")
@example(raw=b"GET /v1/me HTTP/9.9\r\n\r\n")
def test_after_any_bytes_others_are_answered(raw: bytes) -> None:
    async def asked() -> int:
        async with bench() as at:
            _, writer = await asyncio.open_connection("127.0.0.1", at.port)
            writer.write(raw)
            writer.write_eof()
            await asyncio.sleep(0)
            after = await at.ask("GET", "/v1/me")
            writer.close()
            return after.status

    assert 200 == asyncio.run(asked())


@pytest.mark.parametrize("levels", [65, 1000, 1_000_000])
def test_a_body_that_is_nested_more_deeply_than_any_record(levels: int) -> None:
    raw = b'{"record":' + b'{"a":' * levels + b"1" + b"}" * (levels + 1)

    assert 400 == status_of(request("POST", "/v1/machines", raw[: 1 << 20]))


async def test_a_half_of_a_body_closes_nothing() -> None:
    async with bench() as at:
        _, writer = await asyncio.open_connection("127.0.0.1", at.port)
        raw = request("POST", "/v1/machines", b"{}" * 1000)
        writer.write(raw[:-500])
        await writer.drain()
        writer.close()
        answer = await at.ask("GET", "/v1/me")

    assert 200 == answer.status


async def test_there_are_only_so_many_connections() -> None:
    async with bench(connections=2) as at:
        held = [await asyncio.open_connection("127.0.0.1", at.port) for _ in range(2)]
        for reader, writer in held:
            writer.write(request("GET", "/v1/events/stream", None))
            assert b" 200 " in await reader.readline()
        assert b"" == await at.send(request("GET", "/v1/me", None))
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        raw = b""
        while not raw:  # until it has seen that they are gone
            raw = await at.send(request("GET", "/v1/me", None))

    assert 200 == parsed(raw).status


async def test_who_asks_nothing_keeps_nobody_out() -> None:
    async with bench(connections=2) as at:
        held = [await asyncio.open_connection("127.0.0.1", at.port) for _ in range(2)]
        held[1][1].write(b"GET /v1/me HTTP/1.1\r\nHost: ")  # and no more of it
        await asyncio.sleep(0.01)
        for _ in range(4):
            assert 200 == parsed(await at.send(request("GET", "/v1/me", None))).status
        assert b"" == await held[0][0].read(), "the first one gave way"
        for _, writer in held:
            writer.close()


async def test_a_connection_must_ask_something_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OperatorConnection.__init__.__kwdefaults__, "first_word", 0.1)
    async with bench() as at:
        silent = await asyncio.open_connection("127.0.0.1", at.port)
        slow = await asyncio.open_connection("127.0.0.1", at.port)
        slow[1].write(b"GET /v1/me HTTP/1.1\r\nHost: ")
        busy = await asyncio.open_connection("127.0.0.1", at.port)
        busy[1].write(b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"" == await asyncio.wait_for(silent[0].read(), 2)
        assert b"" == await asyncio.wait_for(slow[0].read(), 2)
        await asyncio.sleep(0.1)
        busy[1].write(b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert 2 == (await asyncio.wait_for(busy[0].read(), 2)).count(b"HTTP/1.1 200")
        for _, writer in (silent, slow, busy):
            writer.close()
        told = [each for each in at.told if isinstance(each, events.LimitReached)]
        assert ("operator", "first-word", 1) == (told[0].door, told[0].limit, told[0].count)


def test_two_routes_of_one_path_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two routes: GET /v1/health"):
        Matching([TABLE[0], TABLE[0]])


def test_what_is_read_is_what_was_sent() -> None:
    assert "osie" == decode(b'{"netboot": "once", "profile": "osie"}', NewOrder).profile


async def test_what_cannot_be_read_is_told_without_the_tokens_in_it() -> None:
    cookie = b"boots_token=hunter2-hunter2"
    async with bench() as at:
        for head in (
            b"GET / HTTP/1.1\r\nCookie: %b; a=%b\r\n\r\n" % (cookie, b"a" * 9000),
            b"GET http://[/%b HTTP/1.1\r\n\r\n" % cookie,
            b"GET / HTTP/1.1\r\nCookie: %b\x01\r\n\r\n" % cookie,
        ):
            assert 400 == parsed(await at.send(head)).status
        refused = [each for each in at.told if isinstance(each, events.ApiRefused)]
    assert refused
    assert "hunter2" not in str(at.told)
