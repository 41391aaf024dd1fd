"""In pool mode: who asks with another's MAC, and what is told of machines without a record."""

import socket
from collections.abc import Iterator
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from tests.app.pools import ONE, REMOTE, TWO, Bench
from tests.app.runs.yard import inventory
from tests.attacks.lan import NEIGHBOUR, UNUSED, VICTIM, Lan, on_lan
from tests.policy import made

from boots.journal import events
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.site import Mode, Profile
from boots.policy.got import Refusal
from boots.serve.dhcp import DhcpDoor
from boots.wire import dhcp, options
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

STRANGER = "52:54:00:00:00:09"
SEEN = IPv4Address("192.168.1.50")
SEED = {"osie": Profile(name="osie", templates={"preseed.cfg": "password"})}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, unknown="osie", profiles=SEED)
    yield bench
    bench.close()


def says(mac: Mac, kind: MessageType = MessageType.DISCOVER, **more: Any) -> Message:
    return made.rom(kind, chaddr=macs.to_bytes(mac), **more)


def leased(bench: Bench, mac: Mac, **header: Any) -> IPv4Address:
    address = bench.given(says(mac, **header))
    assert address is not None
    more = {options.REQUESTED_ADDRESS.code: address.packed}
    assert address == bench.given(says(mac, MessageType.REQUEST, more=more, **header))
    return address


@pytest.mark.parametrize("kind", [MessageType.DISCOVER, MessageType.REQUEST])
def test_who_leases_an_address_is_no_relay_for_anothers_mac(bench: Bench, kind: Any) -> None:
    own = leased(bench, TWO)
    wanted = {options.REQUESTED_ADDRESS.code: b"\xc0\xa8\x01\x68"}
    asked = says(ONE, kind, giaddr=own, more=wanted)
    assert bench.given(asked) is None
    assert f"its relay's address {own} is a machine's" == bench.answer(asked).why


def test_nor_is_whose_record_has_it(bench: Bench) -> None:
    bench.records(m525400000002=IPv4Address("10.9.0.200"))
    assert bench.given(says(ONE, giaddr=IPv4Address("10.9.0.200"))) is None
    assert bench.given(says(ONE, giaddr=IPv4Address("10.9.0.254"))) in REMOTE.network


def test_a_gateway_is_a_relay_also_with_a_record(bench: Bench) -> None:
    bench.records(m525400000002=IPv4Address("192.168.1.102"))
    assert bench.given(says(ONE, giaddr=IPv4Address("192.168.1.102"))) is not None


def test_of_a_stranger_only_who_has_its_lease_gets_and_tells_anything(bench: Bench) -> None:
    own, another = leased(bench, ONE), leased(bench, TWO)
    fetch = bench.answers.fetch("lan0", tftp=False)
    assert "" == fetch(f"/{ONE}/agent", own).elsewhere
    assert not isinstance(fetch(f"/{ONE}/preseed.cfg", own).what, Refusal)
    for at in (another, UNUSED):
        assert str(at) in fetch(f"/{ONE}/agent", at).elsewhere
        assert isinstance(fetch(f"/{ONE}/preseed.cfg", at).what, Refusal)


@pytest.fixture
def door(bench: Bench) -> Iterator[DhcpDoor]:
    """What hears of whom a packet comes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        made = DhcpDoor(
            sock,
            "lan0",
            bench.answers.dhcp("lan0"),
            bench.told.append,
            is_machines=partial(bench.answers.is_machines, "lan0"),
        )
        yield made
        made._replies.close()


def gives_back(kind: MessageType, address: IPv4Address, relay: IPv4Address) -> bytes:
    if kind is MessageType.RELEASE:
        return dhcp.encode(says(ONE, kind, ciaddr=address, giaddr=relay))
    more = {options.REQUESTED_ADDRESS.code: address.packed}
    return dhcp.encode(says(ONE, kind, giaddr=relay, more=more))


@pytest.mark.parametrize("kind", [MessageType.RELEASE, MessageType.DECLINE])
def test_no_machine_gives_anothers_lease_back_by_calling_itself_a_relay(
    bench: Bench, door: DhcpDoor, kind: MessageType
) -> None:
    recorded, relay = IPv4Address("192.168.1.60"), IPv4Address("192.168.1.250")
    bench.records(m525400000003=recorded)
    victims, own = leased(bench, ONE), leased(bench, TWO)
    for giaddr in (relay, own, recorded):  # which nobody has; which is a machine's
        for source in (own, recorded):
            door.handle(gives_back(kind, victims, giaddr), (str(source), 67))
    for giaddr in (own, recorded):
        door.handle(gives_back(kind, victims, giaddr), (str(relay), 67))
        bench.answer(dhcp.decode(gives_back(kind, victims, giaddr)))
    door.handle(gives_back(kind, victims, relay), ())  # of a storm it is not known who sends
    assert ONE == bench.leasing.holder(victims)
    assert 9 == len([each for each in bench.told if isinstance(each, events.DhcpIgnored)])


@pytest.mark.parametrize("source", ["192.168.1.250", "192.168.1.102", "172.16.0.1"])
def test_a_relay_may_from_whichever_of_its_addresses(
    bench: Bench, door: DhcpDoor, source: str
) -> None:
    gateway = IPv4Address("192.168.1.102")
    bench.records(m525400000003=gateway)  # a router may have a record
    victims = leased(bench, ONE)
    door.handle(gives_back(MessageType.RELEASE, victims, gateway), (source, 67))
    assert bench.leasing.holder(victims) is None


async def tells_from_anywhere(lan: Lan) -> None:
    for at in (NEIGHBOUR, UNUSED):
        assert 403 == (await lan.ask(at, f"/{STRANGER}/agent/v1/inventory", inventory()))[0]
    assert [] == lan.heard(events.InventoryReported)
    assert [STRANGER, STRANGER] == [each.mac for each in lan.heard(events.ImpostorRefused)]


test_an_inventory_of_a_stranger_without_a_lease_makes_no_record = on_lan(
    tells_from_anywhere, mode=Mode.POOL, unknown="osie"
)


async def tells_from_anothers(lan: Lan) -> None:
    hear = lan.answers.dhcp("lan0")
    hear(says(Mac(VICTIM), MessageType.REQUEST, more={50: SEEN.packed}))
    hear(says(Mac(STRANGER), MessageType.REQUEST, more={50: UNUSED.packed}))
    for at, mac in ((NEIGHBOUR, STRANGER), (SEEN, STRANGER), (UNUSED, "52:54:00:00:00:0a")):
        assert 403 == (await lan.ask(at, f"/{mac}/agent/v1/inventory", inventory()))[0]
    assert [] == lan.heard(events.InventoryReported)
    assert 200 == (await lan.ask(UNUSED, f"/{STRANGER}/agent/v1/inventory", inventory()))[0]


test_beside_another_server_nobody_tells_of_a_stranger_from_an_address_of_anothers = on_lan(
    tells_from_anothers, mode=Mode.AUTO_PROXY, unknown="osie"
)


def test_who_leases_the_address_that_a_record_names_since_is_not_its_machine(bench: Bench) -> None:
    own = leased(bench, TWO)
    bench.records(m525400000001=own, m525400000002=None)
    fetch = bench.answers.fetch("lan0", tftp=False)
    assert f"still leased to {TWO}" in fetch(f"/{ONE}/agent", own).elsewhere
    assert isinstance(fetch(f"/{ONE}/preseed.cfg", own).what, Refusal)
    assert TWO == bench.answers.owners.mac_of(own)
    bench.now += bench.world.sites["lan0"].netboot_lease_time + 1  # its lease is over
    assert "" == fetch(f"/{ONE}/agent", own).elsewhere
    assert not isinstance(fetch(f"/{ONE}/preseed.cfg", own).what, Refusal)


def test_the_lease_of_a_machine_whose_record_names_it_since_is_its_own(bench: Bench) -> None:
    own = leased(bench, ONE)
    bench.records(m525400000001=own)
    assert "" == bench.answers.fetch("lan0", tftp=False)(f"/{ONE}/agent", own).elsewhere


def test_metadata_by_address_is_then_that_of_who_leases_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, token_key=b"a key", metadata_by_address=True)
    own = leased(bench, TWO)
    bench.records(m525400000001=own, m525400000002=None)
    given = bench.answers.fetch("lan0", tftp=False)("/nocloud/meta-data", own)
    bench.close()
    assert TWO == given.mac
