"""What happened, as it is kept and read again."""

import re

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine
from sqlalchemy.event import listen

from boots.model.patterns import fits
from boots.store import history, seen
from boots.store.engine import reading, transaction
from boots.store.history import Happened
from boots.store.seen import Inventory, Leased
from boots.timeline.words import Boot, Finding, ForeignServer, Stage, State, Step, Stranger

ONE, TWO = "52:54:00:00:00:01", "52:54:00:00:00:02"


def event(at: float, mac: str = ONE, kind: str = "OfferSent", server: str = "a") -> Happened:
    return Happened(at, mac, kind, f'{{"n":{at}}}', server)


def kept(engine: Engine, *rows: Happened) -> None:
    with transaction(engine) as connection:
        history.write_events(connection, list(rows))


def times(found: list[Happened]) -> list[float]:
    return [each.at for each in found]


def test_events_are_found_by_mac_kind_time_and_number(engine: Engine) -> None:
    kept(engine, event(1), event(2, TWO), event(3, kind="AckSent"), event(4))
    with reading(engine) as connection:
        everything = history.read_events(connection)
        assert [1, 2, 3, 4] == times(everything)
        assert [1, 3, 4] == times(history.read_events(connection, macs=(ONE,)))
        assert [3] == times(history.read_events(connection, kinds=("AckSent",)))
        assert [2, 3] == times(history.read_events(connection, since=2, until=3))
        assert [3, 4] == times(history.read_events(connection, after=everything[1].id))
        assert [1, 2] == times(history.read_events(connection, limit=2))
        assert [3, 4] == times(history.read_events(connection, limit=2, latest=True))
        assert everything[-1].id == history.last_event(connection)


def test_events_are_found_by_whose_they_were_then(engine: Engine) -> None:
    rows = [event(n)._replace(machine=("ci-1", "web", "", "CI-2")[n % 4]) for n in range(8)]
    kept(engine, *rows)
    with reading(engine) as connection:
        theirs = history.read_events(connection, among=("ci-*",))
        assert [0, 3, 4, 7] == times(theirs)
        assert ["ci-1", "CI-2", "ci-1", "CI-2"] == [each.machine for each in theirs]
        last = history.read_events(connection, among=("ci-*",), latest=True, limit=2)
        assert [4, 7] == times(last)
        before = history.read_events(
            connection, among=("ci-*",), latest=True, limit=2, before=last[0].id
        )
        assert [0, 3] == times(before)


def test_any_number_of_macs_may_be_asked_for(engine: Engine) -> None:
    macs = tuple(
        f"52:54:00:0{n // 65536}:{n // 256 % 256:02x}:{n % 256:02x}" for n in range(70_000)
    )
    kept(engine, event(1, macs[0]), event(2, "52:54:00:99:00:00"), event(3, macs[-1]))
    with reading(engine) as connection:
        assert [1, 3] == times(history.read_events(connection, macs=macs))


def test_what_others_wrote_is_read_apart(engine: Engine) -> None:
    kept(engine, event(1), event(2, server="b"), event(3, server="c"))
    with reading(engine) as connection:
        found = history.of_others(connection, "a", 0, 10)
        assert [2, 3] == times(found)
        assert [3] == times(history.of_others(connection, "a", found[0].id, 10))


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        *[("ci-*", "CI-2"), ("CI-?", "ci-2"), ("*", "x"), ("a_b%*", "a_b%c"), ("[!x]-1", "y-1")],
        *[("[]a]b", "]b"), ("[ab", "[ab"), ("\u00c4*-1", "\u00e4b-1"), ("a\\\\b", "a\\\\b")],
    ],
)
def test_what_fits_a_pattern_is_read_and_little_else(
    engine: Engine, pattern: str, name: str
) -> None:
    named = [replace(boot(1), machine=name), replace(boot(2), machine="other_2"), boot(3)]
    assert fits(name, [pattern])
    with transaction(engine) as connection:
        history.write_boots(connection, named)
    with reading(engine) as connection:
        found = [each.machine for each in history.read_boots(connection, among=(pattern,))]
    assert ["", *(["other_2"] if pattern == "*" else []), name] == found


def boot(started: float, mac: str = ONE, state: State = State.DONE) -> Boot:
    return Boot(id=f"{mac}-{started:.0f}", mac=mac, started=started, heard=started, state=state)


def test_a_boot_comes_back_as_it_was(engine: Engine) -> None:
    whole = Boot(
        id="x",
        mac=ONE,
        machine="n1",
        started=1.0,
        heard=2.0,
        state=State.STUCK,
        steps=(Step(stage=Stage.BOOT_FILE, began=1.0, sent=5, size=10, detail="a\u2028b"),),
        finding=Finding(code="c", title="t", advice="a", evidence=("e",), at=1.5),
    )
    with transaction(engine) as connection:
        history.write_boots(connection, [whole])
        assert whole == history.read_boot(connection, "x")
        assert history.read_boot(connection, "y") is None


def test_boots_are_read_from_the_latest_on_page_by_page(engine: Engine) -> None:
    every = [boot(at, mac) for at in (1, 2, 3) for mac in (ONE, TWO)]
    with transaction(engine) as connection:
        history.write_boots(connection, every)
        found: list[Boot] = []
        before = None
        while page := history.read_boots(connection, before=before, limit=2):
            found += page
            before = (page[-1].started, page[-1].id)
        assert sorted(every, key=lambda each: (each.started, each.id), reverse=True) == found
        assert [3, 2, 1] == [b.started for b in history.read_boots(connection, macs=(TWO,))]


def test_a_boot_that_goes_on_is_one_boot(engine: Engine) -> None:
    with transaction(engine) as connection:
        history.write_boots(connection, [boot(1, state=State.RUNNING)])
        history.write_boots(connection, [boot(1, state=State.DONE)])
        assert [State.DONE] == [b.state for b in history.read_boots(connection)]
        assert [] == history.read_boots(connection, state="running")


def test_the_last_boot_of_each_machine_is_found(engine: Engine) -> None:
    with transaction(engine) as connection:
        history.write_boots(connection, [boot(at, mac) for at in (1, 2) for mac in (ONE, TWO)])
        history.write_boots(connection, [boot(3, ONE)])
        found = history.latest_boots(connection, 10)
        assert {(ONE, 3), (TWO, 2)} == {(b.mac, b.started) for b in found}
        assert [ONE] == [b.mac for b in history.latest_boots(connection, 1)]


@pytest.mark.parametrize(
    ("before", "most", "left"),
    [(3.0, 100, [3, 4, 5]), (0.0, 2, [4, 5]), (0.0, 100, [1, 2, 3, 4, 5])],
)
def test_old_events_go_and_so_do_those_that_are_too_many(
    engine: Engine, before: float, most: int, left: list[float]
) -> None:
    kept(engine, *map(event, (1, 2, 3, 4, 5)))
    with transaction(engine) as connection:
        history.write_boots(connection, [boot(1), boot(4)])
        gone = history.forget(connection, before=before, most=most, portion=100)
        assert 5 - len(left) == gone
        assert left == times(history.read_events(connection))
        assert (1 if before else 2) == len(history.read_boots(connection))


def test_a_portion_of_the_old_goes_at_a_time(engine: Engine) -> None:
    kept(engine, *map(event, (1, 2, 3, 4, 5)))
    with transaction(engine) as connection:
        assert 2 == history.forget(connection, before=9.0, most=100, portion=2)
        assert [3, 4, 5] == times(history.read_events(connection))


# --- what was seen


def test_of_an_inventory_the_last_counts(engine: Engine) -> None:
    with transaction(engine) as connection:
        seen.write_inventories(connection, [Inventory(ONE, 1.0, "{}"), Inventory(TWO, 1.0, "[]")])
        seen.write_inventories(connection, [Inventory(ONE, 2.0, '{"a":1}')])
        found = seen.read_inventories(connection, [ONE, "nobody"])
        assert {ONE: Inventory(ONE, 2.0, '{"a":1}')} == found


def test_strangers_and_other_servers_are_kept_apart(engine: Engine) -> None:
    stranger = Stranger(mac=ONE, interface="eth1", first=1.0, last=2.0)
    server = ForeignServer(server="10.0.0.1", interface="eth1", first=1.0, last=3.0)
    with transaction(engine) as connection:
        seen.write_sightings(connection, [stranger, server])
        assert [stranger] == seen.read_sightings(connection, Stranger)
        assert [server] == seen.read_sightings(connection, ForeignServer)
        seen.forget_sightings(connection, 2.5, 100)
        assert [] == seen.read_sightings(connection, Stranger)


def test_leases_that_hold_are_shown(engine: Engine) -> None:
    held = Leased("10.0.0.1", ONE, 1.0, 100.0, released=False)
    with transaction(engine) as connection:
        over = Leased("10.0.0.2", TWO, 1.0, 40.0, released=False)
        released = Leased("10.0.0.3", TWO, 1.0, 100.0, released=True)
        seen.write_leases(connection, [held, over, released], "a")
        assert [held] == seen.read_leases(connection, 50.0)


def test_events_of_a_kind_and_a_machine_are_found_by_the_machine(engine: Engine) -> None:
    """A million others of the kind must not be looked through; SQLite would, left to itself."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    kept(engine, event(1), event(2, kind="AckSent"), event(3, TWO, "AckSent"))
    listen(engine, "before_cursor_execute", note)
    with reading(engine) as connection:
        found = history.read_events(connection, macs=(ONE,), kinds=("AckSent",), latest=True)
        assert [2] == times(found)
        if engine.dialect.name == "sqlite":
            words = asked[-1].replace("?", "1")
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}").fetchall()
            assert ["events_by_mac"] == re.findall("events_by_[a-z]+", str(plan))
