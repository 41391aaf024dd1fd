"""Who is asking: known by a record, a lease, or only seen, and what each of them opens."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import msgspec
from tests.policy import made

from boots.app.answers import Answers
from boots.app.world import World
from boots.machines.index import build
from boots.model.bmc import Bmc
from boots.model.machine import Metadata
from boots.model.site import Iso, Mode
from boots.policy.got import Ground, Refusal, Rendered
from boots.wire import options
from boots.wire.options import MessageType

HERE = IPv4Network("192.168.1.0/24")
ELSEWHERE = IPv4Address("192.168.1.77")
USER_DATA = "2009-04-04/user-data"


def answers(**changes: Any) -> Answers:
    known = made.known(metadata=Metadata(user_data="#cloud-config"))
    index, faults = build([known.machine])
    assert [] == faults
    return Answers(World(index, {"lan0": made.site(token_key=b"k" * 32, **changes)}))


def takes(found: Answers, address: IPv4Address) -> None:
    """The machine asks for an address by DHCP."""
    wanted = {options.REQUESTED_ADDRESS.code: address.packed}
    found.dhcp("lan0")(made.rom(MessageType.REQUEST, more=wanted))


def test_the_address_of_a_record_opens_its_metadata() -> None:
    got = answers().fetch("lan0", tftp=False)(USER_DATA, made.ADDRESS).what
    assert isinstance(got, Rendered)
    assert b"#cloud-config" == got.content


def test_an_address_that_a_machine_was_only_seen_to_take_opens_files_and_no_metadata() -> None:
    found = answers(mode=Mode.PROXY, network=HERE)
    takes(found, ELSEWHERE)

    fetch = found.fetch("lan0", tftp=False)

    assert made.MAC == fetch("undionly.kpxe", ELSEWHERE).mac
    assert isinstance(fetch(USER_DATA, ELSEWHERE).what, Refusal)


def test_a_disc_is_for_machines_with_a_record() -> None:
    disc = Iso(enabled=True, url="http://192.168.1.2/hook.iso")
    images = answers(mode=Mode.AUTO_PROXY, iso=disc).images("lan0")
    assert not isinstance(images(f"/iso/{made.MAC}/hook.iso", made.ADDRESS).what, Refusal)
    assert isinstance(images("/iso/52:54:00:12:34:57/hook.iso", made.ADDRESS).what, Refusal)


def test_a_disc_is_for_our_networks_and_the_bmc_of_a_record() -> None:
    bmc, other = IPv4Address("10.9.0.5"), IPv4Address("10.9.0.6")
    machine = msgspec.structs.replace(made.known().machine, bmc=Bmc(url=f"ipmi://{bmc}"))
    index, _ = build([machine])
    site = made.site(iso=Iso(enabled=True, url="http://192.168.1.2/hook.iso"))
    images = Answers(World(index, {"lan0": site})).images("lan0")
    path = f"/iso/{made.MAC}/hook.iso"
    refused = images(path, other).what

    assert not isinstance(images(path, bmc).what, Refusal)
    assert isinstance(refused, Refusal)
    assert refused.ground is Ground.OUTSIDE
    assert "networks" in refused.why
    named = msgspec.structs.replace(site, networks=(IPv4Network("10.9.0.0/24"),))
    images = Answers(World(index, {"lan0": named})).images("lan0")
    assert not isinstance(images(path, other).what, Refusal)
