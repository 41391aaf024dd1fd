"""A boot is one row, though several servers that share a store saw it begin."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine

from boots.store import history
from boots.store.engine import reading, transaction
from boots.store.naming import Naming
from boots.timeline.words import Boot, Stage, State, Step

MAC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"


def boot(started: float, mac: str = MAC, **more: object) -> Boot:
    identity = f"{mac.replace(':', '')}-{round(started * 1000)}"
    return Boot(id=identity, mac=mac, started=started, heard=started, **more)  # type: ignore[arg-type]


@dataclass
class Server:
    """One of those that share a store, with a connection of its own."""

    engine: Engine
    naming: Naming = field(default_factory=Naming)

    def write(self, *found: Boot) -> dict[str, str]:
        """Write boots; which of them have another name, and which."""
        with transaction(self.engine) as connection:
            history.write_boots(connection, self.naming.named(connection, found))
        return {ours: name.id for ours, name in self.naming.keep()}


@pytest.fixture(name="one")
def _one(engine: Engine) -> Server:
    return Server(engine)


@pytest.fixture(name="two")
def _two(engine: Engine, another: Callable[[], Engine]) -> Server:
    return Server(another())


def rows(server: Server) -> list[Boot]:
    with reading(server.engine) as connection:
        return history.read_boots(connection)


def test_a_boot_that_two_servers_saw_begin_is_one_row(one: Server, two: Server) -> None:
    first, second = boot(100.0), boot(100.25)

    assert one.write(first) == {}
    assert two.write(second) == {second.id: first.id}
    assert [(each.id, each.started) for each in rows(one)] == [(first.id, 100.0)]


def test_the_row_is_what_was_written_last_under_either_name(one: Server, two: Server) -> None:
    one.write(boot(100.0))
    two.write(boot(100.25, address="192.0.2.1"))
    two.write(boot(100.25, address="192.0.2.1", state=State.DONE))
    assert [(each.address, each.state) for each in rows(one)] == [("192.0.2.1", State.DONE)]

    one.write(boot(100.0, state=State.FAILED))
    assert [each.state for each in rows(one)] == [State.FAILED]


def test_a_boot_that_goes_by_the_other_name_keeps_it(one: Server, two: Server) -> None:
    one.write(boot(100.0))
    two.write(boot(100.25))

    assert two.write(boot(100.0, address="192.0.2.1")) == {}
    assert [each.address for each in rows(one)] == ["192.0.2.1"]


def test_no_step_began_before_its_boot(one: Server, two: Server) -> None:
    one.write(boot(100.25))
    two.write(boot(100.0, steps=(Step(stage=Stage.FIRMWARE_DHCP, began=100.0),)))

    assert [step.began for each in rows(one) for step in each.steps] == [100.25]


def test_two_boots_of_one_server_are_two_however_soon_after_each_other(one: Server) -> None:
    one.write(boot(100.0))
    one.write(boot(101.0))
    one.write(boot(102.0), boot(103.0))

    assert [each.started for each in rows(one)] == [103.0, 102.0, 101.0, 100.0]


def test_boots_that_both_saw_while_the_store_was_away_find_each_other(
    one: Server, two: Server
) -> None:
    one.write(boot(100.0), boot(103.0), boot(100.0, OTHER))
    two.write(boot(100.1), boot(103.1), boot(100.1, OTHER))

    assert sorted(each.started for each in rows(one)) == [100.0, 100.0, 103.0]


def test_a_boot_long_after_is_another_one(one: Server, two: Server) -> None:
    one.write(boot(100.0))
    two.write(boot(105.0))

    assert len(rows(one)) == 2


def test_a_server_that_starts_again_goes_on_with_the_row(one: Server) -> None:
    one.write(boot(100.0))
    again = Server(one.engine)

    assert again.write(boot(100.0, state=State.DONE)) == {}
    assert [each.state for each in rows(one)] == [State.DONE]


def test_what_was_not_written_is_named_anew(one: Server, two: Server) -> None:
    with transaction(two.engine) as connection:
        two.naming.named(connection, [boot(100.25)])
        connection.rollback()
    one.write(boot(100.0))

    assert len(two.write(boot(100.25))) == 1
    assert len(rows(one)) == 1
