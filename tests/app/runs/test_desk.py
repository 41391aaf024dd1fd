"""What people ask of runs, and what they are refused, with what to do instead."""

import asyncio

import pytest
from msgspec.structs import replace
from tests.app.desks import FILE_MAC, OTHER_MAC
from tests.app.runs.yard import (
    SERIAL,
    SIZE,
    TEMPLATE,
    Agent,
    Yard,
    disk,
    in_yard,
    inventory,
    new_run,
)

from boots.api.desk import Refused
from boots.app.runs.words import Kept, row
from boots.client.workflows import Arming, NewFreeze, NewRun, Policy, Retry, Run, Settle, Undo
from boots.journal import events
from boots.model.order import Netboot, Order
from boots.store import runs as rows
from boots.workflow.advancing import advance
from boots.workflow.happened import Cancelled

FORCE = Arming(policy=Policy.FORCE, disks=(SERIAL,))
TWO_MACHINES = f"""\
version: "0.1"
name: pair
tasks:
  - name: first
    worker: "{{{{ .device_1 }}}}"
    actions: [{{name: look, image: inventory, timeout: 60}}]
  - name: second
    worker: "{OTHER_MAC}"
    actions: [{{name: see, image: inventory, timeout: 60}}]
"""
LOOK = """\
version: "0.1"
name: look
tasks:
  - name: look
    worker: "{{ .device_1 }}"
    actions: [{name: look, image: inventory, timeout: 60}]
"""


async def refused(yard: Yard, wanted: NewRun) -> Refused:
    """Why a run cannot begin."""
    with pytest.raises(Refused) as told:
        await yard.provision(wanted)
    return told.value


async def failed(yard: Yard) -> tuple[Run, Agent]:
    """A run whose second action failed when the disk was written."""
    run = await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.do(await agent.next())
    write = await agent.next()
    await agent.started(write)
    await agent.edges(write, write["armed"][0])
    await agent.ended(write, 1, "the image ends after 10 bytes")
    return await yard.desk.run(run.line.id), agent


# --- to begin


@in_yard
async def test_a_plan_says_what_would_be_done_and_changes_nothing(yard: Yard) -> None:
    plan = await yard.desk.plan_run(new_run())
    assert ["look", "write", "go"] == [each.name for each in plan.steps]
    assert [("file-1", "/dev/vda", 0)] == [(e.machine, e.path, e.size) for e in plan.disks]
    assert "not seen yet" == plan.disks[0].found
    await yard.tells()
    (found,) = (await yard.desk.plan_run(new_run())).disks
    assert (SERIAL, SIZE, "", ("write",)) == (
        found.serial,
        found.size,
        found.problem,
        found.actions,
    )
    assert 0 == (await yard.desk.runs()).total
    assert None is yard.orders.of("file-1")


@in_yard
async def test_a_run_of_a_machine_whose_disks_are_known_begins_at_once(yard: Yard) -> None:
    await yard.tells()
    run = await yard.provision()
    assert "PENDING" == run.line.state
    assert ("empty-only", "me", run.armed_until) == (
        run.policy,
        run.armed_by,
        yard.now + 2 * 3600,
    )
    (made,) = yard.heard(events.RunCreated)
    assert (run.line.id, "me", "empty-only") == (made.run, made.by, made.policy)
    assert SERIAL in made.disks[0]


@in_yard
async def test_a_disk_that_holds_data_is_refused_before_anything_is_ordered(yard: Yard) -> None:
    await yard.tells(inventory(disk(content="ntfs")))
    told = await refused(yard, new_run())
    assert (422, "arm") == (told.status, told.errors[0].field)
    assert "it holds NTFS" in told.detail
    assert None is yard.orders.of("file-1")
    forced = await yard.provision(new_run(arm=FORCE))
    assert "PENDING" == forced.line.state


@in_yard
async def test_what_cannot_begin_is_refused_with_what_to_do(yard: Yard) -> None:
    told = await refused(yard, new_run(arm=None))
    assert (422, True) == (told.status, "nobody armed it" in told.detail)
    told = await refused(yard, new_run(arm=FORCE))
    assert (409, True) == (told.status, "boot it into OSIE first" in told.detail)
    told = await refused(yard, new_run(TEMPLATE.replace("image2disk", "image3disk")))
    assert (422, True) == (told.status, 'no action goes by the image "image3disk"' in told.detail)
    told = await refused(yard, new_run(TEMPLATE.replace("{{ .device_1 }}", "rack-9")))
    assert (422, True) == (told.status, 'worker "rack-9" is no machine of ours' in told.detail)
    told = await refused(yard, new_run(arm=Arming(hours=25)))
    assert (422, True) == (told.status, "24 at most (workflow.hours)" in told.detail)
    told = await refused(yard, new_run(machine="nobody"))
    assert 404 == told.status
    await yard.desk.set_freeze(NewFreeze(frozen=True, why="fire"), "chief")
    told = await refused(yard, new_run())
    assert (409, "all writing is frozen") == (told.status, told.title)
    assert "PENDING" == (await yard.provision(new_run(LOOK, arm=None))).line.state
    assert 1 == (await yard.desk.runs()).total


@in_yard
async def test_a_machine_has_one_run_at_a_time(yard: Yard) -> None:
    run = await yard.provision()
    told = await refused(yard, new_run())
    assert (409, True) == (told.status, f'"file-1" has the run {run.line.id}' in told.detail)
    pair = new_run(TWO_MACHINES, machine="file-2", map={"device_1": "file-1"}, arm=None)
    told = await refused(yard, pair)
    assert (409, True) == (told.status, f'"file-1" has the run {run.line.id}' in told.detail)
    await yard.desk.cancel_run(run.line.id, "me")
    assert run.line.id != (await yard.provision()).line.id


@in_yard
async def test_a_workflow_of_two_machines_goes_from_one_to_the_other(yard: Yard) -> None:
    run = await yard.provision(new_run(TWO_MACHINES, arm=None))
    one, two = await yard.boots(FILE_MAC), await yard.boots(OTHER_MAC)
    answer = await two.next()
    assert ("wait", True) == (answer["do"], "comes first" in answer["why"])
    await one.do(await one.next())
    await two.do(await two.next())
    await one.next()
    await two.next()
    assert "SUCCESS" == await yard.state(run.line.id)
    for machine in ("file-1", "file-2"):
        order = yard.orders.of(machine)
        assert order is not None
        assert Netboot.OFF is order.netboot
        assert [run.line.id] == [each.id for each in (await yard.desk.runs(key=machine)).runs]


@in_yard
async def test_a_persons_order_in_between_counts_and_netboot_goes_off_all_the_same(
    yard: Yard,
) -> None:
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await yard.keeping.give("file-1", Order(netboot=Netboot.ON, profile="disk", by="me"))
    await agent.do(await agent.next())
    await agent.do(await agent.next())
    order = yard.orders.of("file-1")
    assert order is not None
    assert "disk" == order.profile, "the run does not put its own back"
    assert (await agent.next())["terminal"]
    order = yard.orders.of("file-1")
    assert order is not None
    assert Netboot.OFF is order.netboot
    await yard.keeping.give("file-1", Order(netboot=Netboot.ON, by="me"))
    assert (await agent.next())["terminal"], "asked again, it is given again"
    order = yard.orders.of("file-1")
    assert order is not None
    assert Netboot.OFF is order.netboot


# --- to take up again


@in_yard
async def test_a_run_that_failed_is_taken_up_at_its_action_armed_anew(yard: Yard) -> None:
    first, agent = await failed(yard)
    assert ("FAILED", ("retry",)) == (first.line.state, first.needs)
    assert "ended with 1" in first.line.why
    await yard.tells(inventory(disk(content="gpt")))
    with pytest.raises(Refused, match="it holds a GPT"):
        await yard.desk.retry_run(first.line.id, Retry(arm=Arming()), "you")
    with pytest.raises(Refused, match="nobody armed it"):
        await yard.desk.retry_run(first.line.id, Retry(), "you")
    again = Arming(policy=Policy.WIPE_KNOWN)
    second = await yard.desk.retry_run(first.line.id, Retry(arm=again), "you")
    assert (first.line.id, "PENDING", "you") == (second.of, second.line.state, second.line.by)
    assert ["SKIPPED", "PENDING", "PENDING"] == [each.state for each in second.steps]
    other = await yard.boots()
    write = await other.next()
    assert ("write", True) == (write["name"], write["armed"][0]["taken"])
    assert agent.run == first.line.id
    await other.started(write)
    await other.ended(write, 1)
    third = await yard.desk.retry_run(second.line.id, Retry(arm=again), "you")
    assert "PENDING" == third.line.state, "what the first one wrote is its own, too"


@in_yard
async def test_what_was_undone_since_is_somebodys_again_and_not_the_runs(yard: Yard) -> None:
    first, _ = await failed(yard)
    (line,) = (await yard.desk.edges("file-1")).edges
    run = await yard.desk.undo("file-1", Undo(edges=line.id, serial=SERIAL), "me")
    agent = await yard.boots()
    await agent.do(await agent.next())
    await yard.desk.cancel_run(run.line.id, "me")
    await yard.tells(inventory(disk(content="gpt")))
    again = Arming(policy=Policy.WIPE_KNOWN)
    with pytest.raises(Refused, match="no run of ours is known to have written that"):
        await yard.desk.retry_run(first.line.id, Retry(arm=again), "you")


@in_yard
async def test_it_cannot_be_taken_up_while_it_goes_nor_behind_what_failed(yard: Yard) -> None:
    await yard.tells()
    run = await yard.provision()
    with pytest.raises(Refused, match="cancel it first"):
        await yard.desk.retry_run(run.line.id, Retry(), "me")
    await yard.desk.cancel_run(run.line.id, "me")
    with pytest.raises(Refused, match="begin there, or before"):
        await yard.desk.retry_run(run.line.id, Retry(first=3), "me")
    with pytest.raises(Refused, match="no such run"):
        await yard.desk.retry_run("w-nobody", Retry(), "me")


@in_yard
async def test_one_that_never_came_to_its_disks_begins_anew(yard: Yard) -> None:
    run = await yard.provision()
    await yard.desk.cancel_run(run.line.id, "me")
    again = await yard.desk.retry_run(run.line.id, Retry(arm=Arming()), "me")
    assert "PREPARING" == again.line.state


# --- to decide


@in_yard
async def test_only_what_waits_for_a_person_is_decided(yard: Yard) -> None:
    run = await yard.provision()
    await yard.tells()
    with pytest.raises(Refused, match="it is at action 1"):
        await yard.desk.settle_run(run.line.id, Settle(step=1, again=True), "me")
    await yard.desk.cancel_run(run.line.id, "me")
    with pytest.raises(Refused, match="it is over"):
        await yard.desk.cancel_run(run.line.id, "me")
    assert "FAILED CANCELLED" == await yard.state(run.line.id)


@in_yard
async def test_what_another_server_decided_first_is_not_decided_again(yard: Yard) -> None:
    run = await yard.provision()
    await yard.tells()
    keeper, fresh = yard.running.keeper, yard.running.keeper.fresh

    async def and_then_it_is_over(id_: str) -> Kept:
        known = await fresh(id_)
        patched.undo()
        ended = advance(known.run, Cancelled(by="somebody else"), 0.0)
        over = replace(known, run=ended, revision=known.revision + 1)
        await keeper.store.write(rows.replace, row(over), at=0.0, server="another")
        return known

    patched = pytest.MonkeyPatch()
    patched.setattr(keeper, "fresh", and_then_it_is_over)
    with pytest.raises(Refused, match="it is over"):
        await yard.desk.cancel_run(run.line.id, "me")
    assert [] == yard.heard(events.RunOrdered)


@in_yard
async def test_who_follows_a_run_sees_it_change(yard: Yard) -> None:
    run = await yard.provision()
    async with yard.desk.follow_run(run.line.id) as changes:
        coming = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        assert not coming.done()
        await yard.tells()
        async with asyncio.timeout(5):
            assert "PENDING" == (await coming).line.state
    with pytest.raises(Refused, match="no such run"):
        async with yard.desk.follow_run("w-nobody"):
            pass


@in_yard
async def test_runs_are_listed_the_latest_first_page_by_page(yard: Yard) -> None:
    made = []
    for _ in range(5):
        yard.now += 1
        run = await yard.provision(new_run(LOOK, arm=None))
        made.append(run.line.id)
        await yard.desk.cancel_run(run.line.id, "me")
    found, after = list[str](), ""
    while True:
        page = await yard.desk.runs(after=after, limit=2)
        assert 5 == page.total
        found += [each.id for each in page.runs]
        after = page.next
        if not after:
            break
    assert made[::-1] == found
    assert 5 == (await yard.desk.runs(state="FAILED")).total
    assert 0 == (await yard.desk.runs(state="RUNNING,POST")).total
    assert 0 == (await yard.desk.runs(key="file-2")).total
    with pytest.raises(Refused, match="no such state"):
        await yard.desk.runs(state="WELL")


@in_yard
async def test_the_freeze_tells_who_and_how_many_write(yard: Yard) -> None:
    assert (False, 10, 0) == (
        (await yard.desk.freeze()).frozen,
        (await yard.desk.freeze()).most,
        (await yard.desk.freeze()).writing,
    )
    await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.do(await agent.next())
    await agent.next()
    told = await yard.desk.set_freeze(NewFreeze(frozen=True, why="fire"), "chief")
    assert (True, "fire", "chief", yard.now, 1) == (
        told.frozen,
        told.why,
        told.by,
        told.at,
        told.writing,
    )
    (stopped,) = yard.heard(events.WritingStopped)
    assert (True, "chief", "fire") == (stopped.frozen, stopped.by, stopped.why)


# --- to undo


@in_yard
async def test_the_ends_of_a_disk_are_put_back_by_a_run_for_that_disk_alone(yard: Yard) -> None:
    await failed(yard)
    (line,) = (await yard.desk.edges("file-1")).edges
    with pytest.raises(Refused, match="another disk"):
        await yard.desk.undo("file-1", Undo(edges=line.id, serial="OTHER"), "me")
    with pytest.raises(Refused, match="no such ends"):
        await yard.desk.undo("file-2", Undo(edges=line.id, serial=SERIAL), "me")
    await yard.tells(inventory(disk("OTHER"), {**disk(content="gpt"), "path": "/dev/vdb"}))
    run = await yard.desk.undo("file-1", Undo(edges=line.id, serial=SERIAL), "me")
    assert ("undo-partition-table", "force", "PENDING") == (
        run.line.name,
        run.policy,
        run.line.state,
    )
    agent = await yard.boots()
    hand = await agent.next()
    assert ("undo", str(line.id)) == (hand["kind"], hand["environment"]["EDGES"])
    assert [SERIAL] == [each["serial"] for each in hand["armed"]]
    status, ends = await agent.post(f"edges/{line.id}", {"run": agent.run, "session": 1})
    assert (200, True) == (status, bool(ends))
