"""Two servers on one store go on with the same runs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from tests.app.desks import FILE_MAC, OTHER_MAC
from tests.app.runs.yard import Refused, Yard, disk, inventory, new_run, opened
from tests.store.postgres import cluster

from boots.api.desk import Refused as Declined
from boots.app.takeup import TakeUp
from boots.client.workflows import NewFreeze
from boots.model.order import Netboot
from boots.store import changes
from boots.store import engine as engines
from boots.store.engine import StoreAway

TWICE = """\
version: "0.1"
name: debian
global_timeout: 6000
tasks:
  - name: install
    worker: "{{ .device_1 }}"
    actions:
      - {name: write, image: image2disk, timeout: 600, environment: &disk
          {IMG_URL: "http://192.168.1.1/images/debian", DEST_DISK: /dev/vda}}
      - {name: again, image: image2disk, timeout: 600, environment: *disk}
"""


@asynccontextmanager
async def two(folder: Path, **more: Any) -> AsyncIterator[tuple[Yard, Yard]]:
    """Two servers."""
    async with AsyncExitStack() as stack:
        for name in ("one", "two"):
            (folder / name).mkdir()
        url = more.pop("url", engines.sqlite_url(folder / "shared.db"))
        one = await stack.enter_async_context(opened(folder / "one", url=url, **more))
        other = await stack.enter_async_context(
            opened(folder / "two", url=url, server="two", **more)
        )
        yield one, other


async def takes_up(yard: Yard) -> None:
    """A server looks at what others changed."""
    found = await yard.keeping.store.read(changes.since, 0)
    await yard.running.take_up(found, yard.keeping.store.me)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.peers)])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A store for both."""
    if request.param == "sqlite":
        yield {}
        return
    with cluster() as running:
        running.create("runs")
        yield {"url": running.url("runs")}


def test_a_run_goes_from_server_to_server(tmp_path: Path, shared: dict[str, str]) -> None:
    async def main() -> None:
        async with two(tmp_path, **shared) as (one, other):
            await one.tells()
            run = (await one.provision()).line.id
            await takes_up(other)
            agent = await other.boots()
            look = await agent.next()
            agent.meets(one.base, one.client)  # which was told of nothing
            await agent.do(look)
            agent.meets(other.base, other.client)
            write = await agent.next()
            assert "write" == write["name"]
            await agent.do(write)
            agent.meets(one.base, one.client)
            go = await agent.next()
            assert go["terminal"]
            order = one.orders.of("file-1")
            assert order is not None
            assert Netboot.OFF is order.netboot
            await agent.do(go)
            async with other.client.post(other.home()) as answer:
                assert 204 == answer.status
            assert "SUCCESS" == await other.state(run)
            await takes_up(one)
            assert "SUCCESS" == await one.state(run)

    asyncio.run(main())


def test_both_ask_at_once_and_one_hand_out_leaves(tmp_path: Path, shared: dict[str, str]) -> None:
    async def main() -> None:
        async with two(tmp_path, **shared) as (one, other):
            await one.tells()
            await one.provision()
            await takes_up(other)
            agent = await one.boots()
            await takes_up(other)
            await agent.do(await agent.next())
            await takes_up(other)
            twin = other.agent()
            twin.run, twin.session, twin.key = agent.run, agent.session, agent.key
            thief = other.agent()
            answers = await asyncio.gather(
                agent.next(), twin.next(), thief.hello(other.ticket()), return_exceptions=True
            )
            assert all(isinstance(each, dict | Refused) for each in answers[:2]), answers
            assert not isinstance(answers[2], BaseException), answers
            handed = [
                (each["step"], each["attempt"])
                for each in answers
                if isinstance(each, dict) and each.get("do") == "action"
            ]
            assert len(set(handed)) <= 1
            await takes_up(one)
            later = await thief.next()
            if handed:
                assert "wait" == later["do"], "that writes is with the first session"

    asyncio.run(main())


def test_a_ticket_that_one_took_the_other_refuses(tmp_path: Path) -> None:
    async def main() -> None:
        async with two(tmp_path) as (one, other):
            await one.provision()
            await takes_up(other)
            text = one.ticket()
            await one.agent().hello(text)
            with pytest.raises(Refused, match="used before"):
                await other.agent().hello(text)  # though nothing told it yet

    asyncio.run(main())


def test_a_ticket_for_a_run_that_a_server_has_not_heard_of_is_good_there(tmp_path: Path) -> None:
    async def main() -> None:
        async with two(tmp_path) as (one, other):
            before = await one.provision()
            await takes_up(other)
            await one.desk.cancel_run(before.line.id, "me")
            after = await one.provision()
            agent = other.agent()
            await agent.hello(one.ticket())
            assert after.line.id == agent.run

    asyncio.run(main())


def test_a_machine_has_one_run_whichever_server_is_asked(tmp_path: Path) -> None:
    async def main() -> None:
        async with two(tmp_path) as (one, other):
            run = await one.provision()
            with pytest.raises(Declined, match=run.line.id):
                await other.provision()

    asyncio.run(main())


def test_the_cap_and_the_freeze_hold_for_all_servers_together(tmp_path: Path) -> None:
    async def main() -> None:
        async with two(tmp_path, most_writing=1) as (one, other):
            agents = []
            for yard, machine, mac in ((one, "file-1", FILE_MAC), (other, "file-2", OTHER_MAC)):
                await yard.tells(inventory(disk(serial=machine)), mac)
                await yard.provision(new_run(machine=machine))
                agents.append(await yard.boots(mac))
                await agents[-1].do(await agents[-1].next())
            assert "write" == (await agents[0].next())["name"]
            answer = await agents[1].next()  # it has not heard of the other's run at all
            assert ("wait", True) == (answer["do"], "most_writing" in answer["why"])
            await one.desk.cancel_run(agents[0].run, "me")
            await one.desk.set_freeze(NewFreeze(frozen=True), "chief")
            answer = await agents[1].next()
            assert ("wait", True) == (answer["do"], "frozen by chief" in answer["why"])
            await takes_up(other)
            assert (await other.desk.freeze()).frozen

    asyncio.run(main())


@pytest.mark.parametrize("stopped", ["cancelled", "frozen"])
def test_no_disk_is_begun_with_after_another_server_was_told_to_stop(
    stopped: str, tmp_path: Path
) -> None:
    async def main() -> None:
        async with two(tmp_path) as (one, other):
            await one.tells()
            run = await one.provision()
            await takes_up(other)
            agent = await other.boots()
            await agent.do(await agent.next())
            write = await agent.next()
            if stopped == "frozen":
                await one.desk.set_freeze(NewFreeze(frozen=True), "chief")
            else:
                await one.desk.cancel_run(run.line.id, "me")
            # The other has heard of neither.
            assert 409 == (await agent.edges(write, write["armed"][0]))[0]
            assert not (await one.desk.edges("file-1")).edges

    asyncio.run(main())


@pytest.mark.parametrize("lost", [False, True])
def test_a_disk_that_was_taken_is_not_gone_on_with_after_another_server_was_told_to_stop(
    tmp_path: Path, *, lost: bool
) -> None:
    """Its ends are with the server: the agent asks no more before it writes."""

    async def main() -> None:
        async with two(tmp_path) as (one, other):
            await one.tells()
            await one.provision(new_run(TWICE))
            await takes_up(other)
            agent = await other.boots()
            await agent.do(await agent.next())
            if lost:
                again = await agent.next()  # and this answer does not arrive
                assert [True] == [each["taken"] for each in again["armed"]]
            await one.desk.set_freeze(NewFreeze(frozen=True), "chief")
            assert not other.running.keeper.frozen.frozen
            answer = await agent.next()
            assert ("wait", True) == (answer["do"], "frozen by chief" in answer["why"])
            await one.desk.set_freeze(NewFreeze(frozen=False), "chief")
            assert "again" == (await agent.next())["name"]

    asyncio.run(main())


def test_while_the_store_is_away_nothing_is_handed_out_and_agents_ask_again(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with opened(tmp_path) as yard:
            await yard.tells()
            await yard.provision()
            agent = await yard.boots()
            store = yard.keeping.store
            with patch.object(store, "write", side_effect=StoreAway("it is gone")):
                with pytest.raises(Refused) as refused:
                    await agent.next()
                assert 503 == refused.value.status
                with pytest.raises(Refused) as refused:
                    await yard.agent().hello(yard.ticket())
                assert 503 == refused.value.status
                async with yard.client.post(yard.home()) as answer:
                    assert 204 == answer.status, "nothing is waited for: nothing to be written"
            assert "PENDING" == yard.running.keeper.live[agent.run].run.state.value
            assert "look" == (await agent.next())["name"]

    asyncio.run(main())


def test_many_changes_of_runs_are_taken_up_without_reading_all_records_anew(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with two(tmp_path) as (one, other):
            run = (await one.provision()).line.id
            takeup = TakeUp(other.keeping, 5.0, lambda _: None, other._place, other.running)
            await takeup.look()
            with patch.object(other.keeping, "load", side_effect=AssertionError("all is read")):
                for _ in range(120):
                    await one.boots()
                await takeup.look()
                here = other.running.keeper.live[run]
                assert 121 == here.revision
                await one.desk.cancel_run(run, "me")
                await takeup.look()
            assert {} == other.running.keeper.live

    asyncio.run(main())


def test_a_deadline_is_told_to_its_run_when_it_is_due(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path) as yard:
            await yard.tells()
            run = (await yard.provision()).line.id
            agent = await yard.boots()
            await agent.started(await agent.next())
            keeper = yard.running.keeper
            assert {run: yard.now + 60 + 60} == keeper.deadlines
            going = asyncio.create_task(yard.running.run())
            try:
                async with keeper.flag(run).watched() as woken, asyncio.timeout(5):
                    yard.now += 119
                    keeper.due.set()
                    await asyncio.sleep(0.1)
                    assert not woken.is_set()
                    yard.now += 2
                    keeper.due.set()
                    await woken.wait()
            finally:
                going.cancel()
            assert "TIMEOUT" == await yard.state(run)
            assert {} == keeper.deadlines

    asyncio.run(main())
