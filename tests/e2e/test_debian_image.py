"""An image of Debian starts from a disk, whatever the firmware."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.test_boot import NETBOOT_OFF

from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.words import BootOptions

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(600)]

GROWN = "first boot: the root file system has the rest of /dev/vda"


def boot(folder: Path, image: Path, firmware: Firmware) -> str:
    """What the machine says on its console until somebody could log in."""
    options = BootOptions(
        osie=str(folder),
        firmware=firmware,
        contents=str(image),
        disk=2048,
        # EDK2 would try each kind of network first, for minutes.
        disk_first=firmware is not Firmware.BIOS,
        record=NETBOOT_OFF,
        until="debian ttyS0",
        timeout=300,
    )
    result = boot_once(options)
    assert result.ok, f"{result.reason}; evidence in {result.work}"
    return result.console_text


@pytest.mark.parametrize("firmware", [Firmware.BIOS, Firmware.UEFI])
def test_debian_starts_and_takes_all_of_its_disk(
    debian: Path, tmp_path: Path, firmware: Firmware
) -> None:
    assert GROWN in boot(tmp_path, debian, firmware)


def test_debian_starts_under_secure_boot(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    command = [sys.executable, "-m", "boots", "image", "debian", "--raw", image, "--secure-boot"]
    options = ["--flavour", "cloud", "--no-cloud-init", "--no-ssh", "--slim"]
    subprocess.run([*command, *options, "--append", "no_timer_check"], check=True)

    said = boot(tmp_path, image, Firmware.UEFI_SECURE)

    assert "Secure boot enabled" in said
