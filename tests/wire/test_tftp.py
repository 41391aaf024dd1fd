"""TFTP: the packets of RFC 1350 and the options of 2347, 2348, 2349 and 7440."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import strategies

from boots.wire import tftp
from boots.wire.malformed import Malformed
from boots.wire.tftp import Ack, Data, Error, ErrorCode, OptionAck, Packet, Request

quick = settings(database=None, max_examples=100)

PACKETS: dict[str, tuple[bytes, Packet]] = {
    "RFC 1350 figure 5-1, a read": (b"\0\1foobar\0octet\0", Request("foobar")),
    "RFC 1350 figure 5-1, a write": (
        b"\0\2foobar\0netascii\0",
        Request("foobar", "netascii", write=True),
    ),
    "RFC 1350 figure 5-2": (b"\0\3\0\1data", Data(1, b"data")),
    "RFC 1350 figure 5-2, the last and empty": (b"\0\3\xff\xff", Data(65535, b"")),
    "RFC 1350 figure 5-3": (b"\0\4\0\1", Ack(1)),
    "RFC 1350 figure 5-4": (
        b"\0\5\0\1File not found\0",
        Error(ErrorCode.NOT_FOUND, "File not found"),
    ),
    "RFC 2347, an error": (b"\0\5\0\x08no\0", Error(ErrorCode.OPTION_REFUSED, "no")),
    "RFC 2348, a request": (
        b"\0\1foobar\0octet\0blksize\x001428\0",
        Request("foobar", options={"blksize": "1428"}),
    ),
    "RFC 2348, an OACK": (b"\0\6blksize\x001428\0", OptionAck({"blksize": "1428"})),
    "RFC 2349, timeout": (
        b"\0\1foobar\0octet\0timeout\x001\0",
        Request("foobar", options={"timeout": "1"}),
    ),
    "RFC 2349, tsize": (
        b"\0\2foobar\0octet\0tsize\x00673312\0",
        Request("foobar", options={"tsize": "673312"}, write=True),
    ),
    "RFC 7440, a request": (
        b"\0\1foobar\0octet\0windowsize\x0016\0",
        Request("foobar", options={"windowsize": "16"}),
    ),
    "RFC 7440, an OACK": (b"\0\6windowsize\x0016\0", OptionAck({"windowsize": "16"})),
    "EDK2": (
        b"\0\1shimx64.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0",
        Request("shimx64.efi", options={"tsize": "0", "blksize": "1468", "windowsize": "4"}),
    ),
    "EDK2 stops": (
        b"\0\5\0\x08User aborted the transfer\0",
        Error(8, "User aborted the transfer"),
    ),
    "shim": (
        b"\0\1//grubx64.efi\0octet\0blksize\x00512\0windowsize\x004\0",
        Request("//grubx64.efi", options={"blksize": "512", "windowsize": "4"}),
    ),
    "GRUB": (
        b"\0\1/grub/grub.cfg\0octet\0blksize\x001024\0tsize\x000\0",
        Request("/grub/grub.cfg", options={"blksize": "1024", "tsize": "0"}),
    ),
    "iPXE": (
        b"\0\1autoexec.ipxe\0octet\0blksize\x001432\0tsize\x000\0",
        Request("autoexec.ipxe", options={"blksize": "1432", "tsize": "0"}),
    ),
    "a name with a traceparent": (
        b"\0\1undionly.kpxe-00-23b1e307bb35484f535a1f772c06910e-d887dc3912240434-01\0octet\0",
        Request("undionly.kpxe-00-23b1e307bb35484f535a1f772c06910e-d887dc3912240434-01"),
    ),
    "pxelinux with a traceparent": (
        (
            b"\0\1pxelinux.cfg/01-08-00-27-00-00-02"
            b"-00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\0octet\0"
        ),
        Request(
            "pxelinux.cfg/01-08-00-27-00-00-02"
            "-00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        ),
    ),
}


@pytest.mark.parametrize(("raw", "packet"), PACKETS.values(), ids=PACKETS)
def test_a_packet_is_read_and_written(raw: bytes, packet: Packet) -> None:
    assert packet == tftp.decode(raw)
    assert raw == tftp.encode(packet)


# --- what is forgiven


def test_mode_and_option_names_are_read_in_any_case() -> None:
    """RFC 1350 §5 for the mode, RFC 2347 for the options."""
    raw = b"\0\1Foo\0OcTeT\0BLKSIZE\x001428\0TSize\x000\0"
    assert Request("Foo", "octet", {"blksize": "1428", "tsize": "0"}) == tftp.decode(raw)


def test_of_an_option_sent_twice_the_first_counts() -> None:
    """RFC 2347: an option may be specified only once."""
    raw = b"\0\1f\0octet\0blksize\x001024\0BLKSIZE\x00512\0"
    assert Request("f", options={"blksize": "1024"}) == tftp.decode(raw)


@pytest.mark.parametrize("padding", [b"\0", b"\0" * 7, b"tsize\0", b"junk", b"\0\0\0x"])
def test_what_is_no_option_behind_a_request_is_padding(padding: bytes) -> None:
    assert Request("f") == tftp.decode(b"\0\1f\0octet\0" + padding)


def test_padding_need_not_be_utf8() -> None:
    request = tftp.decode(b"\0\1f\0octet\0blksize\x001024\0\xf6\xf7\0\xff\0\xfe")
    assert isinstance(request, Request)
    assert ("f", "1024") == (request.name, request.options["blksize"])


@pytest.mark.parametrize("tail", [b"\xff", b"\xff\xff\xff"])
def test_the_end_of_dhcp_options_is_no_part_of_a_name(tail: bytes) -> None:
    """ROMs that read option 67 past its end ask for a letter more."""
    assert Request("undionly.kpxe") == tftp.decode(b"\0\1undionly.kpxe" + tail + b"\0octet\0")


def test_bytes_behind_an_ack_are_padding() -> None:
    assert Ack(7) == tftp.decode(b"\0\4\0\7" + bytes(42))


@pytest.mark.parametrize("raw", [b"\0\5\0\0gone", b"\0\5\0\0gone\0junk"])
def test_an_error_ends_at_its_nul_or_without_one(raw: bytes) -> None:
    assert Error(0, "gone") == tftp.decode(raw)


def test_an_error_may_have_no_text() -> None:
    assert Error(3, "") == tftp.decode(b"\0\5\0\3")


def test_the_text_of_an_error_need_not_be_utf8() -> None:
    assert Error(0, "n\ufffd") == tftp.decode(b"\0\5\0\0n\xf6\0")


def test_an_oack_without_options_is_nothing_anybody_sends() -> None:
    with pytest.raises(Malformed):
        tftp.decode(tftp.encode(OptionAck({})))


# --- what is not


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0\4\0",
        b"\0\0\0\0",
        b"\0\7\0\0",
        b"\1\0\0\0",
        b"\0\1foobar\0octet",
        b"\0\1foobar\0",
        b"\0\1\0octet\0",
        b"\0\1foobar\0\0",
        b"\0\1f\xf6\0octet\0",
        b"\0\6blk\xf6\x001\0",
    ],
)
def test_other_packets_are_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        tftp.decode(raw)


@pytest.mark.parametrize(
    "packet",
    [Request("a\0b"), Request("a", options={"x": "1\0"}), Error(0, "\0"), OptionAck({"\0": ""})],
)
def test_a_text_with_a_nul_is_not_written(packet: Packet) -> None:
    with pytest.raises(ValueError, match="NUL"):
        tftp.encode(packet)


# --- laws 5 and 6


@quick
@given(strategies.tftp_packets)
def test_a_packet_survives(packet: Packet) -> None:
    assert packet == tftp.decode(tftp.encode(packet))


@quick
@given(st.integers(0, 8), st.binary(max_size=120))
def test_any_bytes_are_read_or_malformed(opcode: int, rest: bytes) -> None:
    for raw in (rest, opcode.to_bytes(2) + rest):
        try:
            tftp.decode(raw)
        except Malformed:
            continue


@pytest.mark.parametrize("rest", [b"a\0" * 32_000, b"\0" * 65_000, b"a" * 65_000], ids=len)
def test_a_request_of_64_kilobytes_is_read_at_once(rest: bytes) -> None:
    began = time.process_time()
    assert Request("f", options=tftp.decode(b"\0\1f\0octet\0" + rest).options)  # type: ignore[union-attr]
    assert time.process_time() - began < 0.5
