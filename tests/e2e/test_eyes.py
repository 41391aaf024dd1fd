"""Whole boots while their pages are open in Chromium: what happens is seen within a second."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.e2e.watched import NAME, first, watched
from tests.web.browser import Browser

from boots.journal import events
from boots.journal.events import Entry
from boots.lab import stages
from boots.lab.firmware import RECIPES, Firmware
from boots.lab.stages import Stage
from boots.lab.words import MAC
from boots.web.looks import STAGES

pytestmark = pytest.mark.e2e

Osie = Callable[[str], str]
WITHIN = 1.0  # seconds
TITLES = {
    Stage.FIRMWARE_DHCP: STAGES["firmware-dhcp"],
    Stage.BOOT_FILE: STAGES["boot-file"],
    Stage.IPXE_DHCP: STAGES["ipxe-dhcp"],
    Stage.SCRIPT: STAGES["script"],
    Stage.KERNEL: STAGES["kernel"],
    Stage.INITRD: STAGES["initrd"],
    Stage.OSIE: STAGES["system"],
    Stage.INVENTORY: STAGES["inventory"],
}


SYSTEM = "an operating system"


def moments(entries: list[Entry], firmware: Firmware) -> dict[str, float]:
    """When each stage began and ended, as the journal has it, in words of the page."""
    boot = stages.power_on(MAC, entries[0].at, stages.expected(RECIPES[firmware]))
    for entry in entries:
        boot = stages.advance(boot, entry)
    found = {}
    for stage, mark in boot.marks.items():
        if stage in TITLES:
            found[f"{TITLES[stage]} begins"] = mark.began
            if mark.ended is not None:
                found[f"{TITLES[stage]} ends"] = mark.ended
    # The lab waits for the agent; to the page the address is a step of its own.
    found["system ends"] = first(entries, events.AckSent, program=SYSTEM)
    return found


def spoken(entries: list[Entry]) -> dict[str, float]:
    """When OSIE's agent said what, as the page writes it."""
    return {
        f"said {datetime.fromtimestamp(entry.at, UTC):%H:%M:%S.%f}"[:-3]
        + f" agent {entry.event.stage} {entry.event.message}": entry.at
        for entry in entries
        if isinstance(entry.event, events.AgentProgressed)
    }


def delays(happened: Mapping[str, float], seen: Mapping[str, float]) -> dict[str, float]:
    """Seconds between each thing and its picture; what was never seen took for ever."""
    found = {what: seen.get(what, float("inf")) - at for what, at in happened.items()}
    for what, took in found.items():
        print(f"  {what:40} {took:6.3f} s")
    return found


def in_time(took: Mapping[str, float]) -> bool:
    """Neither late nor before it happened; a browser's clock has milliseconds."""
    return all(-0.002 <= each <= WITHIN for each in took.values())


def or_later(happened: Mapping[str, float], seen: Mapping[str, float]) -> dict[str, float]:
    """When a row, which shows one stage at a time, had come to each stage or one after it."""
    begins = [f"{title} begins" for title in TITLES.values()]
    return {
        what: min(seen[later] for later in begins[at:] if later in seen)
        for at, what in enumerate(begins)
        if what in happened
    }


@pytest.mark.parametrize(
    "firmware", [Firmware.BIOS, pytest.param(Firmware.UEFI, marks=pytest.mark.wide)]
)
def test_every_stage_of_a_boot_is_on_its_pages_within_a_second(
    namespace: str, browser: Browser, osie: Osie, tmp_path: Path, firmware: Firmware
) -> None:
    environment = {"BOOTS_BOOT_OSIE": osie("cloud")}
    with watched(namespace, browser, tmp_path, environment=environment) as boot:
        page, fleet = boot.window(f"/machines/{NAME}"), boot.window("/")
        with boot.power(firmware) as machine:
            boot.until(lambda: "initrd begins" in page.seen(), within=90)
            page.pictures(tmp_path, "machine-midway")
            fleet.pictures(tmp_path, "fleet-midway")
            ending = boot.until(lambda: machine.ended, within=90)
        entries = boot.entries()
        wanted = {*spoken(entries), "is done"}
        boot.until(lambda: wanted <= set(page.seen()), within=5)
        boot.until(lambda: "is done" in fleet.seen(), within=5)
        page.pictures(tmp_path, "machine-end")
        fleet.pictures(tmp_path, "fleet-end")
        on_page, on_fleet = page.seen(), fleet.seen()

    assert "powered off" == ending
    happened = moments(entries, firmware)
    done = {"is done": first(entries, events.InventoryReported)}
    assert {"kernel ends", "initrd ends", "inventory ends"} < set(happened)
    print(f"\n{firmware.value}: on the machine's page")
    assert in_time(delays({**happened, **spoken(entries), **done}, on_page))
    print("on the fleet's page")
    begins = {what: at for what, at in happened.items() if what.endswith(" begins")}
    assert in_time(delays({**begins, **done}, {**on_fleet, **or_later(begins, on_fleet)}))
