"""One machine speaks as another's agent: its inventory, its timeline, its run."""

from dataclasses import replace

from tests.app.desks import KEY
from tests.app.runs.yard import inventory
from tests.attacks.lan import HOSTILE, NEIGHBOUR, OWN, UNUSED, VICTIM, Lan, on_lan

from boots.app.world import World
from boots.journal import events
from boots.model.mac import Mac
from boots.policy import token

BEGIN = {"version": "0.1.0"}
SERIAL = "1a2b3c4d"


@on_lan
async def test_an_inventory_for_another_mac_is_refused_and_noticed(lan: Lan) -> None:
    for at in (NEIGHBOUR, UNUSED):
        status, why = await lan.ask(at, f"/{VICTIM}/agent/v1/inventory", inventory())
        assert 403 == status
        assert str(at) in why
    assert [] == lan.heard(events.InventoryReported)
    assert [VICTIM, VICTIM] == [each.mac for each in lan.heard(events.ImpostorRefused)]
    assert 200 == (await lan.ask(OWN, f"/{VICTIM}/agent/v1/inventory", inventory()))[0]


@on_lan
async def test_a_line_for_anothers_timeline_is_refused(lan: Lan) -> None:
    said = {"seq": 1, "stage": "done", "message": "all is well"}
    assert 403 == (await lan.ask(NEIGHBOUR, f"/{VICTIM}/agent/v1/progress", said))[0]
    assert [] == lan.heard(events.AgentProgressed)


@on_lan
async def test_what_an_agent_tells_on_its_way_is_told_without_ticket_and_token(lan: Lan) -> None:
    seed = f"s=http://10.0.0.1/{token.of(Mac(VICTIM), KEY)}/"
    text = f"cmdline boots.ticket=AAAABBBB quiet {seed}"
    said = {"seq": 1, "stage": "start", "message": text}
    assert 204 == (await lan.ask(OWN, f"/{VICTIM}/agent/v1/progress", said))[0]
    [told] = lan.heard(events.AgentProgressed)
    assert "cmdline boots.ticket=(a-ticket) quiet s=http://10.0.0.1/(a-token)/" == told.message


@on_lan
async def test_a_ticket_that_was_read_is_good_at_the_machines_address_only(lan: Lan) -> None:
    await lan.provision()
    _, script = await lan.ask(OWN, f"/{VICTIM}/auto.ipxe")
    ticket = script.partition("boots.ticket=")[2].split()[0]
    for at in (NEIGHBOUR, UNUSED):
        status, _ = await lan.ask(at, f"/{VICTIM}/agent/v1/hello", {**BEGIN, "ticket": ticket})
        assert 403 == status
    status, _ = await lan.ask(OWN, f"/{VICTIM}/agent/v1/hello", {**BEGIN, "ticket": ticket})
    assert 200 == status


@on_lan
async def test_a_ticket_of_ones_own_begins_no_session_of_another(lan: Lan) -> None:
    await lan.provision()
    _, script = await lan.ask(OWN, f"/{VICTIM}/auto.ipxe")
    ticket = script.partition("boots.ticket=")[2].split()[0]
    # The neighbour has no run, and the ticket is sealed for the other's MAC and run.
    status, text = await lan.ask(
        NEIGHBOUR, f"/{HOSTILE}/agent/v1/hello", {**BEGIN, "ticket": ticket}
    )
    assert 200 == status
    assert '"run":""' in text


@on_lan
async def test_the_key_of_a_session_is_of_no_use_elsewhere_nor_for_another_machine(
    lan: Lan,
) -> None:
    run = await lan.provision()
    _, script = await lan.ask(OWN, f"/{VICTIM}/auto.ipxe")
    agent = lan.agent()
    await agent.hello(script.partition("boots.ticket=")[2].split()[0])
    said = {"run": run.line.id, "session": agent.session, "wait": 0}
    bearer = {"Authorization": f"Bearer {agent.key}"}

    for at, mac, wanted in (
        (NEIGHBOUR, VICTIM, 403),
        (NEIGHBOUR, HOSTILE, 401),
        (OWN, VICTIM, 200),
    ):
        assert wanted == (await lan.ask(at, f"/{mac}/agent/v1/next", said, **bearer))[0]


@on_lan
async def test_a_system_that_phones_home_says_so_of_itself_alone(lan: Lan) -> None:
    await lan.provision()
    assert 403 == (await lan.ask(UNUSED, "/phone-home", {}))[0]
    assert 204 == (await lan.ask(NEIGHBOUR, "/phone-home", {}))[0]
    assert [HOSTILE] == [each.mac for each in lan.heard(events.SystemSeen)]


@on_lan
async def test_nothing_before_phone_home_but_a_token_says_whose_word_it_is(lan: Lan) -> None:
    await lan.provision()
    with_serial(lan)
    forged = token.of(Mac(VICTIM), b"another key")
    dashed = VICTIM.replace(":", "-")
    for mac in (VICTIM, dashed, SERIAL):
        for path in (
            mac,
            f"{mac}%5Cx",
            f"{mac}%5C",
            f"{mac}%2Fx",
            f"x%5C{mac}",
            f"/{mac}",
            f"{mac}/",
        ):
            assert 405 == (await lan.ask(NEIGHBOUR, f"/{path}/phone-home", {}))[0], path
    for path in (f"{dashed}%5Cphone-home", f"x/{dashed}/phone-home", "phone-home/", "/phone-home"):
        assert 405 == (await lan.ask(NEIGHBOUR, f"/{path}", {}))[0], path
    assert 403 == (await lan.ask(NEIGHBOUR, f"/{forged}/phone-home", {}))[0]
    assert [] == lan.heard(events.SystemSeen)
    own = token.of(Mac(VICTIM), KEY)
    assert 204 == (await lan.ask(UNUSED, f"/{own}/phone-home", {}))[0]
    assert [VICTIM] == [each.mac for each in lan.heard(events.SystemSeen)]


def with_serial(lan: Lan) -> None:
    """The other machine is a Raspberry Pi, and known by its serial number."""
    raw = lan.answers.raw
    known = raw.index.by_mac[Mac(VICTIM)]
    index = replace(raw.index, by_serial={SERIAL: known})
    lan.answers.world = World(index, raw.sites, index)


@on_lan
async def test_the_dhcp_of_a_system_by_anothers_mac_ends_no_run_before_its_last_action(
    lan: Lan,
) -> None:
    run = await lan.provision()
    await lan.tells()
    before = await lan.state(run.line.id)
    lan.hear(
        events.AckSent(
            mac=VICTIM,
            interface="lan0",
            address=str(OWN),
            program="os",
            architecture="x64-bios",
            boot_file="",
            why="forged",
        )
    )
    await lan.settle()
    assert before == await lan.state(run.line.id)
