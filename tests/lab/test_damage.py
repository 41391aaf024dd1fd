"""Damage that a checksum tells of, and damage that fits."""

from ipaddress import IPv4Address
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boots.lab import damage
from boots.wire import ip

ENDS = ((IPv4Address("192.168.70.1"), 69), (IPv4Address("192.168.70.10"), 2000))
HEAD = bytes(12) + b"\x08\x00"
seeds = st.integers()


def framed(data: bytes) -> bytes:
    return HEAD + ip.udp(*ENDS, data)


def sum_of(frame: bytes) -> int:
    """What a receiver makes of the pseudo header and the datagram: 0 if the checksum fits."""
    length = int.from_bytes(frame[38:40])
    return ip.checksum(frame[26:34] + b"\0\x11" + frame[38:40] + frame[34 : 34 + length])


@given(st.binary(max_size=60))
def test_a_checksum_that_is_made_anew_is_the_senders(data: bytes) -> None:
    frame = framed(data)
    spoilt = frame[:40] + b"\x12\x34" + frame[42:]

    assert frame == damage.summed(frame) == damage.summed(spoilt)


@given(st.binary(min_size=1, max_size=60), seeds)
def test_damage_that_nobody_notices_is_one_bit_and_fits(data: bytes, seed: int) -> None:
    frame = framed(data)
    arriving = damage.damaged_unnoticed(frame, Random(seed))
    turned = int.from_bytes(frame[:40] + frame[42:]) ^ int.from_bytes(arriving[:40] + arriving[42:])

    assert 1 == turned.bit_count()
    assert frame[:34] == arriving[:34]
    if frame[38:40] == arriving[38:40]:  # of another length it is cut off, or ends in the kernel
        assert 0 == sum_of(arriving)


@given(st.binary(max_size=60))
def test_without_a_checksum_there_is_none_to_make_anew(data: bytes) -> None:
    bare = damage.unsummed(framed(data))

    assert b"\0\0" == bare[40:42]
    assert bare == damage.summed(bare)
    assert framed(data)[42:] == bare[42:]


def test_a_tcp_segment_is_summed_as_rfc_793_says() -> None:
    segment = bytes.fromhex("1f90c350" + "00000001" * 2 + "50180200" + "00000000") + b"hello!"
    head = bytes.fromhex("4500002e000040004006") + bytes(2) + bytes((10, 0, 0, 1, 10, 0, 0, 2))
    frame = damage.summed(HEAD + head + segment)
    pseudo = frame[26:34] + b"\0\x06" + len(segment).to_bytes(2)

    assert 0 == ip.checksum(pseudo + frame[34:])


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        HEAD,
        HEAD + bytes(20),
        HEAD + b"\x45" + bytes(40),
        bytes(12) + b"\x08\x06" + bytes(28),
        bytes(12) + b"\x86\xdd" + bytes(60),
        framed(b"data")[:40],
        framed(b"data")[:20] + b"\x20\x00" + framed(b"data")[22:],
    ],
)
def test_what_is_no_whole_datagram_is_left_as_it_is(frame: bytes) -> None:
    assert damage.datagram(frame) is None
    assert frame == damage.summed(frame) == damage.unsummed(frame)


@given(st.binary(max_size=120), seeds)
def test_any_frame_can_be_damaged(frame: bytes, seed: int) -> None:
    assert len(frame) == len(damage.damaged_unnoticed(frame, Random(seed)))
