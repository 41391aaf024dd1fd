"""A 64-bit ARM machine: its firmware loads iPXE, and that its script, kernel and initramfs.

OSIE is for x86_64 alone: other files stand in for it, and the boot ends when they have arrived.
"""

import shutil
from pathlib import Path

import pytest
from tests.e2e.test_boot import happened, names

from boots.journal import events
from boots.lab.boot import BootOptions, boot_once
from boots.lab.firmware import Firmware
from boots.lab.stages import Stage

pytestmark = pytest.mark.e2e

RECORD = """\
machines:
  - name: arm-1
    mac: 52:54:00:77:00:01
    address: 192.168.77.10/24
    cpu: aarch64
"""


def test_the_firmware_of_an_arm64_machine_loads_ipxe_and_that_its_script(
    boot_files: Path, tmp_path: Path
) -> None:
    # iPXE itself is a program that it can load as a kernel.
    shutil.copyfile(boot_files / "ipxe-arm64.efi", tmp_path / "vmlinuz-aarch64")
    shutil.copyfile(boot_files / "ipxe-arm64.efi", tmp_path / "initramfs-aarch64")

    result = boot_once(
        BootOptions(
            osie=str(tmp_path),
            firmware=Firmware.ARM64,
            record=RECORD,
            goal=Stage.INITRD,
            server_arguments=("--boot-files", str(boot_files)),
        )
    )

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    offers = happened(result, events.OfferSent)
    assert ("PXE ROM", "arm64-uefi") == (offers[0].program, offers[0].architecture)
    sent = happened(result, events.TransferFinished)
    assert "ipxe-arm64.efi" == sent[0].name
    assert ["osie/vmlinuz-aarch64", "osie/initramfs-aarch64"] == names(sent)[-2:]
    profiles = {script.profile for script in happened(result, events.ScriptServed)}
    assert "osie" in profiles
