"""Runs, their lines, the ends of disks and the freeze, in either engine."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, func, select

from boots.store import edges, freezes, run_lines, runs
from boots.store.engine import reading, transaction
from boots.store.freezes import Freeze
from boots.store.run_lines import Heard, Line
from boots.store.runs import Busy, Conflict, Held, Row
from boots.store.schema import run_agents, run_machines
from boots.store.schema import run_lines as lines_table


def row(id_: str = "w-1", machine: str = "one", **more: object) -> Row:
    values = {
        "id": id_,
        "machine": machine,
        "mac": "52:54:00:00:00:01",
        "name": "debian",
        "state": "PENDING",
        "live": True,
        "writing": False,
        "created": 1000.0,
        "ended": 0.0,
        "revision": 1,
        "body": "{}",
    }
    return Row(**{**values, **more})  # type: ignore[arg-type]


def create(engine: Engine, made: Row, *machines: str) -> None:
    with transaction(engine) as connection:
        runs.create(connection, made, machines or (made.machine,), at=made.created, server="me")


def replace(engine: Engine, made: Row, most_writing: int = 0) -> None:
    with transaction(engine) as connection:
        runs.replace(connection, made, at=2000.0, server="me", most_writing=most_writing)


def test_a_run_is_kept_and_changed_by_who_saw_its_last_revision(engine: Engine) -> None:
    create(engine, row())
    replace(engine, row(revision=2, state="RUNNING"))
    with pytest.raises(Conflict):
        replace(engine, row(revision=2, state="FAILED"))
    with pytest.raises(Conflict):
        replace(engine, row("w-2", revision=2))
    with reading(engine) as connection:
        assert row(revision=2, state="RUNNING") == runs.one(connection, "w-1")
        assert [row(revision=2, state="RUNNING")] == runs.alive(connection)


def test_a_machine_has_one_run_that_is_not_over(engine: Engine) -> None:
    create(engine, row(), "one", "two")
    with pytest.raises(Busy) as busy:
        create(engine, row("w-2", "two"))
    assert ("two", "w-1") == (busy.value.machine, busy.value.run)
    replace(engine, row(revision=2, live=False, state="FAILED", ended=1500.0))
    create(engine, row("w-2", "two"))
    with reading(engine) as connection:
        assert ["w-2"] == [each.id for each in runs.alive(connection)]


def test_so_it_is_with_two_servers_that_ask_at_once(another: Callable[[], Engine]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from boots.store.migrate import bring_up

    engines = [another(), another()]
    bring_up(engines[0])

    def attempt(number: int) -> str:
        try:
            create(engines[number % 2], row(f"w-{number}"))
        except Busy as busy:
            return busy.run
        return ""

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(attempt, range(8)))
    assert 1 == told.count("")
    winner = f"w-{told.index('')}"
    assert {winner, ""} == set(told)


def test_no_more_write_than_may_and_none_while_frozen(engine: Engine) -> None:
    for name in ("one", "two"):
        create(engine, row(f"w-{name}", name))
    replace(engine, row("w-one", "one", revision=2, writing=True), most_writing=1)
    with pytest.raises(Held, match="1 runs write disks now"):
        replace(engine, row("w-two", "two", revision=2, writing=True), most_writing=1)
    replace(engine, row("w-one", "one", revision=3, writing=True), most_writing=1)
    with transaction(engine) as connection:
        freezes.give(connection, Freeze(True, "fire", "chief", 5.0), server="me")
    with pytest.raises(Held, match="frozen by chief: fire"):
        replace(engine, row("w-two", "two", revision=2, writing=True), most_writing=9)
    with reading(engine) as connection:
        assert Freeze(True, "fire", "chief", 5.0) == freezes.read(connection)


def test_pages_go_on_where_they_ended(engine: Engine) -> None:
    for number in range(5):
        made = row(f"w-{number}", f"m{number}", created=1000.0 + number // 2)
        create(engine, made, made.machine, "shared" if number == 3 else made.machine)
    found: list[str] = []
    before = None
    with reading(engine) as connection:
        while page := runs.page(connection, before=before, limit=2):
            found += [each.id for each in page]
            before = page[-1].created, page[-1].id
        assert ["w-4", "w-3", "w-2", "w-1", "w-0"] == found
        assert ["w-3"] == [each.id for each in runs.page(connection, machines=["shared"])]
        assert 5 == runs.count(connection, states=["PENDING"])
        assert 0 == runs.count(connection, states=["FAILED"])


def test_a_line_is_kept_once_by_its_number_within_a_session(engine: Engine) -> None:
    def hear(session: int, *numbers: int) -> int:
        lines = [Line(number, 1.0, 0, 1, f"{session}.{number}") for number in numbers]
        with transaction(engine) as connection:
            return run_lines.hear(connection, "w-1", "aa", Heard(session, 1, 9.0, ""), lines).line

    assert [3, 4, 4, 2] == [hear(1, 1, 2), hear(1, 2, 3), hear(1, 1), hear(2, 1)]
    with reading(engine) as connection:
        kept = run_lines.read(connection, "w-1", 0, 10)
        assert ["1.1", "1.2", "1.3", "2.1"] == [each.text for each in kept]
        assert ["1.3"] == [each.text for each in run_lines.read(connection, "w-1", kept[1].id, 1)]
        assert {"aa": Heard(2, 2, 9.0, "")} == run_lines.of(connection, "w-1")


def test_of_many_lines_the_last_stay(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lines, "MOST", 600)
    with transaction(engine) as connection:
        for first in range(1, 2001, 100):
            lines = [Line(n, 1.0, 0, 1, str(n)) for n in range(first, first + 100)]
            run_lines.hear(connection, "w-1", "aa", Heard(1), lines)
        kept = run_lines.read(connection, "w-1", 0, 5000)
    assert "2000" == kept[-1].text
    assert 600 <= len(kept) <= 1200


def test_the_ends_of_a_disk_are_those_before_a_run_first_wrote(engine: Engine) -> None:
    def line(run: str, serial: str) -> edges.Line:
        return edges.Line(0, run, "one", serial, "/dev/sda", 4096, "NTFS", 7.0)

    with transaction(engine) as connection:
        assert edges.keep(connection, line("w-1", "A"), b"first")
        assert not edges.keep(connection, line("w-1", "A"), b"second")
        assert edges.keep(connection, line("w-2", "A"), b"third")
        edges.note_written(connection, "one", "A", "GUID")
    with reading(engine) as connection:
        latest, first = edges.of_machine(connection, "one")
        assert ("w-2", "w-1") == (latest.run, first.run)
        assert (first, b"first") == edges.one(connection, first.id)
        assert None is edges.one(connection, 99)
        assert {"A": ["GUID"]} == edges.known(connection, "one")
        assert {} == edges.known(connection, "two")


def test_what_a_run_wrote_that_took_another_up_is_known_beside_the_ends_of_that(
    engine: Engine,
) -> None:
    ends = edges.Line(0, "w-1", "one", "A", "/dev/sda", 4096, "", 7.0)
    with transaction(engine) as connection:
        edges.keep(connection, ends, b"first")
        edges.keep(connection, ends._replace(run="w-9", machine="two"), b"another's")
        # The run w-2 goes on with the disk of w-1, and sends no ends.
        edges.note_written(connection, "one", "A", "GUID")
    with reading(engine) as connection:
        assert {"A": ["GUID"]} == edges.known(connection, "one")
        assert {} == edges.known(connection, "two")


def test_of_many_ends_of_a_disk_the_last_stay(engine: Engine) -> None:
    with transaction(engine) as connection:
        edges.keep(connection, edges.Line(0, "w-b", "one", "B", "/dev/sdb", 4096, "", 1.0), b"")
        for number in range(edges.MOST + 3):
            line = edges.Line(0, f"w-{number}", "one", "A", "/dev/sda", 4096, "", 1.0)
            edges.keep(connection, line, b"")
        found = edges.of_machine(connection, "one")
    assert [*["A"] * edges.MOST, "B"] == [each.serial for each in found]
    assert f"w-{edges.MOST + 2}" == found[0].run


def test_old_runs_go_with_all_that_is_theirs_and_live_ones_stay(engine: Engine) -> None:
    create(engine, row("w-old", "one", live=False, ended=100.0))
    create(engine, row("w-new", "two", live=False, ended=900.0))
    create(engine, row("w-live", "three"))
    with transaction(engine) as connection:
        for run in ("w-old", "w-live"):
            run_lines.hear(connection, run, "aa", Heard(1), [Line(1, 1.0, 0, 1, "text")])
        assert 1 == runs.forget(connection, 500.0)
        assert 0 == runs.forget(connection, 500.0)
    with reading(engine) as connection:
        assert {"w-new", "w-live"} == {each.id for each in runs.page(connection)}
        for table in (lines_table, run_agents):
            rows = connection.execute(select(func.count()).select_from(table)).scalar()
            assert 1 == rows
        assert {"w-new", "w-live"} == set(connection.execute(select(run_machines.c.run)).scalars())
