"""A DHCP client made by hand: each packet is as a test wants it, and all replies are seen."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address

from boots.lab import network
from boots.wire import dhcp, ip, options
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType

_ALL = b"\xff" * 6
_IP = b"\x08\x00"
_NOWHERE, EVERYONE = IPv4Address(0), IPv4Address("255.255.255.255")
PXE = {93: b"\0\7", 94: b"\1\3\x10", 60: b"PXEClient:Arch:00007:UNDI:003016"}


@dataclass(frozen=True)
class Heard:
    """One datagram of a server: to whom, and what."""

    to: IPv4Address
    message: Message

    @property
    def kind(self) -> MessageType | None:
        return self.message.kind


class Asker:
    """Sends DHCP messages out of an interface, and hears what comes in there."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(
        self,
        message: Message,
        *,
        source: IPv4Address = _NOWHERE,
        to: IPv4Address = EVERYONE,
        hardware: bytes = _ALL,
    ) -> None:
        """In a frame of the machine's own; of a relay, from its port 67."""
        port = 67 if message.giaddr != _NOWHERE else 68
        packet = ip.udp((source, port), (to, 67), dhcp.encode(message))
        self._sock.send(hardware + message.chaddr[:6] + _IP + packet)

    def heard(self, seconds: float, enough: int = 1 << 30, xid: int | None = None) -> list[Heard]:
        """The replies (to this exchange) that come within so long, or until there are so many."""
        found: list[Heard] = []
        deadline = time.monotonic() + seconds
        while len(found) < enough and (left := deadline - time.monotonic()) > 0:
            if select.select([self._sock], [], [], left)[0]:
                came = _reply(self._sock.recv(4096))
                found += [each for each in came if xid in {None, each.message.xid}]
        return found


def _reply(frame: bytes) -> list[Heard]:
    """What a frame has of a server's: frames of ours have another source port."""
    if frame[23] != socket.IPPROTO_UDP or frame[34:36] != b"\0\x43" or frame[42:43] != b"\2":
        return []
    try:
        return [Heard(IPv4Address(frame[30:34]), dhcp.decode(frame[42:]))]
    except Malformed:
        return []


def message(kind: MessageType, mac: bytes, xid: int, **more: object) -> Message:
    """As a PXE ROM says it; `wanted` and `server` are options, other words are fields."""
    said = {options.MESSAGE_TYPE.code: bytes([kind]), **PXE}
    for name, option in (("wanted", options.REQUESTED_ADDRESS), ("server", options.SERVER_ID)):
        given = more.pop(name, None)
        if isinstance(given, IPv4Address):
            said[option.code] = given.packed
    return Message(op=dhcp.BOOTREQUEST, xid=xid, chaddr=mac, options=said, **more)  # type: ignore[arg-type]


@contextmanager
def asker(namespace: str, interface: str) -> Iterator[Asker]:
    with network.within(namespace):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    with sock:
        sock.bind((interface, 0x0800))
        yield Asker(sock)
