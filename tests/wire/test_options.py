"""Option areas and values: the bytes of the RFCs, and what any bytes do."""

import time
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import strategies

from boots.wire import names, options
from boots.wire.malformed import Malformed
from boots.wire.options import ClientFqdn, MessageType, Route

quick = settings(database=None, max_examples=100)


# --- the area


def test_an_area_is_code_length_value_up_to_end() -> None:
    """RFC 2132 §2, §3.3, §3.5, §3.2, with PAD (§3.1) between."""
    area = bytes.fromhex("01 04 ffffff00 00 00 03 08 c0000201 c0000202 ff 06 04 00000000")
    assert {1: b"\xff\xff\xff\0", 3: bytes.fromhex("c0000201c0000202")} == options.split(area)


def test_a_missing_end_is_forgiven() -> None:
    assert {53: b"\x01"} == options.split(b"\x35\x01\x01")


def test_an_empty_area_has_no_options() -> None:
    assert {} == options.split(b"")


def test_a_split_option_is_one_again() -> None:
    """RFC 3396, its example: a boot file name in two parts."""
    area = bytes([67, 7]) + b"/diskle" + bytes([67, 6]) + b"ss/foo" + b"\xff"
    assert {67: b"/diskless/foo"} == options.split(area)


def test_parts_need_not_be_neighbours_nor_in_one_area() -> None:
    """RFC 3396 §5."""
    found = options.split(b"\x43\x02ab\x35\x01\x01\x43\x01c\xff")
    options.split(b"\x43\x01d\xff", found)
    assert {67: b"abcd", 53: b"\x01"} == found


def test_a_value_over_255_bytes_is_written_in_parts() -> None:
    value = bytes(range(256)) * 2
    parts = b"\x2b\xff" + value[:255] + b"\x2b\xff" + value[255:510] + b"\x2b\x02" + value[510:]
    assert parts == options.join({43: value})


@pytest.mark.parametrize("size", [254, 255, 256, 509, 510, 511])
def test_a_value_near_the_limit_of_a_part_survives(size: int) -> None:
    assert {43: b"x" * size} == options.split(options.join({43: b"x" * size}))


def test_an_empty_value_is_written_and_read() -> None:
    assert b"\x50\x00" == options.join({80: b""})
    assert {80: b""} == options.split(b"\x50\x00\xff")


@pytest.mark.parametrize("area", ["35", "35 02 01", "01 04 ffffff00 0c", "0c ff 61"])
def test_an_option_past_the_end_is_malformed(area: str) -> None:
    with pytest.raises(Malformed, match="runs past the end"):
        options.split(bytes.fromhex(area))


@pytest.mark.parametrize("code", [options.PAD, options.END])
def test_pad_and_end_are_no_options_to_write(code: int) -> None:
    with pytest.raises(ValueError, match="no option"):
        options.join({code: b"x"})


@quick
@given(strategies.option_maps)
def test_an_area_survives(values: dict[int, bytes]) -> None:
    found = options.split(options.join(values) + b"\xff" + b"rest")
    assert values == found
    assert list(values) == list(found)


@quick
@given(st.binary(max_size=600))
def test_any_area_is_read_or_malformed(area: bytes) -> None:
    try:
        options.split(area)
    except Malformed:
        return


# --- numbers, addresses, text


def test_a_lease_time_is_seconds() -> None:
    """RFC 2132 §9.2."""
    assert options.LEASE_TIME.read(bytes.fromhex("00015180")) == 86400
    assert bytes.fromhex("ffffffff") == options.LEASE_TIME.write(0xFFFF_FFFF)


@pytest.mark.parametrize("kind", MessageType)
def test_a_message_type_is_one_byte(kind: MessageType) -> None:
    """RFC 2132 §9.6."""
    assert kind == options.MESSAGE_TYPE.read(bytes([kind]))


@pytest.mark.parametrize("value", [b"", b"\0", b"\x09", b"\x01\x01"])
def test_other_message_types_are_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        options.MESSAGE_TYPE.read(value)


@pytest.mark.parametrize("value", [b"", b"\xc0\0\2", b"\xc0\0\2\1\xc0"])
def test_addresses_come_in_fours(value: bytes) -> None:
    with pytest.raises(Malformed):
        options.SUBNET_MASK.read(value)
    with pytest.raises(Malformed):
        options.ROUTER.read(value)


def test_a_text_may_end_with_nuls() -> None:
    """RFC 2132 §2: the trailing NUL is to be trimmed."""
    assert options.HOST_NAME.read(b"node\0\0") == "node"


def test_a_text_that_is_not_utf8_is_malformed() -> None:
    with pytest.raises(Malformed):
        options.HOST_NAME.read(b"n\xf6de")


def test_a_parameter_list_keeps_what_is_no_option() -> None:
    asked = bytes([60, 0, 235, 67, 97])
    assert asked == options.PARAMETER_LIST.read(asked)


def test_a_client_identifier_is_bytes() -> None:
    """RFC 2132 §9.14: a type and an address, to be compared only."""
    value = bytes.fromhex("01 525400770001")
    assert value == options.CLIENT_ID.read(value)


# --- domain search (RFC 3397)

SEARCH_LIST = bytes.fromhex("03656e67 056170706c65 03636f6d 00 096d61726b6574696e67 c004")


def test_a_compressed_search_list_in_three_parts_is_read() -> None:
    """RFC 3397 §3, the example."""
    area = b"".join(b"\x77\x09" + SEARCH_LIST[at : at + 9] for at in (0, 9, 18))
    value = options.split(area)[119]
    assert ("eng.apple.com", "marketing.apple.com") == options.DOMAIN_SEARCH.read(value)


def test_a_search_list_is_written_without_compression() -> None:
    assert bytes.fromhex("08 6d79646f6d61696e 03 636f6d 00") == options.DOMAIN_SEARCH.write(
        ("mydomain.com",)
    )


@pytest.mark.parametrize(
    "value",
    [
        "c000",
        "0161 c002",
        "0161 c000",
        "c0",
        "0161",
        "05 616263",
        "40 61 00",
        "80 00",
        "03 612e62 00",
        "01 ff 00",
        "c004 0161 00 c000",
    ],
    ids=[
        "a pointer to itself",
        "a pointer to itself behind a label",
        "a loop",
        "half a pointer",
        "no root",
        "a label past the end",
        "a label of 64 bytes",
        "an unassigned label type",
        "a label that holds a dot",
        "a label that is not UTF-8",
        "a pointer forward",
    ],
)
def test_a_bad_name_is_malformed(value: str) -> None:
    with pytest.raises(Malformed):
        options.DOMAIN_SEARCH.read(bytes.fromhex(value))


LONGEST = ".".join(["a" * 63] * 3 + ["b" * 61])


def test_a_name_has_at_most_255_bytes_with_its_root() -> None:
    """RFC 1035 §2.3.4."""
    assert len(names.write(LONGEST)) == 255
    assert (LONGEST,) == options.DOMAIN_SEARCH.read(names.write(LONGEST))
    with pytest.raises(ValueError, match="longer"):
        names.write(LONGEST + "b")
    with pytest.raises(Malformed, match="longer"):
        options.DOMAIN_SEARCH.read(b"\1c" + names.write(LONGEST))


@pytest.mark.parametrize("name", ["", ".", "a..b", ".a", "a" * 64])
def test_a_bad_label_is_not_written(name: str) -> None:
    with pytest.raises(ValueError, match="not a domain name"):
        names.write(name)


def test_the_dot_at_the_end_of_a_name_is_not_kept() -> None:
    assert ("example.org",) == options.DOMAIN_SEARCH.read(names.write("example.org."))


def test_a_root_alone_reads_as_an_empty_name() -> None:
    assert ("",) == options.DOMAIN_SEARCH.read(b"\0")


# --- classless routes (RFC 3442)

DESTINATIONS = {
    "0.0.0.0/0": "00",
    "10.0.0.0/8": "08 0a",
    "10.0.0.0/24": "18 0a0000",
    "10.17.0.0/16": "10 0a11",
    "10.27.129.0/24": "18 0a1b81",
    "10.229.0.128/25": "19 0ae50080",
    "10.198.122.47/32": "20 0ac67a2f",
}


@pytest.mark.parametrize(("network", "descriptor"), DESTINATIONS.items(), ids=str)
def test_a_destination_has_only_its_significant_octets(network: str, descriptor: str) -> None:
    """RFC 3442, the table of its "Classless Route Option Format"."""
    route = Route(IPv4Network(network), IPv4Address("192.0.2.1"))
    value = bytes.fromhex(descriptor + "c0000201")
    assert value == options.CLASSLESS_ROUTES.write((route,))
    assert (route,) == options.CLASSLESS_ROUTES.read(value)


def test_two_routes_follow_each_other() -> None:
    value = bytes.fromhex("080ac0a8020a0cac10c0a80214")
    routes = (
        Route(IPv4Network("10.0.0.0/8"), IPv4Address("192.168.2.10")),
        Route(IPv4Network("172.16.0.0/12"), IPv4Address("192.168.2.20")),
    )
    assert routes == options.CLASSLESS_ROUTES.read(value)
    assert value == options.CLASSLESS_ROUTES.write(routes)


def test_bits_behind_the_width_are_cleared() -> None:
    """RFC 3442: the client must do so."""
    routes = options.CLASSLESS_ROUTES.read(bytes.fromhex("19 818200ff c0000201"))
    assert IPv4Network("129.130.0.128/25") == routes[0].network


@pytest.mark.parametrize(
    "value", ["08 0a c0000201 08", "21 0a000000 00 c0000201", "18 0a00 c0000201"]
)
def test_a_bad_route_is_malformed(value: str) -> None:
    with pytest.raises(Malformed):
        options.CLASSLESS_ROUTES.read(bytes.fromhex(value))


# --- client FQDN (RFC 4702)


def test_a_name_in_dns_form() -> None:
    """RFC 4702 §2.3.1."""
    value = bytes.fromhex("05 00 00 06 6d79686f7374 07 6578616d706c65 03 636f6d 00")
    assert ClientFqdn(5, 0, 0, "myhost.example.com") == options.CLIENT_FQDN.read(value)
    assert value == options.CLIENT_FQDN.write(ClientFqdn(5, 0, 0, "myhost.example.com"))


def test_a_partial_name_has_no_root_at_its_end() -> None:
    """RFC 4702 §2.3.1."""
    partial = bytes.fromhex("05 00 00 06 6d79686f7374")
    assert ClientFqdn(5, 0, 0, "myhost") == options.CLIENT_FQDN.read(partial)


def test_a_partial_name_is_written_as_a_full_one() -> None:
    assert options.CLIENT_FQDN.write(ClientFqdn(4, 0, 0, "a")) == b"\4\0\0\1a\0"


def test_a_name_in_ascii() -> None:
    """RFC 4702 §2.3.1: deprecated, and still sent."""
    value = b"\x01\x00\x00client.example.org"
    assert ClientFqdn(1, 0, 0, "client.example.org") == options.CLIENT_FQDN.read(value)


@pytest.mark.parametrize(("flags", "value"), [(0, b""), (4, b""), (4, b"\0")])
def test_a_client_may_leave_its_name_to_the_server(flags: int, value: bytes) -> None:
    """RFC 4702 §3.1."""
    asked = ClientFqdn(flags, 0, 0, "")
    assert asked == options.CLIENT_FQDN.read(bytes([flags, 0, 0]) + value)
    assert asked == options.CLIENT_FQDN.read(options.CLIENT_FQDN.write(asked))


# --- bounded time


def _pointers_to_pointers() -> bytes:
    hops = b"".join((0xC000 | max(0, 2 * at - 2)).to_bytes(2) for at in range(1, 8000))
    return b"\0\0" + hops + b"\xff\xfe" * 24_000


AREAS = {
    "one code 20,000 times": b"\x07\x01x" * 20_000,
    "one code with long values": (b"\x07\xff" + b"x" * 255) * 250,
    "an empty option 32,000 times": b"\x07\x00" * 32_000,
    "PAD only": b"\0" * 65_000,
}
NAMES = {
    "pointers to pointers": _pointers_to_pointers(),
    "pointers to the longest name": b"\1a" * 127 + b"\0" + b"\xc0\x00" * 32_000,
    "roots": b"\0" * 65_000,
    "labels": b"\1a" * 32_000,
}


@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
def test_an_area_of_64_kilobytes_is_read_at_once(area: bytes) -> None:
    began = time.process_time()
    options.split(area)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("value", NAMES.values(), ids=NAMES)
def test_64_kilobytes_of_names_are_refused_at_once(value: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Malformed):
        options.DOMAIN_SEARCH.read(value)
    assert time.process_time() - began < 0.5


def test_a_chain_of_pointers_as_long_as_a_name_is_followed() -> None:
    names = options.DOMAIN_SEARCH.read(b"\1a\0" + b"\xc0\x00\xc0\x03\xc0\x05")
    assert ("a", "a", "a", "a") == names
