"""Probes by ARP, over a socket that is no network."""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

import pytest

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.serve import probe
from boots.serve.probe import ArpProbe, open_socket
from boots.wire import arp

OWN, OTHER = Mac("52:54:00:00:00:01"), Mac("52:54:00:00:00:02")
ONE, TWO = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")


class Card(socket.socket):
    """One end of a pair, with the address that a socket of an Ethernet card has."""

    def getsockname(self) -> Any:
        return ("lan0", arp.ETHERTYPE, 0, 1, macs.to_bytes(OWN))

    def sendto(self, data: Any, *_: Any) -> int:
        return self.send(data)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ArpProbe, socket.socket]]:
    """The probe, and the network on its other end."""
    monkeypatch.setattr(probe, "_WAITS", (0.01, 0.01))
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    card = Card(fileno=near.detach())
    card.setblocking(False)
    far.setblocking(False)
    yield ArpProbe(card), far
    card.close()
    far.close()


def claim(mac: Mac, address: IPv4Address) -> bytes:
    """An answer: this MAC has this address."""
    head = bytes.fromhex("0001080006040002")
    return head + macs.to_bytes(mac) + address.packed + bytes(10)


def asked(network: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(network.recv(100))
        except BlockingIOError:
            return found


async def test_who_answers_uses_the_address(
    pair: tuple[ArpProbe, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, network = pair
    plain = asking._send

    def answered(address: IPv4Address) -> None:
        plain(address)
        if address == ONE:
            network.send(claim(OTHER, ONE))

    monkeypatch.setattr(asking, "_send", answered)

    assert await asking.ask([ONE, TWO]) == {ONE: OTHER}


async def test_it_asks_twice_and_does_not_say_who_asks(
    pair: tuple[ArpProbe, socket.socket],
) -> None:
    asking, network = pair
    await asking.ask([TWO, ONE])

    own = macs.to_bytes(OWN)
    once = [arp.probe(own, ONE), arp.probe(own, TWO)]
    assert asked(network) == once + once


async def test_what_was_said_before_is_not_heard(pair: tuple[ArpProbe, socket.socket]) -> None:
    asking, network = pair
    network.send(claim(OTHER, ONE))

    assert await asking.ask([ONE]) == {}


@pytest.mark.parametrize(
    "said",
    [claim(OWN, ONE), claim(OTHER, TWO), arp.probe(macs.to_bytes(OTHER), ONE), b"junk", b""],
    ids=["ourselves", "another address", "a probe", "junk", "nothing"],
)
async def test_what_says_nothing_of_the_address_counts_for_nothing(
    pair: tuple[ArpProbe, socket.socket], monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    asking, network = pair
    monkeypatch.setattr(asking, "_send", lambda _: network.send(said))

    assert await asking.ask([ONE]) == {}


def test_an_interface_that_is_no_ethernet_is_not_probed() -> None:
    try:
        assert open_socket("lo") is None
    except PermissionError:
        pytest.skip("raw sockets need CAP_NET_RAW")


def test_an_interface_that_is_not_there_says_so() -> None:
    with pytest.raises(OSError, match=r"No such device|not permitted"):
        open_socket("boots-none")
