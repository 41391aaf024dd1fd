"""Beside dnsmasq, which gives the addresses: boot answers at 67 and 4011, and shadow mode."""

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Self

import pytest
from tests.peers.conftest import (
    LAN,
    MAC,
    NIC,
    Boots,
    boots,
    need,
    run,
    set_mac,
    space,
    started,
)

from boots.journal import events
from boots.lab import network
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.wire import dhcp, options, pcap, pxe
from boots.wire.dhcp import Message
from boots.wire.options import MessageType
from boots.wire.pcap import Datagram

pytestmark = pytest.mark.peers

HUB = IPv4Interface("192.168.70.254/24")
SERVER = IPv4Interface("192.168.70.1/24")
OTHER = IPv4Interface("192.168.70.2/24")
CLIENT = IPv4Interface("192.168.70.100/24")
POOL = (IPv4Address("192.168.70.100"), IPv4Address("192.168.70.109"))
FILE = bytes(range(256)) * 9
# The address of the record is not the one that dnsmasq gives.
RECORD = f"""\
machines:
  - name: one
    mac: {MAC}
    address: 192.168.70.20/24
    gateway: 192.168.70.1
"""
BIOS, X64 = 0, 7
BOOT_ITEM = bytes.fromhex("47048000000000ff")  # iPXE's, as captured


@dataclass
class Place:
    """Three namespaces on one bridge."""

    server: str
    other: str
    client: str


@contextlib.contextmanager
def three() -> Iterator[Place]:
    with (
        space() as hub,
        space() as one,
        space() as other,
        space() as third,
        contextlib.ExitStack() as made,
    ):
        plugs = ((LAN, SERVER, one), ("dns0", OTHER, other), (NIC, CLIENT, third))
        with network.within(hub):
            made.enter_context(network.bridge("hub0", HUB))
            for number, plug in enumerate(plugs):
                made.enter_context(network.plug(f"port{number}", "hub0", *plug))
        set_mac(third, NIC, MAC)
        try:
            yield Place(one, other, third)
        finally:
            with network.within(hub):
                made.close()


@contextlib.contextmanager
def dnsmasq(place: Place, folder: Path, *more: str) -> Iterator[None]:
    words = [
        *(need("dnsmasq"), "--no-daemon", "--conf-file=/dev/null", "--port=0", "--user=root"),
        *("--interface=dns0", "--no-ping", "--leasefile-ro", "--log-dhcp"),
        f"--dhcp-range={POOL[0]},{POOL[1]},1h",
        f"--pid-file={folder / 'dnsmasq.pid'}",
        *more,
    ]
    with started(place.other, *words) as process:
        assert process.stdout is not None
        while b"DHCP, IP range" not in process.stdout.readline():
            assert process.poll() is None
        yield


@contextlib.contextmanager
def beside(
    folder: Path, records: str = RECORD, before: Sequence[str] = (), **environment: str
) -> Iterator[tuple[Place, Boots]]:
    files = folder / "files"
    files.mkdir()
    for name in ("snponly.efi", "undionly.kpxe"):
        (files / name).write_bytes(FILE)
    with (
        three() as place,
        dnsmasq(place, folder),
        boots(
            place.server,
            folder,
            "--boot-files",
            files,
            records=records,
            before=before,
            environment=environment,
        ) as server,
    ):
        yield place, server


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[Place, Boots]]:
    with beside(tmp_path, BOOTS_DHCP_MODE="proxy") as made:
        yield made


# --- a client made of packets


@contextlib.contextmanager
def client(place: Place, port: int) -> Iterator[socket.socket]:
    with network.within(place.client):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, NIC.encode())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind(("", port))
        sock.settimeout(5)
        yield sock


def message(
    kind: MessageType, architecture: int, more: dict[int, bytes] | None = None, **header: object
) -> bytes:
    values = {
        53: bytes([kind]),
        60: f"PXEClient:Arch:{architecture:05}:UNDI:003000".encode(),
        93: architecture.to_bytes(2),
        94: b"\1\3\0",
        97: bytes(17),
        **(more or {}),
    }
    head = {"op": 1, "xid": 0x77, "chaddr": macs.to_bytes(Mac(MAC)), "flags": 0x8000, **header}
    return dhcp.encode(Message(options=values, **head))  # type: ignore[arg-type]


def replies(sock: socket.socket, seconds: float = 1) -> list[tuple[Message, tuple[str, int]]]:
    """All that come within some time."""
    found, deadline = [], time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            data, peer = sock.recvfrom(2000)
        except TimeoutError:
            break
        found.append((dhcp.decode(data), peer))
    return found


EVERYONE = ("255.255.255.255", 67)


@pytest.mark.parametrize(
    ("architecture", "file", "vendor"),
    [(BIOS, b"undionly.kpxe", {6: b"\x08"}), (X64, b"snponly.efi", None)],
    ids=["BIOS", "UEFI"],
)
def test_a_discover_gets_an_address_from_one_and_a_boot_file_from_the_other(
    proxied: tuple[Place, Boots], architecture: int, file: bytes, vendor: dict[int, bytes] | None
) -> None:
    place, _ = proxied
    with client(place, 68) as sock:
        sock.sendto(message(MessageType.DISCOVER, architecture), EVERYONE)
        offers = {peer[0]: reply for reply, peer in replies(sock)}

    assert {str(SERVER.ip), str(OTHER.ip)} == set(offers)
    ours, theirs = offers[str(SERVER.ip)], offers[str(OTHER.ip)]
    assert POOL[0] <= theirs.yiaddr <= POOL[1]
    assert (0, file, SERVER.ip) == (int(ours.yiaddr), ours.file, ours.siaddr)
    assert ("PXEClient", vendor) == (ours.get(options.VENDOR_CLASS), ours.get(pxe.VENDOR))


def test_a_request_for_the_other_s_address_is_left_to_it(proxied: tuple[Place, Boots]) -> None:
    place, server = proxied
    chosen = {54: OTHER.ip.packed, 50: CLIENT.ip.packed}
    with client(place, 68) as sock:
        sock.sendto(message(MessageType.REQUEST, X64, chosen), EVERYONE)
        acks = replies(sock)

    assert [str(OTHER.ip)] == [peer[0] for _, peer in acks]
    ignored = server.until(events.DhcpIgnored, message="REQUEST")
    assert f"its address comes from {OTHER.ip}" == ignored.why


@pytest.mark.parametrize(
    ("port", "asked"),
    [
        # EDK2: its own xid, no flags, from port 4011
        (4011, message(MessageType.REQUEST, X64, ciaddr=CLIENT.ip, flags=0)),
        # iPXE: transaction 0, and an item of the boot menu
        (68, message(MessageType.REQUEST, X64, {43: BOOT_ITEM}, ciaddr=CLIENT.ip, xid=0)),
    ],
    ids=["EDK2", "iPXE"],
)
def test_port_4011_answers_at_the_port_that_asked(
    proxied: tuple[Place, Boots], tmp_path: Path, port: int, asked: bytes
) -> None:
    place, server = proxied
    with client(place, port) as sock:
        sock.sendto(asked, (str(SERVER.ip), 4011))
        [(reply, peer)] = replies(sock, 0.5)

    assert (str(SERVER.ip), 4011) == peer
    assert (MessageType.ACK, b"snponly.efi") == (reply.kind, reply.file)
    assert dhcp.decode(asked).xid == reply.xid

    # Firmware asks for the bare name then: the address that it had at port 4011 says who it is.
    out = tmp_path / "out"
    words = [need("tftp"), "-m", "binary", str(SERVER.ip), "-c", "get", "snponly.efi", str(out)]
    run(place.client, *words)
    assert FILE == out.read_bytes()
    assert MAC == server.until(events.TransferFinished).mac


def test_an_operating_system_hears_nothing_of_us(
    proxied: tuple[Place, Boots], tmp_path: Path
) -> None:
    place, server = proxied
    got = udhcpc(place, tmp_path)

    assert str(OTHER.ip) == got["serverid"]
    assert POOL[0] <= IPv4Address(got["ip"]) <= POOL[1]
    assert [] == [*server.told(events.OfferSent), *server.told(events.AckSent)]


def udhcpc(place: Place, folder: Path, *more: str) -> dict[str, str]:
    script = folder / "script"
    script.write_text('#!/bin/sh\n[ "$1" = bound ] && env\n')
    script.chmod(0o755)
    words = [need("busybox"), "udhcpc", "-f", "-q", "-n", "-i", NIC, "-s", str(script), *more]
    done = run(place.client, *words, "-t", "3", "-T", "2")
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


# --- shadow mode


class Sent:
    """The DHCP messages that leave an interface, whoever sends them."""

    def __init__(self, namespace: str, interface: str) -> None:
        with network.within(namespace):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.sock.bind((interface, 3))
        self.sock.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def all(self) -> list[Datagram]:
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                data, about = self.sock.recvfrom(4000)
                datagram = pcap.read_ip(data)
                if about[2] == socket.PACKET_OUTGOING and datagram is not None:
                    found.append(datagram)
        return found


def test_a_shadow_compares_and_sends_nothing(tmp_path: Path) -> None:
    with (
        beside(tmp_path, BOOTS_DHCP_SHADOW="true") as (place, server),
        Sent(place.server, LAN) as sent,
    ):
        # With the flag for broadcasts, as firmware has it: else a bridge shows us no reply.
        got = udhcpc(place, tmp_path, "-B", "-V", "PXEClient:Arch:00007", "-x", "0x5d:0007")

        offer = server.until(events.RepliesCompared, reply="OFFER")
        ack = server.until(events.RepliesCompared, reply="ACK")
        withheld = server.until(events.ReplyWithheld, reply="ACK")
        leaving = sent.all()

    assert str(OTHER.ip) == got["serverid"] == offer.server == ack.server
    for compared in (offer, ack):
        assert MAC == compared.mac
        assert f"address: we 192.168.70.20, they {got['ip']}" in compared.differences
        assert "boot file: only ours, snponly.efi" in compared.differences
    assert ("REQUEST", "192.168.70.20") == (withheld.message, withheld.address)
    assert [] == [each for each in leaving if each.source_port in {67, 4011}]
    assert [] == [*server.told(events.OfferSent), *server.told(events.AckSent)]


def test_the_count_of_what_leaves_can_tell(tmp_path: Path) -> None:
    """The same count, of a server that does answer."""
    with (
        beside(tmp_path, BOOTS_DHCP_MODE="proxy") as (place, server),
        Sent(place.server, LAN) as sent,
    ):
        with client(place, 68) as sock:
            sock.sendto(message(MessageType.DISCOVER, X64), EVERYONE)
            server.until(events.OfferSent)
            replies(sock, 0.2)

        assert [67] == [each.source_port for each in sent.all()]
