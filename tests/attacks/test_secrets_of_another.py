"""One machine wants another's secrets: its ticket, token, user data, its installer's files."""

from tests.app.desks import KEY
from tests.attacks.lan import HOSTILE, NEIGHBOUR, OWN, PASSWORD, UNUSED, VICTIM, Lan, on_lan
from tests.policy import made

from boots.journal import events
from boots.model.mac import Mac, to_bytes
from boots.model.site import Mode
from boots.policy import token
from boots.policy.got import Refusal


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
