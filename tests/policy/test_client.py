"""Who is asking, as far as a message says so."""

from uuid import UUID

import pytest
from tests.policy.made import MAC, client_of, http_firmware, ipxe, listed, request, rom, system

from boots.model.machine import Architecture
from boots.policy import client as clients
from boots.policy.client import Program
from boots.wire import dhcp, pxe
from boots.wire.dhcp import Message

PROGRAMS = {
    "a PXE ROM says PXEClient": (rom(), Program.PXE_ROM),
    "whatever follows": (request(vendor_class="PXEClient:lab"), Program.PXE_ROM),
    "also what is no text": (request(more={60: b"PXEClient\xff\xfe"}), Program.PXE_ROM),
    "and so does HTTP": (request(more={60: b"HTTPClient:\x80"}), Program.UEFI_HTTP),
    "UEFI HTTP says HTTPClient": (http_firmware(), Program.UEFI_HTTP),
    "iPXE says so, though it says PXEClient too": (ipxe(features=""), Program.IPXE),
    "iPXE in the list of RFC 3004": (rom(user_class=listed(b"iPXE")), Program.IPXE),
    "Tinkerbell's iPXE": (rom(user_class=b"Tinkerbell"), Program.IPXE),
    "Boots' own iPXE": (rom(user_class=b"Boots"), Program.IPXE),
    "option 175 alone": (rom(more={pxe.IPXE.code: b""}), Program.IPXE),
    "a class that only begins so": (rom(user_class=b"iPXE2"), Program.PXE_ROM),
    "anybody else is an operating system": (system(vendor_class="dhcpcd"), Program.OS),
    "also with an unknown class": (request(vendor_class="BadClient"), Program.OS),
    "also without any": (system(), Program.OS),
}


@pytest.mark.parametrize(("message", "program"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_message_tells_which_program_asks(message: Message, program: Program) -> None:
    assert program is client_of(message).program


ARCHITECTURES = {
    0: Architecture.BIOS,
    6: Architecture.IA32_UEFI,
    7: Architecture.X64_UEFI,
    8: Architecture.X64_UEFI,
    9: Architecture.X64_UEFI,
    10: Architecture.ARM32_UEFI,
    11: Architecture.ARM64_UEFI,
    15: Architecture.IA32_UEFI,
    16: Architecture.X64_UEFI,
    18: Architecture.ARM32_UEFI,
    19: Architecture.ARM64_UEFI,
    20: Architecture.BIOS,
    27: Architecture.RISCV64_UEFI,
    39: Architecture.LOONG64_UEFI,
    41: Architecture.UNKNOWN,  # a Raspberry Pi's ROM cannot run any of our boot files
    255: Architecture.UNKNOWN,
    65_535: Architecture.UNKNOWN,
}


@pytest.mark.parametrize(("code", "architecture"), ARCHITECTURES.items())
def test_option_93_tells_the_architecture(code: int, architecture: Architecture) -> None:
    client = client_of(rom(architecture=code))
    assert (architecture, code) == (client.architecture, client.code)


def test_of_several_architectures_the_first_that_we_know_counts() -> None:
    message = rom(more={pxe.ARCHITECTURES.code: bytes((0, 200, 0, 7, 0, 0))})
    assert 7 == client_of(message).code


@pytest.mark.parametrize("value", [b"", b"\0", b"\0\7\0"])
def test_an_unreadable_architecture_is_none(value: bytes) -> None:
    client = client_of(rom(more={pxe.ARCHITECTURES.code: value}))
    assert (Architecture.UNKNOWN, None) == (client.architecture, client.code)


def test_the_uuid_is_read_in_smbios_order() -> None:
    raw = b"\0" + bytes.fromhex("444c454c7700 0040 8000000000000000")
    message = rom(more={pxe.UUID.code: raw})
    assert UUID("4c454c44-0077-4000-8000-000000000000") == client_of(message).uuid


@pytest.mark.parametrize("value", [b"", b"\0", b"\1" + bytes(16), bytes(33)])
def test_a_broken_uuid_is_as_good_as_none(value: bytes) -> None:
    # Upstream gives such ROMs no boot file; they boot here.
    client = client_of(rom(more={pxe.UUID.code: value}))
    assert (None, Program.PXE_ROM) == (client.uuid, client.program)


def test_ipxe_says_what_it_can_do() -> None:
    client = client_of(ipxe(features="http tftp menu"))
    assert frozenset({"http", "tftp", "menu"}) == client.features


def test_the_mac_is_the_hardware_address() -> None:
    assert MAC == client_of(rom()).mac


@pytest.mark.parametrize(
    "message",
    [request(op=dhcp.BOOTREPLY), request(chaddr=b""), request(chaddr=bytes(8))],
    ids=["a reply", "no hardware address", "InfiniBand"],
)
def test_no_client_of_ours(message: Message) -> None:
    assert clients.from_dhcp(message) is None
