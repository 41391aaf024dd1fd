"""What a viewer may see and do: every route and page of a real desk, with secrets behind it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.api.bench import Answer, parsed
from tests.app.desks import FILE_MAC, OTHER_MAC, Office, at_desk, offer, stranger

from boots.api.listener import Listener, Rules
from boots.api.routes import TABLE
from boots.api.veil import VEILED
from boots.api.viewed import viewed
from boots.app.world import World
from boots.client.words import EventLine, Events, NewOrder, NewToken, Role
from boots.journal import events
from boots.journal.events import ScriptServed
from boots.model.mac import Mac
from boots.model.order import Netboot
from boots.model.site import Profile
from boots.policy.answer import answer
from boots.policy.boot import Load
from boots.policy.client import from_dhcp
from boots.policy.got import Script
from boots.serve.packets import Place
from boots.store import tokens
from boots.web.pages import OperatorPages
from boots.wire import dhcp
from boots.wire.dhcp import Message

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


IN_SCRIPTS = ("s3cret-of-the-script", "s3cret-of-the-value", "s3cret-of-all", "s3cret-of-the-url")
IN_TEXTS = ("s3cret-of-the-menu", "s3cret-of-the-board", "s3cret-for-tinkerbell")
IN_URLS = ("s3cret-of-an-own-url", "s3cret-of-a-query")
KNOWN = f"""\
machines:
  - {{name: own, mac: "{FILE_MAC}", address: 192.168.1.11/24, script: "set x {IN_SCRIPTS[0]}"}}
  - name: told
    mac: {OTHER_MAC}
    address: 192.168.1.12/24
    profile: told
    values: {{x: {IN_SCRIPTS[1]}}}
  - name: shared
    mac: {MAC}
    address: 192.168.1.13/24
    profile: shared
    pxelinux: "append {IN_TEXTS[0]}"
    raspberry_pi: {{serial: 1234abcd, config: "# {IN_TEXTS[1]}"}}
  - {{name: plain, mac: "52:54:00:00:00:04", address: 192.168.1.14/24, profile: plain}}
  - {{name: far, mac: "52:54:00:00:00:05", address: 192.168.1.15/24, profile: far}}
  - name: away
    mac: "52:54:00:00:00:07"
    address: 192.168.1.17/24
    script_url: "http://me:{IN_URLS[0]}@h/x.ipxe?token={IN_URLS[1]}"
---
apiVersion: tinkerbell.org/v1alpha1
kind: Hardware
metadata: {{name: theirs}}
spec:
  interfaces:
    - dhcp: {{mac: "52:54:00:00:00:06"}}
      netboot: {{allowPXE: true, ipxe: {{contents: "set x {IN_TEXTS[2]}"}}}}
"""
SEEN = "for all to see"
OF_MACHINES = (
    *("/v1/machines/{}", "/v1/machines/{}/explain", "/machines/{}", "/explain/{}"),
    *("/v1/machines/{}/packets", "/v1/machines/{}/capture", "/machines/{}/capture.pcap"),
)
RUN = (
    Profile(name="told", script="set x {{ values.x }}"),
    Profile(name="shared", script=f"set password {IN_SCRIPTS[2]}"),
    Profile(name="plain", script=f"echo {SEEN}"),
    Profile(name="far", script_url=f"http://me:{IN_SCRIPTS[3]}@h/x.ipxe"),
)


async def _has_scripts(office: Office) -> None:
    """All of them have booted."""
    raw = office.answers.raw
    site = replace(
        raw.sites["lan0"],
        network=IPv4Network("192.168.1.0/24"),
        profiles={each.name: each for each in RUN},
    )
    office.answers.world = World(raw.index, {"lan0": site}, raw.index)
    for known in raw.index.by_mac.values():
        for tftp in (False, True):
            own = known.interface.reservation
            at = own.address if own else IPv4Address("192.168.1.99")
            given = office.answers.fetch("lan0", tftp=tftp)(f"/{known.mac}/auto.ipxe", at)
            if isinstance(given.what, Script):
                served = ScriptServed(
                    mac=given.mac, peer="", door="http", profile=given.what.profile,
                    script=given.what.text, private=given.private,
                )  # fmt: skip
                office.hear(served)
    _is_sent_away(office)
    await office.written()


def _is_sent_away(office: Office) -> None:
    """One asks over DHCP, and its answer names the URL of its record."""
    message = Message(
        op=dhcp.BOOTREQUEST,
        xid=1,
        chaddr=bytes.fromhex("525400000007"),
        options={53: b"\1", 77: b"iPXE", 93: b"\0\7", 175: b"\x13\1\1"},
    )
    world = office.answers.world
    known = world.index.by_mac[Mac("52:54:00:00:00:07")]
    given = answer(message, from_dhcp(message), known, world.sites["lan0"])
    assert given.reply is not None
    assert isinstance(given.decision, Load)
    place = Place("lan0", IPv4Address("192.168.1.1"), 67, ours=True)
    office.packets.keeper(place)(dhcp.encode(given.reply), ("192.168.1.17", 68))


async def _no_scripts(office: Office) -> None:
    await _has_scripts(office)
    viewer = (await office.desk.make_token(NewToken(name="v", role=Role.VIEWER), "ann")).secret
    some = NewToken(name="s", role=Role.VIEWER, machines=("own", "told", "plain"))
    limited = (await office.desk.make_token(some, "ann")).secret
    operator = (await office.desk.make_token(NewToken(name="o", role=Role.OPERATOR), "ann")).secret
    seen: dict[str, set[str]] = {}
    machines = [each.machine.name for each in office.answers.raw.index.by_mac.values()]
    boots = [each.id for each in (await office.desk.boots()).boots]
    paths = [
        *("/v1/events", "/v1/events/stream?after=0", "/events", "/v1/profiles", "/profiles"),
        *(each.format(name) for name in machines for each in OF_MACHINES),
        *(each.format(boot) for boot in boots for each in ("/boots/{}", "/v1/boots/{}")),
    ]
    async with door(office) as at:
        for who in (viewer, limited, operator):
            at.secret = who
            said = [(await at.ask("GET", path)).body.decode(errors="replace") for path in paths]
            marks = (*IN_SCRIPTS, *IN_TEXTS, *IN_URLS, SEEN)
            seen[who] = {each for each in marks if any(each in text for text in said)}
    assert {SEEN} == seen[viewer] == seen[limited]
    assert {*IN_SCRIPTS, *IN_TEXTS, *IN_URLS, SEEN} == seen[operator]


def test_a_viewer_sees_no_script_or_text_that_may_tell_what_a_record_alone_does(
    tmp_path: Path,
) -> None:
    at_desk(_no_scripts, KNOWN)(tmp_path)


@at_desk
async def test_of_a_script_of_which_nothing_is_known_the_text_is_veiled(office: Office) -> None:
    """It was told by an older server."""
    line = EventLine(1, 1.0, FILE_MAC, "ScriptServed", {"script": "s3cret", "problem": ""})
    office.desk.events = lambda **_: _soon(Events(events=(line,)))  # type: ignore[method-assign]
    found = await viewed(office.desk).events()
    assert [{"script": VEILED, "problem": ""}] == [each.event for each in found.events]


async def _soon(found: Events) -> Events:
    return found
