"""An agent that was in the middle of a run when the backup was made gets nothing once restored."""

import asyncio
from pathlib import Path

import pytest
from tests.app.backup.cut_off import lasting_at
from tests.app.runs.yard import new_run, opened

from boots.app.backup.restoring import restore
from boots.app.backup.taking import take
from boots.client.words import NewOrder
from boots.model.order import Netboot


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_no_disk_is_written_by_what_was_allowed_before_the_restore(
    tmp_path: Path, steps: int
) -> None:
    there, here, backup = tmp_path / "there", tmp_path / "here", tmp_path / "backup.tar"
    there.mkdir()
    here.mkdir()

    async def main() -> None:
        async with opened(there) as yard:
            await yard.tells()
            run = (await yard.provision()).line.id
            ticket = yard.ticket()
            agent = await yard.boots()
            for step in range(steps):
                hand = await agent.next()
                await (agent.started(hand) if step else agent.do(hand))
            await asyncio.to_thread(take, lasting_at(there), backup)

        done = await asyncio.to_thread(restore, lasting_at(here), backup)
        assert (f"{run} of file-1",) == done.voided.runs

        async with opened(here) as yard:
            agent.meets(yard.base, yard.client)
            told = await agent.next()
            assert "stop" == told["do"]
            assert "" == (await yard.agent().hello(ticket))["run"]
            assert "" == yard.ticket()
            assert "FAILED CANCELLED" == await yard.state(run)
            # And the machine is free for another run.
            await yard.provision(new_run())

    asyncio.run(main())


def test_once_is_over_once_restored(tmp_path: Path) -> None:
    there, here, backup = tmp_path / "there", tmp_path / "here", tmp_path / "backup.tar"
    there.mkdir()
    here.mkdir()

    async def main() -> None:
        async with opened(there) as yard:
            await yard.desk.order("file-2", NewOrder(netboot=Netboot.ONCE), "ann")
            await asyncio.to_thread(take, lasting_at(there), backup)
        done = await asyncio.to_thread(restore, lasting_at(here), backup)
        assert ("file-2",) == done.voided.orders

        async with opened(here) as yard:
            order = yard.orders.of("file-2")
            assert order is not None
            assert order.spent

    asyncio.run(main())
