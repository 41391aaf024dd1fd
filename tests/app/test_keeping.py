"""What lasts: durable before it is in force, taken up by other servers, there without the store."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from tests.policy.made import known

from boots.app import copied
from boots.app.folders import COPY
from boots.app.keeping import Keeping
from boots.app.orders import Orders
from boots.app.takeup import TakeUp
from boots.journal import events
from boots.journal.events import Entry
from boots.model.order import Netboot, Order
from boots.serve.sockets import StartError
from boots.store import engine as engines
from boots.store import history
from boots.store import orders as stored_orders
from boots.store.engine import StoreAway
from boots.store.history import Happened
from boots.store.records import Conflict
from boots.store.store import Store

T = TypeVar("T")
NOW = 1_800_000_000.0
RECORD = '{"name":"n1","mac":"52:54:00:00:00:01"}'
OFFER = events.OfferSent(
    mac="52:54:00:00:00:01",
    interface="lan0",
    address="10.0.0.1",
    program="PXE ROM",
    architecture="bios",
    boot_file="",
    why="",
)


class One:
    """A server that shares a store with others."""

    def __init__(self, url: str, folder: Path, name: str) -> None:
        self.orders = Orders(lambda: NOW, lambda _: "n1", self._spent, self._noted)
        store = Store(engines.make(url), name)
        state = folder / name
        state.mkdir(exist_ok=True)
        self.keeping = Keeping(store, self.orders, state, lambda: NOW)
        self.placed = 0
        self.reordered: list[str] = []
        self.heard: list[Entry] = []
        self.keeping.place = self._place
        self.keeping.reordered = self.reordered.append
        self.takeup = TakeUp(self.keeping, 60.0, self.heard.extend, self._place)

    def _spent(self, name: str, order: Order) -> None:
        self.keeping.spent(name, order)

    def _noted(self, name: str, given: float) -> None:
        self.keeping.told.note(name, given)

    async def _place(self) -> None:
        self.placed += 1

    @property
    def names(self) -> list[str]:
        return sorted(name for name, _, _ in self.keeping.kept.every())

    @contextmanager
    def away(self) -> Iterator[None]:
        """Its database refuses every statement meanwhile."""

        def refuse(*_: object) -> None:
            raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

        engine = self.keeping.store.engine
        event.listen(engine, "before_cursor_execute", refuse)
        yield
        event.remove(engine, "before_cursor_execute", refuse)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[[str], One]]:
    made: list[One] = []

    def make(name: str) -> One:
        made.append(One(engines.sqlite_url(tmp_path / "boots.db"), tmp_path, name))
        return made[-1]

    yield make
    for each in made:
        each.keeping.close()


Server = Callable[[str], One]


def run(wanted: Callable[[], Awaitable[T]]) -> T:
    async def whole() -> T:
        return await wanted()

    return asyncio.run(whole())


def test_a_record_is_placed_before_it_is_acknowledged_and_there_after_a_restart(
    server: Server,
) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        await one.keeping.create("n1", RECORD, "ann")
        assert 1 == one.placed
        again = server("a")
        await again.keeping.open()
        assert ["n1"] == again.names
        assert 1 == again.keeping.kept.revision("n1")

    run(main)


def test_other_servers_take_up_what_one_changes(server: Server) -> None:
    async def main() -> None:
        one, two = server("a"), server("b")
        await one.keeping.open()
        await two.keeping.open()
        await one.keeping.create("n1", RECORD, "ann")
        await one.keeping.give("n1", Order(netboot=Netboot.OFF, at=NOW))
        await two.takeup.look()
        assert (["n1"], 1, ["n1"]) == (two.names, two.placed, two.reordered)
        assert Netboot.OFF is two.orders.every()["n1"].netboot
        await one.keeping.withdraw("n1")
        await one.keeping.remove("n1", None)
        await two.takeup.look()
        assert ([], {}) == (two.names, two.orders.every())
        placed = two.placed
        await two.takeup.look()
        assert placed == two.placed, "nothing is taken up twice"
        await one.takeup.look()
        assert 2 == one.placed, "what one changed itself is no news to it"

    run(main)


def test_two_servers_of_one_name_hear_of_each_other_all_the_same(server: Server) -> None:
    async def main() -> None:
        one, two = server("a"), server("a")
        await one.keeping.open()
        await two.keeping.open()
        await one.keeping.create("n1", RECORD, "ann")
        await one.keeping.give("n1", Order(netboot=Netboot.OFF, at=NOW))
        await two.takeup.look()
        assert (["n1"], ["n1"]) == (two.names, list(two.orders.every()))

    run(main)


def test_a_store_that_is_removed_or_replaced_is_as_one_that_is_away(
    server: Server, tmp_path: Path
) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        await one.keeping.create("n1", RECORD, "ann")
        await one.keeping.give("n1", Order(netboot=Netboot.OFF, at=NOW))
        await one.takeup.look()
        place, aside = tmp_path / "boots.db", tmp_path / "aside.db"
        place.rename(aside)
        for is_there in (False, True):
            if is_there:
                place.write_bytes(b"")
            await one.takeup.look()
            assert "was removed or replaced" in one.keeping.trouble
            assert (["n1"], ["n1"]) == (one.names, list(one.orders.every()))
            with pytest.raises(StoreAway, match="put it back, or restart"):
                await one.keeping.remove("n1", None)
            assert is_there == place.exists(), "nothing was made in its place"
        assert b"" == place.read_bytes()
        aside.rename(place)
        await one.takeup.look()
        assert "" == one.keeping.trouble
        await one.keeping.remove("n1", None)
        assert [] == one.names

    run(main)


def test_after_many_changes_everything_is_read_anew(server: Server) -> None:
    async def main() -> None:
        one, two = server("a"), server("b")
        await one.keeping.open()
        await two.keeping.open()
        for number in range(120):
            await one.keeping.give(f"n{number}", Order(netboot=Netboot.OFF, at=NOW))
        await two.takeup.look()
        assert 120 == len(two.orders.every())

    run(main)


def test_what_is_used_up_at_one_server_is_used_up_at_the_others(server: Server) -> None:
    async def main() -> None:
        one, two = server("a"), server("b")
        await one.keeping.open()
        await two.keeping.open()
        await one.keeping.give("n1", Order(netboot=Netboot.ONCE, at=NOW))
        await two.takeup.look()
        one.orders.told("52:54:00:00:00:01", NOW)
        await one.takeup.look()
        await two.takeup.look()
        assert NOW + 120 == two.orders.every()["n1"].spent

    run(main)


def test_events_of_others_are_heard_once_and_in_order(server: Server) -> None:
    async def main() -> None:
        one, two = server("a"), server("b")
        await one.keeping.open()
        await two.keeping.open()
        body = msgspec.json.encode(OFFER).decode()
        rows = [Happened(NOW + n, OFFER.mac, "OfferSent", body, "a") for n in range(3)]
        rows.append(Happened(NOW + 9, "", "OfTheFuture", '{"event":"OfTheFuture"}', "a"))
        rows.append(Happened(NOW + 9, "", "OfferSent", body, "b"))
        await one.keeping.store.write(history.write_events, rows)
        await two.takeup.look()
        await two.takeup.look()
        assert [Entry(NOW + n, OFFER) for n in range(3)] == two.heard

    run(main)


def test_while_the_store_is_away_changes_are_refused_and_nothing_is_changed(
    server: Server,
) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        await one.keeping.create("n1", RECORD, "ann")
        with one.away():
            with pytest.raises(StoreAway, match="the server closed the connection"):
                await one.keeping.create("n2", RECORD, "ann")
            with pytest.raises(StoreAway):
                await one.keeping.give("n1", Order(netboot=Netboot.OFF))
            await one.takeup.look()
            assert "the server closed the connection" in one.keeping.trouble
        assert (["n1"], {}) == (one.names, one.orders.every())
        await one.takeup.look()
        assert "" == one.keeping.trouble

    run(main)


def test_an_order_that_is_used_up_while_the_store_is_away_is_written_when_it_is_back(
    server: Server,
) -> None:
    async def main() -> None:
        one, two = server("a"), server("b")
        await one.keeping.open()
        await one.keeping.give("n1", Order(netboot=Netboot.ONCE, at=NOW))
        with one.away():
            one.orders.told("52:54:00:00:00:01", NOW)
            await one.takeup.look()
            assert one.keeping.trouble
        await one.takeup.look()
        assert NOW + 120 == one.orders.every()["n1"].spent
        await two.keeping.open()
        assert NOW + 120 == two.orders.every()["n1"].spent

    run(main)


ONCE = Order(netboot=Netboot.ONCE, at=NOW)
_MADE = known()
KNOWN = msgspec.structs.replace(_MADE, machine=msgspec.structs.replace(_MADE.machine, name="n1"))


def test_a_crash_between_script_and_store_does_not_make_twice_of_once(server: Server) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        await one.keeping.give("n1", ONCE)
        one.orders.leaves(KNOWN)  # and here it is killed
        again = server("a")
        await again.keeping.open()
        assert NOW + 120 == again.orders.every()["n1"].spent
        await again.takeup.look()
        other = server("b")
        await other.keeping.open()
        assert NOW + 120 == other.orders.every()["n1"].spent, "and now the store knows it"

    run(main)


def test_nor_does_one_while_the_store_is_away(server: Server) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        await one.keeping.give("n1", ONCE)
        await one.takeup.look()
        with one.away():
            one.orders.leaves(KNOWN)
            one.orders.told("52:54:00:00:00:01", NOW)
            await one.takeup.look()
        again = server("a")
        with again.away():
            await again.keeping.open()
            assert again.keeping.trouble
            assert NOW + 120 == again.orders.every()["n1"].spent

    run(main)


def test_what_was_told_under_an_earlier_order_uses_up_no_later_one(server: Server) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        await one.keeping.give("n1", ONCE)
        one.orders.leaves(KNOWN)
        await one.keeping.give("n1", msgspec.structs.replace(ONCE, at=NOW + 1))
        again = server("a")
        await again.keeping.open()
        assert 0 == again.orders.every()["n1"].spent

    run(main)


def test_what_is_read_anew_does_not_make_unspent_what_is_used_up_here(server: Server) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        await one.keeping.give("n1", ONCE)
        one.orders.told("52:54:00:00:00:01", NOW)  # the store does not know it yet
        await one.keeping.load()
        assert NOW + 120 == one.orders.every()["n1"].spent

    run(main)


def test_of_two_servers_that_use_an_order_up_the_sooner_counts(server: Server) -> None:
    async def main() -> None:
        one, two = server("a"), server("b")
        await one.keeping.open()
        await one.keeping.give("n1", ONCE)
        await two.keeping.open()
        one.orders.told("52:54:00:00:00:01", NOW)
        two.orders.told("52:54:00:00:00:01", NOW)
        two.orders.lives("52:54:00:00:00:01", NOW + 30)
        await two.takeup.look()
        await one.takeup.look()
        third = server("c")
        await third.keeping.open()
        assert NOW + 30 == third.orders.every()["n1"].spent

    run(main)


def test_an_order_given_while_that_of_another_server_is_read_stays_in_force(
    server: Server,
) -> None:
    async def main() -> None:
        one, two = server("a"), server("b")
        await one.keeping.open()
        await two.keeping.open()
        await two.keeping.give("n1", Order(netboot=Netboot.OFF, at=NOW))
        store, giving = one.keeping.store, list[asyncio.Task[None]]()
        read = store.read

        async def slow(ask: Callable[..., T], *given: Any) -> T:
            found = await read(ask, *given)
            if ask is stored_orders.one and not giving:
                on = Order(netboot=Netboot.ON, at=NOW + 1)
                giving.append(asyncio.create_task(one.keeping.give("n1", on)))
                await asyncio.sleep(0.1)  # in which it would be done
            return found

        store.read = slow  # type: ignore[assignment, method-assign]
        await one.takeup.look()
        await giving[0]
        assert Netboot.ON is one.orders.every()["n1"].netboot

    run(main)


def test_a_server_that_starts_without_the_store_has_what_it_saw_last(
    server: Server, tmp_path: Path
) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        await one.keeping.create("n1", RECORD, "ann")
        await one.keeping.give("n1", Order(netboot=Netboot.OFF, by="ann", at=NOW))
        await one.keeping.make_token("ci", "viewer", "secret", 0.0, "ann")
        await one.takeup.look()
        again = server("a")
        with again.away():
            await again.keeping.open()
            assert again.keeping.trouble
            assert ["n1"] == again.names
            assert Netboot.OFF is again.orders.every()["n1"].netboot
        assert 0o600 == (tmp_path / "a" / COPY).stat().st_mode & 0o777
        await one.keeping.remove("n1", None)
        await again.takeup.look()
        assert ([], {}, "") == (again.names, again.orders.every(), again.keeping.trouble)

    run(main)


def test_without_store_and_copy_a_server_starts_with_nothing(server: Server) -> None:
    async def main() -> None:
        one = server("a")
        with one.away():
            await one.keeping.open()
        assert [] == one.names

    run(main)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"records": 1}', b"\xff"])
def test_a_damaged_copy_is_as_none(server: Server, tmp_path: Path, damage: bytes) -> None:
    async def main() -> None:
        one = server("a")
        (tmp_path / "a" / COPY).write_bytes(damage)
        with one.away():
            await one.keeping.open()
        assert [] == one.names

    run(main)


def test_a_store_of_a_newer_boots_is_refused(server: Server) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        await one.keeping.store.write(
            lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        )
        with pytest.raises(StartError, match="of a newer Boots"):
            await server("a").keeping.open()

    run(main)


def test_of_two_that_change_one_revision_the_later_is_refused(server: Server) -> None:
    async def main() -> None:
        one, two = server("a"), server("b")
        await one.keeping.open()
        await two.keeping.open()
        await one.keeping.create("n1", RECORD, "ann")
        await two.keeping.replace("n1", RECORD, 1, "bob")
        with pytest.raises(Conflict):
            await one.keeping.replace("n1", RECORD, 1, "ann")

    run(main)


def test_tokens_of_one_open_the_others_and_taken_away_they_do_not(server: Server) -> None:
    async def main() -> None:
        one, two = server("a"), server("b")
        await one.keeping.open()
        await two.keeping.open()
        made = await one.keeping.make_token("ci", "viewer", "secret", 0.0, "ann")
        await two.takeup.look()
        assert [made] == list(two.keeping.tokens.values())
        await two.keeping.drop_token(made.id)
        await one.takeup.look()
        assert {} == one.keeping.tokens

    run(main)


# --- beside a newer version


def newer(url: str) -> None:
    """A newer Boots brings the store up, and adds to it as migrations may."""
    engine = engines.make(url)
    with engines.transaction(engine) as connection:
        connection.execute(text("ALTER TABLE machines ADD COLUMN of_later TEXT"))
        connection.execute(text("ALTER TABLE tokens ADD COLUMN of_later TEXT NOT NULL DEFAULT ''"))
        connection.execute(text("CREATE TABLE of_later (id INTEGER PRIMARY KEY)"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()


def test_a_running_server_goes_on_beside_a_newer_version(
    server: Callable[[str], One], tmp_path: Path
) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        newer(str(one.keeping.store.engine.url))
        await one.keeping.create("n1", RECORD, "ann")
        await one.keeping.give("n1", Order(netboot=Netboot.OFF, at=NOW))
        await one.keeping.make_token("robot", "viewer", "secret", 0.0, "ann")
        await one.takeup.look()
        assert "" == one.keeping.trouble
        await one.keeping.load()
        assert ["n1"] == one.names

    run(main)


def test_a_running_server_that_finds_a_newer_version_says_so_and_answers_on(
    server: Callable[[str], One],
) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        await one.keeping.create("n1", RECORD, "ann")
        with one.away():
            await one.takeup.look()
        newer(str(one.keeping.store.engine.url))
        await one.takeup.look()
        assert "the store has schema 9999, of a newer Boots" in one.keeping.trouble
        assert ["n1"] == one.names

    run(main)


def test_a_server_does_not_start_on_the_store_of_a_newer_version(
    server: Callable[[str], One],
) -> None:
    async def main() -> None:
        one = server("a")
        await one.keeping.open()
        newer(str(one.keeping.store.engine.url))
        with pytest.raises(StartError, match="has schema 9999, of a newer Boots; start that"):
            await server("b").keeping.open()

    run(main)


def test_a_copy_of_another_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "copy.json"
    order = {"netboot": "once", "at": 5.0, "by": "ann", "later": [1]}
    said = {"records": [["n1", RECORD, 3]], "orders": {"n1": order}, "of_the_future": {"a": 1}}
    path.write_bytes(msgspec.json.encode(said))
    read = copied.read(path)
    assert ([("n1", RECORD, 3)], {"n1": Order(netboot=Netboot.ONCE, at=5.0, by="ann")}, {}) == (
        read.records,
        read.orders,
        read.tokens,
    )
