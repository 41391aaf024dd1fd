"""Whole boots over bad links: real firmware, OSIE, and an image that is written through one."""

from collections.abc import Callable

import pytest
from tests.faults.bad import Figures

from boots.journal import events
from boots.lab.boot import MAC, BootOptions, boot_once
from boots.lab.firmware import Firmware
from boots.lab.stages import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

Osie = Callable[[str], str]
LINKS = {
    "loss": "drop=2%",
    "bursts of loss": "burst=0.2%,burst-time=100ms",
    "duplication": "double=20%",
    "reordering": "reorder=5%",
    "jitter": "delay=2ms,jitter=5ms",
    "corruption": "damage=1%",
    "all at once": "drop=1%,double=2%,reorder=2%,damage=0.5%,delay=1ms,jitter=1ms,stale=1%",
    "a link that goes down": "down=8s-11s,down=15s-18s",
}
FIRMWARE = [Firmware.BIOS, Firmware.UEFI, Firmware.UEFI_HTTP]


def booted(osie: Osie, firmware: Firmware, fault: str, goal: Stage = Stage.POWER_OFF) -> float:
    """How long it took from power-on to the goal."""
    how = BootOptions(
        osie=osie("cloud"), firmware=firmware, link=LINKS[fault], goal=goal, timeout=240
    )
    result = boot_once(how)
    assert result.ok, f"{result.reason}; evidence in {result.work}"
    told = [entry.event for entry in result.entries]
    assert {MAC} == {each.mac for each in told if isinstance(each, events.InventoryReported)}
    given = {each.address for each in told if isinstance(each, events.AckSent)}
    assert {"192.168.77.10"} == given
    return result.seconds


def test_a_bios_machine_boots_over_a_link_with_every_fault(osie: Osie) -> None:
    figures = Figures("boot, all at once, bios")
    figures.seconds.append(booted(osie, Firmware.BIOS, "all at once", Stage.INVENTORY))
    figures.print()


@pytest.mark.wide
@pytest.mark.parametrize("firmware", FIRMWARE)
@pytest.mark.parametrize("fault", LINKS)
def test_a_machine_boots_over_a_bad_link(osie: Osie, firmware: Firmware, fault: str) -> None:
    figures = Figures(f"boot, {fault}, {firmware.value}")
    for _ in range(2):
        figures.seconds.append(booted(osie, firmware, fault, Stage.INVENTORY))
    figures.print()
