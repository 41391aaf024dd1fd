"""Firmware's corner of DHCP: PXE 2.1, RFC 4578, 3004, 3046, and iPXE's option 175."""

import copy
import pickle
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import strategies

from boots.wire import pxe
from boots.wire.malformed import Malformed
from boots.wire.pxe import ArchitectureCode, Interface, UserClass

quick = settings(database=None, max_examples=100)

# --- option 93, 94, 97 (RFC 4578)


def test_an_architecture_is_a_number_of_two_bytes() -> None:
    """RFC 4578 §2.1, with the numbers of IANA."""
    assert (ArchitectureCode.EFI_X64,) == pxe.ARCHITECTURES.read(b"\0\7")
    assert pxe.ARCHITECTURES.write((ArchitectureCode.EFI_EBC,)) == b"\0\x09"


def test_a_client_may_name_several_architectures() -> None:
    """RFC 4578 §2.1."""
    found = pxe.ARCHITECTURES.read(bytes.fromhex("0007 0009 0010"))
    assert (
        ArchitectureCode.EFI_X64,
        ArchitectureCode.EFI_EBC,
        ArchitectureCode.EFI_X64_HTTP,
    ) == found


@pytest.mark.parametrize("code", [42, 255, 0xFFFF])
def test_an_architecture_not_yet_assigned_is_kept(code: int) -> None:
    (found,) = pxe.ARCHITECTURES.read(code.to_bytes(2))
    assert (code, f"UNKNOWN_{code}") == (found, found.name)
    assert {found: 1} == {ArchitectureCode(code): 1}
    assert [found, found] == [copy.copy(found), pickle.loads(pickle.dumps(found))]


@pytest.mark.parametrize("value", [b"", b"\0", b"\0\7\0"])
def test_architectures_come_in_twos(value: bytes) -> None:
    with pytest.raises(Malformed):
        pxe.ARCHITECTURES.read(value)


def test_architectures_are_no_more_than_one_option_holds() -> None:
    """Each that IANA does not know costs 3 us, and a packet has room for 1,900."""
    assert 127 == len(pxe.ARCHITECTURES.read(bytes(254)))
    with pytest.raises(Malformed):
        pxe.ARCHITECTURES.read(bytes(256))


@pytest.mark.parametrize("number", [-1, 0x10000])
def test_an_architecture_has_two_bytes(number: int) -> None:
    with pytest.raises(ValueError, match="not a valid"):
        ArchitectureCode(number)


def test_an_interface_is_a_type_and_a_version() -> None:
    """RFC 4578 §2.2."""
    assert Interface(type=1, major=2, minor=1) == pxe.INTERFACE.read(b"\1\2\1")
    assert pxe.INTERFACE.write(Interface(1, 3, 16)) == b"\1\3\x10"


@pytest.mark.parametrize("value", [b"", b"\1\2", b"\1\2\3\4", bytes.fromhex("010203040506")])
def test_an_interface_has_three_bytes(value: bytes) -> None:
    with pytest.raises(Malformed):
        pxe.INTERFACE.read(value)


def test_a_uuid_is_in_smbios_order() -> None:
    """RFC 4578 §2.3 does not say so; the firmware does."""
    value = bytes.fromhex("00 44454c4c 7700 0040 8000 000000000000")
    assert uuid.UUID("4c4c4544-0077-4000-8000-000000000000") == pxe.UUID.read(value)


@pytest.mark.parametrize("value", [b"", bytes(2), bytes(16), b"\1" + bytes(16), bytes(18)])
def test_a_uuid_is_type_0_and_16_bytes(value: bytes) -> None:
    with pytest.raises(Malformed):
        pxe.UUID.read(value)


# --- option 77 (RFC 3004)


def test_user_classes_are_led_by_their_lengths() -> None:
    """RFC 3004 §4."""
    value = b"\x04iPXE\x0aTinkerbell"
    classes = UserClass((b"iPXE", b"Tinkerbell"), bare=False)
    assert classes == pxe.USER_CLASS.read(value)
    assert value == pxe.USER_CLASS.write(classes)


@pytest.mark.parametrize("name", [b"iPXE", b"Tinkerbell", b"PXE-BIOS"])
def test_a_bare_name_is_one_user_class(name: bytes) -> None:
    assert UserClass((name,), bare=True) == pxe.USER_CLASS.read(name)
    assert name == pxe.USER_CLASS.write(UserClass((name,), bare=True))


@pytest.mark.parametrize("value", [b"\0", b"\x04iPXE\0", b"\x05iPXE", b"\x04iPXE\x01"])
def test_what_is_no_list_is_a_bare_name(value: bytes) -> None:
    assert UserClass((value,), bare=True) == pxe.USER_CLASS.read(value)


def test_a_bare_name_that_looks_like_a_list_is_read_as_one() -> None:
    bare = UserClass((b"\x01a",), bare=True)
    assert UserClass((b"a",), bare=False) == pxe.USER_CLASS.read(pxe.USER_CLASS.write(bare))


def test_an_empty_user_class_is_malformed() -> None:
    """RFC 3004 §4: the minimum length is one more than the length byte."""
    with pytest.raises(Malformed):
        pxe.USER_CLASS.read(b"")


# --- option 43 (RFC 2132 §8.4, PXE 2.1)

RASPBERRY_PI = bytes.fromhex("060108 0914 000011 5261737062657272792050692042 6f6f74 0a04 00505845")
RASPBERRY_PI_OPTIONS = {
    pxe.DISCOVERY_CONTROL: bytes([pxe.SKIP_DISCOVERY]),
    pxe.BOOT_MENU: b"\0\0\x11Raspberry Pi Boot",
    pxe.MENU_PROMPT: b"\0PXE",
}
TRACEPARENT = 69


@pytest.mark.parametrize(
    ("value", "suboptions"),
    [
        (bytes.fromhex("060108"), {6: b"\x08"}),
        (RASPBERRY_PI, RASPBERRY_PI_OPTIONS),
        (bytes.fromhex("060108451a") + bytes(26), {6: b"\x08", TRACEPARENT: bytes(26)}),
        (
            RASPBERRY_PI + bytes.fromhex("451a") + bytes(26),
            {**RASPBERRY_PI_OPTIONS, TRACEPARENT: bytes(26)},
        ),
        (
            bytes.fromhex("451a 0023b1e307bb35484f535a1f772c06910ed887dc391224043401"),
            {TRACEPARENT: bytes.fromhex("0023b1e307bb35484f535a1f772c06910ed887dc391224043401")},
        ),
    ],
    ids=["proxy", "proxy, Raspberry Pi", "reservation", "reservation, Raspberry Pi", "traceparent"],
)
def test_option_43_is_written_and_read_as_smee_has_it(
    value: bytes, suboptions: dict[int, bytes]
) -> None:
    assert suboptions == pxe.VENDOR.read(value)
    assert value == pxe.VENDOR.write(suboptions)


def test_an_encapsulated_area_may_end_with_end() -> None:
    """RFC 2132 §8.4; iPXE sends it so to a boot server."""
    assert {71: bytes.fromhex("80000000")} == pxe.VENDOR.read(bytes.fromhex("4704 80000000 ff"))


def test_a_boot_menu_of_several_parts_is_one() -> None:
    """RFC 3396 §5 within option 43."""
    assert {9: b"ab"} == pxe.VENDOR.read(b"\x09\x01a\x09\x01b")


@pytest.mark.parametrize("option", [pxe.VENDOR, pxe.IPXE, pxe.RELAY], ids=lambda each: each.name)
@pytest.mark.parametrize("value", [b"\x06", b"\x06\x02\x08", b"\x06\x01\x08\x09"])
def test_a_suboption_past_the_end_is_malformed(option: pxe.options.Option, value: bytes) -> None:
    with pytest.raises(Malformed):
        option.read(value)


# --- option 82 (RFC 3046)


def test_a_relay_says_circuit_and_remote() -> None:
    """RFC 3046 §2.0, §3.1, §3.2; RFC 3527 for the third."""
    value = bytes.fromhex("01 04 65746830 02 06 525400770001 05 04 c0000200")
    suboptions = {
        pxe.CIRCUIT_ID: b"eth0",
        pxe.REMOTE_ID: bytes.fromhex("525400770001"),
        pxe.LINK_SELECTION: bytes.fromhex("c0000200"),
    }
    assert suboptions == pxe.RELAY.read(value)
    assert value == pxe.RELAY.write(suboptions)


def test_option_82_has_neither_pad_nor_end() -> None:
    """RFC 3046 §2.0."""
    assert {0: b"a", 255: b"b"} == pxe.RELAY.read(b"\x00\x01a\xff\x01b")


def test_a_relay_suboption_over_255_bytes_is_not_written() -> None:
    with pytest.raises(ValueError, match="range"):
        pxe.RELAY.write({1: b"x" * 256})


# --- option 175 (iPXE)


def test_a_feature_counts_when_its_value_is_not_zero() -> None:
    found = pxe.features({19: b"\x01", 20: b"\0", 21: b"", 16: b"\x02", 254: b"\x01"})
    assert {"http", "pxe-ext"} == found


def test_no_pxedhcp_is_one_suboption() -> None:
    assert bytes.fromhex("b00101") == pxe.IPXE.write({pxe.NO_PXEDHCP: b"\x01"})


# --- law 5


@quick
@given(strategies.listed_user_classes)
def test_a_list_of_user_classes_survives(classes: UserClass) -> None:
    assert classes == pxe.USER_CLASS.read(pxe.USER_CLASS.write(classes))


@quick
@given(st.binary(min_size=1, max_size=60))
def test_any_user_class_is_written_as_it_was_read(value: bytes) -> None:
    assert value == pxe.USER_CLASS.write(pxe.USER_CLASS.read(value))


@quick
@given(strategies.suboptions)
def test_suboptions_survive(values: dict[int, bytes]) -> None:
    assert values == pxe.VENDOR.read(pxe.VENDOR.write(values))
