"""What is changed and its row of the audit log are there together, or neither is."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from tests.store.deeds import KEY, deed, left, order

from boots.journal import events
from boots.journal.events import Entry
from boots.journal.journal import Journal
from boots.journal.limited import on_the_loop
from boots.model.order import Netboot, Order
from boots.store import audit, orders, witness
from boots.store.engine import reading
from boots.store.runs import Conflict
from boots.store.store import Store

GIVEN = Order(netboot=Netboot.ON, profile="", by="ann", at=1.0)


def rows(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        return [(each.deed.machine, each.deed.outcome) for each in audit.read(connection)][::-1]


def ordered(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return sorted(orders.every(connection))


def test_killed_at_any_statement_there_is_no_change_without_its_row(
    url: str, engine: Engine
) -> None:
    run = [sys.executable, "-m", "tests.store.deeds", url]
    said = subprocess.run(run, check=True, capture_output=True, text=True, timeout=60).stdout
    tries = [json.loads(line) for line in said.splitlines()]
    assert 5 < len(tries), "it was killed before its statements"
    for _, changed, told in tries:
        assert changed == told
    assert 0 == tries[-1][0], "it came to its end at last"
    assert tries[-1][1], "and then both are there"


def test_a_row_that_cannot_be_written_takes_the_change_back(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("in between")

    monkeypatch.setattr(audit, "keep", fails)
    with pytest.raises(RuntimeError, match="in between"):
        asyncio.run(order(Store(engine, "a"), "m-1"))
    assert ([], []) == (ordered(engine), rows(engine))


def test_what_comes_to_nothing_has_no_row_and_what_is_tried_again_has_one(engine: Engine) -> None:
    def conflicts(_: Connection) -> None:
        raise Conflict

    async def deeds() -> None:
        store = Store(engine, "a")
        with witness.witnessed(lambda _: deed("m-1"), lambda: KEY) as seen:
            with pytest.raises(Conflict):
                await store.write(conflicts)
            assert not await store.write(orders.withdraw, "m-1", at=1.0, server=store.me)
            assert "" == seen.stands
            await store.write(orders.give, "m-1", GIVEN, server=store.me)
            await store.write(orders.give, "m-2", GIVEN, server=store.me)  # a part of the same
        await store.write(orders.give, "m-3", GIVEN, server=store.me)  # nobody's deed

    asyncio.run(deeds())
    assert [("m-1", "done")] == rows(engine)
    assert ["m-1", "m-2", "m-3"] == ordered(engine)


def test_what_is_done_elsewhere_is_told_before_and_what_it_changes_here_with_that(
    engine: Engine,
) -> None:
    async def deeds() -> None:
        store = Store(engine, "a")
        with witness.witnessed(lambda _: deed("m-1"), lambda: KEY) as seen:
            await store.begin(seen)
            assert [("m-1", "begun")] == rows(engine)
            await store.write(orders.give, "m-1", GIVEN, server=store.me)

    asyncio.run(deeds())
    assert [("m-1", "begun"), ("m-1", "done")] == rows(engine)


def test_whoever_is_gone_meanwhile_the_change_and_its_row_are_written(engine: Engine) -> None:
    async def deeds() -> None:
        store = Store(engine, "a")
        doing = asyncio.create_task(order(store, "m-1"))
        await asyncio.sleep(0)
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
        await store.write(lambda _: None)  # which waits for what was begun

    asyncio.run(deeds())
    assert (["m-1"], [("m-1", "done")]) == (ordered(engine), rows(engine))


@pytest.mark.parametrize("told", [1, 40])
def test_what_the_journal_begins_is_not_the_deed_of_whoever_told_it(
    engine: Engine, told: int
) -> None:
    async def deeds() -> None:
        store, begun = Store(engine, "a"), list[asyncio.Future[object]]()

        class Signs:
            def write(self, entries: Sequence[Entry]) -> None:
                assert entries
                give = store.write(orders.give, f"m-{len(begun)}", GIVEN, server=store.me)
                begun.append(asyncio.ensure_future(give))

            def close(self) -> None:
                pass

        loop = asyncio.get_running_loop()
        journal = Journal([Signs()], lambda: 1.0, lambda flush: loop.call_later(0.0, flush))
        with witness.witnessed(lambda _: deed("m-9"), lambda: KEY):
            for _ in range(told):
                journal.record(events.ServerStopped(why="it was told so"))
        await asyncio.sleep(0.01)
        assert begun
        await asyncio.gather(*begun)

    asyncio.run(deeds())
    assert "m-0" in ordered(engine)
    assert [] == rows(engine)


def test_nor_is_what_is_told_of_a_limit_later() -> None:
    async def seen() -> list[object]:
        found: list[object] = []
        with witness.witnessed(lambda _: deed("m-9"), lambda: KEY):
            on_the_loop(0.0, lambda: found.append(witness.present()))
        await asyncio.sleep(0.01)
        return found

    assert [None] == asyncio.run(seen())


def test_two_servers_that_race_make_one_chain(
    url: str, engine: Engine, another: Callable[[], Engine]
) -> None:
    async def many(store: Store) -> None:
        for number in range(20):
            await order(store, f"{store.server}-{number:02}")

    async def both() -> None:
        await asyncio.gather(*(many(Store(another(), name)) for name in ("a", "b")))

    asyncio.run(both())
    changed, told = left(url)
    assert 40 == len(told)
    assert changed == told
    with reading(engine) as connection:
        assert (40, 0, 0) == audit.prove(connection, KEY)[:3]
