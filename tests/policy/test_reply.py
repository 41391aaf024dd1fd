"""The replies: every field and option, what fits, and where they go."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from tests.policy.made import (
    ADDRESS,
    EVERYONE,
    MAC,
    NOWHERE,
    OTHER,
    SERVER,
    SITE,
    answered,
    http_firmware,
    ipxe,
    known,
    replied,
    reservation,
    rom,
    site,
    system,
)

from boots.model.machine import Known, Netboot, Reservation, Route
from boots.model.quirk import Behaviour, Match, Quirk
from boots.model.site import Mode, Site
from boots.policy import client as clients
from boots.policy.answer import answer
from boots.policy.destination import Destination
from boots.policy.fitting import size_limit
from boots.wire import dhcp, options, pxe
from boots.wire.dhcp import BROADCAST, Message
from boots.wire.options import MessageType
from boots.wire.table import TABLE

REQUEST, NAK = MessageType.REQUEST, MessageType.NAK
RELAY = IPv4Address("192.168.1.254")
UUID = b"\0" + bytes(range(16))
WRONG = {50: OTHER.packed}


def read(reply: Message) -> dict[int, Any]:
    """The options of a reply, by code."""
    return {code: TABLE[code].read(raw) for code, raw in reply.options.items()}


# --- what a record holds

FULL = Reservation(
    address=ADDRESS,
    prefix=24,
    gateway=SERVER,
    broadcast=IPv4Address("192.168.1.255"),
    name_servers=(IPv4Address("1.1.1.1"), IPv4Address("8.8.8.8")),
    ntp_servers=(IPv4Address("132.163.96.2"),),
    host_name="test-host",
    domain="mydomain.com",
    search=("mydomain.com", "lab.mydomain.com"),
    lease_time=60,
    routes=(
        Route(network=IPv4Network("10.0.0.0/8"), router=IPv4Address("192.168.1.10")),
        Route(network=IPv4Network("172.16.0.0/12"), router=IPv4Address("192.168.1.20")),
    ),
)
LAN: Mapping[int, Any] = {
    53: MessageType.OFFER,
    54: SERVER,
    51: 60,
    58: 30,
    59: 52,
    1: IPv4Address("255.255.255.0"),
    3: (SERVER,),
    6: (IPv4Address("1.1.1.1"), IPv4Address("8.8.8.8")),
    7: (IPv4Address("192.168.7.7"),),
    12: "test-host",
    15: "mydomain.com",
    28: IPv4Address("192.168.1.255"),
    42: (IPv4Address("132.163.96.2"),),
    119: ("mydomain.com", "lab.mydomain.com"),
    121: (
        (IPv4Network("10.0.0.0/8"), IPv4Address("192.168.1.10")),
        (IPv4Network("172.16.0.0/12"), IPv4Address("192.168.1.20")),
        (IPv4Network("0.0.0.0/0"), SERVER),
    ),
}
LOGGED = site(syslog=IPv4Address("192.168.7.7"))


def test_every_value_of_a_reservation_is_sent() -> None:
    reply = replied(system(), known(reserved=FULL), LOGGED)
    assert LAN == read(reply)
    assert (ADDRESS, SERVER, b"", b"") == (reply.yiaddr, reply.siaddr, reply.file, reply.sname)


def test_an_ack_says_what_the_offer_said() -> None:
    offer = replied(system(), known(reserved=FULL), LOGGED)
    ack = replied(system(REQUEST, more={50: ADDRESS.packed}), known(reserved=FULL), LOGGED)
    assert {**offer.options, 53: b"\5"} == ack.options
    assert (offer.yiaddr, offer.siaddr) == (ack.yiaddr, ack.siaddr)


def test_what_a_record_leaves_open_is_not_sent() -> None:
    bare = Reservation(address=ADDRESS, prefix=24)
    assert {53, 54, 51, 58, 59, 1, 28} == set(read(replied(system(), known(reserved=bare))))


def test_the_default_route_stands_in_121_too_as_its_readers_ignore_3() -> None:
    # Upstream sends the routes alone, and its clients lose their gateway (RFC 3442).
    routes = read(replied(system(), known(reserved=FULL)))[121]
    assert (IPv4Network("0.0.0.0/0"), SERVER) == routes[-1]


def test_a_default_route_of_the_record_s_own_is_the_only_one() -> None:
    own = Route(network=IPv4Network("0.0.0.0/0"), router=OTHER)
    reply = replied(system(), known(reserved=reservation(routes=(own,))))
    assert ((own.network, OTHER),) == read(reply)[121]


def test_the_broadcast_address_is_the_last_of_the_network() -> None:
    reply = replied(system(), known(reserved=reservation(prefix=25)))
    assert IPv4Address("192.168.1.127") == read(reply)[28]


@pytest.mark.parametrize("prefix", [31, 32])
def test_a_network_of_two_addresses_or_one_has_no_broadcast_address(prefix: int) -> None:
    assert 28 not in replied(system(), known(reserved=reservation(prefix=prefix))).options


def test_a_search_domain_that_is_none_is_left_out() -> None:
    bent = reservation(search=("a..b", "", ".", "x" * 64, "lab.example"))
    assert ("lab.example",) == read(replied(system(), known(reserved=bent)))[119]


# --- what programs need to boot

BOOT_FIELDS = {
    "a BIOS": (rom(), "undionly.kpxe", {43: {6: b"\x08"}}),
    "x64 UEFI": (rom(architecture=7), "snponly.efi", {43: {6: b"\x08"}}),
    "x64 UEFI over HTTP": (
        http_firmware(),
        f"http://192.168.1.1:8080/{MAC}/snponly.efi",
        {60: "HTTPClient"},
    ),
    "iPXE": (ipxe(), f"http://192.168.1.1:8080/{MAC}/auto.ipxe", {175: {176: b"\1"}}),
    "iPXE without HTTP": (
        ipxe(features="tftp"),
        f"tftp://192.168.1.1/{MAC}/auto.ipxe",
        {175: {176: b"\1"}},
    ),
    "an operating system": (system(), "", {}),
}
ALWAYS = {53, 54, 51, 58, 59, 1, 3, 28}


@pytest.mark.parametrize(("message", "file", "more"), BOOT_FIELDS.values(), ids=BOOT_FIELDS)
def test_what_a_program_needs_to_boot(
    message: Message, file: str, more: Mapping[int, object]
) -> None:
    reply = replied(message, known())
    assert file.encode() == reply.file
    assert more == {code: value for code, value in read(reply).items() if code not in ALWAYS}
    assert SERVER == reply.siaddr


def test_siaddr_is_the_tftp_server() -> None:
    assert OTHER == replied(rom(), known(), site(tftp=OTHER)).siaddr


def test_a_file_in_a_folder_keeps_its_folder() -> None:
    reply = replied(rom(architecture=7), known(Netboot(boot_file="grub/grubx64.efi")))
    assert b"grub/grubx64.efi" == reply.file


def test_shim_in_a_folder_is_named_from_the_root_so_that_it_finds_grub_there() -> None:
    published = {"sb/shimx64.efi": "/x", "shimx64.efi": "/x"}
    for name, sent in (("sb/shimx64.efi", b"/sb/shimx64.efi"), ("shimx64.efi", b"shimx64.efi")):
        machine = known(Netboot(boot_file=name))
        assert sent == replied(rom(architecture=7), machine, site(files=published)).file


NOTHING = {
    "a ROM gets a name that no file has": (rom(), b"netboot-not-allowed"),
    "UEFI HTTP gets a URL of it": (
        http_firmware(),
        f"http://192.168.1.1:8080/{MAC}/netboot-not-allowed".encode(),
    ),
    "iPXE gets none, and goes on by itself": (ipxe(), b""),
    "an operating system gets none": (system(), b""),
}


@pytest.mark.parametrize(("message", "file"), NOTHING.values(), ids=NOTHING)
def test_with_netboot_off_nobody_waits(message: Message, file: bytes) -> None:
    assert file == replied(message, known(Netboot(allowed=False))).file


def test_the_longest_name_that_fits_its_field() -> None:
    url = "http://example.com/".ljust(127, "x")
    reply = replied(ipxe(), known(Netboot(script_url=url)))
    assert (url.encode(), None) == (reply.file, reply.get(options.BOOT_FILE_NAME))


def test_a_longer_name_goes_into_option_67_whole() -> None:
    # Upstream cuts it off.
    url = "http://example.com/".ljust(400, "x")
    reply = replied(ipxe(more={57: (1472).to_bytes(2)}), known(Netboot(script_url=url)))
    assert (b"", url) == (reply.file, reply.get(options.BOOT_FILE_NAME))


# --- a record with its own boot server

OWN = {
    "an address and a URL": (
        {"boot_server": "192.168.1.200", "boot_file": "http://example.com/boot.ipxe"},
        (IPv4Address("192.168.1.200"), b"http://example.com/boot.ipxe"),
    ),
    "a name": (
        {"boot_server": "tftp.example.com", "boot_file": "onie"},
        (NOWHERE, b"onie"),
    ),
    "a server alone": ({"boot_server": "192.168.1.200"}, (IPv4Address("192.168.1.200"), b"")),
    "a file alone": ({"boot_file": "onie"}, (SERVER, b"onie")),
    "a file too long for its field": (
        {"boot_server": "192.168.1.200", "boot_file": "x" * 128},
        (IPv4Address("192.168.1.200"), b""),
    ),
}


@pytest.mark.parametrize(("own", "fields"), OWN.values(), ids=OWN)
@pytest.mark.parametrize("make", [rom, ipxe, http_firmware, system])
def test_a_boot_server_of_its_own_is_sent_as_written(
    make: type[Message], own: dict[str, str], fields: tuple[IPv4Address, bytes]
) -> None:
    reply = replied(make(), known(reserved=reservation(**own)))
    values = read(reply)
    assert (own.get("boot_server"), own.get("boot_file")) == (values.get(66), values.get(67))
    assert fields == (reply.siaddr, reply.file)
    assert not {43, 60, 175} & set(values)


# --- echoes

RELAYED = b"\1\4eth0"


@pytest.mark.parametrize("kind", [MessageType.DISCOVER, REQUEST, MessageType.INFORM])
@pytest.mark.parametrize("make", [rom, ipxe, http_firmware, system])
def test_client_identifier_and_relay_s_mark_are_echoed(
    make: type[Message], kind: MessageType
) -> None:
    message = make(kind, more={61: b"\1identity", 82: RELAYED})
    reply = replied(message, known())
    assert (b"\1identity", RELAYED) == (reply.options[61], reply.options[82])


def test_a_nak_echoes_them_too() -> None:
    reply = replied(system(REQUEST, more={50: OTHER.packed, 61: b"id", 82: RELAYED}), known())
    assert (NAK, b"id", RELAYED) == (reply.kind, reply.options[61], reply.options[82])


def test_the_relay_s_mark_is_last_on_the_wire() -> None:
    raw = dhcp.encode(replied(rom(more={82: RELAYED}), known()))
    assert raw.rstrip(b"\0").endswith(b"\x52\x06" + RELAYED + b"\xff")


def test_what_did_not_come_is_not_echoed() -> None:
    assert not {61, 82, 97} & set(replied(rom(), known()).options)


@pytest.mark.parametrize("uuid", [UUID, b"", b"\1" + bytes(16)])
def test_a_rom_gets_its_uuid_back_byte_for_byte(uuid: bytes) -> None:
    # Upstream leaves it out of these replies; RFC 4578 wants it.
    assert uuid == replied(rom(more={97: uuid}), known()).options[97]


@pytest.mark.parametrize("make", [ipxe, http_firmware, system])
def test_others_do_not_need_their_uuid_back(make: type[Message]) -> None:
    assert 97 not in replied(make(more={97: UUID}), known()).options


def test_the_header_is_the_client_s() -> None:
    message = rom(flags=BROADCAST, hops=3, secs=9, giaddr=RELAY)
    reply = replied(message, known())
    assert (2, 1, 0, message.xid, 0, BROADCAST, RELAY, message.chaddr) == (
        reply.op,
        reply.htype,
        reply.hops,
        reply.xid,
        reply.secs,
        reply.flags,
        reply.giaddr,
        reply.chaddr,
    )


def test_only_an_ack_repeats_the_client_s_address() -> None:
    assert NOWHERE == replied(rom(ciaddr=ADDRESS), known()).ciaddr
    assert ADDRESS == replied(rom(REQUEST, ciaddr=ADDRESS), known()).ciaddr


# --- NAK


def test_a_nak_gives_nothing_away() -> None:
    reply = replied(system(REQUEST, more={50: OTHER.packed}, ciaddr=OTHER), known())
    assert {
        53: NAK,
        54: SERVER,
        56: "its record has 192.168.1.10, it asks for 192.168.1.99",
    } == read(reply)
    assert (NOWHERE, NOWHERE, NOWHERE, b"") == (
        reply.ciaddr,
        reply.yiaddr,
        reply.siaddr,
        reply.file,
    )


def test_a_relay_must_broadcast_a_nak() -> None:
    message = system(REQUEST, more={50: OTHER.packed}, giaddr=RELAY)
    found = answered(message, known())
    assert found.reply is not None
    assert (BROADCAST, RELAY) == (found.reply.flags, found.reply.giaddr)
    assert Destination(RELAY, 67, source=SERVER) == found.to


def test_without_a_relay_a_nak_leaves_the_flags_alone() -> None:
    assert 0 == replied(system(REQUEST, more={50: OTHER.packed}), known()).flags


def test_a_boot_file_ends_where_clients_stop_to_read_it() -> None:
    reply = replied(rom(), known(reserved=reservation(boot_file="a.efi\0junk")))
    assert b"a.efi" == reply.file


# --- where a reply goes


@pytest.mark.parametrize(
    ("address", "to"),
    [("192.168.1.10", "192.168.1.10"), ("192.168.1.255", "255.255.255.255")],
    ids=["a host", "what is all hosts' of its network"],
)
def test_a_new_address_is_sent_to_if_one_machine_can_have_it(address: str, to: str) -> None:
    found = answered(rom(), known(reserved=reservation(address=IPv4Address(address)))).to
    assert found is not None
    assert IPv4Address(to) == found.address


# --- what a record adds, and VLANs


def test_a_record_s_own_options_replace_what_we_would_send() -> None:
    own = {150: b"\1\2\3\4", 6: SERVER.packed, 43: b"\1\1x", 53: b"\6", 54: bytes(4), 82: b"x"}
    reply = replied(rom(), known(reserved=reservation(options=own)))
    assert (own[150], own[6], own[43]) == tuple(reply.options[code] for code in (150, 6, 43))
    assert (MessageType.OFFER, SERVER) == (reply.kind, reply.get(options.SERVER_ID))
    assert 82 not in reply.options


def test_a_nak_has_none_of_them() -> None:
    own = reservation(options={150: b"\1\2\3\4"})
    reply = replied(system(REQUEST, more=WRONG), known(reserved=own))
    assert 150 not in reply.options


@pytest.mark.parametrize(
    ("message", "expected"),
    [(rom(), "0601087404" + b"1234".hex()), (ipxe(), "7404" + b"1234".hex()), (system(), None)],
    ids=["a ROM", "iPXE", "a system"],
)
def test_firmware_is_told_its_vlan(message: Message, expected: str | None) -> None:
    raw = replied(message, known(vlan="1234")).options.get(43)
    assert expected == (raw.hex() if raw is not None else None)


def test_the_network_a_client_names_is_echoed() -> None:
    # RFC 3011 §2.
    assert SERVER.packed == replied(system(more={118: SERVER.packed}), known()).options[118]


def test_uefi_over_http_is_sent_to_where_its_url_is() -> None:
    where = site(http_url="http://192.168.9.9:8080", tftp=OTHER)
    assert IPv4Address("192.168.9.9") == replied(http_firmware(), known(), where).siaddr
    named = site(http_url="http://boots.example", tftp=OTHER)
    assert SERVER == replied(http_firmware(), known(), named).siaddr


# --- where replies go: RFC 2131 §4.1

TO_ALL = Destination(EVERYONE, 68, source=SERVER)
TO_RELAY = Destination(RELAY, 67, source=SERVER)
BY_MAC = Destination(ADDRESS, 68, MAC, SERVER)
DESTINATIONS = {
    "an OFFER, to the address that it offers": (rom(), BY_MAC),
    "an OFFER that must be broadcast": (rom(flags=BROADCAST), TO_ALL),
    "an OFFER behind a relay": (rom(giaddr=RELAY), TO_RELAY),
    "an OFFER behind a relay that must be broadcast there": (
        rom(giaddr=RELAY, flags=BROADCAST),
        TO_RELAY,
    ),
    "an ACK, to the address that it gives": (rom(REQUEST), BY_MAC),
    "an ACK that must be broadcast": (rom(REQUEST, flags=BROADCAST), TO_ALL),
    "an ACK of an INFORM without an address": (system(MessageType.INFORM), TO_ALL),
    "an ACK of a renewal, to its client": (
        system(REQUEST, ciaddr=ADDRESS),
        Destination(ADDRESS, 68, source=SERVER),
    ),
    "also where it broadcasts": (
        system(REQUEST, ciaddr=ADDRESS, flags=BROADCAST),
        Destination(ADDRESS, 68, source=SERVER),
    ),
    "a renewal behind a relay": (
        system(REQUEST, ciaddr=ADDRESS, giaddr=RELAY),
        TO_RELAY,
    ),
    "a NAK, to all": (system(REQUEST, more=WRONG), TO_ALL),
    "a NAK of a renewal, to all": (system(REQUEST, ciaddr=OTHER), TO_ALL),
    "a NAK behind a relay": (
        system(REQUEST, more=WRONG, giaddr=RELAY),
        TO_RELAY,
    ),
}


@pytest.mark.parametrize(("message", "to"), DESTINATIONS.values(), ids=DESTINATIONS)
def test_where_a_reply_goes(message: Message, to: Destination) -> None:
    assert to == answered(message, known()).to


@pytest.mark.parametrize("kind", [MessageType.DISCOVER, REQUEST, MessageType.INFORM])
@pytest.mark.parametrize(
    "claimed",
    [
        "10.9.8.7",
        "192.168.1.0",
        "192.168.1.255",
        "255.255.255.255",
        "224.0.0.1",
        "127.0.0.1",
        "0.0.0.1",
    ],
)
def test_no_packet_makes_us_send_to_an_address_outside_the_network(
    kind: MessageType, claimed: str
) -> None:
    found = answered(rom(kind, ciaddr=IPv4Address(claimed)), known())
    assert TO_ALL == found.to


def test_a_stranger_s_address_is_not_believed_where_the_record_has_none() -> None:
    found = answered(system(MessageType.INFORM, ciaddr=OTHER), known(reserved=None))
    assert TO_ALL == found.to


# --- order and size


def test_options_come_in_the_order_they_were_asked_for() -> None:
    message = system(more={55: bytes((15, 3, 6, 1, 42, 235, 15))})
    codes = list(replied(message, known(reserved=FULL)).options)
    assert [53, 54, 51, 15, 3, 6, 1, 42] == codes[:8]


def test_what_was_not_asked_for_is_sent_all_the_same() -> None:
    asked = replied(system(more={55: b"\1"}), known(reserved=FULL))
    assert replied(system(), known(reserved=FULL)).options == asked.options


def test_without_a_list_what_matters_comes_first() -> None:
    codes = list(replied(rom(more={61: b"id"}), known(reserved=FULL)).options)
    assert [53, 54, 51, 1, 3, 58, 59, 43, 61, 121, 6] == codes[:11]


SIZES = {None: 548, 0: 548, 300: 548, 576: 548, 1000: 972, 1472: 1444, 1500: 1472, 65_280: 1472}


@pytest.mark.parametrize(("wanted", "limit"), SIZES.items())
def test_how_much_dhcp_a_client_takes(wanted: int | None, limit: int) -> None:
    more = {} if wanted is None else {57: wanted.to_bytes(2)}
    assert limit == size_limit(rom(more=more))


LARGE: Mapping[str, Reservation] = {
    "search": reservation(search=tuple(f"zone-{number}.example.com" for number in range(40))),
    "name servers": reservation(name_servers=(SERVER,) * 200, host_name="kept"),
    "routes": reservation(
        routes=tuple(
            Route(network=IPv4Network((number << 8, 24)), router=OTHER) for number in range(200)
        ),
        host_name="kept",
    ),
    "all": reservation(
        search=("example.com",) * 90,
        name_servers=(SERVER,) * 90,
        ntp_servers=(SERVER,) * 90,
        domain="x" * 600,
        host_name="y" * 600,
    ),
    "a boot server": reservation(boot_server="x" * 700, boot_file="y" * 700),
}
TIGHT: Mapping[str, Mapping[int, bytes]] = {
    "plain": {},
    "576": {57: (576).to_bytes(2)},
    "1472": {57: (1472).to_bytes(2)},
    "a large identifier": {61: bytes(700)},
    "a large relay's mark": {82: bytes(700)},
    "both": {61: bytes(400), 82: bytes(400), 97: bytes(300)},
}


@pytest.mark.parametrize("reserved", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("more", TIGHT.values(), ids=TIGHT)
@pytest.mark.parametrize("make", [rom, ipxe, system])
def test_a_reply_never_exceeds_what_its_client_takes(
    make: type[Message], more: Mapping[int, bytes], reserved: Reservation
) -> None:
    found = answered(make(REQUEST, more=more), known(reserved=reserved))
    assert found.reply is not None
    assert found.limit is not None
    raw = dhcp.encode(found.reply, found.limit)
    assert len(raw) <= found.limit
    again = dhcp.decode(raw)
    assert (MessageType.ACK, SERVER, 86_400) == (
        again.kind,
        again.get(options.SERVER_ID),
        again.get(options.LEASE_TIME),
    )


def test_what_must_be_echoed_is_kept_before_what_we_have_to_say() -> None:
    # RFC 3046 §2.2 and RFC 6842 §3, within the 548 bytes of who does not say more.
    more = {82: bytes(150), 61: bytes(100)}
    for reserved in LARGE.values():
        assert more.items() <= replied(rom(more=more), known(reserved=reserved)).options.items()


NOT_THEIRS = dict.fromkeys((0, 50, 51, 52, 53, 54, 55, 57, 58, 59, 61, 82, 255), b"\1\2\3\4")


@pytest.mark.parametrize("kind", [MessageType.DISCOVER, REQUEST, MessageType.INFORM])
def test_no_record_and_no_quirk_says_what_is_the_protocol_s_own(kind: MessageType) -> None:
    # 52 says how a message is packed, 0 and 255 are no options: such a reply could not be written.
    quirk = Quirk(name="all", match=Match(), behaviour=Behaviour(options=NOT_THEIRS))
    plain = replied(rom(kind), known())
    for mode in (Mode.RESERVATION, Mode.PROXY):
        where = site(mode=mode, quirks=(quirk,))
        asking = clients.from_dhcp(rom(kind), where.quirks)
        machine = known(reserved=reservation(options=NOT_THEIRS))
        found = answer(rom(kind), asking, machine, where, proxy=mode.proxies)
        assert found.reply is not None
        assert dhcp.decode(dhcp.encode(found.reply, found.limit)).options == found.reply.options
        if mode is Mode.RESERVATION:
            assert plain.options == found.reply.options


def test_one_option_that_is_too_large_takes_no_other_with_it() -> None:
    values = read(replied(system(), known(reserved=LARGE["routes"])))
    assert 121 not in values
    assert ((SERVER,), "kept") == (values[3], values[12])


def test_what_does_not_fit_is_put_where_there_is_room() -> None:
    machine = known(
        reserved=reservation(host_name="x" * 120, domain="y" * 120, search=("z" * 60,) * 2)
    )
    found = answered(system(), machine)
    assert found.reply is not None
    raw = dhcp.encode(found.reply, found.limit)
    assert found.reply.options == dhcp.decode(raw).options


def test_a_reply_is_never_shorter_than_some_relays_forward() -> None:
    bare = Reservation(address=ADDRESS, prefix=24)
    assert 300 == len(dhcp.encode(replied(system(), known(reserved=bare))))


# --- what upstream's own tests expect, where we agree

UPSTREAM_SITE = site(server=IPv4Address("127.0.0.1"), tftp=IPv4Address("127.0.0.1"))
UPSTREAM = Reservation(
    address=IPv4Address("192.168.1.100"),
    prefix=24,
    gateway=SERVER,
    broadcast=IPv4Address("192.168.1.255"),
    name_servers=(IPv4Address("1.1.1.1"),),
    ntp_servers=(IPv4Address("132.163.96.2"),),
    host_name="test-host",
    domain="mydomain.com",
    search=("mydomain.com",),
    lease_time=60,
)


def upstream(message: Message, netboot: Netboot, where: Site = UPSTREAM_SITE) -> Message:
    return replied(message, known(netboot, reserved=UPSTREAM), where)


@pytest.mark.parametrize(
    ("kind", "reply_kind"), [(MessageType.DISCOVER, 2), (MessageType.REQUEST, 5)]
)
def test_offer_and_ack_are_those_of_upstream(kind: MessageType, reply_kind: int) -> None:
    message = http_firmware(
        kind, user_class=b"Tinkerbell", more={94: bytes.fromhex("010203040506"), 97: bytes(17)}
    )
    reply = upstream(message, Netboot(script_url="http://localhost:8181/auto.ipxe"))
    assert (UPSTREAM.address, IPv4Address("127.0.0.1"), b"http://localhost:8181/auto.ipxe") == (
        reply.yiaddr,
        reply.siaddr,
        reply.file,
    )
    assert {
        53: bytes([reply_kind]),
        54: bytes((127, 0, 0, 1)),
        51: bytes((0, 0, 0, 60)),
        1: bytes((255, 255, 255, 0)),
        3: SERVER.packed,
        6: bytes((1, 1, 1, 1)),
        15: b"mydomain.com",
        12: b"test-host",
        28: bytes((192, 168, 1, 255)),
        42: bytes((132, 163, 96, 2)),
        119: bytes.fromhex("086d79646f6d61696e03636f6d00"),
        # And where we differ: times to renew, iPXE's own option instead of 43 and 60.
        58: bytes((0, 0, 0, 30)),
        59: bytes((0, 0, 0, 52)),
        175: bytes((176, 1, 1)),
    } == reply.options


def test_upstream_s_option_43_without_its_trace() -> None:
    assert bytes.fromhex("060108") == upstream(rom(), Netboot()).options[43]


def test_upstream_s_bare_name_for_a_rom() -> None:
    assert b"undionly.kpxe" == upstream(rom(), Netboot()).file


def test_upstream_s_rom_gets_no_vendor_class() -> None:
    # Ampere's firmware ignores the boot file of a reply that has one.
    assert 60 not in upstream(rom(), Netboot()).options


def test_a_stranger_s_ipxe_gets_the_script_where_upstream_loads_its_own() -> None:
    assert f"http://192.168.1.1:8080/{MAC}/auto.ipxe".encode() == upstream(ipxe(), Netboot()).file


def test_upstream_s_silence_without_record() -> None:
    for kind in (MessageType.DISCOVER, REQUEST):
        machine: Known | None = None
        assert answered(rom(kind), machine, SITE).reply is None


def test_pxe_says_that_no_proxy_will_answer() -> None:
    values = replied(ipxe(), known()).get(pxe.IPXE)
    assert {pxe.NO_PXEDHCP: b"\1"} == values
