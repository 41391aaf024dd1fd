"""Law 12: no DHCP answer leaves for a network that is none of ours, whatever a message names."""

import dataclasses
from ipaddress import IPv4Address, IPv4Network

import msgspec
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.laws import strategies

from boots.model.machine import Known
from boots.model.site import Mode, Site, Subnet
from boots.policy import client as clients
from boots.policy.answer import answer
from boots.policy.destination import EVERYONE
from boots.wire.dhcp import Message

laws = settings(
    database=None,
    max_examples=100,
    phases=(Phase.explicit, Phase.generate),  # to make a failing example smaller takes minutes
)

OURS = (IPv4Network("192.168.1.0/24"), IPv4Network("10.9.0.0/24"))
ADDRESSES = st.sampled_from(
    [
        IPv4Address(each)
        for each in (
            *("0.0.0.0", "192.168.1.9", "10.9.0.254", "203.0.113.1", "8.8.8.8", "10.9.1.1"),
            *("255.255.255.255", "224.0.0.1", "127.0.0.1", "192.168.1.255"),
        )
    ]
)
LINKS = ADDRESSES.map(lambda each: b"\5\4" + each.packed) | st.sampled_from([b"", b"\1\1x", b"\5"])


@laws
@given(
    message=strategies.booting,
    known=strategies.knowns(),
    mode=st.sampled_from([each for each in Mode if each is not Mode.OFF]),
    port_4011=st.booleans(),
    data=st.data(),
)
def test_an_answer_goes_to_everybody_here_or_to_an_address_of_ours(
    message: Message, known: Known, mode: Mode, *, port_4011: bool, data: st.DataObject
) -> None:
    site = msgspec.structs.replace(
        data.draw(strategies.sites()),
        mode=mode,
        network=OURS[0],
        subnets=tuple(Subnet(network=network) for network in OURS),
    )
    named = {82: data.draw(LINKS), 118: data.draw(ADDRESSES).packed, 54: b""}
    chosen = data.draw(st.sets(st.sampled_from([82, 118])))
    asked = dataclasses.replace(
        message,
        giaddr=data.draw(ADDRESSES),
        ciaddr=data.draw(ADDRESSES),
        options={**message.options, **{code: named[code] for code in chosen}},
    )
    found = answer(
        asked, clients.from_dhcp(asked, site.quirks), known, site, proxy=port_4011 and mode.proxies
    )
    if found.reply is None or found.to is None:
        return
    assert found.to.address == EVERYONE or any(
        found.to.address in network for network in near(known, site)
    )
    assert not int(asked.giaddr) or any(asked.giaddr in network for network in near(known, site))
    assert found.to.address == EVERYONE or found.to.address not in everybody(known, site)


def near(known: Known, site: Site) -> list[IPv4Network]:
    own = known.interface.reservation
    record = [IPv4Network((own.address, own.prefix), strict=False)] if own else []
    return [*(subnet.network for subnet in site.subnets), *record]


def everybody(known: Known, site: Site) -> list[IPv4Address]:
    """What is heard by all hosts of a network, which one forged relay shall not have us disturb."""
    return [network.broadcast_address for network in near(known, site) if network.prefixlen < 31]
