"""Datagrams as whole packets: known bytes, and what the checksums are for."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import strategies

from boots.wire import ip

quick = settings(database=None, max_examples=50)

SERVER = (IPv4Address("192.168.1.1"), 67)
CLIENT = (IPv4Address("192.168.1.10"), 68)


def test_a_packet_is_the_bytes_that_others_send() -> None:
    # Header and sums as tcpdump -vv finds them right.
    packet = ip.udp(SERVER, CLIENT, b"boots")
    assert "45000021000040004011b770c0a80101c0a8010a" == packet[:20].hex()
    assert "00430044000d" == packet[20:26].hex()
    assert b"boots" == packet[28:]


def test_the_example_of_rfc_1071_has_its_sum() -> None:
    assert 0xFFFF ^ 0xDDF2 == ip.checksum(bytes.fromhex("0001f203f4f5f6f7"))


@quick
@given(strategies.addresses, strategies.addresses, st.binary(max_size=600))
def test_both_sums_come_out_even(source: IPv4Address, target: IPv4Address, data: bytes) -> None:
    packet = ip.udp((source, 67), (target, 68), data)
    assert 0 == ip.checksum(packet[:20])
    pseudo = packet[12:20] + b"\0\x11" + packet[24:26]
    assert 0 == ip.checksum(pseudo + packet[20:])
    assert packet[26:28] != b"\0\0"
    assert len(packet) == int.from_bytes(packet[2:4])


def test_a_sum_of_zero_is_written_as_ones_as_zero_stands_for_none() -> None:
    for number in range(0x10000):
        packet = ip.udp(SERVER, CLIENT, number.to_bytes(2))
        if packet[26:28] == b"\xff\xff":
            return
    raise AssertionError("no data has this sum")


def test_more_than_a_datagram_holds_is_refused() -> None:
    assert 0xFFFF == len(ip.udp(SERVER, CLIENT, bytes(ip.LARGEST)))
    with pytest.raises(ValueError, match="do not fit"):
        ip.udp(SERVER, CLIENT, bytes(ip.LARGEST + 1))
