"""A server behind ISC's relay, which says where a request came from in option 82."""

import contextlib
import socket
from collections.abc import Iterator
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from tests.peers.conftest import (
    LAN,
    MAC,
    NIC,
    Boots,
    boots,
    cable,
    need,
    run,
    set_mac,
    space,
    started,
)

from boots.journal import events
from boots.lab import network
from boots.wire import dhcp, options
from boots.wire.dhcp import Message

pytestmark = pytest.mark.peers

DOWN = IPv4Interface("192.168.71.1/24")
CLIENT = IPv4Interface("192.168.71.10/24")
UP = IPv4Interface("192.168.72.2/24")
SERVER = IPv4Interface("192.168.72.1/24")
RECORD = f"machines: [{{name: one, mac: '{MAC}', address: {CLIENT}, gateway: {DOWN.ip}}}]\n"
PXE = ("-V", "PXEClient:Arch:00000:UNDI:002001", "-x", "0x5d:0000", "-x", "0x5e:010201")


class Wire:
    """The DHCP messages that pass an interface, as they are on the wire."""

    def __init__(self, namespace: str, interface: str) -> None:
        with network.within(namespace):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.sock.bind((interface, 0))
        self.sock.settimeout(5)

    def until(self, sent_by: int) -> Message:
        """The next one sent from this port."""
        while True:
            frame = self.sock.recv(2000)
            ports = int.from_bytes(frame[34:36]), int.from_bytes(frame[36:38])
            if frame[12:14] == b"\x08\0" and frame[23] == 17 and ports == (sent_by, 67):
                return dhcp.decode(frame[42:])


@contextlib.contextmanager
def relayed(folder: Path) -> Iterator[tuple[str, str, Boots]]:
    """The client's namespace, the relay's, and the server."""
    relay = need("dhcrelay")
    with (
        space() as client,
        space() as router,
        space() as far,
        cable(router, ("down0", DOWN), client, (NIC, CLIENT)),
        cable(router, ("up0", UP), far, (LAN, SERVER)),
    ):
        set_mac(client, NIC, MAC)
        network.forward(router)
        network.route(CLIENT.network, UP.ip, far)
        network.route(SERVER.network, DOWN.ip, client)
        words = [relay, "-4", "-d", "-a", "--no-pid", "-id", "down0", "-iu", "up0", str(SERVER.ip)]
        with (
            boots(far, folder, records=RECORD, before=()) as server,
            started(router, *words) as process,
        ):
            assert process.stdout is not None
            while b"Sending on   Socket" not in process.stdout.readline():
                assert process.poll() is None
            yield client, router, server


def test_a_client_behind_a_relay_boots_and_option_82_comes_back(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "undionly.kpxe").write_bytes(b"boot me" * 1000)
    script = tmp_path / "script"
    script.write_text('#!/bin/sh\n[ "$1" = bound ] && env\n')
    script.chmod(0o755)
    with relayed(tmp_path) as (client, router, server):
        wire = Wire(router, "up0")
        words = [need("busybox"), "udhcpc", "-f", "-q", "-n", "-i", NIC, "-s", script, *PXE]
        done = run(client, *words)

        got = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        assert (got["ip"], got["siaddr"]) == (str(CLIENT.ip), str(SERVER.ip))
        assert server.until(events.AckSent, mac=MAC).relay == str(DOWN.ip)
        asked = wire.until(sent_by=67)
        replied = wire.until(sent_by=67)
        assert [asked.op, replied.op] == [dhcp.BOOTREQUEST, dhcp.BOOTREPLY]
        assert asked.options[options.RELAY_AGENT] == replied.options[options.RELAY_AGENT]
        assert replied.giaddr == DOWN.ip
        wire.sock.close()

        out = tmp_path / "out"
        run(client, need("busybox"), "tftp", "-g", "-r", got["boot_file"], "-l", out, got["siaddr"])
        assert server.until(events.TransferFinished).mac == MAC
