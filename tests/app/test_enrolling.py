"""Rules that ask nobody make records as machines tell what they are made of."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from tests.policy.made import SITE
from tests.policy.test_attributes import FIRST, vector

from boots.app import rules
from boots.app.enrolling import _MOST, SETTLED, Enrolling
from boots.app.world import World
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.machines import index, records
from boots.model.mac import Mac

SILENT = {**vector("server"), "nics": [{"mac": FIRST, "link": True, "lldp": None}]}
RULES = """
- name: rack
  match: {switch: "leaf1*"}
  record: {name: "{{ port | replace('/', '-') }}"}
  enrol: auto
- {name: all, match: {disks: ">= 1"}, record: {name: "n-{{ serial }}"}, enrol: auto}
- {name: asked}
"""
AT_ONCE = "- {name: all, record: {address: '{{ ip }}/24'}, enrol: auto}"


class Server:
    """A world that grows by what is created, a clock that is wound by hand."""

    def __init__(self, runner: asyncio.Runner, text: str = RULES) -> None:
        self.runner = runner
        found, faults = rules.read(text, "rules.yaml")
        assert not faults
        self.world = World(index.Index(), {"lan0": SITE}, rules=found)
        self.made: list[tuple[Mapping[str, Any], str]] = []
        self.told: list[AnyEvent] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.broken: Exception | None = None
        self.enrolling = Enrolling(
            lambda: self.world,
            lambda mac: IPv4Address("192.168.1.77") if mac == FIRST else None,
            self.create,
            self.told.append,
            lambda seconds, call: self.timers.append((seconds, call)),
        )

    async def create(self, record: Mapping[str, Any], by: str) -> None:
        if self.broken:
            raise self.broken
        self.made.append((record, by))
        found = records.read(msgspec.json.encode(record).decode(), "the store")
        made, _ = index.build(found.machines)
        self.world = World(made, self.world.sites, rules=self.world.rules)

    def hear(self, *inventories: Any, mac: str = FIRST) -> None:
        told = [
            events.InventoryReported(mac=mac, peer="192.168.1.77", inventory=each, next="idle")
            for each in inventories
        ]
        self.enrolling.write([Entry(1000.0, event) for event in told])
        self.runner.run(self.work())

    async def work(self) -> None:
        """Until there is nothing left to do."""
        task = asyncio.create_task(self.enrolling.run())
        await self.enrolling.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def wind(self) -> None:
        timers, self.timers = self.timers, []
        for _, call in timers:
            call()
        self.runner.run(self.work())

    @property
    def names(self) -> list[str]:
        return [record["name"] for record, _ in self.made]


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Makes a server with these rules."""
    with asyncio.Runner() as runner:
        yield lambda text=RULES: Server(runner, text)


def test_a_machine_whose_switch_was_heard_gets_its_record_at_once(serve: Serve) -> None:
    server = serve()
    server.hear(vector("server"))
    assert ["Ethernet1-7"] == server.names
    assert 'rule "rack"' == server.made[0][1]
    assert [] == server.timers


def test_a_machine_waits_for_its_switch_where_a_rule_asks_for_it(serve: Serve) -> None:
    server = serve()
    server.hear(SILENT)
    assert ([], [SETTLED]) == (server.names, [seconds for seconds, _ in server.timers])
    server.hear(vector("server"))
    assert ["Ethernet1-7"] == server.names
    server.wind()
    assert ["Ethernet1-7"] == server.names
    assert [] == server.told


def test_a_switch_that_says_nothing_is_not_waited_for_for_ever(serve: Serve) -> None:
    server = serve()
    server.hear(SILENT)
    server.wind()
    assert ["n-S123"] == server.names


def test_where_no_rule_asks_for_a_switch_nobody_waits(serve: Serve) -> None:
    server = serve(AT_ONCE)
    server.hear(SILENT)
    assert "192.168.1.77/24" == server.made[0][0]["address"]


def test_a_rule_that_asks_makes_nothing(serve: Serve) -> None:
    server = serve()
    server.hear({})
    server.wind()
    assert ([], []) == (server.made, server.told)


def test_a_machine_with_a_record_is_left_alone(serve: Serve) -> None:
    server = serve(AT_ONCE)
    server.hear(SILENT, SILENT)
    server.hear(SILENT)
    assert 1 == len(server.made)
    assert [] == server.told


@pytest.mark.parametrize(
    ("error", "why"),
    [(ValueError("the store is away"), "the store is away"), (KeyError(), "KeyError")],
)
def test_a_record_that_is_not_taken_is_told_and_the_next_has_its_turn(
    serve: Serve, error: Exception, why: str
) -> None:
    server = serve(AT_ONCE)
    server.broken = error
    server.hear(SILENT)
    assert [events.EnrolmentRefused(mac=FIRST, rule="all", why=why)] == server.told
    server.broken = None
    server.hear(SILENT)
    assert 1 == len(server.made)


def test_a_record_that_no_rule_can_make_is_told(serve: Serve) -> None:
    server = serve("- {name: all, record: {name: '{{ disks[9].path }}'}, enrol: auto}")
    server.hear(SILENT)
    (told,) = server.told
    assert isinstance(told, events.EnrolmentRefused)
    assert (FIRST, "all") == (told.mac, told.rule)
    assert told.why.startswith("name: ")


def test_a_flood_of_machines_has_an_end(serve: Serve) -> None:
    server = serve(AT_ONCE)
    event = events.InventoryReported(mac=Mac(FIRST), peer="x", inventory={}, next="idle")
    server.enrolling.write([Entry(1.0, event)] * (_MOST + 1))
    (told,) = server.told
    assert isinstance(told, events.EnrolmentRefused)
    assert f"{_MOST} machines wait for a record already" in told.why


def test_who_waits_for_a_switch_waits_once_however_often_it_tells(serve: Serve) -> None:
    server = serve()
    server.hear(*[SILENT] * 5)
    assert 1 == len(server.timers)
    assert [] == server.made
    server.wind()
    assert 1 == len(server.made)
