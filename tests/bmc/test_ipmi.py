"""IPMI against pyghmi's own BMC, in a process of its own."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.bmc.running import PASSWORD, free_port, program

from boots.bmc.control import control, power, switch
from boots.bmc.words import Action, State, Trouble
from boots.model.bmc import Bmc, NetworkBoot


@dataclass
class Running:
    bmc: Bmc
    notes: Path

    def told(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as programs:

        def started(*arguments: str) -> Running:
            port, notes = free_port(socket.SOCK_DGRAM), tmp_path / "notes"
            run = program("ipmi_bmc.py", str(port), str(notes), *arguments)
            output = programs.enter_context(run).stdout
            assert output is not None
            assert "ready\n" == output.readline()
            url = f"ipmi://127.0.0.1:{port}"
            return Running(Bmc(url=url, username="boots", password=PASSWORD), notes)

        yield started


def trouble(bmc: Bmc, action: Action | None = None, **more: float) -> str:
    with pytest.raises(Trouble) as found:
        control(bmc, action, **more)
    assert PASSWORD not in str(found.value)
    return str(found.value)


@pytest.mark.parametrize("state", [State.ON, State.OFF])
def test_the_power_is_what_the_bmc_says(start: Start, state: State) -> None:
    running = start(state.value)
    assert state is power(running.bmc)
    assert [] == running.told()


@pytest.mark.parametrize(
    ("before", "action", "told", "after"),
    [
        ("off", Action.ON, ["on"], State.ON),
        ("on", Action.ON, [], State.ON),
        ("on", Action.OFF, ["off"], State.OFF),
        ("on", Action.CYCLE, ["cycle"], State.ON),
        ("off", Action.CYCLE, ["on"], State.ON),
        ("on", Action.NETBOOT, ["flags 0x80", "boot network", "cycle"], State.ON),
        ("off", Action.NETBOOT, ["flags 0x80", "boot network", "on"], State.ON),
    ],
)
def test_it_is_told_what_is_wanted_and_no_more(
    start: Start, before: str, action: Action, told: list[str], after: State
) -> None:
    running = start(before)
    assert after is switch(running.bmc, action)
    assert told == running.told()


def test_uefi_is_said_where_the_record_says_so(start: Start) -> None:
    running = start("off")
    switch(replace(running.bmc, boot=NetworkBoot.UEFI_PXE), Action.NETBOOT)
    assert ["flags 0xa0", "boot network", "on"] == running.told()


def test_one_that_knows_no_cycle_is_reset(start: Start) -> None:
    running = start("on", "--no-cycle")
    assert State.ON is switch(running.bmc, Action.CYCLE)
    assert ["reset"] == running.told()


def test_a_boot_by_http_is_refused_before_anything_happens(start: Start) -> None:
    running = start("on")
    bmc = replace(running.bmc, boot=NetworkBoot.UEFI_HTTP)
    assert "IPMI has no word for a boot by HTTP; write boot: uefi-pxe" in trouble(
        bmc, Action.NETBOOT
    )
    assert [] == running.told()


def test_a_wrong_password_is_told(start: Start) -> None:
    bmc = replace(start("on").bmc, password="wrong word")
    assert "127.0.0.1 refuses the password; check username and password_file" in trouble(bmc)


def test_a_wrong_user_may_be_met_with_silence(start: Start) -> None:
    bmc = replace(start("on").bmc, username="nobody")
    assert "127.0.0.1 does not answer; check its address, " in trouble(bmc, answer=1)


def test_one_that_is_not_there_is_told() -> None:
    bmc = Bmc(url=f"ipmi://127.0.0.1:{free_port(socket.SOCK_DGRAM)}", username="boots")
    assert "127.0.0.1 does not answer; check its address, its cable" in trouble(bmc, answer=1)


def test_a_name_that_nobody_knows_is_told() -> None:
    assert 'nobody knows the name "bmc.invalid"' in trouble(Bmc(url="ipmi://bmc.invalid"))
