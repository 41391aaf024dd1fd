"""Who asks for a file, where somebody else gives the addresses."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType

import msgspec
import pytest
from tests.policy.made import ADDRESS, MAC, SITE, known, rom

from boots.app.answers import Answers
from boots.app.seen import Seen
from boots.app.world import World
from boots.machines.index import Index
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.wire import options
from boots.wire.dhcp import BOOTREPLY, Message
from boots.wire.options import MessageType

HERE = IPv4Network("192.168.1.0/24")
THEIRS = IPv4Address("192.168.1.100")
SECOND = Mac("52:54:00:12:34:57")


def request(mac: Mac = MAC, address: IPv4Address = THEIRS) -> Message:
    """The broadcast by which a client takes another server's offer."""
    other = {options.SERVER_ID.code: IPv4Address("192.168.1.2").packed, 50: address.packed}
    chaddr = bytes.fromhex(mac.replace(":", ""))
    return rom(MessageType.REQUEST, more=other, chaddr=chaddr)


def second() -> Known:
    """A machine whose record has no address."""
    made = known(reserved=None)
    interface = msgspec.structs.replace(made.interface, mac=SECOND)
    return msgspec.structs.replace(made, interface=interface)


def answers(**changes: object) -> Answers:
    first = known()
    by_mac = {MAC: first, SECOND: second()}
    index = replace(Index(), by_mac=by_mac, by_address={ADDRESS: first})
    site: Site = msgspec.structs.replace(SITE, **{"network": HERE, **changes})
    return Answers(World(index, {"lan0": site}))


def asks(made: Answers, address: IPv4Address) -> str:
    return made.fetch("lan0", tftp=True)("undionly.kpxe", address).mac


@pytest.mark.parametrize(
    "changes", [{"mode": Mode.PROXY}, {"shadow": True}], ids=["proxy", "shadow"]
)
def test_a_machine_is_known_by_the_address_that_it_took(changes: dict[str, object]) -> None:
    made = answers(**changes)
    assert "" == asks(made, THEIRS)

    made.dhcp("lan0")(request())

    assert MAC == asks(made, THEIRS)


def test_port_4011_tells_who_has_an_address() -> None:
    made = answers(mode=Mode.PROXY)

    made.dhcp("lan0", proxy=True)(rom(MessageType.REQUEST, ciaddr=THEIRS))

    assert MAC == asks(made, THEIRS)


def test_the_address_of_a_record_stays_its_machines_whatever_another_says() -> None:
    made = answers(mode=Mode.PROXY)

    made.dhcp("lan0")(request(SECOND, ADDRESS))

    assert MAC == asks(made, ADDRESS)


def test_an_address_stays_for_ten_minutes_with_the_machine_that_spoke_last() -> None:
    moments = [0.0, 600.0, 601.0, 1199.0, 1201.0]
    seen = Seen(iter(moments).__next__)
    seen.learn(request())
    seen.learn(request())
    for _ in range(2):
        seen.learn(request(SECOND))
        assert MAC == seen.at(THEIRS)
    seen.learn(request(SECOND))
    assert SECOND == seen.at(THEIRS)


def test_for_a_day_an_address_that_two_have_claimed_is_nobodys_alone() -> None:
    now = [0.0]
    seen = Seen(lambda: now[0])
    seen.learn(request())
    assert MAC == seen.alone_at(THEIRS)
    seen.learn(request(SECOND))
    assert None is seen.alone_at(THEIRS)
    now[0] = 86_399.0
    assert None is seen.alone_at(THEIRS)
    now[0] = 86_400.0
    assert MAC == seen.alone_at(THEIRS)


def test_where_we_give_the_addresses_nothing_is_learned() -> None:
    made = answers()

    made.dhcp("lan0")(request())

    assert "" == asks(made, THEIRS)


@pytest.mark.parametrize(
    "message",
    [
        rom(more={50: THEIRS.packed}),
        rom(MessageType.RELEASE, ciaddr=THEIRS),
        replace(request(), op=BOOTREPLY),
        replace(request(), chaddr=bytes(8)),
        replace(request(), options=MappingProxyType({53: b"\3"})),
    ],
    ids=["a DISCOVER", "a RELEASE", "a reply", "no Ethernet", "no address"],
)
def test_what_does_not_take_an_address_teaches_nothing(message: Message) -> None:
    seen = Seen()
    seen.learn(message)

    assert None is seen.at(THEIRS)
