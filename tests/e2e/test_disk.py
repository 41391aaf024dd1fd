"""Machines that are to start from their own disk, though they ask the network first."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e import disk
from tests.e2e.test_boot import NETBOOT_OFF, happened

from boots.journal import events
from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.words import BootOptions, BootResult

pytestmark = [pytest.mark.e2e, pytest.mark.wide]

Disk = Callable[[Path], str]

LOCAL = """\
machines:
  - name: installed-1
    mac: 52:54:00:77:00:01
    address: 192.168.77.10/24
    profile: local-disk
"""
SIGNED = f"{LOCAL}    boot_file: shimx64.efi\n"


def boot(folder: Path, firmware: Firmware, make: Disk, record: str, *more: str) -> BootResult:
    return boot_once(
        BootOptions(
            osie=str(folder),
            firmware=firmware,
            contents=make(folder),
            record=record,
            until=disk.WORDS,
            timeout=60,
            server_arguments=more,
        )
    )


@pytest.mark.parametrize(
    ("firmware", "make"),
    [
        (Firmware.BIOS, disk.bios),
        (Firmware.BIOS_CHAIN, disk.bios),
        # Its script ends with an error, and the firmware goes on to its next device.
        (Firmware.UEFI, disk.uefi),
    ],
)
def test_the_installed_ipxe_starts_the_disk(tmp_path: Path, firmware: Firmware, make: Disk) -> None:
    result = boot(tmp_path, firmware, make, LOCAL)

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    assert "local-disk" == happened(result, events.ScriptServed)[-1].profile


@pytest.mark.parametrize(
    ("firmware", "make"),
    [
        (Firmware.BIOS_CHAIN, disk.bios),
        (Firmware.UEFI, disk.uefi),
        (Firmware.UEFI_HTTP, disk.uefi),
    ],
)
def test_a_newer_ipxe_starts_the_disk_itself(
    boot_files: Path, tmp_path: Path, firmware: Firmware, make: Disk
) -> None:
    result = boot(tmp_path, firmware, make, LOCAL, "--boot-files", str(boot_files))

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    served = [each.profile for each in happened(result, events.ScriptServed)]
    assert 1 == served.count("local-disk")
    offers = {offer.program for offer in happened(result, events.OfferSent)} - {"iPXE"}
    assert 1 >= len(offers)  # the firmware did not go on to its next device


def test_grub_starts_the_disk_under_secure_boot(tmp_path: Path) -> None:
    result = boot(tmp_path, Firmware.UEFI_SECURE, disk.signed, SIGNED)

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    rendered = happened(result, events.FileRendered)
    assert ["local-disk"] == [each.source for each in rendered]


def test_a_bios_machine_whose_netboot_is_off_starts_its_disk(tmp_path: Path) -> None:
    result = boot(tmp_path, Firmware.BIOS, disk.bios, NETBOOT_OFF)

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    assert [] == happened(result, events.ScriptServed)
