"""Disks full of chance, and disks that say so when a machine starts from them."""

import os
import subprocess
from pathlib import Path

import pytest

WORDS = "BOOTED FROM DISK"
MIB = 1 << 20
_AT = MIB  # where the only partition begins
_GRUB = f"echo {WORDS}\nsleep 1\nhalt\n"
_SHIM = Path("/usr/lib/shim/shimx64.efi.signed")
_SIGNED = Path("/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed")


def of_chance(place: Path, size: int) -> Path:
    """A disk of so many MiB of chance behind a partition table, so that each byte counts."""
    with place.open("wb") as file:
        for _ in range(size):
            file.write(os.urandom(MIB))
    table = "label: gpt\nstart=1MiB, type=linux\n"
    subprocess.run(
        ["sfdisk", "--quiet", "--wipe=always", place], input=table, text=True, check=True
    )
    return place


def bios(folder: Path) -> str:
    """A boot sector that writes `WORDS` to the first serial port, byte by byte, and halts."""
    code = bytes.fromhex(
        "31c0 8ed8"  # xor ax, ax; mov ds, ax
        "fc be167c"  # cld; mov si, words
        "ac 84c0 7406"  # each: lodsb; test al, al; jz over
        "baf803 ee ebf5"  # mov dx, 0x3f8; out dx, al; jmp each
        "f4 ebfd"  # over: hlt; jmp over
    )
    sector = (code + f"\r\n{WORDS}\r\n\0".encode()).ljust(510, b"\0") + b"\x55\xaa"
    image = folder / "bios.img"
    image.write_bytes(sector.ljust(MIB, b"\0"))
    return str(image)


def uefi(folder: Path) -> str:
    r"""A disk with GRUB as ``\EFI\BOOT\BOOTX64.EFI``."""
    (folder / "grub.cfg").write_text(_GRUB)
    program = folder / "grub.efi"
    command = ["grub-mkimage", "-O", "x86_64-efi", "-p", "/", "-o", program]
    modules = ["echo", "halt", "sleep", "part_gpt", "fat"]
    subprocess.run([*command, "-c", folder / "grub.cfg", *modules], check=True)
    return _esp(folder / "uefi.img", {"EFI/BOOT/BOOTX64.EFI": program})


def signed(folder: Path) -> str:
    """A disk with Debian's shim and GRUB, as an installed Debian has it."""
    for file in (_SHIM, _SIGNED):
        if not file.is_file():
            pytest.skip(f"there is no {file}")
    (folder / "grub.cfg").write_text(_GRUB)
    files = {
        "EFI/BOOT/BOOTX64.EFI": _SHIM,
        "EFI/BOOT/grubx64.efi": _SIGNED,
        "EFI/debian/grub.cfg": folder / "grub.cfg",
    }
    return _esp(folder / "signed.img", files)


def _esp(image: Path, files: dict[str, Path]) -> str:
    """A disk of one EFI system partition with these files."""
    with image.open("wb") as file:
        file.truncate(48 * MIB)
    table = f"label: gpt\nstart={_AT // 512}, size={46 * MIB // 512}, type=uefi\n"
    subprocess.run(["sfdisk", "--quiet", image], input=table, text=True, check=True)
    there = ("-i", f"{image}@@{_AT}")
    subprocess.run(["mformat", *there, "-F", "-T", str(46 * MIB // 512), "::"], check=True)
    for name, source in files.items():
        folders = name.split("/")[:-1]
        for depth in range(1, len(folders) + 1):
            folder = "/".join(folders[:depth])
            # It may be there from the file before.
            subprocess.run(["mmd", *there, "-D", "s", f"::{folder}"], check=False, text=True)
        subprocess.run(["mcopy", *there, source, f"::{name}"], check=True)
    return str(image)
