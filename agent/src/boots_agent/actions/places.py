"""Where a path leads: a whole disk, or a partition and the disk it is on."""

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

from boots_agent.actions.context import ActionFailed
from boots_agent.facts import number as number_in

_LINK = re.compile(r"(/dev/disk/by-[a-z]+/.+)-part(\d+)")


class Place(NamedTuple):
    """A disk, and which partition of it; None for all of it."""

    disk: str
    number: int | None


def place_of(path: str, sys: Path) -> Place:
    """What a path leads to, as the kernel has it.

    Raises:
        ActionFailed: Nothing is there.
    """
    try:
        facts = Path(path).stat()
    except OSError as error:
        raise ActionFailed(f"{path} cannot be found: {error.strerror}") from None
    if not stat.S_ISBLK(facts.st_mode):
        return Place(path, None)
    device = f"{os.major(facts.st_rdev)}:{os.minor(facts.st_rdev)}"
    block = (sys / "dev/block" / device).resolve()
    number = number_in(block / "partition")
    return Place(path, None) if number is None else Place(f"/dev/{block.parent.name}", number)


def node(disk: str, number: int) -> str:
    """The path of a disk's partition, whatever the disk is called here."""
    real = os.path.realpath(disk)
    return f"{real}{'p' if real[-1:].isdigit() else ''}{number}"


def kernel_name(disk: str, number: int) -> str:
    """What the kernel calls it."""
    return Path(node(disk, number)).name


def existing(device: str) -> str:
    """The path of a device by which it is there: names below /dev/disk come later than partitions.

    Raises:
        ActionFailed: It is not there.
    """
    found = _LINK.fullmatch(device)
    if found and not Path(device).exists():
        device = node(found[1], int(found[2]))
    if not Path(device).exists():
        raise ActionFailed(
            f"{device} is not there: was it partitioned, and are all its disks armed?"
        )
    return device


def seen_by_lvm(devices: list[str]) -> str:
    """The option by which LVM looks at these alone: of no group does it write to other disks."""
    return f"--devices={','.join(map(os.path.realpath, devices))}"
