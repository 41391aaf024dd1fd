"""Clients that take their time over HTTP, so that others would find no place."""

from pathlib import Path

import pytest
from aiohttp import web
from tests.serve.test_http_door import MAC, serving

from boots.serve import agent

REPORT = f"/{MAC}/agent/v1/progress"


@pytest.mark.parametrize("begun", [b"", b"GET /ipxe.efi HTTP/1.1\r\nHost: b\r\nA"])
async def test_a_request_that_is_never_finished_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    """Slow-loris: the limit is that of connections without a request, 75 s."""
    make = web.Server.__init__

    def sooner(self: web.Server, *args: object, **named: object) -> None:
        assert named["keepalive_timeout"] == 75
        make(self, *args, **{**named, "keepalive_timeout": 0.2})  # type: ignore[arg-type]

    monkeypatch.setattr(web.Server, "__init__", sooner)
    async with serving(tmp_path) as bench, bench.client() as client:
        client.writer.write(begun)
        assert await client.closed()


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
