"""One message in, one answer out."""

from ipaddress import IPv4Address

import pytest
from tests.policy.made import (
    ADDRESS,
    EVERYONE,
    NOWHERE,
    OTHER,
    SERVER,
    SITE,
    answered,
    http_firmware,
    ipxe,
    known,
    replied,
    request,
    reservation,
    rom,
    site,
    system,
)

from boots.model.machine import Known, Netboot
from boots.policy.answer import answer
from boots.policy.boot import Load
from boots.policy.destination import Destination
from boots.wire import options
from boots.wire.dhcp import BOOTREPLY, Message
from boots.wire.options import MessageType

KINDS = {
    "DISCOVER": (MessageType.DISCOVER, MessageType.OFFER),
    "REQUEST": (MessageType.REQUEST, MessageType.ACK),
    "INFORM": (MessageType.INFORM, MessageType.ACK),
}


@pytest.mark.parametrize(("kind", "reply"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("make", [rom, ipxe, http_firmware, system])
def test_what_a_kind_of_message_gets(
    make: type[Message], kind: MessageType, reply: MessageType
) -> None:
    assert reply is replied(make(kind), known()).kind


SILENCE = {
    "no record": (rom(), None, "no record has this MAC"),
    "DHCP off": (rom(), known(dhcp=False), "DHCP is off for this interface"),
    "no address": (rom(), known(reserved=None), "its record has no address"),
    "BOOTP": (request(None), known(), "BOOTP without DHCP is not served"),
    "an unreadable kind": (
        request(None, more={53: b"\1\1"}),
        known(),
        "BOOTP without DHCP is not served",
    ),
    "RELEASE": (system(MessageType.RELEASE), known(), "RELEASE gets no answer"),
    "DECLINE": (system(MessageType.DECLINE), known(), "DECLINE gets no answer"),
    "a server's message": (system(MessageType.OFFER), known(), "OFFER gets no answer"),
    "a reply": (system(op=BOOTREPLY), known(), "not a request of an Ethernet client"),
    "a relay that is a group": (
        rom(giaddr=IPv4Address("224.0.0.1")),
        known(),
        "its relay's address 224.0.0.1 cannot be one machine's",
    ),
    "a relay that is this host": (
        rom(giaddr=IPv4Address("127.0.0.1")),
        known(reserved=None),
        "its relay's address 127.0.0.1 cannot be one machine's",
    ),
    "a relay that is everyone": (
        rom(giaddr=EVERYONE),
        known(),
        "its relay's address 255.255.255.255 cannot be one machine's",
    ),
    "a relay that is everyone there": (
        rom(giaddr=IPv4Address("192.168.1.255")),
        known(),
        "its relay's address 192.168.1.255 cannot be one machine's",
    ),
    "no Ethernet": (system(chaddr=bytes(8)), known(), "not a request of an Ethernet client"),
}


@pytest.mark.parametrize(("message", "machine", "why"), SILENCE.values(), ids=SILENCE)
def test_silence_has_a_reason(message: Message, machine: Known | None, why: str) -> None:
    found = answered(message, machine)
    assert (None, None, why) == (found.reply, found.to, found.why)


def test_an_answer_carries_both_reasons() -> None:
    found = answered(rom(), known())
    assert ("bios loads undionly.kpxe over TFTP", "its record has the address") == (
        found.why,
        found.address_why,
    )
    assert isinstance(found.decision, Load)


def test_with_netboot_off_the_address_is_given_all_the_same() -> None:
    reply = replied(rom(), known(Netboot(allowed=False)))
    assert (MessageType.OFFER, ADDRESS) == (reply.kind, reply.yiaddr)


def test_a_nak_has_no_decision() -> None:
    message = system(MessageType.REQUEST, more={50: OTHER.packed})
    found = answered(message, known())
    assert (None, "its record has 192.168.1.10, it asks for 192.168.1.99") == (
        found.decision,
        found.why,
    )


# --- INFORM: RFC 2131 §4.3.5


def test_an_inform_gets_settings_without_a_lease() -> None:
    reply = replied(system(MessageType.INFORM, ciaddr=OTHER), known())
    assert (OTHER, NOWHERE) == (reply.ciaddr, reply.yiaddr)
    assert not {51, 58, 59} & set(reply.options)
    assert (IPv4Address("255.255.255.0"), (SERVER,)) == (
        reply.get(options.SUBNET_MASK),
        reply.get(options.ROUTER),
    )


def test_an_inform_is_answered_at_the_address_it_comes_from() -> None:
    found = answered(system(MessageType.INFORM, ciaddr=OTHER), known())
    assert Destination(OTHER, 68, source=SERVER) == found.to


def test_an_inform_that_forgot_its_address_is_answered_to_all() -> None:
    found = answered(system(MessageType.INFORM), known())
    assert Destination(EVERYONE, 68, source=SERVER) == found.to


def test_an_inform_of_firmware_gets_its_boot_file() -> None:
    assert b"undionly.kpxe" == replied(rom(MessageType.INFORM, ciaddr=ADDRESS), known()).file


def test_an_inform_of_a_machine_without_address_gets_no_network() -> None:
    reply = replied(system(MessageType.INFORM, ciaddr=OTHER), known(reserved=None))
    assert [53, 54] == list(reply.options)


# --- nothing but the arguments


def test_the_same_question_has_the_same_answer() -> None:
    message, machine = ipxe(), known(reserved=reservation(host_name="node-1"))
    client = answered(message, machine).client
    where = site(syslog=SERVER)
    assert answer(message, client, machine, where) == answer(message, client, machine, where)
    assert SITE != where
