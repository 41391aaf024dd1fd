"""Somebody has the server answer outside its networks: by relays, senders and addresses made up."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from tests.app.desks import KEY
from tests.attacks.lan import OUTSIDE, OWN, UNUSED, VICTIM, Lan, on_lan
from tests.policy import made
from tests.policy.made import known, site

from boots.journal import events
from boots.model.mac import Mac
from boots.model.site import Mode, Subnet
from boots.policy import client as clients
from boots.policy import token
from boots.policy.answer import answer
from boots.policy.got import Ground, Refusal
from boots.policy.reach import reaches
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

HERE, FAR = IPv4Network("192.168.1.0/24"), IPv4Network("203.0.113.0/24")
RELAY, BROADCAST = IPv4Address("192.168.1.254"), IPv4Address("255.255.255.255")
SITE = site(network=HERE, networks=())
MIRROR = IPv4Address("203.0.113.9")


def answered(message: Message, **changes: Any) -> Any:
    where = site(**{"network": HERE, "networks": (), **changes})
    client = clients.from_dhcp(message, where.quirks)
    return answer(message, client, known(), where)


@pytest.mark.parametrize("mode", [Mode.RESERVATION, Mode.POOL, Mode.PROXY, Mode.AUTO_PROXY])
@pytest.mark.parametrize("make", [made.rom, made.ipxe, made.system])
def test_a_relay_that_nobody_named_is_sent_nothing(mode: Mode, make: Any) -> None:
    found = answered(make(giaddr=MIRROR), mode=mode)
    assert found.reply is None
    assert found.to is None


def test_a_relay_of_a_network_that_was_named_is_answered() -> None:
    found = answered(made.rom(giaddr=MIRROR), networks=(FAR,))
    assert MIRROR == found.to.address


def test_a_relay_of_a_subnet_of_ours_is_heard_as_from_there() -> None:
    found = answered(made.rom(giaddr=MIRROR), subnets=(Subnet(network=HERE), Subnet(network=FAR)))
    assert "its record has 192.168.1.10, it asks from 203.0.113.0/24" == found.why


def test_a_forged_option_82_changes_not_where_the_reply_goes() -> None:
    link, server_identifier = b"\5\4" + MIRROR.packed, b"\x0b\4" + MIRROR.packed
    assert answered(made.rom(giaddr=RELAY, more={82: link})).to is None
    assert RELAY == answered(made.rom(giaddr=RELAY, more={82: server_identifier})).to.address


def test_an_address_that_a_client_claims_is_sent_nothing_outside_its_network() -> None:
    found = answered(made.system(MessageType.REQUEST, ciaddr=MIRROR))
    assert MessageType.NAK == found.reply.kind
    assert BROADCAST == found.to.address


@on_lan
async def test_by_http_nothing_is_given_outside(lan: Lan) -> None:
    for name in (f"{VICTIM}/auto.ipxe", "undionly.kpxe", f"{VICTIM}/preseed.cfg"):
        assert 403 == (await lan.ask(OUTSIDE, f"/{name}"))[0]
    said = {"seq": 1, "stage": "idle", "message": ""}
    assert 403 == (await lan.ask(OUTSIDE, f"/{VICTIM}/agent/v1/progress", said))[0]
    assert [] == lan.heard(events.AgentProgressed)


@on_lan
async def test_how_the_server_is_anybody_may_ask(lan: Lan) -> None:
    for name in ("healthcheck", "healthz", "readyz"):
        assert 200 == (await lan.ask(OUTSIDE, f"/{name}"))[0]


@on_lan
async def test_a_token_that_was_read_opens_nothing_outside(lan: Lan) -> None:
    path = f"/{token.of(Mac(VICTIM), KEY)}/nocloud/meta-data"
    assert 200 == (await lan.ask(OWN, path))[0]
    status, why = await lan.ask(OUTSIDE, path)
    assert 403 == status
    assert "file-1" not in why
    assert token.of(Mac(VICTIM), KEY) not in str(lan.told)


@on_lan
async def test_by_tftp_nobody_outside_is_told_even_no(lan: Lan) -> None:
    fetch = lan.answers.fetch("lan0", tftp=True)
    got = fetch("undionly.kpxe", OUTSIDE).what
    assert isinstance(got, Refusal)
    assert got.ground is Ground.OUTSIDE
    assert not isinstance(fetch(f"{VICTIM}/undionly.kpxe", UNUSED).what, Refusal)


@on_lan
async def test_an_address_of_a_record_is_known_wherever_it_is(lan: Lan) -> None:
    fetch = lan.answers.fetch("lan0", tftp=True)
    assert not isinstance(fetch("undionly.kpxe", OWN).what, Refusal)


def test_with_dhcp_off_and_nothing_said_of_networks_machines_may_be_anywhere() -> None:
    assert reaches(MIRROR, site(network=HERE, networks=(), mode=Mode.OFF))
    named = site(network=HERE, networks=(IPv4Network("10.0.0.0/8"),), mode=Mode.OFF)
    assert not reaches(MIRROR, named)
    assert not reaches(MIRROR, SITE)
