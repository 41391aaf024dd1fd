"""The ISO endpoint over a real ISO: whole, in ranges, from a file and from another server."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.serve.test_http_door import MAC, Answer, Bench, Client, serving

from boots.journal import events
from boots.policy.got import Ground, Refusal
from boots.policy.iso import Image
from boots.policy.placeholder import PLACEHOLDER
from boots.serve import reading
from boots.serve.http import Extras, HttpDoor
from boots.serve.iso import Pictured

pytestmark = pytest.mark.skipif(shutil.which("xorriso") is None, reason="xorriso is not installed")

TEXT = b"console=ttyS0 hw_addr=52:54:00:12:34:56".ljust(len(PLACEHOLDER))
PATH = "/iso/any/52-54-00-12-34-56/hook.iso"


@cache
def iso() -> bytes:
    """A bootable layout like HookOS's: the placeholder is in the files of two boot loaders."""
    with TemporaryDirectory() as name:
        tree = Path(name) / "tree"
        for path in ("boot/grub/grub.cfg", "isolinux/isolinux.cfg"):
            tree.joinpath(path).parent.mkdir(parents=True)
            tree.joinpath(path).write_bytes(b"linux /k " + PLACEHOLDER + b" end\n")
        tree.joinpath("kernel").write_bytes(bytes(range(256)) * 3000)
        made = Path(name) / "made.iso"
        words = ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", made, tree]
        subprocess.run(list(map(str, words)), check=True, capture_output=True)
        return made.read_bytes()


def patched() -> bytes:
    return iso().replace(PLACEHOLDER, TEXT)


class Source:
    """Another server with the ISO, which sends it in chunks of its own."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.data = iso()
        self.tag = '"1"'
        self.cut_at = 0
        self.ranges = True
        self.host = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        wanted = request.headers.get("Range", "")
        self.asked.append((request.method, wanted))
        self.host = request.headers["Host"]
        if request.path == "/moved.iso":
            raise web.HTTPFound("/hook.iso")
        if request.path != "/hook.iso":
            raise web.HTTPNotFound
        part = request.http_range if self.ranges else slice(None)
        start, stop, _ = part.indices(len(self.data))
        headers = {"ETag": self.tag} if self.tag else {}
        if wanted and start >= len(self.data):
            headers["Content-Range"] = f"bytes */{len(self.data)}"
            return web.Response(status=416, headers=headers)
        if wanted and self.ranges:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(self.data)}"
        response = web.StreamResponse(status=206 if wanted and self.ranges else 200)
        response.headers.update(headers)
        response.content_length = stop - start
        await response.prepare(request)
        if self.cut_at:
            await response.write(self.data[start : start + self.cut_at])
            if request.transport:
                request.transport.close()
            return response
        for first, last in pairwise([*range(start, stop, 40_009), stop]):
            await response.write(self.data[first:last])
        return response


class IsoBench(Bench):
    """The HTTP door with an ISO endpoint."""

    what: Image | Refusal

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.file = folder / "hook.iso"
        self.file.write_bytes(iso())
        self.what = Image(str(self.file), local=True, placeholder=PLACEHOLDER, text=TEXT)
        self.door = HttpDoor(
            self.sock,
            self._fetch,
            self.told.record,
            asyncio.get_running_loop().time,
            dict,
            extras=Extras(images=lambda *_: Pictured(MAC, self.what)),
        )

    def remote(self, url: str) -> None:
        self.what = Image(url, local=False, placeholder=PLACEHOLDER, text=TEXT)


@contextlib.asynccontextmanager
async def bench_of(folder: Path) -> AsyncIterator[tuple[IsoBench, Client]]:
    bench = IsoBench(folder)
    await bench.door.open()
    try:
        async with bench.client() as client:
            yield bench, client
    finally:
        await bench.door.close()


@contextlib.asynccontextmanager
async def remote_of(
    folder: Path, name: str = "hook.iso"
) -> AsyncIterator[tuple[IsoBench, Client, Source]]:
    source = Source()
    runner = web.ServerRunner(web.Server(source.answer))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        async with bench_of(folder) as (bench, client):
            bench.remote(f"http://{host}:{port}/{name}")
            yield bench, client, source
    finally:
        await runner.cleanup()


def ranges() -> Iterator[tuple[str, slice]]:
    size, place = len(iso()), iso().index(PLACEHOLDER)
    yield "bytes=0-99", slice(0, 100)
    yield f"bytes={place}-{place + 9}", slice(place, place + 10)
    yield f"bytes={place + 500}-{place + 2000}", slice(place + 500, place + 2001)
    yield f"bytes={place - 10}-{place + 10}", slice(place - 10, place + 11)
    yield f"bytes={place + 1020}-", slice(place + 1020, size)
    yield "bytes=-5000", slice(size - 5000, size)


async def test_only_the_placeholders_differ_in_a_file(tmp_path: Path) -> None:
    async with bench_of(tmp_path) as (bench, client):
        answer = await client.ask(PATH)

        assert (200, patched()) == (answer.status, answer.body)
        assert len(iso()) == len(answer.body)
        assert 2 == patched().count(TEXT)
        assert str(len(iso())) == answer.headers["Content-Length"]
        finished = await bench.told.first(events.TransferFinished)
        assert (MAC, len(iso())) == (finished.mac, finished.size)


async def test_only_the_placeholders_differ_of_another_server(tmp_path: Path) -> None:
    async with remote_of(tmp_path) as (_, client, source):
        answer = await client.ask(PATH)
        again = await client.ask(PATH)

        assert (200, patched()) == (answer.status, answer.body)
        assert patched() == again.body
        assert [("GET", ""), ("GET", "")] == source.asked


async def test_redirects_are_followed_and_the_host_is_the_source(tmp_path: Path) -> None:
    async with remote_of(tmp_path, "moved.iso") as (_, client, source):
        assert patched() == (await client.ask(PATH)).body
        assert source.host.startswith("127.0.0.1:")


@pytest.mark.parametrize("number", range(6))
async def test_a_range_is_right_though_nothing_was_seen_before(tmp_path: Path, number: int) -> None:
    wanted, part = list(ranges())[number]
    async with remote_of(tmp_path) as (_, client, _source):
        answer = await client.ask(PATH, Range=wanted)

        assert (206, patched()[part]) == (answer.status, answer.body)
        said = f"bytes {part.start}-{part.stop - 1}/{len(iso())}"
        assert said == answer.headers["Content-Range"]
        assert "ETag" in answer.headers or "Etag" in answer.headers


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1 << 21), st.integers(1, 70_000)), max_size=5))
def test_any_ranges_are_parts_of_the_patched_whole(
    tmp_path: Path, wanted: list[tuple[int, int]]
) -> None:
    async def ask() -> None:
        async with remote_of(tmp_path) as (_, client, _source):
            for at, length in wanted:
                first = at % len(iso())
                answer = await client.ask(PATH, Range=f"bytes={first}-{first + length - 1}")
                assert patched()[first : first + length] == answer.body

    asyncio.run(asyncio.wait_for(ask(), 10))


async def test_a_source_is_searched_once_and_again_when_it_changes(tmp_path: Path) -> None:
    async with remote_of(tmp_path) as (_, client, source):
        for _ in range(3):
            await client.ask(PATH, Range="bytes=0-9")
        assert 1 == source.asked.count(("GET", ""))
        source.data, source.tag = b"...." + iso(), '"2"'
        place = source.data.index(PLACEHOLDER)
        answer = await client.ask(PATH, Range=f"bytes={place}-{place + 9}")

        assert TEXT[:10] == answer.body
        assert 2 == source.asked.count(("GET", ""))


async def test_a_server_without_ranges_gives_the_whole(tmp_path: Path) -> None:
    async with remote_of(tmp_path) as (_, client, source):
        source.ranges = False
        answer = await client.ask(PATH, Range="bytes=5-9")

        assert (200, patched()) == (answer.status, answer.body)


async def test_several_ranges_at_once_get_the_whole(tmp_path: Path) -> None:
    async with bench_of(tmp_path) as (_, client):
        answer = await client.ask(PATH, Range="bytes=0-1,5-9")

        assert (200, patched()) == (answer.status, answer.body)


@pytest.mark.parametrize("local", [True, False])
async def test_head_gives_the_size_and_a_range_outside_is_refused(
    tmp_path: Path, *, local: bool
) -> None:
    async with remote_of(tmp_path) as (bench, client, _source):
        if local:
            bench.what = Image(str(bench.file), local=True, placeholder=PLACEHOLDER, text=TEXT)
        head = await client.ask(PATH, "HEAD")
        outside = await client.ask(PATH, Range="bytes=999999999-")

        assert (200, str(len(iso()))) == (head.status, head.headers["Content-Length"])
        assert (416, f"bytes */{len(iso())}") == (outside.status, outside.headers["Content-Range"])
        assert 405 == (await client.ask(PATH, "POST")).status


async def test_what_was_begun_goes_on_only_if_nothing_changed(tmp_path: Path) -> None:
    async with bench_of(tmp_path) as (bench, client):
        tag = (await client.ask(PATH, "HEAD")).headers["Etag"]
        goes_on = await client.ask(PATH, Range="bytes=5-9", If_Range=tag)
        assert isinstance(bench.what, Image)
        other = TEXT.replace(b"ttyS0", b"ttyS1")
        bench.what = Image(bench.what.source, local=True, placeholder=PLACEHOLDER, text=other)
        anew = await client.ask(PATH, Range="bytes=5-9", If_Range=tag)

        assert (206, 200) == (goes_on.status, anew.status)
        assert iso().replace(PLACEHOLDER, other) == anew.body


@pytest.mark.parametrize(
    ("ground", "status"),
    [
        (Ground.GARBLED, 400),
        (Ground.STRANGER, 403),
        (Ground.FORBIDDEN, 403),
        (Ground.MISSING, 404),
        (Ground.BROKEN, 500),
    ],
)
async def test_a_refusal_says_why(tmp_path: Path, ground: Ground, status: int) -> None:
    async with bench_of(tmp_path) as (bench, client):
        bench.what = Refusal(ground, "because")
        answer = await client.ask(PATH)

        assert (status, "because\n") == (answer.status, answer.text)
        assert "because" == (await bench.told.first(events.FetchRefused)).why


async def test_a_source_that_fails_is_a_502(tmp_path: Path) -> None:
    async with remote_of(tmp_path, "other.iso") as (bench, client, _source):
        missing = await client.ask(PATH)
        bench.remote("http://127.0.0.1:1/hook.iso")
        unreachable = await client.ask(PATH)

        assert (502, "the server of the ISO answers 404 Not Found\n") == (
            missing.status,
            missing.text,
        )
        assert 502 == unreachable.status


async def test_a_source_that_breaks_off_cuts_the_client_off(tmp_path: Path) -> None:
    async with remote_of(tmp_path) as (bench, client, source):
        source.cut_at = 300_000
        client.send(PATH, "GET")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.answer()

        failed = await bench.told.first(events.TransferFailed)
        assert "the server of the ISO" in failed.why


async def test_an_iso_without_the_placeholder_is_given_and_told(tmp_path: Path) -> None:
    async with bench_of(tmp_path) as (bench, client):
        bench.file.write_bytes(b"nothing here")
        answer = await client.ask(PATH)

        assert b"nothing here" == answer.body
        missing = await bench.told.first(events.IsoUnpatched)
        assert (MAC, str(bench.file)) == (missing.mac, missing.source)


async def test_where_an_iso_comes_from_is_told_without_what_opens_it_there(tmp_path: Path) -> None:
    async with remote_of(tmp_path) as (bench, client, source):
        source.data = b"nothing here"
        assert isinstance(bench.what, Image)
        plain = bench.what.source
        bench.remote(f"{plain.replace('//', '//user:hunter2@')}?signature=hunter2")

        assert b"nothing here" == (await client.ask(PATH)).body
        assert plain == (await bench.told.first(events.IsoUnpatched)).source
        assert "hunter2" not in str(bench.told.of(events.TransferFinished))


async def test_a_token_that_does_not_belong_into_the_path_is_not_told(tmp_path: Path) -> None:
    token = "UlQAAAABMvYWBgAaVOdi8MggtlGHhdk2WWiiE8uSRJ0"
    async with bench_of(tmp_path) as (bench, client):
        await client.ask(f"/iso/{token}/52-54-00-12-34-56/hook.iso")
        finished = await bench.told.first(events.TransferFinished)

        assert "iso/(a-token)/52-54-00-12-34-56/hook.iso" == finished.name


async def test_a_mount_of_many_ranges_is_one_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench_of(tmp_path) as (bench, client):
        for at in range(0, 100_000, 1000):
            await client.ask(PATH, Range=f"bytes={at}-{at + 999}")
        assert 1 == len(bench.told.of(events.TransferStarted))
        monkeypatch.setattr(reading, "_OVER_AFTER", 0.0)
        finished = await bench.told.first(events.TransferFinished)

        assert 100_000 == finished.size


async def test_without_an_endpoint_the_name_is_asked_for_like_any_other(tmp_path: Path) -> None:
    async with serving(tmp_path) as bench, bench.client() as client:
        answer: Answer = await client.ask(PATH)

        assert (404, 'there is no file "iso/any/hook.iso"\n') == (answer.status, answer.text)
