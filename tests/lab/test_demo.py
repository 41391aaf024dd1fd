import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from boots.lab import demo
from boots.lab.demo import DemoOptions, checks, run_demo
from boots.lab.firmware import RECIPES, Firmware
from boots.machines import records


def faults(options: DemoOptions, root: Path) -> dict[str, str]:
    return {check.what: check.fault for check in checks(options, root)}


@pytest.mark.parametrize("firmware", list(Firmware))
def test_an_empty_system_lacks_everything_and_is_told_what_to_do(
    tmp_path: Path, firmware: Firmware, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    options = DemoOptions(osie=tmp_path / "osie", firmware=firmware, ipxe=tmp_path)

    found = faults(options, tmp_path)

    if firmware is Firmware.BIOS_ISO:  # SeaBIOS is a part of QEMU
        del found["firmware (SeaBIOS, a disc in the drive)"]
    assert all(found.values())
    package = "qemu-system-arm" if RECIPES[firmware].cpu == "aarch64" else "qemu-system-x86"
    assert f"apt-get install {package}" in found["QEMU"]
    assert "boots osie build" in found["OSIE"]
    assert ("iPXE" in found) is (firmware in demo.BOOT_FILES and firmware is not Firmware.BIOS)


def test_the_demo_says_what_secure_boot_needs(tmp_path: Path) -> None:
    found = faults(DemoOptions(osie=tmp_path, firmware=Firmware.UEFI_SECURE), tmp_path)

    [fault] = [text for what, text in found.items() if what.startswith("firmware")]
    for package in ("ovmf", "shim-signed", "grub-efi-amd64-signed"):
        assert f"apt-get install {package}" in fault


def test_the_demo_says_that_osie_is_not_for_arm_and_that_discs_are_not_for_it(
    tmp_path: Path,
) -> None:
    found = faults(DemoOptions(osie=tmp_path, firmware=Firmware.ARM64, ipxe=tmp_path), tmp_path)
    assert "no vmlinuz-aarch64" in found["OSIE"]
    assert "OSIE for x86_64 alone so far" in found["OSIE"]
    assert "boots boot-files fetch" in found["iPXE"]
    disc = faults(DemoOptions(osie=tmp_path, firmware=Firmware.UEFI_ISO), tmp_path)["disc"]
    assert "choose another --firmware" in disc


def test_what_is_there_is_no_fault(tmp_path: Path) -> None:
    for name in (*demo.OSIE_FILES, "snponly.efi"):
        (tmp_path / name).touch()

    found = faults(DemoOptions(osie=tmp_path, firmware=Firmware.UEFI, ipxe=tmp_path), tmp_path)

    assert found["iPXE"] == found["OSIE"] == ""


def test_boot_files_of_a_folder_of_ones_own_will_do(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "ipxe-arm64.efi").touch()
    options = DemoOptions(osie=tmp_path, firmware=Firmware.ARM64, ipxe=tmp_path)

    assert faults(options, tmp_path)["iPXE"]
    assert faults(replace(options, boot_files=own), tmp_path)["iPXE"] == ""


@pytest.mark.parametrize("firmware", list(Firmware))
def test_the_record_of_the_demo_is_one_that_the_server_takes(firmware: Firmware) -> None:
    cpu = RECIPES[firmware].cpu

    assert f"\n    cpu: {cpu}\n" in demo.record(firmware)
    [machine] = records.read(demo.record(firmware), "demo.yaml").machines
    assert machine.cpu == cpu


def test_a_relay_is_looked_for_where_one_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    found = faults(DemoOptions(osie=tmp_path, relay=True), tmp_path)

    assert found["relay"] == "no dhcrelay: apt-get install isc-dhcp-relay"
    assert "relay" not in faults(DemoOptions(osie=tmp_path), tmp_path)


def test_half_an_osie_names_the_missing_half(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz-x86_64").touch()

    fault = faults(DemoOptions(osie=tmp_path), tmp_path)["OSIE"]

    assert fault.startswith("no initramfs-x86_64 in ")


def test_a_demo_that_cannot_begin_ends_with_2_and_starts_nothing(tmp_path: Path) -> None:
    screen = Console(file=io.StringIO(), width=200)

    assert run_demo(DemoOptions(osie=tmp_path), screen, ["false"]) == 2
    assert isinstance(screen.file, io.StringIO)
    assert "✗ OSIE: no vmlinuz-x86_64 and no initramfs-x86_64" in screen.file.getvalue()
