"""Which address a message gets: the states of a client in RFC 2131 §4.3.2, over reservations."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

import pytest
from tests.policy.made import (
    ADDRESS,
    OTHER,
    SERVER,
    SITE,
    answered,
    client_of,
    http_firmware,
    ipxe,
    known,
    reservation,
    rom,
    site,
    system,
)

from boots.model.machine import Known
from boots.model.site import Site, Subnet
from boots.policy.address import Assignment, Denial, NoAddress, assign, wanted_address
from boots.policy.asked import Asked
from boots.wire import options
from boots.wire.dhcp import BROADCAST, Message
from boots.wire.options import MessageType

RELAY = IPv4Address("10.0.0.1")


def wants(address: IPv4Address, server: IPv4Address | None = None) -> dict[int, bytes]:
    chosen = {} if server is None else {options.SERVER_ID.code: server.packed}
    return {options.REQUESTED_ADDRESS.code: address.packed, **chosen}


def assigned(message: Message, machine: Known | None = None) -> Assignment | Denial | NoAddress:
    return assign(Asked(message, client_of(message), machine or known(), SITE))


REQUEST = MessageType.REQUEST

# The four states, each with the right address and a wrong one.
SELECTING = system(REQUEST, more=wants(ADDRESS, SERVER))
INIT_REBOOT = system(REQUEST, more=wants(ADDRESS))
RENEWING = system(REQUEST, ciaddr=ADDRESS)
REBINDING = system(REQUEST, ciaddr=ADDRESS, flags=BROADCAST)

RIGHT = {
    "discovering": system(),
    "discovering, with a wish": system(more=wants(OTHER)),
    "selecting": SELECTING,
    "init-reboot": INIT_REBOOT,
    "renewing": RENEWING,
    "rebinding": REBINDING,
    "naming no address at all": system(REQUEST),
}


@pytest.mark.parametrize("message", RIGHT.values(), ids=RIGHT)
def test_the_address_of_the_record_is_given(message: Message) -> None:
    assert (Assignment(reservation(), SITE.lease_time, "its record has the address")) == assigned(
        message
    )


WRONG = {
    "selecting": wants(OTHER, SERVER),
    "init-reboot": wants(OTHER),
    "renewing": None,
}


@pytest.mark.parametrize("more", WRONG.values(), ids=WRONG)
def test_an_operating_system_must_not_use_another_address(more: dict[int, bytes] | None) -> None:
    message = system(REQUEST, more=more, ciaddr=IPv4Address(0) if more else OTHER)
    assert Denial("its record has 192.168.1.10, it asks for 192.168.1.99") == assigned(message)
    reply = answered(message, known()).reply
    assert reply is not None
    assert MessageType.NAK is reply.kind


@pytest.mark.parametrize("make", [rom, ipxe, http_firmware])
@pytest.mark.parametrize("more", WRONG.values(), ids=WRONG)
def test_firmware_never_gets_a_nak(make: type[Message], more: dict[int, bytes] | None) -> None:
    message = make(REQUEST, more=more, ciaddr=IPv4Address(0) if more else OTHER)
    found = assigned(message)
    assert isinstance(found, Assignment)
    assert (ADDRESS, "its record has the address, not 192.168.1.99") == (
        found.reservation.address,
        found.why,
    )
    reply = answered(message, known()).reply
    assert reply is not None
    assert (MessageType.ACK, ADDRESS) == (reply.kind, reply.yiaddr)


@pytest.mark.parametrize("make", [system, rom, ipxe])
def test_who_took_the_offer_of_another_server_gets_silence(make: type[Message]) -> None:
    message = make(REQUEST, more=wants(OTHER, IPv4Address("192.168.1.2")))
    assert NoAddress("the client took the offer of 192.168.1.2") == assigned(message)
    assert answered(message, known()).reply is None


def test_a_machine_without_an_address_gets_silence() -> None:
    machine = known(reserved=None)
    assert NoAddress("its record has no address") == assigned(system(), machine)
    assert answered(system(), machine).reply is None


def test_a_client_that_has_an_address_asks_for_that() -> None:
    message = system(REQUEST, ciaddr=ADDRESS, more=wants(OTHER))
    assert ADDRESS == wanted_address(message)


def test_a_record_may_have_its_own_lease_time() -> None:
    found = assigned(system(), known(reserved=reservation(lease_time=60)))
    assert isinstance(found, Assignment)
    assert 60 == found.lease_time


def test_a_record_without_lease_time_has_the_site_s() -> None:
    # Upstream sends a lease of 0 seconds here, which clients may take for none.
    found = assigned(system(), known(reserved=reservation(lease_time=0)))
    assert isinstance(found, Assignment)
    assert 86_400 == found.lease_time


# --- networks: what is known of where a client is

HERE, THERE = IPv4Network("192.168.1.0/24"), IPv4Network("10.0.0.0/24")
TWO = site(network=HERE, subnets=(Subnet(network=HERE), Subnet(network=THERE)))
BEHIND = site(network=THERE)
AWAY = "its record has 192.168.1.10, it asks from 10.0.0.0/24"
THEIRS = IPv4Address("10.0.0.7")


def answer_at(message: Message, where: Site = TWO) -> Message | str:
    found = answered(message, known(), where)
    return found.reply or found.why


@pytest.mark.parametrize("make", [system, rom, ipxe])
def test_an_address_of_another_network_is_not_given_behind_a_relay(make: type[Message]) -> None:
    assert AWAY == answer_at(make(giaddr=RELAY))


@pytest.mark.parametrize(
    "more",
    [{82: b"\5\4\x0a\0\0\0"}, {118: bytes((10, 0, 0, 0))}],
    ids=["link selection", "subnet selection"],
)
def test_nor_where_relay_or_client_name_the_other_network(more: dict[int, bytes]) -> None:
    assert AWAY == answer_at(system(more=more))


def test_a_relay_within_the_network_of_the_record_changes_nothing() -> None:
    reply = answer_at(system(giaddr=IPv4Address("192.168.1.254")))
    assert isinstance(reply, Message)
    assert ADDRESS == reply.yiaddr


STRAY = "no network of ours has 10.0.0.1, where it asks from"


@pytest.mark.parametrize("make", [system, rom, ipxe])
@pytest.mark.parametrize("kind", [MessageType.DISCOVER, REQUEST, MessageType.INFORM])
def test_nothing_goes_to_a_relay_in_a_network_that_is_none_of_ours(
    make: Callable[..., Message], kind: MessageType
) -> None:
    for where in (SITE, site(subnets=(Subnet(network=HERE),)), site(network=HERE)):
        assert STRAY == answer_at(make(kind, giaddr=RELAY), where)


def test_nor_where_it_claims_to_ask_for_a_network_of_ours() -> None:
    named = {82: b"\5\4" + ADDRESS.packed}
    assert STRAY == answer_at(system(giaddr=RELAY, more=named), site(network=HERE))


@pytest.mark.parametrize(
    "more", [{82: b"\5\4" + RELAY.packed}, {118: RELAY.packed}], ids=["82.5", "118"]
)
def test_nor_is_a_network_that_is_none_of_ours_asked_for_from_near(more: dict[int, bytes]) -> None:
    near = IPv4Address("192.168.1.254")
    assert STRAY == answer_at(system(giaddr=near, more=more), site(network=HERE))
    assert STRAY == answer_at(system(more=more), site(network=HERE))


def test_where_all_that_is_known_of_a_relay_is_that_it_is_near_the_record_counts() -> None:
    reply = answer_at(system(giaddr=RELAY), BEHIND)
    assert isinstance(reply, Message)
    assert ADDRESS == reply.yiaddr


def test_several_networks_may_share_our_own_wire() -> None:
    where = site(network=THERE, server=IPv4Address("10.0.0.1"), subnets=(Subnet(network=THERE),))
    reply = answer_at(system(), where)
    assert isinstance(reply, Message)
    assert ADDRESS == reply.yiaddr


def test_a_system_that_kept_the_address_of_another_network_is_told_so() -> None:
    lost = system(REQUEST, more=wants(ADDRESS), giaddr=RELAY)
    reply = answer_at(lost)
    assert isinstance(reply, Message)
    assert MessageType.NAK is reply.kind
    for make in (rom, ipxe, http_firmware):
        assert AWAY == answer_at(make(REQUEST, more=wants(ADDRESS), giaddr=RELAY))


def test_a_system_that_asks_for_an_address_of_where_it_is_may_have_it_from_others() -> None:
    assert AWAY == answer_at(system(REQUEST, more=wants(THEIRS), giaddr=RELAY))


# --- beside other servers


@pytest.mark.parametrize("more", [WRONG["init-reboot"], None], ids=["init-reboot", "renewing"])
def test_where_others_give_addresses_nobody_gets_a_nak(more: dict[int, bytes] | None) -> None:
    message = system(REQUEST, more=more, ciaddr=IPv4Address(0) if more else OTHER)
    why = "its record has 192.168.1.10, it asks for 192.168.1.99, and others give addresses here,"
    assert f"{why} too" == answer_at(message, site(authoritative=False))


def test_but_who_took_our_offer_waits_for_our_word() -> None:
    # RFC 2131 §3.1, step 4: the server that was selected says NAK, authoritative or not.
    reply = answer_at(system(REQUEST, more=WRONG["selecting"]), site(authoritative=False))
    assert isinstance(reply, Message)
    assert MessageType.NAK is reply.kind


FIRMWARE = [b"PXEClient:Arch:00022:UNDI:003000", b"PXEClient\xff\xfe", b"HTTPClient\xff"]


@pytest.mark.parametrize("vendor_class", FIRMWARE)
def test_nor_does_what_calls_itself_firmware_whatever_it_is_taken_for(vendor_class: bytes) -> None:
    # 22 is U-Boot, which gets what a system gets, as it finds its boot file by itself.
    more = {60: vendor_class, 93: b"\0\x16", **wants(OTHER, SERVER)}
    reply = answer_at(system(REQUEST, more=more), SITE)
    assert isinstance(reply, Message)
    assert (MessageType.ACK, ADDRESS) == (reply.kind, reply.yiaddr)


# --- a relay that stands in for us (RFC 5107)

INSTEAD = IPv4Address("10.0.0.2")
OVERRIDE = {82: b"\1\1x\x0b\4" + INSTEAD.packed}


@pytest.mark.parametrize("kind", [MessageType.DISCOVER, MessageType.INFORM])
def test_a_relay_may_be_the_server_identifier(kind: MessageType) -> None:
    reply = answer_at(system(kind, more=OVERRIDE, giaddr=RELAY), BEHIND)
    assert isinstance(reply, Message)
    assert (INSTEAD, OVERRIDE[82]) == (reply.get(options.SERVER_ID), reply.options[82])


def test_a_nak_has_it_too() -> None:
    reply = answer_at(system(REQUEST, more=OVERRIDE | wants(OTHER), giaddr=RELAY), BEHIND)
    assert isinstance(reply, Message)
    assert (MessageType.NAK, INSTEAD) == (reply.kind, reply.get(options.SERVER_ID))


@pytest.mark.parametrize("chosen", [INSTEAD, SERVER])
def test_who_chose_the_relay_s_name_for_us_chose_us(chosen: IPv4Address) -> None:
    reply = answer_at(system(REQUEST, more=OVERRIDE | wants(ADDRESS, chosen), giaddr=RELAY), BEHIND)
    assert isinstance(reply, Message)
    assert MessageType.ACK is reply.kind


def test_only_a_relay_may_rename_us() -> None:
    reply = answer_at(system(more=OVERRIDE), SITE)
    assert isinstance(reply, Message)
    assert SERVER == reply.get(options.SERVER_ID)
    message = system(REQUEST, more=OVERRIDE | wants(ADDRESS, INSTEAD))
    assert "the client took the offer of 10.0.0.2" == answer_at(message, SITE)


@pytest.mark.parametrize("raw", [b"\x0b\4\0\0\0\0", b"\x0b\3\1\2\3", b"\x0b"])
def test_an_override_that_is_no_address_is_none(raw: bytes) -> None:
    reply = answer_at(system(more={82: raw}, giaddr=RELAY), BEHIND)
    assert isinstance(reply, Message)
    assert SERVER == reply.get(options.SERVER_ID)
