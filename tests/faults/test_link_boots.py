"""Whole boots over bad links: real firmware, OSIE, and an image that is written through one."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.disk import of_chance
from tests.e2e.provisioned import MIB, WRITE, add_image, provisioned
from tests.faults.bad import ALL, Figures

from boots.journal import events
from boots.lab import said
from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.stages import Stage
from boots.lab.words import MAC, BootOptions

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(900)]

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


@pytest.mark.parametrize("firmware", FIRMWARE)
@pytest.mark.parametrize("fault", LINKS if ALL else ["all at once"])
def test_a_machine_boots_over_a_bad_link(osie: Osie, firmware: Firmware, fault: str) -> None:
    figures = Figures(f"boot, {fault}, {firmware.value}")
    figures.seconds.append(booted(osie, firmware, fault, Stage.INVENTORY))
    figures.print()


SIZE = 96  # MiB of the image


@pytest.fixture(scope="module")
def chance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return of_chance(tmp_path_factory.mktemp("chance") / "disk.img", SIZE)


@pytest.mark.parametrize("fault", ["all at once", "an outage"])
def test_an_image_is_written_whole_over_a_bad_link(
    namespace: str, osie: Osie, chance: Path, tmp_path: Path, fault: str
) -> None:
    """The outage is of 100 s, in the middle: the agent's session ends, and it goes on."""
    add_image(chance, "chance", tmp_path / "images")
    figures = Figures(f"image of {SIZE} MiB, {fault}")
    link = LINKS.get(fault, "delay=1ms")
    with (
        provisioned(namespace, tmp_path, osie("cloud"), tmp_path / "images", link=link) as place,
        place.power(Firmware.BIOS, disk=SIZE + 32) as machine,
        figures.timed(),
    ):
        run = place.provision(WRITE)
        if fault == "an outage":
            place.writing(run, 0.05)
            assert place.link is not None
            place.link.become(*said.links("delay=1ms,down=0s-100s"))
        done = place.becomes(run, "SUCCESS", "FAILED", "TIMEOUT", within=600)
        assert "SUCCESS" == done.line.state, place.evidence()
        place.until(lambda: machine.ended, 60)
        told = place.told(events.RunChanged, step="1 image")
    figures.print()

    # At both ends is the table, which knows how large the disk is.
    ends = slice(MIB, (SIZE - 1) * MIB)
    digests = [hashlib.sha256(disk.read_bytes()[ends]).digest() for disk in (place.disk, chance)]
    assert digests[0] == digests[1]
    assert [1, 1] == [step.attempt for step in done.steps]
    assert 1 == len([each for each in told if each.step_state == "HANDED"])
