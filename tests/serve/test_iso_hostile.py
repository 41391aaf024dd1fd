"""The ISO endpoint, asked and answered by those who mean harm."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from tests.serve.test_iso import PATH, TEXT, bench_of, iso, remote_of
from yarl import URL

from boots.policy.iso import Image
from boots.policy.placeholder import PLACEHOLDER
from boots.serve import iso as room
from boots.serve import source

pytestmark = pytest.mark.skipif(shutil.which("xorriso") is None, reason="xorriso is not installed")
DIGITS = "9" * 5000


@pytest.mark.parametrize(
    "wanted", [f"bytes={DIGITS}-", f"bytes=0-{DIGITS}", f"bytes=-{DIGITS}", "bytes=٣-", "bytes=-"]
)
async def test_a_range_that_is_no_number_of_bytes_gets_the_whole(
    tmp_path: Path, wanted: str
) -> None:
    """Python takes no number of more than 4300 digits: it was a fault, and a traceback each."""
    async with bench_of(tmp_path) as (_, client):
        assert (200, len(iso())) == (
            (answer := await client.ask(PATH, Range=wanted)).status,
            len(answer.body),
        )


async def test_thousands_of_ranges_at_once_are_as_none(tmp_path: Path) -> None:
    async with bench_of(tmp_path) as (_, client):
        wanted = "bytes=" + ",".join(f"{at}-{at}" for at in range(0, 2000, 2))
        answer = await client.ask(PATH, Range=wanted[:8000])
        assert 200 == answer.status


@contextlib.asynccontextmanager
async def redirecting(place: str) -> AsyncIterator[str]:
    """A server that sends whoever asks somewhere else."""

    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": place})

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/a.iso"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "place", ["file:///etc/shadow", "file:///dev/zero", "ftp://h/", "http:///x"]
)
async def test_no_redirect_leads_out_of_http(tmp_path: Path, place: str) -> None:
    async with redirecting(place) as url, bench_of(tmp_path) as (bench, client):
        bench.remote(url)
        answer = await client.ask(PATH)
        assert 502 == answer.status


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:1/x",
        "http://localhost:1/x",
        "http://[::1]:1/x",
        "http://[::ffff:127.0.0.1]:1/x",
        "http://169.254.169.254/latest/user-data",
        "http://0.0.0.0:1/x",
        "http://2130706433:1/x",
        "//127.1:1/x",
    ],
)
async def test_no_redirect_leads_to_this_machine_or_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A source that was taken over must not make us ask what only we may ask (SSRF)."""
    close = source._is_close
    first: list[bool] = []

    async def but_the_first(url: source.URL) -> bool:
        first.append(True)
        return len(first) > 1 and await close(url)

    monkeypatch.setattr(source, "_is_close", but_the_first)
    async with redirecting(place) as url, bench_of(tmp_path) as (bench, client):
        bench.remote(url)
        answer = await client.ask(PATH)
        assert 502 == answer.status
        assert "which is refused" in answer.text


CLOSE = (
    "http://127.0.0.1:{}/hook.iso",
    "http://localhost:{}/hook.iso",
    "http://[::ffff:127.0.0.1]:{}/hook.iso",
    "http://0.0.0.0:{}/hook.iso",
)


@pytest.mark.parametrize("url", [*CLOSE, "http://169.254.169.254/latest/user-data"])
async def test_who_makes_records_from_afar_has_us_ask_nothing_close(
    tmp_path: Path, url: str
) -> None:
    async with remote_of(tmp_path) as (bench, client, far):
        port = URL(bench.what.source).port
        bench.what = Image(url.format(port), False, PLACEHOLDER, TEXT, trusted=False)
        answer = await client.ask(PATH)
        assert 502 == answer.status
        assert "names" in answer.text
        assert "which is refused" in answer.text
        assert [] == far.asked


@pytest.mark.parametrize("url", CLOSE)
async def test_a_name_that_leads_elsewhere_when_it_is_asked_again_leads_nowhere_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    async def is_far(_url: URL) -> bool:
        return False

    async with remote_of(tmp_path) as (bench, client, far):
        port = URL(bench.what.source).port
        monkeypatch.setattr(source, "_is_close", is_far)
        bench.what = Image(url.format(port), False, PLACEHOLDER, TEXT, trusted=False)
        answer = await client.ask(PATH)
        assert 502 == answer.status
        assert "is refused" in answer.text
        assert [] == far.asked


async def test_redirects_without_end_are_left(tmp_path: Path) -> None:
    async with redirecting("/again") as url, bench_of(tmp_path) as (bench, client):
        bench.remote(url)
        answer = await client.ask(PATH)
        assert (502, True) == (answer.status, "redirects more than" in answer.text)


async def test_only_so_many_isos_are_searched_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each search reads a whole ISO: who asks for many at once must not have us read them all."""
    monkeypatch.setattr(room, "_MOST_SCANS", 0)
    async with remote_of(tmp_path) as (_, client, far):
        for number in range(5):
            far.tag = f'"{number}"'
            assert 200 == (await client.ask(PATH, "HEAD")).status
            assert 503 == (await client.ask(PATH, Range="bytes=0-9")).status
        asked = [wanted for _, wanted in far.asked]
        assert 5 == asked.count("bytes=0-9")
        whole = await client.ask(PATH)  # which needs no search
        assert len(iso()) == len(whole.body)


async def test_many_readers_of_one_unseen_iso_cause_one_search(tmp_path: Path) -> None:
    async with remote_of(tmp_path) as (bench, _client, far):
        bench.what = Image(far_url(bench.what), local=False, placeholder=PLACEHOLDER, text=TEXT)

        async def ask() -> int:
            async with bench.client() as client:
                return (await client.ask(PATH, Range="bytes=0-9")).status

        assert {206} == set(await asyncio.gather(*(ask() for _ in range(30))))
        assert far.asked.count(("GET", "")) == 1


def far_url(what: object) -> str:
    assert isinstance(what, Image)
    return what.source
