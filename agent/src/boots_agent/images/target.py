"""The one way to a disk that may be written: `open_target`.

Whoever has no `Armed` value, or one of another disk, gets none.  Everything is looked at through a
descriptor that can only read; the one that writes is opened of that same descriptor, so no other
device can come in between.
"""

import errno
import fcntl
import os
import stat
import struct
from pathlib import Path
from typing import NamedTuple

from boots_agent.disks import serial_of, wwn_of
from boots_agent.facts import number, text
from boots_agent.images.armed import Armed, Policy
from boots_agent.images.disk import Disk, block_of
from boots_agent.images.signatures import disk_guid, held, marked
from boots_agent.images.words import MIB, Unsuitable

_BLKGETSIZE64 = 0x80081272


class Refused(Unsuitable):
    """The disk may not be written."""


class Seen(NamedTuple):
    """A disk before anything is written to it.

    Attributes:
        holds: What is on it, in words; empty if nothing is.
        ends: Its first and its last MiB; of a smaller one all.
    """

    holds: str
    ends: bytes


def open_target(path: str, armed: Armed, *, sys: Path, direct: bool = True) -> Disk:
    """The disk, open for writing, and nothing on it changed yet.

    Raises:
        Refused: It is not the disk that was armed, it is in use, or holds what may not be lost.
    """
    if not isinstance(armed, Armed):  # whoever calls may be no friend of types
        raise Refused(f"{path} is not armed: nothing may be written to it")
    reading = _opened(path, os.O_RDONLY)
    try:
        size = _size(reading)
        _check(Disk(path, reading, None, size), reading, armed, sys)
        # Through /proc it is the same device, whatever stands under the path by now.
        same = f"/proc/self/fd/{reading}"
        plain = _opened(same, os.O_RDWR | os.O_EXCL, named=path)
        return Disk(path, plain, _direct(same) if direct else None, size)
    finally:
        os.close(reading)


def open_source(path: str) -> Disk:
    """A disk or partition, to read.

    Raises:
        Refused: It cannot be opened.
    """
    descriptor = _opened(path, os.O_RDONLY)
    return Disk(path, descriptor, None, _size(descriptor))


def examine(path: str, armed: Armed, *, sys: Path, named: str = "", shielded: bool = False) -> Seen:
    """Look at a disk as `open_target` does, without opening it for writing.

    Args:
        path: The device.
        armed: What shall allow it to be written.
        sys: Where the kernel tells of disks.
        named: What it is called in errors; empty: its path.
        shielded: It takes no writes because nobody let it through yet.

    Raises:
        Refused: It is not the disk that was armed, or holds what may not be lost.
    """
    reading = _opened(path, os.O_RDONLY, named)
    try:
        disk = Disk(named or path, reading, None, _size(reading))
        _check(disk, reading, armed, sys, shielded=shielded)
        return Seen(held(disk.look, disk.size), _ends(disk))
    finally:
        os.close(reading)


def identities(descriptor: int, sys: Path) -> frozenset[str]:
    """By what a disk can be named in an `Armed` value."""
    facts = os.fstat(descriptor)
    if not stat.S_ISBLK(facts.st_mode):
        return frozenset({f"file:{Path(f'/proc/self/fd/{descriptor}').readlink()}"})
    block = block_of(facts, sys)
    behind = text(block / "loop/backing_file")
    named = {serial_of(block), wwn_of(block), f"file:{behind}" if behind else None}
    return frozenset(each for each in named if each)


def _check(disk: Disk, descriptor: int, armed: Armed, sys: Path, *, shielded: bool = False) -> None:
    facts = os.fstat(descriptor)
    block = block_of(facts, sys)
    if stat.S_ISBLK(facts.st_mode):
        if number(block / "partition") is not None:
            raise Refused(f"{disk.path} is a partition, and disks are armed, not partitions")
        if text(block / "ro") == "1" and not shielded:
            raise Refused(f"{disk.path} is read-only")
    names = identities(descriptor, sys)
    if armed.serial not in names:
        has = ", ".join(sorted(names)) or "none that can be read"
        raise Refused(f"{disk.path} has the serial {has}; armed is {armed.serial}")
    if armed.size != disk.size:
        raise Refused(f"{disk.path} has {disk.size} bytes; armed is a disk of {armed.size}")
    if armed.policy is not Policy.FORCE:
        _check_content(disk, armed)


def _check_content(disk: Disk, armed: Armed) -> None:
    if armed.run and marked(disk.look) == armed.run:
        return
    found = held(disk.look, disk.size)
    if not found:
        return
    known = disk_guid(disk.look)
    if armed.policy is Policy.WIPE_KNOWN and known in armed.known:
        return
    raise Refused(
        f"{disk.path} holds {found}, and the policy is {armed.policy.value}: nothing was written"
    )


def _ends(disk: Disk) -> bytes:
    if disk.size <= 2 * MIB:
        return disk.look(0, disk.size)
    return disk.look(0, MIB) + disk.look(disk.size - MIB, MIB)


def _opened(path: str, flags: int, named: str = "") -> int:
    try:
        # Without O_CREAT: a missing /dev/sdb must not become a file in memory.
        descriptor = os.open(path, flags | os.O_CLOEXEC)
    except OSError as error:
        why = "is in use" if error.errno == errno.EBUSY else f"cannot be opened: {error.strerror}"
        raise Refused(f"{named or path} {why}") from None
    if stat.S_IFMT(os.fstat(descriptor).st_mode) in {stat.S_IFBLK, stat.S_IFREG}:
        return descriptor
    os.close(descriptor)
    raise Refused(f"{named or path} is no disk")


def _size(descriptor: int) -> int:
    facts = os.fstat(descriptor)
    if stat.S_ISREG(facts.st_mode):
        return facts.st_size
    said = fcntl.ioctl(descriptor, _BLKGETSIZE64, bytes(8))
    return int(struct.unpack("Q", said)[0])


def _direct(path: str) -> int | None:
    """A descriptor that goes past the page cache; not every file system has one."""
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_DIRECT)
    except OSError:
        return None
