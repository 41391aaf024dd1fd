"""A bootable disk out of a tree of files: partition table, EFI system partition, root, boot code.

Everything is written into a plain file; no loop device, no mount.  What must be the same twice is:
UUIDs are those of the release, so that two images of it differ only where their content does.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from boots.debian import grub
from boots.osie.programs import host_output

MIB = 1 << 20
_FIRST = 1  # MiB, where the first partition begins
_BIOS = 1
_ESP = 62  # FAT needs more than 32 MiB to be FAT32, which some firmware wants
_ROOT_AT = _FIRST + _BIOS + _ESP
_AFTER = 1  # for the table's copy at the end

_BLOCK = 4096
_LEAST_FREE = 96  # MiB, of the root file system
_INODES_FREE = 1.3
_BYTES_FREE = 1.15

# As Debian's own cloud images number them: what writes to "partition 1" writes to either.
_ROOT, _BIOS_NUMBER, _ESP_NUMBER = 1, 14, 15
# The Discoverable Partitions Specification's root for x86-64.
_ROOT_TYPE = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
_BIOS_TYPE = "21686148-6449-6e6f-744e-656564454649"
_ESP_TYPE = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"


class Names(NamedTuple):
    """What the parts of the disk are known by."""

    disk: UUID
    root: UUID
    esp: str
    """FAT has eight digits."""

    @classmethod
    def of(cls, release: str) -> "Names":
        """Those of a release."""
        disk, root, esp = (
            uuid5(NAMESPACE_URL, f"boots:debian/{release}/{part}")
            for part in ("disk", "root", "esp")
        )
        short = esp.hex[:8].upper()
        return cls(disk, root, f"{short[:4]}-{short[4:]}")


class Plan(NamedTuple):
    """Where everything is, in MiB; `root` is the size of its file system."""

    root: int

    @property
    def size(self) -> int:
        """Of the whole disk."""
        return _ROOT_AT + self.root + _AFTER


def plan(used: int, least: int = 0) -> Plan:
    """A disk for `used` bytes of files; of at least `least` MiB."""
    root = int(used * _BYTES_FREE / MIB) + _LEAST_FREE
    return Plan(max(root, least - _ROOT_AT - _AFTER))


def table(plan: Plan, names: Names) -> str:
    """The partition table, in sfdisk's words."""

    def row(number: int, at: int, size: int, kind: str, name: str) -> str:
        own = uuid5(names.disk, name)
        return f"{number} : start={at}MiB, size={size}MiB, type={kind}, uuid={own}, name={name}"

    return "\n".join(
        (
            "label: gpt",
            f"label-id: {names.disk}",
            row(_BIOS_NUMBER, _FIRST, _BIOS, _BIOS_TYPE, "bios"),
            row(_ESP_NUMBER, _FIRST + _BIOS, _ESP, _ESP_TYPE, "esp"),
            row(_ROOT, _ROOT_AT, plan.root, _ROOT_TYPE, "root"),
            "",
        )
    )


class Maker:
    """Makes the disk `image` step by step, with a folder for what is between."""

    def __init__(self, image: Path, plan: Plan, names: Names, work: Path) -> None:
        self._image = image
        self._plan = plan
        self._names = names
        self._work = work

    def make(self, tree: Path, secure: bool, report: Callable[[str], None]) -> None:
        """All of it.

        Raises:
            BuildError: A tool is not installed, or fails.
        """
        early = self._work / "early.cfg"
        early.write_text(grub.early(str(self._names.root)))
        self._image.unlink(missing_ok=True)
        with self._image.open("wb") as file:
            file.truncate(self._plan.size * MIB)
        report(
            f"a disk of {self._plan.size} MiB, {self._plan.root} of them for the root file system"
        )
        host_output(
            "sfdisk", "--quiet", str(self._image), data=table(self._plan, self._names).encode()
        )
        self._root(tree)
        self._esp(early, secure=secure)
        self._bios(early)

    def _root(self, tree: Path) -> None:
        offset = _ROOT_AT * MIB
        inodes = int(sum(1 for _ in tree.rglob("*")) * _INODES_FREE) + 4096
        least = self._plan.root * MIB // 16384  # as many as mke2fs would make
        host_output(
            *("mke2fs", "-q", "-F", "-t", "ext4", "-b", str(_BLOCK), "-L", "root"),
            *("-U", str(self._names.root)),
            # GRUB of Debian 12 knows no seed of checksums.
            *("-O", "^metadata_csum_seed,^orphan_file", "-m", "1", "-N", str(max(inodes, least))),
            *("-E", f"offset={offset},hash_seed={self._names.root},root_owner=0:0"),
            *("-d", str(tree), str(self._image), f"{self._plan.root}m"),
        )

    def _esp(self, early: Path, *, secure: bool) -> None:
        there = ("-i", f"{self._image}@@{(_FIRST + _BIOS) * MIB}")
        sectors = str(_ESP * MIB // grub.SECTOR)
        serial = self._names.esp.replace("-", "")
        host_output("mformat", *there, "-F", "-T", sectors, "-N", serial, "-v", "EFI", "::")
        for folder in ("EFI", "EFI/BOOT", grub.FOLDER):
            host_output("mmd", *there, f"::{folder}")
        for source, name in self._loaders(secure=secure):
            host_output("mcopy", *there, str(source), f"::{name}")
        host_output("mcopy", *there, str(early), f"::{grub.FOLDER}/grub.cfg")

    def _loaders(self, *, secure: bool) -> list[tuple[Path, str]]:
        if secure:
            return [(grub.there(path, package), name) for path, name, package in grub.SIGNED]
        program = self._work / "grub.efi"
        grub.program("x86_64-efi", f"/{grub.FOLDER}", program)
        return [(program, "EFI/BOOT/BOOTX64.EFI")]

    def _bios(self, early: Path) -> None:
        core = grub.program("i386-pc", "/boot/grub", self._work / "core.img", early)
        at = _FIRST * MIB // grub.SECTOR
        with self._image.open("r+b") as file:
            file.write(grub.boot_code(grub.first_sector(), at))
            file.seek(_FIRST * MIB)
            file.write(grub.placed(core, at))
            file.flush()
            os.fsync(file.fileno())


def used(tree: Path) -> int:
    """Bytes that the files of a tree take, in blocks of 4 KiB."""
    seen: set[int] = set()
    total = 0
    for folder, folders, files in os.walk(tree):
        for name in (*folders, *files):
            found = (Path(folder) / name).lstat()
            if found.st_ino not in seen:
                seen.add(found.st_ino)
                total += -(-found.st_size // _BLOCK) * _BLOCK
    return total
