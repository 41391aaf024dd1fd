"""The HTTP door: what firmware, iPXE and OSIE's agent ask, and what is refused."""

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from tests.serve.bench import LOOPBACK, Told

from boots.journal import events
from boots.model.mac import Mac
from boots.model.machine import Interface, Known, Machine, Place, Reservation, Then
from boots.policy import path
from boots.policy.got import File, Ground, Refusal, Script
from boots.serve import http as door_of
from boots.serve.doors import Given
from boots.serve.http import SERVER, Extras, HttpDoor

MAC = Mac("52:54:00:12:34:56")
STRANGE_MAC = "52:54:00:99:99:99"
CONTENT = b"0123456789" * 100


def known() -> Known:
    home = IPv4Interface("192.0.2.7/24")
    interface = Interface(
        mac=MAC, reservation=Reservation(address=home.ip, prefix=home.network.prefixlen)
    )
    machine = Machine(
        name="one", interfaces=(interface,), place=Place(file="", line=1), then=Then.REBOOT
    )
    return Known(machine=machine, interface=interface)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Client:
    """One connection, and full control of what goes over it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @property
    def name(self) -> str:
        host, port = self.writer.get_extra_info("sockname")
        return f"{host}:{port}"

    async def ask(
        self, target: str | bytes, method: str = "GET", body: bytes = b"", **headers: str
    ) -> Answer:
        self.send(target, method, body, **headers)
        return await self.answer(has_body=method != "HEAD")

    def send(self, target: str | bytes, method: str, body: bytes = b"", **headers: str) -> None:
        raw = target.encode() if isinstance(target, str) else target
        lines = [b" ".join([method.encode(), raw, b"HTTP/1.1"]), b"Host: boots"]
        if body:
            headers.setdefault("Content_Length", str(len(body)))
        lines += [f"{key.replace('_', '-')}: {value}".encode() for key, value in headers.items()]
        self.writer.write(b"\r\n".join([*lines, b"", body]))

    async def answer(self, *, has_body: bool = True) -> Answer:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        status = int(head[0].split()[1])
        body = b""
        if has_body and status not in {204, 304}:
            body = await self.reader.readexactly(int(headers["Content-Length"]))
        return Answer(status, headers, body)

    async def is_cut(self) -> bool:
        """Whether the other end breaks the connection off."""
        try:
            return await self.reader.read() == b""
        except ConnectionError:
            return True

    async def closed(self) -> bool:
        return await self.reader.read() == b""


class Bench:
    """An HTTP door on loopback that gives what is in `names`."""

    def __init__(self, folder: Path, extras: Extras | None = None) -> None:
        self.told = Told()
        self.file = folder / "ipxe.efi"
        self.file.write_bytes(CONTENT)
        os.utime(self.file, (1_700_000_000, 1_700_000_000))
        self.names: dict[str, File | Script | Refusal] = {
            "ipxe.efi": File("ipxe.efi", str(self.file)),
            "auto.ipxe": Script("#!ipxe\nshell\n", "osie"),
            "secret": Refusal(Ground.FORBIDDEN, "netboot is off for this machine"),
            "broken": Refusal(Ground.BROKEN, "it is broken"),
        }
        self.sock = socket.create_server((LOOPBACK, 0))
        self.sock.setblocking(False)
        self.at = self.sock.getsockname()
        self.door = HttpDoor(
            self.sock,
            self._fetch,
            self.told.record,
            asyncio.get_running_loop().time,
            lambda: {"version": "1", "machines": 1},
            extras=extras,
        )

    def _fetch(self, asked: str, _peer: IPv4Address) -> Given:
        wanted = path.read(asked)
        missing = Refusal(Ground.MISSING, f'there is no file "{wanted.name}"')
        if wanted.mac == STRANGE_MAC:
            return Given(
                wanted.mac, wanted.name, Refusal(Ground.STRANGER, "no machine of ours asks")
            )
        return Given(MAC, wanted.name, self.names.get(wanted.name, missing), known())

    def add(self, name: str, size: int) -> None:
        place = self.file.with_name(name)
        with place.open("wb") as file:
            file.truncate(size)
        self.names[name] = File(name, str(place))

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection(*self.at)
        try:
            yield Client(reader, writer)
        finally:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(folder: Path, extras: Extras | None = None) -> AsyncIterator[Bench]:
    bench = Bench(folder, extras)
    await bench.door.open()
    try:
        yield bench
    finally:
        await bench.door.close()


@contextlib.asynccontextmanager
async def asking(folder: Path) -> AsyncIterator[tuple[Bench, Client]]:
    async with serving(folder) as bench, bench.client() as client:
        yield bench, client


# --- files


async def test_a_file_is_given_with_its_size_and_kind(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        answer = await client.ask("/ipxe.efi")

        assert (answer.status, answer.body) == (200, CONTENT)
        assert answer.headers["Content-Length"] == "1000"
        assert answer.headers["Content-Type"] == "application/efi"
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Server"] == SERVER
        finished = await bench.told.first(events.TransferFinished)
        assert (finished.mac, finished.name, finished.size) == (MAC, "ipxe.efi", 1000)
        assert finished.peer == client.name
        assert bench.told.of(events.TransferStarted)[0].size == 1000


async def test_head_gives_the_size_and_is_told_as_a_probe(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        answer = await client.ask("/ipxe.efi", "HEAD")

        assert (answer.status, answer.headers["Content-Length"]) == (200, "1000")
        assert (await bench.told.first(events.TransferProbed)).size == 1000
        assert bench.told.of(events.TransferStarted) == []


@pytest.mark.parametrize(
    ("wanted", "part", "content_range"),
    [
        ("bytes=0-9", CONTENT[:10], "bytes 0-9/1000"),
        ("bytes=990-", CONTENT[990:], "bytes 990-999/1000"),
        ("bytes=-5", CONTENT[-5:], "bytes 995-999/1000"),
        ("bytes=-5000", CONTENT, "bytes 0-999/1000"),
        ("bytes=995-2000", CONTENT[995:], "bytes 995-999/1000"),
    ],
)
async def test_a_range_is_given(
    tmp_path: Path, wanted: str, part: bytes, content_range: str
) -> None:
    async with asking(tmp_path) as (bench, client):
        answer = await client.ask("/ipxe.efi", Range=wanted)

        assert (answer.status, answer.body) == (206, part)
        assert answer.headers["Content-Range"] == content_range
        assert (await bench.told.first(events.TransferFinished)).size == len(part)


@pytest.mark.parametrize("wanted", ["bytes=1000-", "bytes=9-3", "bytes=x", "bytes=0-1,3-4"])
async def test_a_range_outside_the_file_is_refused(tmp_path: Path, wanted: str) -> None:
    async with asking(tmp_path) as (bench, client):
        client.send("/ipxe.efi", "GET", Range=wanted)
        answer = await client.answer(has_body=False)

        assert answer.status == 416
        assert answer.headers["Content-Range"] == "bytes */1000"
        refused = await bench.told.first(events.FetchRefused)
        assert refused.why == "the range asked for is not in the file (HTTP 416)"


async def test_an_unchanged_file_is_not_sent_again(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        first = await client.ask("/ipxe.efi")
        by_time = await client.ask("/ipxe.efi", If_Modified_Since=first.headers["Last-Modified"])
        by_tag = await client.ask("/ipxe.efi", If_None_Match=first.headers["Etag"])

        assert [304, 304] == [by_time.status, by_tag.status]
        assert len(await bench.told.several(events.TransferProbed, 2)) == 2


async def test_one_connection_carries_many_requests(tmp_path: Path) -> None:
    async with asking(tmp_path) as (_, client):
        statuses = [
            (await client.ask(name)).status for name in ("/ipxe.efi", "/nothing", "/auto.ipxe") * 3
        ]

        assert statuses == [200, 404, 200] * 3


@pytest.mark.parametrize(
    "target",
    [
        "//ipxe.efi",
        "/52-54-00-12-34-56/ipxe.efi",
        "/52%3A54%3A00%3A12%3A34%3A56/ipxe.efi",
        "/%69pxe.efi",
        "/./ipxe.efi",
        "/ipxe.efi?x=y",
        "http://boots/ipxe.efi",
        "/\\ipxe.efi",
    ],
)
async def test_a_name_is_found_however_it_is_written(tmp_path: Path, target: str) -> None:
    async with asking(tmp_path) as (_, client):
        assert (await client.ask(target)).body == CONTENT


@pytest.mark.parametrize(
    "target",
    [
        "/../ipxe.efi",
        "/%2e%2e/ipxe.efi",
        "/..%2f..%2fetc/passwd",
        "/../../../../../../etc/passwd",
        "//etc/passwd",
        "/%00",
        "/%ff%fe",
        "/%ed%a0%80",
        "/" + "a" * 4000,
    ],
)
async def test_no_name_leads_out_of_the_catalogue(tmp_path: Path, target: str) -> None:
    async with asking(tmp_path) as (bench, client):
        answer = await client.ask(target)

        assert answer.status == 404
        assert answer.text.startswith('there is no file "')
        refused = await bench.told.first(events.FetchRefused)
        assert events.encode(events.Entry(0, refused))


async def test_a_compressed_neighbour_is_not_given_instead(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        bench.file.with_name("ipxe.efi.gz").write_bytes(b"another file")
        answer = await client.ask("/ipxe.efi", Accept_Encoding="gzip, br")

        assert answer.body == CONTENT
        assert "Content-Encoding" not in answer.headers


# --- refusals


@pytest.mark.parametrize(
    ("target", "status", "why"),
    [
        ("/nothing", 404, 'there is no file "nothing"'),
        ("/secret", 403, "netboot is off for this machine"),
        (f"/{STRANGE_MAC}/ipxe.efi", 403, "no machine of ours asks"),
        ("/broken", 500, "it is broken"),
    ],
)
async def test_a_refusal_says_why(tmp_path: Path, target: str, status: int, why: str) -> None:
    async with asking(tmp_path) as (bench, client):
        answer = await client.ask(target)

        assert (answer.status, answer.text) == (status, f"{why}\n")
        (refused,) = bench.told.of(events.FetchRefused)
        assert (refused.why, refused.door, refused.peer) == (why, "http", client.name)


async def test_a_file_that_has_gone_is_refused(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        bench.file.unlink()
        client.send("/ipxe.efi", "GET")

        assert (await client.answer(has_body=False)).status == 404
        refused = await bench.told.first(events.FetchRefused)
        assert refused.why == "the file has gone from the server (HTTP 404)"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_files_are_only_read(tmp_path: Path, method: str) -> None:
    async with asking(tmp_path) as (_, client):
        answer = await client.ask("/ipxe.efi", method)

        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")


async def test_what_is_no_http_gets_400_and_no_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with asking(tmp_path) as (bench, client):
        client.writer.write(b"\x16\x03\x01 no http\r\n\r\n")
        assert (await client.answer()).status == 400
        async with bench.client() as other:
            assert (await other.ask(b"/\xff")).status == 400
        async with bench.client() as other:
            other.writer.write(b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n")
            assert (await other.answer()).status == 400

        dropped = bench.told.of(events.PacketDropped)
        assert [(each.door, each.peer) for each in dropped] == [("http", LOOPBACK)] * 3
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_request_without_target_is_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with asking(tmp_path) as (_, client):
        client.writer.write(b"CONNECT \r\n\r\n")

        assert (await client.answer()).status == 405
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("line", "status"),
    [(f"POST /{MAC}/agent/v1/inventory HTTP/1.1", 400), ("GET /ipxe.efi HTTP/1.1", 200)],
)
async def test_a_body_that_cannot_be_read_is_no_fault_of_ours(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    line: str,
    status: int,
) -> None:
    garbled = "Host: x\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nno gzip"
    async with asking(tmp_path) as (_, client):
        client.writer.write(f"{line}\r\n{garbled}".encode())

        assert (await client.answer()).status == status
    assert "Traceback" not in "".join(capsys.readouterr())
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_fault_of_ours_is_a_500_and_the_door_lives(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        bench.names["fault"] = None  # type: ignore[assignment]
        bench.door._fetch, right = (lambda *_: 1 / 0), bench.door._fetch  # type: ignore[assignment,return-value]

        assert (await client.ask("/ipxe.efi")).status == 500
        bench.door._fetch = right
        assert (await client.ask("/ipxe.efi")).status == 200


# --- scripts


async def test_a_script_is_given_and_its_text_is_told(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        answer = await client.ask("/52-54-00-12-34-56/auto.ipxe")

        assert (answer.status, answer.text) == (200, "#!ipxe\nshell\n")
        assert answer.headers["Cache-Control"] == "no-store"
        (served,) = bench.told.of(events.ScriptServed)
        assert (served.door, served.profile, served.script) == ("http", "osie", "#!ipxe\nshell\n")


async def test_head_of_a_script_gives_its_size_only(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        answer = await client.ask("/auto.ipxe", "HEAD")

        assert answer.headers["Content-Length"] == "13"
        assert bench.told.of(events.ScriptServed) == []


async def test_health_is_shown(tmp_path: Path) -> None:
    async with asking(tmp_path) as (_, client):
        assert json.loads((await client.ask("/healthcheck")).body) == {
            "version": "1",
            "machines": 1,
        }


async def test_a_large_file_arrives_whole_and_in_ranges(tmp_path: Path) -> None:
    """Past what leaves with the headers, files go by sendfile."""
    content = os.urandom(3 << 20)
    async with asking(tmp_path) as (bench, client):
        bench.file.write_bytes(content)

        assert content == (await client.ask("/ipxe.efi")).body
        assert (
            content[9:-9]
            == (await client.ask("/ipxe.efi", Range=f"bytes=9-{len(content) - 10}")).body
        )
        assert 200 == (await client.ask("/auto.ipxe")).status
        assert [] == list(bench.door._hand.downloads)


async def test_a_file_that_becomes_shorter_ends_the_connection(tmp_path: Path) -> None:
    async with serving(tmp_path) as bench:
        bench.add("large", 64 << 20)
        async with bench.client() as client:
            client.send("/large", "GET")
            await client.reader.readexactly(100_000)
            os.truncate(tmp_path / "large", 1 << 20)
            with contextlib.suppress(ConnectionError):  # reset, or ended early
                assert 64 << 20 > len(await client.reader.read())

        failed = await bench.told.first(events.TransferFailed)
        assert "it became shorter while it was sent" == failed.why


async def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        bench.file.unlink()
        os.mkfifo(bench.file)

        assert 403 == (await client.ask("/ipxe.efi")).status
        refused = await bench.told.first(events.FetchRefused)
        assert "the server may not read the file (HTTP 403)" == refused.why


# --- downloads that last


async def test_a_client_that_disconnects_is_told_as_a_failure(tmp_path: Path) -> None:
    async with serving(tmp_path) as bench:
        bench.add("large", 64 << 20)
        async with bench.client() as client:
            client.send("/large", "GET")
            await client.reader.readexactly(100_000)

        failed = await bench.told.first(events.TransferFailed)
        assert failed.why == "the client closed the connection"
        assert 0 < failed.sent < 64 << 20


async def test_progress_is_told_while_a_download_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_of, "_TOLD_EVERY", 0.01)
    async with serving(tmp_path) as bench:
        bench.add("large", 64 << 20)
        async with bench.client() as client:
            client.send("/large", "GET")
            progressed = await bench.told.first(events.TransferProgressed)

        assert (progressed.name, progressed.size) == ("large", 64 << 20)
        assert 0 <= progressed.sent < 64 << 20


async def test_a_stopping_server_lets_downloads_end(tmp_path: Path) -> None:
    async with serving(tmp_path) as bench, bench.client() as client:
        bench.add("large", 16 << 20)
        client.send("/large", "GET")
        await bench.told.first(events.TransferStarted)
        closing = asyncio.create_task(bench.door.close())
        await asyncio.sleep(0)

        assert len((await client.answer()).body) == 16 << 20
        await closing
        assert (await bench.told.first(events.TransferFinished)).size == 16 << 20


async def test_a_stopping_server_ends_downloads_that_last_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_of, "_GRACE", 0.02)
    async with serving(tmp_path) as bench, bench.client() as client:
        bench.add("large", 64 << 20)
        client.send("/large", "GET")
        await bench.told.first(events.TransferStarted)
        await bench.door.close()

        assert (await bench.told.first(events.TransferFailed)).why == "the server is stopping"
        assert bench.sock.fileno() == -1


# --- OSIE's agent


def agent(what: str, mac: str = "52-54-00-12-34-56") -> str:
    return f"/{mac}/agent/v1/{what}"


async def test_an_inventory_is_told_and_answered_with_what_comes_next(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        answer = await client.ask(agent("inventory"), "POST", b'{"cpu": {"count": 2}}')

        assert (answer.status, json.loads(answer.body)) == (200, {"next": "reboot"})
        assert bench.told.events == [
            events.InventoryReported(
                mac=MAC, peer=client.name, inventory={"cpu": {"count": 2}}, next="reboot"
            )
        ]


async def test_progress_of_the_agent_is_told(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        body = json.dumps({"stage": "s" * 100, "message": "m" * 2000}).encode()
        answer = await client.ask(agent("progress"), "POST", body)

        assert answer.status == 204
        (progressed,) = bench.told.of(events.AgentProgressed)
        assert (len(progressed.stage), len(progressed.message)) == (64, 1024)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no JSON", 400),
        (b"", 400),
        (b"[1]", 400),
        (b"[" * 3_000, 400),
        (b'{"a": 1e999}', 400),
        (b'{"a": [{"b": 99999999999999999999}]}', 400),
        (b'{"a": ' * 32 + b"1" + b"}" * 32, 400),
        (b"[" * 100_000, 413),
        (b'{"a": "\xff"}', 400),
        (b'{"a": "' + b"x" * (1 << 20) + b'"}', 413),
        (b'{"a": [' + b"[]," * 300_000 + b"[]]}", 413),
        (b'{"a": [' + b"1," * 300_000 + b"1]}", 413),
    ],
)
@pytest.mark.parametrize("what", ["progress", "inventory"])
async def test_a_report_that_makes_no_sense_is_refused(
    tmp_path: Path, what: str, body: bytes, status: int
) -> None:
    async with asking(tmp_path) as (bench, client):
        answer = await client.ask(agent(what), "POST", body, Content_Length=str(len(body)))

        assert answer.status == status
        assert bench.told.events == []


async def test_a_report_of_an_unknown_machine_is_refused(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        answer = await client.ask(agent("inventory", STRANGE_MAC), "POST", b"{}")

        assert (answer.status, answer.text) == (403, "no machine of ours reports\n")
        assert bench.told.events == []


async def test_a_report_that_breaks_off_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path) as bench:
        async with bench.client() as client:
            client.send(agent("inventory"), "POST", b"{", Content_Length="100")
            await client.writer.drain()
        async with bench.client() as client:
            assert (await client.ask("/healthcheck")).status == 200

    assert (capsys.readouterr().out, caplog.records) == ("", [])


async def test_of_one_turn_of_the_loop_a_connection_gets_64_kib(tmp_path: Path) -> None:
    async with asking(tmp_path) as (bench, client):
        await client.ask("/ipxe.efi")

        assert bench.door._runner is not None
        (handler,) = bench.door._runner.server.connections
        assert 64 << 10 == handler.transport.max_size


async def test_connections_whose_clients_vanish_are_the_kernels_to_end(tmp_path: Path) -> None:
    wanted = (socket.TCP_USER_TIMEOUT, socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)
    async with serving(tmp_path) as bench:  # connections inherit what the listener has
        tcp = [bench.sock.getsockopt(socket.IPPROTO_TCP, each) for each in wanted]

    assert [300_000, 150, 30] == tcp
