"""How replies leave: which socket takes them, and what is said of one that cannot."""

import errno
import os
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from structlog.testing import capture_logs
from tests.serve.bench import LOOPBACK

from boots.model.mac import Mac
from boots.policy.destination import EVERYONE, Destination
from boots.policy.forms import Gist, Ready
from boots.serve import replies
from boots.serve.replies import Replies

OURS = IPv4Address(LOOPBACK)
CLIENT = IPv4Address("192.0.2.7")
MAC = Mac("52:54:00:12:34:56")
ALL = b"\xff" * 6
GIST = Gist(
    osie=False,
    is_offer=True,
    program="",
    architecture="",
    boot_file=(),
    separator=":",
    why="",
    relay="",
)


class Packets:
    """In place of the packet socket: keeps what it is given, or fails as it is told."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, tuple[str, int, int, int, bytes]]] = []
        self.failure = 0
        self.opened = 0

    def sendto(self, data: bytes, to: tuple[str, int, int, int, bytes]) -> None:
        if self.failure:
            raise OSError(self.failure, os.strerror(self.failure))
        self.sent.append((data, to))

    def setblocking(self, _flag: bool) -> None: ...

    def setsockopt(self, *_option: int) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def packets(monkeypatch: pytest.MonkeyPatch) -> Packets:
    made, real = Packets(), socket.socket

    def opened(family: int, *more: int) -> Packets | socket.socket:
        if family != socket.AF_PACKET:
            return real(family, *more)
        made.opened += 1
        return made

    monkeypatch.setattr(replies.socket, "socket", opened)  # type: ignore[attr-defined]
    return made


@pytest.fixture
def way(packets: Packets) -> Iterator[Replies]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind((LOOPBACK, 0))
        yield Replies(sock, "lo")


def ready(to: str, hardware: bytes, *, shared: bool) -> Ready:
    return Ready(b"data", (to, 68), shared, hardware, OURS, MAC, str(CLIENT), GIST)


def test_a_broadcast_leaves_as_a_packet_as_udp_may_drop_it_in_silence(
    way: Replies, packets: Packets
) -> None:
    way.send(b"data", Destination(EVERYONE, 68, source=OURS))
    way.send_ready(ready(str(EVERYONE), b"", shared=True))

    assert [to[4] for _, to in packets.sent] == [ALL, ALL]
    assert {data[12:20] for data, _ in packets.sent} == {OURS.packed + EVERYONE.packed}
    assert packets.opened == 1


def test_a_client_without_an_address_is_reached_by_its_mac(way: Replies, packets: Packets) -> None:
    way.send(b"data", Destination(CLIENT, 68, MAC, OURS))
    way.send_ready(ready(str(CLIENT), bytes.fromhex("525400123456"), shared=False))

    assert [to[4].hex(":") for _, to in packets.sent] == [str(MAC)] * 2


@pytest.mark.parametrize("reason", [errno.ENOBUFS, errno.EAGAIN, errno.ENETDOWN])
def test_a_reply_that_cannot_leave_now_is_told_and_the_next_one_leaves(
    way: Replies, packets: Packets, reason: int
) -> None:
    packets.failure = reason
    with pytest.raises(OSError, match=os.strerror(reason)):
        way.send_ready(ready(str(EVERYONE), b"", shared=True))
    packets.failure = 0
    way.send_ready(ready(str(EVERYONE), b"", shared=True))

    assert len(packets.sent) == 1


@pytest.mark.parametrize("reason", [errno.EPERM, errno.EINVAL])
def test_without_packets_everybody_is_told_by_udp_which_is_said_once(
    way: Replies, packets: Packets, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    over_udp: list[tuple[str, int]] = []
    monkeypatch.setattr(way, "_send_from", lambda _data, to, _source: over_udp.append(to))
    packets.failure = reason
    with capture_logs() as said:
        way.send(b"data", Destination(CLIENT, 68, MAC, OURS))
        way.send(b"data", Destination(EVERYONE, 68, source=OURS))

    assert over_udp == [(str(EVERYONE), 68)] * 2
    assert [each["event"] for each in said] == [
        "clients without an address are answered by broadcast"
    ]
