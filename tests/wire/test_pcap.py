"""Captures: both formats, both byte orders, and what is passed over."""

import struct
import time
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire import golden

from boots.wire import ip, pcap
from boots.wire.malformed import Malformed
from boots.wire.pcap import Datagram

quick = settings(database=None, max_examples=100)

PACKET = bytes.fromhex(
    "4500 0020 0000 0000 40 11 0000 c0000201 c0000202"  # IPv4
    "0044 0043 000c 0000"  # UDP
    "626f6f74"
)
MACS = bytes(12)
ETHERNET, RAW, COOKED, COOKED_2 = 1, 101, 113, 276
AT = 1_767_225_600


def _file(frame: bytes, link: int = ETHERNET, order: str = "<", nano: bool = False) -> bytes:
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    head = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    part = 500_000_000 if nano else 500_000
    return head + struct.pack(f"{order}IIII", AT, part, len(frame), len(frame)) + frame


def _block(kind: int, body: bytes, order: str) -> bytes:
    body += bytes(-len(body) % 4)
    size = len(body) + 12
    return struct.pack(f"{order}II", kind, size) + body + struct.pack(f"{order}I", size)


def _file_ng(
    frame: bytes,
    link: int = ETHERNET,
    order: str = "<",
    interface_options: bytes = b"",
    ticks: int = 1_000_000,
) -> bytes:
    stamp = AT * ticks + ticks // 2
    section = struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1)
    interface = struct.pack(f"{order}HHI", link, 0, 65535) + interface_options
    packet = struct.pack(
        f"{order}IIIII", 0, stamp >> 32, stamp & 0xFFFF_FFFF, len(frame), len(frame)
    )
    return (
        _block(0x0A0D0D0A, section, order)
        + _block(1, interface, order)
        + _block(5, bytes(12), order)
        + _block(6, packet + frame, order)
    )


def _only(capture: bytes) -> Datagram:
    (datagram,) = pcap.datagrams(capture)
    return datagram


EXPECTED = Datagram(AT + 0.5, IPv4Address("192.0.2.1"), 68, IPv4Address("192.0.2.2"), 67, b"boot")
IPV4 = b"\x08\x00"
FRAMES = {
    "Ethernet": (ETHERNET, MACS + IPV4 + PACKET),
    "Ethernet with padding": (ETHERNET, MACS + IPV4 + PACKET + bytes(14)),
    "one VLAN tag": (ETHERNET, MACS + b"\x81\x00\x00\x07" + IPV4 + PACKET),
    "two VLAN tags": (ETHERNET, MACS + b"\x88\xa8\x00\x07\x81\x00\x00\x08" + IPV4 + PACKET),
    "raw IP": (RAW, PACKET),
    "Linux cooked": (COOKED, bytes(14) + IPV4 + PACKET),
    "Linux cooked v2": (COOKED_2, IPV4 + bytes(18) + PACKET),
    "IP options": (RAW, b"\x46" + PACKET[1:20] + b"\x01\x01\x01\x00" + PACKET[20:]),
}


@pytest.mark.parametrize("write", [_file, _file_ng], ids=["pcap", "pcapng"])
@pytest.mark.parametrize("order", ["<", ">"], ids=["little endian", "big endian"])
@pytest.mark.parametrize(("link", "frame"), FRAMES.values(), ids=FRAMES)
def test_a_datagram_is_found(
    write: Callable[[bytes, int, str], bytes], order: str, link: int, frame: bytes
) -> None:
    assert EXPECTED == _only(write(frame, link, order))


def test_a_pcap_may_count_nanoseconds() -> None:
    assert EXPECTED == _only(_file(*reversed(FRAMES["raw IP"]), nano=True))


@pytest.mark.parametrize("order", ["<", ">"], ids=["little endian", "big endian"])
@pytest.mark.parametrize(
    ("resolution", "ticks"), [(9, 10**9), (3, 10**3), (0x80 | 20, 2**20)], ids=["ns", "ms", "2^-20"]
)
def test_a_pcapng_says_what_its_clock_counts(order: str, resolution: int, ticks: int) -> None:
    """The option if_tsresol: Wireshark writes nanoseconds."""
    name = struct.pack(f"{order}HH", 2, 5) + b"eth0\0" + bytes(3)
    clock = struct.pack(f"{order}HHB3x", 9, 1, resolution)
    capture = _file_ng(PACKET, RAW, order, name + clock, ticks)
    assert EXPECTED == _only(capture)


def test_several_records_follow_each_other() -> None:
    one = _file(PACKET, RAW)
    assert [EXPECTED] * 3 == list(pcap.datagrams(one + one[24:] * 2))


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        (ETHERNET, MACS + b"\x08\x06" + bytes(28)),
        (ETHERNET, MACS + b"\x86\xdd\x60" + bytes(60)),
        (RAW, PACKET[:9] + b"\x06" + PACKET[10:]),
        (RAW, PACKET[:6] + b"\x20\x00" + PACKET[8:]),
        (RAW, PACKET[:6] + b"\x00\x10" + PACKET[8:]),
        (RAW, b"\x44" + PACKET[1:]),
        (RAW, b"\x4f" + PACKET[1:]),
        (RAW, PACKET[:24]),
        (ETHERNET, MACS + b"\x81\x00\x00\x07"),
        (105, bytes(30) + PACKET),
    ],
    ids=[
        "ARP",
        "IPv6",
        "TCP",
        "a first fragment",
        "a later fragment",
        "an IP header of 16 bytes",
        "an IP header past the end",
        "half a UDP header",
        "nothing behind a tag",
        "another kind of link",
    ],
)
def test_all_else_is_passed_over(link: int, frame: bytes) -> None:
    assert [] == list(pcap.datagrams(_file(frame, link)))


def test_don_t_fragment_is_no_fragment() -> None:
    assert EXPECTED == _only(_file(PACKET[:6] + b"\x40\x00" + PACKET[8:], RAW))


@pytest.mark.parametrize("size", [0, 3, 7])
def test_a_udp_length_below_its_header_means_no_payload(size: int) -> None:
    assert _only(_file(PACKET[:24] + size.to_bytes(2) + PACKET[26:], RAW)).payload == b""


def test_a_record_that_was_cut_has_a_shorter_payload() -> None:
    assert _only(_file(PACKET, RAW)[:-2]).payload == b"bo"


@pytest.mark.parametrize("capture", [b"", b"boot", _file(b"")[:23]], ids=len)
def test_what_is_no_capture_is_malformed(capture: bytes) -> None:
    with pytest.raises(Malformed):
        list(pcap.datagrams(capture))


def test_a_cut_record_header_is_malformed_behind_what_came_before() -> None:
    reading = pcap.datagrams(_file(PACKET, RAW) + bytes(15))
    assert EXPECTED == next(reading)
    with pytest.raises(Malformed):
        next(reading)


@pytest.mark.parametrize("size", [0, 11, 2**32 - 1])
def test_a_block_of_an_impossible_size_is_malformed(size: int) -> None:
    with pytest.raises(Malformed):
        list(pcap.datagrams(_file_ng(PACKET, RAW) + struct.pack("<IIHH", 6, size, 0, 0)))


def test_a_packet_of_an_unknown_interface_is_passed_over() -> None:
    capture = _file_ng(PACKET, RAW)
    section = capture[:28]
    assert [] == list(pcap.datagrams(section + capture[48:]))


# --- law 6


def _read(capture: bytes) -> None:
    try:
        list(pcap.datagrams(capture))
    except Malformed:
        return


@pytest.mark.parametrize("capture", [_file(PACKET, RAW), _file_ng(PACKET, RAW)], ids=["pcap", "ng"])
def test_a_cut_or_changed_capture_is_read_or_malformed(capture: bytes) -> None:
    for at in range(len(capture)):
        _read(capture[:at])
        for byte in range(0, 256, 5):
            _read(capture[:at] + bytes([byte]) + capture[at + 1 :])


@quick
@given(st.sampled_from((0x0A0D0D0A, 0xA1B2C3D4)), st.sampled_from("<>"), st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(magic: int, order: str, rest: bytes) -> None:
    _read(struct.pack(f"{order}I", magic) + rest)


@quick
@given(st.binary(max_size=100), st.sampled_from((ETHERNET, RAW, COOKED, COOKED_2, 0)))
def test_any_frame_is_read_or_passed_over(frame: bytes, link: int) -> None:
    list(pcap.datagrams(_file(frame, link)))


MANY = {
    "records": _file(b"") + bytes(16) * 60_000,
    "blocks": _file_ng(b"") + _block(5, b"", "<") * 80_000,
    "interfaces": _file_ng(b"") + _block(1, bytes(8), "<") * 20_000,
    "interface options": _file_ng(b"") + _block(1, bytes(8) + b"\2\0\0\0" * 100_000, "<"),
    "VLAN tags": _file(MACS + b"\x81\x00\0\0" * 200_000),
}


@pytest.mark.parametrize("capture", MANY.values(), ids=MANY)
def test_a_megabyte_of_nothing_is_read_at_once(capture: bytes) -> None:
    began = time.process_time()
    assert [] == list(pcap.datagrams(capture))
    assert time.process_time() - began < 0.5


def test_every_capture_here_has_datagrams() -> None:
    assert all(list(pcap.datagrams(path.read_bytes())) for path in golden.CAPTURES)


A, B = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")


def test_what_is_written_is_read_again() -> None:
    frame = bytes(12) + b"\x08\0" + ip.udp((A, 68), (B, 67), b"hello")

    (read,) = pcap.datagrams(pcap.head() + pcap.record(1.5, frame))

    assert Datagram(1.5, A, 68, B, 67, b"hello") == read


def test_a_capture_of_nothing_is_a_capture() -> None:
    assert [] == list(pcap.datagrams(pcap.head()))


def test_seconds_that_round_up_stay_in_order() -> None:
    frame = bytes(12) + b"\x08\0" + ip.udp((A, 68), (B, 67), b"")

    (read,) = pcap.datagrams(pcap.head() + pcap.record(1.9999999, frame))

    assert 2.0 == read.at
