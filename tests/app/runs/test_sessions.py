"""A machine goes from a ticket to its system; what agents may and may not, over loopback HTTP."""

import asyncio
import zlib
from pathlib import Path
from typing import Any

import pytest
from tests.app.desks import FILE_MAC, KEY, OTHER_MAC, RECORDS, START
from tests.app.runs.yard import (
    MIB,
    SERIAL,
    SIZE,
    TEMPLATE,
    Agent,
    Refused,
    Yard,
    disk,
    in_yard,
    inventory,
    new_run,
    opened,
)

from boots.app.world import World
from boots.client.workflows import Arming, NewFreeze, Settle
from boots.journal import events
from boots.machines.files import Cache, load
from boots.model.mac import Mac
from boots.model.order import Netboot
from boots.policy import ticket, token
from boots.store import edges

IDLE = {"seq": 1, "stage": "idle", "message": "ready"}


def order(yard: Yard, machine: str = "file-1") -> tuple[Netboot, str]:
    """What is ordered of a machine."""
    found = yard.orders.of(machine)
    assert found is not None
    return found.netboot, found.profile


async def whole(yard: Yard) -> None:
    """From an empty disk to a system."""
    run = await yard.provision()
    assert "PREPARING" == run.line.state
    assert (Netboot.ON, "osie") == order(yard)
    agent = await yard.boots()
    why = "the run is being prepared"
    assert {"do": "wait", "why": why, "tell": "inventory"} == await agent.next()
    await yard.tells()
    look = await agent.next()
    assert ("inventory", [], False) == (look["kind"], look["armed"], look["terminal"])
    await agent.do(look)
    write = await agent.next()
    assert [SERIAL] == [each["serial"] for each in write["armed"]]
    assert write["machine"]["metadata_url"].startswith(f"{write['machine']['server']}/")
    assert (Netboot.ON, "osie") == order(yard)
    await agent.do(write)
    go = await agent.next()
    assert go["terminal"]
    assert (Netboot.OFF, "") == order(yard)
    await agent.do(go)
    assert "POST" == await yard.state(run.line.id)
    assert yard.home().removeprefix(yard.base) == go["machine"]["phone_home"].partition(":8080")[2]
    async with yard.client.post(yard.home(), data=b"pub_key_rsa=x") as answer:
        assert 204 == answer.status
    assert "SUCCESS" == await yard.state(run.line.id)
    assert {"run": "", "next": "idle"} == await agent.hello(key=agent.key)


@in_yard
async def test_a_machine_goes_from_an_empty_disk_to_its_system(yard: Yard) -> None:
    await whole(yard)


def test_so_it_does_where_workers_have_the_door(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path, relayed=True) as yard:
            await whole(yard)

    asyncio.run(main())


# --- tickets


@in_yard
async def test_a_ticket_is_good_once_and_a_second_use_is_told(yard: Yard) -> None:
    run = await yard.provision()
    text = yard.ticket()
    await yard.agent().hello(text)
    with pytest.raises(Refused, match="used before") as refused:
        await yard.agent().hello(text)
    assert 403 == refused.value.status
    (told,) = yard.heard(events.TicketRefused)
    assert (FILE_MAC, run.line.id, True) == (told.mac, told.run, told.again)


@in_yard
async def test_each_script_has_a_ticket_of_its_own_as_long_as_a_run_waits(yard: Yard) -> None:
    assert not yard.ticket()
    run = await yard.provision()
    assert 2 == len({yard.ticket(), yard.ticket()} - {""})
    await yard.desk.cancel_run(run.line.id, "me")
    assert not yard.ticket()


@in_yard
async def test_a_ticket_stands_in_no_event_and_in_nothing_that_people_see(yard: Yard) -> None:
    await yard.provision()
    path = f"/{FILE_MAC}/auto.ipxe"
    async with yard.client.get(f"{yard.base}{path}") as answer:
        text = await answer.text()
    assert "boots.ticket=" in text
    (served,) = yard.heard(events.ScriptServed)
    assert "boots.ticket=(a-ticket)" in served.script
    assert "ticket" not in await yard.desk.rendered("file-1", "auto.ipxe")
    secret = text.partition("boots.ticket=")[2].split()[0]
    assert secret not in str(yard.told)


@in_yard
async def test_a_ticket_expires_and_is_of_one_machine_and_one_run(yard: Yard) -> None:
    first = await yard.provision()
    late, stale = yard.ticket(), yard.ticket()
    yard.now += ticket.LASTS + 1
    with pytest.raises(Refused, match="expired"):
        await yard.agent().hello(late)
    await yard.desk.cancel_run(first.line.id, "me")
    second = await yard.provision()
    with pytest.raises(Refused, match="none of ours"):
        await yard.agent().hello(stale)
    good = yard.ticket()
    await yard.provision(new_run(machine="file-2"))
    with pytest.raises(Refused, match="none of ours"):
        await yard.agent(OTHER_MAC).hello(good)
    forged = ticket.make(Mac(FILE_MAC), second.line.id, yard.now + 60, bytes(12), b"another key")
    with pytest.raises(Refused, match="none of ours"):
        await yard.agent().hello(forged)
    assert second.line.id == (await yard.agent().hello(good))["run"]


@in_yard
async def test_a_machine_that_idles_without_a_ticket_is_sent_for_one_three_times(
    yard: Yard,
) -> None:
    agent = yard.agent()
    assert None is await agent.asked("progress", IDLE)
    await yard.provision()
    assert None is await agent.asked("progress", {**IDLE, "stage": "started"})
    answers = [await agent.asked("progress", IDLE) for _ in range(4)]
    assert [{"next": "reboot"}] * 3 + [None] == answers
    assert {"next": "workflow"} == await agent.asked("inventory", inventory())


# --- keys


@in_yard
async def test_without_the_key_of_its_session_nobody_is_told_anything(yard: Yard) -> None:
    run = await yard.provision()
    agent = await yard.boots()
    said = {"run": run.line.id, "session": 1, "wait": 0}
    for key in ("", "0" * 64, agent.key[:-1]):
        for path, body in (("next", said), ("events", said), ("edges/1", said)):
            assert 401 == (await agent.post(path, body, key))[0]
    for wrong in ({"session": 2}, {"run": "w-nobody's"}):
        assert 401 == (await agent.post("next", {**said, **wrong}))[0]
    other = Agent(yard.base, yard.client, OTHER_MAC)
    assert 401 == (await other.post("next", said, agent.key))[0]


@in_yard
async def test_a_new_session_ends_the_one_before(yard: Yard) -> None:
    await yard.provision()
    await yard.tells()
    old = await yard.boots()
    new = await yard.boots()
    assert (1, 2) == (old.session, new.session)
    with pytest.raises(Refused) as refused:
        await old.next()
    assert 401 == refused.value.status
    assert "action" == (await new.next())["do"]


@in_yard
async def test_a_key_says_hello_again_after_the_answer_was_lost(yard: Yard) -> None:
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    lost = agent.key
    await agent.again()  # the answer is lost
    agent.key = lost
    assert 3 == (await agent.again())["session"]
    await agent.do(await agent.next())
    agent.key = lost
    with pytest.raises(Refused, match="not that of its last session"):
        await agent.again()


# --- what is handed out


@in_yard
async def test_an_answer_that_was_lost_is_given_again_to_the_same_session_only(
    yard: Yard,
) -> None:
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.do(await agent.next())
    one, two = await agent.next(), await agent.next()
    assert "write" == one["name"]
    assert {**one, "now": 0} == {**two, "now": 0}
    other = await yard.boots()
    answer = await other.next()
    assert "wait" == answer["do"]
    assert "nobody knows how far it came" in answer["why"]


@in_yard
async def test_a_person_has_it_done_again_with_the_disk_that_is_the_runs_own(yard: Yard) -> None:
    run = await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.do(await agent.next())
    write = await agent.next()
    await agent.started(write)
    (record,) = write["armed"]
    assert (False, 1) == (record["taken"], record["attempt"])
    assert 204 == (await agent.edges(write, record))[0]
    cut = await yard.boots()
    assert "RUNNING NEEDS_PERSON" == await yard.state(run.line.id)
    await yard.desk.settle_run(run.line.id, Settle(step=2, again=True), "me")
    (record,) = (await cut.next())["armed"]
    assert (True, 2) == (record["taken"], record["attempt"])
    (ordered,) = yard.heard(events.RunOrdered)
    assert ("again", "2 write", "me") == (ordered.what, ordered.step, ordered.by)


@in_yard
async def test_a_long_poll_is_woken_by_what_it_waits_for(yard: Yard) -> None:
    await yard.provision()
    agent = await yard.boots()
    asked = asyncio.create_task(agent.next(25))
    await asyncio.sleep(0.05)
    assert not asked.done()
    await yard.tells()
    async with asyncio.timeout(5):
        assert "look" == (await asked)["name"]


@in_yard
async def test_an_inventory_that_was_lost_is_asked_for_again(yard: Yard) -> None:
    """The server was killed between its answer and the moment that it was written down."""
    await yard.provision()
    agent = await yard.boots()
    answer = await agent.next()
    assert ("wait", "inventory") == (answer["do"], answer.get("tell"))
    await yard.tells()
    assert "action" == (await agent.next())["do"]


@in_yard
async def test_one_whose_disks_keep_a_run_from_beginning_is_not_asked_for_it_again(
    yard: Yard,
) -> None:
    await yard.provision()
    await yard.tells(inventory(disk(content="gpt")))
    agent = await yard.boots()
    answer = await agent.next()
    assert ("wait", None) == (answer["do"], answer.get("tell"))


@in_yard
async def test_who_waits_is_answered_when_the_server_ends(yard: Yard) -> None:
    await yard.provision()
    agent = await yard.boots()
    asked = asyncio.create_task(agent.next(25))
    await asyncio.sleep(0.05)
    yard.running.sessions.end()
    async with asyncio.timeout(5):
        assert "wait" == (await asked)["do"]
        assert "wait" == (await agent.next(25))["do"]


@in_yard
async def test_an_agent_is_told_why_disks_that_hold_data_keep_a_run_from_beginning(
    yard: Yard,
) -> None:
    run = await yard.provision()
    agent = await yard.boots()
    await yard.tells(inventory(disk(content="ntfs")))
    answer = await agent.next()
    assert "it holds NTFS, and the policy is empty-only" in answer["why"]
    shown = await yard.desk.run(run.line.id)
    assert ("PREPARING", answer["why"]) == (shown.line.state, shown.note)
    await yard.tells()
    assert "look" == (await agent.next())["name"]


@in_yard
async def test_cancelled_it_stops_and_the_action_on_is_to_stop(yard: Yard) -> None:
    run = await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    look = await agent.next()
    assert "go" == (await agent.started(look))["do"]
    await yard.desk.cancel_run(run.line.id, "me")
    assert "cancel" == (await agent.tell())["do"]
    answer = await agent.next()
    assert ("stop", "idle") == (answer["do"], answer["next"])
    assert (Netboot.ON, "osie") == order(yard), "somebody can look, and begin anew"


# --- the freeze and the cap


@in_yard
async def test_frozen_nothing_that_writes_is_handed_out_and_nothing_is_armed(yard: Yard) -> None:
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await yard.desk.set_freeze(NewFreeze(frozen=True, why="fire drill"), "chief")
    await agent.do(await agent.next())
    assert {"do": "wait", "why": "all writing of disks is frozen by chief: fire drill"} == (
        await agent.next()
    )
    with pytest.raises(Exception, match="frozen"):
        await yard.provision(new_run(machine="file-2"))
    await yard.desk.set_freeze(NewFreeze(frozen=False), "chief")
    assert "write" == (await agent.next())["name"]


@in_yard
async def test_frozen_no_disk_is_begun_with_that_was_handed_out_before(yard: Yard) -> None:
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.do(await agent.next())
    write = await agent.next()
    await yard.desk.set_freeze(NewFreeze(frozen=True), "chief")
    assert 409 == (await agent.edges(write, write["armed"][0]))[0]


@in_yard
async def test_after_its_time_no_disk_is_begun_with_that_was_handed_out_before(yard: Yard) -> None:
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.do(await agent.next())
    write = await agent.next()
    (record,) = write["armed"]
    yard.now = record["expires"] - 1
    assert 204 == (await agent.edges(write, record))[0]
    yard.now = record["expires"]
    assert 409 == (await agent.edges(write, record))[0]


def test_no_more_runs_write_at_once_than_the_settings_say(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path, most_writing=1) as yard:
            agents = []
            for machine, mac in (("file-1", FILE_MAC), ("file-2", OTHER_MAC)):
                await yard.tells(inventory(disk(serial=machine)), mac)
                await yard.provision(new_run(machine=machine))
                agents.append(await yard.boots(mac))
                await agents[-1].do(await agents[-1].next())
            one, two = agents
            write = await one.next()
            answer = await two.next()
            assert ("wait", True) == (answer["do"], "most_writing" in answer["why"])
            waiting = asyncio.create_task(two.next(25))
            await asyncio.sleep(0.05)
            await one.do(write)
            async with asyncio.timeout(5):
                assert "write" == (await waiting)["name"]

    asyncio.run(main())


@in_yard
async def test_what_was_armed_for_some_hours_is_not_written_after_them(yard: Yard) -> None:
    await yard.tells()
    await yard.provision(new_run(arm=Arming(hours=1)))
    agent = await yard.boots()
    await agent.do(await agent.next())
    yard.now += 3601
    answer = await agent.next()
    assert ("wait", True) == (answer["do"], "armed is over" in answer["why"])


# --- what agents tell


@in_yard
async def test_events_and_lines_count_once_however_often_they_come(yard: Yard) -> None:
    run = await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    look = await agent.next()
    at = {"step": 0, "attempt": 1}
    said: dict[str, Any] = {
        "run": agent.run,
        "session": agent.session,
        "events": [
            {"sequence": 1, "type": "started", **at},
            {"sequence": 2, "type": "ended", **at, "exit_code": 3, "message": "no\n"},
        ],
        "lines": [{"number": n, "at": START, **at, "text": f"line {n}"} for n in (1, 2)],
        "progress": {**at, "phase": "look", "done": 1, "total": 2},
    }
    wanted = {"expected": 3, "line": 3, "do": "cancel"}
    assert wanted == await agent.asked("events", said)
    assert wanted == await agent.asked("events", said)
    lines = await yard.desk.run_lines(run.line.id)
    assert [(1, "line 1"), (1, "line 2")] == [(each.step, each.text) for each in lines.lines]
    assert 0 == lines.next
    shown = await yard.desk.run(run.line.id)
    assert ("FAILED", 3, "no\n") == (
        shown.line.state,
        shown.steps[0].exit_code,
        shown.steps[0].message,
    )
    assert look["name"] == shown.steps[0].name


@in_yard
async def test_what_an_action_prints_of_the_kernels_command_line_has_no_secret(yard: Yard) -> None:
    run = await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    look = await agent.next()
    await agent.started(look)
    seed = f"s=http://10.0.0.1/{token.of(Mac(FILE_MAC), KEY)}/nocloud/"
    text = f"{'.' * 1_950} boots.ticket=AbC {seed} x"  # what is cut is hidden before
    lines = [{"number": 1, "at": START, "step": 0, "attempt": 1, "text": text}]
    await agent.tell(lines=lines)
    await agent.ended(look, 1, f"boots.ticket=AbC-9 {seed}")
    (line,) = (await yard.desk.run_lines(run.line.id)).lines
    assert line.text.endswith(". boots.ticket=(a-ticket) s=http://10.0.0.1/(a-toke")
    message = (await yard.desk.run(run.line.id)).steps[0].message
    assert "boots.ticket=(a-ticket) s=http://10.0.0.1/(a-token)/nocloud/" == message


@in_yard
async def test_progress_is_shown_of_the_hand_out_that_it_is_of(yard: Yard) -> None:
    run = await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.started(await agent.next())
    told = {"step": 0, "attempt": 1, "phase": "look", "done": 25, "total": 100, "rate": 5.0}
    await agent.tell(progress=told)
    shown = await yard.desk.run(run.line.id)
    assert (0.25, 5.0, "look") == (
        shown.line.progress,
        shown.steps[0].rate,
        shown.steps[0].phase,
    )
    await agent.tell(progress={**told, "attempt": 2})
    assert -1.0 == (await yard.desk.run(run.line.id)).line.progress


@in_yard
async def test_what_a_record_protects_by_now_goes_with_what_is_handed_out(yard: Yard) -> None:
    """A person may have written it down after the disk was armed: the agent judges once more."""
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.do(await agent.next())
    place = yard.folder / "machines.yaml"
    place.write_text(RECORDS.replace(f"{FILE_MAC}\n", f"{FILE_MAC}\n    protect: size>=1M\n"))
    index = load([place], Cache()).index
    yard.answers.world = World(index, yard.answers.raw.sites, index)
    (kept,) = (await agent.next())["machine"]["protected"]
    asked = {"field": "size", "relation": ">=", "value": "1M", "bound": 10**6}
    assert {"hint": "size>=1M", "conditions": [asked]} == kept


# --- the ends of disks


@in_yard
async def test_the_ends_of_a_disk_are_kept_once_and_come_back_as_they_were(yard: Yard) -> None:
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.do(await agent.next())
    write = await agent.next()
    (record,) = write["armed"]
    ends = zlib.compress(bytes(range(256)) * (2 * MIB // 256))
    assert 204 == (await agent.edges(write, record, ends))[0]
    assert 204 == (await agent.edges(write, record))[0], "again, as the answer was lost"
    (line,) = (await yard.desk.edges("file-1")).edges
    assert (SERIAL, SIZE, "nothing") == (line.serial, line.size, line.holds)
    said = {"run": agent.run, "session": agent.session}
    assert (200, ends) == await agent.post(f"edges/{line.id}", said)
    assert 404 == (await agent.post("edges/99", said))[0]


@in_yard
async def test_the_ends_of_a_disk_that_a_run_may_not_write_are_not_given_to_it(yard: Yard) -> None:
    """They would be put on another one."""
    line = edges.Line(0, "w-0", "file-1", "OTHER", "/dev/vdb", SIZE, "nothing", 1.0)
    await yard.keeping.store.write(edges.keep, line, zlib.compress(bytes(2 * MIB)))
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    (kept,) = (await yard.desk.edges("file-1")).edges
    said = {"run": agent.run, "session": agent.session}
    assert (409, b"they are of the disk OTHER, which this run may not write\n") == (
        await agent.post(f"edges/{kept.id}", said)
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no zlib",
        zlib.compress(bytes(2 * MIB - 1)),
        zlib.compress(bytes(2 * MIB + 1)),
        zlib.compress(bytes(2 * MIB))[:-4],
        zlib.compress(bytes(2 * MIB)) + b"more",
        zlib.compress(bytes(64 * MIB)),
    ],
    ids=["empty", "garbage", "short", "long", "cut", "more", "bomb"],
)
def test_what_are_no_ends_of_that_disk_are_not_taken(tmp_path: Path, body: bytes) -> None:
    async def main() -> None:
        async with opened(tmp_path) as yard:
            await yard.provision()
            await yard.tells()
            agent = await yard.boots()
            await agent.do(await agent.next())
            write = await agent.next()
            assert 400 == (await agent.edges(write, write["armed"][0], body))[0]
            assert not (await yard.desk.edges("file-1")).edges

    asyncio.run(main())


@in_yard
async def test_ends_come_only_of_armed_disks_and_while_the_action_is_on(yard: Yard) -> None:
    run = await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    look = await agent.next()
    record = {"serial": SERIAL, "size": SIZE}
    await agent.do(look)
    write = await agent.next()
    for wrong in ({"serial": "OTHER"}, {"size": SIZE + 512}):
        assert 409 == (await agent.edges(write, {**record, **wrong}))[0]
    assert 409 == (await agent.edges({**write, "attempt": 2}, record))[0]
    assert 409 == (await agent.edges(look, record))[0], "that is over"
    await yard.desk.cancel_run(run.line.id, "me")
    assert 409 == (await agent.edges(write, record))[0], "so it is not begun with"


@in_yard
async def test_a_partition_table_that_a_run_wrote_is_known_to_the_next(yard: Yard) -> None:
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.do(await agent.next())
    write = await agent.next()
    await agent.started(write)
    await agent.edges(write, write["armed"][0])
    ended = {"type": "ended", "step": 1, "attempt": 1, "exit_code": 0}
    line = edges.Line(0, "w-0", "file-1", "OTHER", "/dev/vdb", SIZE, "nothing", 1.0)
    await yard.keeping.store.write(edges.keep, line, b"")
    await agent.tell({**ended, "wrote": {SERIAL: "GUID-1", "OTHER": "GUID-2"}})
    known = await yard.keeping.store.read(edges.known, "file-1")
    assert {SERIAL: ["GUID-1"]} == known


# --- the next system


@in_yard
async def test_the_dhcp_of_a_system_is_a_sign_of_life_and_that_of_osie_is_none(yard: Yard) -> None:
    run = await yard.provision()
    await yard.tells()
    agent = await yard.boots()

    async def asks(program: str, *, osie: bool) -> str:
        about = {"interface": "lan0", "address": "", "architecture": "", "boot_file": "", "why": ""}
        yard.hear(events.AckSent(mac=FILE_MAC, program=program, osie=osie, **about))
        await yard.settle()
        return await yard.state(run.line.id)

    assert "PENDING" == await asks("an operating system", osie=False)
    for _ in range(3):
        await agent.do(await agent.next())
    assert "POST" == await asks("an operating system", osie=True)
    assert "POST" == await asks("PXE ROM", osie=False)
    assert "SUCCESS" == await asks("an operating system", osie=False)


@in_yard
async def test_where_the_report_is_waited_for_an_address_is_no_sign_of_life(yard: Yard) -> None:
    waits = "{name: go, image: reboot, timeout: 60, environment: {WAIT_FOR: phone-home}}"
    template = TEMPLATE.replace("{name: go, image: reboot, timeout: 60}", waits)
    run = await yard.provision(new_run(template))
    await yard.tells()
    agent = await yard.boots()
    for _ in range(3):
        await agent.do(await agent.next())
    about = {"interface": "lan0", "address": "", "architecture": "", "boot_file": "", "why": ""}
    yard.hear(events.AckSent(mac=FILE_MAC, program="an operating system", osie=False, **about))
    await yard.settle()
    assert "POST" == await yard.state(run.line.id)
    async with yard.client.post(yard.home(), data=b"hostname=x") as answer:
        assert 204 == answer.status
    assert "SUCCESS" == await yard.state(run.line.id)


@in_yard
async def test_a_system_phones_home_by_its_address_as_old_ones_do(yard: Yard) -> None:
    sessions = yard.running.sessions
    known = yard.answers.world.index.by_mac[Mac(FILE_MAC)]
    await sessions.lives(known, "")
    assert [FILE_MAC] == [each.mac for each in yard.heard(events.SystemSeen)]
    for method in ("POST", "PUT"):
        async with yard.client.request(method, f"{yard.base}/phone-home") as answer:
            assert 403 == answer.status, "127.0.0.1 is nobody's address"
    async with yard.client.post(f"{yard.base}/phone-home", data=bytes(70_000)) as answer:
        assert 413 == answer.status
    async with yard.client.get(yard.home()) as answer:
        assert 404 == answer.status


@in_yard
async def test_a_person_takes_an_end_without_a_sign_as_one(yard: Yard) -> None:
    run = await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    for _ in range(3):
        await agent.do(await agent.next())
    yard.now += 16 * 60
    await yard.tick()
    assert "POST UNCONFIRMED" == await yard.state(run.line.id)
    assert (Netboot.OFF, "") == order(yard), "it is never installed anew"
    assert ("done", "cancel") == (await yard.desk.run(run.line.id)).needs
    await yard.desk.settle_run(run.line.id, Settle(step=3, again=False), "me")
    assert "SUCCESS" == await yard.state(run.line.id)


# --- garbage


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"run": 1, "session": 1}',
        b'{"run": "w", "session": -1}',
        b'{"run": "w", "session": null}',
        b'{"run": "w", "session": 99999999999999999999}',
        b'{"run": "' + b"w" * 200 + b'", "session": 1}',
        b"[" * 10_000,
    ],
)
def test_garbage_is_refused_in_a_line(tmp_path: Path, body: bytes) -> None:
    async def main() -> None:
        async with opened(tmp_path) as yard:
            await yard.provision()
            agent = await yard.boots()
            for path in ("next", "events", "edges/1"):
                status, told = await agent.post(path, body)
                assert 400 == status, (path, told)
                assert 1 == len(told.splitlines())
            assert 400 == (await agent.post("edges?run=x", body))[0]
            assert 413 == (await agent.post("events", bytes(2 * MIB)))[0]

    asyncio.run(main())


@in_yard
async def test_who_has_no_record_is_told_no(yard: Yard) -> None:
    stranger = Agent(yard.base, yard.client, "52:54:00:99:99:99")
    for path in ("hello", "next", "events", "edges/1"):
        assert 403 == (await stranger.post(path, {}))[0]
