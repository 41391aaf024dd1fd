"""GRUB by the system's own grub-install: which words it is given, and when it is not."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agent.actions.disks import MadeDisk, looked_at, made_disk, mounts_below
from tests.agent.actions.made import Told, context
from tests.peers.conftest import need

from boots_agent.actions.context import ActionFailed
from boots_agent.actions.mounts import mounted
from boots_agent.actions.table import ACTIONS

BIOS_BOOT = "size=2MiB, type=21686148-6449-6E6F-744E-656564454649\n"
FOLDERS = ("bin", "etc", "dev", "proc", "sys", "root", "tmp", "boot", "usr/sbin", "usr/lib/grub")


def put_shell(root: Path) -> None:
    for name in FOLDERS:
        (root / name).mkdir(parents=True)
    shutil.copy(need("busybox"), root / "bin/busybox")
    for name in ("sh", "cat", "echo", "ls", "findfs", "mkdir"):
        (root / "bin" / name).symlink_to("busybox")


def put_script(root: Path, name: str, text: str) -> None:
    script = root / "usr/sbin" / name
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[MadeDisk]:
    with made_disk(tmp_path, "ext4", mib=96, before=BIOS_BOOT) as made:
        yield made


def filled(disk: MadeDisk, tmp_path: Path, *puts: object) -> None:
    asked = context("test", {}, tmp_path / "filled", arm=lambda _: disk.armed())
    with mounted(asked, disk.partition, write=True) as root:
        put_shell(root)
        for put in puts:
            put(root)  # type: ignore[operator]


def installed(disk: MadeDisk, tmp_path: Path, root: Path = Path("/")) -> Told:
    told = Told()
    wanted = {"GRUB_DISK": disk.device, "GRUB_INSTALL_PATH": disk.partition}
    asked = context(
        "grub2disk", wanted, tmp_path / "m", told=told, arm=lambda _: disk.armed(), root=root
    )
    try:
        ACTIONS["grub2disk"](asked)
    finally:
        assert [] == mounts_below(tmp_path)
    return told


@pytest.mark.peers
@pytest.mark.parametrize(("program", "folder"), [("grub", "grub"), ("grub2", "grub2")])
def test_a_disk_gets_grub_for_bios_and_a_menu(
    program: str, folder: str, disk: MadeDisk, tmp_path: Path
) -> None:
    def put_bios(root: Path) -> None:
        (root / "usr/lib/grub/i386-pc").mkdir()
        put_script(root, f"{program}-install", f'mkdir -p /boot/{folder}; echo "asked: $*"')
        put_script(root, f"{program}-mkconfig", 'echo "menuentry a { linux /k }" >$2')

    filled(disk, tmp_path, put_bios)
    told = installed(disk, tmp_path, bios_machine(tmp_path))
    assert [disk.device] == told.armed
    assert f"asked: --target=i386-pc {disk.device}" in told.lines
    assert f"GRUB is on {disk.device} for i386-pc" in told.lines
    with looked_at(disk.partition, tmp_path) as root:
        menu = root / "boot" / folder / "grub.cfg"
        assert "menuentry a { linux /k }\n" == menu.read_text()


def put_efi(root: Path) -> None:
    (root / "usr/lib/grub/x86_64-efi").mkdir()
    put_script(root, "grub-install", 'echo "asked: $*"')
    (root / "boot/grub").mkdir()
    (root / "boot/grub/grub.cfg").write_text("there already")


def efi_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """OSIE on a machine with EFI: all of this one's, but for the firmware."""
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    root = bios_machine(tmp_path)
    (root / "sys/firmware/efi").mkdir(parents=True)
    return root


def bios_machine(tmp_path: Path) -> Path:
    """The same without EFI."""
    root = tmp_path / "osie"
    (root / "sys").mkdir(parents=True)
    for name in ("dev", "proc"):
        (root / name).symlink_to(f"/{name}")
    (root / "sys/dev").symlink_to("/sys/dev")
    return root


@pytest.mark.peers
def test_efi_is_installed_where_firmware_looks_by_itself(
    disk: MadeDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_fstab(root: Path) -> None:
        (root / "etc/fstab").write_text(f"# <place>\n{disk.partition} /boot/efi ext4 ro 0 1\n")

    filled(disk, tmp_path, put_efi, put_fstab)
    told = installed(disk, tmp_path, efi_machine(tmp_path, monkeypatch))
    words = "--target=x86_64-efi --efi-directory=/boot/efi --removable --no-nvram"
    assert f"asked: {words}" in told.lines
    assert f"GRUB is on {disk.device} for x86_64-efi" == told.lines[-1]


@pytest.mark.peers
def test_a_machine_with_efi_needs_its_partition(
    disk: MadeDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(disk, tmp_path, put_efi)
    with pytest.raises(ActionFailed, match="has no EFI system partition"):
        installed(disk, tmp_path, efi_machine(tmp_path, monkeypatch))


@pytest.mark.peers
def test_a_system_without_grub_is_said(disk: MadeDisk, tmp_path: Path) -> None:
    filled(disk, tmp_path)
    with pytest.raises(ActionFailed, match="has no grub-install: install GRUB in it first"):
        installed(disk, tmp_path)


@pytest.mark.peers
def test_what_fstab_names_on_another_disk_is_not_written(
    disk: MadeDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    with made_disk(tmp_path / "other", "ext4", table=False) as other:

        def put_fstab(root: Path) -> None:
            (root / "etc/fstab").write_text(f"{other.device} /boot ext4 defaults 0 1\n")

        filled(disk, tmp_path, put_efi, put_fstab)
        with pytest.raises(ActionFailed, match=f"{other.device}, .* on a disk that is not armed"):
            installed(disk, tmp_path, efi_machine(tmp_path, monkeypatch))


def test_syslinux_is_refused_where_osie_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    wanted = {"DEST_DISK": "/dev/nothing", "DEST_PARTITION": "/dev/nothing1"}
    with pytest.raises(ActionFailed, match="this OSIE has no SYSLINUX"):
        ACTIONS["syslinux"](context("syslinux", wanted, tmp_path))
