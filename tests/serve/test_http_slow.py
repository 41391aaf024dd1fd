"""Clients that take their time over HTTP, so that others would find no place."""

import asyncio
import contextlib
import json
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from tests.serve.test_http_door import MAC, Bench, serving

from boots.journal import events
from boots.journal.exposition import exposition
from boots.model.limits import HTTP_BODIES_OF_ONE, HTTP_INVENTORIES, HTTP_METRICS, MIB
from boots.serve import agent
from boots.serve.connections import Bounds
from boots.serve.http import Extras

REPORT = f"/{MAC}/agent/v1/progress"


@pytest.mark.parametrize("begun", [b"", b"GET /ipxe.efi HTTP/1.1\r\nHost: b\r\nA"])
async def test_a_request_that_is_never_finished_is_closed_and_told(
    tmp_path: Path, begun: bytes
) -> None:
    """Slow-loris."""
    hasty = Extras(bounds=Bounds(first_word=0.1))
    async with serving(tmp_path, hasty) as bench, bench.client() as client:
        client.writer.write(begun)
        assert await client.is_cut()
        assert "first-word" == (await bench.told.first(events.LimitReached)).limit


async def test_a_connection_that_asked_in_time_is_kept(tmp_path: Path) -> None:
    hasty = Extras(bounds=Bounds(first_word=0.1))
    async with serving(tmp_path, hasty) as bench, bench.client() as client:
        assert 200 == (await client.ask("/ipxe.efi")).status
        await asyncio.sleep(0.15)  # the limit itself is a time
        assert 200 == (await client.ask("/ipxe.efi")).status
        assert [] == bench.told.of(events.LimitReached)


async def test_one_address_has_no_more_than_its_share_of_connections(tmp_path: Path) -> None:
    narrow = Extras(bounds=Bounds(most_of_one=2))
    async with serving(tmp_path, narrow) as bench:
        async with bench.client() as one, bench.client() as two, bench.client() as three:
            assert await three.is_cut()
            assert [200, 200] == [(await each.ask("/ipxe.efi")).status for each in (one, two)]
        told = await bench.told.first(events.LimitReached)
        assert "connections-of-one" == told.limit
        assert told.why.startswith("more than 2 "), "the number that holds here"
        # The server hears a moment later that they have gone.
        assert any([await has_room(bench) for _ in range(20)])


async def has_room(bench: Bench) -> bool:
    async with bench.client() as client:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            return (await client.ask("/ipxe.efi")).status == 200
    return False


async def test_a_proxy_that_is_trusted_has_as_many_as_there_may_be(tmp_path: Path) -> None:
    bounds = Bounds(most_of_one=1, trusted=(IPv4Network("127.0.0.0/8"),))
    many = Extras(bounds=bounds)
    async with serving(tmp_path, many) as bench, bench.client() as one, bench.client() as two:
        assert [200, 200] == [(await each.ask("/ipxe.efi")).status for each in (one, two)]


@pytest.mark.parametrize("known", [False, True])
async def test_where_there_is_no_room_who_asks_nothing_gives_way(
    tmp_path: Path, *, known: bool
) -> None:
    full = Extras(bounds=Bounds(most=2, is_known=lambda _: known))
    async with serving(tmp_path, full) as bench:
        async with bench.client() as idle, bench.client() as second:
            assert 200 == (await second.ask("/ipxe.efi")).status
            async with bench.client() as third:
                assert 200 == (await third.ask("/ipxe.efi")).status
                assert await idle.is_cut()
                assert 200 == (await second.ask("/ipxe.efi")).status
        told = await bench.told.first(events.LimitReached)
        assert "connections" == told.limit
        assert told.why.startswith("more than 2 "), "the number that holds here"


async def test_of_those_that_ask_nothing_strangers_give_way_before_machines(
    tmp_path: Path,
) -> None:
    came = iter([True, False, True])
    full = Extras(bounds=Bounds(most=2, is_known=lambda _: next(came)))
    async with (
        serving(tmp_path, full) as bench,
        bench.client() as machine,
        bench.client() as stranger,
        bench.client() as new,
    ):
        assert 200 == (await new.ask("/ipxe.efi")).status
        assert await stranger.is_cut()
        assert 200 == (await machine.ask("/ipxe.efi")).status


async def test_one_address_has_no_more_than_its_share_of_large_bodies(tmp_path: Path) -> None:
    async with serving(tmp_path) as bench, contextlib.AsyncExitStack() as opened:
        for _ in range(HTTP_BODIES_OF_ONE.most):
            slow = await opened.enter_async_context(bench.client())
            slow.send(REPORT, "POST", b"{", Content_Length="100000")
        async with bench.client() as client:
            await client.ask("/healthz")  # those before have been heard
            refused = await client.ask(REPORT, "POST", b"{" + bytes(99_999))
            assert (503, "2") == (refused.status, refused.headers["Retry-After"])
        async with bench.client() as client:
            small = await client.ask(REPORT, "POST", b'{"stage": "agent"}')
            assert 204 == small.status, "what agents say as a rule always has room"


async def test_behind_a_proxy_each_address_has_its_own_share_of_large_bodies(
    tmp_path: Path,
) -> None:
    behind = Extras(trusted=(IPv4Network("127.0.0.0/8"),))
    async with serving(tmp_path, behind) as bench, contextlib.AsyncExitStack() as opened:
        for _ in range(HTTP_BODIES_OF_ONE.most):
            slow = await opened.enter_async_context(bench.client())
            forwarded = {"X_Forwarded_For": "192.0.2.7", "Content_Length": "100000"}
            slow.send(REPORT, "POST", b"{", **forwarded)
        large = b'{"stage": "agent", "message": "' + b"x" * 70_000 + b'"}'
        async with bench.client() as client:
            await client.ask("/healthz")  # those before have been heard
            same = await client.ask(REPORT, "POST", large, X_Forwarded_For="192.0.2.7")
        async with bench.client() as client:
            other = await client.ask(REPORT, "POST", large, X_Forwarded_For="192.0.2.8")
    assert (503, 204) == (same.status, other.status)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2", "openmetrics"),
        ("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4", "plain"),
        ("text/plain;version=x, application/openmetrics-text;escaping=allow-utf-8", "openmetrics"),
        ("*/*", "plain"),
        ("", "plain"),
    ],
)
async def test_whoever_asked_for_metrics_before_each_gets_the_form_asked_for(
    tmp_path: Path, accept: str, form: str
) -> None:
    def metrics(asked: str) -> tuple[bytes, str]:
        return b"1", exposition(CollectorRegistry(), asked)[1]

    async with serving(tmp_path, Extras(metrics=metrics)) as bench, bench.client() as client:
        for _ in range(HTTP_METRICS.most):
            await client.ask("/metrics", Accept="text/plain")
            await client.ask("/metrics", Accept="application/openmetrics-text")
        found = await client.ask("/metrics", Accept=accept)
        assert "metrics" == (await bench.told.first(events.LimitReached)).limit
    kind = found.headers["Content-Type"].partition(";")[0]
    assert kind == {"plain": "text/plain", "openmetrics": "application/openmetrics-text"}[form]


async def test_more_inventories_than_a_second_has_room_for_are_asked_for_again(
    tmp_path: Path,
) -> None:
    body = json.dumps({"x": "y" * 250_000}).encode()
    async with serving(tmp_path) as bench, bench.client() as client:
        path = f"/{MAC}/agent/v1/inventory"
        said = [(await client.ask(path, "POST", body)).status for _ in range(80)]
        taken = HTTP_INVENTORIES.burst * MIB // len(body)
        assert [200] * taken == said[:taken]
        assert 503 in said
        told = await bench.told.first(events.LimitReached)
        assert ("inventories", MAC) == (told.limit, told.mac)


async def test_a_report_whose_body_does_not_come_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "_PATIENCE", 0.1)
    async with serving(tmp_path) as bench, bench.client() as client:
        client.send(REPORT, "POST", b"{", Content_Length="1000")
        assert 408 == (await client.answer()).status


async def test_names_with_line_ends_split_no_answer(tmp_path: Path) -> None:
    async with serving(tmp_path) as bench, bench.client() as client:
        for name in ("/a%0d%0aSet-Cookie:%20a=b", "/a%0aX:b/auto.ipxe", "/iso/%0d%0aX: b/x.iso"):
            client.send(name.replace(" ", "%20"), "GET")
            answer = await client.answer()
            assert answer.status in {400, 403, 404}
            assert {"Set-Cookie", "X"}.isdisjoint(answer.headers)
