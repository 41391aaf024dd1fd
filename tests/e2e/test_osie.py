"""What OSIE does with machines that are not as they should be."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.test_boot import arrived, happened

from boots.journal import events
from boots.lab.boot import BootOptions, boot_once

pytestmark = pytest.mark.e2e

Osie = Callable[..., str]
MIB = 1 << 20


def test_a_disk_whose_driver_is_not_in_the_image_comes_up_and_a_wrong_clock_is_set(
    osie: Osie, tmp_path: Path
) -> None:
    disk = tmp_path / "behind.img"
    with disk.open("wb") as file:
        file.truncate(64 * MIB)
    controller = (
        *("-device", "pvscsi,id=odd"),
        *("-drive", f"if=none,id=behind,format=raw,file={disk}"),
        *("-device", "scsi-hd,drive=behind,bus=odd.0,serial=BEHIND"),
        *("-rtc", "base=1999-02-03T00:00:00"),
    )
    folder = osie("cloud", "--with", "module:!vmw_pvscsi")

    result = boot_once(BootOptions(osie=folder, hardware=controller))

    inventory = arrived(result)
    disks = {each["serial"]: each["bytes"] for each in inventory["disks"]}
    assert 64 * MIB == disks["BEHIND"]
    said = result.console_text
    assert "OSIE: drivers fetched from the server: vmw_pvscsi" in said
    assert "UTC, it said 1999-02-03 00:00" in said
    sent = [each.name for each in happened(result, events.TransferFinished)]
    assert ["osie/modules-x86_64"] == sent[2:]


def test_a_machine_whose_drivers_are_all_in_the_image_fetches_none(osie: Osie) -> None:
    result = boot_once(BootOptions(osie=osie("cloud")))

    arrived(result)
    names = {each.name for each in happened(result, events.TransferStarted)}
    assert {"osie/vmlinuz-x86_64", "osie/initramfs-x86_64"} == names
    assert "OSIE: clock" not in result.console_text
