"""Which address a message gets: the states of a client in RFC 2131 §4.3.2, over reservations."""

from ipaddress import IPv4Address

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
    system,
)

from boots.model.machine import Known
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
