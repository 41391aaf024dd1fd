"""The thread that writes what happened: in order, bounded, whether the database is there or not."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from boots.store import engine as engines
from boots.store import history, seen, writer
from boots.store.engine import reading, transaction
from boots.store.history import Happened
from boots.store.migrate import bring_up
from boots.store.seen import Inventory
from boots.store.writer import Retention, Writer
from boots.timeline.words import Boot, State, Stranger

MAC = "52:54:00:00:00:01"
ALL = Retention(1e12, 1_000_000)


def happened(number: int) -> Happened:
    return Happened(float(number), MAC, "OfferSent", "{}", "a")


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[Engine]:
    made = engines.make(engines.sqlite_url(tmp_path / "boots.db"))
    bring_up(made)
    yield made
    made.dispose()


class Heard:
    """What a writer told, and a wait for it that ends."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self.recovered: list[int] = []
        self.batches = 0
        self._something = threading.Condition()

    def note(self, kept: Callable[[], None]) -> None:
        with self._something:
            kept()
            self._something.notify_all()

    def until(self, true: Callable[[], bool]) -> None:
        with self._something:
            assert self._something.wait_for(true, 15), "it did not come to that"

    def written(self) -> None:
        def count() -> None:
            self.batches += 1

        self.note(count)


@contextmanager
def writing(engine: Engine, heard: Heard, retention: Retention = ALL) -> Iterator[Writer]:
    made = Writer(
        engine,
        "a",
        retention,
        time.time,
        troubled=lambda why: heard.note(lambda: heard.troubles.append(why)),
        recovered=lambda lost: heard.note(lambda: heard.recovered.append(lost)),
        written=heard.written,
    )
    made.start()
    yield made
    made.close()


@contextmanager
def away(engine: Engine) -> Iterator[None]:
    """A database that refuses every statement, as one does whose disk is full."""

    def refuse(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    event.listen(engine, "before_cursor_execute", refuse)
    yield
    event.remove(engine, "before_cursor_execute", refuse)


def events_in(engine: Engine) -> list[float]:
    with reading(engine) as connection:
        return [each.at for each in history.read_events(connection, limit=100_000)]


def test_what_happened_is_written_in_its_order(engine: Engine) -> None:
    heard = Heard()
    with writing(engine, heard) as made:
        made.put([happened(n) for n in range(5_000)])
        made.put([happened(5_000)])
    assert list(map(float, range(5_001))) == events_in(engine)
    assert [] == heard.troubles


def test_of_a_boot_the_last_state_is_written(file_store: Engine) -> None:
    first = Boot(id="x", mac=MAC, started=1.0, heard=1.0)
    last = Boot(id="x", mac=MAC, started=1.0, heard=2.0, state=State.DONE)
    with writing(file_store, Heard()) as made:
        made.put(boots=[first])
        made.put(boots=[last], inventories=[Inventory(MAC, 1.0, "{}")])
    with reading(file_store) as connection:
        assert [last] == history.read_boots(connection)


def test_while_the_database_is_away_everything_waits_and_then_comes_in_order(
    file_store: Engine,
) -> None:
    heard = Heard()
    with writing(file_store, heard) as made:
        with away(file_store):
            made.put([happened(1)])
            heard.until(lambda: bool(heard.troubles))
            made.put([happened(2)])
            assert "database or disk is full" in made.trouble
        heard.until(lambda: bool(heard.recovered))
        heard.until(lambda: not made.waiting)
        assert "" == made.trouble
    assert [1.0, 2.0] == events_in(file_store)
    assert (1, [0]) == (len(heard.troubles), heard.recovered)


def test_beyond_the_bound_the_oldest_go_and_are_counted(
    file_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST", 10)
    heard = Heard()
    with writing(file_store, heard) as made:
        with away(file_store):
            made.put([happened(1)])
            heard.until(lambda: bool(heard.troubles))
            made.put([happened(n) for n in range(2, 16)])
            assert 10 == made.waiting
        heard.until(lambda: bool(heard.recovered))
    assert list(map(float, range(6, 16))) == events_in(file_store)
    assert [5] == heard.recovered
    assert 5 == made.lost


def test_nor_may_their_texts_fill_the_memory(
    file_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LARGEST", 1000)
    made = Writer(file_store, "a", ALL, time.time)
    made.put([happened(n)._replace(body="x" * 300) for n in range(10)])
    assert (3, 7) == (made.waiting, made.lost)
    made.put([happened(11)._replace(body="x" * 2000)])
    assert (0, 11) == (made.waiting, made.lost)


def test_what_waits_beside_the_events_is_bounded_too(
    file_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("MOST_BOOTS", 2), ("MOST_SIGHTINGS", 2), ("LARGEST_INVENTORIES", 25)):
        monkeypatch.setattr(writer, name, most)
    macs = [f"52:54:00:00:00:0{n}" for n in range(5)]
    heard = Heard()
    with writing(file_store, heard) as made:
        with away(file_store):
            for at, mac in enumerate(macs):
                made.put(
                    [happened(at)],
                    boots=[Boot(id=f"x{at}", mac=mac, started=at, heard=at)],
                    inventories=[Inventory(mac, at, '{"a": 1}  ')],
                    sightings=[Stranger(mac=mac, interface="lan0", first=at, last=at)],
                )
                heard.until(lambda: bool(heard.troubles))  # some of it was put back
        heard.until(lambda: bool(heard.recovered))
    with reading(file_store) as connection:
        assert ["x4", "x3"] == [each.id for each in history.read_boots(connection)]
        assert set(macs[3:]) == set(seen.read_inventories(connection, macs))
        assert macs[:2:-1] == [each.mac for each in seen.read_sightings(connection, Stranger)]


def test_of_very_many_sightings_and_inventories_those_of_late_stay(engine: Engine) -> None:
    macs = [f"52:54:00:00:00:{n:02x}" for n in range(20)]
    heard = [Stranger(mac=mac, interface="lan0", first=1, last=at) for at, mac in enumerate(macs)]
    with transaction(engine) as connection:
        seen.write_sightings(connection, heard)
        seen.write_inventories(
            connection, [Inventory(mac, at, "{}") for at, mac in enumerate(macs)]
        )
        seen.forget_sightings(connection, before=3, most=100)
        assert 17 == len(seen.read_sightings(connection, Stranger))
        seen.forget_sightings(connection, before=3, most=5)
        assert macs[:13:-1] == [e.mac for e in seen.read_sightings(connection, Stranger)]
        seen.forget_inventories(connection, 20)
        assert 20 == len(seen.read_inventories(connection, macs))
        seen.forget_inventories(connection, 5)
        assert set(macs[15:]) == set(seen.read_inventories(connection, macs))


def test_a_batch_that_cannot_be_written_is_lost_and_the_next_is_not(
    file_store: Engine,
) -> None:
    heard = Heard()
    with writing(file_store, heard) as made:
        made.put([happened(1)._replace(body="", mac=None)])  # type: ignore[arg-type]
        heard.until(lambda: True)
        while made.waiting:
            time.sleep(0.01)
        made.put([happened(2)])
        heard.until(lambda: heard.batches > 0)
    assert ([2.0], 1) == (events_in(file_store), made.lost)


def test_the_end_does_not_wait_for_a_database_that_is_away(
    file_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LAST_MOMENT", 0.5)
    heard = Heard()
    with away(file_store):
        began = time.monotonic()
        with writing(file_store, heard) as made:
            made.put([happened(1)])
            heard.until(lambda: bool(heard.troubles))
        assert time.monotonic() - began < 10


def test_what_is_old_goes_by_itself(file_store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_TIDY_EVERY", 0.0)
    heard = Heard()
    with writing(file_store, heard, Retention(1e12, 3)) as made:
        made.put([happened(n) for n in range(10)])
        heard.until(lambda: heard.batches > 0)
    assert [7.0, 8.0, 9.0] == events_in(file_store)


def test_inventories_for_a_list_are_no_larger_than_they_may_be(engine: Engine) -> None:
    small, large = Inventory(MAC, 1.0, "{}"), Inventory("52:54:00:00:00:02", 1.0, '"xxxxxxxxx"')
    macs = [small.mac, large.mac]
    with transaction(engine) as connection:
        seen.write_inventories(connection, [small, large])
        assert {small.mac: small} == seen.read_inventories(connection, macs, 10)
        assert {small.mac: small, large.mac: large} == seen.read_inventories(connection, macs)
