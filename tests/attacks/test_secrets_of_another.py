"""One machine wants another's secrets: its ticket, token, user data, its installer's files."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.app.desks import KEY
from tests.attacks.lan import HOSTILE, NEIGHBOUR, OWN, PASSWORD, UNUSED, VICTIM, Lan, on_lan
from tests.policy import made
from tests.policy.made import known, site

from boots.app.world import World
from boots.journal import events
from boots.machines import lookup
from boots.machines.packing import pack
from boots.model.mac import Mac, to_bytes
from boots.model.machine import Netboot, RaspberryPi
from boots.model.site import Iso, Mode, Profile
from boots.policy import token
from boots.policy.boot import fetch
from boots.policy.got import Refusal
from boots.policy.home import is_private
from boots.policy.iso import Image


@on_lan
async def test_the_machine_itself_gets_its_ticket(lan: Lan) -> None:
    await lan.provision()
    status, text = await lan.ask(OWN, f"/{VICTIM}/auto.ipxe")
    assert 200 == status
    assert "boots.ticket=" in text


@on_lan
async def test_a_machine_with_anothers_mac_in_the_url_gets_no_ticket_of_it(lan: Lan) -> None:
    await lan.provision()
    for at in (NEIGHBOUR, UNUSED):
        for name in ("auto.ipxe", "grub/grub.cfg", "pxelinux.cfg/default"):
            status, text = await lan.ask(at, f"/{VICTIM}/{name}")
            assert "boots.ticket=" not in text
            assert 403 == status or VICTIM not in text, text
    assert {VICTIM} == {each.mac for each in lan.heard(events.ImpostorRefused)}


@on_lan
async def test_a_token_goes_to_no_other_address(lan: Lan) -> None:
    url = token.url(lan.answers.world.index.by_mac[Mac(VICTIM)], lan.answers.world.sites["lan0"])
    for at, wanted in ((OWN, 200), (NEIGHBOUR, 403), (UNUSED, 403)):
        status, text = await lan.ask(at, f"/{VICTIM}/seed.ipxe")
        assert wanted == status
        assert (url in text) is (at == OWN)


@on_lan
async def test_a_file_with_a_password_in_it_goes_to_no_other_address(lan: Lan) -> None:
    assert (200, PASSWORD) == await lan.ask(OWN, f"/{VICTIM}/preseed.cfg")
    for at in (NEIGHBOUR, UNUSED):
        status, text = await lan.ask(at, f"/{VICTIM}/preseed.cfg")
        assert 403 == status
        assert "$6$" not in text


def runs(**profile: Any) -> dict[str, Any]:
    return {"profiles": {"osie": Profile(name="osie", **profile)}}


async def _its_own_alone(lan: Lan) -> None:
    for at, wanted in ((OWN, 200), (NEIGHBOUR, 403), (UNUSED, 403)):
        assert wanted == (await lan.ask(at, f"/{VICTIM}/auto.ipxe"))[0]
    assert 200 == (await lan.ask(NEIGHBOUR, f"/{VICTIM}/autoexec.ipxe"))[0]


@pytest.mark.parametrize(
    "profile",
    [
        {"script": "echo {{ values.password | default('none') }}"},
        {"script": "echo {{ metadata.user_data | length }}"},
        {"script": "{% set mine = record %}echo {{ mine.name }}"},
        {"script": "chain {{ nocloud }}script.ipxe"},
        {"script": "set password hunter2\nkernel http://10.0.0.1/k rootpw=hunter2"},
        {"script": "{{ 'hunter2 hunter3' }}"},  # it is broken, and says of what
        {"kernel": "http://10.0.0.1/k", "args": ("ks={{ values.a | default('x') }}",)},
    ],
    ids=str,
)
def test_a_script_that_may_tell_a_records_values_goes_to_no_other_address(
    profile: dict[str, Any], tmp_path: Path
) -> None:
    on_lan(_its_own_alone, **runs(**profile))(tmp_path)


async def _anybodys(lan: Lan) -> None:
    for at in (OWN, NEIGHBOUR):
        status, text = await lan.ask(at, f"/{VICTIM}/auto.ipxe")
        assert 200 == status
        assert "file-1" in text


test_a_script_that_tells_a_name_is_for_whoever_asks = on_lan(
    _anybodys, **runs(script="echo {{ machine.name }}")
)


@on_lan
async def test_a_records_own_text_goes_to_no_other_address(lan: Lan) -> None:
    """A person wrote it for one machine: no pattern knows all that is a secret."""
    raw = lan.answers.raw
    board = RaspberryPi(serial="1234abcd", config="arm_64bit=1\n# the door is 4711\n")
    for name, own in (
        ("auto.ipxe", Netboot(script="#!ipxe\nset door 4711\n")),
        ("pxelinux.cfg/default", Netboot(pxelinux="default a\nlabel a\n append door 4711")),
        ("1234abcd/config.txt", Netboot(raspberry_pi=board)),
        ("config.txt", Netboot(raspberry_pi=board)),
    ):
        victim = raw.index.by_mac[Mac(VICTIM)].machine
        nic = msgspec.structs.replace(victim.interfaces[0], netboot=own)
        changed = msgspec.structs.replace(victim, interfaces=(nic,))
        others = [each for each in raw.index.machines if each.name != victim.name]
        index = lookup.build(pack([changed, *others], "here"))[0]
        lan.answers.world = World(index, raw.sites, index)
        for at, wanted in ((OWN, 200), (NEIGHBOUR, 403), (UNUSED, 403)):
            status, text = await lan.ask(at, f"/{VICTIM}/{name}")
            assert (wanted, at == OWN) == (status, "4711" in text)
        assert 403 == (await lan.ask(NEIGHBOUR, "/1234ABCD/config.txt"))[0]


@pytest.mark.parametrize(
    ("script", "private"),
    [
        ("set password hunter2", True),
        ("  set net0/password:string hunter2", True),
        ("param --params p api_key hunter2", True),
        ("param password hunter2", True),
        ("set password ${net0/password}", False),
        ("set passwords hunter2", False),
        ("echo set a password", False),
    ],
)
def test_a_profiles_script_that_gives_a_secret_goes_to_its_machines_alone(
    script: str, private: bool
) -> None:
    own = Profile(name="osie", script=f"#!ipxe\n{script}\nshell\n")
    where = site(profiles={"osie": own})
    assert private is is_private(fetch("auto.ipxe", known(), where), known(), where)


@on_lan
async def test_by_tftp_it_is_the_same(lan: Lan) -> None:
    await lan.provision()
    fetch = lan.answers.fetch("lan0", tftp=True)
    for name in ("auto.ipxe", "preseed.cfg"):
        assert isinstance(fetch(f"{VICTIM}/{name}", NEIGHBOUR).what, Refusal)
        assert not isinstance(fetch(f"{VICTIM}/{name}", OWN).what, Refusal)


@on_lan
async def test_autoexec_leads_anybody_to_the_script_and_holds_no_secret(lan: Lan) -> None:
    await lan.provision()
    status, text = await lan.ask(NEIGHBOUR, f"/{VICTIM}/autoexec.ipxe")
    assert 200 == status
    assert "ticket" not in text


@on_lan
async def test_a_forwarded_address_counts_of_a_trusted_proxy_only(lan: Lan) -> None:
    await lan.provision()
    # The door trusts loopback; what an outer client wrote stands left of what the proxy did.
    said = f"{OWN}, {NEIGHBOUR}"
    url = f"{lan.base}/{VICTIM}/auto.ipxe"
    async with lan.client.get(url, headers={"X-Forwarded-For": said}) as answer:
        assert 403 == answer.status


@on_lan
async def test_a_host_header_changes_no_url_of_a_script(lan: Lan) -> None:
    _, plain = await lan.ask(OWN, f"/{VICTIM}/auto.ipxe")
    status, text = await lan.ask(OWN, f"/{VICTIM}/auto.ipxe", Host="evil.example")
    assert (200, plain) == (status, text)


@on_lan
async def test_metadata_by_address_is_that_addresses_own(lan: Lan) -> None:
    for path in ("/2009-04-04/meta-data/hostname", "/nocloud/meta-data"):
        _, mine = await lan.ask(OWN, path)
        _, theirs = await lan.ask(NEIGHBOUR, path)
        assert "file-1" in mine
        assert "file-1" not in theirs
        assert 403 == (await lan.ask(UNUSED, path))[0]


@on_lan
async def test_a_token_of_ones_own_is_none_of_anothers(lan: Lan) -> None:
    own = token.of(Mac(HOSTILE), KEY)
    forged = token.of(Mac(VICTIM), b"another key")
    _, text = await lan.ask(NEIGHBOUR, f"/{own}/nocloud/meta-data")
    assert "file-2" in text
    assert 403 == (await lan.ask(NEIGHBOUR, f"/{forged}/nocloud/meta-data"))[0]


async def looks_on(lan: Lan) -> None:
    await lan.provision()
    fetch = lan.answers.fetch("lan0", tftp=False)
    assert isinstance(fetch(f"/{VICTIM}/auto.ipxe", NEIGHBOUR).what, Refusal)
    assert not isinstance(fetch(f"/{VICTIM}/auto.ipxe", UNUSED).what, Refusal)


test_where_others_give_addresses_only_that_of_another_machine_is_refused = on_lan(
    looks_on, mode=Mode.PROXY
)


async def comes_from_anywhere(lan: Lan) -> None:
    await lan.provision()
    for at in (NEIGHBOUR, UNUSED):
        assert "boots.ticket=" in (await lan.ask(at, f"/{VICTIM}/auto.ipxe"))[1]


test_a_setting_lets_any_address_ask_where_a_nat_is_between = on_lan(
    comes_from_anywhere, any_address=True
)


@on_lan
async def test_a_script_that_somebody_else_looks_at_spends_no_order_and_is_no_part_of_the_story(
    lan: Lan,
) -> None:
    spent: list[str] = []
    lan.answers._leaves = lambda known: spent.append(known.machine.name)
    status, _ = await lan.ask(NEIGHBOUR, f"/{VICTIM}/auto.ipxe")
    assert 200 == status
    assert [] == spent
    assert [""] == [each.mac for each in lan.heard(events.ScriptServed)]
    await lan.ask(OWN, f"/{VICTIM}/auto.ipxe")
    assert ["file-1"] == spent


@on_lan
async def test_who_takes_the_offer_of_another_mac_is_that_machine_to_us(lan: Lan) -> None:
    """Not defended: a MAC and an address that are both taken.  See docs/explain/threats.md."""
    await lan.provision()
    answer = lan.answers.dhcp("lan0")(made.rom(chaddr=to_bytes(Mac(VICTIM))))
    assert answer.reply is not None
    assert OWN == answer.reply.yiaddr
    assert 200 == (await lan.ask(OWN, f"/{VICTIM}/auto.ipxe"))[0]


SEALED = Iso(enabled=True, url="http://192.168.1.2/hook.iso", placeholder=b" " * 4096)
WITH_SECRET = {
    "iso": SEALED,
    "secrets_allowed": ("join_token",),
    "kernel_args": ("join_token=hunter2",),
}


async def has_a_disc(lan: Lan) -> None:
    find = lan.answers.images("lan0")
    path = f"/iso/{VICTIM}/hook.iso"
    own = find(path, OWN).what
    assert isinstance(own, Image)
    assert b"hunter2" in own.text
    for at in (NEIGHBOUR, UNUSED):
        refused = find(path, at).what
        assert isinstance(refused, Refusal)
        assert "hunter2" not in refused.why


test_a_disc_with_a_secret_that_the_settings_allow_goes_to_no_other_address = on_lan(
    has_a_disc, **WITH_SECRET
)


async def has_a_plain_disc(lan: Lan) -> None:
    for at in (OWN, NEIGHBOUR):
        assert isinstance(lan.answers.images("lan0")(f"/iso/{VICTIM}/hook.iso", at).what, Image)


test_a_disc_without_one_is_for_our_networks = on_lan(has_a_plain_disc, iso=SEALED)
