"""The gate for what stands on a partition: the disk below it must be armed, and be that disk."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.facts import names
from boots_agent.images.armed import Armed, Policy
from boots_agent.images.disk import identities
from boots_agent.images.signatures import disk_guid, sign_of


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
        _prove(context, name, context.arm(path))
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


def _prove(context: Context, name: str, armed: Armed) -> None:
    path = f"/dev/{name}"
    with opened(path) as descriptor:
        known = identities(descriptor, context.root / "sys")
        if armed.serial not in known:
            has = ", ".join(sorted(known)) or "none that can be read"
            raise ActionFailed(f"{path} has the serial {has}; armed is {armed.serial}")
        size = os.lseek(descriptor, 0, os.SEEK_END)
        if size != armed.size:
            raise ActionFailed(f"{path} has {size} bytes; armed is a disk of {armed.size}")
        _check_policy(descriptor, path, size, armed)


def _check_policy(descriptor: int, path: str, size: int, armed: Armed) -> None:
    """A disk with something on a partition is not empty: it is this run's, or known, or forced."""

    def read(offset: int, length: int) -> bytes:
        return os.pread(descriptor, length, offset)

    known = armed.policy is Policy.WIPE_KNOWN and disk_guid(read) in armed.known
    if armed.policy is Policy.FORCE or known:
        return
    held = sign_of(read, size) or "data"
    raise ActionFailed(f"{path} holds {held}, and the policy is {armed.policy.value}")
