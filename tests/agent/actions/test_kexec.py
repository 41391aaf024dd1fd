"""The installed kernel: which one, and how it is given to Linux."""

import errno
import gzip
import lzma
import os
import struct
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.agent.actions.disks import MadeDisk, made_disk, mounts_below
from tests.agent.actions.made import Told, context

from boots_agent import kernel
from boots_agent.actions.confined import Tree
from boots_agent.actions.context import ActionFailed, Leave
from boots_agent.actions.kernelfile import opened_initrd, opened_kernel
from boots_agent.actions.mounts import mounted
from boots_agent.actions.table import ACTIONS

IMAGE = b"MZ a kernel of x86" + bytes(100)
MENU = (
    "menuentry Linux { linux /boot/vmlinuz root=LABEL=ROOT ro; initrd /boot/ucode /boot/initrd }\n"
)


def whole(descriptor: int) -> bytes:
    return os.pread(descriptor, 1 << 20, 0)


def zboot(packed: bytes, kind: bytes) -> bytes:
    """As arm64 packs kernels by CONFIG_EFI_ZBOOT: drivers/firmware/efi/libstub/zboot-header.S."""
    head = struct.pack("<2s2x4sII8x32s", b"MZ", b"zimg", 64, len(packed), kind)
    return head.ljust(64, b"\0") + packed + b"more"


@pytest.mark.parametrize(
    "content",
    [
        IMAGE,
        gzip.compress(IMAGE, mtime=0),
        zboot(gzip.compress(IMAGE, mtime=0), b"gzip"),
        zboot(lzma.compress(IMAGE), b"xz"),
    ],
)
def test_a_kernel_is_unpacked_where_linux_would_not(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").write_bytes(content)
    with ExitStack() as undone:
        assert IMAGE == whole(opened_kernel(Tree(tmp_path), "/vmlinuz", undone))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (gzip.compress(IMAGE, mtime=0)[:-4], "is damaged"),
        (gzip.compress(IMAGE, mtime=0)[:3], "is damaged"),
        (zboot(b"", b"lzo"), "is packed with lzo"),
        (zboot(b"no xz", b"xz"), "is damaged"),
    ],
)
def test_a_damaged_kernel_is_said(content: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").write_bytes(content)
    with ExitStack() as undone, pytest.raises(OSError, match=why):
        opened_kernel(Tree(tmp_path), "/vmlinuz", undone)


def test_initrds_stand_one_behind_the_other_each_from_a_fourth_byte_on(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").write_bytes(b"678")
    with ExitStack() as undone:
        assert opened_initrd(Tree(tmp_path), (), undone) is None
        assert b"678" == whole(opened_initrd(Tree(tmp_path), ("b",), undone) or 0)
        both = opened_initrd(Tree(tmp_path), ("a", "b"), undone)
        assert b"12345\0\0\x00678\0" == whole(both or 0)


def test_what_is_no_kernel_is_refused_by_linux(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no kernel")
    with (tmp_path / "text").open("rb") as file, pytest.raises(OSError, match="kexec_file_load"):
        kernel.load_kernel(file.fileno(), None, "quiet")


# --- on a disk


class Loaded:
    """What Linux was given, and what it answers."""

    def __init__(self, error: int = 0) -> None:
        self.error = error
        self.given: tuple[bytes, bytes | None, str] | None = None

    def load_kernel(self, file: int, initrd: int | None, command_line: str) -> None:
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        self.given = (whole(file), None if initrd is None else whole(initrd), command_line)


SYSTEM: Mapping[str, bytes] = {
    "boot/vmlinuz": IMAGE,
    "boot/ucode": b"early",
    "boot/initrd": b"later",
}


def ran(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: Mapping[str, bytes],
    error: int = 0,
    **more: str,
) -> tuple[Leave | None, Loaded, list[str]]:
    loaded, told = Loaded(error), Told()
    monkeypatch.setattr("boots_agent.kernel.load_kernel", loaded.load_kernel)
    with made_disk(tmp_path, "ext4") as disk:
        fill(disk, tmp_path, files)
        wanted = {"BLOCK_DEVICE": disk.partition, **more}
        try:
            left = ACTIONS["kexec"](context("kexec", wanted, tmp_path / "m", told=told))
        finally:
            assert [] == mounts_below(tmp_path)
    assert [] == told.armed
    return left, loaded, told.lines


def fill(disk: MadeDisk, tmp_path: Path, files: Mapping[str, bytes]) -> None:
    asked = context("test", {}, tmp_path / "filled", arm=lambda _: disk.armed())
    with mounted(asked, disk.partition, write=True) as root:
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)


@pytest.mark.peers
@pytest.mark.parametrize("menu", ["boot/grub/grub.cfg", "boot/grub2/grub.cfg"])
def test_the_kernel_of_the_menu_is_loaded(
    menu: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**SYSTEM, menu: MENU.encode()}
    left, loaded, said = ran(tmp_path, monkeypatch, files, GRUBCFG_PATH="boot/grub/grub.cfg")
    assert Leave("kexec") == left
    assert (IMAGE, b"early\0\0\0later\0\0\0", "root=LABEL=ROOT ro") == loaded.given
    assert f'"Linux" of {menu}: /boot/vmlinuz root=LABEL=ROOT ro' == said[0]


@pytest.mark.peers
def test_the_kernel_that_is_named_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {"KERNEL_PATH": "/boot/vmlinuz", "INITRD_PATH": "/boot/initrd", "CMD_LINE": "root=x"}
    left, loaded, _ = ran(tmp_path, monkeypatch, SYSTEM, **named)
    assert Leave("kexec") == left
    assert (IMAGE, b"later", "root=x") == loaded.given


@pytest.mark.peers
def test_a_boot_partition_names_its_files_from_itself_or_from_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = b"title Fedora\nlinux /vmlinuz\ninitrd /boot/initrd\noptions ro\n"
    files = {"vmlinuz": IMAGE, "initrd": b"later", "loader/entries/m-6.1.conf": entry}
    left, loaded, said = ran(tmp_path, monkeypatch, files)
    assert Leave("kexec") == left
    assert (IMAGE, b"later", "ro") == loaded.given
    assert said[0].startswith('"Fedora" of loader/entries:')


@pytest.mark.peers
@pytest.mark.parametrize(
    ("error", "why"),
    [
        (errno.ENOSYS, "OSIE's kernel has no kexec"),
        (errno.EPERM, "Operation not permitted"),
    ],
)
def test_where_linux_refuses_the_machine_reboots_and_says_so(
    error: int, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**SYSTEM, "boot/grub/grub.cfg": MENU.encode()}
    left, _, said = ran(tmp_path, monkeypatch, files, error)
    assert Leave("reboot") == left
    assert f"the kernel cannot be loaded ({why}): the machine reboots instead" == said[-1]


@pytest.mark.peers
@pytest.mark.parametrize(
    ("files", "more", "why"),
    [
        ({}, {}, "has no boot/grub/grub.cfg or .*: where its /boot is a partition of its own"),
        ({}, {"GRUBCFG_PATH": "efi/grub.cfg"}, "has no efi/grub.cfg: "),
        ({"boot/grub/grub.cfg": b""}, {}, "boot/grub/grub.cfg on .*: .* has no entries"),
        ({"boot/grub/grub.cfg": MENU.encode()}, {}, "no /boot/vmlinuz and no /boot/ucode and no"),
        ({}, {"KERNEL_PATH": "/vmlinuz"}, "has no /vmlinuz"),
    ],
)
def test_a_system_without_a_kernel_is_said(
    files: Mapping[str, bytes],
    more: Mapping[str, str],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ActionFailed, match=why):
        ran(tmp_path, monkeypatch, files, **more)


@pytest.mark.peers
def test_a_link_of_a_kernel_is_followed_within_its_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, given = Told(), Loaded()
    monkeypatch.setattr("boots_agent.kernel.load_kernel", given.load_kernel)
    with made_disk(tmp_path, "ext4") as disk:
        fill(disk, tmp_path, SYSTEM)
        asked = context("test", {}, tmp_path / "filled", arm=lambda _: disk.armed())
        with mounted(asked, disk.partition, write=True) as root:
            (root / "vmlinuz").symlink_to("/boot/vmlinuz")
        more = {"BLOCK_DEVICE": disk.partition, "KERNEL_PATH": "/vmlinuz"}
        assert Leave("kexec") == ACTIONS["kexec"](context("kexec", more, tmp_path / "m", told=told))
    assert given.given == (IMAGE, None, "")
