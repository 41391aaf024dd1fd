"""Real clients and servers, captured: what they sent, and what becomes of it when bytes break."""

import dataclasses
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.wire import golden

from boots.wire import dhcp, options, pxe, syslog, tftp
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType
from boots.wire.pxe import ArchitectureCode, Interface, UserClass
from boots.wire.table import TABLE

each_capture = pytest.mark.parametrize("capture", golden.CAPTURES, ids=lambda path: path.stem)


@each_capture
def test_a_capture_reads_as_its_golden_text(capture: Path) -> None:
    text = capture.with_suffix(".txt")
    actual = golden.render(capture.read_bytes())
    if os.environ.get("UPDATE_VECTORS") == "1":
        text.write_text(actual, encoding="utf-8")
    assert text.read_text(encoding="utf-8") == actual


@each_capture
def test_a_capture_is_small(capture: Path) -> None:
    assert capture.stat().st_size < 20_000


@each_capture
def test_what_was_captured_survives_encoding(capture: Path) -> None:
    for datagram in golden.datagrams(f"{capture.parent.name}/{capture.stem}"):
        value = golden.decode(datagram)
        if isinstance(value, syslog.Line):
            continue  # written as RFC 5424 whatever it was
        again = dataclasses.replace(datagram, payload=golden.encode(value))
        assert value == golden.decode(again)


# --- who they are


def test_clients_say_their_architecture() -> None:
    said = {
        capture: golden.messages(f"dhcp/{capture}")[0].get(pxe.ARCHITECTURES)
        for capture in (
            "ipxe-bios",
            "edk2-x64-pxe-shim-grub",
            "edk2-x64-http",
            "edk2-arm64-pxe",
            "edk2-arm64-http",
            "dhclient",
        )
    }
    assert {
        "ipxe-bios": (ArchitectureCode.X86_BIOS,),
        "edk2-x64-pxe-shim-grub": (ArchitectureCode.EFI_X64,),
        "edk2-x64-http": (ArchitectureCode.EFI_X64_HTTP,),
        "edk2-arm64-pxe": (ArchitectureCode.EFI_ARM64,),
        "edk2-arm64-http": (ArchitectureCode.EFI_ARM64_HTTP,),
        "dhclient": None,
    } == said


@pytest.mark.parametrize(
    "capture", ["ipxe-bios", "edk2-x64-pxe-shim-grub", "edk2-x64-http", "edk2-arm64-http"]
)
def test_firmware_sends_the_uuid_in_smbios_order(capture: str) -> None:
    discover = golden.messages(f"dhcp/{capture}")[0]
    assert uuid.UUID("4c4c4544-0077-4000-8000-000000000000") == discover.get(pxe.UUID)


@pytest.mark.parametrize(
    ("capture", "vendor_class", "interface"),
    [
        ("ipxe-bios", "PXEClient:Arch:00000:UNDI:002001", Interface(1, 2, 1)),
        ("edk2-x64-pxe-shim-grub", "PXEClient:Arch:00007:UNDI:003000", Interface(1, 3, 0)),
        ("edk2-x64-http", "HTTPClient:Arch:00016:UNDI:003000", Interface(1, 3, 0)),
        ("edk2-arm64-http", "HTTPClient:Arch:00019:UNDI:003000", Interface(1, 3, 0)),
    ],
)
def test_the_vendor_class_repeats_architecture_and_interface(
    capture: str, vendor_class: str, interface: Interface
) -> None:
    discover = golden.messages(f"dhcp/{capture}")[0]
    assert vendor_class == discover.get(options.VENDOR_CLASS)
    assert interface == discover.get(pxe.INTERFACE)


def test_ipxe_sends_its_user_class_bare() -> None:
    discover = golden.messages("dhcp/ipxe-bios")[0]
    assert UserClass((b"iPXE",), bare=True) == discover.get(pxe.USER_CLASS)


def test_a_chained_ipxe_first_repeats_the_user_class_of_the_rom() -> None:
    classes = [
        message.get(pxe.USER_CLASS)
        for message in golden.messages("dhcp/ipxe-bios-chain")
        if message.kind is MessageType.DISCOVER
    ]
    rom, own = UserClass((b"PXE-BIOS",), bare=True), UserClass((b"iPXE",), bare=True)
    assert [rom, rom, own] == classes


def test_ipxe_lists_its_features() -> None:
    found = golden.messages("dhcp/ipxe-bios")[0].get(pxe.IPXE)
    assert found is not None
    assert (b"\x01\x00\x00", b"\x01\x1a\xf4\x10\x00") == (found[pxe.VERSION], found[pxe.BUS_ID])
    assert {
        "pxe-ext",
        "iscsi",
        "aoe",
        "http",
        "tftp",
        "dns",
        "bzimage",
        "multiboot",
        "pxe",
        "elf",
        "menu",
        "nfs",
    } == pxe.features(found)


@pytest.mark.parametrize(("capture", "junk"), [("edk2-x64-http", 235), ("edk2-arm64-http", 0)])
def test_edk2_asks_for_an_option_that_is_none(capture: str, junk: int) -> None:
    asked = golden.messages(f"dhcp/{capture}")[0].get(options.PARAMETER_LIST)
    assert asked is not None
    assert [60, junk, 67, 97] == list(asked[-4:])


def test_edk2_takes_larger_messages_in_its_request() -> None:
    sizes = [
        message.get(options.MAX_SIZE)
        for message in golden.messages("dhcp/edk2-x64-pxe-shim-grub")
        if message.op == dhcp.BOOTREQUEST
    ]
    assert [1472, 65280] == sizes


def test_edk2_asks_for_broadcast_and_ipxe_does_not() -> None:
    flags = [
        golden.messages(f"dhcp/{capture}")[0].flags for capture in ("edk2-x64-http", "ipxe-bios")
    ]
    assert [dhcp.BROADCAST, 0] == flags


def test_udhcpc_sends_an_ascii_name_and_dhclient_one_in_dns_form() -> None:
    names = [
        golden.messages(f"dhcp/{capture}")[0].get(options.CLIENT_FQDN)
        for capture in ("udhcpc", "dhclient")
    ]
    assert [
        options.ClientFqdn(1, 0, 0, "client.example.org"),
        options.ClientFqdn(4, 0, 0, "dhclient.example.org"),
    ] == names


def test_dnsmasq_compresses_the_search_list() -> None:
    offer = golden.messages("dhcp/udhcpc")[1]
    assert bytes.fromhex("07 6578616d706c65 03 6f7267 00 03 6c6162 c000") == offer.options[119]
    assert ("example.org", "lab.example.org") == offer.get(options.DOMAIN_SEARCH)


def test_a_relay_adds_its_address_a_hop_and_option_82() -> None:
    messages = golden.messages("dhcp/udhcpc-behind-relay")
    assert ["203.0.113.1"] * 4 == [str(message.giaddr) for message in messages]
    assert [1, 1, 1, 1] == [message.hops for message in messages]
    assert [{pxe.CIRCUIT_ID: b"down0"}] * 4 == [message.get(pxe.RELAY) for message in messages]


def test_a_boot_server_is_asked_on_its_own_port_with_option_43() -> None:
    question = golden.messages("dhcp/ipxe-bios-proxydhcp")[5]
    assert {71: bytes.fromhex("80000000")} == question.get(pxe.VENDOR)
    assert (0, "198.51.100.106") == (question.xid, str(question.ciaddr))


def test_edk2_asks_the_boot_server_from_port_4011() -> None:
    ports = [
        (datagram.source_port, datagram.destination_port)
        for datagram in golden.datagrams("dhcp/edk2-x64-proxydhcp")
    ]
    assert [(4011, 4011), (4011, 4011)] == [pair for pair in ports if pair[0] == 4011][:2]


# --- TFTP as firmware speaks it


def test_each_client_asks_tftp_in_its_own_way() -> None:
    def asked(capture: str, name: str) -> dict[str, str]:
        found = next(each for each in golden.tftp_requests(capture) if each.name == name)
        return dict(found.options)

    boot = "dhcp/edk2-x64-pxe-shim-grub"
    assert {"tsize": "0", "blksize": "1468", "windowsize": "4"} == asked(boot, "shimx64.efi")
    assert {"blksize": "512", "windowsize": "4"} == asked(boot, "grubx64.efi")
    assert {"blksize": "1024", "tsize": "0"} == asked(boot, "/grub/grub.cfg")
    assert {"blksize": "1432", "tsize": "0"} == asked("dhcp/ipxe-bios", "boot.ipxe")
    assert {"tsize": "0", "blksize": "512", "timeout": "6"} == asked("tftp/curl", "hello.txt")
    assert {} == asked("tftp/tftp-hpa", "hello.txt")


def test_edk2_asks_for_the_size_aborts_and_asks_again() -> None:
    shim = [
        request.options
        for request in golden.tftp_requests("dhcp/edk2-x64-pxe-shim-grub")
        if request.name == "shimx64.efi"
    ]
    assert [
        {"tsize": "0", "blksize": "1468", "windowsize": "4"},
        {"blksize": "1468", "windowsize": "4"},
    ] == shim
    sent = map(golden.decode, golden.datagrams("dhcp/edk2-x64-pxe-shim-grub"))
    assert tftp.Error(tftp.ErrorCode.OPTION_REFUSED, "User aborted the transfer") in sent


def test_shim_and_grub_ask_for_files_that_need_not_exist() -> None:
    names = [request.name for request in golden.tftp_requests("dhcp/edk2-x64-pxe-shim-grub")]
    assert [
        "revocations_sku.efi",
        "revocations_sbat.efi",
        "shim_certificate_0.efi",
        "grubx64.efi",
        "/grub/x86_64-efi/command.lst",
        "/grub/x86_64-efi/fs.lst",
        "/grub/x86_64-efi/crypto.lst",
        "/grub/x86_64-efi/terminal.lst",
        "/grub/grub.cfg",
    ] == names[2:]


# --- law 6


def _broken(payload: bytes) -> Iterator[bytes]:
    for size in range(len(payload)):
        yield payload[:size]
    for at in range(len(payload)):
        for byte in {0x00, 0xFF, payload[at] ^ 0x01} - {payload[at]}:
            yield payload[:at] + bytes([byte]) + payload[at + 1 :]


@each_capture
def test_a_cut_or_changed_packet_is_read_or_malformed_and_nothing_else(capture: Path) -> None:
    seen = set()
    for datagram in golden.datagrams(f"{capture.parent.name}/{capture.stem}"):
        ports = {datagram.source_port, datagram.destination_port}
        read = tftp.decode
        if ports & golden.DHCP_PORTS:
            read = dhcp.decode
        elif syslog.PORT in ports:
            read = syslog.decode
        if datagram.payload in seen:
            continue
        seen.add(datagram.payload)
        for payload in _broken(datagram.payload):
            try:
                read(payload)
            except Malformed:
                continue


@each_capture
def test_a_cut_or_changed_option_is_read_or_malformed_and_nothing_else(capture: Path) -> None:
    known = {
        (code, value)
        for message in golden.messages(f"{capture.parent.name}/{capture.stem}")
        for code, value in message.options.items()
        if code in TABLE
    }
    for code, value in known:
        for broken in _broken(value):
            try:
                TABLE[code].read(broken)
            except Malformed:
                continue
