"""ProxyDHCP: boot answers beside somebody else's DHCP server."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import strategies
from tests.policy.made import (
    ADDRESS,
    EVERYONE,
    MAC,
    NOWHERE,
    OTHER,
    SERVER,
    client_of,
    http_firmware,
    ipxe,
    known,
    request,
    reservation,
    rom,
    site,
    system,
)

from boots.model.machine import Architecture, Known, Netboot
from boots.model.quirk import Behaviour
from boots.model.site import Mode, Site
from boots.policy import proxy
from boots.policy.answer import Answer, answer
from boots.policy.asked import Asked
from boots.policy.boot import Load
from boots.policy.client import from_dhcp
from boots.policy.destination import Destination
from boots.policy.stranger import made_up
from boots.wire import dhcp, options, pxe
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

PROXY = site(mode=Mode.PROXY, network=IPv4Network("192.168.1.0/24"))
SCRIPT = f"http://192.168.1.1:8080/{MAC}/auto.ipxe"
UUID = bytes(range(17))
BIOS, X64 = 0, 7
OFF = Netboot(allowed=False)


def answered(message: Message, who: Known | None, port: int = 67, where: Any = PROXY) -> Answer:
    return answer(message, from_dhcp(message), who, where, proxy=port == 4011)


def replied(message: Message, who: Known | None = None, port: int = 67, where: Any = PROXY) -> Any:
    reply = answered(message, who or known(), port, where).reply
    assert reply is not None
    return reply


# --- Tinkerbell's own vectors (proxy_test.go of 2026): the same but for what is noted

VECTOR_MAC = bytes.fromhex("010203040506")
LOCAL = IPv4Address("127.0.0.1")
VECTOR_SITE = site(
    mode=Mode.PROXY,
    server=LOCAL,
    tftp=LOCAL,
    http_url="http://localhost:8080",
    boot_files={Architecture.X64_UEFI: "snponly.efi"},
)


def vector(kind: MessageType, user_class: bytes = b"") -> Message:
    """What upstream's tests send: option 93 says 9, which is x64 UEFI to us and to them."""
    return request(
        kind,
        vendor_class="PXEClient:Arch:00000:UNDI:002001",
        architecture=9,
        user_class=user_class,
        more={94: b"\1\2\3\4", 97: UUID},
        chaddr=VECTOR_MAC,
    )


def vector_machine(netboot: Netboot | None = None) -> Known:
    return known(netboot, reserved=None)


VECTORS = {
    # Upstream: /01:02:03:04:05:06/netboot-not-allowed; ours has no folder, for firmware's sake.
    "netboot is off": (
        vector(MessageType.DISCOVER),
        OFF,
        MessageType.OFFER,
        b"netboot-not-allowed",
    ),
    # Upstream: the script's URL as its settings say it; ours has the machine's MAC in it.
    "Tinkerbell's iPXE": (
        vector(MessageType.DISCOVER, b"Tinkerbell"),
        None,
        MessageType.OFFER,
        f"http://localhost:8080/{MAC}/auto.ipxe".encode(),
    ),
    # Upstream: ipxe.efi; ours is the first on its rung of the ladder.
    "a request": (vector(MessageType.REQUEST), None, MessageType.ACK, b"snponly.efi"),
    "a boot file of its own": (
        vector(MessageType.REQUEST),
        Netboot(boot_file="own.efi"),
        MessageType.ACK,
        b"own.efi",
    ),
}


@pytest.mark.parametrize(("message", "netboot", "kind", "file"), VECTORS.values(), ids=VECTORS)
def test_tinkerbells_vectors_are_answered_as_there(
    message: Message, netboot: Netboot | None, kind: MessageType, file: bytes
) -> None:
    reply = replied(message, vector_machine(netboot), where=VECTOR_SITE)

    assert (kind, file) == (reply.kind, reply.file)
    assert (NOWHERE, LOCAL, b"127.0.0.1") == (reply.yiaddr, reply.siaddr, reply.sname)
    # Upstream has 43 = 06 01 08 as well: UEFI gets none from us (older edk2 loses offers with it).
    assert {53: bytes([kind]), 54: LOCAL.packed, 60: b"PXEClient", 97: UUID} == dict(reply.options)


def test_where_tinkerbell_is_silent_so_are_we() -> None:
    bare = request(MessageType.DISCOVER)
    assert answered(bare, vector_machine(), where=VECTOR_SITE).reply is None
    assert answered(vector(MessageType.DISCOVER), None, where=VECTOR_SITE).reply is None


# --- what each kind of client gets

FILES = {
    "BIOS": (rom(architecture=BIOS), b"undionly.kpxe"),
    "UEFI": (rom(architecture=X64), b"snponly.efi"),
    "UEFI HTTP": (
        http_firmware(),
        f"http://192.168.1.1:8080/{MAC}/snponly.efi".encode(),
    ),
    "iPXE": (ipxe(), SCRIPT.encode()),
    "iPXE without HTTP": (ipxe(features="tftp"), f"tftp://192.168.1.1/{MAC}/auto.ipxe".encode()),
}


@pytest.mark.parametrize("port", [67, 4011])
@pytest.mark.parametrize(("message", "file"), FILES.values(), ids=FILES)
def test_each_client_gets_its_boot_file_and_no_address(
    message: Message, file: bytes, port: int
) -> None:
    reply = replied(message, port=port)

    assert (file, SERVER, NOWHERE) == (reply.file, reply.siaddr, reply.yiaddr)
    assert not {1, 3, 6, 12, 15, 28, 51, 58, 59, 175} & set(reply.options)
    assert SERVER == reply.get(options.SERVER_ID)


@pytest.mark.parametrize(
    ("message", "vendor_class"),
    [(rom(), "PXEClient"), (ipxe(), "PXEClient"), (http_firmware(), "HTTPClient")],
    ids=["PXE", "iPXE", "HTTP"],
)
def test_the_vendor_class_is_mirrored(message: Message, vendor_class: str) -> None:
    assert vendor_class == replied(message).get(options.VENDOR_CLASS)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (rom(architecture=BIOS), {6: b"\x08"}),
        (ipxe(architecture=BIOS), {6: b"\x08"}),
        (rom(architecture=X64), None),
        (rom(architecture=11), None),
        (ipxe(architecture=X64), None),
        (http_firmware(), None),
    ],
    ids=["BIOS", "iPXE on BIOS", "UEFI", "arm64", "iPXE on UEFI", "UEFI HTTP"],
)
def test_only_bios_is_told_to_skip_the_search_for_boot_servers(
    message: Message, expected: dict[int, bytes] | None
) -> None:
    assert expected == replied(message).get(pxe.VENDOR)


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [(UUID, UUID), (b"\0\1", b"\0\1"), (b"", None), (None, None)],
    ids=["whole", "short", "empty", "none"],
)
def test_the_uuid_is_echoed_as_it_came_and_never_empty(
    sent: bytes | None, echoed: bytes | None
) -> None:
    more = {} if sent is None else {97: sent}
    assert echoed == replied(rom(more=more)).options.get(97)


def test_a_boot_file_ends_where_clients_stop_to_read_it() -> None:
    netboot = Netboot(allowed=True, script_url="http://192.0.2.1/a\0junk")
    assert b"http://192.0.2.1/a" == replied(ipxe(), known(netboot=netboot)).file


def test_client_identifier_and_relay_s_mark_are_echoed() -> None:
    mark = bytes.fromhex("01026c31")

    reply = replied(rom(more={61: b"\1abc", 82: mark}, giaddr=OTHER))

    assert (b"\1abc", mark) == (reply.options[61], reply.options[82])


def test_a_long_url_is_in_option_67() -> None:
    where = msgspec.structs.replace(PROXY, http_url="http://192.168.1.1/" + "x" * 110)

    reply = replied(ipxe(), where=where)

    assert b"" == reply.file
    assert str(reply.get(options.BOOT_FILE_NAME)).endswith(f"x/{MAC}/auto.ipxe")


@pytest.mark.parametrize("message", [rom(), rom(architecture=X64), ipxe()])
def test_a_reply_survives_the_wire(message: Message) -> None:
    found = answered(message, known())
    assert found.reply is not None
    assert found.reply == dhcp.decode(dhcp.encode(found.reply, found.limit))


# --- where the boot file is, where the client asks again, where the reply goes


@pytest.mark.parametrize(
    ("message", "port", "expected"),
    [
        (rom(architecture=BIOS), 67, OTHER),
        (rom(architecture=X64), 67, SERVER),
        (rom(MessageType.REQUEST, architecture=X64), 4011, OTHER),
        (ipxe(), 67, SERVER),
        (http_firmware(), 67, SERVER),
    ],
    ids=["BIOS", "UEFI asks us again", "UEFI at 4011", "iPXE", "UEFI HTTP"],
)
def test_the_next_server_where_tftp_is_another_machine(
    message: Message, port: int, expected: IPv4Address
) -> None:
    where = msgspec.structs.replace(PROXY, tftp=OTHER)

    assert expected == replied(message, port=port, where=where).siaddr


def test_the_next_server_is_the_host_of_the_url() -> None:
    where = msgspec.structs.replace(PROXY, http_url="http://192.168.1.99:8080")
    assert OTHER == replied(http_firmware(), where=where).siaddr
    named = msgspec.structs.replace(PROXY, http_url="http://boots.lan")
    assert SERVER == replied(http_firmware(), where=named).siaddr


DESTINATIONS: dict[str, tuple[Message, int, Destination]] = {
    "a discover": (rom(), 67, Destination(EVERYONE, 68, source=SERVER)),
    "a relayed one": (rom(giaddr=OTHER), 67, Destination(OTHER, 67, source=SERVER)),
    "a search for boot servers": (
        rom(MessageType.REQUEST, ciaddr=ADDRESS),
        67,
        Destination(ADDRESS, 68, source=SERVER),
    ),
    "an address far away": (
        rom(MessageType.REQUEST, ciaddr=IPv4Address("203.0.113.9")),
        67,
        Destination(EVERYONE, 68, source=SERVER),
    ),
    "port 4011": (
        rom(MessageType.REQUEST, ciaddr=ADDRESS),
        4011,
        Destination(ADDRESS, 68, source=SERVER),
    ),
    "port 4011 without an address": (rom(), 4011, Destination(EVERYONE, 68, source=SERVER)),
}


@pytest.mark.parametrize(("message", "port", "to"), DESTINATIONS.values(), ids=DESTINATIONS)
def test_where_the_reply_goes(message: Message, port: int, to: Destination) -> None:
    assert to == answered(message, known(), port).to


# --- port 4011


@pytest.mark.parametrize(
    "kind", [MessageType.REQUEST, MessageType.DISCOVER, MessageType.INFORM], ids=lambda k: k.name
)
def test_port_4011_acknowledges(kind: MessageType) -> None:
    reply = replied(rom(kind, architecture=X64, ciaddr=ADDRESS), port=4011)

    assert (MessageType.ACK, ADDRESS) == (reply.kind, reply.ciaddr)


def test_ipxe_s_boot_item_is_no_obstacle() -> None:
    """As captured: transaction 0, the item of the boot menu, and END within option 43."""
    message = ipxe(
        MessageType.REQUEST, more={43: bytes.fromhex("47048000000000ff")}, xid=0, ciaddr=ADDRESS
    )
    short = ipxe(
        MessageType.REQUEST, more={43: bytes.fromhex("470480000000ff")}, xid=0, ciaddr=ADDRESS
    )

    assert SCRIPT.encode() == replied(message, port=4011).file == replied(short, port=4011).file


def test_port_4011_answers_whoever_asks_it_whatever_server_is_named() -> None:
    message = rom(MessageType.REQUEST, more={54: OTHER.packed}, ciaddr=ADDRESS)

    assert MessageType.ACK is replied(message, port=4011).kind


# --- silence

STRANGER = made_up(MAC, msgspec.structs.replace(PROXY, unknown=""))

SILENCE = {
    "an operating system": (
        system(),
        known(),
        67,
        "an operating system asks: its DHCP server is another one",
    ),
    "an operating system at 4011": (
        system(MessageType.REQUEST),
        known(),
        4011,
        "an operating system asks: its DHCP server is another one",
    ),
    "no record": (rom(), None, 67, "no record has this MAC"),
    "a stranger where strangers boot nothing": (
        rom(),
        STRANGER,
        67,
        "no record has this MAC, and strangers boot nothing",
    ),
    "DHCP off": (rom(), known(dhcp=False), 67, "DHCP is off for this interface"),
    "a boot server of its own": (
        rom(),
        known(reserved=reservation(boot_server="192.168.1.9")),
        67,
        "its record names a boot server of its own",
    ),
    "a boot file of its own": (
        rom(MessageType.REQUEST),
        known(reserved=reservation(boot_file="nvos.bin")),
        4011,
        "its record names a boot server of its own",
    ),
    "another server's": (
        rom(MessageType.REQUEST, more={54: OTHER.packed}),
        known(),
        67,
        "its address comes from 192.168.1.99",
    ),
    "INFORM": (
        rom(MessageType.INFORM, ciaddr=ADDRESS),
        known(),
        67,
        "what INFORM asks for is the other server's to say",
    ),
    "RELEASE": (rom(MessageType.RELEASE), known(), 67, "RELEASE gets no answer"),
    "a relay that is a group": (
        rom(giaddr=IPv4Address("224.0.0.1")),
        known(),
        67,
        "its relay's address 224.0.0.1 cannot be one machine's",
    ),
    "no boot file for it": (
        rom(architecture=25),
        known(),
        67,
        "no boot file is installed for unknown (option 93: 25)",
    ),
    "no architecture": (
        request(vendor_class="PXEClient"),
        known(),
        67,
        "the client does not say its architecture (option 93)",
    ),
}


@pytest.mark.parametrize(("message", "who", "port", "why"), SILENCE.values(), ids=SILENCE)
def test_who_is_none_of_ours_is_not_answered_and_the_reason_is_said(
    message: Message, who: Known | None, port: int, why: str
) -> None:
    found = answered(message, who, port)

    assert (None, why) == (found.reply, found.why)


@pytest.mark.parametrize("chosen", [None, SERVER], ids=["nobody", "us"])
def test_a_request_that_names_us_or_nobody_is_acknowledged(chosen: IPv4Address | None) -> None:
    more = {} if chosen is None else {54: chosen.packed}
    assert MessageType.ACK is replied(rom(MessageType.REQUEST, more=more)).kind


# --- netboot off: refused at once, with a name that no file has


@pytest.mark.parametrize("port", [67, 4011])
@pytest.mark.parametrize(
    ("message", "file"),
    [
        (rom(architecture=X64), "netboot-not-allowed"),
        (http_firmware(), f"http://192.168.1.1:8080/{MAC}/netboot-not-allowed"),
        (ipxe(), f"http://192.168.1.1:8080/{MAC}/netboot-not-allowed"),
        (ipxe(features="tftp"), f"tftp://192.168.1.1/{MAC}/netboot-not-allowed"),
    ],
    ids=["PXE", "UEFI HTTP", "iPXE", "iPXE without HTTP"],
)
def test_a_machine_that_may_not_boot_is_refused_rather_than_left_waiting(
    message: Message, file: str, port: int
) -> None:
    found = answered(message, known(OFF), port)

    assert found.reply is not None
    assert file.encode() == found.reply.file
    assert "netboot is off for this machine" == found.why
    assert not isinstance(found.decision, Load)


# --- quirks


def with_quirk(message: Message, **behaviour: Any) -> Message:
    client = replace(client_of(message), quirk=Behaviour(**behaviour))
    found = proxy.answer(Asked(message, client, known(), PROXY), port_4011=False)
    assert found.reply is not None
    return found.reply


def test_quirks_change_vendor_class_and_option_43() -> None:
    assert None is with_quirk(rom(), vendor_class="").get(options.VENDOR_CLASS)
    assert "Own" == with_quirk(rom(), vendor_class="Own").get(options.VENDOR_CLASS)
    assert None is with_quirk(rom(), discovery_control=False).get(pxe.VENDOR)
    menu = {9: b"\0\0\x11Raspberry Pi Boot", 10: b"\0PXE"}
    assert {6: b"\x08", **menu} == with_quirk(rom(), vendor_options=menu).get(pxe.VENDOR)
    forced = with_quirk(rom(architecture=X64), discovery_control=True)
    assert {6: b"\x08"} == forced.get(pxe.VENDOR)


def test_quirks_add_and_leave_out_options_but_not_what_makes_it_a_reply() -> None:
    reply = with_quirk(rom(more={97: UUID}), options={66: b"1.2.3.4"}, omit=(97, 53, 54))

    assert {53, 54, 60, 43, 66} == set(reply.options)


def test_a_quirk_wants_the_whole_url() -> None:
    assert (
        f"tftp://192.168.1.1/{MAC}/undionly.kpxe".encode()
        == with_quirk(rom(), whole_path=True).file
    )


def test_a_quirk_names_the_server_and_no_quirk_gives_a_lease() -> None:
    reply = with_quirk(rom(), server_name=True, options={51: bytes(4), 54: OTHER.packed})

    assert "192.168.1.1" == reply.get(options.TFTP_SERVER_NAME)
    assert SERVER == reply.get(options.SERVER_ID)
    assert 51 not in reply.options


def test_a_machine_s_vlan_is_told() -> None:
    reply = replied(rom(architecture=X64), known(vlan="12"))

    assert {pxe.VLAN: b"12"} == reply.get(pxe.VENDOR)


# --- for every client and machine


@settings(database=None, max_examples=60)
@given(
    strategies.asking(),
    strategies.knowns(),
    strategies.sites(),
    st.sampled_from((Mode.PROXY, Mode.AUTO_PROXY)),
    st.sampled_from((67, 4011)),
)
def test_no_reply_gives_what_is_the_other_server_s_to_give(
    message: Message, who: Known, where: Site, mode: Mode, port: int
) -> None:
    where = msgspec.structs.replace(where, mode=mode, quirks=())
    found = answered(message, who, port, where)

    if found.reply is not None:
        assert NOWHERE == found.reply.yiaddr
        assert not {1, 3, 6, 12, 15, 28, 42, 51, 58, 59, 119, 121} & set(found.reply.options)
        assert found.reply.kind in {MessageType.OFFER, MessageType.ACK}
        assert found.reply == dhcp.decode(dhcp.encode(found.reply, found.limit))
