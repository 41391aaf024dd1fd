"""What a viewer may see and do: every route and page of a real desk, with secrets behind it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.api.bench import Answer, parsed
from tests.app.desks import FILE_MAC, Office, at_desk, offer, stranger

from boots.api.listener import Listener, Rules
from boots.api.routes import TABLE
from boots.client.words import NewOrder, NewToken, Role
from boots.journal import events
from boots.model.order import Netboot
from boots.store import tokens
from boots.web.pages import OperatorPages

MAC = "52:54:00:00:00:03"
SECRETS = ("s3cret-of-the-bmc", "s3cret-of-the-user-data", "s3cret-of-the-installer")
RECORD = {
    "name": "api-1",
    "mac": MAC,
    "address": "192.168.1.13/24",
    "bmc": {"url": "redfish://10.0.0.9", "username": "admin", "password": SECRETS[0]},
    "user_data": f"#cloud-config\npassword: {SECRETS[1]}\n",
    "values": {"root_password": SECRETS[2]},
}


@dataclass
class Door:
    """A listener that wants tokens, asked with one."""

    port: int
    secret: str = ""

    async def ask(self, method: str, path: str, body: str = "") -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Connection: close",
            f"Content-Length: {len(body)}",
            "Content-Type: application/json",
            *([f"Authorization: Bearer {self.secret}"] if self.secret else []),
        ]
        writer.write(("\r\n".join(lines) + f"\r\n\r\n{body}").encode())
        raw = b""
        try:
            async with asyncio.timeout(0.5 if "stream" in path or "live" in path else 20):
                while piece := await reader.read(1 << 16):
                    raw += piece
        except TimeoutError:
            pass
        writer.close()
        return parsed(raw)


@asynccontextmanager
async def door(office: Office) -> AsyncIterator[Door]:
    sock = socket.create_server(("127.0.0.1", 0))
    listener = Listener(
        sock,
        office.desk,
        lambda _: None,
        Rules(tokens_required=True),
        OperatorPages(office.desk),
    )
    await listener.open()
    try:
        yield Door(sock.getsockname()[1])
    finally:
        await listener.close()


async def furnish(office: Office) -> str:
    """Machines, boots, strangers and a viewer; the viewer's secret."""
    await office.desk.create(RECORD, "ann")
    await office.desk.order("api-1", NewOrder(netboot=Netboot.ONCE), "ann")
    inventory = {"system": {"uuid": "u-1"}}
    office.hear(
        offer(MAC),
        offer(FILE_MAC),
        events.InventoryReported(mac=MAC, peer="", inventory=inventory, next="idle"),
        stranger(),
    )
    await office.written()
    return (await office.desk.make_token(NewToken(name="v", role=Role.VIEWER), "ann")).secret


def filled(path: str) -> str:
    """A path with its named parts."""
    for name, value in (("key", "api-1"), ("name...", "auto.ipxe"), ("name", "api-1"),
                        ("mac", MAC), ("id", "1"), ("file...", "auto.ipxe"), ("file", "x"),
                        ("action", "netboot-once")):  # fmt: skip
        path = path.replace(f"{{{name}}}", value)
    return path


def paths(office: Office, method: str) -> list[str]:
    """Everything that can be asked by a method."""
    routes = [*TABLE, *OperatorPages(office.desk).routes]
    return [filled(each.path) for each in routes if each.method == method]


@at_desk
async def test_nothing_that_a_viewer_can_read_holds_a_secret(office: Office) -> None:
    secret = await furnish(office)
    hidden = [*SECRETS, tokens.digest(secret), secret]
    async with door(office) as at:
        at.secret = secret
        read = 0
        for path in paths(office, "GET"):
            if path.endswith("/power"):
                continue  # that asks a BMC
            answer = await at.ask("GET", path)
            text = answer.body.decode(errors="replace") + str(answer.headers)
            assert not [each for each in hidden if each in text], path
            read += answer.status == 200
        assert read > 25


@at_desk
async def test_an_operator_sees_what_an_installer_is_told_but_not_what_opens_a_bmc(
    office: Office,
) -> None:
    await furnish(office)
    made = await office.desk.make_token(NewToken(name="o", role=Role.OPERATOR), "ann")
    async with door(office) as at:
        at.secret = made.secret
        for path in ("/v1/machines/api-1", "/machines/api-1"):
            text = (await at.ask("GET", path)).body.decode()
            assert SECRETS[1] in text
            assert SECRETS[0] not in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_viewer_changes_nothing_and_nobody_reads_anything(tmp_path: Path, method: str) -> None:
    @at_desk
    async def test(office: Office) -> None:
        secret = await furnish(office)
        async with door(office) as at:
            for path in paths(office, method):
                at.secret = secret
                assert 403 == (await at.ask(method, path, "{}")).status, path
                at.secret = ""
                assert 401 == (await at.ask(method, path, "{}")).status, path
            for path in paths(office, "GET"):
                if not path.startswith(("/login", "/static/")):
                    assert 401 == (await at.ask("GET", path)).status, path
        assert Netboot.ONCE is office.orders.every()["api-1"].netboot

    test(tmp_path)
