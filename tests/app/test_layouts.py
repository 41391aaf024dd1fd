"""Every URL of Smee 2025 and of Tinkerbell 2026, asked of the whole server."""
# ruff: noqa: ASYNC110  # metrics can only be asked again and again

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector
from tests.app.certificates import authority, issue
from tests.app.test_server import Bench as ServerBench
from tests.app.test_server import on_loop, running
from yarl import URL

from boots.settings import Boot, Http, Iso, SettingsError

MAC = "52:54:00:00:00:01"
DASHED = MAC.replace(":", "-")
FILE = b"0123456789" * 50
TRACE = "-00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


OWN = "127.0.0.101"


def boot_in(folder: Path) -> Boot:
    own = folder / "files"
    own.mkdir()
    for name in ("ipxe.efi", "snp-x86_64.efi", "undionly.kpxe", "hook.iso"):
        own.joinpath(name).write_bytes(FILE)
    return Boot(files=[str(own)], osie=str(folder / "osie"))


async def ask(base: str, path: str, method: str = "GET", **headers: str) -> Answer:
    url = URL(f"{base}{path}", encoded=True)
    # Why there is no script is for the machine's own eyes.
    own = (OWN, 0) if path.endswith(".ipxe") and path != "/auto.ipxe" else None
    async with (
        ClientSession(connector=TCPConnector(ssl=False, local_addr=own)) as session,
        session.request(method, url, allow_redirects=False, headers=headers) as answer,
    ):
        found = {key.lower(): value for key, value in answer.headers.items()}
        return Answer(answer.status, found, await answer.read())


def base_of(listeners: list[str], door: str = "http") -> str:
    (found,) = [each for each in listeners if each.startswith(f"{door} ")]
    return f"{door}://{found.rpartition(' ')[2]}"


# Path, status, and how the answer begins.
LAYOUTS = (
    ("/auto.ipxe", 403, b"no machine of ours"),
    (f"/{MAC}/auto.ipxe", 200, b"#!ipxe"),
    (f"/{DASHED}/auto.ipxe", 200, b"#!ipxe"),
    (f"/ipxe/script/{MAC}/auto.ipxe", 200, b"#!ipxe"),
    (f"/{MAC}/autoexec.ipxe", 200, b"#!ipxe"),
    (f"/ipxe/{MAC}/snp-x86_64.efi", 200, FILE),
    (f"/ipxe/binary/{MAC}/undionly.kpxe", 200, FILE),
    (f"/ipxe/binary/{DASHED}/ipxe.efi", 200, FILE),
    (f"/ipxe/binary/{MAC}/ipxe.efi{TRACE}", 200, FILE),
    (f"//ipxe//binary//{MAC}//ipxe.efi", 200, FILE),
    (f"/tftp/{MAC}/ipxe.efi", 200, FILE),
    (f"/tftp/{MAC.upper()}/ipxe.efi", 200, FILE),
    (f"/tftp/{MAC}/none", 404, b"there is no file"),
    (f"/iso/any/{DASHED}/hook.iso", 200, FILE),
    (f"/iso/{MAC}/hook.iso", 200, FILE),
    (f"/iso/any/{DASHED}/hook.img", 404, b"only names that end in .iso"),
    ("/iso/any/none/hook.iso", 400, b'"none" is no MAC'),
    ("/iso/any/52-54-00-99-99-99/hook.iso", 403, b"no machine of ours"),
    ("/metrics", 200, b"# HELP"),
    ("/healthcheck", 200, b"{"),
    ("/healthz", 200, b"ok"),
    ("/readyz", 200, b"ok"),
)


@on_loop
async def test_every_layout_answers(tmp_path: Path) -> None:
    iso = Iso(enabled=True, url="hook.iso")
    async with running(tmp_path, boot=boot_in(tmp_path), iso=iso) as (bench, _):
        base = base_of(bench.told()[0].listeners)  # type: ignore[union-attr]
        for path, status, begins in LAYOUTS:
            answer = await ask(base, path)
            head = await ask(base, path, "HEAD")
            refused = await ask(base, path, "DELETE")

            assert (path, status, begins) == (path, answer.status, answer.body[: len(begins)])
            assert (path, len(answer.body)) == (path, int(answer.headers["content-length"]))
            assert (path, status, b"") == (path, head.status, head.body)
            assert "content-length" in head.headers, path
            assert (path, 405) == (path, refused.status)
            if answer.body == FILE:
                assert (path, "bytes") == (path, answer.headers["accept-ranges"])


@on_loop
async def test_a_forwarded_machine_is_known_by_its_address(tmp_path: Path) -> None:
    http = Http(port=0, trusted_proxies=["127.0.0.0/8"])
    async with running(tmp_path, boot=boot_in(tmp_path), http=http) as (bench, _):
        base = base_of(bench.told()[0].listeners)  # type: ignore[union-attr]
        own = await ask(base, "/ipxe.efi")
        forwarded = await ask(base, "/ipxe.efi", **{"X-Forwarded-For": "127.0.0.101"})

    assert (403, 200) == (own.status, forwarded.status)


@on_loop
async def test_without_trusted_proxies_nobody_is_believed(tmp_path: Path) -> None:
    async with running(tmp_path, boot=boot_in(tmp_path)) as (bench, _):
        base = base_of(bench.told()[0].listeners)  # type: ignore[union-attr]
        answer = await ask(base, "/ipxe.efi", **{"X-Forwarded-For": "127.0.0.101"})

    assert 403 == answer.status


@on_loop
async def test_https_has_the_same_rooms(tmp_path: Path) -> None:
    ca = authority()
    leaf = issue(by=ca)
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    certificate.write_bytes(leaf.pem + ca.pem)
    key.write_bytes(leaf.key_pem)
    http = Http(port=0, https_port=0, certificate=str(certificate), key=str(key))
    async with running(tmp_path, boot=boot_in(tmp_path), http=http) as (bench, server):
        listeners = bench.told()[0].listeners  # type: ignore[union-attr]
        over_tls = await ask(base_of(listeners, "https"), f"/{MAC}/ipxe.efi")
        plain = await ask(base_of(listeners), f"/{MAC}/ipxe.efi")
        script = await ask(base_of(listeners, "https"), f"/{MAC}/auto.ipxe")

        assert (200, FILE, FILE) == (over_tls.status, over_tls.body, plain.body)
        assert script.body.startswith(b"#!ipxe")
        assert server.world.sites["lo"].http_url.startswith("http://")


@on_loop
async def test_metrics_can_be_switched_off(tmp_path: Path) -> None:
    async with running(tmp_path, http=Http(port=0, metrics=False)) as (bench, _):
        base = base_of(bench.told()[0].listeners)  # type: ignore[union-attr]

        assert 403 == (await ask(base, "/metrics")).status


@on_loop
async def test_metrics_hear_what_the_doors_tell(tmp_path: Path) -> None:
    async with running(tmp_path, boot=boot_in(tmp_path)) as (bench, _):
        base = base_of(bench.told()[0].listeners)  # type: ignore[union-attr]
        await ask(base, f"/{MAC}/ipxe.efi")
        told = b'boots_transfers_total{door="http",outcome="finished"} 1.0'
        while told not in (await ask(base, "/metrics")).body:
            await asyncio.sleep(0.005)  # events are written down in batches

        assert b"boots_machines 1.0" in (await ask(base, "/metrics")).body


@on_loop
async def test_readiness_ends_when_the_server_is_stopping(tmp_path: Path) -> None:
    async with running(tmp_path) as (bench, server):
        base = base_of(bench.told()[0].listeners)  # type: ignore[union-attr]
        assert 200 == (await ask(base, "/readyz")).status
        server._unready = "the server is stopping"
        answer = await ask(base, "/readyz")

        assert (503, b"the server is stopping\n") == (answer.status, answer.body)
        health = json.loads((await ask(base, "/healthcheck")).body)
        assert {"version", "git_rev", "uptime", "uptime_seconds", "machines"} == set(health)


def test_a_proxy_that_cannot_be_read_ends_the_start(tmp_path: Path) -> None:
    http = Http(trusted_proxies=["10.0.0.0/33"])

    with pytest.raises(SettingsError, match=r"http\.trusted_proxies"):
        ServerBench(tmp_path, http=http).server()
