"""Loaders that are not iPXE: PXELINUX, and U-Boot in both of its manners."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.test_boot import arrived, happened, names

from boots.journal import events
from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.stages import Stage
from boots.lab.words import BootOptions

pytestmark = [pytest.mark.e2e, pytest.mark.wide]

PXELINUX = (
    Path("/usr/lib/PXELINUX/pxelinux.0"),
    Path("/usr/lib/syslinux/modules/bios/ldlinux.c32"),
)
CONFIGURATION = "pxelinux.cfg/01-52-54-00-77-00-01"
RECORD = """\
machines:
  - name: loaded-1
    mac: 52:54:00:77:00:01
    address: 192.168.77.10/24
    boot_file: pxelinux.0
    then: poweroff
"""
BOARDS_FILES = ("osie/initramfs-aarch64", "osie/vmlinuz-aarch64")
BOARD = """\
machines:
  - name: board-1
    mac: 52:54:00:77:00:01
    address: 192.168.77.10/24
    cpu: aarch64
"""


def test_pxelinux_boots_what_the_profile_says(osie: Callable[[str], str], tmp_path: Path) -> None:
    for file in PXELINUX:
        if not file.is_file():
            pytest.skip("pxelinux and syslinux-common are not installed")
        shutil.copy(file, tmp_path)

    result = boot_once(
        BootOptions(
            osie=osie("cloud"),
            firmware=Firmware.BIOS_CHAIN,
            program="pxelinux.0",
            record=RECORD,
            server_arguments=("--boot-files", str(tmp_path)),
        )
    )

    assert "bios" == arrived(result)["firmware"]
    wanted = ["pxelinux.0", "ldlinux.c32", CONFIGURATION]
    sent = happened(result, events.TransferFinished)
    assert [*wanted, "osie/vmlinuz-x86_64", "osie/initramfs-x86_64"] == names(sent)
    assert {"tftp"} == {each.door for each in sent}
    # Its own MAC is its second question; the first one, for the UUID, is answered, too.
    assert [] == happened(result, events.FetchRefused)
    assert [] == happened(result, events.ScriptServed)


def of_a_board(boot_files: Path, folder: Path) -> str:
    """Files in place of OSIE's, which is for x86_64: iPXE is a program that EFI takes as kernel."""
    for name in ("vmlinuz-aarch64", "initramfs-aarch64"):
        shutil.copyfile(boot_files / "ipxe-arm64.efi", folder / name)
    return str(folder)


def test_u_boot_as_it_comes_loads_what_the_profile_says(boot_files: Path, tmp_path: Path) -> None:
    result = boot_once(
        BootOptions(
            osie=of_a_board(boot_files, tmp_path),
            firmware=Firmware.U_BOOT,
            record=BOARD,
            goal=Stage.KERNEL,
        )
    )

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    sent = happened(result, events.TransferFinished)
    assert ["boot.scr.uimg", CONFIGURATION, *BOARDS_FILES] == names(sent)


def test_u_boots_pxe_command_loads_what_the_profile_says(boot_files: Path, tmp_path: Path) -> None:
    result = boot_once(
        BootOptions(
            osie=of_a_board(boot_files, tmp_path),
            firmware=Firmware.U_BOOT_PXE,
            record=BOARD,
            goal=Stage.KERNEL,
        )
    )

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    sent = happened(result, events.TransferFinished)
    assert [CONFIGURATION, *BOARDS_FILES] == names(sent)
    assert [] == happened(result, events.FetchRefused)
