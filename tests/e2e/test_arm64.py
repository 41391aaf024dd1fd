"""A 64-bit ARM machine, from its firmware to the inventory: iPXE, its script, OSIE for arm64."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.test_boot import arrived, happened, names

from boots.journal import events
from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.words import BootOptions

pytestmark = pytest.mark.e2e

RECORD = """\
machines:
  - name: arm-1
    mac: 52:54:00:77:00:01
    address: 192.168.77.10/24
    cpu: aarch64
    console: ttyAMA0
    then: poweroff
"""


def test_an_arm64_machine_boots_osie_that_was_built_here(
    boot_files: Path, osie: Callable[..., str]
) -> None:
    result = boot_once(
        BootOptions(
            osie=osie("cloud", "--architecture", "aarch64"),
            firmware=Firmware.ARM64,
            record=RECORD,
            server_arguments=("--boot-files", str(boot_files)),
        )
    )

    inventory = arrived(result)
    assert ("aarch64", "uefi") == (inventory["architecture"], inventory["firmware"])
    assert ["BOOTS-LAB-1-DISK"] == [disk["serial"] for disk in inventory["disks"]]
    offers = happened(result, events.OfferSent)
    assert ("PXE ROM", "arm64-uefi") == (offers[0].program, offers[0].architecture)
    sent = happened(result, events.TransferFinished)
    assert "ipxe-arm64.efi" == sent[0].name
    assert ["osie/vmlinuz-aarch64", "osie/initramfs-aarch64"] == names(sent)[-2:]
    profiles = {script.profile for script in happened(result, events.ScriptServed)}
    assert "osie" in profiles
