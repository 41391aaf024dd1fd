"""One forged datagram to the DHCP door, where others give addresses: what it may not come to."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.attacks.lan import HOSTILE, NEIGHBOUR, OUTSIDE, OWN, UNUSED, VICTIM, Lan, on_lan
from tests.policy import made

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.site import Mode
from boots.policy.got import Ground, Refusal
from boots.wire import options
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

REQUEST = MessageType.REQUEST
WITH = [{"mode": Mode.PROXY}, {"mode": Mode.AUTO_PROXY}, {"shadow": True}]
NAMES = ["proxy", "auto-proxy", "shadow"]
TAKEN = IPv4Address("192.168.1.50")
FOREIGN = "52:54:00:ff:ff:ff"


def says(mac: str, kind: MessageType = REQUEST, **header: Any) -> Message:
    return made.rom(kind, chaddr=macs.to_bytes(Mac(mac)), **header)


def asks_for(mac: str, address: IPv4Address) -> Message:
    return says(mac, more={options.REQUESTED_ADDRESS.code: address.packed})


def got(lan: Lan, at: IPv4Address, name: str) -> Any:
    return lan.answers.fetch("lan0", tftp=True)(name, at).what


async def opens(lan: Lan) -> None:
    await lan.provision()
    hear = lan.answers.dhcp("lan0")
    for giaddr in (made.NOWHERE, IPv4Address("8.8.8.8"), NEIGHBOUR):
        hear(says(VICTIM, ciaddr=OUTSIDE, giaddr=giaddr))
        hear(says(VICTIM, MessageType.INFORM, ciaddr=OUTSIDE, giaddr=giaddr))
    hear(asks_for(VICTIM, OUTSIDE))
    for name in ("undionly.kpxe", f"{VICTIM}/auto.ipxe"):
        what = got(lan, OUTSIDE, name)
        assert isinstance(what, Refusal)
        assert what.ground is Ground.OUTSIDE
    assert 403 == (await lan.ask(OUTSIDE, f"/{VICTIM}/auto.ipxe"))[0]


@pytest.mark.parametrize("changes", WITH, ids=NAMES)
def test_no_address_outside_is_reached_by_it(changes: dict[str, Any], tmp_path: Any) -> None:
    on_lan(opens, **changes)(tmp_path)


async def locks_out(lan: Lan) -> None:
    await lan.provision()
    hear = lan.answers.dhcp("lan0")
    for mac in (HOSTILE, FOREIGN):
        hear(says(mac, ciaddr=OWN))
        hear(asks_for(mac, OWN))
    status, text = await lan.ask(OWN, f"/{VICTIM}/auto.ipxe")
    assert 200 == status
    assert "boots.ticket=" in text


@pytest.mark.parametrize("changes", WITH, ids=NAMES)
def test_it_takes_no_address_from_the_machine_whose_record_has_it(
    changes: dict[str, Any], tmp_path: Any
) -> None:
    on_lan(locks_out, **changes)(tmp_path)


async def takes_over(lan: Lan) -> None:
    await lan.provision()
    lan.answers.dhcp("lan0")(says(VICTIM, ciaddr=NEIGHBOUR))
    status, text = await lan.ask(NEIGHBOUR, f"/{VICTIM}/auto.ipxe")
    assert 403 == status
    assert "boots.ticket=" not in text


@pytest.mark.parametrize("changes", WITH, ids=NAMES)
def test_it_makes_no_ones_own_address_anothers(changes: dict[str, Any], tmp_path: Any) -> None:
    on_lan(takes_over, **changes)(tmp_path)


@pytest.mark.parametrize("first", [VICTIM, FOREIGN], ids=["the machine first", "the liar first"])
def test_it_keeps_out_no_machine_from_an_address_that_only_its_word_says_is_its(
    first: str, tmp_path: Any
) -> None:
    async def claims(lan: Lan) -> None:
        await lan.provision()
        hear = lan.answers.dhcp("lan0")
        for mac in (first, VICTIM if first == FOREIGN else FOREIGN):
            hear(asks_for(mac, TAKEN))
        assert "boots.ticket=" in (await lan.ask(TAKEN, f"/{VICTIM}/auto.ipxe"))[1]

    on_lan(claims, mode=Mode.PROXY)(tmp_path)


async def is_seen(lan: Lan) -> None:
    await lan.provision()
    lan.answers.dhcp("lan0")(asks_for(HOSTILE, TAKEN))
    assert 403 == (await lan.ask(TAKEN, f"/{VICTIM}/auto.ipxe"))[0]
    assert 200 == (await lan.ask(UNUSED, f"/{VICTIM}/auto.ipxe"))[0]


test_who_took_an_address_and_told_of_it_gets_no_ticket_of_anothers_there = on_lan(
    is_seen, mode=Mode.PROXY
)
