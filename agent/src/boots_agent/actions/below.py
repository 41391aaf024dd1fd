"""What lies below a partition, a volume or an array: its disks, each of which must be armed."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.facts import names
from boots_agent.images.target import Refused, examine


def permitted(context: Context, device: str) -> frozenset[str]:
    """Prove that a partition, or what else lies on disks, may be written.

    Returns:
        The names of the disks below it.

    Raises:
        ActionFailed: A disk below it is not armed, is another than the one that is, or holds what
            may not be lost.
    """
    below = disks_below(context, device)
    for name in below:
        path = device if len(below) == 1 else f"/dev/{name}"
        try:
            examine(f"/dev/{name}", context.arm(path), sys=context.root / "sys")
        except Refused as error:
            raise ActionFailed(str(error)) from None
    return below


def disks_below(context: Context, device: str) -> frozenset[str]:
    """The names of the disks that a partition, a volume or an array lies on.

    Raises:
        ActionFailed: It is no device.
    """
    with opened(device) as descriptor:
        facts = os.fstat(descriptor)
    number = f"{os.major(facts.st_rdev)}:{os.minor(facts.st_rdev)}"
    block = (context.root / "sys/dev/block" / number).resolve()
    return frozenset(path.name for path in _below(block))


@contextlib.contextmanager
def opened(device: str) -> Iterator[int]:
    """A device, open for reading.

    Raises:
        ActionFailed: There is none.
    """
    try:
        # Without O_CREAT: a missing /dev/sdb1 must not become a file in memory.
        descriptor = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise ActionFailed(f"{device} cannot be opened: {error.strerror}") from error
    try:
        if not stat.S_ISBLK(os.fstat(descriptor).st_mode):
            raise ActionFailed(f"{device} is no disk and no partition")
        yield descriptor
    finally:
        os.close(descriptor)


def _below(block: Path) -> Iterator[Path]:
    disk = block.parent if (block / "partition").exists() else block
    slaves = names(disk / "slaves")
    if not slaves:
        yield disk
    for name in slaves:
        yield from _below((disk / "slaves" / name).resolve())
