"""Secure Boot with Microsoft's keys: shim, GRUB and a signed kernel; and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.test_boot import arrived, happened, names

from boots.journal import events
from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.words import BootOptions, BootResult

pytestmark = pytest.mark.e2e

Osie = Callable[[str], str]

RECORD = """\
machines:
  - name: secure-1
    mac: 52:54:00:77:00:01
    address: 192.168.77.10/24
    boot_file: shimx64.efi
    then: poweroff
"""


def came_up_signed(result: BootResult, door: str) -> None:
    inventory = arrived(result)
    assert ("uefi", True) == (inventory["firmware"], inventory["secure_boot"])
    # The kernel says so, too: it takes signed modules only, and OSIE's are.
    assert "Kernel is locked down from EFI Secure Boot" in result.console_text
    sent = [each for each in happened(result, events.TransferFinished) if each.name != ""]
    assert {door} == {each.door for each in sent}
    wanted = ["shimx64.efi", "grubx64.efi", "osie/vmlinuz-x86_64", "osie/initramfs-x86_64"]
    assert wanted == [name for name in names(sent) if not name.startswith("grub/")]
    rendered = happened(result, events.FileRendered)
    assert [("grub/grub.cfg", "osie", door)] == [(e.name, e.source, e.door) for e in rendered]
    programs = {offer.program for offer in happened(result, events.OfferSent)}
    assert "iPXE" not in programs


def test_installed_shim_and_grub_boot_a_signed_kernel_over_tftp(osie: Osie) -> None:
    options = BootOptions(osie=osie("cloud"), firmware=Firmware.UEFI_SECURE, record=RECORD)

    came_up_signed(boot_once(options), "tftp")


@pytest.mark.wide
def test_newer_shim_and_grub_boot_a_signed_kernel_over_http(osie: Osie, boot_files: Path) -> None:
    result = boot_once(
        BootOptions(
            osie=osie("cloud"),
            firmware=Firmware.UEFI_SECURE_HTTP,
            record=RECORD,
            server_arguments=("--boot-files", str(boot_files)),
        )
    )

    came_up_signed(result, "http")
    assert "UEFI HTTP" == happened(result, events.OfferSent)[0].program


def test_the_firmware_refuses_an_ipxe_that_nobody_signed(osie: Osie) -> None:
    options = BootOptions(osie=osie("cloud"), firmware=Firmware.UEFI_SECURE, timeout=25)

    result = boot_once(options)

    assert not result.ok
    assert "snponly.efi" in names(happened(result, events.TransferFinished))
    assert "Access Denied" in result.console_text
    assert [] == happened(result, events.ScriptServed)
    assert "iPXE" not in {offer.program for offer in happened(result, events.OfferSent)}
