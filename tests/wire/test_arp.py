"""ARP, as far as probes need it."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boots.wire import arp
from boots.wire.arp import Sender
from boots.wire.malformed import Malformed

MAC = bytes.fromhex("525400000001")
ADDRESS = IPv4Address("10.0.0.5")


def test_a_probe_says_nothing_of_us_but_our_mac() -> None:
    """RFC 5227 §2.1.1: the sender's address is 0, the target's MAC too."""
    assert arp.probe(MAC, ADDRESS).hex(" ") == (
        "00 01 08 00 06 04 00 01 52 54 00 00 00 01 00 00 00 00 00 00 00 00 00 00 0a 00 00 05"
    )


def test_a_probe_claims_no_address() -> None:
    assert arp.read_sender(arp.probe(MAC, ADDRESS)) is None


@pytest.mark.parametrize("operation", [1, 2])
def test_who_asks_or_answers_with_an_address_has_it(operation: int) -> None:
    head = bytes.fromhex("00010800060400") + bytes([operation])

    assert arp.read_sender(head + MAC + ADDRESS.packed + bytes(10) + b"padding") == (
        Sender(MAC, ADDRESS)
    )


@pytest.mark.parametrize("head", ["0006080006040002", "000186dd06040002", "0001080006040003"])
def test_arp_of_something_else_is_malformed(head: str) -> None:
    with pytest.raises(Malformed):
        arp.read_sender(bytes.fromhex(head) + bytes(20))


@given(st.binary(max_size=60))
def test_garbage_is_malformed_or_somebody_and_nothing_else(data: bytes) -> None:
    try:
        arp.read_sender(data)
    except Malformed:
        return
