"""DHCP messages: RFC 2131 figure 1, option overload, and what any bytes do."""

from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import strategies

from boots.wire import dhcp, options, pxe
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType

quick = settings(database=None, max_examples=100)

HEADER = bytes.fromhex(
    "01 01 06 03 deadbeef 0004 8000"
    "c0000201 c0000202 c0000203 c0000204"
    "525400770001 00000000000000000000"
)
COOKIE = bytes([99, 130, 83, 99])
SNAME = b"boot.example.org".ljust(64, b"\0")
FILE = b"undionly.kpxe".ljust(128, b"\0")
PACKET = HEADER + SNAME + FILE + COOKIE + b"\x35\x01\x01\xff"

MESSAGE = Message(
    op=dhcp.BOOTREQUEST,
    htype=1,
    hops=3,
    xid=0xDEADBEEF,
    secs=4,
    flags=dhcp.BROADCAST,
    ciaddr=IPv4Address("192.0.2.1"),
    yiaddr=IPv4Address("192.0.2.2"),
    siaddr=IPv4Address("192.0.2.3"),
    giaddr=IPv4Address("192.0.2.4"),
    chaddr=bytes.fromhex("525400770001"),
    sname=b"boot.example.org",
    file=b"undionly.kpxe",
    options={53: b"\x01"},
)

PLAIN = Message(op=dhcp.BOOTREPLY, xid=1, chaddr=bytes(6))


def _with(values: dict[int, bytes], *, sname: bytes = b"", file: bytes = b"") -> Message:
    return Message(
        op=dhcp.BOOTREPLY, xid=1, chaddr=bytes(6), sname=sname, file=file, options=values
    )


def _packet(area: bytes, *, sname: bytes = b"", file: bytes = b"") -> bytes:
    return HEADER + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + COOKIE + area


def _fields(packet: bytes) -> tuple[bytes, bytes, bytes]:
    """The options field, file and sname."""
    return packet[240:], packet[108:236], packet[44:108]


def _codes(area: bytes) -> Iterator[int]:
    at = 0
    while area[at] != 255:
        yield area[at]
        at += 2 + area[at + 1]


# --- the fields


def test_a_message_has_the_fields_of_figure_1() -> None:
    """RFC 2131 §2."""
    assert MESSAGE == dhcp.decode(PACKET)


def test_a_message_is_written_as_figure_1_has_it() -> None:
    assert PACKET.ljust(300, b"\0") == dhcp.encode(MESSAGE)


def test_a_message_has_at_least_300_bytes() -> None:
    """RFC 1542 §2.1."""
    assert len(dhcp.encode(PLAIN)) == 300


def test_a_message_without_a_type_is_bootp() -> None:
    assert dhcp.decode(_packet(b"\xff")).kind is None


def test_a_message_has_a_kind() -> None:
    assert MessageType.DISCOVER is MESSAGE.kind


def test_a_hardware_address_has_the_length_that_hlen_says() -> None:
    """RFC 4390 §2.1: over InfiniBand it is 0."""
    packet = bytearray(PACKET)
    packet[2] = 0
    assert dhcp.decode(bytes(packet)).chaddr == b""


def test_sname_and_file_may_fill_their_fields() -> None:
    message = _with({}, sname=b"s" * 64, file=b"f" * 128)
    assert message == dhcp.decode(dhcp.encode(message))


def test_sname_and_file_end_at_their_first_nul() -> None:
    message = dhcp.decode(_packet(b"\xff", sname=b"a\0junk", file=b"b\0junk"))
    assert (b"a", b"b") == (message.sname, message.file)


@pytest.mark.parametrize(
    ("at", "byte"), [(0, 0), (0, 3), (2, 17), (236, 0)], ids=["op 0", "op 3", "hlen 17", "cookie"]
)
def test_a_bad_header_is_malformed(at: int, byte: int) -> None:
    packet = bytearray(PACKET)
    packet[at] = byte
    with pytest.raises(Malformed):
        dhcp.decode(bytes(packet))


def test_a_message_ends_where_its_last_option_does() -> None:
    assert MESSAGE == dhcp.decode(PACKET[:-1])
    for size in (*range(240), 241, 242):
        with pytest.raises(Malformed):
            dhcp.decode(PACKET[:size])


@pytest.mark.parametrize(
    "too_long", [{"chaddr": b"x" * 17}, {"sname": b"x" * 65}, {"file": b"x" * 129}], ids=str
)
def test_what_does_not_fit_its_field_is_not_written(too_long: dict[str, bytes]) -> None:
    fields = {"chaddr": bytes(6)} | too_long
    with pytest.raises(ValueError, match="fit"):
        dhcp.encode(Message(op=1, xid=1, **fields))


@pytest.mark.parametrize("code", [0, 52, 255])
def test_what_packs_a_message_is_no_option_of_it(code: int) -> None:
    with pytest.raises(ValueError, match="option"):
        dhcp.encode(_with({code: b"\x03"}))


def test_an_option_that_cannot_be_read_is_as_good_as_none() -> None:
    message = _with({54: b"\x7f", 97: bytes(3)})
    assert (None, None) == (message.get(options.SERVER_ID), message.get(pxe.UUID))
    assert message.get(options.ROUTER) is None


# --- overload, reading (RFC 2132 §9.3)


@pytest.mark.parametrize(
    ("overload", "expected"),
    [
        (0, {53: b"\x01"}),
        (1, {53: b"\x01", 67: b"f"}),
        (2, {53: b"\x01", 66: b"s"}),
        (3, {53: b"\x01", 67: b"f", 66: b"s"}),
    ],
)
def test_option_52_says_which_fields_hold_options(
    overload: int, expected: dict[int, bytes]
) -> None:
    area = bytes([53, 1, 1, 52, 1, overload, 255])
    message = dhcp.decode(_packet(area, sname=b"\x42\x01s\xff", file=b"\x43\x01f\xff"))
    assert expected == message.options


def test_parts_are_joined_in_the_order_options_file_sname() -> None:
    """RFC 3396 §5, RFC 2131 §4.1."""
    area = bytes([52, 1, 3, 43, 1]) + b"a\xff"
    message = dhcp.decode(_packet(area, sname=b"\x2b\x01c\xff", file=b"\x2b\x01b\xff"))
    assert {43: b"abc"} == message.options


def test_an_overloaded_field_is_not_a_name_too() -> None:
    area = bytes([52, 1, 3, 255])
    message = dhcp.decode(_packet(area, sname=b"\x42\x01s\xff", file=b"\x43\x01f\xff"))
    assert (b"", b"") == (message.sname, message.file)


def test_option_52_within_an_overloaded_field_says_nothing() -> None:
    message = dhcp.decode(_packet(bytes([52, 1, 1, 255]), sname=b"s", file=b"\x34\x01\x03\xff"))
    assert (b"s", {}) == (message.sname, message.options)


@pytest.mark.parametrize("area", ["34 00 ff", "34 02 0101 ff", "34 01 01 34 01 01 ff"])
def test_option_52_of_another_size_is_malformed(area: str) -> None:
    with pytest.raises(Malformed, match="option 52"):
        dhcp.decode(_packet(bytes.fromhex(area)))


def test_an_option_past_the_end_of_an_overloaded_field_is_malformed() -> None:
    with pytest.raises(Malformed, match="runs past"):
        dhcp.decode(_packet(bytes([52, 1, 1, 255]), file=b"f" * 128))


# --- overload, writing


def _sizes(count: int, size: int) -> dict[int, bytes]:
    return {53: b"\x02", **dict.fromkeys(range(100, 100 + count), b"x" * size)}


def test_without_a_limit_nothing_is_overloaded() -> None:
    packet = dhcp.encode(_with(_sizes(20, 60)))
    assert 52 not in _codes(_fields(packet)[0])


def test_within_the_limit_nothing_is_overloaded() -> None:
    message = _with(_sizes(5, 60))
    size = len(dhcp.encode(message))
    assert dhcp.encode(message) == dhcp.encode(message, limit=size)
    assert 52 in _codes(_fields(dhcp.encode(message, limit=size - 1))[0])


def test_past_the_limit_options_move_into_file_and_sname() -> None:
    area, file, sname = _fields(dhcp.encode(_with(_sizes(5, 58)), limit=420))
    assert [53, 52, 100, 101] == list(_codes(area))
    assert [102, 103] == list(_codes(file))
    assert [104] == list(_codes(sname))


def test_a_field_in_use_takes_no_options() -> None:
    message = _with(_sizes(6, 58), file=b"undionly.kpxe")
    packet = dhcp.encode(message, limit=420)
    assert packet[108:].startswith(b"undionly.kpxe\0")
    assert message == dhcp.decode(packet)


def test_with_both_fields_in_use_the_message_outgrows_the_limit() -> None:
    message = _with(_sizes(6, 58), file=b"f", sname=b"s")
    packet = dhcp.encode(message, limit=420)
    assert dhcp.encode(message) == packet
    assert len(packet) > 420


def test_a_long_value_stays_whole_in_the_options_field() -> None:
    message = _with({53: b"\x02", 43: b"v" * 300, 67: b"f" * 20})
    area, file, _ = _fields(dhcp.encode(message, limit=300))
    assert [53, 52, 43, 43] == list(_codes(area))
    assert [67] == list(_codes(file))
    assert message == dhcp.decode(dhcp.encode(message, limit=300))


def test_an_empty_value_is_overloaded_like_any_other() -> None:
    message = _with({53: b"\x02", 100: b"x" * 50, 80: b"", 101: b"x" * 50, 116: b""})
    packet = dhcp.encode(message, limit=300)
    assert message == dhcp.decode(packet)
    assert len(packet) == 300


@pytest.mark.parametrize("limit", [None, 576, 300, 0])
def test_option_82_is_last(limit: int | None) -> None:
    """RFC 3046 §2.1."""
    message = _with({82: b"\x01\x04port", **_sizes(6, 58)})
    area = _fields(dhcp.encode(message, limit))[0]
    assert list(_codes(area))[-1] == 82
    assert message == dhcp.decode(dhcp.encode(message, limit))


@pytest.mark.parametrize("limit", [576, 300, 240, 0, -1])
def test_the_message_type_stays_first_in_the_options_field(limit: int) -> None:
    message = _with({100: b"x" * 250, 101: b"y" * 120, 53: b"\x02", 102: b"z" * 60})
    area = _fields(dhcp.encode(message, limit))[0]
    codes = list(_codes(area))
    assert 53 in codes
    assert 52 not in codes or codes[:2] == [53, 52]


def test_a_limit_below_the_smallest_message_is_no_reason_to_overload() -> None:
    assert dhcp.encode(MESSAGE) == dhcp.encode(MESSAGE, limit=0)


def test_the_order_of_options_is_kept() -> None:
    codes = [53, 54, 51, 67, 1, 3, 43, 60]
    packet = dhcp.encode(_with(dict.fromkeys(codes, b"x")))
    assert codes == list(_codes(_fields(packet)[0]))
    assert codes == list(dhcp.decode(packet).options)


# --- laws 5 and 6


@quick
@given(strategies.messages, st.none() | st.integers(0, 1500))
def test_a_message_survives(message: Message, limit: int | None) -> None:
    assert message == dhcp.decode(dhcp.encode(message, limit))


@quick
@given(strategies.client_requests())
def test_a_client_request_survives_and_can_be_read(message: Message) -> None:
    found = dhcp.decode(dhcp.encode(message))
    assert message == found
    for option in (options.VENDOR_CLASS, pxe.ARCHITECTURES, pxe.UUID, pxe.USER_CLASS, pxe.IPXE):
        assert (option.code in message.options) == (found.get(option) is not None)


@quick
@given(strategies.messages, st.integers(0, 1500))
def test_overload_never_adds_more_than_itself(message: Message, limit: int) -> None:
    plain, packed = dhcp.encode(message), dhcp.encode(message, limit)
    assert len(packed) <= max(len(plain) + 3, 300)
    if len(plain) <= limit:
        assert plain == packed


@quick
@given(
    st.dictionaries(strategies.option_codes, st.binary(max_size=40), max_size=30),
    st.integers(340, 1500),
)
def test_small_options_fit_the_limit_where_the_fields_have_room(
    values: dict[int, bytes], limit: int
) -> None:
    header, packing, largest = 240, 4, 42
    room = limit - header - packing + 127 + 63
    if len(options.join(values)) <= room - 3 * largest:
        assert len(dhcp.encode(_with(values), limit)) <= limit


@quick
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    try:
        dhcp.decode(data)
    except Malformed:
        return


@quick
@given(st.binary(max_size=300), st.binary(max_size=64), st.binary(max_size=128))
def test_any_option_areas_are_read_or_malformed(area: bytes, sname: bytes, file: bytes) -> None:
    try:
        message = dhcp.decode(_packet(b"\x34\x01\x03" + area, sname=sname, file=file))
    except Malformed:
        return
    assert 52 not in message.options
