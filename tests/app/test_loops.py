"""Loops: counted by what a machine loads, ended by a sign of life, a changed record, or time."""

from typing import Any

import msgspec
import pytest
from tests.policy import made

from boots.app.loops import Loops
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.settings import Boot

MAC = made.MAC


class Watched:
    """Loops with a clock that stands still until it is set, and what they told the journal."""

    def __init__(self, **limits: Any) -> None:
        self.now = 1000.0
        self.told: list[AnyEvent] = []
        boot = Boot(**{"loop_limit": 3, "loop_window": 600, **limits})
        self.loops = Loops(lambda: boot, lambda: self.now, self.told.append)
        self.known = made.known()

    def hear(self, *heard: AnyEvent) -> None:
        self.loops.write([Entry(self.now, event) for event in heard])

    def boot(self, times: int = 1) -> None:
        for _ in range(times):
            self.held()  # it asks by DHCP first
            self.hear(script())
            self.now += 10

    def held(self) -> str:
        return self.loops.held(self.known)


def script(profile: str = "osie", problem: str = "") -> AnyEvent:
    return events.ScriptServed(
        mac=MAC, peer="", door="http", profile=profile, script="", problem=problem
    )


def rendered(name: str) -> AnyEvent:
    return events.FileRendered(mac=MAC, peer="", door="tftp", name=name, source="osie")


def acknowledged(program: str, boot_file: str = "") -> AnyEvent:
    return events.AckSent(
        mac=MAC,
        interface="eth0",
        address="192.168.1.10",
        program=program,
        architecture="bios",
        boot_file=boot_file,
        why="",
    )


def test_a_machine_is_held_at_the_limit_with_the_reason() -> None:
    watched = Watched()

    watched.boot(2)
    assert "" == watched.held()
    watched.boot()

    assert watched.held() == (
        "it loaded its script 3 times and nothing came of it: held for 590 s more,"
        " or until its record changes"
    )


def test_a_loop_is_told_once() -> None:
    watched = Watched()
    watched.boot(5)
    assert [(MAC, 3)] == [
        (event.mac, event.count) for event in watched.told if isinstance(event, events.LoopBroken)
    ]


def test_a_word_of_the_agent_ends_the_count() -> None:
    watched = Watched()
    watched.boot(2)
    watched.hear(events.AgentProgressed(mac=MAC, peer="", stage="network", message=""))
    watched.boot(2)
    assert "" == watched.held()


def test_an_operating_system_that_gets_its_address_ends_the_count() -> None:
    watched = Watched()
    watched.boot(2)
    watched.hear(acknowledged("an operating system"))
    watched.boot(2)
    assert "" == watched.held()


def test_the_rom_and_ipxe_are_no_sign_of_life() -> None:
    watched = Watched()
    watched.boot(2)
    watched.hear(acknowledged("PXE ROM"), acknowledged("iPXE"))
    watched.boot()
    assert watched.held()


@pytest.mark.parametrize(
    ("heard", "counts"),
    [
        (rendered("grub/grub.cfg"), True),
        (rendered("pxelinux.cfg/01-52-54-00-12-34-56"), True),
        (rendered("preseed.cfg"), False),
        (acknowledged("iPXE", "tftp://192.168.1.1/52:54:00:12:34:56/undionly.kpxe"), True),
        (acknowledged("iPXE", "http://192.168.1.1:8080/52:54:00:12:34:56/auto.ipxe"), False),
    ],
)
def test_whatever_says_what_to_run_and_an_ipxe_that_loads_ipxe_count(
    heard: AnyEvent, counts: bool
) -> None:
    watched = Watched()
    watched.hear(heard, heard, heard)
    assert counts is bool(watched.held())


def test_what_only_leads_to_the_script_and_apologies_do_not_count() -> None:
    watched = Watched()
    watched.boot(2)
    watched.hear(script("autoexec.ipxe"), script("", "there is no profile"))
    assert "" == watched.held()


def test_boots_far_apart_are_no_loop() -> None:
    watched = Watched()
    for _ in range(9):
        watched.boot()
        watched.now += 600
    assert "" == watched.held()


def test_a_held_machine_may_try_again_after_the_window() -> None:
    watched = Watched()
    watched.boot(3)
    watched.now += 600
    assert "" == watched.held()
    watched.boot()
    assert "" == watched.held()


def test_a_changed_record_sets_a_machine_free() -> None:
    watched = Watched()
    watched.boot(3)
    assert watched.held()
    watched.known = msgspec.structs.replace(
        watched.known, machine=msgspec.structs.replace(watched.known.machine, facility="onprem")
    )
    assert "" == watched.held()


def test_a_record_that_changed_before_the_machine_asked_again_sets_it_free() -> None:
    watched = Watched()
    watched.boot(3)
    watched.known = msgspec.structs.replace(
        watched.known, machine=msgspec.structs.replace(watched.known.machine, facility="onprem")
    )
    assert "" == watched.held()


def test_a_machine_without_a_record_is_held_whatever_it_is_made_up_of() -> None:
    watched = Watched()
    watched.known = msgspec.structs.replace(watched.known, stranger=True)
    watched.boot(3)
    watched.known = msgspec.structs.replace(
        watched.known, machine=msgspec.structs.replace(watched.known.machine, cpu="aarch64")
    )
    assert watched.held()


def test_a_limit_of_0_holds_nobody() -> None:
    watched = Watched(loop_limit=0)
    watched.boot(50)
    assert ("", []) == (watched.held(), watched.told)


def test_other_machines_go_on() -> None:
    watched = Watched()
    watched.boot(3)
    other = made.known()
    interface = msgspec.structs.replace(other.interface, mac="52:54:00:12:34:57")
    assert "" == watched.loops.held(msgspec.structs.replace(other, interface=interface))
