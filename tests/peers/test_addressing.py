"""Where replies go and where they come from, as the frames on the wire have it."""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from pyroute2 import IPRoute
from tests.peers.conftest import CLIENT, LAN, MAC, NIC, SERVER, Lan, boots, free_of_root, need, run

from boots.journal import events
from boots.lab import network
from boots.model import mac as macs
from boots.wire import dhcp, ip
from boots.wire.dhcp import BROADCAST, Message

pytestmark = pytest.mark.peers

SECOND = IPv4Address("192.168.70.200")
EVERYBODY = b"\xff" * 6


class Frames:
    """The DHCP replies that come in at the client's interface, with their headers."""

    def __init__(self, lan: Lan) -> None:
        with network.within(lan.client):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.sock.bind((NIC, 0))
        self.sock.settimeout(5)

    def replies(self, count: int) -> Iterator[bytes]:
        while count:
            frame = self.sock.recv(2000)
            if frame[12:14] == b"\x08\0" and frame[23] == 17 and frame[34:36] == b"\0\x43":
                count -= 1
                yield frame


@pytest.fixture
def frames(lan: Lan) -> Iterator[Frames]:
    made = Frames(lan)
    yield made
    made.sock.close()


def udhcpc(lan: Lan, *more: str) -> str:
    words = [need("busybox"), "udhcpc", "-f", "-q", "-n", "-i", NIC, "-s", "/bin/true", *more]
    done = run(lan.client, *words, "-t", "3", "-T", "2")
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_client_without_an_address_is_answered_at_its_mac(
    lan: Lan, frames: Frames, tmp_path: Path
) -> None:
    with boots(lan.server, tmp_path) as server:
        assert str(CLIENT.ip) in udhcpc(lan)
        server.until(events.AckSent, mac=MAC)

    for frame in frames.replies(2):
        assert frame[:6] == macs.to_bytes(macs.Mac(MAC))
        assert IPv4Address(frame[30:34]) == CLIENT.ip
        assert IPv4Address(frame[26:30]) == SERVER.ip
        assert ip.checksum(frame[14:34]) == 0
        assert ip.checksum(frame[26:34] + b"\0\x11" + frame[38:40] + frame[34:]) == 0


def test_one_that_wants_a_broadcast_gets_it(lan: Lan, frames: Frames, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path):
        assert str(CLIENT.ip) in udhcpc(lan, "-B")

    assert [frame[:6] for frame in frames.replies(2)] == [EVERYBODY] * 2


def test_without_the_right_to_packets_all_are_answered_by_broadcast(
    lan: Lan, frames: Frames, tmp_path: Path
) -> None:
    with network.within(lan.server):
        Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")
    with boots(lan.server, tmp_path, before=free_of_root()) as server:
        assert str(CLIENT.ip) in udhcpc(lan)
        said = server.errors.read_text()

    assert [frame[:6] for frame in frames.replies(2)] == [EVERYBODY] * 2
    assert said.count("clients without an address are answered by broadcast") == 1


def test_of_several_addresses_replies_leave_from_the_one_that_they_name(
    lan: Lan, tmp_path: Path
) -> None:
    with network.within(lan.server), IPRoute() as way:
        (index,) = way.link_lookup(ifname=LAN)
        way.addr("add", index=index, address=str(SECOND), prefixlen=24)
    environment = {"BOOTS_ADDRESS": str(SECOND)}
    asked = Message(
        op=dhcp.BOOTREQUEST,
        xid=7,
        chaddr=macs.to_bytes(macs.Mac(MAC)),
        giaddr=CLIENT.ip,
        flags=BROADCAST,
        options={53: b"\1"},
    )
    with boots(lan.server, tmp_path, environment=environment):
        with network.within(lan.client):
            relay = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with relay:
            relay.bind((str(CLIENT.ip), 67))
            relay.settimeout(5)
            relay.sendto(dhcp.encode(asked), (str(SECOND), 67))
            data, peer = relay.recvfrom(2000)

    assert peer == (str(SECOND), 67)
    assert dhcp.decode(data).options[54] == SECOND.packed
