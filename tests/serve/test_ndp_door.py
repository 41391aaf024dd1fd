"""The door for router solicitations, with a socket that plays the network."""

import socket
from collections import deque

from tests.serve.bench import Told

from boots.journal import events
from boots.model.mac import Mac
from boots.serve.ndp import NdpDoor
from boots.wire import ndp

MAC = Mac("52:54:00:12:34:56")
SENDER = ("fe80::1", 0, 0, 2)
ASKED = bytes([ndp.ROUTER_SOLICITATION, *bytes(7), 1, 1]) + bytes.fromhex("525400123456")

Packet = tuple[bytes, tuple[str, int, int, int]]


class Wire(socket.socket):
    """A socket on which `arriving` comes in, and `sent` went out."""

    def __init__(self, *arriving: Packet, broken: bool = False) -> None:
        super().__init__(socket.AF_INET6, socket.SOCK_DGRAM)
        self.arriving = deque(arriving)
        self.sent: list[Packet] = []
        self.broken = broken

    def recvfrom(self, *_: object) -> Packet:
        if not self.arriving:
            raise BlockingIOError
        return self.arriving.popleft()

    def sendto(self, data: bytes, to: tuple[str, int, int, int]) -> int:  # type: ignore[override]
        if self.broken:
            raise OSError(99, "Cannot assign requested address")
        self.sent.append((data, to))
        return len(data)


def heard(wire: Wire, *, may_boot: bool = True) -> list[events.AnyEvent]:
    told = Told()
    with wire:
        NdpDoor(wire, "lan0", lambda mac: may_boot and mac == MAC, told.record)._readable()
    return told.events


def test_a_machine_that_may_boot_gets_an_empty_advertisement() -> None:
    wire = Wire((ASKED, SENDER))

    assert heard(wire) == [events.AdvertisementSent(mac=MAC, interface="lan0")]
    assert wire.sent == [(ndp.empty_advertisement(), SENDER)]


def test_others_get_none() -> None:
    wire = Wire((ASKED, SENDER))

    assert heard(wire, may_boot=False) == []
    assert wire.sent == []


def test_only_link_local_senders_with_a_mac_are_heard() -> None:
    wire = Wire(
        (ASKED, ("2001:db8::1", 0, 0, 2)),
        (ASKED, ("::", 0, 0, 2)),
        (ASKED[:8], SENDER),
        (ASKED[:9], SENDER),
        (b"", SENDER),
    )

    assert heard(wire) == []


def test_what_cannot_be_sent_is_not_told() -> None:
    assert heard(Wire((ASKED, SENDER), broken=True)) == []
