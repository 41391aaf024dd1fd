"""Somebody whose address is in no network of ours asks the real server at every door.

The server has a way back to them; nothing but HTTP's refusals may take it.
"""

import contextlib
import itertools
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from pyroute2 import IPRoute
from tests.peers.conftest import CLIENT, LAN, NIC, SERVER, Lan, boots

from boots.journal import events
from boots.lab import network
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.wire import dhcp, tftp
from boots.wire.dhcp import BOOTREQUEST, Message

pytestmark = pytest.mark.peers

OUTSIDE = IPv4Interface("203.0.113.9/24")
LOOPBACK, OPERATORS, UNGUARDED = "127.0.0.1", 8081, 8082
NOBODY = IPv4Address(0)
EVERYBODY = SERVER.network.broadcast_address
POOL = f"""\
[[subnets]]
network = "{SERVER.network}"
pool = ["192.168.70.100-192.168.70.110"]
"""
# So many that none asks for more than its share, which a stranger with a lease has, too.
STRANGERS = [f"52:54:00:70:02:{number:02x}" for number in range(8)]
KNOWN = [f"52:54:00:70:01:{number:02x}" for number in range(40)]
RECORDS = "machines:\n" + "".join(
    f"  - {{name: m{number}, mac: '{mac}', address: 192.168.70.{number + 20}/24}}\n"
    for number, mac in enumerate(KNOWN)
)
PXE = {60: b"PXEClient:Arch:00007:UNDI:003016", 93: b"\0\7", 97: bytes(17)}
# DISCOVER to INFORM, FORCERENEW, the leasequeries (RFC 4388, 6926, 7724), and BOOTP.
KINDS = (None, 1, 3, 4, 7, 8, 9, 10, 14, 15, 18)
NAMED: tuple[dict[int, bytes], ...] = (
    {},
    {50: OUTSIDE.ip.packed},
    {54: SERVER.ip.packed, 50: CLIENT.ip.packed},
    {118: OUTSIDE.ip.packed},
    {82: b"\5\4" + OUTSIDE.ip.packed + b"\x0b\4" + OUTSIDE.ip.packed},
)


def messages() -> Iterator[bytes]:
    """All that can be asked by DHCP, naming an address outside wherever one can stand."""
    relays = (NOBODY, OUTSIDE.ip, CLIENT.ip, SERVER.ip, EVERYBODY)
    known, strangers = itertools.cycle(KNOWN), itertools.cycle(STRANGERS)
    for ours, kind, named, relay, own in itertools.product(
        (True, False), KINDS, NAMED, relays, (NOBODY, OUTSIDE.ip)
    ):
        mac = next(known if ours else strangers)
        said = dict(PXE | named) if kind is None else {53: bytes([kind]), **PXE, **named}
        yield dhcp.encode(
            Message(
                op=BOOTREQUEST,
                xid=7,
                chaddr=macs.to_bytes(Mac(mac)),
                ciaddr=own,
                giaddr=relay,
                options=said,
            )
        )


@contextlib.contextmanager
def heard(place: Lan) -> Iterator[socket.socket]:
    """All IPv4 that reaches the other end of the cable."""
    with network.within(place.client):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind((NIC, 0x0800))
        sock.setblocking(False)
        yield sock


def udp_to_where(sock: socket.socket) -> set[str]:
    """Where datagrams of the server's went."""
    found = set()
    with contextlib.suppress(BlockingIOError):
        while True:
            packet, about = sock.recvfrom(65_536)
            if about[2] != socket.PACKET_OUTGOING and packet[9] == socket.IPPROTO_UDP:
                found.add(str(IPv4Address(packet[16:20])))
    return found


def away(place: Lan) -> None:
    """Give the other end an address outside, and the server a way there."""
    with network.within(place.client), IPRoute() as ip:
        (index,) = ip.link_lookup(ifname=NIC)
        ip.addr("add", index=index, address=str(OUTSIDE.ip), prefixlen=24)
    with network.within(place.server), IPRoute() as ip:
        (index,) = ip.link_lookup(ifname=LAN)
        ip.route("add", dst=str(OUTSIDE.network), oif=index)


def tcp(place: Lan, port: int, asked: bytes) -> bytes:
    with network.within(place.client):
        sock = socket.socket()
    with sock:
        sock.settimeout(5)
        sock.bind((str(OUTSIDE.ip), 0))
        sock.connect((str(SERVER.ip), port))
        sock.sendall(asked)
        return b"".join(iter(lambda: sock.recv(65_536), b""))


def asks_at_every_door(place: Lan) -> None:
    """Have everything said from outside, from the ports of clients and servers."""
    with network.within(place.client):
        socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    with contextlib.ExitStack() as opened:
        for sock, port in zip(socks, (67, 68, 4011), strict=True):
            opened.enter_context(sock).bind((str(OUTSIDE.ip), port))
        for number, data in enumerate(messages()):
            for door in (67, 4011):
                socks[number % 3].sendto(data, (str(SERVER.ip), door))
        for sock in socks:
            for name in ("undionly.kpxe", f"{KNOWN[0]}/auto.ipxe", "x" * 600):
                sock.sendto(tftp.encode(tftp.Request(name, "octet")), (str(SERVER.ip), 69))
            for data in (b"\0\1garbage", b"\0\2a\0octet\0", b"\0\4\0\0", b"\0\5\0\0no\0"):
                sock.sendto(data, (str(SERVER.ip), 69))
            sock.sendto(b"<13>hello", (str(SERVER.ip), 514))


@pytest.mark.parametrize("mode", ["reservation", "pool", "auto-proxy"])
def test_no_datagram_leaves_for_an_address_outside(lan: Lan, tmp_path: Path, mode: str) -> None:
    config = tmp_path / "boots.toml"
    config.write_text(POOL)
    away(lan)
    settings = {"BOOTS_DHCP_MODE": mode, "BOOTS_DHCP_STRANGERS": "100000"}
    words = (lan.server, tmp_path, "--config", config)
    with heard(lan) as wire:
        with boots(*words, records=RECORDS, environment=settings) as server:
            asks_at_every_door(lan)
            server.until(events.ConsoleLine)
            answered = tcp(lan, 8080, b"GET /%b/auto.ipxe HTTP/1.0\r\n\r\n" % KNOWN[0].encode())
            refused = server.until(events.FetchRefused)
            limits, doors = server.told(events.LimitReached), server.told(events.DhcpIgnored)
        went = udp_to_where(wire)  # each door has done what it had to do
    assert b" 403 " in answered[:20]
    assert "networks" in refused.why
    assert [] == limits, "all of it is read"
    assert doors
    assert "255.255.255.255" in went, "what is for everybody here is heard"
    assert str(OUTSIDE.ip) not in went
    assert str(EVERYBODY) not in went


def test_who_is_on_the_link_reaches_no_listener_at_a_loopback_address(
    lan: Lan, tmp_path: Path
) -> None:
    """Where packets to 127.0.0.0/8 may be routed, as beside kube-proxy (CVE-2020-8558)."""
    for place in lan.server, lan.client:
        network.set_sysctl("net/ipv4/conf/all/route_localnet", "1", place)
    with network.within(lan.client), IPRoute() as ip:
        (index,), (own,) = ip.link_lookup(ifname=NIC), ip.link_lookup(ifname="lo")
        ip.flush_addr(index=own)
        ip.route("add", dst="127.0.0.1/32", gateway=str(SERVER.ip), oif=index)
    with boots(lan.server, tmp_path), contextlib.ExitStack() as opened:
        with network.within(lan.server):
            opened.enter_context(socket.create_server((LOOPBACK, UNGUARDED)))
            opened.enter_context(socket.create_connection((LOOPBACK, OPERATORS), 5))
        with network.within(lan.client):
            others, ours = (opened.enter_context(socket.socket()) for _ in range(2))
        for sock in (others, ours):
            sock.settimeout(5)
            sock.bind((str(CLIENT.ip), 0))
        others.connect((LOOPBACK, UNGUARDED))  # that is the way there
        with pytest.raises(ConnectionRefusedError):
            ours.connect((LOOPBACK, OPERATORS))
