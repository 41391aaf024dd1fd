"""Orders: a person's word over a record, and how ``once`` is used up."""

import msgspec
import pytest
from tests.policy.made import ADDRESS, SITE, known

from boots.app.answers import Answers
from boots.app.orders import Orders
from boots.app.world import World
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.machines import index
from boots.model.machine import Known
from boots.model.order import Netboot, Order
from boots.policy.got import File, Ground, Refusal, Script
from boots.policy.ordered import GRACE

ONE = known()
MAC, NAME = ONE.mac, ONE.machine.name
START = 1_800_000_000.0


class Place:
    """A server's answers with orders over its records, on a clock of our own."""

    def __init__(self, machine: Known = ONE) -> None:
        self.now = START
        self.spent: list[tuple[str, Order]] = []
        self.noted: list[tuple[str, float]] = []
        self.orders = Orders(
            lambda: self.now,
            lambda mac: NAME if mac == MAC else "",
            lambda name, order: self.spent.append((name, order)),
            lambda name, given: self.noted.append((name, given)),
        )
        found, _ = index.build([machine.machine])
        world = World(found, {"lan0": SITE})
        self.answers = Answers(
            world,
            held=self.orders.held,
            over=self.orders.over,
            leaves=self.orders.leaves,
        )

    def give(self, netboot: Netboot, profile: str = "") -> None:
        self.orders.put(NAME, Order(netboot=netboot, profile=profile, at=self.now))

    def gets(self, name: str) -> object:
        fetch = self.answers.fetch("lan0", tftp=False)
        return fetch(f"/{MAC}/{name}", ADDRESS).what

    def hear(self, event: AnyEvent) -> None:
        self.orders.write([Entry(self.now, event)])

    def served(self) -> None:
        self.hear(events.ScriptServed(mac=MAC, peer="", door="http", profile="osie", script=""))


def off() -> Known:
    netboot = msgspec.structs.replace(ONE.interface.netboot, allowed=False)
    interface = msgspec.structs.replace(ONE.interface, netboot=netboot)
    machine = msgspec.structs.replace(ONE.machine, interfaces=(interface,))
    return Known(machine=machine, interface=interface)


def refused(got: object) -> str:
    assert isinstance(got, Refusal), got
    assert Ground.FORBIDDEN == got.ground
    return got.why


def test_an_order_wins_over_a_record_that_says_no_and_over_one_that_says_yes() -> None:
    place = Place(off())
    assert "netboot is off" in refused(place.gets("auto.ipxe"))
    place.give(Netboot.ON)
    assert isinstance(place.gets("auto.ipxe"), Script)
    place.give(Netboot.OFF)
    assert "netboot is off" in refused(place.gets("auto.ipxe"))
    place.orders.put(NAME, None)
    assert "netboot is off" in refused(place.gets("auto.ipxe"))
    other = Place()
    other.give(Netboot.OFF)
    assert "netboot is off" in refused(other.gets("auto.ipxe"))


def test_an_ordered_profile_runs_in_place_of_a_script_of_the_record() -> None:
    netboot = msgspec.structs.replace(ONE.interface.netboot, script="#!ipxe\necho mine\n")
    interface = msgspec.structs.replace(ONE.interface, netboot=netboot)
    machine = msgspec.structs.replace(ONE.machine, interfaces=(interface,))
    place = Place(Known(machine=machine, interface=interface))
    place.give(Netboot.ONCE, "osie")
    got = place.gets("auto.ipxe")
    assert isinstance(got, Script)
    assert "osie" == got.profile


def test_once_is_once_and_what_the_script_loads_still_comes() -> None:
    place = Place(off())
    place.give(Netboot.ONCE)
    assert isinstance(place.gets("auto.ipxe"), Script)
    place.served()
    assert isinstance(place.gets("auto.ipxe"), Script), "the same boot may ask again"
    place.now += GRACE
    assert "it was to netboot once, and has" in refused(place.gets("auto.ipxe"))
    assert isinstance(place.gets("osie/vmlinuz-x86_64"), File)


@pytest.mark.parametrize(
    "sign",
    [
        events.AgentProgressed(mac=MAC, peer="", stage="hello", message=""),
        events.InventoryReported(mac=MAC, peer="", inventory={}, next="idle"),
        events.AckSent(
            mac=MAC,
            interface="lan0",
            address="10.0.0.1",
            program="an operating system",
            architecture="",
            boot_file="",
            why="",
        ),
    ],
)
def test_with_a_sign_of_life_it_is_used_up_at_once(sign: AnyEvent) -> None:
    place = Place()
    place.give(Netboot.ONCE)
    place.hear(sign)
    assert isinstance(place.gets("auto.ipxe"), Script), "a sign of what ran before says nothing"
    place.served()
    place.hear(sign)
    assert "it was to netboot once" in refused(place.gets("auto.ipxe"))


def test_each_time_it_is_used_up_sooner_is_told_to_be_written_down() -> None:
    place = Place()
    place.give(Netboot.ONCE)
    place.served()
    place.now += 5
    place.served()
    place.hear(events.AgentProgressed(mac=MAC, peer="", stage="hello", message=""))
    assert [(NAME, START + GRACE), (NAME, START + 5)] == [
        (name, order.spent) for name, order in place.spent
    ]


def test_a_script_that_only_says_what_is_wrong_uses_nothing_up() -> None:
    place = Place()
    place.give(Netboot.ONCE)
    place.hear(
        events.ScriptServed(
            mac=MAC, peer="", door="http", profile="", script="", problem="no kernel"
        )
    )
    place.hear(
        events.ScriptServed(mac=MAC, peer="", door="http", profile="autoexec.ipxe", script="")
    )
    assert [] == place.spent


@pytest.mark.parametrize("netboot", [Netboot.ON, Netboot.OFF])
def test_only_once_is_used_up(netboot: Netboot) -> None:
    place = Place()
    place.give(netboot)
    place.served()
    assert [] == place.spent


def test_an_order_that_was_used_up_before_a_restart_stays_so() -> None:
    place = Place()
    place.orders.put(NAME, Order(netboot=Netboot.ONCE, at=START - 900, spent=START - 300))
    assert "it was to netboot once" in refused(place.gets("auto.ipxe"))


def test_orders_of_others_change_nothing() -> None:
    place = Place()
    place.orders.put("another", Order(netboot=Netboot.OFF))
    assert isinstance(place.gets("auto.ipxe"), Script)
    assert ONE == place.answers.world.index.by_mac[MAC]


def test_before_a_script_leaves_under_once_it_is_noted_and_not_for_what_it_loads() -> None:
    place = Place()
    place.give(Netboot.ONCE)
    place.gets("osie/vmlinuz-x86_64")
    place.gets("autoexec.ipxe")
    assert [] == place.noted
    place.gets("auto.ipxe")
    assert [(NAME, START)] == place.noted
    place.served()
    place.gets("auto.ipxe")
    assert [(NAME, START)] == place.noted, "what is used up already needs no note"


@pytest.mark.parametrize("netboot", [Netboot.ON, Netboot.OFF])
def test_other_orders_need_no_note(netboot: Netboot) -> None:
    place = Place()
    place.give(netboot)
    place.gets("auto.ipxe")
    assert [] == place.noted


def test_what_another_server_saw_before_an_order_was_given_does_not_use_it_up() -> None:
    place = Place()
    place.give(Netboot.ONCE)
    script = events.ScriptServed(mac=MAC, peer="", door="http", profile="osie", script="")
    place.orders.write([Entry(START - 60, script)])
    assert [] == place.spent
    place.orders.write([Entry(START - 3, script)])
    assert 1 == len(place.spent), "by a clock that is a little behind"


def test_a_clock_that_is_set_back_lets_no_order_be_used_twice() -> None:
    place = Place()
    place.give(Netboot.ONCE)
    place.now -= 3600
    place.served()
    assert 1 == len(place.spent), "an order of the future is used up like any other"

    other = Place()
    other.give(Netboot.ONCE)
    other.served()
    other.now -= 3600
    assert "it was to netboot once, and has" in refused(other.gets("auto.ipxe"))
