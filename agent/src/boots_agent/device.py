"""Which disk a path leads to: through links, partitions, arrays and volumes."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from boots_agent.disks import is_disk, model_of, serial_of, transport_of, wwn_of
from boots_agent.facts import names, number, text

_SECTOR = 512  # the unit of /sys/block/*/size
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class NoDisk(ValueError):
    """A path leads to no disk; the text says why."""


class Device(NamedTuple):
    """A whole disk of the kernel, or a file that stands for one.

    Attributes:
        path: What to open.
        block: Its directory below ``/sys``; None for a file.
    """

    path: str
    block: Path | None

    @property
    def names(self) -> frozenset[str]:
        """By what it can be armed."""
        if self.block is None:
            return frozenset({f"file:{self.path}"})
        behind = text(self.block / "loop/backing_file")
        named = {serial_of(self.block), wwn_of(self.block), f"file:{behind}" if behind else None}
        return frozenset(each for each in named if each)

    @property
    def is_removable(self) -> bool:
        """Whether somebody may have left it in the machine: a stick, a card."""
        if self.block is None:
            return False
        return text(self.block / "removable") == "1" or transport_of(self.block) == "usb"

    @property
    def numbers(self) -> frozenset[str]:
        """Its numbers and those of all that stands on it, such as ``8:0`` and ``8:1``."""
        return frozenset(_numbers(self.block)) if self.block else frozenset()

    @property
    def described(self) -> str:
        """In words that a person finds on the disk's label."""
        if self.block is None:
            return self.path
        size = (number(self.block / "size") or 0) * _SECTOR
        serial = serial_of(self.block) or wwn_of(self.block)
        words = [self.block.name, model_of(self.block), serial and f"S/N {serial}", in_words(size)]
        return " ".join(each for each in words if each)


def disks_of(path: str, root: Path) -> list[Device]:
    """The disks that a path is, or is on: several only where an array or volume is on several.

    Raises:
        NoDisk: there is none.
    """
    real = Path(path).resolve()
    try:
        facts = real.stat()
    except OSError as error:
        raise NoDisk(f"{path} cannot be had: {error.strerror}") from None
    if stat.S_ISREG(facts.st_mode):
        return [Device(str(real), None)]
    if not stat.S_ISBLK(facts.st_mode):
        raise NoDisk(f"{path} is no disk")
    numbers = f"{os.major(facts.st_rdev)}:{os.minor(facts.st_rdev)}"
    block = (root / "sys/dev/block" / numbers).resolve()
    return [Device(f"/dev/{each.name}", each) for each in dict.fromkeys(_below(block))]


def twins_of(device: Device, name: str, root: Path) -> list[Device]:
    """Other disks of the machine that a name is true of, too: a serial number, a WWN."""
    own = device.block.resolve() if device.block else None
    blocks = ((root / "sys/block" / each).resolve() for each in names(root / "sys/block"))
    others = (Device(f"/dev/{each.name}", each) for each in blocks if each != own and is_disk(each))
    return [each for each in others if name in each.names]


def in_words(size: int) -> str:
    """Bytes as disks are sold: 480.1 GB."""
    unit, shown = 0, float(size)
    while shown >= 1000 and unit < len(_UNITS) - 1:
        unit, shown = unit + 1, shown / 1000
    return f"{shown:.1f} {_UNITS[unit]}" if unit else f"{size} B"


def _below(block: Path) -> Iterator[Path]:
    if (block / "partition").exists():
        yield from _below(block.parent)
        return
    under = names(block / "slaves")
    if not under:
        yield block
    for name in under:
        yield from _below((block / "slaves" / name).resolve())


def _numbers(block: Path) -> Iterator[str]:
    yield text(block / "dev")
    for name in names(block):
        if (block / name / "partition").exists():
            yield from _numbers(block / name)
    for name in names(block / "holders"):
        yield from _numbers((block / "holders" / name).resolve())
